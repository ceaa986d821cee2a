"""Steps along the sign of a loss's gradient at the pixels, which every attack is made of."""

import numpy as np
from keras import ops

from zoo import backend
from zoo.backend.operations import float_images
from zoo.explain.inputs import Inputs, in_batches, tensor_of
from zoo.explain.maps import is_zero, warn_of_empty
from zoo.explain.outputs import Head, indices, require_finite_outputs
from zoo.explain.pixels import Normalization, pixels_of


class Attack:
    """A model, the pixels to change, and the classes to leave or to reach; errors as `fgsm`."""

    def __init__(
        self, model, images, labels, targets, mean, std, image=None, outputs=None, batch_size=100
    ):
        self.model = model
        self.inputs = Inputs.checked(model, images, image)
        self.pixels = pixels_of(self.inputs.image)  # 0 to 1
        self.batches = in_batches(len(self.pixels), batch_size)
        self.normalization = Normalization.checked(model, self.inputs, mean, std)
        first = ops.convert_to_tensor(self.normalization.given(self.pixels[:1]))
        self.head = Head.find(model, self.inputs.rows(slice(1)).with_image(first), outputs)
        if labels is not None:
            labels = indices(labels, len(self.pixels), self.head.classes, "labels")
        if targets is not None:
            targets = indices(targets, len(self.pixels), self.head.classes, "targets")
        if targets is None and labels is None:
            labels = self.scores(self.pixels).argmax(axis=-1)
        self.classes = labels if targets is None else targets
        self.uphill = 1 if targets is None else -1

    def run(self, start: np.ndarray, epsilon: float, steps: int, step: float) -> np.ndarray:
        """The images after `steps` steps from `start`, no further than `epsilon` from these."""
        lowest = np.clip(self.pixels - epsilon, 0, 1)
        highest = np.clip(self.pixels + epsilon, 0, 1)
        attacked = np.clip(start, lowest, highest, dtype="float32")
        first_gradients, first_losses = np.zeros_like(attacked), np.zeros(len(attacked))
        for rows in self.batches:
            x = attacked[rows]
            for count in range(steps):
                gradient, losses = self.gradient(x, rows)
                if count == 0:
                    first_gradients[rows], first_losses[rows] = gradient, losses
                x = x + step * self.uphill * np.sign(gradient)
                x = np.clip(x, lowest[rows], highest[rows])
            attacked[rows] = x
        flat = is_zero(first_gradients)
        reason = "something in the model rounds or cuts it off, or all its ReLUs are at 0"
        if not first_losses[flat].any():
            reason = "the model is so confident that its loss is 0 in float32"
        warn_of_empty(
            flat, f"the loss has no gradient at any pixel, so they stay as they are: {reason}"
        )
        return attacked

    def gradient(self, x: np.ndarray, rows: slice) -> tuple[np.ndarray, np.ndarray]:
        """The gradient of the loss at the pixels of a batch, and the loss of each image."""
        batch = self.inputs.rows(rows)
        wanted = ops.one_hot(ops.convert_to_tensor(self.classes[rows]), self.head.classes)

        def loss(x):
            scores = self.head.scores(batch.with_image(self.normalization.apply(x)))
            losses = -ops.sum(wanted * self.head.log_probabilities(scores), axis=-1)
            return ops.sum(losses), losses

        with float_images(self.model):
            gradient, losses = backend.gradient(loss, x)
        gradient, losses = ops.convert_to_numpy(gradient), ops.convert_to_numpy(losses)
        require_finite_outputs(self.model, losses[:, None])
        if not np.isfinite(gradient).all():
            raise ValueError(f"{self.model.name} has NaN or infinite gradients for these images")
        return gradient, losses

    def scores(self, pixels: np.ndarray) -> np.ndarray:
        """The logits (n, classes) of images counted 0 to 1."""
        scores = []
        for rows in self.batches:
            images = ops.convert_to_tensor(self.normalization.given(pixels[rows]))
            given = self.head.scores(self.inputs.rows(rows).with_image(images))
            scores.append(ops.convert_to_numpy(given))
        scores = np.concatenate(scores)
        require_finite_outputs(self.model, scores)
        return scores

    def taken_for_class(self, pixels: np.ndarray) -> np.ndarray:
        """Whether the model takes each image for its label, or its target."""
        return self.head.taken_for(self.scores(pixels), self.classes)

    def pixels_like(self, name: str, images) -> np.ndarray:
        """Other images for these, as pixels 0 to 1; ValueError if they are not of their shape."""
        pixels = pixels_of(tensor_of(images))
        if pixels.shape != self.pixels.shape:
            raise ValueError(f"{name} are {pixels.shape}, the images {self.pixels.shape}")
        return pixels
