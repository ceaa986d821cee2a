"""What a run prints: names and paths as they are, never read as rich's markup."""

from collections.abc import Mapping, Sequence

from rich import box
from rich.console import Console
from rich.table import Column, Table


def new_console() -> Console:
    """A console that takes `[bold]` and `:smile:` in a name for text, and colours no numbers."""
    return Console(highlight=False, markup=False, emoji=False)


def text_table(
    rows: Sequence[Mapping[str, object]], title: str | None = None, *, without: str = ""
) -> Table:
    """Rows as a table for the console, one column per key; `without` leaves one out."""
    rows = [{key: cell for key, cell in row.items() if key != without} for row in rows]
    columns = [Column(heading, overflow="fold") for heading in rows[0]]
    look = {"box": box.SIMPLE_HEAD, "padding": (0, 1, 0, 0), "pad_edge": False}
    table = Table(*columns, title=title, title_justify="left", **look)
    for row in rows:
        table.add_row(*map(str, row.values()))
    return table
