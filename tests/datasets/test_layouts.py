"""Which images of a folder are used, in which split and class, and the sentence on the others."""

import os
import shutil
import stat
import zipfile

import numpy as np
import pytest
from PIL import Image

from zoo import datasets

pytestmark = pytest.mark.once


def counts(data):
    return np.bincount(data.y_train).tolist(), np.bincount(data.y_val).tolist()


class TestClasses:
    def test_the_class_is_the_top_folder_however_deep_the_images_are(
        self, nowhere, write_images, zipped
    ):
        for kind in ("cats", "dogs"):
            write_images(nowhere / "flat" / kind, {"batch1": 5, "batch2": 5})
        for path in (nowhere / "flat", zipped(nowhere / "flat")):
            data = datasets.load(path)
            assert data.class_names == ("cats", "dogs")
            assert counts(data) == ([8, 8], [2, 2])

    def test_below_an_enclosing_folder_too(self, nowhere, write_images):
        write_images(nowhere / "outer" / "data" / "pets" / "train", {"cat": 3, "dog": 3})
        write_images(nowhere / "outer" / "data" / "pets" / "val", {"cat": 1, "dog": 1})
        write_images(nowhere / "outer2" / "pets", {"cat/a": 5, "cat/b": 5, "dog": 5})
        assert datasets.load(nowhere / "outer").class_names == ("cat", "dog")
        assert counts(datasets.load(nowhere / "outer2")) == ([8, 4], [2, 1])

    @pytest.mark.parametrize("name", ["train", "Test", "val", "valid", "validation", "training"])
    def test_a_class_may_be_named_like_a_split(self, nowhere, write_images, name):
        write_images(nowhere / "rail", {"bus": 5, "tram": 5, name: 10})
        data = datasets.load(nowhere / "rail")
        assert set(data.class_names) == {"bus", "tram", name}
        assert sorted(np.bincount(data.y_train)) == [4, 4, 8]

    def test_two_classes_named_like_splits_are_kept_too(self, nowhere, write_images):
        write_images(nowhere / "rail", {"bus": 5, "train": 5, "test": 5})
        assert datasets.load(nowhere / "rail").class_names == ("bus", "test", "train")

    def test_a_class_within_a_split_may_be_named_like_one(self, nowhere, write_images):
        write_images(nowhere / "rail" / "train", {"bus": 3, "train": 4})
        write_images(nowhere / "rail" / "val", {"bus": 1, "train": 2})
        data = datasets.load(nowhere / "rail")
        assert data.class_names == ("bus", "train") and counts(data) == ([3, 4], [1, 2])

    def test_splits_of_other_names_are_understood_and_test_is_counted(self, nowhere, write_images):
        write_images(nowhere / "odd" / "Training", {"cat": 3, "dog": 3})
        write_images(nowhere / "odd" / "valid", {"cat": 2, "dog": 2})
        write_images(nowhere / "odd" / "test", {"cat": 1, "dog": 1})
        counted = "not used: 2 images in test/: valid/ is validated on .test/cat/0.png, ...\\)$"
        with pytest.warns(UserWarning, match=counted):
            data = datasets.load(nowhere / "odd")
        assert counts(data) == ([3, 3], [2, 2])

    def test_of_kaggles_layout_a_fifth_of_train_is_held_out(self, nowhere, write_images):
        write_images(nowhere / "kaggle" / "train", {"cat": 10, "dog": 5})
        write_images(nowhere / "kaggle", {"test": 7})
        with pytest.warns(UserWarning, match="7 images in test/ without a class folder"):
            data = datasets.load(nowhere / "kaggle")
        assert counts(data) == ([8, 4], [2, 1])

    def test_of_train_alone_a_fifth_is_held_out(self, nowhere, write_images):
        write_images(nowhere / "alone" / "train", {"cat": 10, "dog": 5})
        assert counts(datasets.load(nowhere / "alone")) == ([8, 4], [2, 1])


