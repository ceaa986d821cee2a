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
    """The config.json of a run that may be resumed with what is asked now.

    Device, versions and commit may have changed since; then it says `old, then new`.
    """
    try:
        then = json.loads((folder / "config.json").read_text())
        asked, was = now["arguments"], then["arguments"]
        differ = {key: (was.get(key), asked[key]) for key in asked if was.get(key) != asked[key]}
        differ |= {key: (was[key], "known any more") for key in was.keys() - asked.keys()}
        differ = {f"--{key.replace('_', '-')}": values for key, values in differ.items()}
        if then["backend"] != now["backend"]:
            differ["backend"] = (then["backend"], now["backend"])
        if then["recipe"] != now["recipe"]:
            differ = {"recipe": (then["recipe"], now["recipe"])}
        then |= {key: _continued(then[key], now[key]) for key in ("device", "commit")}
        then["versions"] = {
            name: _continued(then["versions"].get(name, "none"), version)
            for name, version in now["versions"].items()
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(
            f"--resume {folder} is not the folder of a run (config.json: {error})"
        ) from error
    if differ:
        changes = "; ".join(f"{name} was {old}, not {new}" for name, (old, new) in differ.items())
        raise ValueError(f"{folder} cannot be resumed otherwise than it was started: {changes}")
    return then


def newest(config: dict) -> dict:
    """The config of a part that begins after a resume: of `old, then new` what is new."""
    versions = {name: _last(version) for name, version in config["versions"].items()}
    once = {key: _last(config[key]) for key in ("device", "commit")}
    return config | once | {"versions": versions}


def _continued(then: str, now: str) -> str:
    return then if _last(then) == now else f"{then}, then {now}"


def _last(text: str) -> str:
    return text.rpartition(", then ")[2]


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
