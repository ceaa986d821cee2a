"""The flags of a recipe, from the signature of its `main`.

A flag is a keyword, its type the default's or the annotation's, its help the comment behind the
parameter, or for the flags that most recipes share what stands here.
"""

import argparse
import ast
import inspect
import io
import json
import sys
import textwrap
import tokenize
import types
import typing
from pathlib import Path

from zoo.cli.parser import Parser

SHARED = {
    "model": "a registered model; `zoo list` shows them",
    "dataset": "a dataset's name, or the path of a folder, zip or text file",
    "epochs": "passes over the training data",
    "batch_size": "images per step",
    "learning_rate": "of the optimizer",
    "max_lr": "the highest learning rate of the cycle",
    "weight_decay": "decoupled, of the kernels",
    "label_smoothing": "share of the target that is spread over all classes",
    "l1": "L1 penalty on the kernels",
    "l2": "L2 penalty on the kernels",
    "seed": "of weights, order, augmentation and dropout",
    "limit": "train on so many images only",
    "precision": "float32, mixed_float16 or mixed_bfloat16",
    "deterministic": "the same bits on every run, more slowly",
    "data_dir": "where to look for the data first",
    "out": "the run's folder; default runs/<recipe>/<time>",
    "resume": "the folder of a run to go on with",
}


def parse(function, argv: list[str]) -> dict:
    """The keyword arguments that `argv` asks of `function`; exits with a message if it cannot.

    With `--resume` the arguments that are not given are those that the run was started with.
    """
    parser = Parser(
        prog=Path(inspect.getfile(function)).name,
        description=inspect.getdoc(sys.modules.get(function.__module__))
        or inspect.getdoc(function),
    )
    hints, comments = typing.get_type_hints(function), comments_of(function)
    for name, parameter in inspect.signature(function).parameters.items():
        kind = hints.get(name, type(parameter.default))
        kind = next((t for t in typing.get_args(kind) if t is not types.NoneType), kind)
        flag, default = f"--{name.replace('_', '-')}", parameter.default
        text = comments.get(name) or SHARED.get(name, "")
        if default is not None and kind is not bool:
            text = f"{text} (default {default})".strip()
        text = text.replace("%", "%%")
        if kind is bool:
            action = argparse.BooleanOptionalAction
            parser.add_argument(flag, action=action, default=default, help=text)
        else:
            metavar = kind.__name__
            parser.add_argument(flag, type=kind, default=default, metavar=metavar, help=text)
    arguments = vars(parser.parse_args(argv))
    if arguments.get("resume") is not None:
        saved = saved_arguments(arguments["resume"])
        parser.set_defaults(**{key: saved[key] for key in arguments.keys() & saved.keys()})
        arguments = vars(parser.parse_args(argv))
    return arguments


def comments_of(function) -> dict[str, str]:
    """Parameter -> the comment at the end of its line; none where there is no source."""
    try:
        source = textwrap.dedent(inspect.getsource(function))
        definition = ast.parse(source).body[0]
        tokens = list(tokenize.generate_tokens(io.StringIO(source).readline))
    except (OSError, TypeError, SyntaxError, tokenize.TokenError):
        return {}
    comments = {
        token.start[0]: token.string.lstrip("# ")
        for token in tokens
        if token.type == tokenize.COMMENT
    }
    arguments = [*definition.args.args, *definition.args.kwonlyargs]
    return {a.arg: comments[a.lineno] for a in arguments if a.lineno in comments}


def saved_arguments(folder: str) -> dict:
    """The arguments a run was started with; none where that cannot be told (its start says so)."""
    try:
        config = (Path(folder).expanduser() / "config.json").read_text()
        return dict(json.loads(config)["arguments"])
    except (OSError, ValueError, KeyError, TypeError):
        return {}
