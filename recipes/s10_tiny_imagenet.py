"""Session 10: ResNet-18 on the 200 classes of Tiny ImageNet, its labelled images split 70/30.

    python recipes/s10_tiny_imagenet.py                              # 50 epochs; needs a GPU
    python recipes/s10_tiny_imagenet.py --dataset=digits --limit=300 --epochs=2    # embedded

What it shows: a data set read as it is laid out, 70 % of each class to train on and 30 % to
validate on; photographs of 64x64 pixels, for which ResNet-18 keeps a 3x3 stem; random crops, flips
and one cycle. Which classes it recognises best and worst, and what those are taken for. Some
pictures have two labels: they are named, and stay. The subset that is measured here has 100 images
of a class to train on and 25 to validate; of these 17,400 are trained on, 25 minutes an epoch on
two CPU cores. There --limit=2000 --epochs=10 takes most of an hour.
Checked: tests/datasets/test_tiny_imagenet.py, against the real files.
"""

import zoo
from zoo import cli, datasets
from zoo.datasets import transforms
from zoo.report.page import Section
from zoo.run import Run
from zoo.training import OneCycle, cycle_momentum
from zoo.training.callbacks import (
    BestAndWorstClassesReport,
    ConfusionReport,
    GradCAMReport,
    MisclassifiedReport,
)

import keras

TWICE = """The same pixel by pixel. Where labels differ, one counts as a mistake whatever the model
says; where one is trained on and the other validated on, the model has seen it."""


def main(
    dataset="tiny_imagenet",
    model="resnet18",
    epochs=50,
    batch_size=128,
    max_lr=0.1,
    weight_decay=5e-3,  # as 5e-4 in PyTorch, which divides by 1 - momentum
    val_share=0.3,  # of each class, to validate on
    seed=0,
    limit: int | None = None,
    precision="float32",
    data_dir: str | None = None,
    out: str | None = None,
    resume: str | None = None,
):
    run = Run.start(__file__, config=locals())

    shape = (64, 64, 3)
    data = datasets.load(dataset, image_shape=shape, limit=limit, data_dir=data_dir, seed=seed)
    data = data.resplit(val_share, seed)
    run.console.print(data)
    twice = []
    for places in data.duplicates():
        labels = [f"{data.class_names[data.split(s)[1][row]]} ({s})" for s, row in places]
        twice.append({"picture": len(twice) + 1, "labels": ", ".join(labels)})

    augmentation = [transforms.crop(64, pad=8), transforms.flip()]
    train = data.batches("train", batch_size, augmentation, seed=seed, workers=2)
    net = zoo.get(model, input_shape=shape, num_classes=data.num_classes)
    steps = epochs * len(train)
    rate = OneCycle(max_lr, steps, 0.3 * steps, momentum=(0.95, 0.85))
    sgd = keras.optimizers.SGD(rate, momentum=0.9, nesterov=True, weight_decay=weight_decay)
    sgd.exclude_from_weight_decay(var_names=["gamma", "beta", "bias"])
    net.compile(
        cycle_momentum(sgd),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    reports = [
        BestAndWorstClassesReport(data, run.folder / "classes.png"),
        MisclassifiedReport(data, run.folder / "misclassified.png"),
        GradCAMReport(data, run.folder / "gradcam.png"),
        ConfusionReport(data, run.folder / "confusion.png"),
    ]
    net.fit(
        train,
        validation_data=data.batches("val", 500),
        epochs=epochs,
        initial_epoch=run.restore(net, train),
        verbose=0,
        callbacks=[*run.callbacks, *reports],
    )
    section = Section("Pictures that occur more than once", TWICE, table=twice)
    return run.finish(net, [*reports, section] if twice else reports)


if __name__ == "__main__":
    cli.run(main)
