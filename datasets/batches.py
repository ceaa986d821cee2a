"""Batches that are a pure function of seed, epoch and index, whatever they hold.

A kind of data is a subclass of `Batches` with one method, `batch`: what a batch of these rows is.
Order, epochs, threads that work ahead, weights and a last batch that is smaller are dealt with
here, the same on every backend.
"""

import collections
from concurrent.futures import ThreadPoolExecutor

import keras
import numpy as np

from zoo import checks
from zoo.backend.data_adapter import OrderedDataset

LAST = ("keep", "pad", "drop")


class Batches(OrderedDataset):
    """Rows of a dataset in batches, for `fit`, `evaluate`, `predict` and loops of your own.

        for epoch in range(3):
            for x, y in batches: ...  # another order and augmentation each time

    Each pass is the next epoch, whether it is a loop, an epoch of `fit` or an evaluation, complete
    or abandoned. `epoch` is the number of the next one; set it to continue a training. Without
    `shuffle` all passes are the same. `batches[i]` is batch i of the next pass and begins none.

    A padded batch divides among several devices. It is filled up with the first rows of the epoch
    at weight 0. The weights of all others are multiplied by padded rows / rows, because Keras
    divides by the padded number: so the loss of an epoch, or of `evaluate`, and `weighted_metrics`
    are those of "keep", while the steps of full batches grow by that factor. `metrics` know no
    weights and count the padding, `predict` returns outputs for it, and batch normalisation has
    those rows twice in its statistics.

    Args:
        rows: how many there are.
        batch_size: rows per batch.
        shuffle: draw another order for each epoch; without it every pass is that of epoch 0.
        seed: of all that is drawn.
        workers: threads that make batches ahead of the model; with 0 it waits for each.
        last: what becomes of the rows that do not fill a batch: "keep" them in a smaller one,
            "pad" it, or "drop" it.
        sample_weight: one weight per row, for losses and `weighted_metrics`.

    Raises:
        ValueError: if one of these is something else, or "drop" leaves no batch.
    """

    def __init__(
        self,
        rows: int,
        batch_size: int,
        *,
        shuffle: bool = True,
        seed: int = 0,
        workers: int = 1,
        last: str = "keep",
        sample_weight=None,
    ):
        super().__init__()
        self.rows = checks.whole_number("rows", rows, least=1)
        self.size = checks.whole_number("batch_size", batch_size, least=1)
        self.shuffle = checks.flag("shuffle", shuffle)
        self.seed = checks.whole_number("seed", seed, least=0)
        # Not named `workers`: those of a PyDataset are started by Keras, without an order.
        self.threads = checks.whole_number("workers", workers, least=0)
        self.last = checks.one_of("last", last, LAST)
        self.sample_weight = _row_weights(sample_weight, rows)
        self.epoch = 0
        self.count = None  # where batches grow: the array () that Keras got as their number
        self._order = (None, None)  # (epoch, permutation): drawn once per epoch
        if not len(self):
            raise ValueError(
                f"last='drop' leaves no batch: batch_size={batch_size} is more than {rows} rows"
            )

    def batch(self, rows: np.ndarray, epoch: int, index: int) -> tuple:
        """(x, y) or (x, y, weights) of these rows, arrays or structures of arrays.

        A pure function that several threads may call; `key(epoch, index)` seeds what it draws.
        """
        raise NotImplementedError

    @property
    def epoch(self) -> int:
        """The number of the next pass."""
        return self._epoch

    @epoch.setter
    def epoch(self, value: int):
        self._epoch = checks.whole_number("epoch", value, least=0)

    @property
    def num_batches(self):
        if self.count is None:
            return len(self)
        self.count = np.array(len(self))  # of one `fit`
        return self.count

    def __len__(self) -> int:
        return self.rows // self.size if self.last == "drop" else -(-self.rows // self.size)

    def __getitem__(self, index: int):
        if not 0 <= checks.whole_number("index", index) < len(self):
            raise IndexError(f"batch {index} of {len(self)}")
        return self._weighted_batch(self.epoch, index)

    def __iter__(self):
        epoch = self.epoch
        self.epoch += 1
        return self.one_pass(epoch)

    def one_pass(self, epoch: int):
        """The batches of one epoch in order, made by threads a few ahead."""
        if not self.threads:
            yield from (self._weighted_batch(epoch, index) for index in range(len(self)))
            return
        threads, coming = ThreadPoolExecutor(self.threads), collections.deque()
        try:
            for index in range(len(self)):
                coming.append(threads.submit(self._weighted_batch, epoch, index))
                if len(coming) > 2 * self.threads:
                    yield coming.popleft().result()
            while coming:
                yield coming.popleft().result()
        finally:  # an abandoned pass makes no further batches
            threads.shutdown(cancel_futures=True)

    def key(self, epoch: int, index: int) -> tuple[int, int, int]:
        """What seeds the draws of one batch."""
        return self.seed, epoch, index

    def order(self, epoch: int) -> np.ndarray:
        """The rows of an epoch, first to last."""
        drawn_epoch, order = self._order
        if drawn_epoch != epoch:
            order = np.arange(self.rows)
            if self.shuffle:
                np.random.default_rng((self.seed, epoch)).shuffle(order)
            self._order = (epoch, order)
        return order

    def check_devices(self, count: int) -> None:
        """Raise ValueError if there is a batch that does not divide among `count` devices."""
        smallest = self.rows % self.size if self.last == "keep" else 0
        if self.size % count or smallest % count:
            raise ValueError(
                f"batches of {self.size} rows, the last of {smallest or self.size}, do not divide "
                f"among {count} devices; give last='pad' or 'drop', and a multiple of {count}"
            )

    def _weighted_batch(self, epoch: int, index: int) -> tuple:
        epoch = epoch if self.shuffle else 0
        order = self.order(epoch)
        rows = order[index * self.size : (index + 1) * self.size]
        real = len(rows)
        if self.last == "pad":
            rows = np.append(rows, np.resize(order, self.size - real))
        x, y, *own_weights = self.batch(rows, epoch, index)
        if self.last != "pad" and self.sample_weight is None:
            return x, y, *own_weights
        weights = np.ones(len(rows)) if self.sample_weight is None else self.sample_weight[rows]
        if self.last == "pad":
            padded_rows = len(self) * self.size
            weights = np.where(np.arange(len(rows)) < real, weights * padded_rows / self.rows, 0)
        weights = weights.astype("float32")
        if not own_weights:
            return x, y, weights
        return x, y, keras.tree.map_structure(lambda own: _by_row(own, weights), own_weights[0])


def _by_row(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """`values` (n, ...) times `weights` (n,)."""
    return values * weights.reshape(-1, *[1] * (values.ndim - 1))


def _row_weights(sample_weight, rows: int) -> np.ndarray | None:
    """One finite weight per row, if there are weights."""
    if sample_weight is None:
        return None
    weights = checks.array("sample_weight", sample_weight)
    if weights.shape != (rows,):
        raise ValueError(
            f"sample_weight must be {rows} numbers, one per row, not of shape {weights.shape}"
        )
    if not np.isfinite(weights).all():
        raise ValueError("sample_weight must be finite numbers")
    return weights
