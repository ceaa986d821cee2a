"""MNIST: 60,000 + 10,000 handwritten digits, 28x28 grey (LeCun, Cortes and Burges)."""

from zoo.datasets.dataset import Dataset
from zoo.datasets.files import find, read_npz

URL = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/mnist.npz"
SHA256 = "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1"
CLASS_NAMES = tuple("0123456789")
MEAN = (0.1307,)
STD = (0.3081,)


def load(data_dir=None, limit: int | None = None, seed: int = 0) -> Dataset:
    """MNIST, all of it or `limit` training images.

    Raises:
        ValueError: if the file is damaged, or cannot meet the limit.
        FileNotFoundError: if it is not here and cannot be downloaded.
    """
    path = find("mnist", ["mnist.npz"], URL, SHA256, data_dir)
    x_train, y_train, x_val, y_val = read_npz(path, ["x_train", "y_train", "x_test", "y_test"])
    data = Dataset(
        "mnist", x_train[..., None], y_train, x_val[..., None], y_val, CLASS_NAMES, MEAN, STD
    )
    return data if limit is None else data.limited(limit, seed)
