"""Session 10: the COCO format field by field, the classes of a file, boxes through augmentation.

    python recipes/s10_coco.py                            # COCO's annotations, generated images
    python recipes/s10_coco.py --dataset=bccd             # photographs of blood cells
    python recipes/s10_coco.py --dataset=shapes           # embedded data

What it shows: what each field means, with its value in a real file; how uneven the classes are;
that boxes stay on their objects through flip, scale, crop, colour and mosaic. Without
`coco_annotations.zip` in `--data-dir` or `ZOO_DATA` the schema is that of the generated images.
Checked: tests/datasets/test_coco.py and test_box_transforms.py.
"""

import json
import zipfile

import zoo
from zoo import cli, datasets
from zoo.datasets import transforms
from zoo.datasets.coco_schema import distribution, explained
from zoo.datasets.files import find
from zoo.report.boxes import boxes_figure
from zoo.report.class_counts import class_bars
from zoo.report.page import Section
from zoo.run import Run

import numpy as np

TRANSFORMS = {
    "flip": [transforms.flip(p=1)],
    "scale": [transforms.scale(0.3)],
    "translate": [transforms.translate(0.2)],
    "colour": [transforms.color_shift(0.25)],
    "mosaic": [transforms.mosaic()],
    "mosaic, flip, scale": [transforms.mosaic(), transforms.flip(), transforms.scale(0.2)],
}


def read_coco(data_dir):
    """The training and validation documents of COCO's annotation files, None without them."""
    try:
        path = find("COCO", ["coco_annotations.zip"], None, "", data_dir)
    except FileNotFoundError:
        return None
    with zipfile.ZipFile(path) as archive:
        return {
            split: json.loads(archive.read(f"instances_{split}.json")) for split in ("train", "val")
        }


def gallery(data, rows, seed):
    """(images, boxes, classes, titles): each image as it is, then after each transform."""
    images, boxes, classes, titles = [], [], [], []
    for row in rows:
        for title, steps in {"original": [], **TRANSFORMS}.items():
            batches = data.batches("train", 1, steps, seed=seed)
            image, found, labels = batches.augmented(np.array([row]))
            images += [image[0]]
            boxes += [found[0]]
            classes += [labels[0]]
            titles += [title]
    return images, boxes, classes, titles


def main(
    dataset="coco",
    images=8,  # drawn with their boxes
    seed=0,
    data_dir: str | None = None,
    out: str | None = None,
):
    images = zoo.checks.whole_number("images", images, least=1, most=40)
    run = Run.start(__file__, config=locals())
    documents = read_coco(data_dir) if dataset == "coco" else None
    pictured = "shapes" if dataset == "coco" else dataset
    shape = (128, 128, 3) if pictured == "shapes" else (416, 416, 3)
    limit = 200 if pictured == "shapes" else None
    data = datasets.load(pictured, image_shape=shape, limit=limit, data_dir=data_dir, seed=seed)
    if not isinstance(data, datasets.DetectionDataset):
        raise ValueError(f"dataset={dataset!r} has no boxes; name coco, bccd, shapes or a folder")
    source = "COCO 2017, a subset" if documents else data.name
    if documents is None:
        documents = {split: data.to_coco(split) for split in ("train", "val")}
    rows = distribution(documents)
    objects = sum(row["train"] + row["val"] for row in rows)

    split, folder = data.train, run.folder
    drawn = range(min(images, len(split)))
    outlines = None  # they are in pixels of the file, which for shapes are those of the image
    if pictured == "shapes":
        outlines = [split.objects[row].segmentations for row in drawn]
        titles = [split.captions[row].replace(" and ", "\n") for row in drawn]
    else:
        titles = [split.files[row].rpartition("/")[2] for row in drawn]
    found = [split.objects[row] for row in drawn]
    examples = boxes_figure(
        [split.images[row] for row in drawn], [o.boxes for o in found], [o.classes for o in found],
        class_names=data.class_names, titles=titles, outlines=outlines,
        path=folder / "examples.png",
    )  # fmt: skip
    shown = gallery(data, range(min(3, len(split))), seed)
    augmented = boxes_figure(
        *shown[:3], class_names=data.class_names, titles=shown[3], columns=7,
        path=folder / "augmented.png",
    )  # fmt: skip
    bars = class_bars(folder / "classes.png", rows)
    texts = (
        f"Each field with its first value in {source}.",
        f"Objects per class, {source}, the most frequent first.",
        "Objects per split; images that have one; crowds.",
        f"Images of {data.name} with boxes; masks, where they are known, have white outlines.",
        "Boxes stay on their objects; what is cut off is cut from the box. Free space is grey. "
        "Mosaic brings three other images.",
    )
    run.print_table(rows[:10], f"Objects per class, {source}")
    return run.report(
        "The COCO format",
        [
            Section("The schema", texts[0], table=explained(documents["train"])),
            Section("Classes", texts[1], bars),
            Section("Classes in numbers", texts[2], table=rows, folded=len(rows) > 12),
            Section("Examples", texts[3], examples),
            Section("Augmented", texts[4], augmented),
        ],
        [("Objects", f"{objects:,}"), ("Classes", f"{len(rows)}")],
    )


if __name__ == "__main__":
    cli.run(main)
