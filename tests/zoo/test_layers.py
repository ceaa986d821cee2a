"""Blocks against Keras's own layers, weight for weight."""

import keras
import numpy as np
import pytest

import zoo
from zoo import layers


def both(ours, theirs, shape):
    """The two layers with the same weights."""
    for layer in (ours, theirs):
        layer.build((None, *shape))
    rng = np.random.default_rng(1)
    weights = [rng.uniform(0.5, 1.5, w.shape).astype("float32") for w in theirs.get_weights()]
    ours.set_weights(weights)
    theirs.set_weights(weights)
    return ours, theirs


def images(*shape):
    return np.random.default_rng(0).normal(size=shape).astype("float32")


def numpy(x):
    return keras.ops.convert_to_numpy(x)


class TestConv2D:
    @pytest.mark.parametrize(
        "options",
        [
            {"padding": "same"},
            {"padding": "same", "strides": 2},
            {"padding": "same", "dilation_rate": 3},
            {"padding": "valid", "strides": (2, 1), "kernel_size": (3, 5)},
            {"padding": "same", "kernel_size": 4, "groups": 2, "activation": "relu"},
            {"padding": "same", "strides": 3, "use_bias": False},
            {"padding": "same", "groups": 4, "filters": 8, "dilation_rate": 2},
            {"padding": "valid", "groups": 4, "filters": 4, "strides": 2, "activation": "relu"},
            {"padding": "same", "groups": 4, "filters": 4, "strides": (2, 1), "use_bias": False},
        ],
        ids=str,
    )
    @pytest.mark.parametrize("size", [10, 11])
    def test_equals_keras(self, options, size):
        options = {"filters": 6, "kernel_size": 3} | options
        pair = both(layers.FusedConv2D(**options), keras.layers.Conv2D(**options), (size, 9, 4))
        x = images(3, size, 9, 4)
        ours, theirs = [numpy(layer(x)) for layer in pair]
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-4)

    @pytest.mark.parametrize("strides", [1, 2])
    def test_equals_keras_in_half_precision(self, strides):
        options = {"filters": 6, "kernel_size": 3, "strides": strides, "padding": "same"}
        options["dtype"] = "mixed_bfloat16"
        pair = both(layers.FusedConv2D(**options), keras.layers.Conv2D(**options), (10, 9, 4))
        ours, theirs = [layer(images(3, 10, 9, 4)) for layer in pair]
        assert keras.backend.standardize_dtype(ours.dtype) == "bfloat16"
        ours, theirs = [numpy(keras.ops.cast(out, "float32")) for out in (ours, theirs)]
        np.testing.assert_allclose(ours, theirs, rtol=0.02, atol=0.2)

    def test_with_one_group_per_channel_equals_kerass_depthwise(self):
        ours = layers.FusedConv2D(8, 3, groups=4, padding="same", use_bias=False)
        theirs = keras.layers.DepthwiseConv2D(3, depth_multiplier=2, padding="same", use_bias=False)
        x, kernel = images(3, 7, 9, 4), images(3, 3, 4, 2)
        for layer in (ours, theirs):
            layer.build(x.shape)
        ours.set_weights([kernel.reshape(3, 3, 1, 8)])
        theirs.set_weights([kernel])
        np.testing.assert_allclose(numpy(ours(x)), numpy(theirs(x)), rtol=1e-4, atol=1e-4)

    @pytest.mark.parametrize("groups", [1, 2])
    def test_takes_lora_as_keras_does(self, groups):
        ours = layers.FusedConv2D(6, 3, groups=groups)
        theirs = keras.layers.Conv2D(6, 3, groups=groups)
        for layer in (ours, theirs):
            layer.build((None, 7, 9, 4))
            layer.enable_lora(2)
        theirs.set_weights(ours.get_weights())
        theirs.lora_kernel_b.assign(images(*theirs.lora_kernel_b.shape))
        ours.lora_kernel_b.assign(theirs.lora_kernel_b)
        x = images(3, 7, 9, 4)
        np.testing.assert_allclose(numpy(ours(x)), numpy(theirs(x)), rtol=1e-4, atol=1e-4)

    @pytest.mark.parametrize("groups", [2, 4])
    def test_trains_in_groups_as_keras_does(self, groups):
        def fitted(conv):
            keras.utils.set_random_seed(3)
            model = keras.Sequential(
                [keras.Input((5, 5, 4)), conv(4, 3, groups=groups), keras.layers.Flatten()]
            )
            model.compile(keras.optimizers.SGD(0.05), "mse")
            model.fit(images(16, 5, 5, 4), np.ones((16, 36)), epochs=2, shuffle=False, verbose=0)
            return model.get_weights()

        both_weights = fitted(layers.FusedConv2D), fitted(keras.layers.Conv2D)
        for ours, theirs in zip(*both_weights, strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=1e-5)


