"""Session 3: backpropagation in a spreadsheet, every derivative a formula.

    python recipes/s3_backprop.py

A net of eight weights learns two numbers by gradient descent, at six learning rates. backprop.xlsx
in the run's folder holds a sheet a rate and in it a row a step, all live: change the rate, a weight
or a target, and the rows and the curve follow. The report shows the chain rule line by line.

Checked: tests/zoo/fundamentals/test_backprop.py, against autodiff, differences and, where it is
installed, LibreOffice.
"""

from zoo import cli
from zoo.fundamentals import spreadsheet
from zoo.fundamentals.backprop import RATES, descend
from zoo.report.page import Section
from zoo.report.plots import Plot, plots
from zoo.run import Run

SHOWN, WEIGHTS = 0.5, [f"w{n}" for n in range(1, 9)]


def main(out: str | None = None):
    run = Run.start(__file__, config=locals())

    workbook = spreadsheet.write(run.folder / "backprop.xlsx")
    descents = {rate: descend(rate) for rate in RATES}

    first = [
        {"step": f"{n}"} | {name: f"{row[name]:.4f}" for name in (*WEIGHTS, "E_total")}
        for n, row in enumerate(descents[SHOWN][:6], 1)
    ]
    run.print_table(first, f"The first steps at rate {SHOWN}")
    run.console.print(f"spreadsheet: {workbook.resolve()}", soft_wrap=True)

    errors = {
        f"rate {rate}, last {rows[-1]['E_total']:.4f}": [row["E_total"] for row in rows]
        for rate, rows in descents.items()
    }
    weights = {name: [row[name] for row in descents[SHOWN]] for name in WEIGHTS}
    lines = [
        Plot("E_total at each learning rate", errors, xlabel="step"),
        Plot(f"The weights at rate {SHOWN}", weights, xlabel="step"),
    ]
    board = [
        {"of the net": name, "is": formula.replace(" * ", " · ")}
        for name, formula in spreadsheet.BOARD.items()
    ]
    sections = [
        Section(
            "Descent",
            "All rates start at the same weights. The inputs are small, so that w1 to w4, whose "
            "derivatives they multiply, hardly move: the outer layer does the learning.",
            plots(run.folder / "descent.png", lines, height=4),
        ),
        Section(
            f"The first steps at rate {SHOWN}",
            f"{workbook.name}, beside this page, has every step of every rate as live formulas.",
            table=first,
        ),
        Section("The board", "What each cell of the spreadsheet computes.", table=board),
    ]
    return run.report("Backpropagation by hand", sections)


if __name__ == "__main__":
    cli.run(main)
