"""Images a second through the same augmentations of albumentations, keras.layers and the zoo.

    KERAS_BACKEND=tensorflow python benchmarks/augmentation.py

The images are 24 crops of 256x256 from scikit-learn's two photographs. albumentations and the zoo
take uint8 one at a time, as `Batches` does, stacking included; keras.layers take the batch as a
float32 tensor, reading the result included: on tensorflow compiled, as in a tf.data pipeline, on
torch and jax called as they are. Every image is changed, but for half of those that
keras.layers.RandomFlip sees. A library is left out where it has nothing of the kind. What the zoo
has of its own are the operations of learned policies, by Pillow and of one magnitude; its flip,
rotate, shift_scale_rotate, color_shift and crop are albumentations' with the lessons' settings.
"""

import time
from functools import partial

import albumentations as A
import cv2
import keras
import numpy as np
from keras import layers
from measure import report, row
from sklearn.datasets import load_sample_images

from zoo import backend
from zoo.datasets import transforms

COUNT, SIDE = 24, 256
ROUNDS, LEAST = 7, 0.05  # how often, and for how many seconds each time
ENOUGH = 2  # seconds, after which a slow one is not measured again
MIRROR = {"border_mode": cv2.BORDER_REFLECT_101, "p": 1}


def affine():
    """Keras has none for all three: as many passes over the image."""
    turn = layers.RandomRotation(15 / 360, seed=0)
    return [layers.RandomTranslation(0.06, 0.06, seed=0), layers.RandomZoom(0.1, seed=0), turn]


def operate(name, magnitude):
    return partial(transforms.operate, name=name, magnitude=magnitude)


KINDS = {  # albumentations, keras.layers, the zoo
    "horizontal flip": (
        A.HorizontalFlip(p=1),
        [layers.RandomFlip("horizontal", seed=0)],
        transforms.flip(p=1),
    ),
    "vertical flip": (A.VerticalFlip(p=1), [layers.RandomFlip("vertical", seed=0)], None),
    "rotate": (
        A.Rotate((-15, 15), border_mode=cv2.BORDER_CONSTANT, p=1),
        [layers.RandomRotation(15 / 360, fill_mode="constant", seed=0)],
        transforms.rotate(15),
    ),
    "shift, scale, rotate": (
        A.Affine((0.9, 1.1), (-0.06, 0.06), rotate=(-15, 15), **MIRROR),
        affine(),
        transforms.shift_scale_rotate(0.06, 0.1, 15, p=1),
    ),
    "brightness": (
        A.RandomBrightnessContrast(0.2, 0, p=1),
        [layers.RandomBrightness(0.2, seed=0)],
        operate("Brightness", 0.7),
    ),
    "contrast": (
        A.RandomBrightnessContrast(0, 0.2, p=1),
        [layers.RandomContrast(0.2, seed=0)],
        operate("Contrast", 0.7),
    ),
    "brightness, contrast": (
        A.RandomBrightnessContrast(0.2, 0.2, p=1),
        [layers.RandomBrightness(0.2, seed=0), layers.RandomContrast(0.2, seed=0)],
        None,
    ),
    "shift RGB": (A.RGBShift(p=1), None, transforms.color_shift()),
    "shift HSV": (
        A.HueSaturationValue(p=1),
        [
            layers.RandomHue(0.1, seed=0),
            layers.RandomSaturation(0.6, seed=0),
            layers.RandomBrightness(0.1, seed=0),
        ],
        None,
    ),
    "gamma": (A.RandomGamma(p=1), None, None),
    "grayscale": (A.ToGray(p=1), [layers.RandomGrayscale(1.0, seed=0)], None),
    "random crop 64": (
        A.RandomCrop(64, 64),
        [layers.RandomCrop(64, 64, seed=0)],
        transforms.crop(64, pad=0),
    ),
    "pad to 512": (A.PadIfNeeded(512, 512), [layers.ZeroPadding2D((512 - SIDE) // 2)], None),
    "resize to 512": (A.Resize(512, 512), [layers.Resizing(512, 512)], None),
    "random sized crop to 512": (A.RandomSizedCrop((64, SIDE), (512, 512)), None, None),
    "posterize": (
        A.Posterize(4, p=1),
        [layers.RandomPosterization(4, seed=0)],
        operate("Posterize", 1.0),
    ),
    "solarize": (A.Solarize(p=1), [layers.Solarization(0, 0.5)], operate("Solarize", 0.5)),
    "equalize": (A.Equalize(p=1), [layers.Equalization()], operate("Equalize", 0)),
    "multiply": (A.MultiplicativeNoise(p=1), None, None),
    "colour jitter": (
        A.ColorJitter(0.2, 0.2, 0.2, 0.1, p=1),
        [layers.RandomColorJitter((0, 255), 0.2, 0.2, 0.2, 0.1, seed=0)],
        None,
    ),
}


def crops():
    rng, photos = np.random.default_rng(0), load_sample_images().images
    corners = rng.integers((len(photos), 427 - SIDE, 640 - SIDE), size=(COUNT, 3))
    return np.stack([photos[i][y : y + SIDE, x : x + SIDE] for i, y, x in corners])


def one_by_one(step, images):
    if isinstance(step, A.BasicTransform | A.BaseCompose):
        pipeline = A.Compose([step], seed=0)
        return lambda: np.stack([pipeline(image=image)["image"] for image in images])
    return lambda: np.stack([step(image) for image in images])


def as_a_batch(steps, images):
    def change(x):
        for step in steps:
            x = step(x, training=True)
        return x

    if backend.NAME == "tensorflow":
        change = backend.tf.function(change)
    batch = keras.ops.convert_to_tensor(images, "float32")
    return lambda: keras.ops.convert_to_numpy(change(batch))


def timed(function):
    """Images a second, over as many batches as LEAST seconds take; and the seconds."""
    began, done, passed = time.perf_counter(), 0, 0.0
    while passed < LEAST:
        function()
        done, passed = done + COUNT, time.perf_counter() - began
    return done / passed, passed


def measure(kind, images):
    """Rows of a kind, its libraries in turn, so that a drifting machine hurts them alike."""
    albumentations, keras_layers, ours = KINDS[kind]
    functions = {"albumentations": one_by_one(albumentations, images)}
    if keras_layers:
        functions["keras.layers"] = as_a_batch(keras_layers, images)
    if ours:
        functions["zoo"] = one_by_one(ours, images)
    for function in functions.values():
        function()  # the first call traces and compiles
    speeds, spent = {library: [] for library in functions}, dict.fromkeys(functions, 0.0)
    for _ in range(ROUNDS):
        for library, function in functions.items():
            if spent[library] < ENOUGH:
                speed, seconds = timed(function)
                speeds[library].append(speed)
                spent[library] += seconds
    return [row(f"{kind}, {library}", of, "", ".0f") for library, of in speeds.items()]


if __name__ == "__main__":
    images = crops()
    report(
        "augmentation: images a second",
        [line for kind in KINDS for line in measure(kind, images)],
    )
