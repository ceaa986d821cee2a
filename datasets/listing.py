"""What an image folder or a zip holds, without decoding any of it: pictures, folders, the rest."""

import os
import stat
import zipfile
from collections import defaultdict
from pathlib import Path, PurePosixPath

IMAGES = {
    ".avif", ".bmp", ".dib", ".gif", ".jfif", ".jp2", ".jpe", ".jpeg", ".jpg", ".mpo", ".pbm",
    ".pgm", ".png", ".pnm", ".ppm", ".tga", ".tif", ".tiff", ".webp",
}  # fmt: skip
COMPANIONS = {  # what people keep beside images
    ".csv", ".db", ".html", ".ini", ".json", ".md", ".npy", ".npz", ".pdf", ".pkl", ".py", ".tsv",
    ".txt", ".xml", ".yaml", ".yml",
}  # fmt: skip
SYSTEM = {"__MACOSX", ".DS_Store", ".ipynb_checkpoints", ".git", "@eaDir", "Thumbs.db"}
MAX_BYTES = 2**28  # in one file or zip member; raise it if larger ones are to be trusted


class Listing:
    """The files of a folder or zip: names relative to it, with forward slashes.

    `images` and `texts` (the other files) map a name to its zip member, or to the (bytes, time of
    change) of a file. `folders` are all folders, empty ones too. `left_out` collects what is not
    used: (noun, reason) -> names.
    """

    def __init__(self, path: Path, archive: zipfile.ZipFile | None = None):
        self.path = path
        self.archive = archive
        self.images: dict[str, zipfile.ZipInfo | tuple[int, int]] = {}
        self.texts: dict[str, zipfile.ZipInfo | tuple[int, int]] = {}
        self.folders: set[str] = set()
        self.left_out: dict[tuple[str, str], list[str]] = defaultdict(list)

    def read(self, name: str) -> bytes:
        """The bytes of a file; several threads may ask at once.

        Raises:
            ValueError: if it has, or says that it has, more than `MAX_BYTES`.
            OSError, zipfile.BadZipFile: if it cannot be read.
        """
        if self.archive is not None:
            member = self.images.get(name) or self.texts[name]
            _check_bytes(member.file_size)
            return self.archive.read(member)
        with open(f"{self.path}/{name}", "rb") as file:
            _check_bytes(os.fstat(file.fileno()).st_size)
            return file.read()

    def stamp(self, name: str) -> tuple[int, int]:
        """Two numbers of an image, of which one changes when it does."""
        found = self.images[name]
        return (found.file_size, found.CRC) if self.archive is not None else found

    def add(self, name: str, found: zipfile.ZipInfo | tuple[int, int]) -> None:
        """Sort a regular file by its name."""
        parts, suffix = name.split("/"), os.path.splitext(name)[1].lower()
        if any(part in SYSTEM or part.startswith("._") for part in parts):
            return
        if any(part.startswith(".") for part in parts):
            if suffix in IMAGES:
                self.leave_out(name, "image", "hidden by a dot")
        elif suffix in IMAGES:
            self.images[name] = found
        else:
            self.texts[name] = found
            if len(parts) > 1 and suffix not in COMPANIONS:
                kind = suffix or "without a suffix"
                self.leave_out(name, "file", f"of a kind that is not read, {kind}")

    def add_folder(self, name: str) -> None:
        """Note a folder and those that enclose it, unless it is hidden."""
        if name in self.folders:
            return
        folder = PurePosixPath(name)
        if not any(part in SYSTEM or part.startswith(".") for part in folder.parts):
            self.folders |= {str(part) for part in (folder, *folder.parents)} - {"."}

    def leave_out(self, name: str, noun: str, reason: str) -> None:
        """Count a file or link that is not used, for the sentence that says so."""
        self.left_out[noun, reason].append(name)

    def sentence(self) -> str:
        """What is not used and why; empty if all of it is."""
        parts = []
        for (noun, reason), names in self.left_out.items():
            plural = noun if len(names) == 1 else f"{noun}s"
            parts.append(f"{len(names):,} {plural} {reason} ({_examples(names)})")
        return f"{self.path}: not used: {'; '.join(parts)}" if parts else ""


