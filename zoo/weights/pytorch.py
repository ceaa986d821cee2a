"""State dicts of torchvision and timm, loaded into the zoo's nets, and back.

    state_dict = torchvision.models.resnet50(weights="DEFAULT").state_dict()
    model = zoo.weights.from_torchvision(zoo.get("resnet50"), state_dict)
    state_dict = zoo.weights.to_torchvision(model)

PyTorch is not needed: what `safetensors.numpy.load_file` reads will do.
"""

import warnings
from collections.abc import Mapping

import keras
import numpy as np

from zoo import checks
from zoo.weights.pytorch_layout import targets_of
from zoo.weights.pytorch_names import AUXILIARY_MODULES, CLASSIFIERS, module_name


def from_torchvision(model: keras.Model, state_dict: Mapping) -> keras.Model:
    """Load the weights of a torchvision net: the logits are those of torchvision in eval mode.

        zoo.get("resnet50")                               # resnet50; resnet101, resnet152 likewise
        zoo.get("resnet18_imagenet")                      # resnet18; resnet34 likewise
        zoo.get("resnext50_32x4d")                        # resnext50_32x4d
        zoo.get("vgg16")                                  # vgg16, for images of 224x224
        zoo.get("googlenet_bn")                           # googlenet, for sides of 32 times n
        zoo.get("inception_v3", variant="torchvision")    # inception_v3

    Built with another `num_classes` than the weights have, the model gets the body and keeps its
    new head, which a warning says. Auxiliary classifiers are loaded where the model has them; those
    of googlenet_bn average fixed windows of 5x5, as in the paper, those of torchvision do not.

    Images must be normalised as they were when the net was trained, which a state dict does not
    say. torchvision's trained GoogLeNet and Inception v3 take ImageNet's mean and std and change
    them to 0.5 and 0.5 inside (`transform_input`): normalise by 0.5 and 0.5 for the zoo's.

    Args:
        model: one of those above, any `input_shape` else, any `num_classes`, 0 included.
        state_dict: arrays or PyTorch tensors by name.

    Returns:
        The same model.

    Raises:
        ValueError: if torchvision has no such model, or builds it in another form; if the state
            dict does not fit: the message names the first key of another shape, and those missing
            and unexpected. The model then keeps the weights that it had.
    """
    return _load(model, state_dict, "torchvision")


def from_timm(model: keras.Model, state_dict: Mapping) -> keras.Model:
    """Load the weights of a timm net: the logits are those of timm in eval mode.

    Like `from_torchvision`, except that timm has no GoogLeNet, names the fully connected layers of
    VGG otherwise, and changes no image inside Inception v3: normalise by the mean and std of
    `pretrained_cfg`. It has vision transformers besides:

        zoo.get("vit_base_16")                # vit_base_patch16_224; tiny and small likewise
        zoo.get("vit_base_16", input_shape=(224, 160, 3), position_grid=(14, 14))

    Raises:
        ValueError: as `from_torchvision` does.
    """
    return _load(model, state_dict, "timm")


def to_torchvision(model: keras.Model) -> dict[str, np.ndarray]:
    """The model's weights as a state dict of torchvision's net, float32 arrays by name.

        net.load_state_dict({key: torch.tensor(a) for key, a in state_dict.items()}, strict=False)

    `strict=False` for the counters of batches in norms, which Keras does not keep.

    Raises:
        ValueError: if torchvision has no such model, or builds it in another form.
    """
    checks.model(model)
    return {target.key: target.array() for target in targets_of(model, "torchvision")}


def to_timm(model: keras.Model) -> dict[str, np.ndarray]:
    """The model's weights as a state dict of timm's net; as `to_torchvision`."""
    checks.model(model)
    return {target.key: target.array() for target in targets_of(model, "timm")}


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
