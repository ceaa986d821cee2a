"""COCO and VIA files, whole and broken."""

import copy
import io
import json
import math
import operator
import re
import warnings
import zipfile

import numpy as np
import pytest
from PIL import Image

import zoo
from zoo.datasets import coco, masks, streaming, via
from zoo.datasets.decoding import decode

pytestmark = pytest.mark.once
DOCUMENT = {
    "images": [
        {"id": 7, "file_name": "a.png", "height": 40, "width": 60},
        {"id": 0, "file_name": "b.png", "height": 40, "width": 60},
    ],
    "categories": [{"id": 90, "name": "dog"}, {"id": 0, "name": "cat"}],
    "annotations": [
        {"id": 5, "image_id": 7, "category_id": 90, "bbox": [10, 5, 20, 30], "area": 400,
         "iscrowd": 0},
    ],
}  # fmt: skip


def changed(**fields):
    """DOCUMENT with other values in its annotation; None removes the field."""
    document = copy.deepcopy(DOCUMENT)
    annotation = document["annotations"][0] | fields
    document["annotations"] = [{k: v for k, v in annotation.items() if v is not None}]
    return document


def test_a_good_file_has_no_faults():
    read = coco.read(DOCUMENT, "x.json")
    assert read.class_names == ("cat", "dog") and read.sentence() == ""  # by id: 0, 90
    first, negative = read.images
    assert first.objects.boxes.tolist() == [[10, 5, 30, 35]]
    assert first.objects.classes.tolist() == [1] and first.objects.ids.tolist() == [1]
    assert first.objects.areas.tolist() == [400] and first.size == (40, 60)
    assert len(negative.objects) == 0 and negative.objects.boxes.shape == (0, 4)


TRIANGLE = [[10.0, 5.0, 30.0, 5.0, 10.0, 35.0]]  # an area of 300


@pytest.mark.parametrize(
    "fields, fault, boxes",
    [
        ({"bbox": [50, 5, 20, 30]}, "boxes that reach outside their image, clipped",
         [[50, 5, 60, 35]]),
        ({"bbox": [70, 5, 20, 30]}, "boxes outside their image left out", []),
        ({"bbox": [10, 5, 0, 30]}, "boxes of no area left out", []),
        ({"id": 0}, "annotation of id 0, renumbered", [[10, 5, 30, 35]]),
        ({"id": None}, "annotations without an id, numbered", [[10, 5, 30, 35]]),
        ({"area": None}, "missing areas taken from the box", [[10, 5, 30, 35]]),
        ({"iscrowd": None}, "missing iscrowd taken as 0", [[10, 5, 30, 35]]),
        ({"bbox": None, "segmentation": TRIANGLE}, "missing boxes taken from the segmentation",
         [[10, 5, 30, 35]]),
        ({"bbox": [0.25, 0.125, 0.5, 0.25]},
         "boxes given as shares of the image, turned into pixels", [[15, 5, 45, 15]]),
        ({"image_id": 8}, "annotations of an image that is not listed left out", []),
    ],
)  # fmt: skip
def test_a_fault_is_mended_and_counted(fields, fault, boxes):
    read = coco.read(changed(**fields), "x.json")
    assert read.sentence() == f"x.json: 1 {fault}"
    assert read.images[0].objects.boxes.tolist() == boxes


def test_ids_used_twice_keep_both_objects():
    document = changed()
    document["annotations"] *= 2
    read = coco.read(document, "x.json")
    assert read.images[0].objects.ids.tolist() == [1, 2]
    assert read.sentence() == "x.json: 1 annotation ids used twice, renumbered"


def test_ids_as_text_are_the_same_ids():
    read = coco.read(changed(image_id="7", category_id="90"), "x.json")
    assert read.images[0].objects.classes.tolist() == [1]


