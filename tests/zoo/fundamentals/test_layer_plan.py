import keras
import numpy as np
import pytest

from zoo.fundamentals.layer_plan import COURSE_PLAN, coverage, follow, kernels_alone
from zoo.inspect import receptive_field

pytestmark = pytest.mark.once

SESSION_2 = 5 * ["conv3"] + ["pool2"] + 4 * ["conv3"] + ["pool2", "conv3"]


def net(size, plan):
    """The plan as Keras layers, one channel each."""
    layers = {"conv": lambda side: keras.layers.Conv2D(1, side), "pool": keras.layers.MaxPooling2D}
    return keras.Sequential(
        [keras.Input((size, size, 1)), *(layers[name[:4]](int(name[4:])) for name in plan)]
    )


class TestThePlanOfTheCourse:
    def test_has_the_sizes_on_its_board(self):
        board = """400 398 396 394 392 390 | 195 193 191 189 187 185 | 92 90 88 86 84 82
            | 41 39 37 35 33 31 | 15 13 11 9 7 5 3 1"""
        sizes = [step.size for step in follow(400, COURSE_PLAN)]
        assert sizes == [int(size) for size in board.replace("|", "").split()]

    def test_has_27_kernels_and_four_poolings(self):
        assert (COURSE_PLAN.count("conv3"), COURSE_PLAN.count("pool2")) == (27, 4)

    def test_misses_only_what_pooling_left_over(self):
        # 185 and 31 are odd: each loses a row, of 2 and of 8 pixels
        assert follow(400, COURSE_PLAN)[-1].field == 400 - 2 - 8


class TestFields:
    def test_are_those_written_out_by_hand(self):
        steps = follow(100, SESSION_2)[1:]
        assert [step.taught for step in steps] == [3, 5, 7, 9, 11, 22, 24, 26, 28, 30, 60, 62]
        assert [step.field for step in steps] == [3, 5, 7, 9, 11, 12, 16, 20, 24, 28, 30, 38]

    @pytest.mark.parametrize(
        "size, plan",
        [(100, SESSION_2), (400, COURSE_PLAN), (60, ["conv5", "pool3", "conv2", "pool2", "conv1"])],
        ids=["session 2", "session 1", "other kernels"],
    )
    def test_and_sizes_are_those_of_keras(self, size, plan):
        model, steps = net(size, plan), follow(size, plan)[1:]
        fields = receptive_field(model).values()
        assert [(step.field, step.jump) for step in steps] == [
            (field.size[0], field.jump[0]) for field in fields
        ]
        assert [step.size for step in steps] == [layer.output.shape[1] for layer in model.layers]

    def test_is_the_part_of_the_image_that_moves_the_value(self):
        plan = ["conv3", "pool2", "conv3"]
        model, field = net(18, plan), follow(18, plan)[-1].field
        model.set_weights([np.full(w.shape, float(w.ndim == 4)) for w in model.get_weights()])
        rows = np.eye(18, dtype="float32")[:, :, None, None].repeat(18, axis=2)  # one lit row each
        touched = (model.predict_on_batch(rows)[:, 0, 0, 0] > 0).tolist()
        assert touched == [True] * field + [False] * (18 - field)


class TestKernelsAlone:
    def test_need_200_layers_for_400_pixels_the_last_of_them_2x2(self):
        plan = kernels_alone(400)
        assert plan == 199 * ["conv3"] + ["conv2"]
        assert [step.size for step in follow(400, plan)][-3:] == [4, 2, 1]

    def test_end_evenly_where_the_side_is_odd(self):
        assert kernels_alone(401) == 200 * ["conv3"]

    @pytest.mark.parametrize("size, kernel", [(1, 3), (2, 3), (3, 3), (50, 5), (51, 7), (9, 2)])
    def test_end_in_one_value_that_sees_everything(self, size, kernel):
        last = follow(size, kernels_alone(size, kernel))[-1]
        assert (last.size, last.field, last.taught) == (1, size, size)


class TestCoverage:
    def test_at_stride_1_falls_off_towards_the_edges(self):
        assert coverage(5).tolist() == [
            [1, 2, 3, 2, 1],
            [2, 4, 6, 4, 2],
            [3, 6, 9, 6, 3],
            [2, 4, 6, 4, 2],
            [1, 2, 3, 2, 1],
        ]

    def test_at_stride_2_is_a_checkerboard(self):
        assert coverage(5, stride=2).tolist() == [
            [1, 1, 2, 1, 1],
            [1, 1, 2, 1, 1],
            [2, 2, 4, 2, 2],
            [1, 1, 2, 1, 1],
            [1, 1, 2, 1, 1],
        ]

    def test_at_stride_3_is_even(self):
        assert (coverage(9, stride=3) == 1).all()

    def test_leaves_out_what_no_kernel_reaches(self):
        assert coverage(4, stride=2)[3].tolist() == [0, 0, 0, 0]

    @pytest.mark.parametrize("kernel", [1, 2, 3, 4])
    @pytest.mark.parametrize("stride", [1, 2, 3])
    def test_is_what_a_transposed_convolution_gives_of_ones(self, kernel, stride):
        places = 4
        ones = np.ones((1, places, places, 1), "float32")
        weights = np.ones((kernel, kernel, 1, 1), "float32")
        spread = keras.ops.conv_transpose(ones, weights, strides=stride, padding="valid")
        counted = coverage((places - 1) * stride + kernel, kernel, stride)
        spread = keras.ops.convert_to_numpy(spread)[0, : len(counted), : len(counted), 0]
        np.testing.assert_array_equal(counted, spread)


class TestBadInput:
    def test_a_kernel_larger_than_the_map_is_named(self):
        with pytest.raises(ValueError, match="conv3 needs 3x3, but conv3 leaves 2x2"):
            follow(6, 3 * ["conv3"])

    @pytest.mark.parametrize("size", [0, -5, 2.5, "9", None])
    def test_an_image_without_pixels_is_named(self, size):
        with pytest.raises(ValueError, match=f"size={size!r} must be a whole number, 1 or more"):
            follow(size, [])

    def test_so_is_a_pooling_larger_than_the_map(self):
        with pytest.raises(ValueError, match="pool2 needs 2x2, but conv3 leaves 1x1"):
            follow(3, ["conv3", "pool2"])

    @pytest.mark.parametrize("layer", ["conv", "conv0", "pool-2", "dense3", "conv3 ", 3, None])
    def test_an_unknown_layer_is_named(self, layer):
        with pytest.raises(ValueError, match=f"unknown layer {layer!r}"):
            follow(10, [layer])

    @pytest.mark.parametrize(
        "size, kernel, name",
        [(0, 3, "size"), (9.0, 3, "size"), (9, 1, "kernel"), (9, "3", "kernel")],
    )
    def test_kernels_alone_need_an_image_and_a_kernel_that_shrinks_it(self, size, kernel, name):
        with pytest.raises(ValueError, match=f"{name}=.* must be a whole number"):
            kernels_alone(size, kernel)

    @pytest.mark.parametrize(
        "kernel, stride, message",
        [
            (3, 0, "stride=0 must be a whole number, 1 or more"),
            (3, -1, "stride=-1"),
            (3, 1.5, "stride=1.5"),
            (0, 1, "kernel=0 must be a whole number from 1 to 5"),
            (6, 1, "kernel=6"),
            (2.5, 1, "kernel=2.5"),
        ],
    )
    def test_coverage_needs_a_kernel_that_fits_and_moves(self, kernel, stride, message):
        with pytest.raises(ValueError, match=message):
            coverage(5, kernel, stride)