def block(make, *args, shape=(32, 32, 16), **options):
    image = keras.Input(shape)
    return keras.Model(image, make(image, *args, **options))


def weights_and_products(model):
    """Of the convolutions; those of the norms are left out."""
    rows = [row for row in zoo.summary(model).rows if row.multiply_adds]
    return [sum(row.params for row in rows), sum(row.multiply_adds for row in rows)]


class TestConvBnRelu:
    def test_is_the_same_in_groups_with_fewer_weights(self):
        model = block(layers.conv_bn_relu, 32, "c", groups=4)
        assert weights_and_products(model) == [9 * 4 * 32, 32 * 32 * 9 * 4 * 32]
        assert model.get_layer("c_conv").groups == 4 and model.output_shape == (None, 32, 32, 32)

    @pytest.mark.once
    @pytest.mark.parametrize("groups", [3, 8, 0, -2])
    def test_groups_that_do_not_divide_are_refused(self, groups):
        with pytest.raises(ValueError, match="16 channels and 36 filters; 1, 2, 4 do"):
            block(layers.conv_bn_relu, 36, "c", groups=groups)

    @pytest.mark.once
    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"filters": -8}, "filters=-8 must be a whole number, 1 or more"),
            ({"filters": 2.5}, "filters=2.5 must be a whole number"),
            ({"groups": 2.0}, "groups=2.0 must be a whole number"),
            ({"kernel_size": 0}, "kernel_size=0 must be a whole number, 1 or more"),
            ({"kernel_size": (3, "3")}, "kernel_size='3' must be a whole number"),
            ({"strides": 1.5}, "strides=1.5 must be a whole number"),
            ({"dilation_rate": None}, "dilation_rate=None must be a whole number"),
            ({"shape": (32, 16)}, r"c: input \(None, 32, 16\) must be maps"),
            ({"shape": (32, 32, None)}, "whose number of channels is known"),
        ],
    )
    def test_sizes_that_are_none_are_refused(self, options, message):
        with pytest.raises(ValueError, match=message):
            block(layers.conv_bn_relu, **{"filters": 16, "name": "c"} | options)

    @pytest.mark.once
    @pytest.mark.parametrize("make", [layers.depthwise_separable, layers.spatially_separable])
    @pytest.mark.parametrize("shape", [(32, 16), (32, 32, None)])
    def test_what_is_no_maps_is_refused(self, make, shape):
        with pytest.raises(ValueError, match="c: input .* must be maps"):
            block(make, 16, "c", shape=shape)


