#!/usr/bin/env bash
#
# scikit-learn 1.9.1. Two scores of one and the same, valid prediction.
#
# log_loss clips probabilities by the machine epsilon of their type. Expected: the same value
# for the same numbers. Instead: one confident mistake in two pictures costs 7.97 with float32
# predictions, 18.02 with float64 and 3.46 with float16. Keras and PyTorch nets predict
# float32, a cast on the way more than doubles the reported loss.
#
# matthews_corrcoef of perfect predictions is 0.0, the value of a coin, once the pictures are
# all of one class (a small validation batch, a one-vs-rest split), while accuracy and
# balanced accuracy are 1.
#
# Output:
#
#     float16 3.46
#     float32 7.97
#     float64 18.02
#     all right, one class: matthews_corrcoef 0.0, accuracy 1.0
#
# Seen on 2026-11-27 with Python 3.11.
set -euo pipefail

folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet scikit-learn==1.9.1 numpy==2.4.6
cd "$folder"

venv/bin/python - <<'PYTHON'
import warnings

import numpy as np
from sklearn import metrics

losses = {}
for name in ("float16", "float32", "float64"):
    predicted = np.array([[1, 0], [1, 0]], name)  # the second picture is class 1
    losses[name] = float(metrics.log_loss([0, 1], predicted))
    print(f"{name} {losses[name]:.2f}")
assert [round(value, 2) for value in losses.values()] == [3.46, 7.97, 18.02]

warnings.simplefilter("ignore")
coefficient = float(metrics.matthews_corrcoef([1, 1, 1], [1, 1, 1]))
accuracy = float(metrics.accuracy_score([1, 1, 1], [1, 1, 1]))
print(f"all right, one class: matthews_corrcoef {coefficient}, accuracy {accuracy}")
assert coefficient == 0 and accuracy == 1
PYTHON
