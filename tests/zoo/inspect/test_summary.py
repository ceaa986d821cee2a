"""Receptive fields and multiply-adds against published and hand-computed values."""

from fractions import Fraction

import keras
import numpy as np
import pytest
from keras import layers

import zoo
from zoo.inspect import receptive_field

pytestmark = pytest.mark.once


def chain(*steps, size=64, channels=3):
    return keras.Sequential([keras.Input((size, size, channels)), *steps])


DECODERS = {
    "transposed 3/2": lambda: [layers.Conv2DTranspose(1, 3, 2), layers.Conv2D(1, 3)],
    "transposed 5/2 and 2/3": lambda: [
        layers.Conv2DTranspose(1, (5, 2), (2, 3)),
        layers.Conv2D(1, 3, dilation_rate=2),
    ],
    "there and back": lambda: [
        layers.Conv2D(1, 3, 2),
        layers.Conv2DTranspose(1, 4, 2),
        layers.Conv2D(1, 2),
    ],
    "there, back and there": lambda: [
        layers.MaxPooling2D(),
        layers.Conv2DTranspose(1, 2, 2),
        layers.Conv2D(1, 3, 2),
    ],
    "pixel shuffle": lambda: [
        layers.Conv2D(4, 3),
        zoo.layers.PixelShuffle(),
        layers.Conv2D(1, 2),
        layers.Conv2D(1, 2),
    ],
    "pixels to channels": lambda: [lambda x: keras.ops.space_to_depth(x, 3), layers.Conv2D(1, 2)],
    "channels to pixels": lambda: [
        layers.Conv2D(9, 2),
        lambda x: keras.ops.depth_to_space(x, 3),
        layers.Conv2D(1, 5),
    ],
    "nearest by 4": lambda: [layers.UpSampling2D(4), layers.Conv2D(1, 3), layers.Conv2D(1, 3)],
    "nearest by 2 twice": lambda: [*2 * [layers.UpSampling2D()], layers.Conv2D(1, 5)],
    "bilinear by 2": lambda: [
        layers.UpSampling2D(2, interpolation="bilinear"),
        layers.Conv2D(1, 3),
    ],
    "bilinear by 3": lambda: [
        layers.UpSampling2D(3, interpolation="bilinear"),
        layers.Conv2D(1, 3),
    ],
    "bicubic by 2": lambda: [
        layers.UpSampling2D(2, interpolation="bicubic"),
        layers.Conv2D(1, 4),
    ],
}


def net(steps):
    """The steps on images of 15x15 grey pixels."""
    image = x = keras.Input((15, 15, 1))
    for step in steps:
        x = step(x)
    return keras.Model(image, x)


def extent_that_matters(model, mask=1.0):
    """Height and width of the pixels that change one value, the most of any value.

    The weights are positive, without biases; `mask` sets some of the first kernel to zero.
    """
    rng = np.random.default_rng(0)
    for variable in model.variables:
        variable.assign(rng.uniform(0.5, 1.5, variable.shape) * (len(variable.shape) > 1))
    if model.variables:
        model.variables[0].assign(model.variables[0] * mask)
    pixels = np.eye(15 * 15).reshape(-1, 15, 15, 1)
    matters = model.predict(pixels, verbose=0)[..., 0] != 0  # (pixels, height, width)
    matters = matters.reshape(15, 15, *matters.shape[1:])
    lines_down, lines_across = matters.any((1, 3)).T, matters.any((0, 2)).T
    return tuple(
        max(np.ptp(np.flatnonzero(line)) + 1 for line in lines)
        for lines in (lines_down, lines_across)
    )