@pytest.mark.parametrize(
    "fields, message",
    [
        ({"category_id": 3}, "annotation 5 has category_id=3, which `categories` does not list"),
        ({"bbox": [1, 2, 3]}, r"annotation 5 has bbox=\[1, 2, 3\]; it must be four finite"),
        ({"bbox": [1, 2, math.nan, 4]}, "annotation 5 has bbox="),
        ({"bbox": None}, "annotation 5 has bbox=None"),
        ({"bbox": None, "segmentation": [[1, 2, 3]]}, "annotation 5: its segmentation must be"),
        (
            {"bbox": None, "segmentation": {"size": [2, 2], "counts": [4]}},
            "annotation 5: the run lengths are of an image of size=",
        ),
    ],
)
def test_what_cannot_be_mended_is_refused(fields, message):
    with pytest.raises(ValueError, match=f"x.json: {message}"):
        coco.read(changed(**fields), "x.json")


@pytest.mark.parametrize(
    "key, value, message",
    [
        ("images", None, "needs a list of objects named 'images'"),
        ("images", [{"id": 7, "height": 4, "width": 4}], "image 7 has no file_name"),
        ("images", [{"id": 7, "file_name": "a"}], "image 7 has height=None"),
        ("images", DOCUMENT["images"] + DOCUMENT["images"], "an id that is used twice, 7"),
        ("categories", [{"id": 90}], "category 90 has no name"),
        ("categories", [{"id": 1, "name": "a"}, {"id": 2, "name": "a"}], "are named 'a'"),
    ],
)
def test_an_unsuitable_list_is_refused(key, value, message):
    with pytest.raises(ValueError, match=message):
        coco.read(DOCUMENT | {key: value}, "x.json")


def test_no_json_is_refused():
    for data, message in ((b"{", "is no JSON"), (b"[1]", "holds a list")):
        with pytest.raises(ValueError, match=message):
            coco.parse(data, "x.json")


class TestMasks:
    def test_run_lengths_go_down_the_columns(self):
        made = masks.mask({"size": [3, 4], "counts": [4, 2, 6]}, (3, 4))
        assert np.argwhere(made).tolist() == [[1, 1], [2, 1]]

    def test_box_and_area(self):
        run_lengths = {"size": [3, 4], "counts": [4, 2, 6]}
        assert masks.box_and_area(run_lengths, (3, 4)) == ([1, 1, 1, 2], 2)
        box, area = masks.box_and_area(TRIANGLE, (40, 60))
        assert box == [10, 5, 20, 30] and abs(area - 300) < 20

    @pytest.mark.parametrize("split", ["train", "val"])
    def test_of_the_real_crowds_are_those_of_pycocotools_and_of_runs_laid_out(
        self, real_data, split
    ):
        api = pytest.importorskip("pycocotools.coco").COCO()
        with zipfile.ZipFile(real_data / "coco_annotations.zip") as archive:
            api.dataset = json.loads(archive.read(f"instances_{split}.json"))
        api.createIndex()
        crowds = api.loadAnns(api.getAnnIds(iscrowd=True))
        assert len(crowds) == {"train": 6, "val": 11}[split]
        for crowd in crowds:
            runs, (height, width) = crowd["segmentation"]["counts"], crowd["segmentation"]["size"]
            made = masks.mask(crowd["segmentation"], (height, width))
            pixels = np.repeat(np.arange(len(runs)) % 2, runs).reshape(width, height).T
            np.testing.assert_array_equal(made, pixels)
            np.testing.assert_array_equal(made, api.annToMask(crowd))
            as_text = api.annToRLE(crowd)
            assert isinstance(as_text["counts"], bytes)
            np.testing.assert_array_equal(masks.mask(as_text, (height, width)), made)
            (rows, columns), area = np.nonzero(made), made.sum()
            box = [columns.min(), rows.min(), np.ptp(columns) + 1, np.ptp(rows) + 1]
            assert masks.box_and_area(crowd["segmentation"], (height, width)) == (box, area)

    def test_the_reader_keeps_the_crowds_as_the_real_files_state_them(self, real_data):
        """Their stated boxes and areas differ from their masks: nothing is recomputed."""
        with zipfile.ZipFile(real_data / "coco_annotations.zip") as archive:
            document = json.loads(archive.read("instances_val.json"))
        read = coco.read(document, "instances_val.json")
        stated = [a for a in document["annotations"] if a["iscrowd"]]
        found = [
            (image.id, image.objects.areas[row], image.objects.segmentations[row])
            for image in read.images
            for row in np.flatnonzero(image.objects.crowds)
        ]
        expected = [(a["image_id"], a["area"], a["segmentation"]) for a in stated]
        by_image_and_area = operator.itemgetter(0, 1)
        assert sorted(found, key=by_image_and_area) == sorted(expected, key=by_image_and_area)


