"""The share of a training step that goes when its batch lies ready: waiting, and sharing cores.

    KERAS_BACKEND=torch python benchmarks/data_wait.py

The same fit in turn on batches that are augmented as the recipe does, and on copies of them that
were made before the clock started.
"""

import keras
import numpy as np
from measure import report, row
from training_steps import WORK, Clock

import zoo
from zoo.datasets import transforms
from zoo.datasets.batches import Batches

ROUNDS = 5
AUGMENTATION = {
    "ultimus": [transforms.flip()],
    "custom_resnet": [transforms.crop(32, pad=4), transforms.flip(), transforms.cutout(8)],
}


class Ready(Batches):
    """Batches made beforehand."""

    def _batch(self, epoch, index):
        return self.made[index]


def measure(name, batch, steps):
    rng = np.random.default_rng(0)
    x = rng.integers(0, 256, (batch * (steps + 3), 32, 32, 3)).astype("uint8")
    y = rng.integers(0, 10, len(x))
    arguments = (x, y, batch, AUGMENTATION[name])
    live = Batches(*arguments, mean=(0.5,) * 3, std=(0.25,) * 3)
    ready = Ready(*arguments, mean=(0.5,) * 3, std=(0.25,) * 3)
    ready.made = [live[index] for index in range(len(live))]
    model = zoo.get(name)
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))

    def seconds(batches):
        clock = Clock()
        model.fit(batches, verbose=0, callbacks=[clock])
        return clock.ended - clock.began

    pairs = [(seconds(live), seconds(ready)) for _ in range(ROUNDS + 1)][1:]
    shares = [100 * (1 - bare / full) for full, bare in pairs]
    return row(f"{name}, batch {batch}", shares, "under 5 %", ".1f")


if __name__ == "__main__":
    report("waiting for data: per cent of a step", [measure(*work) for work in WORK])
