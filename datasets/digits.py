"""Digits: 1,797 real handwritten digits, 8x8 grey, that ship with scikit-learn.

The stand-in that needs no download; a fifth of each class is held out, always the same fifth.
"""

import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from zoo.datasets.dataset import Dataset

CLASS_NAMES = tuple("0123456789")
MEAN = (0.3053,)
STD = (0.3761,)


def load(data_dir=None) -> Dataset:
    images, labels = load_digits(return_X_y=True)
    images = np.round(images * (255 / 16)).astype("uint8").reshape(-1, 8, 8, 1)
    x_train, x_val, y_train, y_val = train_test_split(
        images, labels, test_size=0.2, random_state=0, stratify=labels
    )
    return Dataset("digits", x_train, y_train, x_val, y_val, CLASS_NAMES, MEAN, STD)
