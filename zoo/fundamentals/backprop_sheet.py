"""Backpropagation as a spreadsheet: one sheet per learning rate, one row per step, all formulas.

A cell computes from its own row, the weights from the row above: w - rate * dE/dw. The rate stands
in one cell, inputs, targets and the first weights in the first row; change one and all follow.

Source: The School of AI, EVA session 3, the spreadsheet exercise.
"""

import re
from collections.abc import Sequence
from pathlib import Path

from openpyxl import Workbook
from openpyxl.chart import Reference, ScatterChart, Series
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter

from zoo import checks
from zoo.fundamentals.backprop import INPUTS, RATES, TARGETS, WEIGHTS

# The formulas on the board: each derivative is the one before it times one more link of the chain.
BOARD = {
    "h1": "w1 * i1 + w2 * i2",
    "a_h1": "1 / (1 + EXP(-h1))",
    "h2": "w3 * i1 + w4 * i2",
    "a_h2": "1 / (1 + EXP(-h2))",
    "o1": "w5 * a_h1 + w6 * a_h2",
    "a_o1": "1 / (1 + EXP(-o1))",
    "o2": "w7 * a_h1 + w8 * a_h2",
    "a_o2": "1 / (1 + EXP(-o2))",
    "E1": "(t1 - a_o1)^2 / 2",
    "E2": "(t2 - a_o2)^2 / 2",
    "E_total": "E1 + E2",
    "dE/da_o1": "a_o1 - t1",
    "dE/da_o2": "a_o2 - t2",
    "dE/do1": "dE/da_o1 * a_o1 * (1 - a_o1)",
    "dE/do2": "dE/da_o2 * a_o2 * (1 - a_o2)",
    "dE/dw5": "dE/do1 * a_h1",
    "dE/dw6": "dE/do1 * a_h2",
    "dE/dw7": "dE/do2 * a_h1",
    "dE/dw8": "dE/do2 * a_h2",
    "dE/da_h1": "dE/do1 * w5 + dE/do2 * w7",
    "dE/da_h2": "dE/do1 * w6 + dE/do2 * w8",
    "dE/dh1": "dE/da_h1 * a_h1 * (1 - a_h1)",
    "dE/dh2": "dE/da_h2 * a_h2 * (1 - a_h2)",
    "dE/dw1": "dE/dh1 * i1",
    "dE/dw2": "dE/dh1 * i2",
    "dE/dw3": "dE/dh2 * i1",
    "dE/dw4": "dE/dh2 * i2",
}
GIVEN = {"i": INPUTS, "t": TARGETS, "w": WEIGHTS}
FIRST = {f"{letter}{n}": v for letter, values in GIVEN.items() for n, v in enumerate(values, 1)}
SLOPES = [f"dE/d{name}" for name in FIRST if name[0] == "w"]
GROUPS = {  # heading over a group of columns -> the columns, their colour
    "inputs": (["i1", "i2"], "DCE8FB"),
    "targets": (["t1", "t2"], "FBE3DC"),
    "weights": (list(FIRST)[4:], "E3F2E8"),
    "hidden layer: sum, sigmoid": (["h1", "a_h1", "h2", "a_h2"], "DCE8FB"),
    "output layer: sum, sigmoid": (["o1", "a_o1", "o2", "a_o2"], "EDE3F8"),
    "error": (["E1", "E2", "E_total"], "FBE3DC"),
    "gradient of E_total": (SLOPES, "FFF1CC"),
}
NAMES = ["step", *(name for names, _ in GROUPS.values() for name in names)]
COLUMN = {name: get_column_letter(n) for n, name in enumerate(NAMES, 1)}
RATE_CELL, ERROR_CELL = "$C$1", "$I$1"
GROUP_ROW, HEADER_ROW, FIRST_ROW = 2, 3, 4
BOLD = Font("Calibri", 11, bold=True)
BLUE = Font("Calibri", 11, bold=True, color="2F6FDE")


def write(path: str | Path, rates: Sequence[float] = RATES, steps: int = 100) -> Path:
    """Write the workbook; returns its path.

    Raises:
        ValueError: if there are no rates, one is given twice or is not above 0 and finite, or
            `steps` is not a whole number of 2 or more.
        OSError: if the file cannot be written.
    """
    if not isinstance(rates, Sequence) or isinstance(rates, str) or not len(rates):
        raise ValueError(f"rates={rates!r} must be one number or more, in a list")
    rates = [float(checks.number("rates", rate, above=0)) for rate in rates]
    if len(set(rates)) < len(rates):
        raise ValueError(f"rates={rates!r}: each must be given once")
    checks.whole_number("steps", steps, least=2)  # a curve needs two points
    book = Workbook()
    board = book.active
    sheets = [_descent(book.create_sheet(f"rate {rate}"), rate, steps) for rate in rates]
    _derivation(board, sheets, steps)
    book.save(path)
    return Path(path)


def _descent(sheet, rate: float, steps: int):
    """One learning rate: the formulas of every step, and the curve of the error to their right."""
    last = FIRST_ROW + steps - 1
    sheet["A1"], sheet[RATE_CELL] = "learning rate", rate
    sheet["F1"], sheet[ERROR_CELL] = f"E_total at step {steps}", f"={COLUMN['E_total']}{last}"
    sheet["K1"] = "Blue numbers are given: change one and every row follows."
    _headings(sheet)
    for row in range(FIRST_ROW, last + 1):
        for name, letter in COLUMN.items():
            cell = sheet[f"{letter}{row}"]
            cell.value = _content(name, row)
            cell.number_format = _number_format(name)
    for cell in ("A1", "F1", ERROR_CELL):
        sheet[cell].font = BOLD
    for cell in (RATE_CELL, *(f"{COLUMN[name]}{FIRST_ROW}" for name in FIRST)):
        sheet[cell].font = BLUE
    sheet[RATE_CELL].number_format, sheet[ERROR_CELL].number_format = "0.0##", "0.000000"
    for name, letter in COLUMN.items():
        sheet.column_dimensions[letter].width = 10 if name in BOARD or name[0] == "w" else 6
    sheet.freeze_panes = f"B{FIRST_ROW}"
    sheet.print_title_rows = f"{GROUP_ROW}:{HEADER_ROW}"
    sheet.add_chart(_chart([sheet], steps), f"{get_column_letter(len(NAMES) + 2)}{HEADER_ROW}")
    _landscape(sheet)
    return sheet


