"""report.html: one file that opens anywhere, pictures inside."""

import base64
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import jinja2

from zoo.storage import write_atomically


@dataclass(frozen=True)
class Section:
    """A heading, a sentence that says how to read what follows, and a picture or a table.

    A table is a sequence of rows, one key per column; `folded` hides it until it is clicked.
    """

    heading: str
    text: str = ""
    picture: Path | None = None
    table: Sequence[Mapping[str, object]] = ()
    folded: bool = False
    failure: str = ""  # why the picture could not be drawn

    @property
    def data(self) -> str:
        """The picture in base64, as a page carries it; empty where the file is missing."""
        path = Path(self.picture)
        return base64.b64encode(path.read_bytes()).decode() if path.exists() else ""


def as_section(item) -> Section:
    """A section, or the one that a callback such as `GradCAMReport` has drawn.

    Raises:
        ValueError: if it is neither.
    """
    section = getattr(item, "section", item)
    if not isinstance(section, Section):
        raise ValueError(
            f"{item!r} is no Section(heading, text, picture), nor a callback that draws one"
        )
    return section


def drawn(heading: str, text: str, draw: Callable[[], Path]) -> Section:
    """The section of the picture that `draw()` writes.

    A training is worth more than its pictures: where drawing fails there is a warning, and a
    section that says why.
    """
    try:
        return Section(heading, text, draw())
    except Exception as error:
        failure = f"{type(error).__name__}: {error}"
        warnings.warn(f"{heading!r} could not be drawn: {failure}", stacklevel=2)
        return Section(heading, text, failure=failure)


def pictures_left_out(folder: Path, sections: Sequence[Section]) -> list[str]:
    """The names of the PNG files in a folder that no section shows."""
    shown = {Path(section.picture).name for section in sections if section.picture}
    return sorted({path.name for path in folder.glob("*.png")} - shown)


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
    """Write the page; whatever goes wrong, an older one stays whole.

    Args:
        numbers: (number, label) pairs, large at the top.
        sections: pictures and tables in reading order.
        tables: heading -> label -> value.
        command: the shell command that starts the same run again.
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.globals["text_columns"] = _text_columns
    page = environment.get_template("report.html.j2").render(
        title=title,
        subtitle=subtitle,
        numbers=numbers,
        sections=sections,
        tables=tables,
        command=command,
    )
    # A file name that is no UTF-8 reaches Python as lone surrogates, which UTF-8 does not have.
    content = page.encode("utf-8", errors="backslashreplace")
    write_atomically(path, lambda file: file.write(content))
    return Path(path)


def _text_columns(table: Sequence[Mapping[str, object]]) -> set[str]:
    """The columns of words, sentences and lists, aligned left; numbers are aligned right."""

    def is_text(cell: str) -> bool:
        return cell[:1].isalpha() or len(cell) > 20 or cell.count(" ") > 2

    return {key for key in table[0] if any(is_text(str(row[key])) for row in table)}
