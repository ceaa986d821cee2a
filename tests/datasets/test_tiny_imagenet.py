"""The layout of Tiny ImageNet, made small, and the real files."""

import io
import zipfile

import numpy as np
import pytest
from PIL import Image

from zoo import datasets

pytestmark = pytest.mark.once

WNIDS = ("n03", "n01", "n02")  # as in the original, not in alphabetical order
LEVELS = {"n03": 30, "n01": 10, "n02": 20}


@pytest.fixture
def tiny_imagenet(nowhere):
    """Two training and one validation image per class, of one level each; the first is grey."""
    root = nowhere / "tiny-imagenet-200"
    for wnid in WNIDS:
        (root / "train" / wnid / "images").mkdir(parents=True)
        (root / "train" / wnid / f"{wnid}_boxes.txt").write_text("0\t0\t5\t5\n")
        for i in range(2):
            mode = "L" if i == 0 and wnid == "n01" else "RGB"
            level = LEVELS[wnid] if mode == "L" else (LEVELS[wnid],) * 3
            path = root / "train" / wnid / "images" / f"{wnid}_{i}.JPEG"
            Image.new(mode, (8, 8), level).save(path)
    for split in ("val", "test"):
        (root / split / "images").mkdir(parents=True)
    lines = []
    for i, wnid in enumerate(["n02", "n03", "n01"]):
        Image.new("RGB", (8, 8), (LEVELS[wnid],) * 3).save(root / f"val/images/val_{i}.JPEG")
        lines.append(f"val_{i}.JPEG\t{wnid}\t0\t0\t5\t5")
    (root / "val" / "val_annotations.txt").write_text("\n".join(lines) + "\n")
    (root / "wnids.txt").write_text("\n".join(WNIDS) + "\n")
    words = ["n01\tcrane, lifting machine", "n02\tgoldfish, Carassius auratus", "n03\tcrane, bird"]
    (root / "words.txt").write_text("\n".join(words))
    return root


class TestTinyImageNet:
    @pytest.mark.parametrize("in_memory", [True, False])
    def test_labels_follow_wnids_and_annotations(self, tiny_imagenet, zipped, in_memory):
        for path in (tiny_imagenet, zipped(tiny_imagenet)):
            data = datasets.load(path, in_memory=in_memory)
            assert data.class_names == ("crane, bird", "crane, lifting machine", "goldfish")
            assert data.image_shape == (8, 8, 3)
            assert np.bincount(data.y_train).tolist() == [2, 2, 2]
            assert data.y_val.tolist() == [2, 0, 1]
            for images, labels in (data.split("train"), data.split("val")):
                levels = [LEVELS[WNIDS[label]] for label in labels]
                assert np.asarray(images)[:, 3, 3].tolist() == [[level] * 3 for level in levels]

    def test_is_read_as_deep_in_a_zip_as_it_comes(self, tiny_imagenet):
        path = tiny_imagenet.parent / "outer.zip"
        with zipfile.ZipFile(path, "w") as archive:
            for file in tiny_imagenet.rglob("*"):
                archive.write(file, file.relative_to(tiny_imagenet.parent))
        assert datasets.load(path).y_val.tolist() == [2, 0, 1]

    def test_images_without_a_label_are_counted(self, tiny_imagenet):
        for name in ("test/images/test_0.JPEG", "test/images/test_1.JPEG", "val/images/val_9.JPEG"):
            Image.new("RGB", (8, 8)).save(tiny_imagenet / name)
        with pytest.warns(UserWarning, match="2 images in test/ without.*1 image in val/ without"):
            assert len(datasets.load(tiny_imagenet).x_val) == 3

    def test_a_class_without_images_is_named(self, tiny_imagenet):
        (tiny_imagenet / "wnids.txt").write_text("n03\nn01\nn02\nn04\n")
        with pytest.raises(ValueError, match="the class n04 has no images in train"):
            datasets.load(tiny_imagenet)

    def test_without_words_the_classes_keep_their_wnids(self, tiny_imagenet):
        (tiny_imagenet / "words.txt").unlink()
        assert datasets.load(tiny_imagenet).class_names == WNIDS

    def test_the_real_files(self, real_data, nowhere):
        path = real_data / "tiny-imagenet-200.zip"
        data = datasets.load(path, in_memory=False, limit=400)
        assert data.num_classes == 200 and data.image_shape == (64, 64, 3)
        assert np.bincount(data.y_train).tolist() == [2] * 200
        assert data.class_names[0] == "Egyptian cat"  # n02124075, the first of wnids.txt
        with zipfile.ZipFile(path) as archive:
            wnids = archive.read("tiny-imagenet-200/wnids.txt").decode().split()
            lines = archive.read("tiny-imagenet-200/val/val_annotations.txt").decode().splitlines()
            wnid_of = dict(line.split("\t")[:2] for line in lines)
            for row in (0, 100, 399):
                name = data.x_val.files[row]
                assert wnids[data.y_val[row]] == wnid_of[name.rpartition("/")[2]]
                picture = Image.open(io.BytesIO(archive.read(name))).convert("RGB")
                np.testing.assert_array_equal(data.x_val[row], np.asarray(picture))

    def test_the_real_files_have_two_pictures_with_two_labels(self, real_data, nowhere):
        data = datasets.load(real_data / "tiny-imagenet-200.zip", in_memory=False)
        names = [
            {(split, data.class_names[data.split(split)[1][row]]) for split, row in places}
            for places in data.duplicates()
        ]
        assert names == [
            {("train", "goose"), ("val", "black stork")},
            {("train", "orange"), ("train", "banana")},
        ]


class TestByName:
    def test_is_found_where_data_lie(self, tiny_imagenet, tmp_path, monkeypatch):
        monkeypatch.setenv("ZOO_DATA", str(tmp_path / "data"))
        (tmp_path / "data").mkdir()
        (tmp_path / "data" / "tiny-imagenet-200").symlink_to(tiny_imagenet)
        by_name, by_path = (datasets.load(name) for name in ("tiny_imagenet", tiny_imagenet))
        np.testing.assert_array_equal(by_name.x_val[:], by_path.x_val[:])
        assert by_name.class_names == by_path.class_names

    def test_that_is_not_here_says_where_to_get_it(self, tmp_path, monkeypatch):
        monkeypatch.setenv("ZOO_DATA", str(tmp_path))
        monkeypatch.setenv("KERAS_HOME", str(tmp_path))
        with pytest.raises(
            FileNotFoundError, match=r"cs231n\.stanford\.edu/tiny-imagenet-200\.zip"
        ):
            datasets.load("tiny_imagenet")
