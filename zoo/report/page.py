"""report.html: one file that opens anywhere, pictures inside."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import jinja2


@dataclass(frozen=True)
class Section:
    """A heading, a sentence that says how to read what follows, and a picture or a table.

    A table is rows, a column a key; `folded` hides it until it is asked for.
    """

    heading: str
    text: str = ""
    picture: Path | None = None
    table: Sequence[Mapping[str, object]] = ()
    folded: bool = False

    @property
    def data(self) -> str:
        """The picture in base64, as a page carries it."""
        return base64.b64encode(Path(self.picture).read_bytes()).decode()


def write(
    path: str | Path,
    *,
    title: str,
    subtitle: str,
    numbers: Sequence[tuple[str, str]],
    sections: Sequence[Section],
    tables: Mapping[str, Mapping[str, object]],
    command: str,
) -> Path:
    """Write the page.

    Args:
        numbers: (number, what it is) pairs, large at the top.
        sections: pictures and tables in reading order.
        tables: heading -> label -> value.
        command: what makes this run again.
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.globals["prose_columns"] = _prose_columns
    page = environment.get_template("report.html.j2").render(
        title=title,
        subtitle=subtitle,
        numbers=numbers,
        sections=sections,
        tables=tables,
        command=command,
    )
    Path(path).write_text(page, encoding="utf-8")
    return Path(path)


def _prose_columns(table: Sequence[Mapping[str, object]]) -> set[str]:
    """The columns of sentences and lists, which read from the left; numbers stand on the right."""

    def reads(cell: str) -> bool:
        return len(cell) > 20 or cell.count(" ") > 2

    return {key for key in table[0] if any(reads(str(row[key])) for row in table)}