class TestLeftOut:
    def test_images_outside_every_class_are_counted(self, folder, zipped):
        shutil.copy(folder / "train" / "cat" / "0.png", folder / "sample.png")
        shutil.copy(folder / "train" / "cat" / "0.png", folder / "train" / "sample.png")
        shutil.copy(folder / "train" / "cat" / "0.png", folder / "train" / "cat" / ".hidden.png")
        (folder / "train" / "cat" / "phone.heic").write_bytes(b"")
        (folder / "extra").mkdir()
        shutil.copy(folder / "train" / "cat" / "0.png", folder / "extra" / "0.png")
        for path in (folder, zipped(folder)):
            with pytest.warns(UserWarning, match="pets(.zip)?: not used: ") as warned:
                data = datasets.load(path)
            assert counts(data) == ([6, 4], [2, 3])
            assert len(warned) == 1 and warned[0].filename == __file__
            for part in (
                "1 image outside every class folder (sample.png)",
                "1 image in train/ without a class folder (train/sample.png)",
                "1 image hidden by a dot (train/cat/.hidden.png)",
                "1 image in extra/, which is no split (extra/0.png)",
                "1 file of a kind that is not read, .heic (train/cat/phone.heic)",
            ):
                assert part in str(warned[0].message)

    def test_what_systems_and_people_keep_beside_images_is_passed_over(self, folder, zipped):
        (folder / "train" / ".ipynb_checkpoints").mkdir()
        (folder / "train" / "cat" / "._0.png").write_bytes(b"resource fork")
        (folder / "train" / "cat" / "boxes.txt").write_text("0 0 5 5")
        (folder / "README").write_text("pets")
        (folder / "__MACOSX" / "train" / "cat").mkdir(parents=True)
        (folder / "__MACOSX" / "train" / "cat" / "0.png").write_bytes(b"resource fork")
        for path in (folder, zipped(folder)):
            assert len(datasets.load(path).x_train) == 10

    def test_links_lead_to_images_elsewhere(self, folder, nowhere, write_images):
        write_images(nowhere / "elsewhere", {"emus": 3, "more": 2})
        for split, target in (("train", "emus"), ("val", "more")):
            (folder / split / "emu").symlink_to(nowhere / "elsewhere" / target)
        (nowhere / "elsewhere" / "single.png").write_bytes(
            (folder / "val" / "cat" / "0.png").read_bytes()
        )
        (folder / "val" / "cat" / "single.png").symlink_to(nowhere / "elsewhere" / "single.png")
        data = datasets.load(folder)
        assert data.class_names == ("cat", "dog", "emu")
        assert counts(data) == ([6, 4, 3], [3, 3, 2])

    @pytest.mark.parametrize("target", [".", "train", "..", "val/dog", "/"])
    def test_a_link_never_gives_an_image_twice(self, folder, target):
        (folder / "train" / "cat" / "loop").symlink_to((folder / target).resolve())
        with pytest.warns(UserWarning, match="1 link to a folder that is read already or encloses"):
            data = datasets.load(folder)
        assert counts(data) == ([6, 4], [2, 3])

    def test_a_link_to_a_file_of_the_folder_is_not_followed(self, folder):
        (folder / "val" / "cat" / "same.png").symlink_to(folder / "train" / "cat" / "0.png")
        (folder / "val" / "cat" / "gone.png").symlink_to(folder / "nothing.png")
        with pytest.warns(UserWarning, match="to no regular file.*to a file that is read already"):
            assert counts(datasets.load(folder)) == ([6, 4], [2, 3])

    def test_a_pipe_is_not_waited_for(self, folder):
        os.mkfifo(folder / "train" / "cat" / "pipe.png")
        with pytest.warns(UserWarning, match="1 special file such as a pipe .train/cat/pipe.png"):
            assert counts(datasets.load(folder)) == ([6, 4], [2, 3])

    def test_links_and_repeated_names_in_a_zip_are_counted(self, folder, zipped):
        path = zipped(folder)
        with zipfile.ZipFile(path, "a") as archive:
            link = zipfile.ZipInfo("train/cat/link.png")
            link.external_attr = (stat.S_IFLNK | 0o777) << 16
            archive.writestr(link, "0.png")
            with pytest.warns(UserWarning, match="Duplicate name"):
                archive.write(folder / "val" / "dog" / "0.png", "train/cat/0.png")
        with pytest.warns(UserWarning, match="1 link inside the zip.*a name that the zip holds tw"):
            assert counts(datasets.load(path)) == ([6, 4], [2, 3])

    def test_a_folder_that_cannot_be_opened_is_named(self, folder, monkeypatch):
        scandir = os.scandir

        def refused(path):
            if str(path).endswith("train/dog"):
                raise PermissionError(13, "Permission denied", str(path))
            return scandir(path)

        monkeypatch.setattr(os, "scandir", refused)
        with pytest.raises(OSError, match="the folder .*train/dog cannot be opened .Permission"):
            datasets.load(folder)


