"""Images that stay in their files give what an array of them gives."""

import concurrent.futures

import numpy as np
import pytest
from PIL import Image

from zoo import datasets
from zoo.datasets import image_folder, streaming, transforms
from zoo.datasets.streaming import ImageFiles

pytestmark = pytest.mark.once


@pytest.fixture
def photographs(nowhere, write_images):
    """Forty training and twenty validation images of noise, 9x7."""
    write_images(nowhere / "photos" / "train", {"cat": 24, "dog": 16}, size=(9, 7))
    write_images(nowhere / "photos" / "val", {"cat": 10, "dog": 10}, size=(9, 7))
    return nowhere / "photos"


@pytest.fixture(params=["folder", "zip"])
def both(photographs, zipped, request):
    """The same dataset as files and in memory."""
    path = photographs if request.param == "folder" else zipped(photographs)
    return datasets.load(path, in_memory=False), datasets.load(path, in_memory=True)


class TestImageFiles:
    def test_is_indexed_as_an_array(self, both):
        files, array = both[0].x_train, both[1].x_train
        assert isinstance(files, ImageFiles) and isinstance(array, np.ndarray)
        assert (files.shape, files.dtype, files.ndim) == (array.shape, array.dtype, array.ndim)
        assert len(files) == len(array)
        mask = np.arange(40) % 3 == 0
        descending = np.arange(39, 0, -2)
        for rows in (
            5,
            -1,
            np.int64(3),
            slice(2, 30),
            slice(None, None, -7),
            [3, 1, 3],
            mask,
            descending,
        ):
            np.testing.assert_array_equal(files[rows], array[rows])
        assert files[[]].shape == (0, 9, 7, 3)
        np.testing.assert_array_equal(np.asarray(files), array)
        np.testing.assert_array_equal(np.stack(list(files)), array)

    @pytest.mark.parametrize("rows", [40, -41, [0, 40]])
    def test_a_row_that_is_not_there_is_refused(self, both, rows):
        with pytest.raises(IndexError):
            both[0].x_train[rows]

    @pytest.mark.parametrize("rows", [(0, 1), "0", 1.5, [0.5], [[0, 1]], np.ones(3, bool)])
    def test_other_indices_are_refused(self, both, rows):
        with pytest.raises(IndexError, match="integers of shape .m,., not by"):
            both[0].x_train[rows]

    def test_several_threads_may_read_at_once(self, both):
        files, array = both[0].x_train, both[1].x_train
        with concurrent.futures.ThreadPoolExecutor(4) as threads:
            for images in threads.map(lambda _: files[::-1], range(8)):
                np.testing.assert_array_equal(images, array[::-1])

    def test_an_image_that_was_damaged_since_is_named(self, photographs):
        data = datasets.load(photographs, in_memory=False)
        (photographs / "train" / "cat" / "0.png").write_bytes(b"not an image")
        with pytest.raises(ValueError, match="the image train/cat/0.png cannot be read"):
            data.x_train[:5]

    def test_no_more_is_decoded_than_asked_for(self, photographs, monkeypatch):
        data = datasets.load(photographs, in_memory=False)
        decoded = []
        decode = streaming.decode
        monkeypatch.setattr(streaming, "decode", lambda data: decoded.append(1) or decode(data))
        data.x_train[[1, 5, 30]]
        assert len(decoded) == 3
        data.limited(10).reshaped((4, 4, 1)).x_val.shape  # noqa: B018
        assert len(decoded) == 3


class TestDataset:
    def test_has_the_same_names_labels_and_statistics(self, both):
        files, array = both
        assert (files.mean, files.std) == (array.mean, array.std)
        assert files.class_names == array.class_names
        np.testing.assert_array_equal(files.y_val, array.y_val)
        assert repr(files) == repr(array)[:-1] + ", read from files)"

    def test_batches_are_the_same(self, both):
        steps = [transforms.flip(), transforms.cutout(3)]
        files, array = [data.batches("train", 16, steps, seed=3, workers=2) for data in both]
        for index in range(len(array)):
            for ours, expected in zip(files[index], array[index], strict=True):
                np.testing.assert_array_equal(ours, expected)

    @pytest.mark.parametrize("shape", [(5, 12, 3), (9, 7, 1), (20, 20, 1)])
    def test_limited_and_reshaped_are_the_same(self, both, shape):
        files, array = [data.limited(10, seed=1).reshaped(shape) for data in both]
        assert files.image_shape == array.image_shape == shape
        assert (files.mean, files.std) == (array.mean, array.std)
        for split in ("train", "val"):
            for ours, expected in zip(files.split(split), array.split(split), strict=True):
                np.testing.assert_array_equal(ours, expected)

    def test_resized_twice_is_the_same(self, both):
        files, array = [data.reshaped((5, 5, 1)).reshaped((12, 12, 3)) for data in both]
        np.testing.assert_array_equal(files.x_val, array.x_val)

    def test_normalises_the_same(self, both):
        files, array = [data.normalize(data.x_val) for data in both]
        np.testing.assert_array_equal(files, array)


class TestSize:
    def test_the_pixels_of_both_splits_decide(self, photographs, monkeypatch):
        size = 60 * 9 * 7 * 3
        monkeypatch.setattr(image_folder, "IN_MEMORY", size)
        assert isinstance(datasets.load(photographs).x_train, np.ndarray)
        monkeypatch.setattr(image_folder, "IN_MEMORY", size - 1)
        assert isinstance(datasets.load(photographs).x_train, ImageFiles)
        assert isinstance(datasets.load(photographs, limit=20).x_train, np.ndarray)
        assert isinstance(datasets.load(photographs, in_memory=True).x_train, np.ndarray)
        assert isinstance(datasets.load(photographs, image_shape=(4, 4, 3)).x_train, np.ndarray)

    def test_reads_every_image_once_and_remembers_what_it_found(self, photographs, monkeypatch):
        first = datasets.load(photographs, in_memory=False)
        monkeypatch.setattr(image_folder, "decode_all", None)
        again = datasets.load(photographs, in_memory=False)
        assert again.mean == first.mean
        assert datasets.cache.entries()[-1].size < 20_000  # no pixels

    def test_mixed_sizes_are_found_before_the_training(self, photographs):
        Image.new("RGB", (3, 3)).save(photographs / "train" / "dog" / "odd.png")
        with pytest.raises(ValueError, match="mixes sizes: train/dog/odd.png is .3, 3, 3"):
            datasets.load(photographs, in_memory=False)
        data = datasets.load(photographs, image_shape=(9, 7, 3), in_memory=False)
        assert data.x_train.shape == (41, 9, 7, 3)
