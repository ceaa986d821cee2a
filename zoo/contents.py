"""What the zoo holds, known without importing a backend: models, recipes, datasets.

`contents.json` is written from the cards, the recipes' docstrings and the measured results by
`python results/record.py`; a test fails when it is stale.
"""

import ast
import importlib.util
import json
from pathlib import Path

PATH = Path(__file__).with_suffix(".json")


def read() -> dict[str, list[dict[str, str]]]:
    """The entries: "models", "recipes" and "datasets" -> one per item, heading -> text."""
    return json.loads(PATH.read_text(encoding="utf-8"))


def recipes() -> dict[str, Path]:
    """Name -> file of every recipe, in the order of the course."""
    spec = importlib.util.find_spec("zoo.recipes")
    folder = Path(next(iter(spec.submodule_search_locations)))
    return {path.stem: path for path in sorted(folder.glob("s[0-9]*.py"), key=_session_and_name)}


def docstring(recipe: Path) -> str:
    """The module docstring of a recipe, which is not run for it."""
    return ast.get_docstring(ast.parse(recipe.read_text(encoding="utf-8"))) or ""


def session(recipe: str) -> float:
    """The session of a recipe, from its name: 2.5 of s2_5_mnist_sum."""
    whole, *rest = recipe.removeprefix("s").split("_")
    part = rest[0] if rest and rest[0].isdigit() else "0"
    return float(f"{whole}.{part}")


def _session_and_name(path: Path):
    return session(path.stem), path.stem
