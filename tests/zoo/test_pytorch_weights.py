"""State dicts of PyTorch nets in the zoo's: the logits are those of plain PyTorch nets."""

import importlib
import importlib.util
import re
from pathlib import Path

import keras
import numpy as np
import pytest

import zoo
from zoo.weights import from_timm, from_torchvision, to_timm, to_torchvision
from zoo.weights.pytorch_layout import targets_of

torch = pytest.importorskip("torch")


def beside(name):
    """A module of this folder."""
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


resnet_vgg, inception, vit = [
    beside(name) for name in ("torch_resnet_vgg", "torch_inception", "torch_vit")
]


def with_random_values(net, seed=0):
    """The net in eval mode, every weight and running statistic drawn from the seed."""
    rng = np.random.default_rng(seed)
    for key, value in net.state_dict().items():
        if not value.is_floating_point():
            continue
        if value.ndim > 1:
            random = rng.normal(0, (2 / value[0].numel()) ** 0.5, value.shape)
        elif key.endswith("running_var"):  # small ones show a wrong epsilon
            random = rng.uniform(0.3, 1.2, value.shape)
        elif key.endswith("weight"):
            random = rng.uniform(0.4, 0.8, value.shape)
        else:
            random = rng.normal(0, 0.1, value.shape)
        value.copy_(torch.tensor(random))
    return net.eval()


def assert_same_logits(net, model, height, width):
    images = np.random.default_rng(1).normal(size=(2, height, width, 3)).astype("float32")
    with torch.no_grad():
        expected = net(torch.tensor(images).permute(0, 3, 1, 2)).numpy()
    scale = np.abs(expected).max()
    assert np.ptp(expected / scale) > 0.1
    logits = model.predict(images, verbose=0)
    np.testing.assert_allclose(logits / scale, expected / scale, rtol=0, atol=1e-4)


def resnet(name, classes=5):
    """As the zoo builds the model of this name."""
    cifar = name in ("resnet18", "resnet34")
    depths, options = {
        "resnet18": ((2, 2, 2, 2), {}),
        "resnet34": ((3, 4, 6, 3), {}),
        "resnet50": ((3, 4, 6, 3), {"bottleneck": True}),
        "resnet101": ((3, 4, 23, 3), {"bottleneck": True}),
        "resnet152": ((3, 8, 36, 3), {"bottleneck": True}),
        "resnext50_32x4d": ((3, 4, 6, 3), {"bottleneck": True, "groups": 32, "group_width": 4}),
    }[name.removesuffix("_imagenet")]
    return resnet_vgg.ResNet(depths, classes=classes, cifar=cifar, **options)


def googlenet(**options):
    return inception.GoogLeNet(zoo.models.inception.WIDTHS, **options)


VARIANT = {"variant": "torchvision"}
once = pytest.mark.once


@pytest.mark.parametrize(
    ("name", "options", "build", "load", "size"),
    [
        ("resnext50_32x4d", {}, lambda: resnet("resnext50_32x4d"), from_timm, (32, 43)),
        ("vgg16", {}, lambda: resnet_vgg.VGG((1, 2)), from_torchvision, (32, 64)),
        ("googlenet_bn", {}, googlenet, from_torchvision, (32, 64)),
        ("inception_v3", VARIANT, inception.InceptionV3, from_torchvision, (107, 75)),
    ],
)
def test_logits_are_those_of_pytorch(name, options, build, load, size):
    net = with_random_values(build())
    model = zoo.get(name, input_shape=(*size, 3), num_classes=5, **options)
    assert load(model, net.state_dict()) is model
    assert_same_logits(net, model, *size)


@once
def test_timms_vgg_has_convolutions_for_its_dense_layers():
    net = with_random_values(resnet_vgg.VGG((2, 1), timm=True))
    assert net.state_dict()["pre_logits.fc1.weight"].shape == (4096, 512, 2, 1)
    model = zoo.get("vgg16", input_shape=(64, 32, 3), num_classes=5)
    assert_same_logits(net, from_timm(model, net.state_dict()), 64, 32)


@once
def test_basic_blocks_and_the_stem_for_large_images():
    net = with_random_values(resnet("resnet18_imagenet"))
    model = zoo.get("resnet18_imagenet", input_shape=(64, 75, 3), num_classes=5)
    assert_same_logits(net, from_torchvision(model, net.state_dict()), 64, 75)


@once
@pytest.mark.parametrize(
    "name", ["resnet34_imagenet", "resnet101", pytest.param("resnet152", marks=pytest.mark.slow)]
)
def test_deeper_resnets_take_every_weight(name):
    with torch.device("meta"):
        state_dict = resnet(name).state_dict()
    keys = [key for key in state_dict if not key.endswith("num_batches_tracked")]
    model = zoo.get(name, input_shape=(32, 32, 3), num_classes=5)
    targets = {target.key: target for target in targets_of(model, "torchvision")}
    assert sorted(targets) == sorted(keys)
    for key in keys:
        assert targets[key].shape(state_dict[key].ndim) == tuple(state_dict[key].shape)


