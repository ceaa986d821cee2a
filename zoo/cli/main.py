"""The `zoo` command: its verbs."""

from zoo.cli.errors import USER_ERRORS, end_with
from zoo.cli.parser import Parser
from zoo.cli.verbs import cache, compare, generate, info, listing, predict, run

VERBS = {
    "list": listing,
    "info": info,
    "run": run,
    "compare": compare,
    "predict": predict,
    "generate": generate,
    "cache": cache,
}


def main(argv: list[str] | None = None) -> None:
    """Parse `argv`, do what its verb says; a user's mistake ends in one sentence."""
    description = "A vision course as a Keras 3 model zoo, on tensorflow, torch and jax."
    parser = Parser(prog="zoo", description=description)
    commands = parser.add_subparsers(dest="verb", required=True, metavar=" | ".join(VERBS))
    for name, verb in VERBS.items():
        verb.add_to(commands, name)
    arguments = parser.parse_args(argv)
    try:
        VERBS[arguments.verb].main(arguments)
    except USER_ERRORS as error:
        end_with(error)
