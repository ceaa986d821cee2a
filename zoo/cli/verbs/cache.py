"""`zoo cache [--clear]`: the decoded images kept between runs, and where they lie."""

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table


def add_to(commands, name) -> None:
    parser = commands.add_parser(name, help="list or empty the cache of decoded images")
    parser.add_argument("--clear", action="store_true", help="delete what is in it")


def main(arguments) -> None:
    from zoo.datasets import cache  # Keras's settings name the folder: only where it is asked for

    console = Console(highlight=False)
    if arguments.clear:
        console.print(f"{cache.clear() / 1e6:,.0f} MB are free again")
        return
    table = Table(title="decoded images", title_justify="left", box=box.SIMPLE)
    table.add_column("dataset")
    table.add_column("MB", justify="right")
    for entry in cache.entries():
        table.add_row(escape(entry.name), f"{entry.size / 1e6:,.0f}")
    console.print(table)
    limit = f"{cache.SIZE_LIMIT / 1e9:,.0f} GB at most"
    console.print(
        f"in {cache.folder()}, {limit}; `zoo cache --clear` empties it",
        markup=False,
        soft_wrap=True,
    )