class TestRefused:
    def test_one_class(self, nowhere, write_images):
        write_images(nowhere / "one" / "train", {"cat": 2})
        write_images(nowhere / "one" / "val", {"cat": 2})
        write_images(nowhere / "flat", {"cat": 2})
        for name in ("one", "flat"):
            with pytest.raises(ValueError, match=f"{name} has one class only, 'cat'"):
                datasets.load(nowhere / name)

    def test_an_empty_class_in_a_folder_and_in_a_zip(self, folder, zipped):
        (folder / "train" / "bird").mkdir()
        for path in (folder, zipped(folder)):
            with pytest.raises(ValueError, match="the class bird has a folder without images"):
                datasets.load(path)

    def test_an_empty_class_beside_a_single_one(self, nowhere, write_images):
        write_images(nowhere / "flat" / "cats", {"batch1": 2, "batch2": 2})
        (nowhere / "flat" / "dogs").mkdir()
        with pytest.raises(ValueError, match="the class dogs has a folder without images"):
            datasets.load(nowhere / "flat")

    def test_a_class_that_one_split_lacks(self, folder):
        shutil.rmtree(folder / "val" / "dog")
        with pytest.raises(ValueError, match="the class dog has .* without images in val"):
            datasets.load(folder)

    def test_a_class_of_one_image_that_would_be_held_out(self, nowhere, write_images):
        write_images(nowhere / "flat", {"cat": 5, "dog": 1})
        with pytest.raises(ValueError, match="each class needs two; 'dog' has 1"):
            datasets.load(nowhere / "flat")

    def test_splits_without_class_folders(self, nowhere, write_images):
        write_images(nowhere / "flat", {"train": 5, "val": 5})
        with pytest.raises(ValueError, match="has train/. and val/. only; it needs train/<class>"):
            datasets.load(nowhere / "flat")

    def test_a_test_set_alone(self, nowhere, write_images):
        write_images(nowhere / "some" / "test", {"cat": 5, "dog": 5})
        with pytest.raises(ValueError, match="has test/<class>/. only.*name a folder of such"):
            datasets.load(nowhere / "some")

    def test_several_folders_with_splits(self, nowhere, write_images):
        for name in ("a", "b"):
            for split in ("train", "val"):
                write_images(nowhere / "sets" / name / split, {"cat": 2, "dog": 2})
        with pytest.raises(ValueError, match="holds a, b, and a has splits of its own; name"):
            datasets.load(nowhere / "sets")

    def test_no_images_at_all(self, nowhere):
        (nowhere / "empty").mkdir()
        with pytest.raises(ValueError, match="holds no images as train/<class>"):
            datasets.load(nowhere / "empty")
        Image.new("L", (3, 3)).save(nowhere / "empty" / "0.png")
        with pytest.raises(ValueError, match="holds no images as train/<class>"):
            datasets.load(nowhere / "empty")
