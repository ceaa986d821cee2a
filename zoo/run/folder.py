"""A run's folder: made, opened again, and what is written of where it comes from."""

import json
import subprocess
import time
from pathlib import Path

from zoo.datasets.files import write_atomically


def new_folder(recipe: str, out) -> Path:
    """Make `out`, or runs/<recipe>/<time>; OSError with what to do if it cannot be made."""
    folder = (
        Path(out).expanduser() if out else Path("runs") / recipe / time.strftime("%Y%m%d-%H%M%S")
    )
    for attempt in range(1, 100):
        candidate = folder if attempt == 1 else folder.with_name(f"{folder.name}-{attempt}")
        try:
            candidate.mkdir(parents=True)
            return candidate
        except FileExistsError as error:
            if out and {path.name for path in folder.glob("*")} <= {"config.json"}:
                return folder  # empty, or a start that came to nothing
            if out:
                raise FileExistsError(
                    error.errno,
                    f"--out {out} exists already; name a new folder, or go on with what is in it "
                    f"by --resume={out}",
                ) from None
        except OSError as error:
            raise type(error)(
                error.errno,
                f"the run's folder {candidate} cannot be made ({error.strerror}); "
                f"name one that can with --out",
            ) from None
    raise FileExistsError(f"{folder} and 99 more names are taken")


def resumable(folder: Path, now: dict) -> dict:
    """The config.json of a run that may be resumed with what is asked now."""
    try:
        then = json.loads((folder / "config.json").read_text())
        differ = {
            f"--{key.replace('_', '-')}": (then["arguments"].get(key), value)
            for key, value in now["arguments"].items()
            if then["arguments"].get(key) != value
        }
        differ |= {
            f"--{key}": (value, "known any more")
            for key, value in then["arguments"].items()
            if key not in now["arguments"]
        }
        differ |= {k: (then[k], now[k]) for k in ("recipe", "backend") if then[k] != now[k]}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(
            f"--resume {folder} is not the folder of a run (config.json: {error})"
        ) from error
    if differ:
        changes = "; ".join(f"{name} was {old}, not {new}" for name, (old, new) in differ.items())
        raise ValueError(f"{folder} cannot be resumed otherwise than it was started: {changes}")
    return then


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
