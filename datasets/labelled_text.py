"""Texts of several classes, to train on and to validate on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from zoo import checks
from zoo.datasets.dataset import SPLITS, balanced_subset
from zoo.datasets.text import TextDataset

HELD_OUT = 0.2  # of each class, where no split is given


@dataclass(frozen=True, repr=False)
class LabelledTexts(TextDataset):
    """Texts with a class each; without the labels, they are documents for a language model.

    Raises:
        ValueError: if a split is empty, a text is, or a label has no name.
    """

    y_train: np.ndarray
    y_val: np.ndarray
    class_names: tuple[str, ...]

    def __post_init__(self):
        super().__post_init__()
        for split in SPLITS:
            texts, labels = self.split(split)
            where = f"{self.name}, {split}: labels"
            checks.class_labels(where, labels, len(texts), self.num_classes)

    @property
    def num_classes(self) -> int:
        return len(self.class_names)

    def split(self, name: str) -> tuple[tuple[str, ...], np.ndarray]:
        """`(texts, labels)` of "train" or "val".

        Raises:
            ValueError: if `name` is another.
        """
        return self.documents(name), self.y_train if name == "train" else self.y_val

    def limited(self, limit: int, seed: int = 0) -> "LabelledTexts":
        """`limit` training texts and at most as many to validate on, the classes in equal shares.

        Raises:
            ValueError: if there are not as many.
        """
        checks.whole_number("limit", limit, least=1, most=len(self.train))
        kept = {}
        for split in SPLITS:
            texts, labels = self.split(split)
            rows = balanced_subset(labels, min(limit, len(texts)), seed)
            kept[split] = tuple(texts[row] for row in rows)
            kept[f"y_{split}"] = labels[rows]
        return replace(self, **kept)

    def __repr__(self) -> str:
        return (
            f"LabelledTexts({self.name}: {len(self.train):,} train and {len(self.val):,} val "
            f"texts, {self.num_classes} classes)"
        )


def of_classes(
    name: str, train: Mapping[str, Sequence[str]], val: Mapping[str, Sequence[str]] | None, seed=0
) -> LabelledTexts:
    """The texts of each class by its name; without `val` a fifth of each class is held out.

    Raises:
        ValueError: if there is one class only, a split lacks one, or one is too small.
    """
    names = tuple(sorted({*train, *(val or {})}))
    if len(names) < 2:
        raise ValueError(f"{name} has one class only, {', '.join(names)}; a classifier needs two")
    if val is None:
        train, val = _held_out(name, train, seed)
    for split, texts in (("train", train), ("val", val)):
        missing = [label for label in names if not texts.get(label)]
        if missing:
            raise ValueError(f"{name}: the class {', '.join(missing)} has no text in {split}")
    parts = {}
    for split, texts in (("train", train), ("val", val)):
        counts = [len(texts[label]) for label in names]
        parts[split] = tuple(text for label in names for text in texts[label])
        parts[f"y_{split}"] = np.repeat(np.arange(len(names)), counts)
    return LabelledTexts(name, class_names=names, **parts)


def _held_out(name: str, texts, seed: int) -> tuple[dict, dict]:
    """(train, val): a fifth of each class for val, one text at least."""
    train, val, rng = {}, {}, np.random.default_rng(seed)
    for label in sorted(texts):
        if len(texts[label]) < 2:
            raise ValueError(
                f"{name}: to hold texts out, each class needs two; {label!r} has "
                f"{len(texts[label])}"
            )
        order = rng.permutation(len(texts[label]))
        held = set(order[: max(1, round(HELD_OUT * len(order)))].tolist())
        train[label] = [text for i, text in enumerate(texts[label]) if i not in held]
        val[label] = [text for i, text in enumerate(texts[label]) if i in held]
    return train, val