class TestReceptiveField:
    def test_vgg16s_last_pooling_sees_212_pixels(self):
        # Araujo et al., Distill 2019, table of well-known nets: VGG-16 212, jump 32.
        blocks = []
        for depth in (2, 2, 3, 3, 3):
            blocks += [layers.Conv2D(2, 3, padding="same") for _ in range(depth)]
            blocks += [layers.MaxPooling2D(2)]
        model = chain(*blocks, size=224)
        last = list(receptive_field(model).values())[-1]
        assert last.size == (212, 212) and last.jump == (32, 32)

    def test_alexnets_last_pooling_sees_195_pixels(self):
        # The same table: AlexNet 195, jump 32.
        model = chain(
            layers.Conv2D(2, 11, strides=4),
            layers.MaxPooling2D(3, 2),
            layers.Conv2D(2, 5, padding="same"),
            layers.MaxPooling2D(3, 2),
            *[layers.Conv2D(2, 3, padding="same") for _ in range(3)],
            layers.MaxPooling2D(3, 2),
            size=227,
        )
        last = list(receptive_field(model).values())[-1]
        assert last.size == (195, 195) and last.jump == (32, 32)

    def test_agrees_with_the_pixels_that_really_matter(self):
        image = keras.Input((41, 41, 1))
        x = layers.Conv2D(1, (3, 5), dilation_rate=2, padding="same", use_bias=False)(image)
        y = layers.Conv2D(1, 3, strides=2, padding="same", use_bias=False)(x)
        z = layers.Conv2D(1, 1, strides=2, padding="same", use_bias=False)(x)
        z = layers.DepthwiseConv2D(3, padding="same", use_bias=False)(z)
        out = layers.AveragePooling2D(2, name="out")(layers.Add()([y, z]))
        model = keras.Model(image, out)
        for variable in model.variables:
            variable.assign(np.ones(variable.shape))
        row, column = 5, 5
        base = model.predict(np.zeros((1, 41, 41, 1)), verbose=0)[0, row, column, 0]
        pixels = np.eye(41 * 41).reshape(-1, 41, 41, 1)
        seen = model.predict(pixels, batch_size=256, verbose=0)[:, row, column, 0] != base
        rows, columns = np.nonzero(seen.reshape(41, 41))
        extent = (np.ptp(rows) + 1, np.ptp(columns) + 1)
        assert receptive_field(model)["out"].size == extent

    def test_inception_v3s_mixed10_sees_1311_pixels(self):
        # The same table: Inception-v3 1311, jump 32; 1x7 and 7x1 kernels side by side.
        assert receptive_field(zoo.get("inception_v3"))["mixed10"].size == (1311, 1311)

    def test_branches_that_meet_see_what_the_widest_sees_along_each_side(self):
        image = keras.Input((32, 32, 3))
        branches = [layers.Conv2D(1, kernel, padding="same")(image) for kernel in ((1, 7), (5, 1))]
        model = keras.Model(image, layers.Add(name="sum")(branches))
        assert receptive_field(model)["sum"].size == (5, 7)

    @pytest.mark.parametrize("keepdims", [True, False])
    def test_a_squeeze_and_excitation_sees_the_whole_image(self, keepdims):
        image = keras.Input((32, 24, 3))
        maps = layers.Conv2D(4, 3, padding="same", name="maps")(image)
        squeezed = layers.GlobalAveragePooling2D(keepdims=keepdims, name="squeeze")(maps)
        if not keepdims:
            squeezed = layers.Reshape((1, 1, 4))(squeezed)
        excited = layers.Multiply(name="excite")([maps, layers.Dense(4)(squeezed)])
        fields = receptive_field(keras.Model(image, excited))
        assert fields["maps"].size == (3, 3)
        assert fields["squeeze"].size == fields["excite"].size == (32, 24)
        assert fields["excite"].jump is None

    def test_pooling_by_an_operation_is_pooling_too(self):
        image = keras.Input((32, 32, 3))
        model = keras.Model(image, layers.Conv2D(2, 3, name="c")(keras.ops.max_pool(image, 2)))
        assert receptive_field(model)["c"].size == (6, 6)

    @pytest.mark.parametrize(
        "step",
        [layers.Resizing(16, 16), layers.Reshape((16, 16, 12)), lambda x: x[:, ::2, ::2]],
        ids=["resizing", "reshape", "every other pixel"],
    )
    def test_says_nothing_where_it_does_not_know(self, step):
        image = keras.Input((32, 32, 3))
        maps = layers.Conv2D(3, 3, padding="same", name="maps")(image)
        behind = layers.Conv2D(3, 3, name="behind")(step(maps))
        model = keras.Model(image, [maps, behind])
        assert list(receptive_field(model)) == ["maps"]
        assert zoo.summary(model).rows[-1].receptive_field is None

    def test_says_nothing_of_a_layer_around_convolutions(self):
        class Block(layers.Layer):
            def __init__(self):
                super().__init__(name="block")
                self.conv = layers.Conv2D(3, 3, padding="same")

            def call(self, x):
                return self.conv(x)

        fields = receptive_field(chain(layers.Conv2D(3, 3, name="conv"), Block()))
        assert list(fields) == ["conv"]

    def test_the_whole_image_is_seen_once_places_are_pooled_away(self):
        field = receptive_field(zoo.get("ultimus"))
        assert field["pool"].size == (32, 32) and field["logits"].jump is None

    def test_padding_that_is_seen_counts_behind_a_flattening_too(self):
        field = receptive_field(zoo.get("mnist_step1"))
        assert field["conv7"].size == field["logits"].size == (40, 40)

    def test_a_nested_models_layers_carry_its_name(self):
        inner = chain(layers.Conv2D(2, 3, name="c"), size=16)
        inner.name = "inner"
        outer = chain(layers.Conv2D(3, 3), inner, size=18)
        assert receptive_field(outer)["inner/c"].size == (5, 5)

    def test_upsampling_brings_neighbours_closer(self):
        model = chain(
            layers.Conv2D(2, 3, strides=2, padding="same"),
            layers.Conv2DTranspose(2, 4, strides=2, padding="same", name="up"),
            layers.Conv2DTranspose(2, (2, 3), strides=(2, 3), name="finer"),
        )
        fields = receptive_field(model)
        assert fields["up"].jump == (1, 1)
        assert fields["up"].size == (5, 5)  # two neighbours, two pixels apart
        assert fields["finer"].jump == (Fraction(1, 2), Fraction(1, 3))

    @pytest.mark.parametrize("name", DECODERS)
    def test_agrees_with_the_pixels_that_really_matter_behind_an_upsampling(self, name):
        model = net(DECODERS[name]())
        assert receptive_field(model)[model.layers[-1].name].size == extent_that_matters(model)

    def test_agrees_with_them_behind_a_dilated_transposed_kernel(self):
        dilated = net([layers.Conv2DTranspose(1, 3, dilation_rate=2), layers.Conv2D(1, 3)])
        # The same kernel written out with zeros, for which every processor has a kernel.
        spread = net([layers.Conv2DTranspose(1, 5), layers.Conv2D(1, 3)])
        zeros = np.zeros((5, 5, 1, 1))
        zeros[::2, ::2] = 1
        size = receptive_field(dilated)[dilated.layers[-1].name].size
        assert size == extent_that_matters(spread, mask=zeros)

    def test_says_nothing_of_maps_whose_channels_come_first(self):
        image = keras.Input((3, 32, 32))
        maps = layers.Conv2D(4, 3, data_format="channels_first", name="maps")(image)
        model = keras.Model(image, layers.ReLU(name="relu")(maps))
        assert receptive_field(model) == {}
        assert [row.cells()[4] for row in zoo.summary(model).rows] == ["", "", ""]

    @pytest.mark.parametrize("function", [receptive_field, zoo.summary])
    @pytest.mark.parametrize("thing", [None, "custom_resnet", layers.Dense(2)])
    def test_refuses_what_is_no_model(self, function, thing):
        with pytest.raises(ValueError, match=r"model must be a keras.Model, such as zoo.get"):
            function(thing)

    def test_refuses_a_model_without_graph_or_image(self):
        class Free(keras.Model):
            pass

        with pytest.raises(ValueError, match="free is a Free, .* only functional and Sequential"):
            receptive_field(Free())
        with pytest.raises(ValueError, match=r"no image input .*; it takes \(None, 4\)"):
            receptive_field(keras.Sequential([keras.Input((4,)), layers.Dense(2)]))


