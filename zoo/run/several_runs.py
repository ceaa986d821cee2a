"""Finished runs side by side: the settings that differ, their curves, their results, as a page."""

import json
from collections.abc import Sequence
from pathlib import Path

from zoo.report import page
from zoo.report.page import Section
from zoo.run import comparison
from zoo.run.folder import read_json

NOT_SETTINGS = ("out", "resume", "data_dir")  # of the arguments: where, not what
SETTINGS = "What was not the same; an empty cell where a run has no such setting."
ENVIRONMENT = ("recipe", "backend", "device", "processor", "commit")


def compare(runs: Sequence[str | Path], path: str | Path) -> Path:
    """Write a page about runs, `path`, with its figures beside it.

    A run that trained several nets counts as that many.

    Args:
        runs: the folders of finished runs.
        path: of the page, `.html`.

    Raises:
        ValueError: if there are fewer than two nets, or a folder holds no finished run.
    """
    folders = {}
    for run in runs:
        folders |= _nets_of(Path(run).expanduser())
    if len(folders) < 2:
        raise ValueError(f"to compare, name the folders of two finished runs, not {len(folders)}")
    path = Path(path).expanduser()
    path.parent.mkdir(parents=True, exist_ok=True)
    results = [
        result | {"part": name}
        for name, result in zip(folders, comparison.results_of(folders), strict=True)
    ]
    configs = {name: read_json(folder / "config.json") for name, folder in folders.items()}
    sections = [
        Section("Results", "The last epoch of each.", table=comparison.table(results, {})),
        Section("Settings that differ", SETTINGS, table=differences(configs)),
        *comparison.curves(path.parent, results, folders),
    ]
    return page.write(
        path,
        title=f"{len(folders)} runs",
        subtitle=", ".join(dict.fromkeys(config["recipe"] for config in configs.values())),
        numbers=[],
        sections=[section for section in sections if section.table or section.picture],
        tables={},
        command=f"zoo compare {' '.join(map(str, runs))} --out={path}",
    )


def differences(configs: dict[str, dict]) -> list[dict[str, str]]:
    """One row per setting that is not the same for all: its name, then its value for each run."""
    settings = {name: _settings(config) for name, config in configs.items()}
    names = dict.fromkeys(setting for values in settings.values() for setting in values)
    rows = []
    for setting in names:
        values = {run: values.get(setting, "") for run, values in settings.items()}
        if len(set(values.values())) > 1:
            rows.append({"setting": setting.replace("_", " ")} | values)
    return rows


def _settings(config: dict) -> dict[str, str]:
    arguments = {k: v for k, v in config["arguments"].items() if k not in NOT_SETTINGS}
    environment = {key: config[key] for key in ENVIRONMENT if config.get(key) is not None}
    return {key: _text(value) for key, value in (arguments | environment).items()}


def _text(value) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _nets_of(run: Path) -> dict[str, Path]:
    """Label -> folder of each net that a run trained."""
    result = run / "result.json"
    if not result.exists():
        raise ValueError(f"{run} holds no result.json: it is no finished run")
    label = "/".join(run.resolve().parts[-2:])
    if not isinstance(read_json(result), list):
        return {label: run}
    parts = sorted(path.parent for path in run.glob("*/result.json"))
    return {f"{label}/{part.name}": part for part in parts}
