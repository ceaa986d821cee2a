"""Losses and metrics of masked language modelling: both outputs by themselves."""

import keras

OUTPUTS = ("masked", "is_next")


def losses() -> dict[str, keras.losses.Loss]:
    """Cross-entropy per output; of masked words the mean of those that are asked for.

    Places that only fill up have weight 0 and do not count: Keras's own mean would divide by them
    too.
    """
    options = {"from_logits": True, "reduction": "mean_with_sample_weight"}
    return {name: keras.losses.SparseCategoricalCrossentropy(**options) for name in OUTPUTS}


def metrics() -> dict[str, list[keras.metrics.Metric]]:
    """For `weighted_metrics`: accuracy and nats of each output, over all words of an epoch.

    In the logs they are masked_accuracy, masked_nats, is_next_accuracy and is_next_nats. The
    nats are per word; masked_loss is a mean of batches, of which one may have fewer words.
    """
    return {
        name: [
            keras.metrics.SparseCategoricalAccuracy(name="accuracy"),
            keras.metrics.SparseCategoricalCrossentropy(name="nats", from_logits=True),
        ]
        for name in OUTPUTS
    }
