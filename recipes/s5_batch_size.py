"""Session 5: the effect of the batch size, at one rate and at a rate that grows with it.

    python recipes/s5_batch_size.py                                  # seven short runs on MNIST
    python recipes/s5_batch_size.py --dataset=digits --epochs=5      # embedded data, a minute

A larger batch takes fewer steps an epoch, each along a gradient with less noise. At the same rate
it gets less far; a rate in proportion (Goyal et al., 2017) makes up for it until the steps become
too long. After four epochs, mean of three seeds: with 1,024 images 92.6 % at the rate of 64 images,
98.3 % at sixteen times that rate; 64 images get 98.7 %, 16 images at that rate 99.0 %.
Measured: the s5_batch_size rows of results/.
"""

import keras

import zoo
from zoo import cli, datasets
from zoo.run import Run

SIZES = (16, 64, 256, 1024)


def main(
    dataset="mnist",
    epochs=4,
    learning_rate=0.01,  # at a batch of 64
    seed=0,
    limit: int | None = None,
    data_dir: str | None = None,
    out: str | None = None,
    resume: str | None = None,
):
    run = Run.start(__file__, config=locals())

    data = datasets.load(
        dataset, image_shape=(28, 28, 1), limit=limit, data_dir=data_dir, seed=seed
    )
    same = [(size, learning_rate) for size in SIZES]
    grown = [(size, learning_rate * size / 64) for size in SIZES if size != 64]
    for size, rate in [*same, *grown]:
        part = run.part(f"{size} images, rate {rate:.4g}")
        train = data.batches("train", size, seed=seed)
        net = zoo.get("mnist_8k", num_classes=data.num_classes)
        net.compile(
            keras.optimizers.SGD(rate, momentum=0.9),
            keras.losses.SparseCategoricalCrossentropy(from_logits=True),
            metrics=["accuracy"],
        )
        net.fit(
            train,
            validation_data=data.batches("val", 1000),
            epochs=epochs,
            initial_epoch=part.restore(net, train),
            verbose=0,
            callbacks=part.callbacks,
        )
        part.finish(net)
    said = (
        "A larger batch takes fewer steps an epoch: at the same rate it gets less far. A rate in "
        "proportion to the batch makes up for it, until the steps become too long."
    )
    return run.finish_comparison("Batch size", said)


if __name__ == "__main__":
    cli.run(main)
