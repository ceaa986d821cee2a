"""The derivatives against autodiff and finite differences, the spreadsheet against numpy.

The formulas of the cells are computed twice: by the few lines of `Sheet` below, and by LibreOffice
where it is installed.
"""

import math
import re
import shutil
import subprocess

import numpy as np
import pytest
from keras import ops
from openpyxl import load_workbook

from zoo import backend
from zoo.fundamentals import backprop_sheet
from zoo.fundamentals.backprop import (
    INPUTS,
    RATES,
    TARGETS,
    WEIGHTS,
    backward,
    descend,
    forward,
    sigmoid,
)

elsewhere = np.random.default_rng(0).normal(size=(2, 8))
POINTS = [WEIGHTS, *elsewhere.tolist()]
HEADINGS = (
    "step i1 i2 t1 t2 w1 w2 w3 w4 w5 w6 w7 w8 h1 a_h1 h2 a_h2 o1 a_o1 o2 a_o2 E1 E2 E_total "
    "dE/dw1 dE/dw2 dE/dw3 dE/dw4 dE/dw5 dE/dw6 dE/dw7 dE/dw8"
).split()


def error_by_matrices(weights):
    """The same net in two products, (scalar, None) as the backend's gradient wants it."""
    inputs, targets = (ops.convert_to_tensor(v, "float32") for v in (INPUTS, TARGETS))
    hidden = ops.sigmoid(ops.matmul(ops.reshape(weights[:4], (2, 2)), inputs))
    output = ops.sigmoid(ops.matmul(ops.reshape(weights[4:], (2, 2)), hidden))
    return ops.sum((output - targets) ** 2) / 2, None


@pytest.mark.parametrize("weights", POINTS)
def test_each_derivative_is_autodiffs(weights):
    slopes, _ = backend.gradient(error_by_matrices, np.float32(weights))
    slopes = ops.convert_to_numpy(ops.stop_gradient(slopes))
    np.testing.assert_allclose(backward(weights), slopes, rtol=1e-4, atol=1e-7)


@pytest.mark.once
class TestNet:
    @pytest.mark.parametrize("weights", POINTS)
    def test_each_derivative_is_the_finite_difference(self, weights):
        weights = np.array(weights)
        for n, slope in enumerate(backward(weights)):
            step = 1e-5 * np.eye(8)[n]
            above, below = (forward(w)["E_total"] for w in (weights + step, weights - step))
            assert slope == pytest.approx((above - below) / 2e-5, rel=1e-6, abs=1e-11)

    def test_forward_is_as_worked_out_on_paper(self):
        numbers = forward()
        assert numbers["h1"] == pytest.approx(0.0275) and numbers["h2"] == pytest.approx(0.0425)
        assert numbers["a_h1"] == pytest.approx(1 / (1 + math.exp(-0.0275)))
        assert numbers["o2"] == pytest.approx(0.50 * numbers["a_h1"] + 0.55 * numbers["a_h2"])
        assert numbers["E1"] == pytest.approx(0.5 * (0.01 - numbers["a_o1"]) ** 2)
        assert numbers["E_total"] == pytest.approx(0.242519857, abs=1e-9)

    def test_sigmoid_stays_finite_far_out(self):
        np.testing.assert_allclose(sigmoid(np.array([-1000.0, 0.0, 1000.0])), [0, 0.5, 1])

    def test_descent_starts_at_the_weights_and_steps_against_the_gradient(self):
        first, second = descend(0.5, steps=2)
        assert [first[f"w{n}"] for n in range(1, 9)] == list(WEIGHTS)
        for n in range(1, 9):
            moved = first[f"w{n}"] - 0.5 * first[f"dE/dw{n}"]
            assert second[f"w{n}"] == pytest.approx(moved, rel=1e-12)

    def test_a_higher_of_the_courses_rates_has_a_lower_error_after_every_step(self):
        errors = np.array([[row["E_total"] for row in descend(rate)] for rate in RATES])
        assert (np.diff(errors, axis=1) < 0).all()
        assert (np.diff(errors[:, 1:], axis=0) < 0).all()

    @pytest.mark.parametrize(
        "call, message",
        [
            (lambda: forward(WEIGHTS[:7]), "weights=.* must be 8 finite numbers"),
            (lambda: forward(8), "weights=8 must be 8 finite numbers"),
            (lambda: forward((*WEIGHTS[:7], "0.5")), "weights=.* must be 8 finite numbers"),
            (lambda: backward((math.nan, *WEIGHTS[1:])), "weights"),
            (lambda: forward(inputs=(1,)), "inputs"),
            (lambda: forward(targets=(1, math.inf)), "targets"),
            (lambda: descend(0), "rate=0 must be a finite number, above 0"),
            (lambda: descend(math.nan), "rate=nan must be"),
            (lambda: descend("0.1"), "rate='0.1' must be"),
            (lambda: descend(0.1, steps=0), "steps=0 must be a whole number, 1 or more"),
            (lambda: descend(0.1, steps=2.5), "steps=2.5 must be"),
        ],
    )
    def test_says_what_is_wrong(self, call, message):
        with pytest.raises(ValueError, match=message):
            call()


