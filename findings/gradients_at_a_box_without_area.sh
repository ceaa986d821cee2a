#!/usr/bin/env bash
#
# tensorflow 2.21.0, jax 0.10.2 and torch 2.13.0 (a CPU build does). A box regression loss such
# as CIoU has the angle atan2(width, height) of a box, and often its diagonal, sqrt(w^2 + h^2).
#
# Expected: three frameworks, one gradient, whatever it is, for a box without width and height,
# as padding and fresh predictions have.
#
# Instead: at (0, 0) torch's atan2 has the gradient 0, and tensorflow's and jax's have NaN.
# The norm behaves alike: 0 on torch, NaN on the others. A product with a loss weight
# of 0 does not help, since NaN times 0 is NaN, so one padded box spoils all weights, and a net
# that trained on torch does not on the others.
#
# Output:
#
#     atan2: torch [0.0, 0.0], tensorflow [nan, nan], jax [nan, nan]
#     norm: torch [0.0, 0.0], tensorflow [nan, nan], jax [nan, nan]
#
# Seen on 2026-11-27 with Python 3.11.
set -euo pipefail

folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet torch==2.13.0 tensorflow==2.21.0 jax==0.10.2
cd "$folder"

TF_CPP_MIN_LOG_LEVEL=3 venv/bin/python - 2>/dev/null <<'PYTHON'
import jax
import numpy as np
import tensorflow as tf
import torch

zero = np.zeros(2, "float32")
functions = {
    "atan2": (
        lambda x: torch.atan2(x[0], x[1]),
        lambda x: tf.atan2(x[0], x[1]),
        lambda x: jax.numpy.arctan2(x[0], x[1]),
    ),
    "norm": (torch.linalg.norm, tf.norm, jax.numpy.linalg.norm),
}
for name, (of_torch, of_tensorflow, of_jax) in functions.items():
    x = torch.tensor(zero, requires_grad=True)
    of_torch(x).backward()
    found = {"torch": x.grad.numpy()}
    x = tf.constant(zero)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = of_tensorflow(x)
    found["tensorflow"] = tape.gradient(y, x).numpy()
    found["jax"] = np.asarray(jax.grad(of_jax)(zero))
    print(f"{name}: " + ", ".join(f"{key} {value.tolist()}" for key, value in found.items()))
    assert not found["torch"].any()
    assert np.isnan(found["tensorflow"]).all() and np.isnan(found["jax"]).all()
PYTHON
