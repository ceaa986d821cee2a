"""zoo list | info NAME | run RECIPE [--flags]; and the flags of a recipe from its signature."""

import _thread
import argparse
import contextlib
import difflib
import importlib.util
import inspect
import json
import os
import runpy
import sys
import threading
import types
import typing
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table

import zoo
from zoo.training.callbacks.progress import close_bars

USER_ERRORS = (ValueError, OSError, ImportError, FloatingPointError)


def run(function, argv: list[str] | None = None):
    """Call a recipe's `main` with the flags of the command line; `--resume` brings its own.

    A flag is a keyword of the function, its type the default's or the annotation's. What a user
    can mend ends in one sentence on stderr and exit status 1, unless ZOO_DEBUG is set.
    """
    arguments = parse(function, sys.argv[1:] if argv is None else argv)
    try:
        with _control_c_is_heard():
            return function(**arguments)
    except KeyboardInterrupt:
        close_bars()
        how = "; --resume with the run's folder goes on after its last epoch"
        print(f"\nstopped{how if 'resume' in arguments else ''}", file=sys.stderr)
        sys.exit(130)
    except USER_ERRORS as error:
        close_bars()
        _exit(error)


@contextlib.contextmanager
def _control_c_is_heard():
    """Ctrl-C in a destructor or a callback of the garbage collector is dropped there: repeat it."""
    usual = sys.unraisablehook

    def hook(unraisable):
        if unraisable.exc_type is KeyboardInterrupt:
            threading.Timer(0.1, _thread.interrupt_main).start()  # when the callback is over
        else:
            usual(unraisable)

    sys.unraisablehook = hook
    try:
        yield
    finally:
        sys.unraisablehook = usual


def parse(function, argv: list[str]) -> dict:
    """The keyword arguments that `argv` asks of `function`; exits with a message if it cannot."""
    parser = _Parser(
        prog=Path(inspect.getfile(function)).name,
        description=inspect.getdoc(sys.modules.get(function.__module__))
        or inspect.getdoc(function),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    hints = typing.get_type_hints(function)
    for name, parameter in inspect.signature(function).parameters.items():
        kind = hints.get(name, type(parameter.default))
        kind = next((t for t in typing.get_args(kind) if t is not types.NoneType), kind)
        flag, default = f"--{name.replace('_', '-')}", parameter.default
        help_text = "" if default is None else f"default {default}"
        if kind is bool:
            parser.add_argument(
                flag, action=argparse.BooleanOptionalAction, default=default, help=help_text
            )
        else:
            parser.add_argument(
                flag, type=kind, default=default, metavar=kind.__name__, help=help_text
            )
    wanted = vars(parser.parse_args(argv))
    if wanted.get("resume") is not None:
        saved = _saved_arguments(wanted["resume"])
        parser.set_defaults(**{key: saved[key] for key in wanted.keys() & saved.keys()})
        wanted = vars(parser.parse_args(argv))
    return wanted


class _Parser(argparse.ArgumentParser):
    """Names the nearest flag when one is unknown."""

    def parse_args(self, args=None, namespace=None):
        known, unknown = self.parse_known_args(args, namespace)
        if unknown:
            flag = unknown[0].partition("=")[0]
            near = difflib.get_close_matches(flag, self._option_string_actions, n=1)
            meant = f"; did you mean {near[0]}?" if near else "; --help lists the flags"
            self.error(f"unknown argument {unknown[0]}{meant}")
        return known


def _saved_arguments(folder: str) -> dict:
    """The arguments a run was started with; none where that cannot be told (its start says so)."""
    try:
        config = (Path(folder).expanduser() / "config.json").read_text()
        return dict(json.loads(config)["arguments"])
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def recipes() -> dict[str, Path]:
    """Name -> file of every recipe."""
    spec = importlib.util.find_spec("zoo.recipes")
    folder = Path(next(iter(spec.submodule_search_locations)))
    return {path.stem: path for path in sorted(folder.glob("s[0-9]*.py"))}


def main(argv: list[str] | None = None) -> None:
    """The `zoo` command."""
    parser = _Parser(prog="zoo", description=zoo.__doc__, allow_abbrev=False)
    commands = parser.add_subparsers(dest="command", required=True, metavar="list | info | run")
    listing = commands.add_parser("list", help="models, datasets and recipes", allow_abbrev=False)
    listing.add_argument("pattern", nargs="?", default="*", help="shell pattern of model names")
    info = commands.add_parser("info", help="a model's card and summary", allow_abbrev=False)
    info.add_argument("name")
    running = commands.add_parser("run", help="run a recipe", add_help=False, allow_abbrev=False)
    running.add_argument("recipe")
    running.add_argument("flags", nargs=argparse.REMAINDER)
    wanted = parser.parse_args(argv)
    try:
        if wanted.command == "list":
            _list(wanted.pattern)
        elif wanted.command == "info":
            _info(wanted.name)
        else:
            _run(wanted.recipe, wanted.flags)
    except USER_ERRORS as error:
        _exit(error)


def _list(pattern: str) -> None:
    names = zoo.list_models(pattern)
    if not names:
        raise ValueError(f"no model matches {pattern!r}; there are {', '.join(zoo.list_models())}")
    table = Table(title="models", title_justify="left", box=box.SIMPLE)
    for heading in ("name", "session", "dataset", "weights", "summary"):
        table.add_column(heading, no_wrap=heading != "summary")
    of_none = 99  # those of no session come last
    for card in sorted(map(zoo.card, names), key=lambda card: card.session or of_none):
        session = "" if card.session is None else str(card.session)
        weights = ", ".join(card.weights)
        table.add_row(card.name, session, card.dataset or "", weights, card.summary)
    console = Console()
    console.print(table)
    console.print(f"datasets  {', '.join(zoo.datasets.names())}", highlight=False)
    console.print(f"recipes   {', '.join(recipes())}", highlight=False)


def _info(name: str) -> None:
    card = zoo.card(name)
    table = Table(title=name, title_justify="left", show_header=False, box=box.SIMPLE)
    for label, text in card.rows():
        table.add_row(label, text)
    console = Console()
    console.print(table)
    console.print(zoo.summary(zoo.get(name)).table())


def _run(recipe: str, flags: list[str]) -> None:
    known = recipes()
    if recipe not in known:
        near = difflib.get_close_matches(recipe, known, n=3, cutoff=0.4) or known
        raise ValueError(f"no recipe named {recipe!r}; nearest: {', '.join(near)}")
    sys.argv = [str(known[recipe]), *flags]
    runpy.run_path(str(known[recipe]), run_name="__main__")


def _exit(error: Exception):
    if os.environ.get("ZOO_DEBUG"):
        raise error
    text = error.strerror if isinstance(error, OSError) and error.strerror else error
    name = getattr(error, "filename", None)
    print(f"error: {text}{f': {name}' if name else ''}", file=sys.stderr)
    sys.exit(1)
