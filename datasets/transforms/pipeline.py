"""A list of transforms and how it is applied to a batch: first to each image, then mixing them."""

import copy
import threading

import albumentations as A
import numpy as np

from zoo.datasets.transforms.mixing import Mixing
from zoo.datasets.transforms.mosaic import Mosaic


def check_transforms(transforms) -> tuple[list, list[Mixing]]:
    """The transforms of single images and those that mix images, each in the order of the list.

    Raises:
        ValueError: if it is no list or tuple, or holds anything else than transforms.
    """
    if not isinstance(transforms, list | tuple):
        name = transform_name(transforms)
        hint = f": [{name}(...)]" if _is_transform(transforms) else ""
        raise ValueError(f"transforms must be a list of transforms, not {name}{hint}")
    for number, step in enumerate(transforms):
        if isinstance(step, Mosaic):
            raise ValueError(
                "mosaic joins images with their boxes; load a dataset with boxes, such as "
                '"shapes", or use transforms.ricap() for labels'
            )
        if not _is_transform(step):
            hint = f"; call it: {transform_name(step)}()" if callable(step) else ""
            raise ValueError(
                f"transforms[{number}] must be one of zoo.datasets.transforms or a transform of "
                f"albumentations, not {transform_name(step)}{hint}"
            )
    mixing = [step for step in transforms if isinstance(step, Mixing)]
    return [step for step in transforms if not isinstance(step, Mixing)], mixing


class Pipeline:
    """What a list of transforms does to batches of images, as a function of `key` and epoch.

    Threads may use one pipeline at the same time.
    """

    def __init__(self, transforms):
        self.steps, self.mixing = check_transforms(transforms)
        self._local = threading.local()  # a step holds random state, so each thread has its own

    def transform(
        self, images: np.ndarray, epoch: int, key: tuple[int, ...], numbers, always: bool = False
    ) -> np.ndarray:
        """The images (n, h, w, c) after the transforms of single images, which may resize them.

        Args:
            images: uint8.
            epoch: for the transforms that change with it.
            key: fixes what is drawn.
            numbers: of the images in their dataset, for the messages.
            always: apply each step, whatever its probability.

        Raises:
            ValueError: if a step fails, or the images that result are not of one size.
        """
        if not self.steps:
            return images
        steps = getattr(self._local, "steps", None)
        if steps is None:
            steps = self._local.steps = copy.deepcopy(self.steps)
        seed_steps(steps, key)
        options = {"force_apply": True} if always else {}
        results = []
        for number, image in zip(numbers, images, strict=True):
            for step in steps:
                try:
                    changed = step(image=image, epoch=epoch, **options)["image"]
                except Exception as error:
                    raise ValueError(
                        f"{transform_name(step)} failed on image {number}, {image.dtype} of shape "
                        f"{image.shape}: {error}"
                    ) from error
                grey = np.ndim(changed) == 2  # as albumentations' ToGray(1) gives it
                image = changed[..., np.newaxis] if grey else changed
            results.append(image)
        shapes = {np.shape(image) for image in results}
        if len(shapes) > 1 or not isinstance(results[0], np.ndarray):
            kind = type(results[0]).__name__
            found = " and ".join(map(str, sorted(shapes)[:2]))
            raise ValueError(
                f"the transforms {', '.join(map(transform_name, steps))} must turn all images "
                f"into arrays of one shape, not {kind}s of {found}"
            )
        return np.stack(results)

    def mix(self, images, labels, key: tuple[int, ...], numbers) -> tuple[np.ndarray, np.ndarray]:
        """Normalised images (n, h, w, c) and labels (n, classes) mixed among themselves.

        Raises:
            ValueError: if a step fails.
        """
        rng = np.random.default_rng(key) if self.mixing else None
        for step in self.mixing:
            try:
                images, labels = step(images, labels, rng)
            except Exception as error:
                raise ValueError(
                    f"{step.name} failed on the batch that begins with image {numbers[0]}: {error}"
                ) from error
        return images, labels


def seed_steps(steps, key: tuple[int, ...]) -> None:
    """Give each step a seed of its own: with one for all, two flips go together."""
    seeds = np.random.SeedSequence(key).generate_state(1 + len(steps))
    for step, seed in zip(steps, seeds[1:], strict=True):
        step.set_random_seed(int(seed))


def _is_transform(step) -> bool:
    return isinstance(step, A.BasicTransform | A.BaseCompose | Mixing)


def transform_name(step) -> str:
    """What a message calls a step."""
    if isinstance(step, Mixing):
        return step.name
    return step.__name__ if hasattr(step, "__name__") else type(step).__name__
