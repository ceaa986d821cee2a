"""What the augmented batches of a recipe cost a training step.

    KERAS_BACKEND=torch python benchmarks/data_wait.py

"waiting" is the time in which the model stands still for its next batch (on tensorflow another
thread asks for it, so that it cannot be told). "with sharing" is the time saved by batches made
before the clock started: it counts what augmentation takes from the cores they share as well.
"""

import time

import keras
import numpy as np
from measure import report, row
from training_steps import WORK, Clock

import zoo
from zoo import backend
from zoo.datasets import transforms
from zoo.datasets.image_batches import ImageBatches

ROUNDS = 5
AUGMENTATION = {  # of the nets' recipes
    "ultimus": [transforms.flip()],
    "dilated_net": [
        transforms.flip(),
        transforms.shift_scale_rotate(),
        transforms.coarse_dropout(16),
    ],
    "resnet18": [transforms.crop(32, pad=4), transforms.cutout(16)],
    "custom_resnet": [transforms.crop(32, pad=4), transforms.flip(), transforms.cutout(8)],
}


class Timed(ImageBatches):
    """Adds up how long each batch but the first is waited for."""

    def one_pass(self, epoch):
        source, self.waited = super().one_pass(epoch), 0.0
        yield next(source)
        while True:
            began = time.perf_counter()
            batch = next(source, None)
            if batch is None:
                return
            self.waited += time.perf_counter() - began
            yield batch


class Ready(ImageBatches):
    """Batches made beforehand."""

    def batch(self, rows, epoch, index):
        return self.made[index]


def measure(name, batch, steps):
    rng = np.random.default_rng(0)
    x = rng.integers(0, 256, (batch * (steps + 3), 32, 32, 3)).astype("uint8")
    y = rng.integers(0, 10, len(x))
    arguments = (x, y, batch, AUGMENTATION[name])
    live = Timed(*arguments, mean=(0.5,) * 3, std=(0.25,) * 3)
    ready = Ready(*arguments, mean=(0.5,) * 3, std=(0.25,) * 3)
    ready.made = [live[index] for index in range(len(live))]
    model = zoo.get(name)
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))

    waits = []

    def seconds(batches):
        clock = Clock()
        model.fit(batches, verbose=0, callbacks=[clock])
        if batches is live:
            waits.append(100 * live.waited / (time.perf_counter() - clock.first))
        return clock.ended - clock.began

    pairs = [(seconds(live), seconds(ready)) for _ in range(ROUNDS + 1)][1:]
    shares = [100 * (1 - bare / full) for full, bare in pairs]
    what = f"{name}, batch {batch}"
    rows = [row(f"{what}, with sharing", shares, "", ".1f")]
    if backend.NAME != "tensorflow":
        rows.append(row(f"{what}, waiting", waits[1:], "under 5 %", ".1f"))
    return rows


if __name__ == "__main__":
    report(
        "waiting for data: per cent of a step", [line for work in WORK for line in measure(*work)]
    )
