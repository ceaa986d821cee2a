"""Multiply-adds against values worked out by hand, and against PyTorch's counter."""

import keras
import numpy as np
import pytest
from keras import layers, ops

import zoo


def products(model):
    return {row.name: row.multiply_adds for row in zoo.summary(model).rows if row.multiply_adds}


def of_one(layer, *shapes):
    """Multiply-adds of a layer on inputs of these shapes."""
    inputs = [keras.Input(shape) for shape in shapes]
    return zoo.summary(keras.Model(inputs, layer(*inputs))).multiply_adds


@pytest.mark.once
class TestLayers:
    @pytest.mark.parametrize(
        ("layer", "shapes", "by_hand"),
        [
            (layers.SimpleRNN(5), [(7, 3)], 7 * (3 * 5 + 5 * 5)),
            (layers.LSTM(5), [(7, 3)], 7 * 4 * (3 * 5 + 5 * 5)),
            (layers.GRU(5, return_sequences=True), [(7, 3)], 7 * 3 * (3 * 5 + 5 * 5)),
            (
                layers.RNN([layers.LSTMCell(5), layers.GRUCell(2)]),
                [(7, 3)],
                7 * (4 * (3 * 5 + 5 * 5) + 3 * (5 * 2 + 2 * 2)),
            ),
            (layers.Bidirectional(layers.LSTM(5)), [(7, 3)], 2 * 7 * 4 * (3 * 5 + 5 * 5)),
            (
                layers.Bidirectional(
                    layers.LSTM(5), backward_layer=layers.GRU(5, go_backwards=True)
                ),
                [(7, 3)],
                7 * (4 + 3) * (3 * 5 + 5 * 5),
            ),
            (layers.TimeDistributed(layers.Dense(4)), [(6, 3)], 6 * 3 * 4),
            (
                layers.TimeDistributed(layers.Conv2D(4, 3, padding="same")),
                [(6, 5, 5, 2)],
                6 * 25 * 9 * 2 * 4,
            ),
            (layers.TimeDistributed(layers.LSTM(5)), [(6, 7, 3)], 6 * 7 * 4 * (3 * 5 + 5 * 5)),
            (layers.EinsumDense("abc,cde->abde", (None, 2, 3)), [(5, 8)], 5 * 8 * 2 * 3),
            (layers.EinsumDense("...x,xy->...y", 4), [(5, 6, 3)], 5 * 6 * 3 * 4),
            (layers.Conv1DTranspose(4, 3, strides=2), [(10, 2)], 10 * 3 * 2 * 4),
            (layers.Conv3DTranspose(4, 3, strides=2), [(5, 5, 5, 2)], 125 * 27 * 2 * 4),
            (layers.DepthwiseConv1D(3, padding="same"), [(10, 4)], 10 * 3 * 4),
            (
                layers.Conv2D(8, 3, padding="same", data_format="channels_first"),
                [(3, 10, 12)],
                120 * 9 * 3 * 8,
            ),
            (layers.SpectralNormalization(layers.Dense(4)), [(3,)], 3 * 4),
            (layers.Embedding(100, 8), [(5,)], 0),
            (layers.PReLU(), [(5, 5, 2)], 0),
            (layers.LayerNormalization(axis=(1, 2, 3)), [(5, 5, 2)], 0),
        ],
        ids=lambda value: getattr(value, "name", None),
    )
    def test_count_what_they_multiply(self, layer, shapes, by_hand):
        assert of_one(layer, *shapes) == by_hand

    def test_self_attention(self):
        projections, scores = 4 * 16 * 48 * 48, 2 * 16 * 16 * 48
        image = keras.Input((16, 48))
        model = keras.Model(image, layers.MultiHeadAttention(4, 12)(image, image))
        assert zoo.summary(model).multiply_adds == projections + scores

    def test_cross_attention_of_other_lengths_and_widths(self):
        attention = layers.MultiHeadAttention(2, 3, value_dim=5, output_shape=7)
        by_hand = (
            10 * 6 * 2 * 3  # queries
            + 4 * 9 * 2 * 3  # keys
            + 4 * 8 * 2 * 5  # values
            + 10 * 4 * 2 * (3 + 5)  # scores, and their products with the values
            + 10 * 2 * 5 * 7  # output
        )
        assert of_one(attention, (10, 6), (4, 8), (4, 9)) == by_hand

    def test_attention_along_one_axis_of_a_map(self):
        maps = keras.Input((5, 6, 8))
        attention = layers.MultiHeadAttention(2, 4, attention_axes=2)
        by_hand = 4 * 30 * 8 * 8 + 5 * 6 * 6 * 2 * (4 + 4)
        assert zoo.summary(keras.Model(maps, attention(maps, maps))).multiply_adds == by_hand

    @pytest.mark.parametrize("gates", [0, 1])
    def test_grouped_attention_has_fewer_keys(self, gates):
        attention = layers.GroupQueryAttention(3, 6, 2, use_gate=bool(gates))
        by_hand = (2 + gates) * 10 * 8 * 18 + 2 * 4 * 8 * 6 + 2 * 10 * 4 * 18
        assert of_one(attention, (10, 8), (4, 8)) == by_hand

    def test_attention_without_weights(self):
        query, value = keras.Input((10, 8)), keras.Input((4, 8))
        model = keras.Model([query, value], layers.Attention()([query, value]))
        assert zoo.summary(model).multiply_adds == 2 * 10 * 4 * 8

    def test_a_dot_of_two_inputs(self):
        left, right = keras.Input((10, 8)), keras.Input((4, 8))
        model = keras.Model([left, right], layers.Dot(axes=2)([left, right]))
        assert zoo.summary(model).multiply_adds == 10 * 4 * 8


