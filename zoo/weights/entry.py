"""What is known of weights that ship: what they were trained on, how well, by which run."""

import functools
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from zoo import tasks

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class WeightsEntry:
    """One file of trained weights, as a model's card lists it under its tag.

    `mean` and `std` are one value per channel, pixels counted 0 to 1; `value` is the last epoch's
    of the run that made them: `recipe` at `commit`.
    """

    tag: str
    file: str
    sha256: str
    dataset: str
    image_shape: tuple[int, int, int]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    class_names: tuple[str, ...]
    metric: str
    value: float
    recipe: str
    epochs: int
    seed: int
    backend: str
    commit: str
    note: str = ""

    @property
    def path(self) -> Path:
        return FOLDER / self.file

    @property
    def num_classes(self) -> int:
        return len(self.class_names)

    @property
    def result(self) -> str:
        """`accuracy 90.87 % on cifar10`."""
        metric = tasks.metric(self.metric)
        return f"{metric.label} {metric.shown(self.value)} on {self.dataset}"

    @property
    def run(self) -> str:
        """`s8_custom_resnet, 24 epochs, seed 0, tensorflow, commit 5593aaed1f`, and the note."""
        made_by = (
            f"{self.recipe}, {self.epochs} epochs, seed {self.seed}, {self.backend}, "
            f"commit {self.commit}"
        )
        return f"{made_by} ({self.note})" if self.note else made_by

    @property
    def finds_boxes(self) -> bool:
        """Whether it is of a detector, which sees the whole image between grey bars."""
        return self.metric == tasks.get("detection").main.key

    def pictures(self, images) -> list[np.ndarray]:
        """The uint8 images (h, w, 1 or 3), each of its own size, that `preprocess` starts from.

        Raises:
            ValueError, FileNotFoundError: as `preprocess`.
        """
        pictures = images if isinstance(images, list | tuple) else [images]
        pixels = [array for picture in pictures for array in _pixels(picture)]
        if not pixels:
            raise ValueError("there is no image to preprocess; give one at least")
        return pixels

    def preprocess(self, images) -> np.ndarray:
        """Pictures as the model takes them: float32 (n, height, width, channels), normalised.

        Each is cut to the model's proportions about its middle, or for a detector filled up to them
        with grey; then resized, turned grey or RGB, and normalised by `mean` and `std`.

        Args:
            images: the path of a picture, a PIL image, a uint8 array (h, w), (h, w, 1 or 3) or
                (n, h, w, 1 or 3); or a list of these.

        Raises:
            ValueError: if a file is no picture, or an array is not uint8 (floats from 0 to 255
                among them) or has another shape.
            FileNotFoundError: if there is no file at a path.
        """
        from zoo.datasets.decoding import fit  # not before: a card needs no image library
        from zoo.datasets.image_batches import normalize
        from zoo.datasets.letterbox import letterbox

        shape, pixels = self.image_shape, self.pictures(images)
        if self.finds_boxes:
            resized = [letterbox(array, shape) for array in pixels]
        else:
            resized = [fit(_centre(array, shape), shape) for array in pixels]
        return normalize(np.stack(resized), self.mean, self.std)


def entries_of(name: str) -> dict[str, WeightsEntry]:
    """The weights that ship for a model, by tag; none for most."""
    return {
        tag: WeightsEntry(tag, **{key: _tuple(value) for key, value in facts.items()})
        for tag, facts in _facts().get(name, {}).items()
    }


@functools.cache
def _facts() -> dict:
    return json.loads((FOLDER / "entries.json").read_text(encoding="utf-8"))


def _tuple(value):
    return tuple(value) if isinstance(value, list) else value


def _pixels(picture) -> list[np.ndarray]:
    """The uint8 images (h, w, 1 or 3) that one argument stands for: one, or those of a batch."""
    from PIL import Image

    from zoo.datasets.decoding import decode, uint8_pixels

    if isinstance(picture, str | Path):
        path = Path(picture).expanduser()
        data = path.read_bytes()
        try:
            picture = decode(data)
        except ValueError as error:
            raise ValueError(f"{path} is no picture that can be read: {error}") from error
    elif isinstance(picture, Image.Image):
        picture = uint8_pixels(picture)
    array = np.asarray(picture)
    if array.dtype != np.uint8:
        raise ValueError(
            f"images must be uint8, pixels 0 to 255, not {array.dtype}; of floats from 0 to 1 make "
            f"(255 * images).round().astype('uint8'), images that are normalised already go to "
            f"the model as they are"
        )
    array = array[..., None] if array.ndim == 2 else array
    if array.ndim not in (3, 4) or array.shape[-1] not in (1, 3) or 0 in array.shape:
        raise ValueError(
            f"an image must be (h, w), (h, w, 1 or 3), a batch (n, h, w, 1 or 3), not {array.shape}"
        )
    return [array] if array.ndim == 3 else list(array)


def _centre(image: np.ndarray, image_shape) -> np.ndarray:
    """The largest part about the middle that has the proportions of `image_shape`."""
    height, width = image.shape[:2]
    scale = min(height / image_shape[0], width / image_shape[1])
    tall, wide = max(round(scale * image_shape[0]), 1), max(round(scale * image_shape[1]), 1)
    top, left = (height - tall) // 2, (width - wide) // 2
    return image[top : top + tall, left : left + wide]
