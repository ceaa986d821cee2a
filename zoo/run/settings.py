"""The arguments of a recipe: checked before a folder is made, described in config.json."""

import importlib.util
import json
import shlex
import time
from collections.abc import Mapping
from pathlib import Path

from zoo import backend, checks
from zoo.run.folder import commit

PRECISIONS = ("float32", "mixed_float16", "mixed_bfloat16")
NOT_CONFIGURATION = ("out", "resume", "data_dir")  # where things lie does not change a result

WHOLE_NUMBERS = {  # argument -> the least that makes a training
    "epochs": 1,
    "batch_size": 1,
    "limit": 1,
    "images": 1,
    "small": 1,
    "large": 1,
    "patience": 0,
    "seed": 0,
}
ABOVE_ZERO = ("learning_rate", "max_lr", "until", "span")
ZERO_OR_MORE = ("weight_decay", "l1", "l2", "peak_epoch", "eta")
FLAGS = ("deterministic", "binary")
OPTIONAL = ("limit", "max_lr", "peak_epoch")  # None leaves them to the recipe


def checked(config: Mapping[str, object]) -> dict[str, object]:
    """The arguments that make a result, without those that say where things lie.

    Raises:
        ValueError: if one of those above is not such a number, flag or path, or the precision is
            unknown.
    """
    arguments = {k: v for k, v in config.items() if k not in NOT_CONFIGURATION}
    given = {k: v for k, v in arguments.items() if v is not None or k not in OPTIONAL}
    for name in WHOLE_NUMBERS.keys() & given.keys():
        arguments[name] = checks.whole_number(name, given[name], least=WHOLE_NUMBERS[name])
    for name in given:
        if name in ABOVE_ZERO:
            checks.number(name, given[name], above=0)
        elif name in ZERO_OR_MORE:
            checks.number(name, given[name], least=0)
        elif name in FLAGS:
            checks.flag(name, given[name])
    for name in NOT_CONFIGURATION:
        if config.get(name) is not None:
            checks.path(name, config[name])
    checks.one_of("precision", arguments.get("precision", "float32"), PRECISIONS)
    return arguments


def described(recipe: Path, arguments: dict[str, object], task: str | None) -> dict:
    """What config.json says of a run that starts now."""
    return {
        "recipe": recipe.stem,
        "command": f"zoo run {recipe.stem}" if _is_of_the_zoo(recipe) else f"python {recipe}",
        "arguments": json.loads(json.dumps(arguments, default=str)),  # as a resumed run reads them
        "task": task,
        "backend": backend.NAME,
        "device": backend.device(),
        "processor": backend.processor(),
        "onednn": backend.onednn(),
        "versions": backend.versions(),
        "commit": commit(),
        "started": time.strftime("%Y-%m-%d %H:%M:%S"),
    }


def command(config: Mapping) -> str:
    """The shell command that starts a run of this config.json again."""
    flags = []
    for name, value in config["arguments"].items():
        flag = f"--{name.replace('_', '-')}"
        if value is True:
            flags.append(flag)
        elif value is not None and value is not False:
            flags.append(f"{flag}={value}")
    script = config.get("command", f"zoo run {config['recipe']}")
    return f"KERAS_BACKEND={config['backend']} {script} {shlex.join(flags)}"


def _is_of_the_zoo(recipe: Path) -> bool:
    """Whether `zoo run` knows a recipe."""
    folders = importlib.util.find_spec("zoo.recipes").submodule_search_locations
    inside = recipe.resolve().parent in [Path(folder).resolve() for folder in folders]
    return inside and recipe.exists()