def vit_cifar(**options):
    return zoo.get("vit_cifar", input_shape=(32, 24, 3), num_classes=5, depth=2, **options)


def timms_vit(grid=(8, 6)):
    return with_random_values(vit.ViT(grid, 4, 192, 2, 3, 384))


def test_logits_of_a_vision_transformer_are_those_of_pytorch():
    net = timms_vit()
    assert_same_logits(net, from_timm(vit_cifar(), net.state_dict()), 32, 24)


@once
class TestVisionTransformer:
    def test_takes_every_weight_of_timms_base_model(self):
        with torch.device("meta"):
            state_dict = vit.ViT((14, 14), 16, 768, 12, 12, 3072, classes=1000).state_dict()
        targets = {target.key: target for target in targets_of(zoo.get("vit_base_16"), "timm")}
        shapes = {key: target.shape(state_dict[key].ndim) for key, target in targets.items()}
        assert shapes == {key: tuple(value.shape) for key, value in state_dict.items()}

    def test_takes_weights_of_another_grid_and_interpolates(self):
        net = timms_vit((6, 6))
        model = from_timm(vit_cifar(position_grid=(6, 6)), net.state_dict())
        table = net.state_dict()["pos_embed"][0].numpy()
        np.testing.assert_array_equal(model.get_layer("positions").table, table)

    def test_of_another_form_is_refused(self):
        for options in ({"stem": "conv"}, {"distilled": True}):
            with pytest.raises(ValueError, match="has no counterpart in timm"):
                from_timm(vit_cifar(**options), timms_vit().state_dict())
        with pytest.raises(ValueError, match="unexpected cls_token"):
            from_timm(vit_cifar(head="mean", position_grid=(7, 7)), timms_vit().state_dict())


@pytest.mark.parametrize(
    ("model", "net", "read", "write", "size"),
    [
        (vit_cifar, timms_vit, from_timm, to_timm, (32, 24)),
        (
            lambda: zoo.get("vgg16", input_shape=(64, 32, 3), num_classes=5),
            lambda: resnet_vgg.VGG((2, 1)),
            from_torchvision,
            to_torchvision,
            (64, 32),
        ),
    ],
    ids=["timm", "torchvision"],
)
def test_weights_go_back(model, net, read, write, size):
    source, copy = with_random_values(net(), seed=1), with_random_values(net(), seed=2)
    arrays = write(read(model(), source.state_dict()))
    copy.load_state_dict({key: torch.tensor(array) for key, array in arrays.items()})
    for key, value in source.state_dict().items():
        np.testing.assert_array_equal(copy.state_dict()[key], value)


@once
class TestAuxiliaryClassifiers:
    def test_are_left_out_where_the_model_has_none(self):
        net = with_random_values(googlenet(auxiliary=True))
        model = zoo.get("googlenet_bn", input_shape=(64, 64, 3), num_classes=5)
        assert_same_logits(net, from_torchvision(model, net.state_dict()), 64, 64)

    def test_have_the_logits_of_pytorch_after_the_same_pooling(self):
        net = with_random_values(googlenet(auxiliary=True))
        model = zoo.get("googlenet_bn", input_shape=(224, 224, 3), num_classes=5, auxiliary=True)
        from_torchvision(model, net.state_dict())
        for name, head in (("auxiliary1", net.aux1), ("auxiliary2", net.aux2)):
            pooled, logits = model.get_layer(f"{name}_pool").output, model.get_layer(name).output
            rest = keras.Model(pooled, logits)
            maps = np.random.default_rng(2).normal(size=(2, *pooled.shape[1:])).astype("float32")
            with torch.no_grad():  # maps of 4x4 pass its own pooling unchanged
                expected = head(torch.tensor(maps).permute(0, 3, 1, 2)).numpy()
            np.testing.assert_allclose(rest.predict(maps, verbose=0), expected, atol=1e-4)

    def test_that_the_state_dict_lacks_are_named(self):
        model = zoo.get("googlenet_bn", input_shape=(65, 65, 3), num_classes=5, auxiliary=True)
        with pytest.raises(ValueError, match=r"missing aux1\.conv\.conv\.weight, .* 15 more"):
            from_torchvision(model, googlenet().state_dict())


@pytest.fixture(scope="module")
def small():
    """A ResNet-18 with the stem for small images, of 7 classes."""
    return with_random_values(resnet("resnet18", classes=7))


def resnet18(**options):
    return zoo.get("resnet18", **{"input_shape": (16, 16, 3), "num_classes": 7} | options)


