"""Session 5: the effect of the batch size, at one rate and at a rate that grows with it.

    python recipes/s5_batch_size.py                                  # seven short runs on MNIST
    python recipes/s5_batch_size.py --dataset=digits --epochs=5      # embedded data, a minute

What it shows: a larger batch takes fewer steps per epoch, each along a gradient with less noise. At
the same rate it gets less far; a rate in proportion (Goyal et al., 2017) makes up for it until the
steps become too long. On MNIST after four epochs, mean of three seeds: 1,024 images end at 92.6 %
with the rate of 64 images and at 98.3 % with sixteen times that rate; 64 images end at 98.7 %, 16
images with their rate at 99.0 %.
Measured: the s5_batch_size rows of results/.
"""

import zoo
from zoo import cli, datasets
from zoo.run import Run

import keras

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

    shape = (28, 28, 1)
    data = datasets.load(dataset, image_shape=shape, limit=limit, data_dir=data_dir, seed=seed)
    same_rate = [(size, learning_rate) for size in SIZES]
    in_proportion = [(size, learning_rate * size / 64) for size in SIZES if size != 64]
    for size, rate in [*same_rate, *in_proportion]:
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
    text = (
        "A larger batch takes fewer steps per epoch, each along a gradient with less noise; a rate "
        "in proportion to the batch is meant to make up for the missing steps."
    )
    return run.finish_comparison("Batch size", text)


if __name__ == "__main__":
    cli.run(main)
