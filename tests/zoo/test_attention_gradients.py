"""Gradients of attention against PyTorch's, with the same weights, on every backend."""

import keras
import numpy as np
import pytest

from zoo import backend, layers

torch = pytest.importorskip("torch")


def numpy(x):
    return keras.ops.convert_to_numpy(x)


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def weighted_sum(outputs, weights):
    return keras.ops.sum(keras.ops.multiply(outputs, weights))


def torch_twin(kernel, bias, out, out_bias, heads):
    """`torch.nn.MultiheadAttention` with the zoo's weights: q, k and v one after the other."""
    theirs = torch.nn.MultiheadAttention(len(out), heads, batch_first=True)
    values = (kernel.T, bias, out.T, out_bias)
    ours = (theirs.in_proj_weight, theirs.in_proj_bias, theirs.out_proj.weight)
    for parameter, value in zip((*ours, theirs.out_proj.bias), values, strict=True):
        parameter.data = torch.tensor(value).contiguous()
    return theirs


def filled(layer, *shapes):
    layer.build(*shapes)
    layer.set_weights([0.5 * normal(*w.shape, seed=1) for w in layer.get_weights()])
    return layer


def gradients_of_weights(layer, loss):
    """The gradient of `loss()` with respect to each weight, each put in as a tensor."""
    gradients = []
    for weight in layer.trainable_variables:

        def of_value(value, weight=weight):
            scope = keras.StatelessScope(state_mapping=[(weight, value)])
            with scope:
                return loss(), ()

        gradients.append(numpy(backend.gradient(of_value, weight.value)[0]))
    return gradients


class TestGradients:
    @pytest.mark.parametrize("causal", [False, True])
    def test_of_self_attention_are_pytorchs(self, causal):
        ours = filled(layers.SelfAttention(2, causal=causal), (None, 5, 8))
        theirs = torch_twin(*(numpy(w) for w in ours.weights), heads=2)
        x, weight = normal(3, 5, 8, seed=2), normal(3, 5, 8, seed=3)
        inputs = torch.tensor(x, requires_grad=True)
        mask = torch.triu(torch.ones(5, 5, dtype=torch.bool), 1) if causal else None
        outputs, _ = theirs(inputs, inputs, inputs, attn_mask=mask)
        (outputs * torch.tensor(weight)).sum().backward()

        gradient, _ = backend.gradient(lambda x: (weighted_sum(ours(x), weight), ()), x)
        np.testing.assert_allclose(numpy(gradient), inputs.grad.numpy(), atol=1e-4)
        found = gradients_of_weights(ours, lambda: weighted_sum(ours(x), weight))
        parameters = [theirs.in_proj_weight, theirs.in_proj_bias]
        parameters += [theirs.out_proj.weight, theirs.out_proj.bias]
        for slope, parameter in zip(found, parameters, strict=True):
            np.testing.assert_allclose(slope, parameter.grad.numpy().T, atol=1e-4)

    def test_of_cross_attention_are_pytorchs(self):
        ours = filled(layers.CrossAttention(2), (None, 5, 8), (None, 4, 8))
        q, q_bias, kv, kv_bias, out, out_bias = (numpy(w) for w in ours.weights)
        kernel, bias = np.concatenate([q, kv], axis=1), np.concatenate([q_bias, kv_bias])
        theirs = torch_twin(kernel, bias, out, out_bias, heads=2)
        x, context, weight = (normal(3, n, 8, seed=n) for n in (5, 4, 5))
        there = torch.tensor(context, requires_grad=True)
        padding = np.array([[False] * 4, [False, False, True, True], [False] * 3 + [True]])
        outputs, _ = theirs(torch.tensor(x), there, there, key_padding_mask=torch.tensor(padding))
        (outputs * torch.tensor(weight)).sum().backward()

        def total(context):
            return weighted_sum(ours(x, context, context_mask=~padding), weight), ()

        gradient, _ = backend.gradient(total, context)
        np.testing.assert_allclose(numpy(gradient), there.grad.numpy(), atol=1e-4)
        assert not numpy(gradient)[padding].any()
