#!/usr/bin/env bash
#
# keras 3.15.1 on torch 2.13.0 and on jax 0.10.2. keras.tree.map_structure over a dict whose keys
# are not in alphabetical order, with a function that draws a number for each leaf.
#
# Expected: the same program visits the leaves in the same order on every backend, as it does with
# lists, so that numbers from one seed go to the same leaves.
#
# Instead: jax visits the keys sorted, torch as they were put in. What is drawn for the inputs of a
# model by name differs from backend to backend, whatever the seed. keras.tree.flatten differs from
# map_structure on torch: it gives the leaves sorted on both.
#
# Output:
#
#     jax map_structure visits ['a', 'b'] flatten gives ['a', 'b']
#     torch map_structure visits ['b', 'a'] flatten gives ['a', 'b']
#
# Seen on 2026-11-28 with Python 3.11.
set -euo pipefail

folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet torch==2.13.0
"$folder/venv/bin/pip" install --quiet keras==3.15.1 jax==0.10.2
cd "$folder"

for case in "jax a b" "torch b a"; do
    set -- $case
    KERAS_BACKEND=$1 venv/bin/python - "$@" <<'PYTHON'
import sys

import keras

backend, *order = sys.argv[1:]
visited = []
keras.tree.map_structure(visited.append, {"b": "b", "a": "a"})
flat = keras.tree.flatten({"b": "b", "a": "a"})
print(backend, "map_structure visits", visited, "flatten gives", flat)
assert visited == order
assert flat == ["a", "b"]
PYTHON
done
