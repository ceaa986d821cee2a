"""Session 10: the COCO format field by field, the classes of a file, boxes through augmentation.

    python recipes/s10_coco.py                            # COCO's annotations, generated images
    python recipes/s10_coco.py --dataset=bccd             # photographs of blood cells
    python recipes/s10_coco.py --dataset=shapes           # embedded data

What it shows: what each field means, with its value in a real file; how uneven the classes are;
that boxes stay on their objects through flip, scale, crop, colour and mosaic. Without
`coco_annotations.zip` in `--data-dir` or `ZOO_DATA` the schema is that of the generated images.
Checked: tests/datasets/test_coco.py and test_box_transforms.py.
"""

from zoo import checks, cli, datasets
from zoo.datasets import transforms
from zoo.datasets.coco_schema import distribution, explained, read_annotations
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


def gallery(data, rows, seed):
    """(images, boxes, classes, titles): each image as it is, then after each transform."""
    drawn = []
    for row in rows:
        for title, steps in {"original": [], **TRANSFORMS}.items():
            batches = data.batches("train", 1, steps, seed=seed)
            [image], [boxes], [classes] = batches.augmented(np.array([row]))
            drawn.append((image, boxes, classes, title))
    return list(zip(*drawn, strict=True))


def main(
    dataset="coco",
    images=8,  # drawn with their boxes
    seed=0,
    data_dir: str | None = None,
    out: str | None = None,
):
    images = checks.whole_number("images", images, least=1, most=40)
    run = Run.start(__file__, config=locals())
    documents = read_annotations(data_dir) if dataset == "coco" else None
    pictured = "shapes" if dataset == "coco" else dataset
    small = pictured == "shapes"
    shape, limit = ((128, 128, 3), 200) if small else ((416, 416, 3), None)
    data = datasets.load(pictured, image_shape=shape, limit=limit, data_dir=data_dir, seed=seed)
    if not isinstance(data, datasets.DetectionDataset):
        raise ValueError(f"dataset={dataset!r} has no boxes; name coco, bccd, shapes or a folder")
    source = "COCO 2017, a subset" if documents else data.name
    if documents is None:
        documents = {split: data.to_coco(split) for split in ("train", "val")}
    rows = distribution(documents)
    objects = sum(row["train"] + row["val"] for row in rows)

    part = data.train.subset(range(min(images, len(data.train))))
    boxes, classes = [o.boxes for o in part.objects], [o.classes for o in part.objects]
    titles = [caption.replace(" and ", "\n") for caption in part.captions]
    outlines = [o.segmentations for o in part.objects] if small else None  # in the file's pixels
    names, folder = data.class_names, run.folder
    known = {"class_names": names, "titles": titles, "outlines": outlines}
    examples = boxes_figure(part.images, boxes, classes, path=folder / "examples.png", **known)
    *shown, steps = gallery(data, range(min(3, len(data.train))), seed)
    path = folder / "augmented.png"
    augmented = boxes_figure(*shown, class_names=names, titles=steps, columns=7, path=path)
    bars = class_bars(folder / "classes.png", rows)
    run.print_table(rows[:10], f"Objects per class, {source}")
    schema = explained(documents["train"])
    sections = [
        Section("The schema", f"First values in {source}.", table=schema),
        Section("Classes", f"Objects per class, {source}, most frequent first.", bars),
        Section("Classes in numbers", "Objects per split; images with one.", table=rows),
        Section("Examples", f"Images of {data.name}; known masks in white.", examples),
        Section("Augmented", "Boxes stay on their objects. Free space is grey.", augmented),
    ]
    tiles = [(f"{objects:,}", "objects"), (f"{len(rows)}", "classes")]
    return run.report("The COCO format", sections, tiles)


if __name__ == "__main__":
    cli.run(main)
