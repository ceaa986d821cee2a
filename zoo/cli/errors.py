"""What a user can mend, in one sentence on stderr."""

import os
import sys

USER_ERRORS = (ValueError, OSError, ImportError, FloatingPointError)


def end_with(error: Exception):
    """Print the error and exit with status 1; with ZOO_DEBUG set, raise it with its traceback."""
    if os.environ.get("ZOO_DEBUG"):
        raise error
    text = error.strerror if isinstance(error, OSError) and error.strerror else error
    name = getattr(error, "filename", None)
    print(f"error: {text}{f': {name}' if name else ''}", file=sys.stderr)
    sys.exit(1)
