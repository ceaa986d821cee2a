"""The command line: the verbs of `zoo`, and a recipe's flags from its signature."""

from zoo.cli.flags import parse
from zoo.cli.main import main
from zoo.cli.recipe import run

__all__ = ["main", "parse", "run"]
