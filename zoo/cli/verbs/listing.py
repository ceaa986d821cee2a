"""`zoo list [models|recipes|datasets]`: what there is, read from an index, without a backend."""

import fnmatch

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from zoo import contents

KINDS = ("models", "recipes", "datasets")


def add_to(commands, name) -> None:
    parser = commands.add_parser(name, help="models, recipes and datasets")
    parser.add_argument(
        "what",
        nargs="?",
        default="all",
        help=f"{', '.join(KINDS)}, or a shell pattern of model names; default: everything",
    )
    parser.add_argument("pattern", nargs="?", default="*", help="shell pattern of names")


def main(arguments) -> None:
    console = Console(highlight=False)
    if arguments.what in KINDS:
        kinds, pattern = [arguments.what], arguments.pattern
    else:
        kinds = KINDS if arguments.what == "all" else ["models"]
        pattern = "*" if arguments.what == "all" else arguments.what
    for kind in kinds:
        entries = contents.read()[kind]
        found = [entry for entry in entries if fnmatch.fnmatchcase(entry["name"], pattern)]
        if not found:
            names = ", ".join(entry["name"] for entry in entries)
            raise ValueError(f"no {kind.removesuffix('s')} matches {pattern!r}; there are {names}")
        console.print(_table(kind, found))


def _table(kind: str, entries: list[dict]) -> Table:
    look = {"box": box.SIMPLE_HEAD, "padding": (0, 1, 0, 0), "pad_edge": False}
    table = Table(title=kind, title_justify="left", **look)
    for heading in entries[0]:
        longest = max(len(entry[heading]) for entry in entries)
        # On a narrow terminal sentences wrap; names and numbers stay whole.
        whole = longest < 30
        table.add_column(heading, no_wrap=whole, min_width=longest if whole else None)
    for entry in entries:
        table.add_row(*map(escape, entry.values()))
    return table
