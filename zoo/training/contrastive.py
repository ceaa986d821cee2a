"""The loss of CLIP: every image is to find its caption, every caption its image."""

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="zoo")
class ContrastiveLoss(keras.losses.Loss):
    """Cross-entropy over the N x N similarities of a batch, the mean of both directions.

        clip.compile(optimizer, ContrastiveLoss())
        clip.fit(batches)  # ({"image", "tokens"}, captions)

    Called with `captions` (n,), one whole number per pair, and logits (n, n), scaled similarities
    of every image (row) to every text (column). Pairs with the same number have equal captions:
    each is as right for the other's image as its own. The target of a row is then spread evenly
    over all that are right, and the least that this can cost, the logarithm of their number, is
    taken off, so that 0 can be reached. With different numbers it is the loss of the paper.

    Source: Radford et al., Learning transferable visual models from natural language supervision
    (arXiv:2103.00020); for several right answers Yang et al., Unified contrastive learning in
    image-text-label space (arXiv:2204.03610).

    Raises:
        ValueError: when it is called, if there is not one number per pair, or not as many images
            as texts.
    """

    def __init__(self, name="contrastive_loss", reduction="sum_over_batch_size", **kwargs):
        super().__init__(name=name, reduction=reduction, **kwargs)

    def call(self, captions, logits):
        """(n,): the loss of each pair, the mean of that of its image and that of its text."""
        if len(logits.shape) != 2 or logits.shape[0] != logits.shape[1]:
            raise ValueError(
                f"logits must be (n, n), images by texts of the same pairs, not {logits.shape}"
            )
        if len(captions.shape) > 2 or (len(captions.shape) == 2 and captions.shape[1] != 1):
            raise ValueError(
                f"captions must be one whole number per pair, (n,), not of shape {captions.shape}"
            )
        captions = ops.reshape(captions, (-1,))
        equal = ops.cast(captions[:, None] == captions[None, :], "float32")
        count = ops.sum(equal, axis=1)
        logits = ops.cast(logits, "float32")
        # Equality is symmetric: the right texts of image i are the right images of text i.
        image_to_text = ops.sum(equal * ops.log_softmax(logits, axis=1), axis=1) / count
        text_to_image = ops.sum(equal * ops.log_softmax(logits, axis=0), axis=0) / count
        return -(image_to_text + text_to_image) / 2 - ops.log(count)
