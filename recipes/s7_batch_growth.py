"""Session 7: growing the batch in place of the rate falling, at given epochs and on plateaus.

    python recipes/s7_batch_growth.py                                 # five short runs on MNIST
    python recipes/s7_batch_growth.py --dataset=digits --epochs=9     # embedded data, a minute

What it shows: the noise of SGD is in proportion to the rate over the batch size (Smith et al.,
2018): to divide the rate by a factor and to multiply the batch by it should do the same, the batch
in fewer steps. In the last two runs the validation loss decides when. On MNIST (one seed) all four
ways end within 0.05 points of each other, 0.2 above neither; the growing batch takes 44 % of the
steps at given epochs, 56 % on plateaus.
Measured: the s7_batch_growth rows of results/.
"""

import zoo
from zoo import cli, datasets
from zoo.run import Run
from zoo.training.callbacks import GrowBatch, GrowBatchOnPlateau, ReduceLROnPlateau

import keras

WAYS = (
    "neither",
    "rate falls",
    "batch grows",
    "rate falls on plateaus",
    "batch grows on plateaus",
)


def main(
    dataset="mnist",
    epochs=9,
    batch_size=32,
    learning_rate=0.05,
    factor=4,  # of the batch, or of the rate
    patience=0,  # epochs without a lower validation loss that are no plateau yet
    seed=0,
    limit: int | None = None,
    data_dir: str | None = None,
    out: str | None = None,
    resume: str | None = None,
):
    run = Run.start(__file__, config=locals())

    shape = (28, 28, 1)
    data = datasets.load(dataset, image_shape=shape, limit=limit, data_dir=data_dir, seed=seed)
    changes = tuple(sorted({max(1, epochs // 3), max(1, 2 * epochs // 3)}))  # after these epochs

    def falling(epoch, rate):
        return learning_rate / factor ** sum(change <= epoch for change in changes)

    steps = {}
    for way in WAYS:
        part = run.part(way)
        log = part.folder / "metrics.csv"
        plateau = {"patience": patience, "threshold": 0.01, "metrics_csv": log}
        train = data.batches("train", batch_size, seed=seed)
        net = zoo.get("mnist_8k", num_classes=data.num_classes)
        net.compile(
            keras.optimizers.SGD(learning_rate, momentum=0.9),
            keras.losses.SparseCategoricalCrossentropy(from_logits=True),
            metrics=["accuracy"],
        )
        callbacks = {
            "neither": [],
            "rate falls": [keras.callbacks.LearningRateScheduler(falling)],
            "batch grows": [GrowBatch(train, factor, epochs=changes)],
            "rate falls on plateaus": [ReduceLROnPlateau(factor=1 / factor, **plateau)],
            "batch grows on plateaus": [GrowBatchOnPlateau(train, factor, **plateau)],
        }
        net.fit(
            train,
            validation_data=data.batches("val", 1000),
            epochs=epochs,
            initial_epoch=part.restore(net, train),
            verbose=0,
            callbacks=[*part.callbacks, *callbacks[way]],
        )
        part.finish(net)
        steps[way] = {"steps": f"{int(net.optimizer.iterations):,}"}
    text = (
        f"By a factor of {factor} after epochs {' and '.join(map(str, changes))}; on plateaus "
        f"where the validation loss stalls; neither never."
    )
    return run.finish_comparison("Growing the batch", text, steps)


if __name__ == "__main__":
    cli.run(main)
