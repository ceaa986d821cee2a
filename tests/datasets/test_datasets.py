"""Loading: names, folders, archives, caches, and what is refused."""

import functools
import hashlib
import http.server
import pickle
import tarfile
import threading
from pathlib import Path

import keras
import numpy as np
import pytest

from zoo import datasets
from zoo.datasets import cifar10, digits, files, mnist

pytestmark = pytest.mark.once


class TestLoad:
    def test_digits_needs_no_files(self, nowhere):
        data = datasets.load("digits")
        assert data.image_shape == (8, 8, 1) and len(data.x_train) + len(data.x_val) == 1797

    def test_reshapes_for_any_model(self, nowhere):
        data = datasets.load("digits", image_shape=(32, 32, 3))
        assert data.x_train.shape == (1437, 32, 32, 3) and len(data.mean) == 3
        assert np.bincount(data.y_val).min() >= 34  # a fifth of each class

    def test_limit_keeps_classes_balanced_and_the_seed_chooses(self, nowhere):
        first, again, other = [datasets.load("digits", limit=100, seed=s) for s in (0, 0, 1)]
        assert np.bincount(first.y_train).tolist() == [10] * 10
        assert len(first.y_val) == 100
        np.testing.assert_array_equal(first.x_train, again.x_train)
        assert not np.array_equal(first.x_train, other.x_train)

    @pytest.mark.parametrize("limit", [0, 1438])
    def test_a_limit_that_cannot_be_met_is_refused(self, nowhere, limit):
        with pytest.raises(ValueError, match=f"--limit {limit}: digits has 1,437 training images"):
            datasets.load("digits", limit=limit)

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ({"image_shape": (32.5, 32, 3)}, "image_shape=.32.5, 32, 3. must be"),
            ({"limit": "10"}, "limit='10' must be a whole number"),
            ({"limit": 10.0}, "limit=10.0 must be a whole number"),
            ({"limit": True}, "limit=True must be a whole number"),
            ({"seed": 0.5}, "seed=0.5 must be a whole number, 0 or more"),
            ({"seed": -1}, "seed=-1 must be a whole number, 0 or more"),
            ({"data_dir": 5}, "data_dir=5 must be the path of a folder"),
            ({"on_error": "skp"}, "on_error='skp' must be one of .* did you mean 'skip'"),
            ({"in_memory": "no"}, "in_memory='no' must be True, False or None"),
            ({"name": None}, "name=None must be the name of a dataset or a path"),
            ({"name": 5}, "name=5 must be the name of a dataset or a path"),
            ({"name": ""}, "no dataset named ''"),
            ({"name": "/dev/null"}, "/dev/null is neither a folder nor a zip file"),
            ({"name": "~nobody-of-this-name/pets"}, "no dataset named '~nobody-of-this-name/pets'"),
        ],
    )
    def test_arguments_of_another_kind_are_refused(self, nowhere, arguments, message):
        with pytest.raises(ValueError, match=message):
            datasets.load(**{"name": "digits"} | arguments)

    def test_a_user_without_a_home_folder_can_load(self, folder, monkeypatch):
        def unknown(*args):
            raise KeyError("getpwuid(): uid not found")

        monkeypatch.delenv("HOME")
        monkeypatch.setattr("pwd.getpwuid", unknown)
        monkeypatch.setattr("pwd.getpwnam", unknown)
        with pytest.raises(RuntimeError):
            Path("~").expanduser()
        assert len(datasets.load(folder).x_train) == 10
        assert datasets.load("digits", limit=10).num_classes == 10
        with pytest.raises(FileNotFoundError, match="--data-dir ~/data is not a folder"):
            datasets.load("mnist", data_dir="~/data")

    def test_an_unknown_name_is_answered_with_the_nearest(self):
        with pytest.raises(
            ValueError, match="'cifar-10'.*nearest: cifar10.*Known: bccd, cifar10, dates, digits"
        ):
            datasets.load("cifar-10")

    def test_missing_data_say_where_they_were_looked_for(self, nowhere, monkeypatch):
        monkeypatch.setattr(mnist, "URL", "http://127.0.0.1:9/mnist.npz")
        with pytest.raises(FileNotFoundError) as error:
            datasets.load("mnist", data_dir=nowhere)
        for part in ("looked for mnist.npz", str(nowhere), "keras/datasets", "127.0.0.1", "digits"):
            assert part in str(error.value)

    def test_a_data_dir_that_is_not_there_is_no_reason_to_look_elsewhere(self, nowhere):
        with pytest.raises(FileNotFoundError, match="--data-dir .*typo is not a folder"):
            datasets.load("mnist", data_dir=nowhere / "typo")

    @pytest.mark.parametrize("shape", [(32, 32), (32, 32, 4), (0, 32, 3), 32])
    def test_a_shape_that_is_none_is_refused(self, nowhere, shape):
        with pytest.raises(ValueError, match="image_shape=.* must be .height, width, 1 or 3"):
            datasets.load("digits", image_shape=shape)

    def test_digits_states_the_statistics_of_its_pixels(self):
        self.check_statistics(digits)

    def test_the_others_state_the_statistics_of_their_pixels(self, real_data):
        for module in (mnist, cifar10):
            self.check_statistics(module)

    def check_statistics(self, module):
        data = module.load()
        pixels = data.x_train.reshape(-1, data.image_shape[-1]) / 255
        np.testing.assert_allclose(pixels.mean(axis=0), data.mean, atol=2e-3)
        np.testing.assert_allclose(pixels.std(axis=0), data.std, atol=2e-3)


