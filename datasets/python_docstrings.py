"""Labelled text that ships with Python: docstrings, and the package that each describes.

Embedded, so no download: about 1,300 docstrings of six packages of the standard library, read from
their files without running them. They differ a little from version to version of Python, so
results on them name it. A docstring that stands in several places is kept once.
"""

import ast
import sysconfig
from pathlib import Path

from zoo.datasets.labelled_text import LabelledTexts, of_classes

CLASS_NAMES = ("asyncio", "email", "importlib", "logging", "unittest", "xml")
LEAST = 8  # words
WITH_DOCSTRING = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def load() -> LabelledTexts:
    """The docstrings of eight words or more, a fifth of each package held out, always the same.

    Raises:
        FileNotFoundError: if Python came without the source of its library.
    """
    library, seen, texts = Path(sysconfig.get_path("stdlib")), set(), {}
    for package in CLASS_NAMES:
        texts[package] = []
        for path in sorted((library / package).rglob("*.py")):
            for text in _docstrings(path):
                if len(text.split()) >= LEAST and text not in seen:
                    seen.add(text)
                    texts[package].append(text)
        if not texts[package]:
            raise FileNotFoundError(
                f"{library / package} has no docstrings: this Python came without the source of "
                f"its standard library; use another, or a folder of labelled texts"
            )
    return of_classes("python_docstrings", texts, None)


def _docstrings(path: Path) -> list[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found = [ast.get_docstring(node) for node in ast.walk(tree) if isinstance(node, WITH_DOCSTRING)]
    return [text for text in found if text]
