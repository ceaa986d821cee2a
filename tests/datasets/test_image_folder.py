"""Image folders and zips: what is read, once, as which class, and what is refused."""

import shutil
import tracemalloc
import zipfile

import numpy as np
import pytest
from PIL import Image

from zoo import datasets
from zoo.datasets import image_folder, listing

pytestmark = pytest.mark.once


class TestImageFolder:
    def test_folder_and_zip_give_the_same(self, folder, zipped):
        plain, packed = datasets.load(str(folder)), datasets.load(zipped(folder))
        assert plain.class_names == ("cat", "dog") and plain.image_shape == (6, 5, 3)
        assert np.bincount(plain.y_train).tolist() == [6, 4]
        np.testing.assert_array_equal(plain.x_val, packed.x_val)
        pixels = plain.x_train.reshape(-1, 3) / 255
        np.testing.assert_allclose(plain.mean, pixels.mean(axis=0), rtol=1e-9)
        np.testing.assert_allclose(plain.std, pixels.std(axis=0), rtol=1e-9)

    def test_pixels_and_labels_are_those_of_the_files(self, folder):
        data = datasets.load(folder)
        for row, name in enumerate(sorted(folder.glob("train/*/*.png"))):
            np.testing.assert_array_equal(data.x_train[row], np.asarray(Image.open(name)))
            assert data.class_names[data.y_train[row]] == name.parent.name

    def test_a_zip_may_have_enclosing_folders(self, folder):
        path = shutil.make_archive(str(folder.parent / "outer"), "zip", folder.parent, "pets")
        assert len(datasets.load(path).x_train) == 10

    def test_a_zip_from_windows_is_read(self, folder):
        with zipfile.ZipFile(folder.parent / "windows.zip", "w") as archive:
            for file in folder.rglob("*.png"):
                name = str(file.relative_to(folder)).replace("/", "\\")
                archive.writestr(name, file.read_bytes())
        with zipfile.ZipFile(folder.parent / "windows.zip") as archive:
            assert "\\" in archive.namelist()[0]
        assert len(datasets.load(folder.parent / "windows.zip").x_train) == 10

    def test_without_a_test_folder_a_fifth_of_each_class_is_held_out(self, nowhere, write_images):
        write_images(nowhere / "flat", {"cat": 20, "dog": 10, "emu": 2})
        first, again, other = [datasets.load(nowhere / "flat", seed=s) for s in (0, 0, 1)]
        assert np.bincount(first.y_val).tolist() == [4, 2, 1]
        np.testing.assert_array_equal(first.x_val, again.x_val)
        assert not np.array_equal(first.x_val, other.x_val)
        both = np.concatenate([first.x_train, first.x_val]).reshape(32, -1)
        assert len(np.unique(both, axis=0)) == 32  # none is lost, none in both

    def test_limit_chooses_before_anything_is_decoded(self, folder, monkeypatch):
        whole = datasets.load(folder).limited(4, seed=3)
        decoded = []
        decode = image_folder.decode_all

        def watched(listing, files, *args, **kwargs):
            decoded.extend(files)
            return decode(listing, files, *args, **kwargs)

        monkeypatch.setattr(image_folder, "decode_all", watched)
        few = datasets.load(folder, limit=4, seed=3)
        assert len(decoded) == 4 + 4
        for split in ("train", "val"):
            for ours, expected in zip(few.split(split), whole.split(split), strict=True):
                np.testing.assert_array_equal(ours, expected)

    def test_grey_images_become_what_the_model_takes(self, nowhere, write_images):
        write_images(nowhere / "grey", {"a": 5, "b": 5}, mode="L")
        assert datasets.load(nowhere / "grey").image_shape == (6, 5, 1)
        data = datasets.load(nowhere / "grey", image_shape=(32, 32, 3))
        assert data.image_shape == (32, 32, 3)

    @pytest.mark.parametrize("grey", ["0.png", "5.png"])
    def test_grey_images_among_colours_become_rgb(self, folder, grey):
        path = folder / "train" / "cat" / grey  # the first of all, or a later one
        Image.open(path).convert("L").save(path)
        data = datasets.load(folder)
        assert data.image_shape == (6, 5, 3)
        row = int(grey[0])
        assert (data.x_train[row] == data.x_train[row][..., :1]).all()
        assert not (data.x_train == data.x_train[..., :1]).all()

    @pytest.mark.parametrize("form", ["folder", "zip"])
    def test_takes_little_more_memory_than_the_pixels(self, nowhere, zipped, form):
        for name in ("light", "dark"):
            (nowhere / "many" / name).mkdir(parents=True)
            for i in range(400):
                picture = Image.new("RGB", (128, 128), (i % 256, 9, 9))
                picture.save(nowhere / "many" / name / f"{i}.bmp")
        path = nowhere / "many" if form == "folder" else zipped(nowhere / "many")
        for _ in range(2):  # decoded, and from the cache
            tracemalloc.start()
            try:
                data = datasets.load(path)
                peak = tracemalloc.get_traced_memory()[1]
            finally:
                tracemalloc.stop()
            assert peak < 1.3 * (data.x_train.nbytes + data.x_val.nbytes)
            del data


