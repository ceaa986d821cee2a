"""`zoo run RECIPE [--flags]`."""

import argparse
import difflib
import runpy
import sys

from zoo import contents


def add_to(commands, name) -> None:
    parser = commands.add_parser(name, help="run a recipe", add_help=False)
    parser.add_argument("recipe", help="`zoo list recipes` shows them")
    parser.add_argument("flags", nargs=argparse.REMAINDER, help="the recipe's; --help lists them")


def main(arguments) -> None:
    recipes = contents.recipes()
    if arguments.recipe not in recipes:
        near = difflib.get_close_matches(arguments.recipe, recipes, n=3, cutoff=0.4) or recipes
        raise ValueError(f"no recipe named {arguments.recipe!r}; nearest: {', '.join(near)}")
    path = str(recipes[arguments.recipe])
    sys.argv = [path, *arguments.flags]
    runpy.run_path(path, run_name="__main__")