@pytest.mark.once
class TestSeparable:
    def test_depthwise_takes_656_weights_in_place_of_4608(self):
        whole = block(layers.conv_bn_relu, 32, "c")
        model = block(layers.depthwise_separable, 32, "c")
        assert weights_and_products(whole) == [4_608, 4_608 * 32 * 32]
        assert weights_and_products(model) == [656, 656 * 32 * 32]
        assert model.output_shape == whole.output_shape
        assert model.layers[-1].name == whole.layers[-1].name == "c_relu"

    def test_depthwise_keeps_channels_apart_until_1x1_mixes_them(self):
        model = block(layers.depthwise_separable, 5, "c", shape=(6, 6, 3))
        convs = [model.get_layer(name).output for name in ("c_depthwise_conv", "c_conv")]
        parts = keras.Model(model.input, convs)
        lit = np.zeros((2, 6, 6, 3))
        lit[1, :, :, 1] = images(6, 6)  # of both signs, so that some pass the ReLU between
        (dark, light), (before, after) = [numpy(x) for x in parts(lit)]
        assert ((light != dark).any((0, 1)) == [False, True, False]).all()
        assert (before != after).any((0, 1)).all()

    def test_depthwise_hands_its_options_to_the_first_of_the_two(self):
        model = block(layers.depthwise_separable, 8, "c", kernel_size=5, strides=2)
        assert model.output_shape == (None, 16, 16, 8)
        assert model.get_layer("c_depthwise_conv").kernel_size == (5, 5)
        model = block(layers.depthwise_separable, 8, "c", dilation_rate=3)
        assert zoo.inspect.receptive_field(model)["c_relu"].size == (7, 7)

    @pytest.mark.parametrize("between, weights", [(None, 3 * 16 * 16 + 3 * 16 * 32), (8, 1_152)])
    def test_spatially_separable_sees_as_far_with_fewer_weights(self, between, weights):
        model = block(layers.spatially_separable, 32, "c", between=between)
        assert weights_and_products(model) == [weights, weights * 32 * 32]
        assert zoo.inspect.receptive_field(model)["c_relu"].size == (3, 3)
        wider = block(layers.spatially_separable, 32, "c", kernel_size=7)
        assert zoo.inspect.receptive_field(wider)["c_relu"].size == (7, 7)


class TestPixelShuffle:
    def test_lays_channels_out_as_blocks(self):
        x = np.arange(8.0).reshape(1, 1, 1, 8)
        assert numpy(layers.PixelShuffle()(x))[0, ..., 0].tolist() == [[0, 1], [2, 3]]
        assert numpy(layers.PixelShuffle()(x))[0, ..., 1].tolist() == [[4, 5], [6, 7]]

    @pytest.mark.parametrize("block_size", [2, 3])
    def test_equals_torch(self, block_size):
        torch = pytest.importorskip("torch")
        x = images(2, 4, 5, 5 * block_size**2)
        maps = torch.tensor(x).permute(0, 3, 1, 2)
        expected = torch.nn.PixelShuffle(block_size)(maps).permute(0, 2, 3, 1).numpy()
        np.testing.assert_array_equal(numpy(layers.PixelShuffle(block_size)(x)), expected)

    def test_takes_images_of_any_size_and_survives_a_keras_file(self, tmp_path):
        model = keras.Sequential([keras.Input((None, None, 18)), layers.PixelShuffle(3)])
        assert model.output_shape == (None, None, None, 2)
        model.save(tmp_path / "model.keras")
        restored = keras.saving.load_model(tmp_path / "model.keras")
        x = images(2, 4, 5, 18)
        ours, theirs = [m.predict(x, verbose=0) for m in (model, restored)]
        assert ours.shape == (2, 12, 15, 2) and (ours == theirs).all()

    def test_trains_what_stands_before_it(self):
        model = keras.Sequential(
            [
                keras.Input((4, 4, 2)),
                layers.FusedConv2D(12, 3, padding="same"),
                layers.PixelShuffle(),
            ]
        )
        model.compile(keras.optimizers.Adam(0.01), "mse")
        x, y = images(32, 4, 4, 2), np.zeros((32, 8, 8, 3))
        losses = model.fit(x, y, epochs=3, verbose=0).history["loss"]
        assert losses[2] < losses[1] < losses[0]

    @pytest.mark.once
    @pytest.mark.parametrize("shape", [(4, 4, 6), (4, 8), (4, 4, None)])
    def test_channels_that_make_no_blocks_are_refused(self, shape):
        with pytest.raises(ValueError, match=r"shuffle: input .* a multiple of 2 x 2 = 4 channels"):
            layers.PixelShuffle(name="shuffle")(keras.Input(shape))

    @pytest.mark.once
    @pytest.mark.parametrize("block_size", [1, 2.5, "2", None])
    def test_a_block_of_one_pixel_or_of_half_pixels_is_refused(self, block_size):
        message = f"block_size={block_size!r} must be a whole number, 2 or more"
        with pytest.raises(ValueError, match=message):
            layers.PixelShuffle(block_size)


