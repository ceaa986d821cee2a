"""The loss around a trained net: is the minimum it lies in flat or sharp?

Sources: Li et al., Visualizing the loss landscape of neural nets (arXiv:1712.09913); sharpness as
Keskar et al., On large-batch training (arXiv:1609.04836), have it, within the plane that is drawn.
"""

from dataclasses import dataclass

import keras
import numpy as np
from keras import ops

from zoo import checks
from zoo.explain.inputs import array_of, require_finite, require_fit, require_rows, require_weights


@dataclass(frozen=True)
class LossSurface:
    """Losses on a grid of steps along two directions, the trained net in its middle."""

    steps: np.ndarray  # (n,), along either direction; 1 moves a filter by as much as its length
    losses: np.ndarray  # (n, n), one row per step along the second direction

    @property
    def center(self) -> float:
        """The loss of the net as it was trained."""
        middle = len(self.steps) // 2
        return float(self.losses[middle, middle])

    def sharpness(self, radius: float = 0.5) -> float:
        """The largest rise within `radius` of the net, as a part of 1 + its loss.

        Raises:
            ValueError: if the grid has no other point within the radius, or does not reach it.
        """
        checks.number("radius", radius)
        least, most = np.sort(np.abs(self.steps))[1], self.steps[-1]
        if not least <= radius <= most:
            raise ValueError(f"radius={radius} must lie in {least:.3g} to {most:.3g}")
        near = np.hypot(self.steps, self.steps[:, None]) <= radius + 1e-9
        return float((self.losses[near].max() - self.center) / (1 + self.center))


def loss_surface(
    model: keras.Model,
    x: np.ndarray,
    y: np.ndarray,
    loss=None,
    *,
    seed: int = 0,
    span: float = 1.0,
    steps: int = 21,
    batch_size: int = 512,
) -> LossSurface:
    """The mean loss on `x` and `y` where the kernels are moved along two random directions.

    Each filter of a direction, what the last axis of a kernel counts, is given the length of the
    filter it moves; so nets of differently large weights can be compared. Biases and norms' gammas
    and betas stay, and so do the statistics of batch norm, which the moved kernels no longer have:
    a net with it rises more steeply than it would if they were measured again. Afterwards, after an
    error too, the weights are as before.

    Args:
        model: any that gives one output.
        loss: what `compile` takes, or None: the one it was compiled with. Penalties do not count.
        seed: of the directions, the same on every backend.
        span: how far to go to either side, in lengths of the filters.
        steps: points of the grid in either direction, an odd number.
        batch_size: images at a time.

    Raises:
        ValueError: if there is no loss, or it is not finite or cannot be computed for the labels;
            if there is no kernel to move; if the steps are even or below 3, or the span is not
            positive; if there is no image, or another number of labels than of images.
    """
    require_weights(model)
    loss = getattr(model, "loss", None) if loss is None else loss
    if loss is None or isinstance(loss, list | dict):
        raise ValueError(f"loss={loss!r} must be one loss; give it, or compile the model with it")
    if checks.whole_number("steps", steps, least=3) % 2 == 0:
        raise ValueError(f"steps={steps} must be odd, so that the net is in the middle")
    checks.number("span", span, above=0)
    checks.whole_number("seed", seed, least=0)
    checks.whole_number("batch_size", batch_size, least=1)
    x = keras.tree.map_structure(array_of, x)
    count = require_rows(x)
    require_fit(model, x)
    require_finite(x)
    y = array_of(y)
    if len(y) != count:
        raise ValueError(f"{count} images need as many labels, not {len(y)}")
    kernels = [v for v in model.trainable_variables if len(v.shape) >= 2]
    if not kernels:
        raise ValueError(f"{model.name} has no trainable kernel to move")
    loss, y = _loss(loss), ops.convert_to_tensor(y)

    def measure():
        return float(ops.mean(loss(y, model.predict(x, batch_size=batch_size, verbose=0))))

    _require_finite(measure, loss, y)
    trained = [ops.convert_to_numpy(v).copy() for v in kernels]
    rng = np.random.default_rng(seed)
    first, second = [[_as_long_as(w, rng) for w in trained] for _ in range(2)]
    grid = np.linspace(-span, span, steps)
    losses = np.empty((steps, steps))
    try:
        for row, along_second in enumerate(grid):
            for column, along_first in enumerate(grid):
                for kernel, w, d, e in zip(kernels, trained, first, second, strict=True):
                    kernel.assign(w + along_first * d + along_second * e)
                losses[row, column] = measure()
    finally:
        for kernel, w in zip(kernels, trained, strict=True):
            kernel.assign(w)
    return LossSurface(grid, losses)


def _as_long_as(kernel, rng) -> np.ndarray:
    """A random direction whose every filter is as long as the kernel's."""
    direction = rng.normal(size=kernel.shape).astype("float32")
    others = tuple(range(kernel.ndim - 1))
    length = np.sqrt((kernel.astype("float32") ** 2).sum(others))
    return direction * length / np.sqrt((direction**2).sum(others))


def _loss(loss):
    try:
        return keras.losses.get(loss)
    except (TypeError, ValueError) as error:
        raise ValueError(f"loss={loss!r} must be a Keras loss or its name") from error


def _require_finite(measure, loss, y) -> None:
    try:
        value = measure()
    except Exception as error:  # of the backend or of Keras: labels that do not go with the loss
        reason = " ".join(str(error).split())[:300]
        raise ValueError(
            f"{loss} cannot be computed for labels of shape {tuple(y.shape)} and what the model "
            f"gives: {reason}"
        ) from error
    if not np.isfinite(value):
        raise ValueError(f"the loss of the trained net is {value}; see its weights and the images")
