"""`zoo compare RUN RUN...`: settings that differ, curves and results of runs, as a page."""

import sys


def add_to(commands, name) -> None:
    parser = commands.add_parser(name, help="finished runs side by side, as a page")
    parser.add_argument("runs", nargs="+", metavar="RUN", help="the folder of a finished run")
    parser.add_argument(
        "--out", default="comparison/report.html", help="the page (default comparison/report.html)"
    )


def main(arguments) -> None:
    from zoo.run.several_runs import compare  # a backend: only where runs are read

    path = compare(arguments.runs, arguments.out)
    sys.stdout.write(f"report: {path.resolve()}\n")