class Block(layers.Layer):
    """Two fully connected layers, and the products of all pairs of positions."""

    def build(self, shape):
        self.first, self.second = layers.Dense(6, name="first"), layers.Dense(4, name="second")
        self.first.build(shape)
        self.second.build((*shape[:-1], 6))

    def call(self, x):
        y = self.second(self.first(x))
        return ops.matmul(y, ops.transpose(y, (0, 2, 1)))


class Opaque(layers.Layer):
    """Its code wants numbers."""

    def call(self, x):
        return x * float(ops.sum(x * 0) + 1) if not isinstance(x, keras.KerasTensor) else 1 / 0

    def compute_output_spec(self, x):
        return keras.KerasTensor(x.shape, x.dtype)


class Counted(Opaque):
    def multiply_adds(self):
        return 77


@pytest.mark.once
class TestLayersOfOnesOwn:
    BY_HAND = 5 * (3 * 6 + 6 * 4) + 5 * 5 * 4

    def test_count_what_their_call_multiplies(self):
        assert of_one(Block(), (5, 3)) == self.BY_HAND

    def test_are_left_as_they_were(self):
        block = Block()
        of_one(block, (5, 3))
        assert not hasattr(block.first, "output")  # it was never called by itself
        assert of_one(block, (7, 3)) == 7 * (3 * 6 + 6 * 4) + 7 * 7 * 4

    def test_count_inside_a_subclassed_model_that_is_used_as_a_layer(self):
        class Inner(keras.Model):
            def __init__(self):
                super().__init__()
                self.block, self.dense = Block(), layers.Dense(2)

            def call(self, x):
                return self.dense(self.block(x))

        assert of_one(Inner(), (5, 3)) == self.BY_HAND + 5 * 5 * 2

    def test_that_merge_batch_and_positions_count_every_position(self):
        image = keras.Input((5, 3))
        rows = ops.reshape(image, (-1, 3))
        model = keras.Model(image, layers.Dense(4, name="dense")(rows))
        assert products(model) == {"dense": 5 * 3 * 4}

    def test_count_one_example_of_a_batch_of_fixed_size(self):
        image = keras.Input(batch_shape=(8, 5, 3))
        model = keras.Model(image, Block()(layers.LSTM(3, return_sequences=True)(image)))
        assert zoo.summary(model).multiply_adds == self.BY_HAND + 5 * 4 * (9 + 9)

    def test_that_cannot_be_counted_are_marked(self):
        image = keras.Input((5, 3))
        model = keras.Model(image, Opaque(name="opaque")(layers.Dense(4, name="dense")(image)))
        table = zoo.summary(model)
        assert table.uncounted == ("opaque",)
        assert table.rows[-1].multiply_adds is None and table.rows[-1].cells()[-1] == "?"
        assert "at least 60 multiply-adds" in table.totals and "at least 60" in str(table)
        assert "<td style='text-align:right'>?</td>" in table._repr_html_()

    def test_may_say_it_themselves(self):
        assert of_one(Counted(), (5, 3)) == 77


