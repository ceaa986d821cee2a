"""What a model of images and texts is good for: naming classes it was not trained on, and search.

images, texts = image_text.encoders(clip)
vectors = images.predict(pictures)                            # (n, d) of length 1
classes = image_text.class_vectors(texts, tokenize, prompts)  # (classes, d)
image_text.zero_shot_accuracy(vectors, classes, labels)
"""

from collections.abc import Callable, Sequence

import keras
import numpy as np

from zoo import checks

AT_ONCE = 1024  # queries that are compared with everything


def encoders(model: keras.Model) -> tuple[keras.Model, keras.Model]:
    """The two towers: images to vectors (n, d), token ids to vectors (n, d).

    They share their layers with the model, and so go on learning with it.

    Args:
        model: with inputs "image" and "tokens" and outputs "image" and "text", as `clip_small` has.

    Raises:
        ValueError: if it is none of that kind.
    """
    inputs, outputs = checks.model(model).input, model.output
    if not (
        isinstance(inputs, dict)
        and {"image", "tokens"} <= inputs.keys()
        and isinstance(outputs, dict)
        and {"image", "text"} <= outputs.keys()
    ):
        raise ValueError(
            f"{model.name} must have the inputs image and tokens and the outputs image and text, "
            f'as zoo.get("clip_small") has'
        )
    image = keras.Model(inputs["image"], outputs["image"], name=f"{model.name}_image")
    text = keras.Model(inputs["tokens"], outputs["text"], name=f"{model.name}_text")
    return image, text


def class_vectors(
    text_encoder: keras.Model,
    tokenize: Callable[[Sequence[str]], np.ndarray],
    prompts: Sequence[Sequence[str]],
) -> np.ndarray:
    """(classes, d): for each class the mean direction of its prompts.

    Args:
        text_encoder: of `encoders`.
        tokenize: makes integers (k, t) of k texts.
        prompts: the texts of each class, as `datasets.captions.prompts` makes them: with one per
            class its vector, with several an ensemble.

    Raises:
        ValueError: if there is no class, or one without a text.
    """
    if not len(prompts) or not all(
        isinstance(texts, list | tuple) and len(texts) for texts in prompts
    ):
        raise ValueError("prompts must be a list of one or more texts for each class")
    texts = [text for of_class in prompts for text in of_class]
    vectors = text_encoder.predict(tokenize(texts), verbose=0)
    ends = np.cumsum([len(of_class) for of_class in prompts])
    means = np.stack([part.mean(axis=0) for part in np.split(vectors, ends[:-1])])
    return means / np.linalg.norm(means, axis=-1, keepdims=True)


def zero_shot_accuracy(images: np.ndarray, classes: np.ndarray, labels) -> float:
    """The share of images whose nearest class is theirs.

    Args:
        images: vectors (n, d).
        classes: vectors (classes, d), of `class_vectors`.
        labels: the class of each image, (n,).

    Raises:
        ValueError: if the shapes do not fit, or there is no image.
    """
    _require_vectors("images", images, "classes", classes)
    labels = checks.class_labels("labels", labels, len(images), len(classes))
    return float(np.mean(nearest(images, classes) == labels))


def recall_at_1(images: np.ndarray, texts: np.ndarray, captions) -> dict[str, float]:
    """How often the nearest of all texts, or images, is a right one.

    `text_recall_at_1` finds the text of an image, `image_recall_at_1` the image of a text. Pair i
    is image i and text i; what has an equal caption is as right.

    Args:
        images: vectors (n, d).
        texts: vectors (n, d).
        captions: one number per pair, the same for equal captions, (n,).

    Raises:
        ValueError: if the shapes do not fit, or there is no pair.
    """
    _require_vectors("images", images, "texts", texts)
    captions = checks.class_labels("captions", captions, len(images))
    if len(texts) != len(images):
        raise ValueError(f"{len(images)} images need as many texts, not {len(texts)}")
    return {
        "image_recall_at_1": float(np.mean(captions[nearest(texts, images)] == captions)),
        "text_recall_at_1": float(np.mean(captions[nearest(images, texts)] == captions)),
    }


def nearest(queries: np.ndarray, vectors: np.ndarray, count: int | None = None) -> np.ndarray:
    """The index of the vector most like each query, (n,), or those of the `count` most alike.

    Alike is what has the largest cosine; all vectors are of length 1. With `count` the result is
    (n, count), the most alike first.
    """
    parts = []
    for start in range(0, len(queries), AT_ONCE):
        cosines = queries[start : start + AT_ONCE] @ vectors.T
        if count is None:
            parts.append(cosines.argmax(axis=1))
        else:
            parts.append(np.argsort(-cosines, axis=1, kind="stable")[:, :count])
    return np.concatenate(parts)


def _require_vectors(name: str, first: np.ndarray, other_name: str, second: np.ndarray) -> None:
    """Raise ValueError unless both are (n, d) with the same d, and neither is empty."""
    shapes = np.shape(first), np.shape(second)
    if any(len(s) != 2 or not s[0] for s in shapes) or shapes[0][1] != shapes[1][1]:
        raise ValueError(
            f"{name} and {other_name} must be vectors (n, d) and (m, d), one or more of each, not "
            f"of shapes {shapes[0]} and {shapes[1]}"
        )
