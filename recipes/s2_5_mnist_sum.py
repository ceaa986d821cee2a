"""Session 2.5: an MNIST digit plus a number that is given: which digit, and what is the sum?

    python recipes/s2_5_mnist_sum.py                                  # 12 epochs of MNIST
    python recipes/s2_5_mnist_sum.py --binary                         # the sum as five bits
    python recipes/s2_5_mnist_sum.py --dataset=digits --epochs=20     # embedded data, a minute

What it shows: a net of two inputs and two outputs, with the lesson's five questions answered.

- Representation: the image as pixels, the number one-hot, a vector of the same kind as the ten
  probabilities of the digit; the digit as one of 10 classes, the sum as one of 19, or as five bits.
- Data: each image meets a new random number in each epoch, drawn from the seed; the validation
  images keep theirs.
- The inputs meet late, when the digit is recognized: zoo/models/mnist_sum.py.
- Losses: cross-entropy for both outputs, as both are classes, with equal weights; for bits the mean
  of their binary cross-entropies, which before the training is a quarter of the digit's.
- Evaluation: accuracy of the digit and of the sum on images never trained on. A sum of bits is
  right if all five are. It can be right where the digit is wrong: it is computed from the ten
  probabilities, not from the most probable digit.
Measured: the s2_5_mnist_sum rows of results/.
"""

import zoo
from zoo import cli, datasets
from zoo.datasets import transforms
from zoo.datasets.mnist_sum import SumBatches, inputs
from zoo.models.mnist_sum import all_bits
from zoo.report import figures
from zoo.report.page import drawn
from zoo.run import Run
from zoo.training import OneCycle

import keras
import numpy as np


def main(
    binary=False,  # the sum as five bits in place of 19 classes
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

    shape = (28, 28, 1)
    data = datasets.load(dataset, image_shape=shape, limit=limit, data_dir=data_dir, seed=seed)
    train = SumBatches(data, "train", batch_size, [transforms.rotate(7)], binary=binary, seed=seed)
    val = SumBatches(data, "val", 1000, binary=binary, seed=seed)

    net = zoo.get("mnist_sum", binary=binary)
    rate = OneCycle(max_lr, epochs * len(train), epochs * len(train) / 4)
    of_classes = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    of_bits = keras.losses.BinaryCrossentropy(from_logits=True)
    bits_right = keras.metrics.MeanMetricWrapper(all_bits, name="accuracy")
    net.compile(
        keras.optimizers.Adam(rate),
        loss={"digit": of_classes, "sum": of_bits if binary else of_classes},
        metrics={"digit": ["accuracy"], "sum": [bits_right if binary else "accuracy"]},
    )
    net.fit(
        train,
        validation_data=val,
        epochs=epochs,
        initial_epoch=run.restore(net, train),
        verbose=0,
        callbacks=run.callbacks,
    )

    images, digits = data.x_val[:15], data.y_val[:15]
    added = np.arange(len(images)) % 10
    logits = net.predict(inputs(data, images, added), verbose=0)
    seen = logits["digit"].argmax(-1)
    sums = (logits["sum"] > 0) @ 2 ** np.arange(5) if binary else logits["sum"].argmax(-1)
    captions = [
        (f"{digit} + {number} = {digit + number}", f"{seen_digit}, sum {predicted}")
        for digit, number, seen_digit, predicted in zip(digits, added, seen, sums, strict=True)
    ]
    wrong = (seen != digits) | (sums != digits + added)
    caption = "Above: digit, given number and sum. Below: the predictions, red if one is wrong."
    path = run.folder / "sums.png"
    picture = drawn("Sums", caption, lambda: figures.gallery(path, images, captions, wrong=wrong))
    return run.finish(net, [picture])


if __name__ == "__main__":
    cli.run(main)