def region(kind, label="cat", **shape):
    return {"shape_attributes": {"name": kind, **shape}, "region_attributes": {"type": label}}


REGIONS = [
    region("rect", x=1, y=2, width=3, height=4),
    region("polygon", "dog", all_points_x=[5, 9, 5], all_points_y=[1, 1, 7]),
    region("circle", cx=10, cy=10, r=2),
    region("ellipse", cx=10, cy=10, rx=4, ry=2, theta=math.pi / 2),
]


@pytest.mark.parametrize("version", [1, 2])
def test_via(version):
    regions = {str(i): r for i, r in enumerate(REGIONS)} if version == 1 else REGIONS
    entries = {"a.png99": {"filename": "a.png", "size": 99, "regions": regions}}
    document = entries if version == 1 else {"_via_img_metadata": entries, "_via_settings": {}}
    assert via.matches(document) and not via.matches(DOCUMENT)
    read = coco.read(via.to_coco(document, "v.json"), "v.json", {"a.png": (20, 20)})
    assert read.class_names == ("cat", "dog") and read.sentence() == ""
    expected = [[1, 2, 4, 6], [5, 1, 9, 7], [8, 8, 12, 12], [8, 6, 12, 14]]
    np.testing.assert_allclose(read.images[0].objects.boxes, expected, atol=1e-5)
    assert read.images[0].objects.classes.tolist() == [0, 1, 0, 0]
    assert read.images[0].objects.areas[1] == 12


@pytest.mark.parametrize(
    "wrong, message",
    [
        (region("rect", x=1, y=2, width="3", height=4), "a.png, region 0 has width="),
        (region("star"), "a.png, region 0 has the shape 'star'"),
        (region("rect", "", x=1, y=2, width=3, height=4), "a.png, region 0 has the attributes"),
    ],
)
def test_via_refuses(wrong, message):
    document = {"a": {"filename": "a.png", "regions": [wrong]}}
    with pytest.raises(ValueError, match=f"v.json: {message}"):
        via.to_coco(document, "v.json")


@pytest.fixture
def annotated(tmp_path, nowhere):
    """A folder with train and val pictures, of which 60x40 is letterboxed into 30x30."""
    folder = tmp_path / "pets"
    for split in ("train", "val"):
        (folder / split).mkdir(parents=True)
        for name in ("a.png", "b.png"):
            pixels = np.zeros((40, 60, 3), "uint8")
            pixels[5:35, 10:30] = 255
            Image.fromarray(pixels).save(folder / split / name)
        (folder / f"instances_{split}2017.json").write_text(json.dumps(DOCUMENT))
    return folder