@pytest.mark.once
class TestOperations:
    @pytest.mark.parametrize(
        ("name", "function", "by_hand"),
        [
            ("matmul", lambda x: ops.matmul(x, ops.transpose(x, (0, 2, 1))), 6 * 6 * 4),
            ("matmul", lambda x: x @ np.ones((4, 9), "float32"), 6 * 4 * 9),
            ("einsum", lambda x: ops.einsum("bij,bkj->bik", x, x), 6 * 6 * 4),
            ("tensordot", lambda x: ops.tensordot(x, np.ones((4, 3)), axes=1), 6 * 4 * 3),
            ("conv", lambda x: ops.conv(x, np.ones((3, 4, 5)), padding="same"), 6 * 3 * 4 * 5),
            (
                "conv_transpose",
                lambda x: ops.conv_transpose(x, np.ones((3, 5, 4)), strides=2),
                6 * 3 * 4 * 5,
            ),
        ],
    )
    def test_of_a_functional_model_have_rows(self, name, function, by_hand):
        image = keras.Input((6, 4))
        (found,) = products(keras.Model(image, function(image))).items()
        assert found == (found[0], by_hand) and found[0].startswith(name)

    def test_that_multiply_nothing_have_none(self):
        image = keras.Input((6, 4))
        model = keras.Model(image, ops.relu(ops.transpose(image, (0, 2, 1)) + 1))
        assert [row.type for row in zoo.summary(model).rows] == ["InputLayer"]

    def test_of_linear_algebra_are_marked(self):
        image = keras.Input((4, 4))
        assert zoo.summary(keras.Model(image, ops.inv(image))).uncounted == ("inv",)


@pytest.mark.once
class TestSizesThatAreNotKnown:
    def test_are_marked_and_not_zero(self):
        model = zoo.get("custom_resnet", input_shape=(None, None, 3))
        table = zoo.summary(model)
        assert table.rows[1].cells()[-1] == "?" and "logits" not in table.uncounted
        assert "at least 5,120 multiply-adds" in table.totals

    @pytest.mark.parametrize(
        "layer", [layers.LSTM(3), layers.TimeDistributed(layers.Dense(3)), layers.Dense(3)]
    )
    def test_mark_a_sequence_of_any_length(self, layer):
        ids = keras.Input((None, 4))
        assert zoo.summary(keras.Model(ids, layer(ids))).uncounted == (layer.name,)

    def test_are_known_where_a_net_of_any_size_is_used_inside_another(self):
        inner = keras.Sequential(
            [keras.Input((None, None, 3)), layers.Conv2D(4, 3, padding="same", name="c")],
            name="inner",
        )
        images = [keras.Input((10, 10, 3)), keras.Input((6, 6, 3))]
        model = keras.Model(images, [inner(image) for image in images])
        assert products(model) == {"inner/c": (100 + 36) * 27 * 4}


@pytest.mark.skipif(keras.config.backend() != "torch", reason="PyTorch's counter counts PyTorch")
class TestAgainstPyTorch:
    """`FlopCounterMode` counts a product and its sum as two."""

    @pytest.mark.parametrize(
        ("layer", "shapes"),
        [
            (layers.MultiHeadAttention(2, 3, value_dim=5, output_shape=7), [(10, 6), (4, 8)]),
            (layers.GroupQueryAttention(3, 6, 2), [(10, 8), (4, 8)]),
            (layers.EinsumDense("abc,cde->abde", (None, 2, 3)), [(5, 8)]),
            (layers.GRU(5), [(7, 3)]),
            (layers.TimeDistributed(layers.Dense(4)), [(6, 3)]),
            (Block(), [(5, 3)]),
            (layers.Conv1DTranspose(4, 3, strides=2), [(10, 2)]),
            (layers.Conv2D(4, 3, strides=2, groups=2), [(9, 9, 6)]),
            (layers.SeparableConv2D(4, 3), [(9, 9, 6)]),
        ],
        ids=lambda value: getattr(value, "name", None),
    )
    def test_layers(self, layer, shapes):
        inputs = [keras.Input(shape) for shape in shapes]
        model = keras.Model(inputs, layer(*inputs))
        assert 2 * zoo.summary(model).multiply_adds == self.flops(model)

    @pytest.mark.parametrize("name", ["custom_resnet", "dilated_net", "mnist_sum", "resnet20"])
    def test_models(self, name):
        model = zoo.get(name)
        assert 2 * zoo.summary(model).multiply_adds == self.flops(model)

    def flops(self, model):
        from torch.nn.attention import SDPBackend, sdpa_kernel
        from torch.utils.flop_counter import FlopCounterMode

        examples = keras.tree.map_structure(
            lambda x: np.ones((1, *x.shape[1:]), "float32"), model.input
        )
        # Of the fused kernels of attention it does not know those for a CPU.
        with FlopCounterMode(display=False) as counter, sdpa_kernel(SDPBackend.MATH):
            model(examples)
        return counter.get_total_flops()
