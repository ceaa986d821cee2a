"""Files that survive a kill, and folders that one process uses at a time.

write_atomically(path, lambda file: file.write(data))

with locked(folder):
    ...  # read, change, write
"""

import contextlib
import errno
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

import filelock

_TEMPORARY = re.compile(r"\..+-(\d+)\.tmp")  # .<name>-<process id>.tmp


def write_atomically(path: str | Path, write: Callable[[BinaryIO], object]) -> None:
    """Call `write(file)` on a temporary file beside `path`, then give it that name.

    Whatever goes wrong (a full disk, a kill), `path` stays what it was. Temporary files that killed
    processes left in the folder are removed.

    Raises:
        OSError: if the file cannot be written.
    """
    path = Path(path)
    remove_leftovers(path.parent)
    temporary = path.with_name(f".{path.name}-{os.getpid()}.tmp")
    try:
        with open(temporary, "wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def remove_leftovers(folder: Path) -> None:
    """Delete the temporary files of `write_atomically` whose process no longer runs."""
    for path in folder.glob(".*.tmp"):
        match = _TEMPORARY.fullmatch(path.name)
        if match and not _runs(int(match[1])):
            with contextlib.suppress(OSError):  # another process was faster
                path.unlink()


def lock(path: str | Path, wait: float = 0.0) -> filelock.BaseFileLock:
    """Take the lock of a file or folder, until `release()` or the end of the process.

    It is the operating system's lock on an empty file, `.lock` in a folder and `.<name>.lock`
    beside a file. A process that dies gives it up; the empty file stays and means nothing. It
    holds between processes: the same thread may take it again.

    Args:
        path: a folder that exists, or a file whose folder does.
        wait: seconds to wait for another process that has it.

    Raises:
        BlockingIOError: if another process has it.
        OSError: if the lock file cannot be written.
    """
    path = Path(path)
    name = path / ".lock" if path.is_dir() else path.with_name(f".{path.name}.lock")
    # A singleton: a notebook whose training was interrupted still holds the lock when it resumes.
    held = filelock.FileLock(name, is_singleton=True)
    try:
        held.acquire(timeout=wait)
    except filelock.Timeout:
        raise BlockingIOError(
            errno.EAGAIN, f"another process is using {path}; wait until it has finished"
        ) from None
    return held


@contextlib.contextmanager
def locked(path: str | Path, wait: float = 10.0) -> Iterator[None]:
    """The lock of a file or folder for the length of a `with` block; arguments as of `lock`."""
    held = lock(path, wait)
    try:
        yield
    finally:
        held.release()


def _runs(process: int) -> bool:
    """Whether a process of this number may be running."""
    if os.name != "posix":  # elsewhere os.kill(process, 0) is no question
        return True
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:
        pass  # it runs, as somebody else's
    return True
