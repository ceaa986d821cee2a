"""Put the weights of a finished run into the package.

    python results/ship_weights.py runs/s6_dilated/20261123-120000

Writes zoo/weights/<model>-<dataset>.weights.h5, in half precision where float32 takes over 1 MB,
and its entry in zoo/weights/entries.json, from which the model's card knows it. A test measures the
entry's result again from the file.
"""

import argparse
import hashlib
import importlib
import json
from pathlib import Path

import keras
import numpy as np

import zoo
from zoo.storage import locked, write_atomically
from zoo.weights import FOLDER

FLOAT32_BYTES = 1_000_000  # a larger file is written in half precision
MOST_BYTES = 16_000_000
ENTRIES = FOLDER / "entries.json"


def ship(run: Path, note: str = "") -> Path:
    """Write the file of weights and its entry; returns the path of the file.

    Raises:
        SystemExit: if the run holds no single finished net, or one that cannot ship.
    """
    try:
        result = json.loads((run / "result.json").read_text())
        trained = keras.models.load_model(run / "model.keras", compile=False)
    except (OSError, ValueError) as error:
        raise SystemExit(f"{run} holds no net of a finished run: {error}") from error
    if isinstance(result, list):
        raise SystemExit(f"{run} trained several nets: give the folder of one, a level below")
    if result["dataset"] not in zoo.datasets.names():
        raise SystemExit(f"{run} trained on {result['dataset']}, which a user cannot load by name")
    if 2 * trained.count_params() > MOST_BYTES:
        raise SystemExit(f"{trained.name}: over {MOST_BYTES:,} bytes even in half precision")
    if 4 * trained.count_params() > FLOAT32_BYTES:
        keras.config.set_dtype_policy("float16")
    net = zoo.get(result["model"])
    weights = [w.astype(net.variable_dtype) for w in trained.get_weights()]
    if not all(np.isfinite(w).all() for w in weights):
        raise SystemExit(f"{trained.name}: not all weights are finite as {net.variable_dtype}")
    try:
        net.set_weights(weights)
    except ValueError as error:
        raise SystemExit(f"{run} trained {net.name} with options of its own: {error}") from error
    path = FOLDER / f"{net.name}-{result['dataset']}.weights.h5"
    net.save_weights(path)
    entry = {
        "file": path.name,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "dataset": result["dataset"],
        "image_shape": net.input_shape[1:],
        **statistics(result["dataset"], net.input_shape[1:]),
        "metric": result["metric"],
        "value": result["value"],
        **{key: result[key] for key in ("recipe", "epochs", "seed", "backend", "commit")},
        "note": note,
    }
    with locked(ENTRIES):
        entries = json.loads(ENTRIES.read_text())
        entries.setdefault(net.name, {})[result["dataset"]] = entry
        text = json.dumps(entries, indent=2, sort_keys=True) + "\n"
        write_atomically(ENTRIES, lambda file: file.write(text.encode()))
    return path


def statistics(dataset: str, image_shape) -> dict:
    """Mean, standard deviation and class names: beside the loader, or of the data themselves."""
    try:
        module = importlib.import_module(f"zoo.datasets.{dataset}")
        return {"mean": module.MEAN, "std": module.STD, "class_names": module.CLASS_NAMES}
    except (ImportError, AttributeError):
        data = zoo.datasets.load(dataset, image_shape=image_shape)
    rounded = {name: [round(x, 4) for x in getattr(data, name)] for name in ("mean", "std")}
    return rounded | {"class_names": data.class_names}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__,
        allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("run", type=Path)
    parser.add_argument("--note", default="", help="what differs, such as a re-encoded dataset")
    arguments = parser.parse_args()
    path = ship(arguments.run, arguments.note)
    print(f"{path}: {path.stat().st_size:,} bytes, described in {ENTRIES.name}")
