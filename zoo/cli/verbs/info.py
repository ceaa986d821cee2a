"""`zoo info NAME`: a model's card and summary, or what a recipe shows."""

import difflib

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from zoo import contents


def add_to(commands, name) -> None:
    parser = commands.add_parser(name, help="a model's card and summary, or a recipe's description")
    parser.add_argument("name", help="of a model or a recipe")


def main(arguments) -> None:
    recipes = contents.recipes()
    if arguments.name in recipes:
        _print_recipe(arguments.name, recipes[arguments.name])
    else:
        _print_model(arguments.name, recipes)


def _print_recipe(name, path) -> None:
    console = Console(highlight=False)
    console.print(contents.docstring(path), markup=False)
    entry = next(e for e in contents.read()["recipes"] if e["name"] == name)
    if entry["best result"]:
        console.print(f"\nBest result: {escape(entry['best result'])}")


def _print_model(name, recipes) -> None:
    import zoo  # a backend: only where a model is built

    if name not in zoo.list_models():
        near = difflib.get_close_matches(name, [*zoo.list_models(), *recipes], n=3, cutoff=0.5)
        meant = f"; nearest: {', '.join(near)}" if near else ""
        raise ValueError(f"no model or recipe named {name!r}{meant}; `zoo list` shows all of them")
    card = zoo.card(name)
    table = Table(title=name, title_justify="left", show_header=False, box=box.SIMPLE)
    for label, text in card.rows():
        table.add_row(label, escape(text))
    console = Console()
    console.print(table)
    console.print(zoo.summary(zoo.get(name)).table())
