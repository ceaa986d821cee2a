"""Weights of PyTorch nets for the zoo's: the state dicts of torchvision and timm.

    state_dict = torchvision.models.resnet50(weights="DEFAULT").state_dict()
    model = zoo.weights.from_torchvision(zoo.get("resnet50"), state_dict)

PyTorch need not be installed: `safetensors.numpy.load_file` gives such a mapping as well.
"""

import warnings
from collections.abc import Mapping

import keras
import numpy as np

from zoo import checks
from zoo.weights.pytorch_layout import targets_of
from zoo.weights.pytorch_names import AUXILIARY_MODULES, CLASSIFIERS, module_name


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


def _load(model, state_dict, library) -> keras.Model:
    checks.model(model)
    if not isinstance(state_dict, Mapping):
        raise ValueError(
            f"state_dict must be a mapping of names to arrays, such as module.state_dict() or "
            f"safetensors.numpy.load_file(path) gives, not a {type(state_dict).__name__}"
        )
    targets = targets_of(model, library)
    arrays = {
        target.key: _array(target.key, state_dict) for target in targets if target.key in state_dict
    }
    heads = _heads_of_other_classes(targets, arrays)
    body = [target for target in targets if target.layer.name not in heads]
    faults = [
        *_wrong_shapes(body, arrays),
        *_listed("missing", [target.key for target in targets if target.key not in arrays]),
        *_listed("unexpected", _unexpected(state_dict, arrays, model, library)),
    ]
    if faults:
        raise ValueError(
            f"this state dict is not {library}'s of {model.name} as it was built: "
            f"{'; '.join(faults)}"
        )
    for target in body:
        target.variable.assign(target.value(arrays[target.key]))
    if heads:
        warnings.warn(
            f"{model.name} has the body of a net of {max(heads.values())} classes; its head "
            f"({', '.join(heads)}) is new: train it",
            stacklevel=3,
        )
    return model


def _array(key, state_dict) -> np.ndarray:
    value = state_dict[key]
    if hasattr(value, "detach"):  # a tensor of PyTorch, maybe on a GPU, maybe of bfloat16
        value = value.detach().cpu().float().numpy()
    array = np.asarray(value)
    if array.dtype.kind in "OSU":  # objects and text; bfloat16 is of a kind of its own
        raise ValueError(
            f"{key!r} of the state dict must be an array of numbers, not a {type(value).__name__}"
        )
    return array.astype("float32", copy=False)


def _heads_of_other_classes(targets, arrays) -> dict[str, int]:
    """The classifiers that differ from the state dict's in the number of classes alone: theirs."""
    heads = {}
    for target in targets:
        array = arrays.get(target.key)
        if array is None or target.layer.name not in CLASSIFIERS or target.variable.name == "bias":
            continue
        classes, *inputs = target.shape(array.ndim)
        if list(array.shape[1:]) == inputs and len(array) != classes:
            heads[target.layer.name] = len(array)
    return heads


def _wrong_shapes(targets, arrays) -> list[str]:
    """The first array of another shape than its layer takes, in a sentence; none if all fit."""
    for target in targets:
        array = arrays.get(target.key)
        if array is not None and array.shape != target.shape(array.ndim):
            return [
                f"{target.key!r} is {array.shape}, where {target.layer.name} takes "
                f"{target.shape(array.ndim)}"
            ]
    return []


def _unexpected(state_dict, arrays, model, library) -> list[str]:
    """Keys that the model has no variable for, but for those of heads that it was built without."""
    layers = [layer.name for layer in model.layers]
    absent = () if "auxiliary1" in layers else AUXILIARY_MODULES
    if "logits" not in layers:
        absent += (module_name(model.name, "logits", library) + ".",)
    return [
        key
        for key in state_dict
        if key not in arrays
        and not str(key).startswith(absent)
        and not str(key).endswith("num_batches_tracked")
    ]


def _listed(kind, keys) -> list[str]:
    """`missing fc.weight, fc.bias`, the first three; none if there are none."""
    if not keys:
        return []
    more = f" and {len(keys) - 3} more" if len(keys) > 3 else ""
    return [f"{kind} {', '.join(map(str, keys[:3]))}{more}"]
