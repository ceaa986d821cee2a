"""Which weights the recipes' optimizers let decay.

`exclude_from_weight_decay(var_names=...)` looks for these names in the names of variables, and on
tensorflow in those of layers as well: there a layer called "beta_conv" would not decay.
"""

import keras
import numpy as np
import pytest

import zoo


@pytest.mark.parametrize("name", ["custom_resnet", "dilated_net", "resnet18"])
def test_kernels_decay_and_nothing_else(name):
    variables = zoo.get(name, num_classes=3).trainable_variables
    for variable in variables:
        variable.assign(np.ones(variable.shape))
    sgd = keras.optimizers.SGD(1.0, momentum=0.9, weight_decay=0.5)
    sgd.exclude_from_weight_decay(var_names=["gamma", "beta", "bias"])
    sgd.apply([keras.ops.zeros(variable.shape) for variable in variables], variables)
    for variable in variables:
        value = 0.5 if len(variable.shape) > 1 else 1.0
        np.testing.assert_array_equal(keras.ops.convert_to_numpy(variable), value, variable.path)
