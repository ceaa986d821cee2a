#!/usr/bin/env bash
#
# keras-hub 0.32.0 with keras 3.15.1 on jax. The vision tower of CLIP, built from arguments.
#
# Expected: a vision transformer adds a learned position to each patch, so that an image whose
# patches change places is another image, and training moves the position of every patch.
#
# Instead: the layer looks positions up by ids that are a weight and start at 0, which only a
# preset's weights change. Every patch and the class token get row 0: the patches of an image can be
# shuffled and its embedding stays as it is. Training goes on so: it moves row 0 alone. The ids set
# to 0, 1, 2, ... before anything else repair it.
#
# Output:
#
#     position ids of 5 tokens: 0 0 0 0 0
#     embedding after two patches change places: moves by 0.000
#     rows of positions that a training step moves: 1 of 5
#     with ids 0 to 4: moves by more than 0.01
#
# Seen on 2026-11-28 with Python 3.11.
set -euo pipefail

folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet keras-hub==0.32.0 keras==3.15.1 jax==0.10.2
cd "$folder"
export TF_CPP_MIN_LOG_LEVEL=3

KERAS_BACKEND=jax venv/bin/python - 2>log <<'PYTHON' || { cat log; exit 1; }
import keras
import keras_hub
import numpy as np

keras.utils.set_random_seed(0)
tower = keras_hub.models.CLIPVisionEncoder(
    patch_size=8,
    hidden_dim=16,
    num_layers=1,
    num_heads=2,
    intermediate_dim=32,
    image_shape=(16, 16, 3),
)
layer = tower.embedding
ids = keras.ops.convert_to_numpy(layer.position_ids)[0]
print("position ids of 5 tokens:", *ids)
assert (ids == 0).all() and len(ids) == 5

rng = np.random.default_rng(0)
layer.position_embedding.set_weights([rng.normal(size=(5, 16))])
image = rng.normal(size=(1, 16, 16, 3)).astype("float32")
moved = image.copy()
moved[:, :8, :8], moved[:, 8:, 8:] = image[:, 8:, 8:], image[:, :8, :8]


def change():
    before, after = (tower.predict({"images": x}, verbose=0)[:, 0] for x in (image, moved))
    return np.abs(before - after).max()


print(f"embedding after two patches change places: moves by {change():.3f}")
assert change() < 1e-5

before = layer.position_embedding.get_weights()[0]
pooled = keras.layers.Dense(2)(tower.output[:, 0])
model = keras.Model(tower.input, pooled)
model.compile(keras.optimizers.SGD(0.1), "mse")
model.train_on_batch({"images": image}, np.ones((1, 2)))
rows = (layer.position_embedding.get_weights()[0] != before).any(axis=1)
print(f"rows of positions that a training step moves: {rows.sum()} of 5")
assert rows.tolist() == [True, False, False, False, False]

layer.position_ids.assign(np.arange(5)[None])
assert change() > 0.01
print("with ids 0 to 4: moves by more than 0.01")
PYTHON
