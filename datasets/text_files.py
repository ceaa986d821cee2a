"""Text from files: one of them, a folder or a zip of them, Shakespeare, WikiText-2."""

import re
from collections import defaultdict
from pathlib import Path, PurePosixPath

from zoo.datasets.files import find
from zoo.datasets.labelled_text import LabelledTexts, of_classes
from zoo.datasets.layout import SPLIT_OF
from zoo.datasets.listing import Listing
from zoo.datasets.text import BETWEEN, TextDataset, divided

SUFFIXES = {".md", ".raw", ".rst", ".text", ".tokens", ".txt"}  # read in a folder or zip
SHAKESPEARE_URL = "https://storage.googleapis.com/download.tensorflow.org/data/shakespeare.txt"
SHAKESPEARE_SHA256 = "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed"
# A heading of the first level between blank lines; a line such as " = 8 = " in a table is none.
ARTICLE = re.compile(r"(?<=\n \n)(?= = [^=\n]+ = \n \n)")


def shakespeare(data_dir=None) -> TextDataset:
    """Tiny Shakespeare, 1,115,394 characters, divided as in nanoGPT: nine tenths to train on.

    Raises:
        FileNotFoundError: if it is not here and cannot be downloaded.
    """
    url, checksum = SHAKESPEARE_URL, SHAKESPEARE_SHA256
    path = find("shakespeare", ["shakespeare.txt"], url, checksum, data_dir, "", "python_help")
    return divided("shakespeare", decoded(path.read_bytes(), path))


def load_file(path: Path) -> TextDataset:
    """A text file; the first nine tenths are trained on.

    Raises:
        ValueError: if it is empty or no UTF-8 text.
    """
    return divided(path.stem, decoded(path.read_bytes(), path))


def names_of(listing: Listing) -> list[str]:
    """The text files of a folder or zip, sorted."""
    return sorted(name for name in listing.texts if PurePosixPath(name).suffix.lower() in SUFFIXES)


def load_folder(name: str, listing: Listing, seed: int = 0) -> TextDataset | LabelledTexts:
    """A document per file; labelled texts where every file lies in the folder of a class.

    An article of WikiText is a document of its own. Files or folders whose name says train and val
    (or valid, validation, test), such as `train/*.txt` and `val/*.txt`, or `wiki.train.tokens` and
    `wiki.valid.tokens`, are the splits; where there is val, test is not used. Otherwise the first
    nine tenths of all characters, the files in the order of their names, are trained on.

    Labelled texts lie in `train/<class>/*` and `val/<class>/*` or `test/<class>/*`, or in
    `<class>/*` alone, of which a fifth of each class is held out, drawn by `seed`.

    Raises:
        ValueError: if a file is empty or no UTF-8 text, or there is too little text.
    """
    texts = {file: read(listing, file) for file in names_of(listing)}
    if labels := labels_of(list(texts)):
        return _labelled(name, texts, labels, seed)
    splits = {"train": [], "val": [], "test": []}
    for file, text in texts.items():
        split = split_of(file)
        if split is not None:
            splits[split] += ARTICLE.split(text)
    held_out = splits["val"] or splits["test"]
    if splits["train"] and held_out:
        return TextDataset(name, tuple(splits["train"]), tuple(held_out))
    whole = divided(name, BETWEEN.join(texts.values()))
    return whole if len(texts) == 1 else _documents(name, list(texts.values()), len(whole.train[0]))


def labels_of(files: list[str]) -> dict[str, tuple[str | None, str]] | None:
    """File -> (split or None, class), where every file lies in a class; else None.

    One enclosing folder, or several, are looked through.
    """
    parts = [file.split("/") for file in files]
    while len({p[0] for p in parts}) == 1 and min(map(len, parts)) > 2:
        if parts[0][0].lower() in SPLIT_OF:
            break
        parts = [p[1:] for p in parts]
    labels = {}
    for file, path in zip(files, parts, strict=True):
        split = SPLIT_OF.get(path[0].lower())
        if len(path) < (2 if split is None else 3):
            return None
        labels[file] = (split, path[0] if split is None else path[1])
    split_or_not = {split is None for split, _ in labels.values()}
    return labels if len(split_or_not) == 1 and len({c for _, c in labels.values()}) > 1 else None


def split_of(file: str) -> str | None:
    """The split that a part of the file's name says: train, val, test, or None."""
    words = re.split(r"[^a-z]+", file.lower())
    return next((SPLIT_OF[word] for word in words if word in SPLIT_OF), None)


def read(listing: Listing, file: str) -> str:
    """The text of a file of a folder or zip.

    Raises:
        ValueError: if it cannot be read, is empty, or is no UTF-8 text.
    """
    return decoded(listing.read(file), f"{listing.path}/{file}")


def decoded(content: bytes, path) -> str:
    """UTF-8 as a string, line ends as \\n.

    Raises:
        ValueError: if there is no text in it, or it is no UTF-8.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        byte = f"byte 0x{content[error.start]:02x} at {error.start:,}"
        raise ValueError(f"{path} is no UTF-8 text ({byte}); name a text file") from error
    if "\0" in text:
        raise ValueError(f"{path} is no text: it holds zero bytes; name a text file")
    if not text.strip():
        raise ValueError(f"{path} is empty; name a file that holds text")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _labelled(name: str, texts, labels, seed: int) -> LabelledTexts:
    splits = {split: defaultdict(list) for split in (None, "train", "val", "test")}
    for file, (split, label) in labels.items():
        splits[split][label].append(texts[file])
    if splits[None]:
        return of_classes(name, splits[None], None, seed)
    return of_classes(name, splits["train"], splits["val"] or splits["test"] or None, seed)


def _documents(name: str, texts: list[str], cut: int) -> TextDataset:
    """Files as documents, divided after `cut` characters of them joined; one file may be halved."""
    train, val = [], []
    for text in texts:
        head, tail = text[: max(0, cut)], text[max(0, cut) :]
        train += [head] if head.strip() else []
        val += [tail] if tail.strip() else []
        cut -= len(text) + len(BETWEEN)
    return TextDataset(name, tuple(train), tuple(val))
