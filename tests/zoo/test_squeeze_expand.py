"""Session 2's net: what its docstring claims."""

import keras
import numpy as np
import pytest

import zoo
from zoo.inspect import receptive_field
from zoo.models.squeeze_expand import squeeze_expand

WIDENING = 9 * 32 * 64 + 64 + 9 * 64 * 128 + 128 + 9 * 128 * 256 + 256 + 9 * 256 * 512 + 512
SQUEEZE = 512 * 32 + 32


@pytest.mark.once
class TestSqueezeExpand:
    def test_values_see_as_far_as_the_docstring_says(self):
        fields = receptive_field(squeeze_expand())
        convs = [field.size for name, field in fields.items() if name.endswith("_conv")]
        sizes = [3, 5, 7, 9, 11, 12, 16, 20, 24, 28, 30, 38]
        assert convs == [(size, size) for size in sizes]
        assert [fields[f"transition{i}_pool"].jump for i in (1, 2)] == [(2, 2), (4, 4)]

    def test_has_the_parameters_counted_by_hand(self):
        first, last, dense = 9 * 3 * 32 + 32, 9 * 32 * 64 + 64, 64 * 10 + 10
        by_hand = first + WIDENING + SQUEEZE + WIDENING + SQUEEZE + last + dense
        assert squeeze_expand().count_params() == by_hand == 3_188_234

    def test_maps_have_the_sides_of_the_comments(self):
        model = squeeze_expand()
        layers = ("first", "block1_4", "transition1", "block2_4", "transition2", "block3_1")
        shapes = [model.get_layer(f"{name}_relu").output.shape[1:] for name in layers]
        sides, channels = (398, 390, 195, 187, 93, 91), (32, 512, 32, 512, 32, 64)
        assert shapes == [(s, s, c) for s, c in zip(sides, channels, strict=True)]

    def test_no_relu_stands_on_the_logits(self):
        logits = squeeze_expand().get_layer("logits")
        assert logits.activation is keras.activations.linear and logits.use_bias

    @pytest.mark.parametrize("shape", [(37, 64, 3), (64, 37, 3)])
    def test_refuses_an_image_that_would_leave_nothing(self, shape):
        with pytest.raises(ValueError, match=r"\(.*37.*\).*smallest side is 38"):
            zoo.get("squeeze_expand", input_shape=shape)

    def test_takes_the_smallest_image(self):
        model = zoo.get("squeeze_expand", input_shape=(38, 38, 1))
        assert model.get_layer("block3_1_relu").output.shape == (None, 1, 1, 64)


def test_gives_finite_logits_that_tell_images_apart():
    model = zoo.get("squeeze_expand", input_shape=(64, 64, 3), num_classes=7)
    images = np.random.default_rng(0).normal(size=(2, 64, 64, 3)).astype("float32")
    logits = model.predict(images, verbose=0)
    assert logits.shape == (2, 7) and np.isfinite(logits).all()
    assert np.abs(logits[0] - logits[1]).max() > 1e-3
