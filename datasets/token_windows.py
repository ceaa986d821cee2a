"""Windows of a row of tokens, for a language model: each token's target is the next one."""

import numpy as np

from zoo import checks
from zoo.datasets.batches import Batches


class TokenWindows(Batches):
    """Batches (tokens, next tokens), int32 (n, length) each; `TextDataset.batches` makes them.

    With `shuffle` the windows of an epoch follow each other from a random token of the first
    window on, so that each epoch divides the text elsewhere, and come in another order. Without it
    they begin at the first token. In both cases no window overlaps another; what is left over, less
    than a window without `shuffle` and less than two with it, is not used.

    Args:
        tokens: integers (n,).
        batch_size: windows per batch.
        length: tokens of a window.
        windows: how many an epoch has, each beginning at a random token, perhaps overlapping; only
            with `shuffle`. None: as many as the tokens give.
        name: of the text, for messages.
        options: those of `Batches`: shuffle, seed, workers, last.

    Raises:
        ValueError: if the tokens are no integers (n,), are fewer than a window and its next token,
            or an argument is not what it must be.
    """

    def __init__(
        self,
        tokens,
        batch_size: int,
        *,
        length: int,
        windows: int | None = None,
        name: str = "the text",
        **options,
    ):
        tokens = checks.array("tokens", tokens)
        if tokens.ndim != 1 or tokens.dtype.kind not in "iu":
            raise ValueError(
                f"tokens must be integers of shape (n,), not {tokens.dtype} of shape {tokens.shape}"
            )
        self.length = checks.whole_number("length", length, least=1)
        if len(tokens) <= length:
            raise ValueError(
                f"{name} has {len(tokens):,} tokens, too few for a window of {length} and its next "
                f"token; give a shorter length or a longer text"
            )
        if windows is not None:
            checks.whole_number("windows", windows, least=1)
        self.tokens = tokens.astype("int32")
        self.windows = windows
        if windows is None:
            windows = (len(tokens) - 1) // length
            if options.get("shuffle", True):  # so that there is room to begin later
                windows = max(1, (len(tokens) - length) // length)
        super().__init__(windows, batch_size, **options)
        if self.windows is not None and not self.shuffle:
            raise ValueError("windows draws random windows; it needs shuffle=True")

    def starts(self, epoch: int) -> np.ndarray:
        """Where the windows of an epoch begin, (rows,)."""
        rng = np.random.default_rng((self.seed, epoch, 1))  # 1: not the numbers of the order
        if self.windows is not None:
            return rng.integers(len(self.tokens) - self.length, size=self.rows)
        shift = 0
        if self.shuffle:
            spare = len(self.tokens) - 1 - self.rows * self.length
            shift = rng.integers(min(self.length - 1, spare) + 1)
        return shift + self.length * np.arange(self.rows)

    def batch(self, rows, epoch, index):
        positions = self.starts(epoch)[rows][:, None] + np.arange(self.length)
        return self.tokens[positions], self.tokens[positions + 1]
