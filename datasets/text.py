"""Text with a part to train on and a part to validate on, which never overlap."""

from dataclasses import dataclass

from zoo import checks
from zoo.datasets.dataset import SPLITS
from zoo.datasets.token_windows import TokenWindows

SHARE = 0.9  # of a text that is not divided yet: the first nine tenths are trained on
BETWEEN = "\n"  # two documents


@dataclass(frozen=True, repr=False)
class TextDataset:
    """Documents to train on and to validate on, each a string.

    Raises:
        ValueError: if a split has no document, or one that is no string or is empty.
    """

    name: str
    train: tuple[str, ...]
    val: tuple[str, ...]

    def __post_init__(self):
        for split in SPLITS:
            documents = self.documents(split)
            if not documents or not all(isinstance(d, str) and d.strip() for d in documents):
                raise ValueError(f"{self.name}, {split}: there must be text in every document")

    def documents(self, split: str) -> tuple[str, ...]:
        """The documents of "train" or "val".

        Raises:
            ValueError: if `split` is another.
        """
        return getattr(self, checks.one_of("split", split, SPLITS))

    def text(self, split: str) -> str:
        """The documents of "train" or "val" in one string, a new line between two."""
        return BETWEEN.join(self.documents(split))

    def batches(
        self,
        split: str,
        batch_size: int,
        *,
        length: int,
        tokenizer,
        windows: int | None = None,
        seed: int = 0,
        workers: int = 1,
        last: str = "keep",
    ) -> TokenWindows:
        """Batches (tokens, next tokens) for a language model, int32 (n, length) each.

        Training windows begin elsewhere in each epoch, validation windows are always the same and
        cover the whole text; see `TokenWindows`.

        Args:
            split: "train" or "val".
            batch_size: windows per batch.
            length: tokens of a window.
            tokenizer: its `encode` makes integers of the text; those of `zoo.language`, or yours.
            windows: of "train" only: how many random windows an epoch has; None: one after the
                other, all of the text.
            seed: fixes where the windows begin and their order.
            workers: threads that make batches ahead of the model; with 0 it waits for each.
            last: as in `Dataset.batches`.

        Raises:
            ValueError: if there is no such split, an argument is not what it must be, or the text
                is shorter than a window.
        """
        if not callable(getattr(tokenizer, "encode", None)):
            raise ValueError(f"tokenizer={tokenizer!r} must have a method encode(text)")
        if windows is not None and split == "val":
            raise ValueError("windows is for train: validation runs over all windows")
        return TokenWindows(
            tokenizer.encode(self.text(split)),
            batch_size,
            length=length,
            windows=windows,
            name=f"{self.name}, {split}",
            shuffle=split == "train",
            seed=seed,
            workers=workers,
            last=last,
        )

    def limited(self, limit: int) -> "TextDataset":
        """The first `limit` characters of the training text, and at most as many to validate on.

        Raises:
            ValueError: if `limit` is no whole number from 1 to the length of the training text.
        """
        checks.whole_number("limit", limit, least=1, most=sum(map(len, self.train)))
        return TextDataset(self.name, *(_first(self.documents(s), limit) for s in SPLITS))

    def __repr__(self) -> str:
        counts = [f"{sum(map(len, self.documents(split))):,} {split}" for split in SPLITS]
        return f"TextDataset({self.name}: {' and '.join(counts)} characters)"


def divided(name: str, text: str) -> TextDataset:
    """One text: its first nine tenths to train on, the last to validate on, as in nanoGPT.

    Raises:
        ValueError: if it is too short for both.
    """
    cut = int(SHARE * len(text))
    if not text[:cut].strip() or not text[cut:].strip():
        raise ValueError(f"{name} has {len(text)} characters; that is no text to train on")
    return TextDataset(name, (text[:cut],), (text[cut:],))


def _first(documents, count: int) -> tuple[str, ...]:
    """Documents until there are `count` characters, the last one cut."""
    kept = []
    for document in documents:
        part = document[:count]
        if not part.strip():
            break
        kept.append(part)
        count -= len(part)
    return tuple(kept)
