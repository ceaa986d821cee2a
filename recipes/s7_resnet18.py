"""Session 7: ResNet-18 on CIFAR-10, with what went wrong and where it looked.

    python recipes/s7_resnet18.py                                  # 20 epochs; needs a GPU
    python recipes/s7_resnet18.py --dataset=digits --limit=300     # embedded data, minutes
    tensorboard --logdir=runs/s7_resnet18                          # while it trains; pip install it

What it shows: random crops of 32 after padding by 4, and a hole of 16x16 pixels. The last maps of
the net are 4x4, too coarse to say where: GradCAM looks one stage earlier, on 8x8. Three epochs in
mixed_bfloat16 end at 77.2 %; on two CPU cores each takes nine minutes.
Measured: the s7_resnet18 rows of results/.
"""

import zoo
from zoo import cli, datasets
from zoo.datasets import transforms
from zoo.run import Run
from zoo.training import OneCycle, cycle_momentum
from zoo.training.callbacks import (
    ConfusionReport,
    GradCAMReport,
    MisclassifiedReport,
    TensorBoard,
)

import keras


def main(
    model="resnet18",
    dataset="cifar10",
    epochs=20,
    batch_size=128,
    max_lr=0.1,
    weight_decay=5e-3,  # as 5e-4 in PyTorch, which divides by 1 - momentum
    seed=0,
    limit: int | None = None,
    precision="float32",
    data_dir: str | None = None,
    out: str | None = None,
    resume: str | None = None,
):
    run = Run.start(__file__, config=locals())

    shape = (32, 32, 3)
    data = datasets.load(dataset, image_shape=shape, limit=limit, data_dir=data_dir, seed=seed)
    augmentation = [transforms.crop(32, pad=4), transforms.cutout(16, fill=data.mean)]
    train = data.batches("train", batch_size, augmentation, seed=seed)

    net = zoo.get(model, num_classes=data.num_classes)
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
        callbacks=[*run.callbacks, TensorBoard(run.folder / "tensorboard"), *reports],
    )
    return run.finish(net, reports)


if __name__ == "__main__":
    cli.run(main)
