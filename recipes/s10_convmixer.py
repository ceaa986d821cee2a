"""Session 10: ConvMixer on CIFAR-10, patches without attention.

    python recipes/s10_convmixer.py                                # 25 epochs of CIFAR-10
    python recipes/s10_convmixer.py --dataset=digits --limit=300 --epochs=5   # embedded data
    python recipes/s10_convmixer.py --held-out=5000                # to compare choices

What it shows: cut into patches of 2x2 pixels as for a transformer, then mixed by convolutions,
large depthwise ones over space, 1x1 ones over channels. Its authors ask whether it is the attention
that makes vision transformers good, or the patches.
Checked: tests/zoo/test_vit.py; CIFAR-10 in full is still to be measured.
"""

import zoo
from zoo import cli, datasets
from zoo.datasets import transforms
from zoo.run import Run
from zoo.training import OneCycle
from zoo.training.callbacks import ConfusionReport, GradCAMReport, MisclassifiedReport

import keras


def main(
    model="convmixer_256_8",
    dataset="cifar10",
    epochs=25,
    batch_size=128,
    max_lr=0.01,
    weight_decay=0.05,
    label_smoothing=0.1,
    augment=4.0,  # magnitude of RandAugment's two operations, 0 to 10
    held_out=0,  # validate on that many training images, for choices; 0: on the test images
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
    data = data.held_out(held_out) if held_out else data
    augmentation = [transforms.crop(32, pad=4), transforms.flip()]
    if augment:
        augmentation.append(transforms.rand_augment(2, augment, fill=data.mean))
    train = data.batches("train", batch_size, augmentation, seed=seed, one_hot=True)

    net = zoo.get(model, num_classes=data.num_classes)
    steps = epochs * len(train)
    rate = OneCycle(max_lr, steps, 0.4 * steps, anneal="linear")
    optimizer = keras.optimizers.AdamW(rate, weight_decay=weight_decay)
    others = [weight for weight in net.trainable_weights if weight.name != "kernel"]
    optimizer.exclude_from_weight_decay(var_list=others)  # norms and biases
    net.compile(
        optimizer,
        keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=label_smoothing),
        metrics=["accuracy"],
    )
    reports = [
        MisclassifiedReport(data, run.folder / "misclassified.png"),
        GradCAMReport(data, run.folder / "gradcam.png"),
        ConfusionReport(data, run.folder / "confusion.png"),
    ]
    net.fit(
        train,
        validation_data=data.batches("val", 500, one_hot=True),
        epochs=epochs,
        initial_epoch=run.restore(net, train),
        verbose=0,
        callbacks=[*run.callbacks, *reports],
    )
    return run.finish(net, reports)


if __name__ == "__main__":
    cli.run(main)