class TestSummary:
    def test_counts_products_as_worked_out_by_hand(self):
        model = chain(
            layers.Conv2D(8, 3, padding="same", name="conv"),
            layers.DepthwiseConv2D(3, padding="same", name="depthwise"),
            layers.SeparableConv2D(4, 3, padding="same", name="separable"),
            layers.Conv2D(4, 3, groups=2, padding="same", name="grouped"),
            layers.Conv2DTranspose(2, 2, strides=2, name="transposed"),
            layers.GlobalAveragePooling2D(),
            layers.Dense(5, name="dense"),
            size=10,
        )
        products = {row.name: row.multiply_adds for row in zoo.summary(model).rows}
        assert products["conv"] == 100 * 9 * 3 * 8
        assert products["depthwise"] == 100 * 9 * 8
        assert products["separable"] == 100 * (9 * 8 + 8 * 4)
        assert products["grouped"] == 100 * 9 * 2 * 4
        assert products["transposed"] == 100 * 4 * 4 * 2
        assert products["dense"] == 2 * 5

    def test_a_layer_of_two_nets_has_the_size_of_each(self):
        shared = layers.Conv2D(4, 3, padding="same", name="shared")
        nets = [chain(shared, size=size) for size in (6, 32)]
        for net, size in zip(nets, (6, 32), strict=True):
            (row,) = zoo.summary(net).rows
            assert row.output_shape == (size, size, 4)
            assert row.multiply_adds == size**2 * 9 * 3 * 4

    def test_a_layer_or_a_net_that_is_used_twice_multiplies_twice(self):
        inner = chain(layers.Conv2D(3, 3, padding="same", name="inside"), size=10)
        again = layers.Conv2D(3, 1, name="again")
        image = keras.Input((10, 10, 3))
        net = keras.Model(image, inner(again(again(inner(image)))))
        table = zoo.summary(net)
        products = {row.name.rpartition("/")[-1]: row.multiply_adds for row in table.rows}
        assert products["again"] == 2 * 100 * 9 and products["inside"] == 2 * 100 * 81
        assert table.params == 12 + 84

    def test_counts_an_upsampling_as_worked_out_by_hand(self):
        table = zoo.summary(
            chain(
                layers.Conv2D(16, 3, padding="same", use_bias=False, name="wide"),
                zoo.layers.PixelShuffle(name="shuffled"),
                layers.Conv2DTranspose(2, 3, strides=2, padding="same", name="larger"),
                size=10,
            )
        )
        wide, shuffled, larger = table.rows
        assert shuffled.output_shape == (20, 20, 4)
        assert shuffled.params == shuffled.multiply_adds == 0
        assert shuffled.receptive_field == wide.receptive_field == (3, 3)
        assert shuffled.cells()[-2] == "1/2" and larger.cells()[-2] == "1/4"
        assert larger.params == 9 * 4 * 2 + 2 and larger.multiply_adds == 400 * 9 * 4 * 2

    def test_vgg16_has_its_published_15_point_5_billion(self):
        model = keras.applications.VGG16(weights=None)
        table = zoo.summary(model)
        assert table.params == 138_357_544
        assert table.multiply_adds == 15_470_264_320  # torchvision's and the paper's 15.5 G

    def test_counts_what_an_ultimus_block_multiplies(self):
        rows = {row.name: row for row in zoo.summary(zoo.get("ultimus")).rows}
        assert rows["ultimus1"].multiply_adds == 4 * 48 * 8 + 64 + 64
        assert rows["ultimus1"].params == 1608

    def test_totals_are_kerass_own(self):
        model = zoo.get("custom_resnet")
        table = zoo.summary(model)
        assert table.params == model.count_params() == sum(row.params for row in table.rows)
        assert table.trainable_params == 6_573_130

    def test_shows_itself_in_print_and_in_a_notebook(self):
        table = zoo.summary(zoo.get("ultimus"))
        assert " field " in str(table) and "25,978 trainable" in str(table)
        assert "<td style='text-align:left'>ultimus1</td>" in table._repr_html_()

    def test_shows_brackets_in_names_as_they_are(self):
        image = keras.Input((8, 8, 3), name="[red]image")
        table = zoo.summary(keras.Model(image, image, name="net [bold]"))
        assert "net [bold]" in str(table) and "[red]image" in str(table)

    def test_shows_a_model_for_images_of_any_size(self):
        table = str(zoo.summary(zoo.get("custom_resnet", input_shape=(None, None, 3))))
        assert "? x ? x 64" in table

    def test_refuses_a_model_that_is_not_built(self):
        with pytest.raises(ValueError, match="not built yet"):
            zoo.summary(keras.Sequential([layers.Dense(3)]))
