"""Session 7: growing the batch in place of the rate falling, at given epochs and on plateaus.

    python recipes/s7_batch_growth.py                                 # five short runs on MNIST
    python recipes/s7_batch_growth.py --dataset=digits --epochs=9     # embedded data, a minute

The noise of SGD goes with the rate over the batch size (Smith et al., 2018): to divide the rate by
a factor and to multiply the batch by it should do the same, the batch in fewer steps. In the last
two runs the validation loss says when, in place of the calendar.
Measured: the s7_batch_growth rows of results/. All four ways end within 0.05 points of each other,
0.2 above neither; the growing batch takes 44 % of the steps at given epochs, 56 % on plateaus.
"""

import keras

import zoo
from zoo import cli, datasets
from zoo.run import Run
from zoo.training.callbacks import GrowBatch, GrowBatchOnPlateau, ReduceLROnPlateau

WAYS = (
    "neither", "rate falls", "batch grows", "rate falls on plateaus", "batch grows on plateaus"
)  # fmt: skip


def main(
    dataset="mnist",
    epochs=9,
    batch_size=32,
    learning_rate=0.05,
    factor=4,
    patience=0,
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
    after = tuple(sorted({max(1, epochs // 3), max(1, 2 * epochs // 3)}))  # epochs
    steps = {}

    def falling(epoch, rate):
        return learning_rate / factor ** sum(start <= epoch for start in after)

    for way in WAYS:
        part = run.part(way)
        plateau = {"patience": patience, "threshold": 0.01,
                   "metrics_csv": part.folder / "metrics.csv"}  # fmt: skip
        train = data.batches("train", batch_size, seed=seed)
        net = zoo.get("mnist_8k", num_classes=data.num_classes)
        net.compile(
            keras.optimizers.SGD(learning_rate, momentum=0.9),
            keras.losses.SparseCategoricalCrossentropy(from_logits=True),
            metrics=["accuracy"],
        )
        if way == "rate falls":
            rate = keras.callbacks.LearningRateScheduler(falling)
        elif way == "batch grows":
            rate = GrowBatch(train, factor, epochs=after)
        elif way == "rate falls on plateaus":
            rate = ReduceLROnPlateau(factor=1 / factor, **plateau)
        elif way == "batch grows on plateaus":
            rate = GrowBatchOnPlateau(train, factor, **plateau)
        else:
            rate = keras.callbacks.Callback()  # nothing
        net.fit(
            train,
            validation_data=data.batches("val", 1000),
            epochs=epochs,
            initial_epoch=part.restore(net, train),
            verbose=0,
            callbacks=[*part.callbacks, rate],
        )
        part.finish(net)
        steps[way] = {"steps": f"{int(net.optimizer.iterations):,}"}
    said = (
        f"By a factor of {factor} after epochs {' and '.join(map(str, after))}; on plateaus where "
        f"the validation loss stalls; neither never."
    )
    return run.finish_comparison("Growing the batch", said, steps)


if __name__ == "__main__":
    cli.run(main)
