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
OF_ALL_IMAGES = ("tokens", "table")  # a transformer's; PyTorch keeps an axis of images before them


@dataclass(frozen=True)
class Target:
    """A variable of a model, and the key of the array that fills it."""

    key: str
    layer: keras.Layer
    variable: keras.Variable
    map_size: tuple[int, int] = (1, 1)  # of the maps whose flattened values a dense layer takes

    def shape(self, dimensions: int) -> tuple[int, ...]:
        """What that array must be; a dense kernel may come as a convolution, of 4 dimensions."""
        if self.variable.name in OF_ALL_IMAGES:
            return (1, *self.variable.shape)
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
            return array.reshape(self.variable.shape)
        array = array.reshape(self.shape(4))  # (outputs, inputs, height, width)
        return array.transpose(2, 3, 1, 0).reshape(self.variable.shape)

    def array(self) -> np.ndarray:
        """The variable in PyTorch's layout: what `value` takes."""
        value = keras.ops.convert_to_numpy(self.variable)
        shape = self.shape(4 if self._is_convolution else 2)
        if self.variable.name != "kernel":
            return value.reshape(shape)
        outputs, inputs, height, width = self.shape(4)
        value = value.reshape(height, width, inputs, outputs)
        return value.transpose(3, 2, 0, 1).reshape(shape)

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
        if isinstance(layer, keras.layers.BatchNormalization) and not layer.scale:
            raise ValueError(
                f"{model.name} was built as Keras has it, norms without gamma and means without "
                f"the padding; {library} has both: build "
                f"zoo.get('inception_v3', variant='torchvision')"
            )
        map_size = _map_size(model, layer)
        for variable in layer.weights:
            module = module_name(model.name, _part_of(layer, variable), library)
            suffix = SUFFIXES.get(variable.name)  # class token and positions are no modules
            key = f"{module}.{suffix}" if suffix else module
            targets.append(Target(key, layer, variable, map_size))
    return targets


def _part_of(layer, variable) -> str:
    """The layer's name, with that of the one inside it that has the variable: "block1_mlp1", or
    "block1_attention_qkv"."""
    *_, inner, _ = variable.path.split("/")
    return layer.name if inner == layer.name else f"{layer.name}_{inner}"


def _map_size(model, layer) -> tuple[int, int]:
    """(height, width) of the maps whose flattened values a layer takes; (1, 1) of vectors."""
    for other in model.layers:
        if isinstance(other, keras.layers.Flatten) and other.output is layer.input:
            return other.input.shape[1:3]
    return 1, 1
