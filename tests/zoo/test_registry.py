"""Names, cards and overrides."""

import keras
import pytest

import zoo

pytestmark = pytest.mark.once


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
        of_images = zoo.card(name).task == "classification"
        assert options.keys() >= ({"input_shape", "num_classes", "name"} if of_images else {"name"})
        configs = []
        for given in (options, {}):
            keras.utils.clear_session()  # operations without a name are numbered from 1 again
            configs.append(zoo.get(name, **given).get_config())
        assert configs[0] == configs[1]
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

    def test_an_unknown_task_is_refused(self, clean_registry):
        with pytest.raises(ValueError, match="no task named 'clasification'.*classification"):
            zoo.register(task="clasification")

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
        of_session_9 = ["spatial_transformer", "ultimus", "ultimus_residual", "vit_mnist"]
        assert zoo.list_models(session=9) == of_session_9
        assert zoo.list_models("custom*") == ["custom_resnet"]
        detectors = ["ssd_small", "yolo_v2", "yolo_v2_resnet18", "yolo_v2_small", "yolo_v2_tiny"]
        assert zoo.list_models(task="detection") == detectors

    def test_models_with_trained_weights_can_be_asked_for(self):
        with_weights = zoo.list_models(weights=True)
        assert "custom_resnet" in with_weights and "resnet50" not in with_weights
        assert sorted(with_weights + zoo.list_models(weights=False)) == sorted(zoo.list_models())

    def test_a_card_shows_result_and_run_of_its_weights(self):
        rows = dict(zoo.card("custom_resnet").rows())
        assert "accuracy 90.87 % on cifar10" in rows["weights 'cifar10'"]
        assert "s8_custom_resnet, 24 epochs, seed 0" in rows["weights 'cifar10'"]

    def test_numbers_in_names_count(self):
        steps = [f"mnist_step{i}" for i in range(1, 11)]
        assert zoo.list_models("mnist_step*") == steps

    def test_a_card_shows_itself_in_a_notebook(self):
        html = zoo.card("ultimus")._repr_html_()
        assert "<table>" in html and "EVA session 9" in html and "residual=False" in html
