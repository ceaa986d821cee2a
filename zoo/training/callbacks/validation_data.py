"""Validation images with their labels, batch by batch, from whatever `fit` takes."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import keras
import numpy as np

from zoo import checks
from zoo.datasets import Dataset
from zoo.explain.inputs import require_fit

ROWS = 512  # that are read at once from arrays and datasets


@dataclass(frozen=True)
class LabelledImages:
    """One batch; each array has one entry per image."""

    pictures: np.ndarray  # (n, height, width, channels), as they were given
    inputs: np.ndarray  # as the model takes them
    labels: np.ndarray  # integers (n,)


class ValidationData:
    """The images of one source, which can be gone through more than once.

    Args:
        source: a zoo dataset, of which the validation images are taken; arrays (x, y); or batches
            (x, y): of `data.batches`, a PyDataset, a tf.data.Dataset, a DataLoader of torch, or in
            a list. Labels are integers or one-hot.
        class_names: one per class; None: those that the source has, else the numbers.
        preprocess: makes of a batch of these images what the model takes; None: as the zoo dataset
            normalises them, and other images as they are.

    Raises:
        ValueError: if the source is something else, or can be gone through only once; if
            class_names is no list, or preprocess no function.
    """

    def __init__(
        self,
        source,
        class_names: Sequence[str] | None = None,
        preprocess: Callable[[np.ndarray], np.ndarray] | None = None,
    ):
        self._source, self._preprocess = source, preprocess
        if isinstance(source, Dataset):
            self._arrays = source.split("val")
            self._preprocess = preprocess or source.normalize
        else:
            self._arrays = _arrays_of(source)
        if self._arrays is None and not isinstance(source, keras.utils.PyDataset):
            _require_batches(source)
        if class_names is None:  # as those of keras.utils.image_dataset_from_directory
            class_names = getattr(source, "class_names", None)
        if not isinstance(class_names, list | tuple | type(None)):
            raise ValueError(f"class_names={class_names!r} must be a list, one name per class")
        self._class_names = [str(name) for name in class_names or ()]
        if not (preprocess is None or callable(preprocess)):
            raise ValueError(f"preprocess={preprocess!r} must be a function of a batch of images")

    def __iter__(self) -> Iterator[LabelledImages]:
        for batch in self._batches():
            if not isinstance(batch, tuple | list) or len(batch) not in (2, 3):
                raise ValueError(
                    f"a batch of validation data is a {type(batch).__name__}, not (x, y) or "
                    f"(x, y, weights)"
                )
            pictures = _array("validation images", batch[0])
            if pictures.ndim != 4:
                raise ValueError(
                    f"validation images must be (n, height, width, channels), not of shape "
                    f"{pictures.shape}"
                )
            labels = _integers(_array("validation labels", batch[1]), len(pictures))
            inputs = pictures
            if self._preprocess is not None:
                inputs = _array("preprocessed images", self._preprocess(pictures))
            yield LabelledImages(pictures, inputs, labels)

    def check(self, model: keras.Model) -> LabelledImages:
        """The first batch, if there is one, and the model takes such images.

        Raises:
            ValueError: if there is none, a label is not a class of the model, or the data are not
                images with labels that the model takes.
        """
        first = next(iter(self), None)
        if first is None or not len(first.labels):
            raise ValueError("there are no validation images to draw")
        if model.built:
            require_fit(model, first.inputs)
        if outputs := getattr(model, "outputs", None):
            columns = outputs[0].shape[-1]
            classes = 2 if columns == 1 else columns
            checks.class_labels("validation labels", first.labels, len(first.labels), classes)
        return first

    def class_names(self, count: int) -> list[str]:
        """At least `count` names, the missing ones the number of their class."""
        return self._class_names + [str(n) for n in range(len(self._class_names), count)]

    def _batches(self) -> Iterator:
        if self._arrays is not None:
            x, y = self._arrays
            for start in range(0, len(x), ROWS):
                yield x[start : start + ROWS], y[start : start + ROWS]
        elif isinstance(self._source, keras.utils.PyDataset):
            has_length = hasattr(self._source, "__len__")
            count = len(self._source) if has_length else self._source.num_batches
            if count is None:
                raise ValueError("validation data must end; this PyDataset has no num_batches")
            for index in range(count):  # zoo batches that are looked at begin no epoch
                yield self._source[index]
        else:
            _require_an_end(self._source)
            yield from self._source


def _arrays_of(source):
    """`(x, y)` of a tuple or list of arrays, whose weights are of no use here; else None."""
    listed = isinstance(source, tuple | list) and len(source) in (2, 3)
    if not listed or not all(hasattr(values, "shape") for values in source[:2]):
        return None
    x, y = source[:2]
    if len(x.shape) != 4 or y.shape[:1] != x.shape[:1]:
        raise ValueError(
            f"validation images must be (n, height, width, channels), with n labels, not of shapes "
            f"{tuple(x.shape)} and {tuple(y.shape)}"
        )
    return x, y


def _require_batches(source) -> None:
    if hasattr(source, "__next__"):
        raise ValueError(
            f"validation data are read after each training, a {type(source).__name__} only once; "
            f"give arrays (x, y) or a list of batches"
        )
    if not hasattr(source, "__iter__") or isinstance(source, str):
        raise ValueError(
            f"validation data must be a dataset, arrays (x, y) or batches (x, y), not "
            f"{'None' if source is None else f'a {type(source).__name__}'}"
        )


def _require_an_end(source) -> None:
    """Refuse a tf.data.Dataset that repeats for ever, which is the one kind that tells."""
    cardinality = getattr(source, "cardinality", None)
    if callable(cardinality) and int(cardinality()) == -1:
        raise ValueError("validation data must end; give this dataset without repeat()")


def _array(name: str, values) -> np.ndarray:
    if keras.ops.is_tensor(values):
        values = keras.ops.convert_to_numpy(values)
    return checks.array(name, values)


def _integers(labels: np.ndarray, count: int) -> np.ndarray:
    """Labels (n,), (n, 1) or one-hot (n, classes), of any type, as integers (n,)."""
    name = "validation labels"
    if labels.ndim == 2 and labels.shape[1] > 1:
        one_each = (labels >= 0).all() and np.allclose(labels.sum(axis=1), 1, atol=1e-3)
        if not one_each:
            raise ValueError(f"{name} of shape {labels.shape} are not one class per image")
        labels = labels.argmax(axis=1)
    labels = labels.reshape(-1) if labels.shape == (count, 1) else labels
    if labels.dtype.kind == "f" and (labels == np.rint(labels)).all():
        labels = labels.astype("int64")
    return checks.class_labels(name, labels, count)