class TestDamage:
    @pytest.mark.parametrize("content", [b"not an image", None])
    def test_a_damaged_image_is_named(self, folder, content):
        path = folder / "train" / "cat" / "3.png"
        path.write_bytes(content or path.read_bytes()[:60])
        with pytest.raises(ValueError, match="pets: the image train/cat/3.png cannot be read"):
            datasets.load(folder)

    def test_a_truncated_jpeg_is_named(self, folder):
        path = folder / "train" / "cat" / "photo.jpg"
        Image.effect_noise((64, 64), 60).convert("RGB").save(path)
        path.write_bytes(path.read_bytes()[:-600])
        with pytest.raises(ValueError, match="photo.jpg cannot be read"):
            datasets.load(folder, image_shape=(6, 5, 3))

    @pytest.mark.parametrize("in_memory", [True, False])
    def test_all_damaged_images_are_named_at_once_or_left_out(self, folder, in_memory):
        damaged = ["train/cat/0.png", "train/dog/3.png", "val/dog/1.png"]
        whole = datasets.load(folder)
        for name in damaged:
            (folder / name).write_bytes(b"not an image")
        with pytest.raises(ValueError, match=f"3 images cannot be read: {'.*; '.join(damaged)}"):
            datasets.load(folder, in_memory=in_memory)
        for _ in range(2):  # decoded, and from the cache
            counted = "pets: not used: 3 images that cannot be read .train/cat/0.png, ...\\)$"
            with pytest.warns(UserWarning, match=counted):
                rest = datasets.load(folder, on_error="skip", in_memory=in_memory)
            np.testing.assert_array_equal(rest.x_train, whole.x_train[[1, 2, 3, 4, 5, 6, 7, 8]])
            np.testing.assert_array_equal(rest.y_train, [0] * 5 + [1] * 3)
            np.testing.assert_array_equal(rest.x_val, whole.x_val[[0, 1, 2, 4]])
            pixels = np.asarray(rest.x_train).reshape(-1, 3) / 255
            np.testing.assert_allclose(rest.mean, pixels.mean(axis=0), rtol=1e-9)

    def test_a_class_of_damaged_images_is_named(self, folder):
        for path in folder.glob("val/cat/*"):
            path.write_bytes(b"not an image")
        with pytest.raises(ValueError, match="of the class 'cat' no image in val can be read"):
            datasets.load(folder, on_error="skip")

    def test_a_folder_of_damaged_images_is_refused(self, folder):
        for path in folder.rglob("*.png"):
            path.write_bytes(b"not an image")
        with pytest.raises(ValueError, match="pets: no image can be read, such as val/dog/2.png"):
            datasets.load(folder, on_error="skip")

    def test_a_damaged_zip_is_named(self, folder, zipped):
        path = zipped(folder)
        with open(path, "r+b") as file:
            file.truncate(1000)
        with pytest.raises(ValueError, match="pets.zip is not a complete zip"):
            datasets.load(path)

    def test_a_zip_with_a_damaged_member_is_named(self, folder, zipped):
        path = zipped(folder)
        with zipfile.ZipFile(path) as archive:
            offset = archive.getinfo("train/dog/1.png").header_offset
        with open(path, "r+b") as file:
            file.seek(offset + 60)
            file.write(b"\xff" * 40)
        with pytest.raises(ValueError, match="train/dog/1.png cannot be read"):
            datasets.load(path)

    def test_a_file_larger_than_allowed_is_refused_until_the_bound_is_raised(
        self, folder, zipped, monkeypatch
    ):
        largest = max(file.stat().st_size for file in folder.rglob("*.png"))
        for path in (folder, zipped(folder)):
            monkeypatch.setattr(listing, "MAX_BYTES", 20)
            with pytest.raises(ValueError, match="such as .* bytes are more than 20; raise .*MAX_"):
                datasets.load(path)
            monkeypatch.setattr(listing, "MAX_BYTES", largest)
            assert len(datasets.load(path).x_train) == 10

    def test_a_zip_member_is_refused_by_the_size_that_it_declares(self, folder, zipped):
        path = zipped(folder)
        with zipfile.ZipFile(path) as archive:
            real = archive.getinfo("train/dog/1.png").file_size
        with open(path, "r+b") as file:
            content = file.read()
            central = content.rindex(b"train/dog/1.png") - 46  # the entry in the directory
            assert content[central + 24 : central + 28] == real.to_bytes(4, "little")
            file.seek(central + 24)
            file.write((2**31).to_bytes(4, "little"))
        with pytest.raises(ValueError, match="dog/1.png cannot be read .its 2,147,483,648 bytes"):
            datasets.load(path)

    def test_mixed_sizes(self, folder):
        Image.new("RGB", (9, 9)).save(folder / "train" / "dog" / "big.png")
        with pytest.raises(ValueError, match="mixes sizes.*big.png is .9, 9, 3.*image_shape="):
            datasets.load(folder)
        assert datasets.load(folder, image_shape=(6, 5, 3)).x_train.shape == (11, 6, 5, 3)
