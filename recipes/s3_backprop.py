"""Session 3: backpropagation in a spreadsheet, every derivative a formula.

    python recipes/s3_backprop.py

What it shows: a net of eight weights learns two numbers by gradient descent, at six learning rates.
backprop.xlsx in the run's folder has one sheet per rate and one row per step, all live: change the
rate, a weight or a target, and the rows and the curve follow. The report shows the chain rule line
by line.

Checked: tests/zoo/fundamentals/test_backprop.py, against autodiff, differences and, where it is
installed, LibreOffice.
"""

from zoo import cli
from zoo.fundamentals import backprop_sheet
from zoo.fundamentals.backprop import RATES, descend
from zoo.report.page import Section
from zoo.report.plots import Plot, plots
from zoo.run import Run

SHOWN_RATE = 0.5
WEIGHTS = [f"w{n}" for n in range(1, 9)]


def main(out: str | None = None):
    run = Run.start(__file__, config=locals())

    workbook = backprop_sheet.write(run.folder / "backprop.xlsx")
    descents = {rate: descend(rate) for rate in RATES}

    first_steps = [
        {"step": f"{n}"} | {name: f"{row[name]:.4f}" for name in (*WEIGHTS, "E_total")}
        for n, row in enumerate(descents[SHOWN_RATE][:6], 1)
    ]
    run.print_table(first_steps, f"The first steps at rate {SHOWN_RATE}")
    run.console.print(f"spreadsheet: {workbook.resolve()}", soft_wrap=True)

    errors = {
        f"rate {rate}, last {rows[-1]['E_total']:.4f}": [row["E_total"] for row in rows]
        for rate, rows in descents.items()
    }
    weights = {name: [row[name] for row in descents[SHOWN_RATE]] for name in WEIGHTS}
    panels = [
        Plot("E_total at each learning rate", errors, xlabel="step"),
        Plot(f"The weights at rate {SHOWN_RATE}", weights, xlabel="step"),
    ]
    formulas = [
        {"number": name, "formula": formula.replace(" * ", " · ")}
        for name, formula in backprop_sheet.BOARD.items()
    ]
    sections = [
        Section(
            "Descent",
            "All rates start at the same weights. The inputs are small, so that w1 to w4, whose "
            "derivatives they multiply, hardly move: the outer layer does the learning.",
            plots(run.folder / "descent.png", panels, height=4),
        ),
        Section(
            f"The first steps at rate {SHOWN_RATE}",
            f"{workbook.name}, beside this page, has every step of every rate as live formulas.",
            table=first_steps,
        ),
        Section("The chain rule", "What each cell of the spreadsheet computes.", table=formulas),
    ]
    return run.report("Backpropagation by hand", sections)


if __name__ == "__main__":
    cli.run(main)
