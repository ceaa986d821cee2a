"""Names, cards and overrides."""

import keras
import numpy as np
import pytest

import zoo
from zoo.datasets.mnist_sum import SumBatches

pytestmark = pytest.mark.once
# Rows of results/.
MEASURED = {
    ("mnist_8k", "mnist"): 0.9952,
    ("mnist_20k", "mnist"): 0.9954,
    ("mnist_sum", "mnist"): 0.9938,
    ("dilated_net", "cifar10"): 0.8563,
    ("custom_resnet", "cifar10"): 0.9087,
    ("ultimus", "cifar10"): 0.6827,
    ("ultimus_residual", "cifar10"): 0.7301,
}


@pytest.fixture
def clean_registry(monkeypatch):
    from zoo import registry

    monkeypatch.setattr(registry, "_cards", dict(registry._cards))


class TestGet:
    def test_an_unknown_name_is_answered_with_the_nearest(self):
        with pytest.raises(ValueError, match="'ultimuss'; nearest: ultimus"):
            zoo.get("ultimuss")

    @pytest.mark.parametrize(
        "shape", [(32, 32), (32, 32, 0), (32, 32, None), (0, 32, 3), (9.5, 9, 3)]
    )
    def test_a_shape_of_no_image_is_refused(self, shape):
        with pytest.raises(ValueError, match=r"of ultimus must be \(height, width, channels\)"):
            zoo.get("ultimus", input_shape=shape)

    @pytest.mark.parametrize("name", ["mnist_8k", "mnist_step1", "mnist_sum"])
    def test_images_too_small_are_named_with_the_size_that_is_not(self, name):
        message = rf"input_shape=\(2, 2, 1\) is too small for {name}.*\(28, 28, 1\)"
        with pytest.raises(ValueError, match=message):
            zoo.get(name, input_shape=(2, 2, 1))

    def test_an_unknown_override_is_answered_with_those_that_exist(self):
        with pytest.raises(ValueError, match="no option 'classes'; it takes .*num_classes"):
            zoo.get("ultimus_residual", classes=10)

    def test_a_variants_own_default_can_be_overridden(self):
        def joins(model):
            return any("add" in layer.name for layer in model.layers)

        assert joins(zoo.get("ultimus_residual"))
        assert not joins(zoo.get("ultimus_residual", residual=False))

    @pytest.mark.parametrize("name", [n for n in zoo.list_models() if zoo.card(n).variant_of])
    def test_a_variants_card_has_the_options_it_is_built_with(self, name):
        options = zoo.card(name).options
        assert options.keys() >= {"input_shape", "num_classes", "name"}
        assert zoo.get(name, **options).get_config() == zoo.get(name).get_config()
        assert zoo.get(name).name == options["name"] == name

    @pytest.mark.parametrize("name", ["mnist_step1", "mnist_step4"])
    def test_a_side_that_the_net_has_to_know_is_named(self, name):
        message = rf"input_shape=\(None, None, 1\) does not do for {name}, .* \(28, 28, 1\)"
        with pytest.raises(ValueError, match=message):
            zoo.get(name, input_shape=(None, None, 1))


class TestRegister:
    def test_a_users_model_is_found_under_its_functions_name(self, clean_registry):
        @zoo.register(task="classification")
        def my_net(*, num_classes=10):
            """One layer."""
            return keras.Sequential([keras.Input((4,)), keras.layers.Dense(num_classes)])

        assert zoo.get("my_net", num_classes=3).output_shape == (None, 3)
        assert zoo.card("my_net").summary == "One layer."

    def test_a_variant_of_nothing_is_refused(self, clean_registry):
        with pytest.raises(ValueError, match="no model named 'nothing'"):

            @zoo.register(variant_of="nothing")
            def variant(**overrides):
                return None

    def test_a_builder_may_have_an_option_called_name(self):
        assert zoo.get("ultimus", name="mine").name == "mine"

    def test_the_same_cell_again_replaces_and_another_function_is_refused(self, clean_registry):
        def cell():
            @zoo.register()
            def again(*, num_classes=10):
                return None

        cell()
        cell()

        def again(*, num_classes=10):
            return None

        with pytest.raises(ValueError, match="'again' is registered already"):
            zoo.register()(again)


class TestListing:
    def test_session_and_pattern_narrow_it(self):
        assert zoo.list_models(session=9) == ["ultimus", "ultimus_residual"]
        assert zoo.list_models("custom*") == ["custom_resnet"]
        assert zoo.list_models(task="detection") == []

    def test_numbers_in_names_count(self):
        steps = [f"mnist_step{i}" for i in range(1, 11)]
        assert zoo.list_models("mnist_step*") == steps

    def test_a_card_shows_itself_in_a_notebook(self):
        html = zoo.card("ultimus")._repr_html_()
        assert "<table>" in html and "EVA session 9" in html and "residual=False" in html


class TestWeights:
    @pytest.mark.parametrize(
        ("name", "tag"), [(n, tag) for n in zoo.list_models() for tag in zoo.card(n).weights]
    )
    def test_that_ship_reach_what_was_measured(self, name, tag, real_data):
        data = zoo.datasets.load(tag, data_dir=real_data)
        model = zoo.get(name, weights=tag)
        if zoo.card(name).task == "digit_sum":
            accuracy = self.accuracy_of_sums(model, data)
        else:
            logits = model.predict(data.normalize(data.x_val), batch_size=500, verbose=0)
            accuracy = (logits.argmax(axis=-1) == data.y_val).mean()
        assert accuracy == pytest.approx(MEASURED[name, tag], abs=5e-4)

    def accuracy_of_sums(self, model, data):
        batches = SumBatches(data, "val", 1000)
        asked = [batches[i] for i in range(len(batches))]
        said = [model.predict(x, verbose=0)["sum"].argmax(axis=-1) for x, _ in asked]
        return np.mean([s == y["sum"] for s, (_, y) in zip(said, asked, strict=True)])

    def test_a_file_of_another_shape_is_refused(self, tmp_path):
        path = tmp_path / "ten.weights.h5"
        zoo.get("ultimus").save_weights(path)
        with pytest.raises(ValueError, match="do not fit ultimus"):
            zoo.get("ultimus", num_classes=3, weights=str(path))

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

        zoo.get("ultimus").save_weights(tmp_path / "ultimus-tag.weights.h5")
        monkeypatch.setattr(weights, "FOLDER", tmp_path)
        with pytest.raises(ValueError, match="not the file that was trained"):
            weights.load_into(zoo.get("ultimus"), "ultimus", "tag", {"tag": "0" * 64})
