"""Session 10: which boxes a detector begins with, found by k-means and fixed.

    python recipes/s10_anchors.py                                  # blood cells
    python recipes/s10_anchors.py --dataset=shapes                 # embedded data, seconds

What it shows: widths and heights of all boxes, as parts of their image; k-means whose distance is
1 - IoU, beside the Euclidean one, for three to six anchors; how much of a box the best anchor
covers, up to nine; the anchors over a photograph, and the fixed ones of SSD.
Checked: tests/zoo/detection/test_anchors.py, against loops and scikit-learn.
"""

from zoo import cli, datasets
from zoo.detection import anchor_kmeans, fixed_priors, mean_best_iou
from zoo.report import anchors as figures
from zoo.report.page import Section
from zoo.report.plots import Plot, plots
from zoo.run import Run

import numpy as np
from sklearn.cluster import KMeans

SPREAD = """A point per box; crosses are five anchors. Euclidean k-means places them where boxes
differ by many pixels, that of 1 - IoU also tells small boxes apart."""
ENOUGH = """The mean IoU of the boxes with their best anchor. YOLO v2 took five anchors, which gave
61 % on VOC 2007; 65 % is the line that the lesson draws."""
DRAWN = """Around the middle of an image: five medians by 1 - IoU, five Euclidean means, and the
square priors of SSD's six maps."""


def main(
    dataset="bccd",
    starts=10,  # random starts that are compared
    seed=0,
    limit: int | None = None,
    data_dir: str | None = None,
    out: str | None = None,
):
    run = Run.start(__file__, config=locals())
    data = datasets.load(dataset, limit=limit, data_dir=data_dir, seed=seed)
    if not isinstance(data, datasets.DetectionDataset):
        raise ValueError(f"dataset={dataset!r} has no boxes; name bccd, shapes or a COCO folder")

    truth = data.to_coco("train")
    sides = {image["id"]: (image["width"], image["height"]) for image in truth["images"]}
    boxes = [np.array(box["bbox"][2:]) / sides[box["image_id"]] for box in truth["annotations"]]
    sizes = np.array(boxes)  # (n, 2), fractions of the image
    options = {"starts": starts, "seed": seed}

    def euclidean(k):
        return KMeans(k, n_init=starts, random_state=seed).fit(sizes).cluster_centers_

    table, medians, found = [], {}, {}
    for k in range(1, 10):
        median = anchor_kmeans(sizes, k, centre="median", **options)
        mean = anchor_kmeans(sizes, k, centre="mean", **options)
        found[k] = (median.mean_iou, mean.mean_iou, mean_best_iou(sizes, euclidean(k)))
        medians[k] = median
        if 3 <= k <= 6:
            shown = ", ".join(f"{w:.3f} x {h:.3f}" for w, h in median.sizes)
            scores = {"medians": found[k][0], "means": found[k][1], "Euclidean": found[k][2]}
            row = {"anchors": f"{k}"} | {name: f"{score:.2%}" for name, score in scores.items()}
            table.append(row | {"widths and heights of the medians": shown})
    run.print_table(table, f"{len(sizes):,} boxes, {medians[5].left_out} without area left out")

    curves = np.array([found[k] for k in range(1, 10)]).T
    lines = dict(zip(("1 - IoU, medians", "1 - IoU, means", "Euclidean"), curves, strict=True))
    panel = Plot("Mean best IoU", lines | {"65 %": [0.65] * 9}, xlabel="anchors")
    five = {"1 - IoU, medians": medians[5].sizes, "Euclidean": euclidean(5)}
    priors = {"SSD, fixed": np.array([shapes[0] for shapes in fixed_priors(6)])}
    folder, image = run.folder, data.train.images[0]
    sections = [
        Section("Anchors", f"{len(sizes):,} boxes of {data.name}, training images.", table=table),
        Section("Where they lie", SPREAD, figures.scatter(folder / "sizes.png", sizes, five)),
        Section("How many", ENOUGH, plots(folder / "k.png", [panel], columns=1, height=4)),
        Section("Drawn", DRAWN, figures.over_image(folder / "drawn.png", image, five | priors)),
    ]
    return run.report("Anchors", sections, [(f"{medians[5].mean_iou:.2%}", "IoU of five anchors")])


if __name__ == "__main__":
    cli.run(main)