class TestRealFiles:
    def test_mnist(self, real_data):
        data = datasets.load("mnist", data_dir=real_data)
        assert data.x_train.shape == (60_000, 28, 28, 1) and data.x_val.shape[0] == 10_000
        assert data.y_train[:5].tolist() == [5, 0, 4, 1, 9]  # the original's order

    def test_cifar10(self, real_data):
        data = datasets.load("cifar10", data_dir=real_data)
        assert data.x_train.shape == (50_000, 32, 32, 3) and data.x_val.shape[0] == 10_000
        assert np.bincount(data.y_train).tolist() == [5000] * 10
        assert data.class_names == cifar10.CLASS_NAMES


class TestDownload:
    @pytest.fixture
    def server(self, nowhere):
        (nowhere / "www").mkdir()
        rng = np.random.default_rng(0)
        arrays = {
            "x_train": rng.integers(0, 255, (20, 28, 28)).astype("uint8"),
            "y_train": np.arange(20) % 10,
            "x_test": rng.integers(0, 255, (10, 28, 28)).astype("uint8"),
            "y_test": np.arange(10),
        }
        np.savez(nowhere / "www" / "mnist.npz", **arrays)

        class Quiet(http.server.SimpleHTTPRequestHandler):
            def log_message(self, *args):
                pass

        handler = functools.partial(Quiet, directory=nowhere / "www")
        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            yield f"http://127.0.0.1:{server.server_port}/mnist.npz", nowhere / "www" / "mnist.npz"
            server.shutdown()

    def test_fetches_checks_and_keeps_the_file(self, server, monkeypatch):
        url, source = server
        monkeypatch.setattr(mnist, "URL", url)
        monkeypatch.setattr(mnist, "SHA256", hashlib.sha256(source.read_bytes()).hexdigest())
        assert datasets.load("mnist").x_train.shape == (20, 28, 28, 1)
        source.unlink()
        assert datasets.load("mnist").x_train.shape == (20, 28, 28, 1)  # from the cache

    def test_refuses_another_checksum_and_does_not_keep_the_file(self, server, monkeypatch):
        monkeypatch.setattr(mnist, "URL", server[0])
        with pytest.raises(ValueError, match="does not have the checksum of mnist"):
            datasets.load("mnist")
        assert not (files.keras_datasets() / "mnist.npz").exists()

    def test_a_folder_with_hash_in_its_name_is_no_wrong_checksum(self, nowhere, monkeypatch):
        def refused(*args, **kwargs):
            raise PermissionError(13, "Permission denied", "/home/hashim/.keras")

        monkeypatch.setattr(keras.utils, "get_file", refused)
        with pytest.raises(FileNotFoundError, match="could not be downloaded(?s:.*)hashim"):
            datasets.load("mnist")


class TestArchives:
    @pytest.mark.parametrize("damage", ["truncated", "text", "missing"])
    def test_a_damaged_npz_is_named(self, nowhere, damage):
        path = nowhere / "mnist.npz"
        np.savez(path, x_train=np.zeros((2, 28, 28), "uint8"))
        if damage == "truncated":
            path.write_bytes(path.read_bytes()[:400])
        if damage == "text":
            path.write_text("not found")
        with pytest.raises(ValueError, match="mnist.npz cannot be read"):
            datasets.load("mnist", data_dir=nowhere)

    def make_batches(self, folder):
        folder.mkdir()
        for i, name in enumerate([*[f"data_batch_{i}" for i in range(1, 6)], "test_batch"]):
            data = np.full((4, 3072), i, "uint8")
            data[:, :1024] = 200  # the red plane
            labels = [0, 1, 2, 9]
            (folder / name).write_bytes(pickle.dumps({b"data": data, b"labels": labels}))

    def test_cifars_pickled_batches_are_read_from_folder_and_archive(self, nowhere):
        self.make_batches(nowhere / "cifar-10-batches-py")
        (nowhere / "packed").mkdir()
        with tarfile.open(nowhere / "packed" / "cifar-10-python.tar.gz", "w:gz") as archive:
            archive.add(nowhere / "cifar-10-batches-py", "cifar-10-batches-py")
        for place in (nowhere, nowhere / "packed"):
            data = datasets.load("cifar10", data_dir=place)
            assert data.x_train.shape == (20, 32, 32, 3)
            assert data.x_train[4, 7, 7].tolist() == [200, 1, 1]
            assert data.y_val.tolist() == [0, 1, 2, 9]

    def test_a_pickle_that_would_run_code_is_refused(self, nowhere):
        self.make_batches(nowhere / "cifar-10-batches-py")

        class Evil:
            def __reduce__(self):
                return print, ("owned",)

        (nowhere / "cifar-10-batches-py" / "data_batch_3").write_bytes(pickle.dumps(Evil()))
        with pytest.raises(ValueError, match="builtins.print, which no CIFAR-10 batch needs"):
            datasets.load("cifar10", data_dir=nowhere)
