"""What is special of the vision transformers and ConvMixer."""

import keras
import numpy as np
import pytest

import zoo


def filled(model, seed=0):
    """The model with weights that no initialiser gives: nothing is zero, biases included."""
    rng = np.random.default_rng(seed)
    for variable in model.variables:
        scale = 0.5 / max(1, np.prod(variable.shape[:-1])) ** 0.5
        variable.assign(rng.normal(size=variable.shape, scale=scale))
    return model


def images(model, count=2):
    return np.random.default_rng(1).normal(size=(count, *model.input_shape[1:])).astype("float32")


@pytest.mark.once
class TestShapes:
    @pytest.mark.parametrize(("sides", "tokens"), [((480, 480), 901), ((1920, 1280), 9601)])
    def test_is_built_for_any_multiple_of_the_patch(self, sides, tokens):
        model = zoo.get("vit_tiny_16", input_shape=(*sides, 3), depth=1)
        assert model.get_layer("positions").output.shape == (None, tokens, 192)

    def test_runs_on_images_that_are_not_square(self):
        model = filled(zoo.get("vit_tiny_16", input_shape=(224, 160, 3), depth=2, num_classes=5))
        logits = model.predict(images(model), verbose=0)
        assert logits.shape == (2, 5) and np.isfinite(logits).all()

    @pytest.mark.parametrize(
        ("options", "last", "width"),
        [
            ({"head": "cls"}, 65, 192),
            ({"head": "mean"}, 64, 192),
            ({"head": "pool"}, 64, 192),
            ({"distilled": True}, 66, 192),
            ({"stem": "conv", "patch": 8}, 17, 192),
            ({"stem": "resnet20", "head": "mean"}, 64, 192),
        ],
        ids=str,
    )
    def test_has_as_many_tokens_as_head_and_stem_ask_for(self, options, last, width):
        model = filled(zoo.get("vit_cifar", depth=1, **options))
        assert model.get_layer("norm").output.shape == (None, last, width)
        assert model.predict(images(model), verbose=0).shape == (2, 10)


class TestFreshNet:
    def test_gives_logits_of_zero_since_the_head_starts_at_zero(self):
        model = zoo.get("vit_mnist")
        assert not model.predict(images(model), verbose=0).any()
        for name in ("prefix", "positions"):
            for weight in model.get_layer(name).get_weights():
                assert not weight.any()

    def test_stochastic_depth_leaves_out_whole_branches_of_some_images(self):
        model = filled(zoo.get("vit_mnist", depth=2, stochastic_depth=0.5))
        add = model.get_layer("block2_add1")
        branch = keras.Model(model.input, [model.get_layer("block1_add2").output, add.output])
        before, after = branch(images(model, 32), training=True)
        before, after = (keras.ops.convert_to_numpy(x) for x in (before, after))
        unchanged = np.all(before == after, axis=(1, 2))
        assert 4 <= unchanged.sum() <= 28  # p < 1e-5 outside, for a coin thrown 32 times


def test_weights_of_another_grid_serve_with_positions_interpolated(tmp_path):
    square = filled(zoo.get("vit_mnist", depth=1))
    square.save_weights(tmp_path / "square.weights.h5")
    options = {"input_shape": (28, 20, 1), "depth": 1}
    with pytest.raises(
        ValueError, match=r"of 49 patches, the model's of 7x5: position_grid=\(7, 7\)"
    ):
        zoo.get("vit_mnist", weights=tmp_path / "square.weights.h5", **options)
    wide = zoo.get(
        "vit_mnist", weights=tmp_path / "square.weights.h5", position_grid=(7, 7), **options
    )
    table = keras.ops.convert_to_numpy(square.get_layer("positions").table)
    positions = keras.ops.convert_to_numpy(wide.get_layer("positions").positions())
    assert positions.shape == (1 + 7 * 5, 64)
    np.testing.assert_array_equal(positions[0], table[0])
    assert np.isfinite(wide.predict(images(wide), verbose=0)).all()


@pytest.mark.once
@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"input_shape": (30, 33, 3)},
            "multiples of the patch of 4 pixels; the nearest are 32 and 32",
        ),
        ({"input_shape": (None, 32, 3)}, "has to know the size of its images"),
        ({"heads": 5}, "5 heads do not divide a width of 192; 1, 2, 3, 4, 6"),
        ({"head": "clss"}, "head='clss' must be one of cls, mean, pool; did you mean 'cls'?"),
        ({"stem": "convs"}, "stem='convs' must be one of patch, conv, resnet20"),
        ({"distilled": True, "head": "mean"}, 'distilled=True needs head="cls", not head=.mean'),
        ({"stem": "conv", "patch": 6, "input_shape": (36, 36, 3)}, "patch=6 must be a power of 2"),
        ({"stem": "resnet20", "patch": 8}, "patch=8 must be 4"),
        ({"depth": 0}, "depth=0 must be a whole number, 1 or more"),
        ({"dropout": 1.5}, "dropout=1.5 must be a finite number from 0 to 1"),
        ({"position_grid": 8}, r"position_grid=8 must be \(rows, columns\)"),
    ],
    ids=str,
)
def test_what_does_not_fit_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        zoo.get("vit_cifar", **options)


@pytest.mark.once
def test_the_residual_of_convmixer_leads_around_the_depthwise_part_alone():
    model = zoo.get("convmixer_256_8", depth=1)
    add = model.get_layer("block1_add")
    names = [node.operation.name for node in add._inbound_nodes[0].parent_nodes]
    assert names == ["patches_bn", "block1_depthwise_bn"]
    order = [layer.name for layer in model.layers]
    assert order.index("block1_depthwise_gelu") < order.index("block1_depthwise_bn")
    assert model.get_layer("block1_pointwise").input is add.output
