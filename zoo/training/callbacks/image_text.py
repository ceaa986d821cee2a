"""An image-text model on the validation data: numbers after each epoch, figures at the end."""

from collections.abc import Callable, Collection, Mapping, Sequence

import keras
import numpy as np

from zoo import checks, image_text
from zoo.datasets.captions import CaptionDataset
from zoo.report import image_text as figures
from zoo.training.callbacks.reports import Report


class ImageTextMetrics(keras.callbacks.Callback):
    """Adds to the logs of an epoch what an image-text model does with the validation data.

    `val_image_recall_at_1` and `val_text_recall_at_1` are over all pairs,
    `val_zero_shot_accuracy` over the images that have one of the classes, each compared with the
    prompts of all classes. Images of the `unseen` classes count in
    `val_unseen_zero_shot_accuracy` instead. It comes before what writes the logs:
    `callbacks=[ImageTextMetrics(...), *run.callbacks]`.

    Args:
        batches: ({"image", "tokens"}, captions), of `CaptionDataset.batches("val", ...)`.
        tokenize: makes integers (k, t) of k texts.
        prompts: the texts of each class; several are an ensemble.
        labels: the class of each validation image, (n,); -1: none of them.
        unseen: the numbers of the classes that no training image has.

    Raises:
        ValueError: if the labels are not one per image, or no image has a class.
    """

    def __init__(
        self,
        batches,
        tokenize: Callable[[Sequence[str]], np.ndarray],
        prompts: Sequence[Sequence[str]],
        labels,
        unseen: Collection[int] = (),
    ):
        super().__init__()
        self.batches, self.tokenize, self.prompts = batches, tokenize, prompts
        self.labels = checks.class_labels("labels", np.asarray(labels) + 1, batches.rows) - 1
        if self.labels.max() < 0:
            raise ValueError("labels: no image has a class; give each the number of its class")
        self.unseen = np.isin(self.labels, list(unseen))

    def on_train_begin(self, logs=None):
        self.image_encoder, self.text_encoder = image_text.encoders(self.model)

    def on_epoch_end(self, epoch, logs=None):
        images, texts, captions = self.vectors()
        found = self.zero_shot(images, self.prompts)
        found |= image_text.recall_at_1(images, texts, captions)
        logs.update({f"val_{name}": value for name, value in found.items()})

    def vectors(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Vectors of the images (n, d) and of their texts (n, d), and the caption numbers (n,)."""
        images, texts, captions = [], [], []
        for index in range(len(self.batches)):  # looking at a batch begins no epoch
            inputs, numbers, *_ = self.batches[index]
            images.append(self.image_encoder.predict_on_batch(inputs["image"]))
            texts.append(self.text_encoder.predict_on_batch(inputs["tokens"]))
            captions.append(numbers)
        return np.concatenate(images), np.concatenate(texts), np.concatenate(captions)

    def zero_shot(self, images: np.ndarray, prompts: Sequence[Sequence[str]]) -> dict[str, float]:
        """The accuracies of the image vectors by these prompts, as an epoch's logs name them."""
        classes = image_text.class_vectors(self.text_encoder, self.tokenize, prompts)
        found = {}
        for name, chosen in (
            ("zero_shot_accuracy", (self.labels >= 0) & ~self.unseen),
            ("unseen_zero_shot_accuracy", self.unseen),
        ):
            if chosen.any():
                found[name] = image_text.zero_shot_accuracy(
                    images[chosen], classes, self.labels[chosen]
                )
        return found

    def table(self, prompts: Mapping[str, Sequence[Sequence[str]]]) -> list[dict[str, str]]:
        """Rows for a page: the accuracies by several sets of prompts, each under its name."""
        images, rows = self.vectors()[0], []
        for name, texts in prompts.items():
            found = self.zero_shot(images, texts)
            shares = {key.replace("_", " "): f"{100 * share:.1f} %" for key, share in found.items()}
            rows.append({"prompts": name} | shares)
        return rows


class ImageTextReport(Report):
    """A figure of validation images and their captions.

    Args:
        metrics: the callback that goes before it in the list, whose vectors are drawn.
        data: the dataset that the validation batches of `metrics` are of.
        path: of the PNG.
        count: how many captions are shown, each once.

    Raises:
        ValueError: if an argument is something else.
    """

    def __init__(self, metrics: ImageTextMetrics, data: CaptionDataset, path, count: int = 8):
        super().__init__(path)
        if not isinstance(metrics, ImageTextMetrics) or not isinstance(data, CaptionDataset):
            raise ValueError(
                f"metrics and data must be ImageTextMetrics and a CaptionDataset, not "
                f"{type(metrics).__name__} and {type(data).__name__}"
            )
        self.metrics = metrics
        self.images, self.texts = data.split("val")
        self.count = checks.whole_number("count", count, least=1)

    def shown(self, captions: np.ndarray) -> np.ndarray:
        """The first rows whose captions are different ones."""
        return np.sort(np.unique(captions, return_index=True)[1])[: self.count]


class SimilarityReport(ImageTextReport):
    """How alike captions and images are, each with each."""

    heading = "Each caption with each image"
    caption = "Cosines of validation images and captions; those that belong together are framed."

    def draw(self):
        images, texts, captions = self.metrics.vectors()
        rows = self.shown(captions)
        return figures.similarity_matrix(
            self.path,
            self.images[rows],
            [self.texts[row][0] for row in rows],
            texts[rows] @ images[rows].T,
        )


class RetrievalReport(ImageTextReport):
    """Which images are found for a caption."""

    heading = "Images found by captions"
    caption = (
        "The validation images nearest to a caption, the nearest first; a blue frame: their own "
        "caption is the same."
    )
    found = 8  # images per caption

    def draw(self):
        images, texts, captions = self.metrics.vectors()
        rows = self.shown(captions)
        nearest = image_text.nearest(texts[rows], images, self.found)
        return figures.retrieved(
            self.path,
            [self.texts[row][0] for row in rows],
            [self.images[indices] for indices in nearest],
            captions[nearest] == captions[rows][:, None],
        )
