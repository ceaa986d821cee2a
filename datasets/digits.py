"""Digits: 1,797 real handwritten digits, 8x8 grey, that ship with scikit-learn.

The stand-in that needs no download; a fifth of each class is held out, always the same fifth.
"""

import numpy as np

from zoo.datasets.dataset import Dataset

CLASS_NAMES = tuple("0123456789")
MEAN = (0.3053,)
STD = (0.3761,)


def load(data_dir=None, limit: int | None = None, seed: int = 0) -> Dataset:
    """Digits, all of it or `limit` training images; `data_dir` is for datasets that are files.

    Raises:
        ValueError: if it cannot meet the limit.
    """
    from sklearn.datasets import load_digits  # here, because scikit-learn takes long to import
    from sklearn.model_selection import train_test_split

    images, labels = load_digits(return_X_y=True)
    images = np.round(images * (255 / 16)).astype("uint8").reshape(-1, 8, 8, 1)
    x_train, x_val, y_train, y_val = train_test_split(
        images, labels, test_size=0.2, random_state=0, stratify=labels
    )
    data = Dataset("digits", x_train, y_train, x_val, y_val, CLASS_NAMES, MEAN, STD)
    return data if limit is None else data.limited(limit, seed)
