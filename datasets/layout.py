"""Which image of a folder is in which split and class, by its name alone."""

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from zoo.datasets.listing import IMAGES, Listing

SPLIT_OF = {  # folder, in any case -> split
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("val", "valid", "validation"), "val"),
    "test": "test",
}
HELD_OUT = 0.2


@dataclass
class Layout:
    """The classes in the order of their labels, and the files and labels (n,) of each split."""

    class_names: tuple[str, ...]
    files: dict[str, list[str]]
    labels: dict[str, np.ndarray]

    def subset(self, rows: dict[str, np.ndarray]) -> "Layout":
        """These rows of each split."""
        files = {split: [self.files[split][row] for row in rows[split]] for split in rows}
        labels = {split: self.labels[split][rows[split]] for split in rows}
        return Layout(self.class_names, files, labels)


def read_layout(listing: Listing) -> Layout:
    """`train/<class>/*` with `val/<class>/*` or `test/<class>/*`, or `<class>/*` alone.

    One enclosing folder, or several, are looked through. A class is the top folder: images may lie
    deeper in it. What is in no class is noted in `listing.left_out`. Without labelled `val` or
    `test` images there is a split "train" only.

    Raises:
        ValueError: if it is neither, or has a single class or a class without images.
    """
    path, root = listing.path, _enclosing_folder(listing)
    tops = defaultdict(list)  # folder -> its images, by their names below the root
    for name in sorted(listing.images):
        top, slash, _ = name.removeprefix(root).partition("/")
        if slash:
            tops[top].append(name.removeprefix(root))
        else:
            listing.leave_out(name, "image", "outside every class folder")
    if not tops:
        raise ValueError(
            f"{path} holds no images as train/<class>/* or <class>/*; images end in "
            f"{' '.join(sorted(IMAGES))}"
        )
    if _is_split(tops):
        classes = _split_classes(listing, root, tops)
    else:
        _refuse_nested_splits(path, root, tops)
        classes = {"train": {top: [root + name for name in names] for top, names in tops.items()}}
        _add_empty_classes(listing, root, classes["train"])
    return _layout(path, classes)


def hold_out(path: Path, layout: Layout, seed: int) -> Layout:
    """Move a fifth of each class of "train" into "val", one image at least; `seed` chooses.

    Raises:
        ValueError: if a class has one image only.
    """
    files, labels = layout.files["train"], layout.labels["train"]
    rng, held = np.random.default_rng(seed), np.zeros(len(labels), bool)
    for label, name in enumerate(layout.class_names):
        rows = rng.permutation(np.flatnonzero(labels == label))
        if len(rows) < 2:
            raise ValueError(
                f"{path}: to hold images out, each class needs two; {name!r} has {len(rows)}"
            )
        held[rows[: max(1, round(HELD_OUT * len(rows)))]] = True
    rows = {"train": np.flatnonzero(~held), "val": np.flatnonzero(held)}
    return Layout(
        layout.class_names,
        {split: [files[row] for row in chosen] for split, chosen in rows.items()},
        {split: labels[chosen] for split, chosen in rows.items()},
    )


def _enclosing_folder(listing: Listing) -> str:
    """The folder that holds the splits or classes: "" or such as "data/pets/"."""
    root = ""
    while True:
        inside = [name.removeprefix(root) for name in listing.images if name.startswith(root)]
        tops = {name.partition("/")[0] for name in inside if "/" in name}
        if len(tops) != 1:
            return root
        top = tops.pop()
        below = [name.removeprefix(f"{top}/") for name in inside if name.startswith(f"{top}/")]
        if top.lower() in SPLIT_OF or any("/" not in name for name in below):
            return root
        beside = _folders_in(listing, root) - {top}  # without images: perhaps empty classes
        splits = {SPLIT_OF.get(name.partition("/")[0].lower()) for name in below}
        if beside and "train" not in splits:
            return root
        root = f"{root}{top}/"


def _folders_in(listing: Listing, root: str) -> set[str]:
    """The names of the folders directly in `root`."""
    inside = {name.removeprefix(root) for name in listing.folders if name.startswith(root)}
    return {name for name in inside if "/" not in name}


