"""The one room that imports tensorflow, torch or jax, and that touches private Keras.

Everything else asks here for what Keras does not offer on all three backends: a gradient with
respect to an intermediate tensor, reproducible kernels, and the names and versions that a report
writes down.
"""

# First of all: what has to be settled before Keras imports its backend.
from zoo.backend.choice import BACKENDS, keras_home, require_installed

require_installed()

import keras  # noqa: E402, F401  all of it, before the files of this room ask for it

from zoo.backend.compiled import compiled  # noqa: E402
from zoo.backend.devices import (  # noqa: E402
    NAME,
    device,
    has_gpu,
    onednn,
    processor,
    versions,
)
from zoo.backend.gradient import gradient  # noqa: E402
from zoo.backend.kernels import batch_norm, conv2d, has_batch_norm_for, has_conv2d_for  # noqa: E402
from zoo.backend.missing_kernels import require_kernels  # noqa: E402
from zoo.backend.randomness import kept_random_state, set_determinism  # noqa: E402

__all__ = [
    "BACKENDS",
    "NAME",
    "batch_norm",
    "compiled",
    "conv2d",
    "device",
    "gradient",
    "has_batch_norm_for",
    "has_conv2d_for",
    "has_gpu",
    "keras_home",
    "kept_random_state",
    "onednn",
    "processor",
    "require_kernels",
    "set_determinism",
    "versions",
]
