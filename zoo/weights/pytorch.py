"""Weights of PyTorch nets for the zoo's: the state dicts of torchvision and timm.

    state_dict = torchvision.models.resnet50(weights="DEFAULT").state_dict()
    model = zoo.weights.from_torchvision(zoo.get("resnet50"), state_dict)

PyTorch need not be installed: `safetensors.numpy.load_file` gives such a mapping as well.
"""

import math
import warnings
from collections.abc import Mapping
from dataclasses import dataclass

import keras
import numpy as np

from zoo import checks
from zoo.weights.pytorch_names import CLASSIFIERS, module_name

SUFFIXES = {
    "kernel": "weight",
    "bias": "bias",
    "gamma": "weight",
    "beta": "bias",
    "moving_mean": "running_mean",
    "moving_variance": "running_var",
}
AUXILIARY = ("aux1.", "aux2.", "AuxLogits.")


def from_torchvision(model: keras.Model, state_dict: Mapping) -> keras.Model:
    """Load the weights of a torchvision net; its logits become those of torchvision in eval mode.

        zoo.get("resnet50")                                 # resnet50, and so on to resnet152
        zoo.get("resnet18_imagenet")                        # resnet18; resnet34 likewise
        zoo.get("resnext50_32x4d")                          # resnext50_32x4d
        zoo.get("vgg16")                                    # vgg16
        zoo.get("googlenet_bn")                             # googlenet
        zoo.get("inception_v3", variant="torchvision")      # inception_v3

    With another `num_classes` than that of the weights the body is loaded and the head is new,
    which a warning says. Auxiliary classifiers that the model does not have are left out.

    The images must be normalised as the net was trained. torchvision's trained GoogLeNet and
    Inception v3 go from ImageNet's mean and std to 0.5 and 0.5 inside (`transform_input`), which
    no state dict holds: normalise by 0.5 and 0.5. Image sides of googlenet_bn must be multiples of
    32, as its poolings pad odd maps otherwise; those of vgg16 224, as its first fully connected
    layer takes maps of 7x7.

    Args:
        model: as `zoo.get` gives it; `num_classes=0` included.
        state_dict: names to arrays, or to tensors of PyTorch on any device.

    Returns:
        The model itself.

    Raises:
        ValueError: if torchvision has no such model, or one that differs from the zoo's; if the
            state dict does not fit. The model stays as it was.
    """
    return _load(model, state_dict, "torchvision")


def from_timm(model: keras.Model, state_dict: Mapping) -> keras.Model:
    """Load the weights of a timm net, whose names for VGG are not torchvision's.

    As `from_torchvision`, but that timm has no GoogLeNet, and no Inception v3 that normalises its
    images itself.
    """
    return _load(model, state_dict, "timm")


@dataclass(frozen=True)
class _Slot:
    """A variable of the model, and the entry of the state dict that it takes."""

    key: str
    layer: keras.Layer
    variable: keras.Variable
    map_size: tuple[int, int] = (1, 1)  # of the maps whose flattened values a dense layer takes

    def shape(self, dimensions: int) -> tuple[int, ...]:
        """The shape of that entry; a dense kernel may come as a convolution of 4 dimensions."""
        if self.variable.name != "kernel":
            return tuple(self.variable.shape)
        *_, outputs = self.variable.shape
        inputs = math.prod(self.variable.shape) // outputs
        if not self._is_convolution and dimensions != 4:
            return outputs, inputs
        height, width = self._kernel_size
        return outputs, inputs // (height * width), height, width

    def value(self, array: np.ndarray) -> np.ndarray:
        """The entry in Keras's layout: channels last, also in what `Flatten` makes of maps."""
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


def _load(model, state_dict, library) -> keras.Model:
    checks.model(model)
    if not isinstance(state_dict, Mapping):
        raise ValueError(
            f"state_dict must be a mapping of names to arrays, such as module.state_dict() or "
            f"safetensors.numpy.load_file(path) gives, not a {type(state_dict).__name__}"
        )
    slots = _slots(model, library)
    _require_keys(state_dict, slots, model, library)
    values, new_heads = {}, {}
    for slot in slots:
        array = _array(slot.key, state_dict[slot.key])
        expected = slot.shape(array.ndim)
        if array.shape == expected:
            values[slot.key] = slot.value(array)
        elif slot.layer.name in CLASSIFIERS and array.shape[1:] == expected[1:]:
            new_heads[slot.layer.name] = len(array)
        else:
            raise ValueError(
                f"the state dict does not fit {model.name}: {slot.key!r} is {array.shape}, but "
                f"{slot.layer.name} takes {expected}"
            )
    ...


def _require_keys

def _slots(model, library) -> list[_Slot]:
    """The variables of a model, layer by layer."""
    slots = []
    for layer in model.layers:
        if not layer.weights:
            continue
        module = module_name(model.name, layer.name, library)
        if isinstance(layer, keras.layers.BatchNormalization) and not layer.scale:
            raise ValueError(
                f"{model.name} was built as Keras has it: norms without gamma, means without the "
                f"padding; {library} has both: build zoo.get('inception_v3', variant='torchvision')"
            )
        map_size = _map_size(model, layer)
        for variable in layer.weights:
            slots.append(_Slot(f"{module}.{SUFFIXES[variable.name]}", layer, variable, map_size))
    return slots


def _map_size(model, layer) -> tuple[int, int]:
    """(height, width) of the maps whose flattened values a layer takes; of vectors (1, 1)."""
    for other in model.layers:
        if isinstance(other, keras.layers.Flatten) and other.output is layer.input:
            return other.input.shape[1:3]
    return 1, 1


def _unexpected(state_dict, slots, model, library) -> list[str]:
    """Keys that the model has no place for, but for heads that it does not have."""
    layers = {layer.name for layer in model.layers}
    absent = [name for name in CLASSIFIERS if name not in layers]
    ...
