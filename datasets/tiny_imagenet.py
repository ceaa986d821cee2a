"""The layout of Tiny ImageNet (Stanford CS231n, 2015): 200 classes of 64x64 photographs.

    train/<wnid>/images/*.JPEG, val/images/*.JPEG, val/val_annotations.txt, wnids.txt, words.txt

The labels follow `wnids.txt`, which is not in alphabetical order; `words.txt` names the classes.
Some of the photographs are grey, and are read as RGB. One of val is also in train under another
label, and two of train are one picture: they stay, and `Dataset.duplicates` names them.
"""

from collections import Counter

import numpy as np

from zoo.datasets.layout import Layout
from zoo.datasets.listing import Listing

ANNOTATIONS = "val/val_annotations.txt"


def matches(listing: Listing) -> bool:
    """Whether the files are laid out as Tiny ImageNet's."""
    return _root(listing) is not None


def read_layout(listing: Listing) -> Layout:
    """The splits of Tiny ImageNet; `listing.left_out` notes the unlabelled images of `test`.

    Raises:
        ValueError: if a class of `wnids.txt` has no images in train or val.
    """
    root = _root(listing)
    wnids = _text(listing, f"{root}wnids.txt").split()
    label_of = {wnid: label for label, wnid in enumerate(wnids)}
    annotations = _table(listing, root + ANNOTATIONS)
    files, labels = {"train": [], "val": []}, {"train": [], "val": []}
    for name in sorted(listing.images):
        split, _, rest = name.removeprefix(root).partition("/")
        wnid = rest.split("/")[0] if split == "train" else annotations.get(rest.split("/")[-1])
        if split in files and wnid in label_of:
            files[split].append(name)
            labels[split].append(label_of[wnid])
        else:
            listing.leave_out(name, "image", f"in {split}/ without a class of wnids.txt")
    for split in files:
        counts = np.bincount(np.array(labels[split], int), minlength=len(wnids))
        if not len(wnids) or not counts.all():
            missing = wnids[counts.argmin()] if wnids else "of wnids.txt"
            raise ValueError(f"{listing.path}: the class {missing} has no images in {split}")
    labels = {split: np.array(found) for split, found in labels.items()}
    return Layout(_class_names(listing, root, wnids), files, labels)


def _root(listing: Listing) -> str | None:
    """The folder that holds it all, such as "tiny-imagenet-200/"; None if it is not this layout."""
    for name in listing.texts:
        root = name.removesuffix(ANNOTATIONS)
        if name == root + ANNOTATIONS and f"{root}wnids.txt" in listing.texts:
            return root
    return None


def _class_names(listing: Listing, root: str, wnids: list[str]) -> tuple[str, ...]:
    """The first word for each wnid, all of them where two classes share it."""
    name = f"{root}words.txt"
    words = _table(listing, name) if name in listing.texts else {}
    synonyms = [words.get(wnid, wnid) for wnid in wnids]
    first = [words.split(",")[0] for words in synonyms]
    shared = Counter(first)
    return tuple(
        short if shared[short] == 1 else full for short, full in zip(first, synonyms, strict=True)
    )


def _table(listing: Listing, name: str) -> dict[str, str]:
    """The second column by the first, of lines with tabs between the columns."""
    rows = [line.split("\t") for line in _text(listing, name).splitlines()]
    return {row[0]: row[1] for row in rows if len(row) > 1}


def _text(listing: Listing, name: str) -> str:
    try:
        return listing.read(name).decode()
    except Exception as error:  # a damaged zip can raise nearly anything
        raise ValueError(f"{listing.path}: {name} cannot be read ({error})") from error
