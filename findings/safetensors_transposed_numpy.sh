#!/usr/bin/env bash
#
# safetensors 0.8.0 with NumPy 2.4.6. Weights that move between PyTorch and Keras are
# transposed on the way: a dense kernel by .T, a convolution's by transpose(2, 3, 1, 0). Such
# an array is a view.
#
# Expected: safetensors.numpy.save_file writes the array's values, as np.save and h5py do.
#
# Instead: the shape is that of the transposed array, but the numbers are written in the order
# of the memory behind the view. Reading back gives other numbers at every place but the
# corners, without an error. Every non-contiguous view is hit: slices with a step, reversed
# axes, Fortran order, broadcasting. np.ascontiguousarray before saving is right.
#
# Output:
#
#     saved [[0.0, 3.0], [1.0, 4.0], [2.0, 5.0]]
#     read  [[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]]
#     a convolution's kernel, transposed: equal False, after ascontiguousarray: True
#
# Seen on 2026-11-27 with Python 3.11.
set -euo pipefail

folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet safetensors==0.8.0 numpy==2.4.6
cd "$folder"

venv/bin/python - <<'PYTHON'
import numpy as np
from safetensors.numpy import load_file, save_file


def saved_and_read(array):
    save_file({"kernel": array}, "weights.safetensors")
    return load_file("weights.safetensors")["kernel"]


kernel = np.arange(6, dtype=np.float32).reshape(2, 3).T
read = saved_and_read(kernel)
print("saved", kernel.tolist())
print("read ", read.tolist())
assert read.shape == kernel.shape
assert read.tolist() == [[0, 1], [2, 3], [4, 5]] != kernel.tolist()

convolution = np.random.default_rng(0).random((8, 4, 3, 3), np.float32).transpose(2, 3, 1, 0)
view = np.array_equal(saved_and_read(convolution), convolution)
copy = np.array_equal(saved_and_read(np.ascontiguousarray(convolution)), convolution)
print(f"a convolution's kernel, transposed: equal {view}, after ascontiguousarray: {copy}")
assert copy and not view
PYTHON