class TestBatchNormalization:
    @pytest.mark.parametrize("training", [True, False])
    @pytest.mark.parametrize("channels", [3, 4])
    def test_equals_keras_and_moves_its_averages_alike(self, training, channels):
        options = {"momentum": 0.9, "epsilon": 1e-5}
        pair = both(
            layers.FusedBatchNormalization(**options),
            keras.layers.BatchNormalization(**options),
            (7, 5, channels),
        )
        x = 3 + 2 * images(2, 7, 5, channels)
        ours, theirs = [numpy(layer(x, training=training)) for layer in pair]
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-4)
        for one, other in zip(*[layer.get_weights() for layer in pair], strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)

    def test_trains_as_keras_does(self):
        x, y = images(16, 6, 6, 3), np.arange(16) % 2

        def fitted(norm):
            keras.utils.set_random_seed(3)
            model = keras.Sequential(
                [
                    keras.Input((6, 6, 3)),
                    keras.layers.Conv2D(4, 3),
                    norm(momentum=0.9),
                    keras.layers.Flatten(),
                    keras.layers.Dense(2),
                ]
            )
            loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
            model.compile(keras.optimizers.SGD(0.05), loss)
            model.fit(x, y, batch_size=8, epochs=2, shuffle=False, verbose=0)
            return model.get_weights()

        pairs = zip(
            fitted(layers.FusedBatchNormalization),
            fitted(keras.layers.BatchNormalization),
            strict=True,
        )
        for ours, theirs in pairs:
            np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=1e-4)

    @pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
    def test_in_half_precision_keeps_its_statistics_in_float32(self, dtype):
        x = keras.ops.cast(30 + images(8, 7, 5, 4), dtype)
        norm = layers.FusedBatchNormalization(momentum=0.0, dtype=f"mixed_{dtype}")
        out = norm(x, training=True)
        assert keras.backend.standardize_dtype(out.dtype) == dtype
        x = numpy(keras.ops.cast(x, "float32")).astype("float64")
        mean, variance = x.mean(axis=(0, 1, 2)), x.var(axis=(0, 1, 2))
        np.testing.assert_allclose(numpy(norm.moving_mean), mean, rtol=1e-5)
        np.testing.assert_allclose(numpy(norm.moving_variance), variance, rtol=1e-4)
        expected = (x - mean) / np.sqrt(variance + 1e-3)
        np.testing.assert_allclose(numpy(keras.ops.cast(out, "float32")), expected, atol=0.03)

    def test_of_half_precision_variables_is_kerass_own(self):
        norm = layers.FusedBatchNormalization(dtype="bfloat16")
        out = norm(images(2, 5, 5, 4), training=True)
        assert keras.backend.standardize_dtype(out.dtype) == "bfloat16"