def _content(name: str, row: int):
    """The content of a cell: a given number in the first row, else a formula."""
    if name == "step":
        return row - FIRST_ROW + 1
    if name in BOARD:
        return "=" + _in_cells(BOARD[name], row)
    if row == FIRST_ROW:
        return FIRST[name]
    return "=" + _in_cells(f"{name} - rate * dE/d{name}" if name[0] == "w" else name, row - 1)


def _in_cells(formula: str, row: int) -> str:
    """The formula with each name replaced by its cell, or by its own formula if it has none."""

    def cell(match):
        name = match[0]
        if name in COLUMN:
            return f"{COLUMN[name]}{row}"
        if name not in BOARD:
            return {"rate": RATE_CELL}.get(name, name)  # EXP stays
        inner = _in_cells(BOARD[name], row)
        is_sum = re.search(r" [+-] ", re.sub(r"\(.*?\)", "", BOARD[name]))
        return f"({inner})" if is_sum else inner

    return re.sub(r"dE/d\w+|[A-Za-z]\w*", cell, formula)


def _number_format(name: str) -> str:
    return {"s": "0", "i": "0.00", "t": "0.00"}.get(name[0], "0.000000")


def _headings(sheet) -> None:
    sheet[f"A{HEADER_ROW}"] = "step"
    for title, (names, color) in GROUPS.items():
        sheet[f"{COLUMN[names[0]]}{GROUP_ROW}"] = title
        sheet.merge_cells(f"{COLUMN[names[0]]}{GROUP_ROW}:{COLUMN[names[-1]]}{GROUP_ROW}")
        for name in names:
            sheet[f"{COLUMN[name]}{HEADER_ROW}"] = name
            for row in (GROUP_ROW, HEADER_ROW):
                sheet[f"{COLUMN[name]}{row}"].fill = PatternFill("solid", color)
    for cell in (*sheet[GROUP_ROW], *sheet[HEADER_ROW]):
        cell.font, cell.alignment = BOLD, Alignment("center")
        cell.border = Border(bottom=Side("thin" if cell.row == HEADER_ROW else None))


def _derivation(sheet, sheets, steps: int) -> None:
    """The first sheet: the board, and the error that each rate reaches."""
    sheet.title = "derivation"
    lines = [(name, formula.replace(" * ", " · ")) for name, formula in BOARD.items()]
    derivatives = list(BOARD).index("dE/da_o1")
    table = [
        ("Backpropagation by hand", ""),
        ("", ""),
        ("Forward", "two inputs, two hidden and two output neurons, sigmoids, no biases"),
        *lines[:derivatives],
        ("", ""),
        ("Backward", "the chain rule; a sigmoid a(x) has the derivative a · (1 - a)"),
        *lines[derivatives:],
        ("", ""),
        ("Step", "w becomes w - rate · dE/dw"),
        ("", ""),
        ("Learning rate", f"E_total at step {steps}"),
    ]
    for row, line in enumerate(table, 1):
        sheet.append(line)
        sheet.cell(row, 1).font = BOLD
    sheet["A1"].font = Font("Calibri", 16, bold=True)
    for descent in sheets:
        sheet.append((f"='{descent.title}'!{RATE_CELL}", f"='{descent.title}'!{ERROR_CELL}"))
        for cell, number_format in zip(sheet[sheet.max_row], ("0.0##", "0.000000"), strict=True):
            cell.number_format, cell.alignment = number_format, Alignment("left")
    sheet.column_dimensions["A"].width, sheet.column_dimensions["B"].width = 16, 62
    sheet.sheet_view.showGridLines = False
    sheet.add_chart(_chart(sheets, steps), "C3")
    _landscape(sheet)


def _chart(sheets, steps: int) -> ScatterChart:
    """E_total over the steps, one line per sheet."""
    chart = ScatterChart(scatterStyle="lineMarker")
    chart.title, chart.width, chart.height = "E_total over the steps", 22, 11
    # By default Excel hides the axes, and draws title and legend over the lines.
    chart.x_axis.delete = chart.y_axis.delete = False
    chart.title.overlay = chart.legend.overlay = False
    chart.x_axis.scaling.min, chart.x_axis.scaling.max = 0, steps
    chart.x_axis.number_format, chart.y_axis.number_format = "0", "0.00"
    chart.x_axis.majorGridlines = None
    error, last = NAMES.index("E_total") + 1, FIRST_ROW + steps - 1
    for sheet in sheets:
        x, y = (Reference(sheet, column, FIRST_ROW, column, last) for column in (1, error))
        line = Series(y, x, title=sheet.title)
        line.marker.symbol, line.smooth = "none", False
        chart.append(line)
    if len(sheets) == 1:
        chart.legend = None
    return chart


def _landscape(sheet) -> None:
    """Printed in landscape: one page wide, as many pages long as needed."""
    sheet.page_setup.orientation, sheet.page_setup.paperSize = "landscape", sheet.PAPERSIZE_A3
    sheet.page_setup.fitToHeight = 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
