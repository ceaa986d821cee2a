"""Images with captions: what an image-text model is trained on.

data = captions.of_boxes(zoo.datasets.load("shapes"))
data = captions.of_classes(zoo.datasets.load("cifar10"), ["a photo of a {}", "a small {}"])
model.fit(data.batches("train", 128, tokenize))
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from zoo import checks
from zoo.datasets.dataset import SPLITS, Dataset
from zoo.datasets.detection import DetectionDataset
from zoo.datasets.image_batches import ImageBatches
from zoo.datasets.streaming import ImageFiles
from zoo.datasets.transforms.pipeline import check_transforms

Tokenize = Callable[[Sequence[str]], np.ndarray]


@dataclass(frozen=True, repr=False)
class CaptionDataset:
    """uint8 images (n, height, width, 1 or 3) and the captions of each, train and val.

    An image has one caption or several: one entry of the captions is a tuple of texts.

    Raises:
        ValueError: if an image has no caption.
    """

    name: str
    x_train: np.ndarray | ImageFiles
    captions_train: tuple[tuple[str, ...], ...]
    x_val: np.ndarray | ImageFiles
    captions_val: tuple[tuple[str, ...], ...]
    mean: tuple[float, ...]
    std: tuple[float, ...]

    def __post_init__(self):
        for split in SPLITS:
            images, texts = self.split(split)
            _require_captions(f"{self.name}, {split}", texts, len(images))

    def split(self, name: str) -> tuple[np.ndarray | ImageFiles, tuple[tuple[str, ...], ...]]:
        """`(images, captions)` of "train" or "val".

        Raises:
            ValueError: if `name` is another.
        """
        checks.one_of("split", name, SPLITS)
        return getattr(self, f"x_{name}"), getattr(self, f"captions_{name}")

    def batches(
        self,
        split: str,
        batch_size: int,
        tokenize: Tokenize,
        transforms=(),
        *,
        seed: int = 0,
        workers: int = 1,
        last: str = "keep",
    ) -> "CaptionBatches":
        """Batches ({"image", "tokens"}, captions) for `model.fit`; see `CaptionBatches`.

        Raises:
            ValueError: if there is no such split, or an argument is not what it must be.
        """
        images, texts = self.split(split)
        return CaptionBatches(
            images,
            texts,
            batch_size,
            tokenize,
            transforms,
            mean=self.mean,
            std=self.std,
            shuffle=split == "train",
            seed=seed,
            workers=workers,
            last=last,
        )

    def __repr__(self) -> str:
        different = len({texts for split in SPLITS for texts in self.split(split)[1]})
        return (
            f"CaptionDataset({self.name}: {len(self.x_train):,} train and {len(self.x_val):,} val "
            f"images, {different:,} different captions)"
        )


def of_boxes(data: DetectionDataset) -> CaptionDataset:
    """The images of a dataset with boxes whose splits have captions, such as "shapes".

    Raises:
        ValueError: if an image has none.
    """
    if not isinstance(data, DetectionDataset):
        raise ValueError(f"data must be a DetectionDataset, not a {type(data).__name__}")
    parts = {}
    for name in SPLITS:
        split = data.split(name)
        parts[f"x_{name}"] = split.images
        parts[f"captions_{name}"] = tuple((text,) for text in split.captions)
    return CaptionDataset(data.name, mean=data.mean, std=data.std, **parts)


def of_classes(data: Dataset, templates: Sequence[str]) -> CaptionDataset:
    """The images of a classification dataset, each captioned by every template with its class.

    Args:
        templates: texts with {} for the name of the class, "a photo of a {}".

    Raises:
        ValueError: if a template has no {}, or there is none.
    """
    if not isinstance(data, Dataset):
        raise ValueError(f"data must be a Dataset, not a {type(data).__name__}")
    texts = prompts(data.class_names, templates)
    parts = {}
    for name in SPLITS:
        images, labels = data.split(name)
        parts[f"x_{name}"] = images
        parts[f"captions_{name}"] = tuple(texts[label] for label in labels)
    return CaptionDataset(data.name, mean=data.mean, std=data.std, **parts)


def prompts(names: Sequence[str], templates: Sequence[str]) -> list[tuple[str, ...]]:
    """For each class its name in every template.

    Raises:
        ValueError: if a template is no text with {}, or there is none.
    """
    if isinstance(templates, str) or not len(templates):
        raise ValueError(f"templates={templates!r} must be texts such as 'a photo of a {{}}'")
    for template in templates:
        if not isinstance(template, str) or template.count("{}") != 1:
            raise ValueError(
                f"the template {template!r} must have {{}} once, where the name of the class stands"
            )
    return [tuple(template.replace("{}", name) for template in templates) for name in names]


def labels(captions: Sequence[Sequence[str]], prompts: Sequence[Sequence[str]]) -> np.ndarray:
    """The class of each image, int32 (n,): one of its captions is a prompt of it; -1: of none.

    Args:
        captions: the texts of each image.
        prompts: the texts of each class.

    Raises:
        ValueError: if two classes have a prompt in common.
    """
    classes = {}
    for number, texts in enumerate(prompts):
        for text in texts:
            if classes.setdefault(text, number) != number:
                raise ValueError(f"{text!r} is a prompt of two classes; it names neither")
    found = [max((classes.get(text, -1) for text in texts), default=-1) for texts in captions]
    return np.array(found, "int32")


class CaptionBatches(ImageBatches):
    """Batches ({"image", "tokens"}, captions) for `model.fit`.

    Images are normalised float32 (n, height, width, channels), tokens int32 (n, t). The captions
    are one number (n,) per image, int32: those with equal captions have the same, so that a loss
    counts none of them as wrong. Of an image with several captions each pass draws one; without
    `shuffle` all passes take the first.

    Args:
        images: uint8 (n, height, width, channels); an array, or what gives one when indexed.
        captions: per image a text, or a tuple of texts.
        batch_size: pairs per batch.
        tokenize: makes integers (k, t) of k texts.
        transforms: those of single images that leave the captions right.
        options: mean and std of the pixels, 0 to 1, one value or one per channel, and those of
            `Batches`: shuffle, seed, workers, last, sample_weight.

    Raises:
        ValueError: if an image has no caption or a caption no image, the images are not uint8 or do
            not suit the transforms, the tokens are no integers (k, t), or an option is wrong.
    """

    def __init__(
        self, images, captions, batch_size: int, tokenize: Tokenize, transforms=(), **options
    ):
        captions = [(entry,) if isinstance(entry, str) else entry for entry in captions]
        _require_captions("the data", captions, len(images))
        if mixing := check_transforms(transforms)[1]:
            raise ValueError(f"{mixing[0].name} mixes images, whose captions cannot be mixed")
        entries = {tuple(entry): None for entry in captions}  # each once, in order
        numbers = {entry: number for number, entry in enumerate(entries)}
        captions = np.array([numbers[tuple(entry)] for entry in captions], "int32")
        super().__init__(images, captions, batch_size, transforms, **options)
        texts = list(dict.fromkeys(text for entry in entries for text in entry))
        self.tokens = _tokens_of(tokenize, texts)
        rows = {text: row for row, text in enumerate(texts)}
        self._rows_of = [[rows[text] for text in entry] for entry in entries]

    def batch(self, rows, epoch, index):
        images, captions = super().batch(rows, epoch, index)
        draws = np.random.default_rng((*self.key(epoch, index), 1)).random(len(rows))
        if not self.shuffle:
            draws[:] = 0
        chosen = [
            self._rows_of[caption][int(draw * len(self._rows_of[caption]))]
            for caption, draw in zip(captions, draws, strict=True)
        ]
        return {"image": images, "tokens": self.tokens[chosen]}, captions


def _tokens_of(tokenize: Tokenize, texts: list[str]) -> np.ndarray:
    """int32 (k, t) of k texts."""
    if not callable(tokenize):
        raise ValueError(f"tokenize={tokenize!r} must be a function of a list of texts")
    tokens = checks.array("tokens", tokenize(texts))
    if tokens.ndim != 2 or len(tokens) != len(texts) or tokens.dtype.kind not in "iu":
        raise ValueError(
            f"tokenize must make integers ({len(texts)}, t) of {len(texts)} texts, not "
            f"{tokens.dtype} of shape {tokens.shape}"
        )
    return tokens.astype("int32")


def _require_captions(where: str, captions: Sequence, count: int) -> None:
    """Raise ValueError unless there are as many entries, each with a text or several."""
    if len(captions) != count:
        raise ValueError(f"{where}: {count} images need as many captions, not {len(captions)}")
    for row, entry in enumerate(captions):
        texts = entry if isinstance(entry, tuple | list) else ()
        if not texts or not all(isinstance(text, str) and text.strip() for text in texts):
            raise ValueError(
                f"{where}: image {row} has no caption ({entry!r}); give it one, or leave the image "
                f"out"
            )