class Sheet:
    """Computes the cells of a sheet from their formulas."""

    def __init__(self, sheet):
        self.cells = {cell.coordinate: cell.value for row in sheet for cell in row}

    def value(self, cell):
        if str(self.cells[cell]).startswith("="):
            python = re.sub(
                r"\$?([A-Z]{1,2})\$?(\d+)",
                lambda match: f"({self.value(match[1] + match[2])!r})",
                self.cells[cell][1:],
            )
            self.cells[cell] = eval(python.replace("^", "**").replace("EXP", "math.exp"))
        return self.cells[cell]

    def rows(self):
        """A dictionary a step, by the headings in row 3."""
        columns = [re.fullmatch(r"([A-Z]+)3", cell) for cell in self.cells]
        names = {match[1]: self.cells[match[0]] for match in columns if match}
        steps = [int(cell[1:]) for cell in self.cells if re.fullmatch(r"A\d+", cell)]
        return [
            {name: self.value(f"{column}{row}") for column, name in names.items() if name}
            for row in range(4, max(steps) + 1)
        ]


def assert_is_descent(rows, rate, **start):
    expected = descend(rate, len(rows), **start)
    for n, (row, numbers) in enumerate(zip(rows, expected, strict=True), 1):
        assert row["step"] == n and list(row) == HEADINGS
        for name, number in numbers.items():
            assert row[name] == pytest.approx(number, rel=1e-9, abs=1e-13), (rate, n, name)


@pytest.fixture(scope="module")
def workbook(tmp_path_factory):
    return backprop_sheet.write(tmp_path_factory.mktemp("sheets") / "backprop.xlsx")


@pytest.fixture(scope="module")
def book(workbook):
    return load_workbook(workbook)


@pytest.mark.once
class TestSpreadsheet:
    def test_has_the_derivation_and_a_sheet_a_rate_each_with_its_curve(self, book):
        assert book.sheetnames == ["derivation", *(f"rate {rate}" for rate in RATES)]
        assert [len(sheet._charts) for sheet in book] == [1] * 7
        assert all(sheet.freeze_panes == "B4" for sheet in book.worksheets[1:])

    @pytest.mark.parametrize("rate", RATES)
    def test_its_formulas_give_the_descent_in_numpy(self, book, rate):
        rows = Sheet(book[f"rate {rate}"]).rows()
        assert len(rows) == 100
        assert_is_descent(rows, rate)

    def test_all_below_the_first_row_is_formula(self, book):
        sheet = book["rate 0.5"]
        cells = [cell for row in sheet["B5:AF103"] for cell in row]
        assert len(cells) == 31 * 99 and all(cell.data_type == "f" for cell in cells)

    def test_a_student_changes_a_given_number_and_all_rows_follow(self, workbook):
        sheet = load_workbook(workbook)["rate 0.1"]
        given = {"C1": 0.3, "B4": 0.7, "E4": 0.25, "F4": -1.5, "M4": 0.9}
        for cell, number in given.items():
            assert sheet[cell].data_type == "n", f"{cell} is not a number to change"
            sheet[cell] = number
        start = {
            "inputs": (0.7, INPUTS[1]),
            "targets": (TARGETS[0], 0.25),
            "weights": (-1.5, *WEIGHTS[1:7], 0.9),
        }
        assert_is_descent(Sheet(sheet).rows(), 0.3, **start)

    def test_shows_every_derivative_on_its_first_sheet(self, book):
        shown = dict(list(book["derivation"].values)[2:])
        assert shown["dE/dw5"] == "dE/do1 · a_h1"
        assert {f"dE/dw{n}" for n in range(1, 9)} <= shown.keys()

    @pytest.mark.skipif(not shutil.which("soffice"), reason="LibreOffice is not installed")
    def test_libreoffice_computes_the_same(self, workbook, tmp_path):
        profile = f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}"
        command = ["soffice", profile, "--headless", "--convert-to", "xlsx", "--outdir", tmp_path]
        subprocess.run([*command, workbook], check=True, capture_output=True, timeout=120)
        book = load_workbook(tmp_path / "backprop.xlsx", data_only=True)
        for rate in RATES:
            assert_is_descent(Sheet(book[f"rate {rate}"]).rows(), rate)
        reached = list(book["derivation"].values)[-len(RATES) :]
        errors = [descend(rate)[-1]["E_total"] for rate in RATES]
        np.testing.assert_allclose(reached, list(zip(RATES, errors, strict=True)), rtol=1e-9)

    @pytest.mark.parametrize(
        "options, message",
        [
            ({"rates": ()}, "one number or more"),
            ({"rates": 0.1}, "one number or more"),
            ({"rates": "0.1"}, "one number or more"),
            ({"rates": (0.1, 0.1)}, "given once"),
            ({"rates": (0.1, -1)}, "rates=-1 must be a finite number, above 0"),
            ({"rates": (0.1, "1")}, "rates='1' must be a finite number"),
            ({"steps": 1}, "steps=1 must be a whole number, 2 or more"),
            ({"steps": 10.5}, "steps=10.5 must be a whole number"),
        ],
    )
    def test_says_what_is_wrong_before_it_writes(self, tmp_path, options, message):
        with pytest.raises(ValueError, match=message):
            backprop_sheet.write(tmp_path / "x.xlsx", **options)
        assert not (tmp_path / "x.xlsx").exists()
