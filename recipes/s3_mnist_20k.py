"""Session 3: 99.4 % of MNIST with fewer than 20,000 parameters, in fewer than 20 epochs.

    python recipes/s3_mnist_20k.py                                  # 15 epochs of MNIST
    python recipes/s3_mnist_20k.py --dataset=digits --epochs=10     # embedded data, a minute

What it shows: batch norm, dropout, a fully connected layer and global average pooling in one small
net, as the task asks, trained with one cycle.
Measured: the s3_mnist_20k rows of results/.
"""

import zoo
from zoo import cli, datasets
from zoo.datasets import transforms
from zoo.run import Run
from zoo.training import OneCycle
from zoo.training.callbacks import ConfusionReport, GradCAMReport, MisclassifiedReport

import keras


def main(
    dataset="mnist",
    epochs=15,
    batch_size=64,
    max_lr=0.1,
    seed=0,
    limit: int | None = None,
    data_dir: str | None = None,
    out: str | None = None,
    resume: str | None = None,
):
    run = Run.start(__file__, config=locals())

    shape = (28, 28, 1)
    data = datasets.load(dataset, image_shape=shape, limit=limit, data_dir=data_dir, seed=seed)
    train = data.batches("train", batch_size, [transforms.rotate(7)], seed=seed)

    net = zoo.get("mnist_20k", num_classes=data.num_classes)
    steps = len(train)
    rate = OneCycle(max_lr, epochs * steps, min(4, epochs / 3) * steps, final_div_factor=1e3)
    net.compile(
        keras.optimizers.SGD(rate, momentum=0.9, nesterov=True),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    reports = [
        MisclassifiedReport(data, run.folder / "misclassified.png"),
        GradCAMReport(data, run.folder / "gradcam.png"),
        ConfusionReport(data, run.folder / "confusion.png"),
    ]
    net.fit(
        train,
        validation_data=data.batches("val", 1000),
        epochs=epochs,
        initial_epoch=run.restore(net, train),
        verbose=0,
        callbacks=[*run.callbacks, *reports],
    )
    return run.finish(net, reports)


if __name__ == "__main__":
    cli.run(main)
