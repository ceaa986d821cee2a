"""The variables of a model, each with the key of the PyTorch state dict that fills it."""

import math
from dataclasses import dataclass

import keras
import numpy as np

from zoo.weights.pytorch_names import module_name

SUFFIXES = {
    "kernel": "weight",
    "bias": "bias",
    "gamma": "weight",
    "beta": "bias",
    "moving_mean": "running_mean",
    "moving_variance": "running_var",
}


@dataclass(frozen=True)
class Target:
    """A variable of a model, and the key of the array that fills it."""

    key: str
    layer: keras.Layer
    variable: keras.Variable
    map_size: tuple[int, int] = (1, 1)  # of the maps whose flattened values a dense layer takes

    def shape(self, dimensions: int) -> tuple[int, ...]:
        """What that array must be; a dense kernel may come as a convolution, of 4 dimensions."""
        if self.variable.name != "kernel":
            return tuple(self.variable.shape)
        *_, outputs = self.variable.shape
        inputs = math.prod(self.variable.shape) // outputs
        if not self._is_convolution and dimensions != 4:
            return outputs, inputs
        height, width = self._kernel_size
        return outputs, inputs // (height * width), height, width

    def value(self, array: np.ndarray) -> np.ndarray:
        """The array in Keras's layout: channels last, also in what `Flatten` makes of maps."""
        if self.variable.name != "kernel":
            return array
        array = array.reshape(self.shape(4))  # (outputs, inputs, height, width)
        return array.transpose(2, 3, 1, 0).reshape(self.variable.shape)

    @property
    def _is_convolution(self) -> bool:
        return isinstance(self.layer, keras.layers.Conv2D)

    @property
    def _kernel_size(self) -> tuple[int, int]:
        return self.layer.kernel_size if self._is_convolution else self.map_size


def targets_of(model, library) -> list[Target]:
    """The variables of a model, in the order of its layers.

    Raises:
        ValueError: if `library` has no such model, or builds it in another form.
    """
    targets = []
    for layer in model.layers:
        if not layer.weights:
            continue
        module = module_name(model.name, layer.name, library)
        if isinstance(layer, keras.layers.BatchNormalization) and not layer.scale:
            raise ValueError(
                f"{model.name} was built as Keras has it, norms without gamma and means without "
                f"the padding; {library} has both: build "
                f"zoo.get('inception_v3', variant='torchvision')"
            )
        map_size = _map_size(model, layer)
        for variable in layer.weights:
            targets.append(Target(f"{module}.{SUFFIXES[variable.name]}", layer, variable, map_size))
    return targets


def _map_size(model, layer) -> tuple[int, int]:
    """(height, width) of the maps whose flattened values a layer takes; (1, 1) of vectors."""
    for other in model.layers:
        if isinstance(other, keras.layers.Flatten) and other.output is layer.input:
            return other.input.shape[1:3]
    return 1, 1