class TestFolder:
    def test_letterboxes_pictures_and_boxes(self, annotated):
        data = zoo.datasets.load(annotated, image_shape=(30, 30, 3))
        assert (len(data.train), len(data.val), data.class_names) == (2, 2, ("cat", "dog"))
        assert data.train.files == ("train/a.png", "train/b.png")
        [box] = data.train.objects[0].boxes  # half as large, 5 rows of grey above
        assert box.tolist() == [5, 7.5, 15, 22.5]
        place = data.train.placements[0]
        assert place.to_original(box[None]).tolist() == [[10, 5, 30, 35]]
        image = data.train.images[0]
        assert (image[:5] == 114).all() and image[15, 10].min() > 240 and image[15, 20].max() < 9

    def test_a_zip_is_the_same(self, annotated, tmp_path):
        with zipfile.ZipFile(tmp_path / "pets.zip", "w") as archive:
            for file in annotated.rglob("*.*"):
                archive.write(file, f"deep/{file.relative_to(annotated)}")
        zipped = zoo.datasets.load(tmp_path / "pets.zip", image_shape=(30, 30, 3))
        plain = zoo.datasets.load(annotated, image_shape=(30, 30, 3), in_memory=False)
        np.testing.assert_array_equal(zipped.train.images, np.asarray(plain.train.images))
        np.testing.assert_allclose(zipped.mean, plain.mean)

    def test_an_absent_picture_is_counted(self, annotated):
        (annotated / "train" / "b.png").unlink()
        (annotated / "val" / "b.png").rename(annotated / "val" / "c.png")
        with pytest.warns(UserWarning, match="1 images listed but absent, left out"):
            data = zoo.datasets.load(annotated)
        assert len(data.train) == len(data.val) == 1

    def test_a_damaged_picture_is_named(self, annotated):
        (annotated / "train" / "b.png").write_bytes(b"no picture")
        with pytest.raises(ValueError, match="the image train/b.png cannot be read"):
            zoo.datasets.load(annotated)
        with pytest.warns(UserWarning) as warned:
            data = zoo.datasets.load(annotated, image_shape=(30, 30, 3), on_error="skip")
        assert data.train.files == ("train/a.png",)
        [message] = [str(w.message) for w in warned]
        assert "1 images that cannot be read, left out" in message and "absent" not in message

    @pytest.mark.parametrize("in_memory", [True, False])
    def test_a_picture_that_ends_early_is_found_when_it_is_decoded(self, annotated, in_memory):
        data = io.BytesIO()
        Image.effect_noise((60, 40), 60).save(data, "jpeg")
        half = data.getvalue()[: len(data.getvalue()) // 2]
        (annotated / "train" / "b.png").write_bytes(half)  # its header is whole
        (annotated / "val" / "a.png").write_bytes(b"no picture")
        options = {"image_shape": (30, 30, 3), "in_memory": in_memory}
        with pytest.raises(ValueError, match="2 images cannot be .*val/a.png.*train/b.png"):
            zoo.datasets.load(annotated, **options)
        with pytest.warns(UserWarning) as warned:
            data = zoo.datasets.load(annotated, on_error="skip", **options)
        assert (data.train.files, data.val.files) == (("train/a.png",), ("val/b.png",))
        assert len(data.train.images) == len(data.val.images) == 1
        assert str(warned[0].message).count("1 images that cannot be read, left out") == 2
        assert warned[0].filename == __file__

    def test_each_picture_is_decoded_once(self, annotated, monkeypatch):
        decoded = []
        monkeypatch.setattr(streaming, "decode", lambda data: decoded.append(1) or decode(data))
        zoo.datasets.load(annotated, image_shape=(30, 30, 3))
        assert len(decoded) == 4

    def test_mean_and_std_are_those_of_the_training_images(self, annotated):
        data = zoo.datasets.load(annotated, image_shape=(30, 30, 3))
        pixels = data.train.images.reshape(-1, 3) / 255
        np.testing.assert_allclose(data.mean, pixels.mean(axis=0))
        np.testing.assert_allclose(data.std, pixels.std(axis=0))

    def test_a_single_file_is_split_here(self, annotated):
        (annotated / "instances_val2017.json").unlink()
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            data = zoo.datasets.load(annotated)
        assert (len(data.train), len(data.val)) == (1, 1)

    def test_two_files_of_one_split_are_refused(self, annotated):
        (annotated / "more_val.json").write_text(json.dumps(DOCUMENT))
        with pytest.raises(ValueError, match="are both of the split 'val'"):
            zoo.datasets.load(annotated)

    def test_another_size_than_stated(self, annotated):
        Image.new("RGB", (30, 40)).save(annotated / "val" / "b.png")
        said = "1 images of another size than stated, taken as they are"
        with pytest.warns(UserWarning, match=said):
            zoo.datasets.load(annotated, image_shape=(30, 30, 3))
        with pytest.raises(ValueError, match=re.escape("mixes sizes, such as (40, 30)")):
            zoo.datasets.load(annotated)