def list_files(path: Path) -> Listing:
    """The listing of a folder or of a zip file.

    Raises:
        ValueError: if it is something else, or the zip is not complete.
        OSError: if a folder cannot be opened.
    """
    if path.is_dir():
        return _list_folder(path)
    if not path.is_file():
        raise ValueError(f"{path} is neither a folder nor a zip file")
    return _list_zip(path)


def _list_zip(path: Path) -> Listing:
    try:
        listing = Listing(path, zipfile.ZipFile(path))
    except (zipfile.BadZipFile, OSError, NotImplementedError) as error:
        raise ValueError(
            f"{path} is not a complete zip file ({error}); fetch it again, or name a folder"
        ) from error
    for member in listing.archive.infolist():
        name = member.filename.replace("\\", "/").strip("/")  # some Windows programs write "\"
        if member.is_dir() or member.filename.endswith("\\"):
            listing.add_folder(name)
        elif stat.S_ISLNK(member.external_attr >> 16):
            listing.leave_out(name, "link", "inside the zip")
        elif name in listing.images or name in listing.texts:
            listing.leave_out(name, "file", "of a name that the zip holds twice")
        else:
            listing.add_folder(name.rpartition("/")[0])
            listing.add(name, member)
    listing.archive.filelist.clear()  # a kilobyte for each of perhaps a million files
    listing.archive.NameToInfo.clear()
    return listing


def _list_folder(path: Path) -> Listing:
    """Every folder and regular file, those behind links too, but each real folder once."""
    listing, seen, folder_links, file_links = Listing(path), set(), [], []

    def enter(folder: str, name: str) -> None:
        seen.add(os.path.realpath(folder))
        if name:
            listing.add_folder(name)
        for entry in _entries(folder):
            inner = f"{name}/{entry.name}" if name else entry.name
            if entry.is_symlink():
                (folder_links if entry.is_dir() else file_links).append((entry.path, inner))
            elif entry.is_dir() and os.path.realpath(entry.path) in seen:
                listing.leave_out(inner, "folder", "that is read already")
            elif entry.is_dir():
                enter(entry.path, inner)
            elif entry.is_file():
                listing.add(inner, _stamp(entry.path))
            else:
                listing.leave_out(inner, "special file", "such as a pipe")

    enter(str(path), "")
    root = f"{os.path.realpath(path)}/"
    for link, name in folder_links:  # it grows: a linked folder may hold links
        target = os.path.realpath(link)
        if target in seen or root.startswith(f"{target.rstrip('/')}/"):
            listing.leave_out(name, "link", "to a folder that is read already or encloses it")
        else:
            enter(link, name)
    for link, name in file_links:
        target = os.path.realpath(link)
        if not os.path.isfile(target):
            listing.leave_out(name, "link", "to no regular file")
        elif target in seen or os.path.dirname(target) in seen:
            listing.leave_out(name, "link", "to a file that is read already")
        else:
            seen.add(target)
            listing.add(name, _stamp(target))
    return listing


def _entries(folder: str) -> list[os.DirEntry]:
    try:
        with os.scandir(folder) as scan:
            return sorted(scan, key=lambda entry: entry.name)
    except OSError as error:
        raise OSError(
            f"the folder {folder} cannot be opened ({error.strerror}); make it readable, or "
            f"remove it"
        ) from error


def _stamp(path: str) -> tuple[int, int]:
    found = os.stat(path)
    return found.st_size, found.st_mtime_ns


def _check_bytes(count: int) -> None:
    if count > MAX_BYTES:
        raise ValueError(
            f"its {count:,} bytes are more than {MAX_BYTES:,}; raise "
            f"zoo.datasets.listing.MAX_BYTES if you trust it"
        )


def _examples(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{names[0]}, ..."
