"""A recipe called from the command line."""

import _thread
import contextlib
import sys
import threading

from zoo.cli.errors import USER_ERRORS, end_with
from zoo.cli.flags import parse


def run(function, argv: list[str] | None = None):
    """Call a recipe's `main` with the flags of the command line; `--resume` brings its own.

    What a user can mend ends in one sentence on stderr and exit status 1, unless ZOO_DEBUG is set.
    """
    from zoo.training.callbacks.progress import close_bars  # Keras: `zoo list` does without it

    arguments = parse(function, sys.argv[1:] if argv is None else argv)
    try:
        with _control_c_is_heard():
            return function(**arguments)
    except KeyboardInterrupt:
        close_bars()
        hint = "; --resume with the run's folder goes on after its last epoch"
        print(f"\nstopped{hint if 'resume' in arguments else ''}", file=sys.stderr)
        sys.exit(130)
    except USER_ERRORS as error:
        close_bars()
        end_with(error)


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
