"""report.html: one file that opens anywhere, pictures inside."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import jinja2


@dataclass(frozen=True)
class Section:
    """A heading, a sentence that says how to read what follows, and a picture."""

    heading: str
    text: str
    picture: Path

    @property
    def data(self) -> str:
        return base64.b64encode(self.picture.read_bytes()).decode()


def write(
    path: str | Path,
    *,
    title: str,
    subtitle: str,
    numbers: Sequence[tuple[str, str]],
    sections: Sequence[Section],
    epochs: Sequence[Mapping[str, str]],
    tables: Mapping[str, Mapping[str, object]],
    command: str,
) -> Path:
    """Write the page.

    Args:
        numbers: (number, what it is) pairs, large at the top.
        sections: pictures in reading order.
        epochs: rows of one table, a column a key.
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
    page = environment.get_template("report.html.j2").render(
        title=title,
        subtitle=subtitle,
        numbers=numbers,
        sections=sections,
        epochs=epochs,
        tables=tables,
        command=command,
    )
    Path(path).write_text(page, encoding="utf-8")
    return Path(path)
