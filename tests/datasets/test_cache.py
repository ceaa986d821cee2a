"""The cache of decoded folders: made once, never half, listed, emptied, and of bounded size."""

import os

import numpy as np
import pytest
from PIL import Image

from zoo import datasets
from zoo.datasets import cache, image_folder

pytestmark = pytest.mark.once


class TestCached:
    def test_decodes_once(self, folder, monkeypatch):
        first = datasets.load(folder)
        monkeypatch.setattr(image_folder, "decode_all", None)
        again = datasets.load(folder)
        np.testing.assert_array_equal(again.x_train, first.x_train)
        assert (again.mean, again.std) == (first.mean, first.std)

    def test_a_changed_image_is_decoded_again(self, folder):
        first = datasets.load(folder)
        Image.new("RGB", (5, 6), "red").save(folder / "train" / "cat" / "0.png")
        assert not np.array_equal(datasets.load(folder).x_train, first.x_train)

    def test_a_half_written_cache_is_never_read(self, folder, monkeypatch):
        whole = datasets.load(folder)
        (entry,) = cache.entries()
        entry.path.write_bytes(entry.path.read_bytes()[:300])
        np.testing.assert_array_equal(datasets.load(folder).x_train, whole.x_train)
        entry.path.unlink()

        def dies(file, arrays):
            file.write(b"PK half")
            raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr(cache, "_write", dies)
            with pytest.raises(KeyboardInterrupt):
                datasets.load(folder)
        assert list(cache.folder().iterdir()) == []

    @pytest.mark.parametrize("keys", [["x"], ["x_train", "y_train"], []])
    def test_a_file_with_other_arrays_is_made_again(self, folder, keys):
        whole = datasets.load(folder)
        (entry,) = cache.entries()
        np.savez(entry.path, **{key: np.zeros(3) for key in keys})
        np.testing.assert_array_equal(datasets.load(folder).x_train, whole.x_train)

    def test_a_cache_that_cannot_be_written_costs_a_warning(self, folder, nowhere):
        (nowhere / "keras").write_text("no folder")
        with pytest.warns(UserWarning, match="decoded images are not cached"):
            assert len(datasets.load(folder).x_train) == 10


class TestCare:
    def test_is_listed_and_emptied(self, folder, nowhere, write_images):
        assert cache.entries() == [] and cache.clear() == 0
        write_images(nowhere / "a-b", {"x": 5, "y": 5})
        datasets.load(nowhere / "a-b")
        datasets.load(folder)
        names = {entry.name: entry for entry in cache.entries()}
        assert set(names) == {"a-b", "pets"}
        assert names["pets"].path.parent == cache.folder() == nowhere / "keras/datasets/zoo"
        assert names["pets"].size == names["pets"].path.stat().st_size > 15 * 6 * 5 * 3
        assert cache.clear("a-b") == names["a-b"].size
        assert [entry.name for entry in cache.entries()] == ["pets"]
        assert cache.clear() == names["pets"].size
        assert cache.entries() == []

    def test_what_has_not_been_used_for_longest_goes_first(
        self, nowhere, write_images, monkeypatch
    ):
        for age, name in enumerate("abc"):
            write_images(nowhere / name, {"x": 5, "y": 5})
            datasets.load(nowhere / name)
            os.utime(cache.entries()[-1].path, (1000 + age, 1000 + age))
        datasets.load(nowhere / "a")  # so that b is the one
        assert [entry.name for entry in cache.entries()] == ["b", "c", "a"]
        monkeypatch.setattr(cache, "SIZE_LIMIT", int(3.5 * cache.entries()[0].size))
        write_images(nowhere / "d", {"x": 5, "y": 5})
        datasets.load(nowhere / "d")
        assert [entry.name for entry in cache.entries()] == ["c", "a", "d"]

    def test_what_is_larger_than_the_limit_is_not_kept(self, folder, monkeypatch):
        monkeypatch.setattr(cache, "SIZE_LIMIT", 100)
        assert len(datasets.load(folder).x_train) == 10
        assert cache.entries() == []