class TestFilesOfFusedLayers:
    def test_are_those_of_keras(self, tmp_path):
        def net(conv, norm):
            image = keras.Input((6, 6, 4))
            return keras.Model(image, norm()(conv(4, 3, groups=2)(image)))

        ours = net(layers.FusedConv2D, layers.FusedBatchNormalization)
        theirs = net(keras.layers.Conv2D, keras.layers.BatchNormalization)
        x = images(2, 6, 6, 4)
        for source, target in ((ours, theirs), (theirs, ours)):
            for variable in source.variables:
                if variable.dtype == "float32":
                    variable.assign(np.random.default_rng(5).uniform(0.5, 1.5, variable.shape))
            source.save_weights(tmp_path / "net.weights.h5")
            target.load_weights(tmp_path / "net.weights.h5")
            outputs = [numpy(model(x)) for model in (source, target)]
            np.testing.assert_allclose(*outputs, rtol=1e-4, atol=1e-4)

    @pytest.mark.once
    @pytest.mark.parametrize(
        ("name", "layer"),
        [
            ("Conv2D", layers.FusedConv2D(2, 1)),
            ("BatchNormalization", layers.FusedBatchNormalization()),
        ],
    )
    def test_name_the_classes_as_they_always_have(self, name, layer):
        assert keras.saving.get_registered_object(f"zoo>{name}") is type(layer)
        written = keras.saving.serialize_keras_object(layer)
        assert (written["class_name"], written["registered_name"]) == (name, f"zoo>{name}")


class TestNormalization:
    IMAGES = np.random.default_rng(0).normal(2, 3, (4, 5, 6, 8)).astype("float32")
    # norm -> groups, and the axes of (b, h, w, groups, c / groups) that share a mean
    SHARED = {"layer": (1, (1, 2, 3, 4)), "group": (4, (1, 2, 4)), "instance": (8, (1, 2, 4))}

    @pytest.mark.parametrize("norm", SHARED)
    def test_each_norm_shares_statistics_as_its_name_says(self, norm):
        groups, axes = self.SHARED[norm]
        image = keras.Input((5, 6, 8))
        model = keras.Model(image, layers.normalization(image, norm, "norm", groups=4))
        split = self.IMAGES.reshape(4, 5, 6, groups, 8 // groups).astype("float64")
        mean, variance = split.mean(axes, keepdims=True), split.var(axes, keepdims=True)
        expected = ((split - mean) / np.sqrt(variance + 1e-5)).reshape(self.IMAGES.shape)
        np.testing.assert_allclose(model.predict(self.IMAGES, verbose=0), expected, atol=1e-4)
        assert model.count_params() == 2 * 8

    def test_batch_norm_has_the_course_s_momentum(self):
        image = keras.Input((5, 6, 8))
        model = keras.Model(image, layers.normalization(image, "batch", "norm"))
        layer = model.get_layer("norm")
        assert (layer.momentum, layer.epsilon) == (0.9, 1e-5)

    @pytest.mark.once
    def test_groups_that_do_not_divide_the_channels_are_refused(self):
        with pytest.raises(ValueError, match="3 groups do not divide 8 channels; 1, 2, 4, 8 do"):
            layers.normalization(keras.Input((5, 6, 8)), "group", "norm", groups=3)

    @pytest.mark.once
    @pytest.mark.parametrize("groups", [2.0, "2", None])
    def test_groups_that_are_no_whole_number_are_refused(self, groups):
        with pytest.raises(ValueError, match=f"groups={groups!r} must be a whole number"):
            layers.normalization(keras.Input((5, 6, 8)), "group", "norm", groups=groups)

    @pytest.mark.once
    @pytest.mark.parametrize("norm", ["power", None])
    def test_an_unknown_norm_is_refused(self, norm):
        with pytest.raises(ValueError, match=f"norm={norm!r} must be one of batch, layer"):
            layers.normalization(keras.Input((5, 6, 8)), norm, "norm")

    @pytest.mark.once
    @pytest.mark.parametrize("shape", [(8,), (5, 6, None)])
    def test_what_is_no_maps_is_refused(self, shape):
        with pytest.raises(ValueError, match="norm: input .* must be maps"):
            layers.normalization(keras.Input(shape), "batch", "norm")
