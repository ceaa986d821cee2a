"""Data that `fit` takes in an order of their own, which public Keras does not allow.

`fit` shuffles the batches of a `keras.utils.PyDataset` once more. A PyDataset that ignores the
index and gives its next batch is not in order either: Keras takes one batch to build the model,
two for their shapes on tensorflow, and more of the same pass in the next epoch of a `fit` with
`steps_per_epoch`; nothing public tells these apart. A data adapter of one's own is not shuffled,
but Keras drops the `class_weight` of its `fit`. So Keras's choice of an adapter is extended here:
for an `OrderedDataset` it is ours.

On tensorflow `tf.data` makes an InvalidArgumentError of whatever a batch raises, with the sentence
somewhere in a traceback. Our adapter ends the pass instead, and where Keras would warn that the
data have run out, the error itself is raised.
"""

import keras

from zoo import checks

try:
    from keras.src.trainers import data_adapters
    from keras.src.trainers.data_adapters import PyDatasetAdapter, get_data_adapter
    from keras.src.trainers.epoch_iterator import EpochIterator

    warn_of_the_end = EpochIterator._interrupted_warning
except (ImportError, AttributeError) as error:
    raise ImportError(
        f"the zoo's batches need the data adapters of Keras 3.15, which Keras {keras.__version__} "
        f"does not have in the same place: pip install 'keras>=3.15,<3.16'"
    ) from error


class OrderedDataset(keras.utils.PyDataset):
    """Batches that `fit`, `evaluate` and `predict` take in the order of `one_pass`.

    `epoch` is the number of the next pass: one that begins takes it and adds 1. Batches with
    `sample_weight` refuse the `class_weight` of `fit`.
    """

    epoch = 0
    sample_weight = None
    coming = None  # a dataset for the next epoch of `fit` alone, in place of this one

    def one_pass(self, epoch: int):
        """The batches of that pass, first to last: (x, y) or (x, y, weights)."""
        raise NotImplementedError

    def check_devices(self, count: int) -> None:
        """Raise ValueError if there is a batch that does not divide among so many devices."""


class OrderedAdapter(PyDatasetAdapter):
    """What Keras goes through in one `fit`, `evaluate` or `predict` with an `OrderedDataset`."""

    def __init__(self, dataset: OrderedDataset, class_weight: dict[int, float] | None = None):
        super().__init__(dataset, class_weight)
        self._epoch, self._within_pass = dataset.epoch, False
        self._source, self.failure = dataset, None
        _check_devices(dataset)
        if class_weight is None:
            return
        if not isinstance(class_weight, dict):
            raise ValueError(f"class_weight must be a dict {{0: 0.5, ...}}, not {class_weight!r}")
        for label, weight in class_weight.items():
            checks.whole_number("a class in class_weight", label, least=0)
            checks.number(f"class_weight[{label}]", weight)
        if dataset.sample_weight is not None:
            raise ValueError(
                "class_weight and sample_weight cannot be combined: multiply the sample_weight of "
                "the batches by the weight of each image's class"
            )

    @property
    def num_batches(self):
        """Keras asks when it begins, and again after a look at one batch to build the model."""
        if self._within_pass:
            self.py_dataset.epoch = self._epoch  # the look was no pass
            self._within_pass = False
        self.py_dataset.coming = None  # of a `fit` that was interrupted
        return self.py_dataset.num_batches

    def on_epoch_begin(self):
        super().on_epoch_begin()
        self._epoch, self._within_pass = self.py_dataset.epoch, True
        self.py_dataset.epoch += 1
        coming, self.py_dataset.coming = self.py_dataset.coming, None
        self._source = self.py_dataset if coming is None else coming
        _check_devices(self._source)

    def on_epoch_end(self):
        super().on_epoch_end()
        self._within_pass = False

    def _get_iterator(self):
        try:
            for batch in self._source.one_pass(self._epoch):
                yield self._standardize_batch(batch)
        except Exception as error:
            if keras.config.backend() != "tensorflow":
                raise
            self.failure = error  # that ends the pass; see _raise_or_warn

    def _standardize_batch(self, batch):
        if self.class_weight is None:
            return super()._standardize_batch(batch)
        x, y, *weights = batch
        if keras.tree.is_nested(y):
            raise ValueError("class_weight is for one array of labels, not for several outputs")
        x, y, by_class = super()._standardize_batch((x, y))
        return x, y, by_class * weights[0] if weights else by_class


def _check_devices(dataset: OrderedDataset) -> None:
    distribution = keras.distribution.distribution()
    if isinstance(distribution, keras.distribution.DataParallel):
        dataset.check_devices(distribution.device_mesh.devices.size)


def _get_data_adapter(*args, **kwargs):
    """Keras's choice, which checks the arguments as well, or our adapter in its place."""
    adapter = get_data_adapter(*args, **kwargs)
    dataset = getattr(adapter, "py_dataset", None)
    if isinstance(dataset, OrderedDataset):
        adapter = OrderedAdapter(dataset, adapter.class_weight)
    return adapter


def _raise_or_warn(iterator: EpochIterator) -> None:
    """Where a pass ends too early: the error that ended it, or else Keras's warning."""
    failure = getattr(iterator.data_adapter, "failure", None)
    if failure is None:
        return warn_of_the_end(iterator)
    iterator.data_adapter.failure = None
    raise failure from None


EpochIterator._interrupted_warning = _raise_or_warn
data_adapters.get_data_adapter = _get_data_adapter  # looked up there for each fit
