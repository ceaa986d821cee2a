"""Weights that ship, files of one's own, other classes, and pictures made ready for a net."""

import importlib
import warnings

import h5py
import keras
import numpy as np
import pytest
from PIL import Image

import zoo
from zoo.datasets.mnist_sum import SumBatches

pytestmark = pytest.mark.once


@pytest.fixture
def clean_registry(monkeypatch):
    from zoo import registry

    monkeypatch.setattr(registry, "_cards", dict(registry._cards))


class TestWeights:
    @pytest.mark.parametrize(
        ("name", "tag"), [(n, tag) for n in zoo.list_models() for tag in zoo.card(n).weights]
    )
    def test_that_ship_reach_what_was_measured(self, name, tag, real_data):
        entry, model = zoo.card(name).weights[tag], zoo.get(name, weights=tag)
        if zoo.card(name).task == "detection":
            assert self.map50_of(model, entry, real_data) == pytest.approx(entry.value, abs=2e-3)
            return
        data = zoo.datasets.load(tag, data_dir=real_data)
        if zoo.card(name).task == "digit sum":
            accuracy = self.accuracy_of_sums(model, data)
        else:
            logits = model.predict(data.normalize(data.x_val), batch_size=500, verbose=0)
            accuracy = (logits.argmax(axis=-1) == data.y_val).mean()
        assert accuracy == pytest.approx(entry.value, abs=5e-4)

    def map50_of(self, model, entry, real_data):
        with warnings.catch_warnings(action="ignore"):  # what is mended in the annotations
            data = zoo.datasets.load(
                entry.dataset, image_shape=entry.image_shape, data_dir=real_data
            )
        images = [images for images, _ in data.batches("val", 32)]
        found = zoo.detection.detect(model, np.concatenate(images), score=0.01, iou=0.5)
        return zoo.detection.evaluate(found, data).map50

    def accuracy_of_sums(self, model, data):
        batches = SumBatches(data, "val", 1000)
        asked = [batches[i] for i in range(len(batches))]
        said = [model.predict(x, verbose=0)["sum"].argmax(axis=-1) for x, _ in asked]
        return np.mean([s == y["sum"] for s, (_, y) in zip(said, asked, strict=True)])

    @pytest.mark.parametrize(
        ("name", "tag"), [(n, tag) for n in zoo.list_models() for tag in zoo.card(n).weights]
    )
    @pytest.mark.filterwarnings("ignore::UserWarning")  # what is mended in annotations
    def test_an_entry_knows_the_statistics_and_names_of_its_dataset(self, name, tag, real_data):
        entry = zoo.card(name).weights[tag]
        if entry.finds_boxes:
            data = zoo.datasets.load(tag, image_shape=entry.image_shape, data_dir=real_data)
            assert (entry.mean, entry.std) == (
                pytest.approx(data.mean, abs=1e-4),
                pytest.approx(data.std, abs=1e-4),
            )
            assert entry.class_names == data.class_names
            return
        dataset = importlib.import_module(f"zoo.datasets.{entry.dataset}")
        assert (entry.mean, entry.std) == (dataset.MEAN, dataset.STD)
        assert entry.class_names == dataset.CLASS_NAMES
        assert entry.image_shape == zoo.card(name).options["input_shape"]

    def test_a_file_of_another_net_is_refused(self, tmp_path):
        path = tmp_path / "ten.weights.h5"
        zoo.get("ultimus").save_weights(path)
        with pytest.raises(ValueError, match="do not fit mnist_8k"):
            zoo.get("mnist_8k", num_classes=3, weights=str(path))

    def test_a_file_that_was_refused_is_not_left_open(self, tmp_path):
        zoo.get("ultimus").save_weights(path := tmp_path / "moved.weights.h5")
        with h5py.File(path, "r+") as file:  # all shapes are right, a layer is not where it was
            file.move("layers/ultimus_1", "layers/somewhere_else")
        with pytest.raises(ValueError, match="do not fit"):
            zoo.get("ultimus", weights=str(path))
        with h5py.File(path, "r+") as file:  # HDF5 refuses this while it is open for reading
            assert file

    @pytest.mark.parametrize("norm", [None, "layer"])
    def test_a_file_of_more_layers_is_refused(self, norm):
        with pytest.raises(
            ValueError, match=r"only the file has conv1_norm \(8,\), .* (9|21) more;"
        ):
            zoo.get("mnist_8k", weights="mnist", norm=norm)

    @pytest.mark.parametrize("file", ["five.weights.h5", "five.keras"])
    def test_an_optimizer_in_a_file_does_not_count(self, file, tmp_path):
        trained = zoo.get("mnist_step5")
        trained.compile("adam", "mse")
        trained.optimizer.build(trained.trainable_variables)
        save = trained.save if file.endswith(".keras") else trained.save_weights
        save(tmp_path / file)
        model = zoo.get("mnist_step4", weights=str(tmp_path / file))  # without its dropout
        for mine, theirs in zip(model.get_weights(), trained.get_weights(), strict=True):
            np.testing.assert_array_equal(mine, theirs)

    def test_a_layer_may_store_more_or_less_than_its_weights(self, clean_registry, tmp_path):
        @zoo.register()
        def odd(*, input_shape=(8, 8, 3), norm=False):
            image = keras.Input(input_shape)
            x = keras.layers.SpectralNormalization(keras.layers.Conv2D(4, 3))(image)
            x = keras.layers.BatchNormalization()(x) if norm else x
            return keras.Model(image, keras.layers.Dense(2)(keras.layers.Flatten()(x)))

        trained = zoo.get("odd")
        trained.save_weights(path := tmp_path / "odd.weights.h5")
        for mine, theirs in zip(
            zoo.get("odd", weights=str(path)).get_weights(), trained.get_weights(), strict=True
        ):
            np.testing.assert_array_equal(mine, theirs)
        message = r"only the file has nothing; only the model has batch_normalization\S* \(4,\)"
        with pytest.raises(ValueError, match=message):
            zoo.get("odd", weights=str(path), norm=True)

    def test_a_file_that_holds_no_weights_is_refused(self, tmp_path):
        (tmp_path / "torn.weights.h5").write_bytes(b"torn")
        with pytest.raises(ValueError, match="torn.weights.h5 do not fit ultimus"):
            zoo.get("ultimus", weights=str(tmp_path / "torn.weights.h5"))

    def test_an_unknown_tag_is_refused_with_those_that_exist(self):
        with pytest.raises(ValueError, match="no weights 'imagenet': its tags are"):
            zoo.get("ultimus", weights="imagenet")

    def test_a_file_with_another_checksum_is_refused(self, tmp_path, monkeypatch):
        from zoo import weights

        entry = zoo.card("ultimus").weights["cifar10"]
        zoo.get("ultimus").save_weights(tmp_path / entry.file)
        monkeypatch.setattr(weights.entry, "FOLDER", tmp_path)
        with pytest.raises(ValueError, match="not the file that was trained"):
            zoo.get("ultimus", weights="cifar10")


