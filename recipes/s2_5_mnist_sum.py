"""Session 2.5: an MNIST digit seen plus a digit told: which digit, and what is the sum?

    python recipes/s2_5_mnist_sum.py                                  # 12 epochs of MNIST
    python recipes/s2_5_mnist_sum.py --binary                         # the sum as five bits
    python recipes/s2_5_mnist_sum.py --dataset=digits --epochs=20     # embedded data, a minute

- Representation: the image as pixels, the number one-hot, a vector of the same kind as the ten
  probabilities of the digit; the digit as one of 10 classes, the sum as one of 19, or as five bits.
- Data: each image of each epoch meets a fresh random number, drawn from the seed; the validation
  images keep theirs.
- The inputs meet late, when the digit is read: zoo/models/mnist_sum.py.
- Losses: cross-entropy for both outputs, as both are classes, and both count alike; for bits the
  mean of a binary cross-entropy each, which before the training is a quarter of the digit's.
- Evaluation: accuracy of the digit and of the sum on images never trained on. A sum of bits is
  right if all five are. It can be right where the digit is misread: it is made from the ten
  probabilities, not from the first of them.
Measured: the s2_5_mnist_sum rows of results/, whose accuracy is the sum's.
"""

import keras
import numpy as np

import zoo
from zoo import cli, datasets
from zoo.datasets import transforms
from zoo.datasets.mnist_sum import SumBatches, all_bits, inputs
from zoo.report import figures
from zoo.report.page import Section
from zoo.run import Run
from zoo.training import OneCycle


def main(
    binary=False,
    dataset="mnist",
    epochs=12,
    batch_size=64,
    max_lr=0.01,
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
    train = SumBatches(data, "train", batch_size, [transforms.rotate(7)], binary=binary, seed=seed)
    val = SumBatches(data, "val", 1000, binary=binary, seed=seed)

    net = zoo.get("mnist_sum", binary=binary)
    rate = OneCycle(max_lr, epochs * len(train), epochs * len(train) / 4)
    classes = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    of_bits = keras.losses.BinaryCrossentropy(from_logits=True)
    exact = keras.metrics.MeanMetricWrapper(all_bits, name="accuracy")
    net.compile(
        keras.optimizers.Adam(rate),
        loss={"digit": classes, "sum": of_bits if binary else classes},
        metrics={"digit": ["accuracy"], "sum": [exact if binary else "accuracy"]},
    )
    net.fit(
        train,
        validation_data=val,
        epochs=epochs,
        initial_epoch=run.restore(net, train),
        verbose=0,
        callbacks=run.callbacks,
    )

    images, told = data.x_val[:15], np.arange(15) % 10
    said = net.predict(inputs(data, images, told[: len(images)]), verbose=0)
    sums = (said["sum"] > 0) @ 2 ** np.arange(5) if binary else said["sum"].argmax(-1)
    rows = list(zip(data.y_val, told, said["digit"].argmax(-1), sums, strict=False))
    captions = [(f"{y} + {n} = {y + n}", f"said {d}, and {s}") for y, n, d, s in rows]
    wrong = [d != y or s != y + n for y, n, d, s in rows]
    picture = figures.gallery(run.folder / "sums.png", images, captions, wrong=wrong)
    how = "Above: what it saw, what it was told, their sum. Beneath: what it made of them, red if "
    return run.finish(net, [Section("Sums", how + "either is wrong.", picture)])


if __name__ == "__main__":
    cli.run(main)
