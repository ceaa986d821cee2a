"""Loading: names, folders, archives, caches, and what is refused."""

import functools
import hashlib
import http.server
import pickle
import shutil
import tarfile
import threading
import zipfile

import keras
import numpy as np
import pytest
from PIL import Image

from zoo import datasets
from zoo.datasets import Dataset, cifar10, digits, files, mnist

pytestmark = pytest.mark.once


@pytest.fixture
def nowhere(monkeypatch, tmp_path):
    """No data but what the test makes: an empty Keras home, and no ZOO_DATA."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.delenv("ZOO_DATA", raising=False)
    return tmp_path


def write_images(folder, split, counts, size=(6, 5), mode="RGB"):
    rng = np.random.default_rng(len(split))
    for label, count in counts.items():
        place = folder / split / label
        place.mkdir(parents=True)
        for i in range(count):
            shape = (*size, 3) if mode == "RGB" else size
            Image.fromarray(rng.integers(0, 255, shape).astype("uint8")).save(place / f"{i}.png")


@pytest.fixture
def folder(nowhere):
    write_images(nowhere / "pets", "train", {"cat": 6, "dog": 4})
    write_images(nowhere / "pets", "val", {"cat": 2, "dog": 3})
    return nowhere / "pets"


def zipped(folder):
    return shutil.make_archive(str(folder), "zip", folder)


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

    def test_an_unknown_name_is_answered_with_the_nearest(self):
        with pytest.raises(
            ValueError, match="'cifar-10'.*nearest: cifar10.*Known: cifar10, digits"
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
        with pytest.raises(ValueError, match="image_shape must be .height, width, 1 or 3"):
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


class TestImageFolder:
    def test_folder_and_zip_give_the_same(self, folder):
        plain, packed = datasets.load(str(folder)), datasets.load(zipped(folder))
        assert plain.class_names == ("cat", "dog") and plain.image_shape == (6, 5, 3)
        assert np.bincount(plain.y_train).tolist() == [6, 4]
        np.testing.assert_array_equal(plain.x_val, packed.x_val)
        pixels = plain.x_train.reshape(-1, 3) / 255
        np.testing.assert_allclose(plain.mean, pixels.mean(axis=0), rtol=1e-9)
        np.testing.assert_allclose(plain.std, pixels.std(axis=0), rtol=1e-9)

    def test_a_zip_may_have_an_enclosing_folder(self, folder):
        path = shutil.make_archive(str(folder.parent / "outer"), "zip", folder.parent, "pets")
        assert len(datasets.load(path).x_train) == 10

    def test_without_a_test_folder_a_fifth_of_each_class_is_held_out(self, nowhere):
        write_images(nowhere / "flat", "", {"cat": 20, "dog": 10})
        data = datasets.load(str(nowhere / "flat"))
        assert np.bincount(data.y_val).tolist() == [4, 2]

    def test_decodes_once(self, folder, monkeypatch):
        from zoo.datasets import image_folder

        first = datasets.load(str(folder))
        monkeypatch.setattr(image_folder, "_decode", None)
        np.testing.assert_array_equal(datasets.load(str(folder)).x_train, first.x_train)

    def test_a_changed_image_is_decoded_again(self, folder):
        first = datasets.load(str(folder))
        Image.new("RGB", (5, 6), "red").save(folder / "train" / "cat" / "0.png")
        assert not np.array_equal(datasets.load(str(folder)).x_train, first.x_train)

    def test_a_half_written_cache_is_never_read(self, folder, monkeypatch):
        whole = datasets.load(str(folder))
        (cache,) = (files.keras_datasets() / "zoo").glob("*.npz")
        cache.write_bytes(cache.read_bytes()[:300])
        np.testing.assert_array_equal(datasets.load(str(folder)).x_train, whole.x_train)
        cache.unlink()

        def dies(file, **arrays):
            file.write(b"PK half")
            raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr(np, "savez", dies)
            with pytest.raises(KeyboardInterrupt):
                datasets.load(str(folder))
        assert list((files.keras_datasets() / "zoo").iterdir()) == []

    def test_folders_of_other_names_and_depths_are_understood(self, nowhere):
        write_images(nowhere / "odd", "Training", {"cat": 3, "dog": 3})
        write_images(nowhere / "odd", "valid", {"cat": 2, "dog": 2})
        write_images(nowhere / "odd", "test", {"cat": 1, "dog": 1})
        (nowhere / "odd" / "Training" / "cat" / "0.png").rename(nowhere / "moved.png")
        (nowhere / "odd" / "Training" / "cat" / "more").mkdir()
        (nowhere / "moved.png").rename(nowhere / "odd" / "Training" / "cat" / "more" / "0.png")
        (nowhere / "odd" / "Training" / "bird").symlink_to(nowhere / "odd" / "valid" / "dog")
        (nowhere / "odd" / "valid" / "bird").symlink_to(nowhere / "odd" / "test" / "dog")
        data = datasets.load(str(nowhere / "odd"))
        assert data.class_names == ("bird", "cat", "dog")
        assert np.bincount(data.y_train).tolist() == [2, 3, 3]
        assert np.bincount(data.y_val).tolist() == [1, 2, 2]

    def test_what_systems_leave_beside_images_is_passed_over(self, folder):
        (folder / "train" / ".ipynb_checkpoints").mkdir()
        (folder / "train" / "cat" / "._0.png").write_bytes(b"resource fork")
        (folder / "__MACOSX" / "train" / "cat").mkdir(parents=True)
        (folder / "__MACOSX" / "train" / "cat" / "0.png").write_bytes(b"resource fork")
        for path in (folder, zipped(folder)):
            assert len(datasets.load(str(path)).x_train) == 10

    def test_deep_transparent_and_turned_pictures_keep_what_they_show(self, nowhere):
        from zoo.datasets.image_folder import _eight_bits

        deep = Image.fromarray(np.array([[0, 32768, 65535]], "uint16"))
        assert _eight_bits(deep).tolist() == [[0, 128, 255]]
        clear = Image.fromarray(np.array([[[0, 0, 0, 0], [0, 0, 0, 255]]], "uint8"), "RGBA")
        assert _eight_bits(clear).tolist() == [[[255] * 3, [0] * 3]]
        turned = Image.new("RGB", (4, 2))
        turned.getexif()[274] = 6  # the camera was held upright
        assert _eight_bits(turned).shape == (4, 2, 3)

    def test_grey_images_become_what_the_model_takes(self, nowhere):
        write_images(nowhere / "grey", "", {"a": 5, "b": 5}, mode="L")
        assert datasets.load(str(nowhere / "grey")).image_shape == (6, 5, 1)
        data = datasets.load(str(nowhere / "grey"), image_shape=(32, 32, 3))
        assert data.image_shape == (32, 32, 3)


class TestBadFolders:
    def test_one_class(self, nowhere):
        write_images(nowhere / "one", "train", {"cat": 2})
        write_images(nowhere / "one", "val", {"cat": 2})
        with pytest.raises(ValueError, match="one has one class only, 'cat'"):
            datasets.load(str(nowhere / "one"))

    def test_an_empty_class_in_a_folder_and_in_a_zip(self, folder):
        (folder / "train" / "bird").mkdir()
        for path in (folder, zipped(folder)):
            with pytest.raises(ValueError, match="the class bird has a folder without images"):
                datasets.load(str(path))

    def test_a_class_that_one_split_lacks(self, folder):
        shutil.rmtree(folder / "val" / "dog")
        with pytest.raises(ValueError, match="the class dog"):
            datasets.load(str(folder))

    def test_mixed_sizes(self, folder):
        Image.new("RGB", (9, 9)).save(folder / "train" / "dog" / "big.png")
        with pytest.raises(ValueError, match="mixes sizes.*big.png is .9, 9, 3.*image_shape="):
            datasets.load(str(folder))
        assert datasets.load(str(folder), image_shape=(6, 5, 3)).x_train.shape == (11, 6, 5, 3)

    @pytest.mark.parametrize("content", [b"not an image", None])
    def test_a_damaged_image_is_named(self, folder, content):
        path = folder / "train" / "cat" / "3.png"
        path.write_bytes(content or path.read_bytes()[:60])
        with pytest.raises(ValueError, match="pets: the image train/cat/3.png cannot be read"):
            datasets.load(str(folder))

    def test_a_truncated_jpeg_is_named(self, folder):
        path = folder / "train" / "cat" / "photo.jpg"
        Image.effect_noise((64, 64), 60).convert("RGB").save(path)
        path.write_bytes(path.read_bytes()[:-600])
        with pytest.raises(ValueError, match="photo.jpg cannot be read"):
            datasets.load(str(folder), image_shape=(6, 5, 3))

    def test_a_damaged_zip_is_named(self, folder):
        path = zipped(folder)
        with open(path, "r+b") as file:
            file.truncate(1000)
        with pytest.raises(ValueError, match="pets.zip is not a complete zip"):
            datasets.load(path)

    def test_a_zip_with_a_damaged_member_is_named(self, folder):
        path = zipped(folder)
        with zipfile.ZipFile(path) as archive:
            offset = archive.getinfo("train/dog/1.png").header_offset
        with open(path, "r+b") as file:
            file.seek(offset + 60)
            file.write(b"\xff" * 40)
        with pytest.raises(ValueError, match="train/dog/1.png cannot be read"):
            datasets.load(path)

    def test_no_images_at_all(self, nowhere):
        (nowhere / "empty").mkdir()
        with pytest.raises(ValueError, match="holds no images"):
            datasets.load(str(nowhere / "empty"))


class TestDataset:
    def make(self, **changes):
        arrays = {
            "x_train": np.zeros((4, 8, 8, 3), "uint8"),
            "y_train": np.array([0, 1, 0, 1]),
            "x_val": np.zeros((2, 8, 8, 3), "uint8"),
            "y_val": np.array([0, 1]),
        }
        rest = {"class_names": ("a", "b"), "mean": (0.5,) * 3, "std": (0.2,) * 3}
        return Dataset("mine", **(arrays | rest | changes))

    def test_is_described_in_a_line(self):
        assert repr(self.make()) == "Dataset(mine: 4 train and 2 val images, 8x8x3, 2 classes)"

    @pytest.mark.parametrize(
        ("changes", "message"),
        [
            (
                {"x_train": np.zeros((4, 8, 8, 2), "uint8")},
                "1 or 3.*not uint8 of shape .4, 8, 8, 2",
            ),
            ({"x_val": np.zeros((2, 8, 8, 3))}, "mine, val: images must be uint8.*float64"),
            ({"y_train": np.array([0, 1, 2, 1])}, "labels run from 0 to 2, but the 2 class names"),
            ({"y_train": np.array([0, 1, -1, 1])}, "labels run from -1 to 1"),
            ({"y_val": np.array([0])}, "2 images need as many integer labels"),
            ({"y_val": np.array([0.0, 1.0])}, "not float64"),
            ({"mean": (0.5,)}, "mean and std need 3 values"),
            ({"std": (0.2, 0.0, 0.2)}, "std must be positive"),
            ({"x_val": np.zeros((2, 9, 9, 3), "uint8")}, "must be of one size"),
            (
                {"x_val": np.zeros((0, 8, 8, 3), "uint8"), "y_val": np.zeros(0, int)},
                "val: there is not one image",
            ),
        ],
    )
    def test_refuses_what_no_model_could_train_on(self, changes, message):
        with pytest.raises(ValueError, match=message):
            self.make(**changes)

    def test_an_unknown_split_is_refused(self):
        with pytest.raises(ValueError, match="no split named 'test'; there are train and val"):
            self.make().batches("test", 2)
