"""What the lesson asks of the dilated net, and what its docstring claims."""

import keras
import pytest

import zoo
from zoo.inspect import receptive_field

ENDS = ("c1_3_relu", "c2_3_relu", "c3_3_relu", "c40_3_relu")
SEEN = {"dilated_net": [7, 23, 47, 95], "dilated_net_nostride": [9, 23, 43, 49]}
SIDES = {"dilated_net": [16, 8, 4, 4], "dilated_net_nostride": [32, 32, 32, 32]}


@pytest.mark.once
@pytest.mark.parametrize("name", SEEN)
class TestDilatedNet:
    def test_sees_as_far_as_the_docstring_says(self, name):
        model = zoo.get(name)
        fields = receptive_field(model)
        assert [fields[end].size for end in ENDS] == [(size, size) for size in SEEN[name]]
        assert [model.get_layer(end).output.shape[1] for end in ENDS] == SIDES[name]

    def test_pools_nothing_but_the_mean_at_the_end(self, name):
        pooling = [
            layer.name for layer in zoo.get(name).layers if "Pooling" in type(layer).__name__
        ]
        assert pooling == ["mean"]

    def test_has_the_parameters_counted_by_hand(self, name):
        plain = [(3, 32), (32, 32), (32, 48), (48, 64), (64, 64)]
        separable = [(64, 96), (96, 96), (96, 96), (96, 128), (128, 128), (128, 128), (128, 192)]
        kernels = sum(9 * a * b for a, b in plain) + sum(9 * a + a * b for a, b in separable)
        norms = 2 * (sum(b for _, b in plain) + sum(a + b for a, b in separable))
        by_hand = kernels + norms + 192 * 10 + 10
        assert zoo.summary(zoo.get(name)).trainable_params == by_hand == 194_858


@pytest.mark.once
def test_one_form_takes_the_others_weights():
    strided, dilated = zoo.get("dilated_net"), zoo.get("dilated_net_nostride")
    dilated.set_weights(strided.get_weights())
    kernels = [
        keras.ops.convert_to_numpy(m.get_layer("c3_3_conv").kernel) for m in (strided, dilated)
    ]
    assert (kernels[0] == kernels[1]).all()