CLASSIFIERS = [n for n in zoo.list_models() if "num_classes" in zoo.card(n).options]
LARGE = ("googlenet", "googlenet_bn", "inception_v3", "resnet18_imagenet", "resnet34",
         "resnet34_imagenet", "resnet50", "resnet56", "resnet101", "resnet152", "resnext50_32x4d",
         "vgg16", "mnist_step1", "yolo_v2", "yolo_v2_resnet18", "yolo_v2_tiny")  # fmt: skip


@pytest.fixture(
    params=[pytest.param(n, marks=[pytest.mark.slow] if n in LARGE else []) for n in CLASSIFIERS]
)
def classifier(request):
    return request.param


class TestTransfer:
    def test_the_body_is_loaded_and_the_head_is_new(self, classifier, tmp_path):
        trained = zoo.get(classifier, num_classes=4)
        trained.save_weights(path := tmp_path / "four.weights.h5")
        with pytest.warns(UserWarning, match="trained body of four.* is new"):
            model = zoo.get(classifier, num_classes=3, weights=str(path))
        boxes = 5 if zoo.card(classifier).task == "detection" else 0  # numbers before the classes
        assert model.output_shape[-1] == boxes + 3
        features = zoo.get(classifier, num_classes=0, weights=str(path))
        kept = {v.path for v in features.weights}
        assert kept
        for new, old in zip(model.weights, trained.weights, strict=True):
            if new.path in kept:
                np.testing.assert_array_equal(*map(keras.ops.convert_to_numpy, (new, old)))
            elif classifier != "ssd_small":  # whose features are those of one map of three
                assert new.shape != old.shape

    def test_no_classes_give_the_features_before_the_head(self, classifier):
        model = zoo.get(classifier, num_classes=0)
        assert len(model.output_shape) == 2
        full = zoo.get(classifier, num_classes=5)
        assert model.count_params() < full.count_params()
        assert zoo.get(classifier, num_classes=6).count_params() > full.count_params()

    @pytest.mark.slow
    @pytest.mark.parametrize("name", ["googlenet", "googlenet_bn"])
    def test_auxiliary_heads_are_new_as_well_and_no_features(self, name, tmp_path):
        trained = zoo.get(name, num_classes=4, auxiliary=True)
        trained.save_weights(path := tmp_path / "four.weights.h5")
        with pytest.warns(UserWarning, match=r"\(.*aux.*, .*aux.*, logits\) is new"):
            model = zoo.get(name, num_classes=3, auxiliary=True, weights=str(path))
        assert {output.shape[-1] for output in model.output.values()} == {3}
        features = zoo.get(name, num_classes=0, auxiliary=True, weights=str(path))
        assert features.output_shape == (None, 1024)

    def test_features_and_a_trained_head_give_the_trained_logits(self):
        images = np.random.default_rng(0).normal(size=(3, 28, 28, 1)).astype("float32")
        model = zoo.get("mnist_20k", weights="mnist")
        features = zoo.get("mnist_20k", weights="mnist", num_classes=0)
        kernel, bias = model.get_layer("logits").get_weights()
        logits = features.predict(images, verbose=0) @ kernel + bias
        np.testing.assert_allclose(logits, model.predict(images, verbose=0), rtol=1e-4, atol=1e-4)

    def test_a_tag_with_its_own_number_of_classes_keeps_its_head(self):
        model = zoo.get("mnist_20k", weights="mnist", num_classes=10)
        for ours, shipped in zip(
            model.get_weights(), zoo.get("mnist_20k", weights="mnist").get_weights(), strict=True
        ):
            np.testing.assert_array_equal(ours, shipped)

    @pytest.mark.parametrize("classes", [2.5, "10", -1, True, None])
    def test_a_number_of_classes_is_whole(self, classes):
        with pytest.raises(ValueError, match="num_classes=.* must be a whole number, 0 or more"):
            zoo.get("mnist_20k", num_classes=classes)


