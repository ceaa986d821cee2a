"""Attention as a spreadsheet: three patches of four numbers, two heads, every step a formula.

The patches and the four matrices are given; change one and everything follows. The matrices stand
left of what is computed with them, row by row as the attention goes.
"""

from pathlib import Path

import numpy as np
from openpyxl import Workbook
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter

from zoo.fundamentals.attention import Projections

HEADS, WIDTH = 2, 4
PATCHES = np.array([[1.0, 0.0, 1.0, 0.0], [0.0, 2.0, 0.0, 1.0], [1.0, 1.0, 0.0, -1.0]])
PROJECTIONS = Projections(
    query=np.array([[1.0, 0, 0, 1], [0, 1, 1, 0], [1, 0, 1, 0], [0, 1, 0, 1]]),
    key=np.array([[0.0, 1, 1, 0], [1, 0, 0, 1], [1, 1, 0, 0], [0, 0, 1, 1]]),
    value=np.array([[1.0, 2, 0, 0], [0, 1, 1, 0], [0, 0, 1, 2], [2, 0, 0, 1]]),
    output=np.array([[1.0, 0, 0, 0.5], [0, 1, 0.5, 0], [0, 0.5, 1, 0], [0.5, 0, 0, 1]]),
    biases=np.zeros((4, WIDTH)),
)
TOKENS = len(PATCHES)
BOLD, BLUE = Font("Calibri", 11, bold=True), Font("Calibri", 11, color="2F6FDE")
GIVEN, COMPUTED = PatternFill("solid", "DCE8FB"), PatternFill("solid", "EDE3F8")
# Name of a block of cells -> its first row and column, its numbers of rows and columns.
BLOCKS = {
    "patches": (4, 2, TOKENS, WIDTH),
    "W of the queries": (10, 2, WIDTH, WIDTH),
    "queries": (10, 8, TOKENS, WIDTH),
    "W of the keys": (17, 2, WIDTH, WIDTH),
    "keys": (17, 8, TOKENS, WIDTH),
    "W of the values": (24, 2, WIDTH, WIDTH),
    "values": (24, 8, TOKENS, WIDTH),
    "scores of head 1": (10, 14, TOKENS, TOKENS),
    "exponentials of head 1": (10, 19, TOKENS, TOKENS),
    "attention of head 1": (10, 24, TOKENS, TOKENS),
    "scores of head 2": (17, 14, TOKENS, TOKENS),
    "exponentials of head 2": (17, 19, TOKENS, TOKENS),
    "attention of head 2": (17, 24, TOKENS, TOKENS),
    "gathered by both heads": (24, 14, TOKENS, WIDTH),
    "W that merges the heads": (24, 19, WIDTH, WIDTH),
    "output": (24, 24, TOKENS, WIDTH),
}
NOTES = {
    "queries": "patches x W",
    "keys": "patches x W",
    "values": "patches x W",
    "scores of head 1": "queries x keys, columns 1 and 2, over the root of 2",
    "scores of head 2": "the same of columns 3 and 4",
    "exponentials of head 1": "e^score",
    "exponentials of head 2": "e^score",
    "attention of head 1": "each over the sum of its row",
    "attention of head 2": "each over the sum of its row",
    "gathered by both heads": "attention x values, each head its two columns",
    "output": "gathered x W",
}


def write(path: str | Path) -> Path:
    """Write the workbook; returns its path.

    Raises:
        OSError: if the file cannot be written.
    """
    book = Workbook()
    sheet = book.active
    sheet.title = "attention"
    sheet["A1"], sheet["A1"].font = "Attention by hand", Font("Calibri", 16, bold=True)
    sheet["A2"] = "Three patches of four numbers, two heads. Blue numbers are given: change one."
    matrices = {
        "patches": PATCHES,
        "W of the queries": PROJECTIONS.query,
        "W of the keys": PROJECTIONS.key,
        "W of the values": PROJECTIONS.value,
        "W that merges the heads": PROJECTIONS.output,
    }
    for name, (top, left, rows, columns) in BLOCKS.items():
        sheet.cell(top - 2, left, name).font = BOLD
        sheet.cell(top - 1, left, NOTES.get(name)).font = Font("Calibri", 9, italic=True)
        for row in range(rows):
            for column in range(columns):
                cell = sheet.cell(top + row, left + column)
                given = name in matrices
                value = float(matrices[name][row, column]) if given else _formula(name, row, column)
                cell.value, cell.fill = value, GIVEN if given else COMPUTED
                cell.font = BLUE if given else Font("Calibri", 11)
                cell.number_format, cell.alignment = "0.000", Alignment("center")
    for column in range(1, 29):
        sheet.column_dimensions[get_column_letter(column)].width = 8
    sheet.sheet_view.showGridLines = False
    sheet.page_setup.orientation = "landscape"
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    book.save(path)
    return Path(path)


def values(sheet) -> dict[str, np.ndarray]:
    """The numbers of every block of a computed sheet."""
    return {
        name: np.array(
            [
                [sheet.cell(top + row, left + column).value for column in range(columns)]
                for row in range(rows)
            ],
            float,
        )
        for name, (top, left, rows, columns) in BLOCKS.items()
    }


def _formula(name: str, row: int, column: int) -> str:
    kind, _, head = name.partition(" of head ")
    if kind == "scores":  # a head has two of the four columns
        columns = range(2 * int(head) - 2, 2 * int(head))
        products = [f"{_at('queries', row, i)}*{_at('keys', column, i)}" for i in columns]
        return f"=({'+'.join(products)})/SQRT(2)"
    if kind == "exponentials":
        return f"=EXP({_at(f'scores of head {head}', row, column)})"
    if kind == "attention":
        exponentials = f"exponentials of head {head}"
        row_sum = f"SUM({_at(exponentials, row, 0)}:{_at(exponentials, row, TOKENS - 1)})"
        return f"={_at(exponentials, row, column)}/{row_sum}"
    if name == "gathered by both heads":
        weights = f"attention of head {1 + column // 2}"
        return _product(weights, "values", row, column, TOKENS)
    left, right = {
        "queries": ("patches", "W of the queries"),
        "keys": ("patches", "W of the keys"),
        "values": ("patches", "W of the values"),
        "output": ("gathered by both heads", "W that merges the heads"),
    }[name]
    return _product(left, right, row, column, WIDTH)


def _product(left: str, right: str, row: int, column: int, count: int) -> str:
    """One number of a matrix product, term by term."""
    terms = [f"{_at(left, row, i)}*{_at(right, i, column)}" for i in range(count)]
    return f"={'+'.join(terms)}"


def _at(name: str, row: int, column: int) -> str:
    """The cell of a block's number."""
    top, left, _, _ = BLOCKS[name]
    return f"{get_column_letter(left + column)}{top + row}"
