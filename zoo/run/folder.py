"""A run's folder: made, locked, removed when nothing came of it; and what is written there."""

import atexit
import contextlib
import errno
import itertools
import json
import subprocess
import time
from pathlib import Path

import filelock

from zoo.storage import lock, write_atomically

UNUSED = {"config.json", ".lock"}  # what a folder holds in which nothing has been made yet


def new_folder(recipe: str, out: str | Path | None) -> tuple[Path, filelock.BaseFileLock]:
    """Make `out`, or runs/<recipe>/<time>, and take its lock.

    When the process ends before anything else is written there, the folder goes again.

    Raises:
        OSError: if it cannot be made, holds something already, or another process has taken it;
            says what to do.
    """
    folder, made = _make(Path(out).expanduser()) if out else _make_unique(recipe)
    try:
        held = lock(folder)
    except BlockingIOError:
        raise BlockingIOError(
            errno.EAGAIN, f"--out {out}: another run is starting there; name a new folder"
        ) from None
    if not _is_unused(folder):
        held.release()
        raise FileExistsError(
            errno.EEXIST,
            f"--out {out} exists already; name a new folder, or go on with what is in it by "
            f"--resume={out}",
        )
    atexit.register(_discard_if_unused, folder, held, made)
    return folder, held


def locked_folder(folder: Path) -> filelock.BaseFileLock:
    """The lock of a run that is resumed; temporary files of its killed process are removed.

    Raises:
        BlockingIOError: if another process has it.
    """
    try:
        held = lock(folder)
    except BlockingIOError:
        raise BlockingIOError(
            errno.EAGAIN,
            f"--resume {folder}: another process is running it; wait until that has finished",
        ) from None
    for leftover in folder.rglob(".*.tmp"):
        leftover.unlink(missing_ok=True)
    return held


def _make_unique(recipe: str) -> tuple[Path, list[Path]]:
    """Make runs/<recipe>/<time>, numbered where several runs start within one second."""
    folder = Path("runs") / recipe / time.strftime("%Y%m%d-%H%M%S")
    for number in itertools.count(1):
        suffix = f"-{number}" if number > 1 else ""
        with contextlib.suppress(FileExistsError):
            return _make(folder.with_name(folder.name + suffix), exist_ok=False)


def _make(folder: Path, exist_ok: bool = True) -> tuple[Path, list[Path]]:
    """Make a folder and those above it; it, and all that did not exist, innermost first."""
    made = [path for path in (folder, *folder.parents) if not path.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=exist_ok)
    except OSError as error:
        raise type(error)(
            error.errno,
            f"the run's folder {folder} cannot be made ({error.strerror}); "
            f"name one that can with --out",
        ) from None
    return folder, made


def _is_unused(folder: Path) -> bool:
    """Whether the only files are those that a start writes."""
    return {path.name for path in folder.rglob("*") if not path.is_dir()} <= UNUSED


def _discard_if_unused(folder: Path, held: filelock.BaseFileLock, made: list[Path]) -> None:
    """Remove a folder in which no training, picture or page was made, and those above it."""
    with contextlib.suppress(OSError):
        if _is_unused(folder):
            for path in sorted(folder.rglob("*"), reverse=True):
                path.rmdir() if path.is_dir() else path.unlink()
            for path in made:
                path.rmdir()
    held.release(force=True)


def commit() -> str:
    """The commit of the source tree, `-dirty` with changes in it; "" for an installed wheel."""
    here = Path(__file__).parent

    def git(*arguments):
        command = ["git", "-C", str(here), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    try:
        git("ls-files", "--error-unmatch", Path(__file__).name)  # not the repository of a user
        changed = git("status", "--porcelain", "--untracked-files=no")
        return git("rev-parse", "--short=10", "HEAD") + ("-dirty" if changed else "")
    except (OSError, subprocess.CalledProcessError):
        return ""


def read_json(path: Path):
    return json.loads(path.read_text())


def write_json(path: Path, content) -> None:
    text = json.dumps(content, indent=2, default=str) + "\n"
    write_atomically(path, lambda file: file.write(text.encode()))
