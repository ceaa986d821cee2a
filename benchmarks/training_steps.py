"""Training steps through the recipe machinery against a plain PyTorch loop of the same network.

    KERAS_BACKEND=torch python benchmarks/training_steps.py
    KERAS_BACKEND=torch python benchmarks/training_steps.py resnet18 dilated_net     # these alone

A figure is PyTorch's time over ours: 1.00 is as fast, more is faster. The two take turns, each in a
process of its own, and train with Adam on random images or tokens; ours shuffles, normalises, cuts
windows, counts accuracy, draws progress and runs the callbacks of a recipe as well.
"""

import sys
import tempfile
import time
from pathlib import Path

import keras
import numpy as np
from measure import PlainPyTorch, ratios, report, row

import zoo
from zoo.datasets.image_batches import ImageBatches
from zoo.datasets.token_windows import TokenWindows
from zoo.training import OneCycle, callbacks, cycle_momentum

WORK = (  # model, batch size, steps a round
    ("ultimus", 128, 40),  # the recipe's batch
    ("ultimus", 512, 12),
    ("dilated_net", 128, 12),
    ("resnet18", 32, 4),
    ("custom_resnet", 64, 4),
    ("vit_cifar", 64, 6),
    ("vit_cifar_compact", 128, 6),
    ("convmixer_256_8", 64, 4),
    ("gpt_chars", 12, 40),  # nanoGPT's batch
    ("gpt_chars", 64, 10),
)
ROUNDS = 5
WARM = 3  # steps of a fit that are not counted: tracing and compiling


class Clock(keras.callbacks.Callback):
    """When the warm steps of an epoch were over, and when it was."""

    def on_train_batch_end(self, batch, logs=None):
        if batch == 0:
            self.first = time.perf_counter()
        if batch == WARM - 1:
            self.began = time.perf_counter()
        self.ended = time.perf_counter()


def batches_for(name, batch, steps):
    """Random images with labels; of a language model windows of random characters."""
    rng = np.random.default_rng(0)
    rows = batch * (steps + WARM)
    if zoo.card(name).task == "language modelling":
        return TokenWindows(rng.integers(0, 65, 100_000), batch, length=64, windows=rows)
    x = rng.integers(0, 256, (rows, 32, 32, 3)).astype("uint8")
    return ImageBatches(x, rng.integers(0, 10, rows), batch, mean=(0.5,) * 3, std=(0.25,) * 3)


def measure(name, batch, steps):
    batches = batches_for(name, batch, steps)
    model = zoo.get(name)
    rate = OneCycle(0.01, 10_000, 2_000, momentum=(0.95, 0.85))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    metrics = ["accuracy"] if zoo.card(name).task == "classification" else []
    model.compile(cycle_momentum(keras.optimizers.Adam(rate)), loss, metrics=metrics)
    folder = Path(tempfile.mkdtemp())
    clock = Clock()
    machinery = [
        clock,
        callbacks.Progress(),
        callbacks.StopOnNonFinite(),
        callbacks.MetricsLog(folder / "metrics.csv"),
        callbacks.Checkpoint(folder / "checkpoint"),
    ]

    def ours():
        model.fit(batches, verbose=0, callbacks=machinery)
        return clock.ended - clock.began

    theirs = PlainPyTorch(name, batch, steps)
    assert theirs.params == zoo.summary(model).trainable_params, "not the same network"
    values = [1 / ratio for ratio in ratios(ours, theirs.seconds, ROUNDS)]
    theirs.close()
    return row(f"{name}, batch {batch}", values, "1.0 on the better backend, 0.9 on torch")


if __name__ == "__main__":
    named = [word for word in sys.argv[1:] if not word.startswith("--")]
    if unknown := set(named) - {name for name, *_ in WORK}:
        raise SystemExit(
            f"{', '.join(unknown)} is not among {', '.join(name for name, *_ in WORK)}"
        )
    rows = [measure(*work) for work in WORK if not named or work[0] in named]
    report("training steps: PyTorch's time / ours", rows)
