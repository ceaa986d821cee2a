"""What torchvision and timm call the layers of the zoo's nets.

timm took torchvision's names over, but for the fully connected layers of VGG.
"""

import re

CLASSIFIERS = ("logits", "auxiliary1", "auxiliary2")  # layers as wide as there are classes
AUXILIARY_MODULES = ("aux1.", "aux2.", "AuxLogits.")

RESNET = {"stem": "conv1", "stem_bn": "bn1", "logits": "fc"}

VGG_FEATURES = {  # a convolution and its ReLU take two places, a pooling takes one
    "block1_conv1": 0,
    "block1_conv2": 2,
    "block2_conv1": 5,
    "block2_conv2": 7,
    "block3_conv1": 10,
    "block3_conv2": 12,
    "block3_conv3": 14,
    "block4_conv1": 17,
    "block4_conv2": 19,
    "block4_conv3": 21,
    "block5_conv1": 24,
    "block5_conv2": 26,
    "block5_conv3": 28,
}
VGG_DENSE = {
    "torchvision": {"fc6": "classifier.0", "fc7": "classifier.3", "logits": "classifier.6"},
    "timm": {"fc6": "pre_logits.fc1", "fc7": "pre_logits.fc2", "logits": "head.fc"},
}

GOOGLENET_DENSE = {
    "auxiliary1_fc": "aux1.fc1",
    "auxiliary1": "aux1.fc2",
    "auxiliary2_fc": "aux2.fc1",
    "auxiliary2": "aux2.fc2",
    "logits": "fc",
}
GOOGLENET_CONVOLUTIONS = {
    "conv1": "conv1",
    "conv2_reduce": "conv2",
    "conv2": "conv3",
    "auxiliary1_conv": "aux1.conv",
    "auxiliary2_conv": "aux2.conv",
}
GOOGLENET_BRANCHES = {
    "1x1": "branch1",
    "3x3_reduce": "branch2.0",
    "3x3": "branch2.1",
    "5x5_reduce": "branch3.0",
    "5x5": "branch3.1",
    "pool_reduce": "branch4.1",
}

INCEPTION_STEM = {
    "stem1": "Conv2d_1a_3x3",
    "stem2": "Conv2d_2a_3x3",
    "stem3": "Conv2d_2b_3x3",
    "stem4": "Conv2d_3b_1x1",
    "stem5": "Conv2d_4a_3x3",
}
INCEPTION_BLOCKS = {
    "mixed0": "Mixed_5b",
    "mixed1": "Mixed_5c",
    "mixed2": "Mixed_5d",
    "mixed3": "Mixed_6a",
    "mixed4": "Mixed_6b",
    "mixed5": "Mixed_6c",
    "mixed6": "Mixed_6d",
    "mixed7": "Mixed_6e",
    "mixed8": "Mixed_7a",
    "mixed9": "Mixed_7b",
    "mixed10": "Mixed_7c",
}
INCEPTION_BRANCHES = {
    "pool": "branch_pool",
    "3x3_row": "branch3x3_2a",
    "3x3_column": "branch3x3_2b",
    "double_row": "branch3x3dbl_3a",
    "double_column": "branch3x3dbl_3b",
}

VIT = {
    "patches": "patch_embed.proj",
    "prefix": "cls_token",
    "positions": "pos_embed",
    "norm": "norm",
    "logits": "head",
}
VIT_BLOCK = {
    "norm1": "norm1",
    "attention_qkv": "attn.qkv",
    "attention_out": "attn.proj",
    "norm2": "norm2",
    "mlp1": "mlp.fc1",
    "mlp2": "mlp.fc2",
}


def module_name(model_name: str, layer_name: str, library: str) -> str:
    """The module of `library`, "torchvision" or "timm", whose weights a layer takes.

    Raises:
        ValueError: if the library has no such model or no such module, or builds the model in
            another form.
    """
    try:
        if model_name.startswith(("resnet", "resnext")):
            return _resnet(layer_name)
        if model_name == "vgg16":
            return _vgg16(layer_name, library)
        if model_name == "googlenet_bn" and library == "torchvision":
            return _googlenet(layer_name)
        if model_name == "inception_v3":
            return _inception_v3(layer_name)
        if model_name.startswith("vit_") and library == "timm":
            return _vit(layer_name)
    except KeyError:
        raise ValueError(
            f"{layer_name} of {model_name} has no counterpart in {library}; build the model with "
            f"the options that it has by default"
        ) from None
    if model_name == "googlenet":
        raise ValueError(
            "googlenet is the paper's, without batch norm and with 5x5 kernels; the one of "
            "torchvision has norms and 3x3 kernels: build zoo.get('googlenet_bn')"
        )
    if model_name == "googlenet_bn":
        raise ValueError("timm has no GoogLeNet; take torchvision's, with from_torchvision")
    raise ValueError(
        f"{model_name} takes no weights of {library}: resnet18_imagenet, resnet34_imagenet, "
        f"resnet50, resnet101, resnet152, resnext50_32x4d, vgg16 and inception_v3 do, "
        f"googlenet_bn those of torchvision, and vit_tiny_16, vit_small_16 and vit_base_16 those "
        f"of timm"
    )


def _resnet(layer: str) -> str:
    found = re.fullmatch(r"stage(\d+)_block(\d+)_(conv(\d)|short)(_bn)?", layer)
    if not found:
        return RESNET[layer]
    stage, block, part, number, norm = found.groups()
    if part == "short":
        module = "downsample.1" if norm else "downsample.0"
    else:
        module = f"bn{number}" if norm else f"conv{number}"
    return f"layer{stage}.{int(block) - 1}.{module}"


def _vit(layer: str) -> str:
    if layer in VIT:
        return VIT[layer]
    found = re.fullmatch(r"block(\d+)_(.+)", layer)  # such as block3_attention_qkv
    if not found:
        raise KeyError(layer)
    block, part = found.groups()
    return f"blocks.{int(block) - 1}.{VIT_BLOCK[part]}"


def _vgg16(layer: str, library: str) -> str:
    if layer in VGG_FEATURES:
        return f"features.{VGG_FEATURES[layer]}"
    return VGG_DENSE[library][layer]


def _googlenet(layer: str) -> str:
    if layer in GOOGLENET_DENSE:
        return GOOGLENET_DENSE[layer]
    convolution = layer.removesuffix("_bn")
    if convolution.startswith("inception"):  # such as inception3a_5x5_reduce
        block, _, branch = convolution.partition("_")
        module = f"{block}.{GOOGLENET_BRANCHES[branch]}"
    else:
        module = GOOGLENET_CONVOLUTIONS[convolution]
    return f"{module}.bn" if layer.endswith("_bn") else f"{module}.conv"


def _inception_v3(layer: str) -> str:
    if layer == "logits":
        return "fc"
    convolution = layer.removesuffix("_bn")
    if convolution.startswith("mixed"):  # such as mixed4_double_3
        block, _, branch = convolution.partition("_")
        module = f"{INCEPTION_BLOCKS[block]}.{_inception_v3_branch(block, branch)}"
    else:
        module = INCEPTION_STEM[convolution]
    return f"{module}.bn" if layer.endswith("_bn") else f"{module}.conv"


def _inception_v3_branch(block: str, branch: str) -> str:
    if branch in INCEPTION_BRANCHES:
        return INCEPTION_BRANCHES[branch]
    if block in ("mixed4", "mixed5", "mixed6", "mixed7"):
        branch = branch.replace("double", "7x7dbl")
    branch = branch.replace("double", "3x3dbl")
    if block == "mixed8":
        branch = branch.replace("7x7", "7x7x3")
    return f"branch{branch}"