@once
class TestStateDict:
    def test_may_hold_numpy_arrays(self, small):
        arrays = {key: value.numpy() for key, value in small.state_dict().items()}
        assert_same_logits(small, from_torchvision(resnet18(), arrays), 16, 16)

    def test_may_hold_parameters_that_learn_and_bfloat16(self, small):
        mixed = small.state_dict(keep_vars=True)
        assert mixed["fc.weight"].requires_grad
        mixed["fc.bias"] = torch.arange(7).bfloat16()
        model = from_timm(resnet18(), mixed)
        logits = model.get_layer("logits")
        np.testing.assert_array_equal(logits.get_weights()[1], np.arange(7))

    def test_of_other_classes_leaves_a_new_head(self, small):
        model = resnet18(num_classes=4)
        fresh = model.get_layer("logits").get_weights()
        with pytest.warns(UserWarning, match=r"body of a net of 7 classes; its head \(logits\)"):
            from_torchvision(model, small.state_dict())
        for before, after in zip(fresh, model.get_layer("logits").get_weights(), strict=True):
            np.testing.assert_array_equal(before, after)
        stem = small.state_dict()["conv1.weight"].permute(2, 3, 1, 0).numpy()
        np.testing.assert_array_equal(model.get_layer("stem").get_weights()[0], stem)

    def test_fills_a_net_without_a_head(self, small):
        model = from_torchvision(resnet18(num_classes=0), small.state_dict())
        features, small.fc = small.fc, torch.nn.Identity()
        assert_same_logits(small, model, 16, 16)
        small.fc = features

    def test_that_does_not_fit_names_the_first_key_with_both_shapes(self, small):
        state_dict = small.state_dict()
        state_dict["conv1.weight"] = torch.zeros(64, 3, 7, 7)
        state_dict["bn1.weight"] = torch.zeros(32)
        message = r"'conv1.weight' is \(64, 3, 7, 7\), where stem takes \(64, 3, 3, 3\)$"
        with pytest.raises(ValueError, match=message):
            from_torchvision(resnet18(), state_dict)

    def test_names_keys_missing_and_unexpected_and_leaves_the_model_as_it_was(self, small):
        state_dict = small.state_dict()
        state_dict["classifier.weight"] = state_dict.pop("fc.weight")
        model = resnet18()
        before = model.get_weights()
        with pytest.raises(ValueError, match=r"missing fc\.weight; unexpected classifier\.weight$"):
            from_torchvision(model, state_dict)
        for old, new in zip(before, model.get_weights(), strict=True):
            np.testing.assert_array_equal(old, new)

    @pytest.mark.parametrize("value", ["text", None, {"a": 1}])
    def test_must_hold_arrays(self, small, value):
        state_dict = small.state_dict() | {"layer1.0.bn1.bias": value}
        with pytest.raises(
            ValueError, match=r"'layer1\.0\.bn1\.bias' .* must be an array of numbers"
        ):
            from_torchvision(resnet18(), state_dict)

    def test_must_be_a_mapping(self, small):
        for wrong in (small, "resnet18.pth"):
            with pytest.raises(ValueError, match=f"not a {type(wrong).__name__}$"):
                from_torchvision(resnet18(), wrong)


@once
@pytest.mark.parametrize(
    ("name", "options", "load", "message"),
    [
        ("googlenet", {}, from_torchvision, "build zoo.get('googlenet_bn')"),
        ("googlenet_bn", {}, from_timm, "timm has no GoogLeNet"),
        ("inception_v3", {}, from_timm, "zoo.get('inception_v3', variant='torchvision')"),
        ("resnet18", {"version": 2}, from_torchvision, "no counterpart in torchvision"),
        ("custom_resnet", {}, from_timm, "custom_resnet takes no weights of timm"),
    ],
)
def test_a_net_of_another_form_is_refused(name, options, load, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        load(zoo.get(name, **options), {})


LIBRARIES = [
    ("torchvision", "resnet18", "resnet18_imagenet", {}, 64),
    ("torchvision", "resnext50_32x4d", "resnext50_32x4d", {}, 64),
    ("torchvision", "vgg16", "vgg16", {}, 224),
    ("torchvision", "googlenet", "googlenet_bn", {}, 96),
    ("torchvision", "inception_v3", "inception_v3", VARIANT, 107),
    ("timm", "resnet18", "resnet18_imagenet", {}, 64),
    ("timm", "resnet50", "resnet50", {}, 64),
    ("timm", "vgg16", "vgg16", {}, 224),
    ("timm", "inception_v3", "inception_v3", VARIANT, 107),
]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("library", "source", "name", "options", "side"), LIBRARIES)
def test_logits_are_those_of_the_library_itself(library, source, name, options, side):
    try:
        package = importlib.import_module(library)
    except Exception as error:  # torchvision built for another torch raises a RuntimeError
        pytest.skip(f"{library} cannot be imported: {error}")
    model = zoo.get(name, input_shape=(side, side, 3), **options)
    if library == "timm":
        net = with_random_values(package.create_model(source))
        from_timm(model, net.state_dict())
    else:
        net = with_random_values(package.models.get_model(source))
        from_torchvision(model, net.state_dict())
    assert_same_logits(net, model, side, side)
