"""The base of data that order their own epochs, which only a private class of Keras allows.

Given a `PyDataset`, `fit` shuffles the order of the batches once more, and with several workers
carries some into the next epoch.
"""

from keras.src.trainers.data_adapters.py_dataset_adapter import PyDatasetAdapter

__all__ = ["PyDatasetAdapter"]
