"""Which of a model's inputs is the image, and its rows batch by batch."""

from dataclasses import dataclass

import keras
from keras import ops


@dataclass(frozen=True)
class Inputs:
    """What a model is given, one tensor of it the image (n, H, W, channels)."""

    tensors: object  # a tensor, or a list or dict of them
    place: int  # of the image among the tensors, flattened

    @classmethod
    def of(cls, images, image=None) -> "Inputs":
        """Find the image: the input with key or index `image`; None: the first with four axes.

        Raises:
            ValueError: no such input, none that is a batch of images, not one row, or inputs that
                differ in their number of rows.
        """
        tensors = keras.tree.map_structure(ops.convert_to_tensor, images)
        found = keras.tree.flatten_with_path(tensors)
        names = [path[-1] if path else 0 for path, _ in found]
        shapes = [tuple(x.shape) for _, x in found]
        pictures = [place for place, shape in enumerate(shapes) if len(shape) == 4]
        if not pictures:
            raise ValueError(f"no input is a batch of images (n, H, W, channels): {shapes}")
        if image is not None:
            known = [names[place] for place in pictures]
            if image not in known:
                raise ValueError(f"no image input {image!r}; those that are images: {known}")
            pictures = [pictures[known.index(image)]]
        rows = {shape[0] if shape else 1 for shape in shapes}
        if len(rows) > 1:
            raise ValueError(f"the inputs differ in their number of rows: {shapes}")
        if rows == {0}:
            raise ValueError(f"there is not one image to explain: {shapes}")
        return cls(tensors, pictures[0])

    @property
    def image(self):
        return keras.tree.flatten(self.tensors)[self.place]

    def with_image(self, image):
        """The tensors, `image` in the place of theirs."""
        flat = keras.tree.flatten(self.tensors)
        flat[self.place] = image
        return keras.tree.pack_sequence_as(self.tensors, flat)

    def rows(self, which: slice) -> "Inputs":
        return Inputs(keras.tree.map_structure(lambda x: x[which], self.tensors), self.place)

    def repeated(self, row: int, times: int) -> "Inputs":
        """One row, `times` times."""

        def repeat(x):
            return ops.repeat(x[row : row + 1], times, axis=0)

        return Inputs(keras.tree.map_structure(repeat, self.tensors), self.place)


def in_batches(count: int, batch_size: int) -> list[slice]:
    """The rows of each batch, the last maybe smaller; ValueError for a size below 1."""
    if batch_size < 1:
        raise ValueError(f"batch_size={batch_size} must be 1 or more")
    return [slice(start, start + batch_size) for start in range(0, count, batch_size)]
