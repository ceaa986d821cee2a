#!/usr/bin/env bash
#
# datasets 5.2.0 (Hugging Face). A table has a column of integer labels 0 to 11 that should
# become a class label column (train_test_split(stratify_by_column=...) asks for one).
#
# Expected: class_encode_column keeps the integers, as they are class numbers already.
#
# Instead: it makes strings of them, sorts the strings and numbers those: 0, 1, 10, 11, 2, ...
# so class 2 becomes 4 and class 10 becomes 2. With ten classes or fewer nothing changes, so
# it goes unnoticed on digits and permutes the labels of anything larger; a trained net's
# outputs no longer fit. cast_column(..., ClassLabel(num_classes=12)) keeps them.
#
# Output:
#
#     class_encode_column: [0, 1, 4, 5, 6, 7, 8, 9, 10, 11, 2, 3]
#     cast_column: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]
#     ten classes: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]
#
# Seen on 2026-11-27 with Python 3.11.
set -euo pipefail

folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet datasets==5.2.0 numpy==2.4.6
cd "$folder"

venv/bin/python - <<'PYTHON'
from datasets import ClassLabel, Dataset, disable_progress_bars

disable_progress_bars()


def table(classes):
    return Dataset.from_dict({"label": list(range(classes))})


encoded = table(12).class_encode_column("label")["label"][:]
cast = table(12).cast_column("label", ClassLabel(num_classes=12))["label"][:]
ten = table(10).class_encode_column("label")["label"][:]
print("class_encode_column:", encoded)
print("cast_column:", cast)
print("ten classes:", ten)
assert encoded == [0, 1, 4, 5, 6, 7, 8, 9, 10, 11, 2, 3]
assert cast == list(range(12)) and ten == list(range(10))
PYTHON
