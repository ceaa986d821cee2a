"""Session 10: a detector, YOLO v2 or SSD, from scratch.

    python recipes/s10_yolo.py                     # blood cells, a quarter of an hour
    python recipes/s10_yolo.py --approach=ssd      # the same with SSD
    python recipes/s10_yolo.py --dataset=shapes --image-size=128 --mosaic=0 --batch-size=32 \
        --max-lr=4e-3 --epochs=10                  # embedded data, two minutes

What it shows: five anchors found by k-means, one pass of a small net, and of its 650 boxes the few
that suppression keeps; mean average precision of all validation images by pycocotools, after every
fifth epoch and the last; where it is right, what it misses, what it takes for what.
Measured: the s10_yolo rows of results/.
"""

import zoo
from zoo import checks, cli, datasets, detection
from zoo.datasets import transforms
from zoo.run import Run
from zoo.training import OneCycle
from zoo.training.callbacks import (
    BestAndWorstReport,
    MeanAveragePrecision,
    ObjectConfusionReport,
    PrecisionRecallReport,
)

import keras

NETS = {"yolo": "yolo_v2_small", "ssd": "ssd_small"}


def main(
    dataset="bccd",
    approach="yolo",  # or ssd
    image_size=416,  # pixels of the longer side; blood cells are 4:3
    mosaic=0.5,  # how often an image is one of four
    epochs=80,
    batch_size=8,
    max_lr=2e-3,
    weight_decay=5e-4,
    seed=0,
    limit: int | None = None,
    data_dir: str | None = None,
    out: str | None = None,
    resume: str | None = None,
):
    checks.one_of("approach", approach, NETS)
    run = Run.start(__file__, config=locals(), task="detection")

    height = round(image_size * 3 / 4 / 32) * 32 if dataset == "bccd" else image_size
    shape = (height, image_size, 3)
    data = datasets.load(dataset, image_shape=shape, limit=limit, data_dir=data_dir, seed=seed)
    moves = [
        transforms.mosaic(mosaic),
        transforms.flip(),
        transforms.scale(0.3),
        transforms.translate(0.1),
        transforms.color_shift(0.08),
    ]

    options = {"input_shape": shape, "num_classes": data.num_classes}
    if approach == "yolo":
        if dataset != "bccd":  # whose anchors the net has by default
            options["anchors"] = detection.anchor_kmeans(data.box_sizes("train"), 5).sizes
        net = zoo.get(NETS[approach], **options)
        layout = detection.layout_of(net)
        loss = detection.YoloLoss(layout, boxes="ciou", objects="cross_entropy")
        terms = [loss.terms()]
    else:
        net = zoo.get(NETS[approach], **options)
        loss, terms = detection.SsdLoss(detection.layout_of(net)), []
    train = data.batches("train", batch_size, moves, seed=seed, target=loss.targets)
    val = data.batches("val", batch_size, target=loss.targets)

    steps = epochs * len(train)
    rate = OneCycle(max_lr, steps, 0.1 * steps, anneal="cos")
    optimizer = keras.optimizers.AdamW(rate, weight_decay=weight_decay, clipnorm=10.0)
    net.compile(optimizer, loss, metrics=terms)
    measured = MeanAveragePrecision(data, every=5)
    reports = [
        BestAndWorstReport(measured, run.folder / "boxes.png"),
        PrecisionRecallReport(measured, run.folder / "precision_recall.png"),
        ObjectConfusionReport(measured, run.folder / "confusion.png"),
    ]
    net.fit(
        train,
        validation_data=val,
        epochs=epochs,
        initial_epoch=run.restore(net, train),
        verbose=0,
        callbacks=[measured, *run.callbacks, *reports],
    )
    return run.finish(net, reports)


if __name__ == "__main__":
    cli.run(main)
