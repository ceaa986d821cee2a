"""Session 9: a vision transformer on MNIST, patch by patch.

    python recipes/s9_vit_mnist.py                                 # 15 epochs of MNIST
    python recipes/s9_vit_mnist.py --dataset=digits --epochs=20    # embedded data, a minute

What it shows: 49 patches of 4x4 pixels and a class token that gathers from them, in 139,018
parameters. Nothing tells the net that patches are neighbours; its learned positions show that it
found out. A convolutional net of a seventh of the size, s3_mnist_20k, is better: it knows.
Measured: the s9_vit_mnist rows of results/.
"""

import zoo
from zoo import cli, datasets
from zoo.datasets import transforms
from zoo.run import Run
from zoo.training import OneCycle
from zoo.training.callbacks import (
    AttentionDistanceReport,
    ConfusionReport,
    GradCAMReport,
    MisclassifiedReport,
    PositionsReport,
    RolloutReport,
)

import keras


def main(
    dataset="mnist",
    epochs=15,
    batch_size=128,
    max_lr=2e-3,
    weight_decay=0.05,
    seed=0,
    limit: int | None = None,
    data_dir: str | None = None,
    out: str | None = None,
    resume: str | None = None,
):
    run = Run.start(__file__, config=locals())

    shape = (28, 28, 1)
    data = datasets.load(dataset, image_shape=shape, limit=limit, data_dir=data_dir, seed=seed)
    train = data.batches("train", batch_size, [transforms.crop(28, pad=2)], seed=seed)

    net = zoo.get("vit_mnist", num_classes=data.num_classes)
    steps = epochs * len(train)
    rate = OneCycle(max_lr, steps, 0.2 * steps, anneal="linear")
    optimizer = keras.optimizers.AdamW(rate, weight_decay=weight_decay)
    others = [weight for weight in net.trainable_weights if weight.name != "kernel"]
    optimizer.exclude_from_weight_decay(var_list=others)  # norms, biases, positions, class token
    net.compile(
        optimizer,
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    reports = [
        MisclassifiedReport(data, run.folder / "misclassified.png"),
        GradCAMReport(data, run.folder / "gradcam.png"),
        RolloutReport(data, run.folder / "rollout.png"),
        AttentionDistanceReport(data, run.folder / "distance.png"),
        PositionsReport(run.folder / "positions.png"),
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
    return run.finish(net, reports)


if __name__ == "__main__":
    cli.run(main)