def _is_split(tops: dict[str, list[str]]) -> bool:
    """Whether these folders are splits, rather than classes of which one is named "train"."""
    splits = {SPLIT_OF.get(top.lower()) for top in tops} - {None}
    labelled = {SPLIT_OF.get(top.lower()) for top, names in tops.items() if _has_classes(names)}
    labelled -= {None}
    others = [top for top in tops if top.lower() not in SPLIT_OF]
    return not others or len(labelled) > 1 or ("train" in labelled and len(splits) > 1)


def _has_classes(names: list[str]) -> bool:
    return any(name.count("/") > 1 for name in names)


def _split_classes(listing: Listing, root: str, tops) -> dict[str, dict[str, list[str]]]:
    """Split ("train" and perhaps "val") -> class -> image names."""
    labelled = {
        SPLIT_OF.get(top.lower()): top for top, names in tops.items() if _has_classes(names)
    }
    validation = "val" if "val" in labelled else "test"
    if "train" not in labelled:
        found = [f"{top}/<class>/*" if _has_classes(tops[top]) else f"{top}/*" for top in tops]
        raise ValueError(
            f"{listing.path} has {' and '.join(sorted(found))} only; it needs train/<class>/*. "
            f"Next step: give each class a folder in train, or name a folder of such folders"
        )
    classes = {"train": defaultdict(list)}
    if validation in labelled:
        classes["val"] = defaultdict(list)
    for top, names in tops.items():
        split = SPLIT_OF.get(top.lower())
        used = split in ("train", validation) and split in labelled
        target = classes["train" if split == "train" else "val"] if used else None
        for name in names:
            if split is None:
                listing.leave_out(root + name, "image", f"in {top}/, which is no split")
            elif name.count("/") < 2:
                listing.leave_out(root + name, "image", f"in {top}/ without a class folder")
            elif not used:
                kept = labelled[validation]
                listing.leave_out(root + name, "image", f"in {top}/: {kept}/ is validated on")
            else:
                target[name.split("/")[1]].append(root + name)
        if used:
            _add_empty_classes(listing, f"{root}{top}/", target)
    return classes


def _add_empty_classes(listing: Listing, root: str, classes: dict[str, list[str]]) -> None:
    for name in _folders_in(listing, root):
        classes.setdefault(name, [])


def _refuse_nested_splits(path: Path, root: str, tops: dict[str, list[str]]) -> None:
    """Raise ValueError where folders that would be classes hold train and val themselves."""
    for top, names in tops.items():
        inner = {name.split("/")[1] for name in names if name.count("/") > 2}
        splits = {SPLIT_OF.get(folder.lower()) for folder in inner} - {None}
        if len(tops) > 1 and "train" in splits and len(splits) > 1:
            raise ValueError(
                f"{path} holds {', '.join(sorted(tops))}, and {root}{top} has splits of its own; "
                f"name the folder that is meant, such as {path}/{root}{top}"
            )


def _layout(path: Path, classes: dict[str, dict[str, list[str]]]) -> Layout:
    """Labels for the classes in alphabetical order, checked."""
    names = sorted({name for found in classes.values() for name in found})
    for split, found in classes.items():
        empty = [name for name in names if not found.get(name)]
        if empty:
            where = f"in {split}" if len(classes) > 1 else "here"
            raise ValueError(
                f"{path}: the class {', '.join(empty)} has a folder without images {where}; add "
                f"some, or remove the class from every split"
            )
    if len(names) < 2:
        raise ValueError(f"{path} has one class only, {names[0]!r}; a classifier needs two")
    files = {
        split: sorted(name for names in found.values() for name in names)
        for split, found in classes.items()
    }
    class_of = {
        name: label
        for found in classes.values()
        for label, folder in enumerate(names)
        for name in found[folder]
    }
    labels = {split: np.array([class_of[name] for name in found]) for split, found in files.items()}
    return Layout(tuple(names), files, labels)