class TestPreprocess:
    @pytest.fixture
    def entry(self):
        return zoo.card("custom_resnet").weights["cifar10"]

    def test_images_of_the_models_size_are_normalised_as_the_dataset_does(self, entry):
        images = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3), dtype="uint8")
        expected = (images / 255 - np.array(entry.mean)) / np.array(entry.std)
        np.testing.assert_allclose(entry.preprocess(images), expected, atol=1e-5)

    def test_a_path_a_pil_image_and_an_array_are_one_picture(self, entry, tmp_path):
        image = np.random.default_rng(0).integers(0, 256, (60, 90, 3), dtype="uint8")
        Image.fromarray(image).save(tmp_path / "cat.png")
        forms = [image, Image.fromarray(image), tmp_path / "cat.png", str(tmp_path / "cat.png")]
        first, *others = [entry.preprocess(form) for form in forms]
        assert first.shape == (1, 32, 32, 3)
        for other in others:
            np.testing.assert_array_equal(first, other)
        np.testing.assert_array_equal(entry.preprocess(forms), np.concatenate([first] * 4))

    def test_the_middle_of_a_wide_picture_is_what_is_seen(self, entry):
        image = np.zeros((64, 192, 3), "uint8")
        image[:, 64:128] = 255
        white = (1 - np.array(entry.mean)) / np.array(entry.std)
        np.testing.assert_allclose(
            entry.preprocess(image)[0], np.broadcast_to(white, (32, 32, 3)), atol=1e-5
        )

    def test_grey_becomes_colour_and_colour_grey(self, entry):
        grey = np.full((28, 28), 128, "uint8")
        assert entry.preprocess(grey).shape == (1, 32, 32, 3)
        digits = zoo.card("mnist_8k").weights["mnist"]
        assert digits.preprocess(np.zeros((5, 32, 32, 3), "uint8")).shape == (5, 28, 28, 1)

    @pytest.mark.parametrize(
        ("images", "message"),
        [
            (np.full((1, 32, 32, 3), 200.0), "must be uint8, pixels 0 to 255, not float64"),
            (np.zeros((2, 32, 32, 4), "uint8"), r"not \(2, 32, 32, 4\)"),
            ([], "no image to preprocess"),
            (None, "must be uint8"),
        ],
    )
    def test_what_is_no_picture_is_refused(self, entry, images, message):
        with pytest.raises(ValueError, match=message):
            entry.preprocess(images)

    def test_a_file_that_is_no_picture_is_named(self, entry, tmp_path):
        (tmp_path / "notes.jpg").write_text("not a picture")
        with pytest.raises(ValueError, match="notes.jpg is no picture"):
            entry.preprocess(tmp_path / "notes.jpg")
        with pytest.raises(FileNotFoundError):
            entry.preprocess(tmp_path / "absent.jpg")
