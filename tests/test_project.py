"""The house: what is packaged, and that its arrows go down."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FLOORS = (  # a file may import from its own floor and from those after it
    "cli",
    "run",
    "serializable",
    "training",
    "prediction",
    "report",
    "explain",
    "inspect",
    "detection",
    "image_text",
    "language",
    "models",
    "layers",
    "registry",
    "weights",
    "tasks",
    "datasets",
    "backend",
    "fundamentals",
    "storage",
    "contents",
    "checks",
)

pytestmark = pytest.mark.once


def sources():
    """(module name, text) of every file of the library."""
    for folder, package in ((ROOT / "zoo", "zoo"), (ROOT / "datasets", "zoo.datasets")):
        for path in sorted(folder.rglob("*.py")):
            inside = path.relative_to(folder).with_suffix("").parts
            yield ".".join((package, *inside)).removesuffix(".__init__"), path.read_text()


def test_every_package_is_in_the_wheel():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    folders = {p.parent.relative_to(ROOT) for p in (ROOT / "zoo").rglob("__init__.py")}
    folders |= {
        Path("zoo") / p.parent.relative_to(ROOT) for p in ROOT.glob("datasets/**/__init__.py")
    }
    expected = {".".join(folder.parts) for folder in folders} | {"zoo.recipes"}
    assert set(settings["packages"]) == expected


def test_arrows_go_down():
    seen = 0
    for module, text in sources():
        if module == "zoo":
            continue
        here = FLOORS.index(module.split(".")[1])
        imports = re.findall(r"^from zoo import ([\w, ]+)", text, re.MULTILINE)
        targets = [name for group in imports for name in re.findall(r"(\w+)(?: as \w+)?", group)]
        targets += re.findall(r"^from zoo\.(\w+)", text, re.MULTILINE)
        for target in targets:
            if target in FLOORS:
                seen += 1
                assert FLOORS.index(target) >= here, f"{module} imports {target}"
    assert seen > 20


def test_only_the_backend_room_touches_private_keras():
    pattern = re.compile(
        r"keras\.src|\b(?!self\b)\w+\._(?:nodes_by_depth|inbound_nodes|iterations)"
    )
    guilty = [module for module, text in sources() if pattern.search(text)]
    assert {module.split(".")[1] for module in guilty} == {"backend"}


def test_what_is_declared_is_used():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    modules = {
        "opencv-python-headless": "cv2",
        "pillow": "PIL",
        "scikit-learn": "sklearn",
        "Jinja2": "jinja2",
    }
    texts = [text for _, text in sources()]
    texts += [path.read_text() for path in (ROOT / "recipes").glob("*.py")]
    imported = set(re.findall(r"^\s*(?:from|import) +(\w+)", "\n".join(texts), re.MULTILINE))
    declared = [re.match(r"[\w-]+", requirement)[0] for requirement in project["dependencies"]]
    assert {modules.get(name, name) for name in declared} <= imported
