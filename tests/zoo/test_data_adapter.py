"""What the batches use of Keras's private parts, and what is said where it is gone."""

import inspect
import runpy
import sys

import keras
import pytest
from keras.src.trainers import data_adapters, epoch_iterator
from keras.src.trainers.data_adapters.py_dataset_adapter import PyDatasetAdapter

from zoo.backend import data_adapter
from zoo.backend.data_adapter import OrderedAdapter, OrderedDataset

pytestmark = pytest.mark.once


def test_keras_looks_its_adapter_up_where_ours_is():
    assert data_adapters.get_data_adapter.__module__ == "zoo.backend.data_adapter"
    source = inspect.getsource(epoch_iterator.EpochIterator)
    assert "data_adapters.get_data_adapter(" in source and "class_weight=class_weight" in source


def test_the_adapter_of_keras_has_what_ours_replaces():
    for name in ("num_batches", "on_epoch_begin", "on_epoch_end", "_get_iterator"):
        assert name in vars(PyDatasetAdapter) and name in vars(OrderedAdapter)
    assert "_standardize_batch" in vars(PyDatasetAdapter)
    ended = inspect.getsource(epoch_iterator.EpochIterator.catch_stop_iteration)
    assert "self._interrupted_warning()" in ended and "self.data_adapter" in ended
    adapter = PyDatasetAdapter(OrderedDataset(), {0: 1})
    assert adapter.class_weight == {0: 1} and isinstance(adapter.py_dataset, OrderedDataset)


def test_only_ordered_data_get_our_adapter():
    class Ones(keras.utils.PyDataset):
        def __len__(self):
            return 1

    class Ordered(Ones, OrderedDataset):
        pass

    assert type(data_adapters.get_data_adapter(Ones())) is PyDatasetAdapter
    assert type(data_adapters.get_data_adapter(Ordered(), class_weight={})) is OrderedAdapter
    with pytest.raises(ValueError, match="`y` should not be passed"):
        data_adapters.get_data_adapter(Ordered(), y=[1])


def test_adapters_that_moved_are_one_clear_sentence(monkeypatch):
    monkeypatch.setitem(sys.modules, "keras.src.trainers.data_adapters", None)
    with pytest.raises(ImportError, match="^the zoo.s batches need the data adapters"):
        runpy.run_path(data_adapter.__file__)
