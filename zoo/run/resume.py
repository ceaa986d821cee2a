"""Whether a run may go on, and how its config.json says what each part of it was made with."""

import json
from pathlib import Path

ABSENT = "not an argument"


def resumable(folder: Path, now: dict) -> dict:
    """The config.json of a run that goes on with the settings `now`.

    Device, versions and commit may have changed in between; then they read `old, then new`.

    Raises:
        ValueError: if the folder holds no run, or one of another recipe, backend or arguments.
    """
    try:
        then = json.loads((folder / "config.json").read_text())
        changes = _changes(then, now)
        then |= {key: _continued(then[key], now[key]) for key in ("device", "commit")}
        processor = then.get("processor", now["processor"])  # older runs do not name theirs
        then["processor"] = _continued(processor, now["processor"])
        then |= {key: now[key] for key in ("task", "onednn")}
        then["versions"] = {
            name: _continued(then["versions"].get(name, "none"), version)
            for name, version in now["versions"].items()
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(
            f"--resume {folder} is not the folder of a run (config.json: {error})"
        ) from error
    if changes:
        listed = "; ".join(f"{name} was {old}, now {new}" for name, (old, new) in changes.items())
        raise ValueError(f"{folder} cannot resume with different settings: {listed}")
    return then


def newest(config: dict) -> dict:
    """The config of a part that begins after a resume: of `old, then new` the new one."""
    versions = {name: _last(version) for name, version in config["versions"].items()}
    changeable = {key: _last(config[key]) for key in ("device", "processor", "commit")}
    return config | changeable | {"versions": versions}


def _changes(then: dict, now: dict) -> dict[str, tuple]:
    """What differs between two configurations, by name: (old value, new value)."""
    if then["recipe"] != now["recipe"]:
        return {"recipe": (then["recipe"], now["recipe"])}
    old, new = then["arguments"], now["arguments"]
    changes = {
        f"--{name.replace('_', '-')}": (old.get(name, ABSENT), new.get(name, ABSENT))
        for name in [*new, *(old.keys() - new.keys())]
        if old.get(name) != new.get(name)
    }
    if then["backend"] != now["backend"]:
        changes["backend"] = (then["backend"], now["backend"])
    return changes


def _continued(then: str, now: str) -> str:
    return then if _last(then) == now else f"{then}, then {now}"


def _last(text: str) -> str:
    return text.rpartition(", then ")[2]
