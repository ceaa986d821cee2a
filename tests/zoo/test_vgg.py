"""VGG-16 against Keras's own, weight for weight."""

import keras
import numpy as np
import pytest

import zoo


@pytest.mark.once
def test_logits_are_those_of_keras_applications():
    small = (48, 40, 3)
    ours = zoo.get("vgg16", input_shape=small, num_classes=5)
    theirs = keras.applications.VGG16(
        weights=None, input_shape=small, classes=5, classifier_activation=None
    )
    theirs.set_weights(ours.get_weights())
    images = np.random.default_rng(0).normal(size=(2, *small)).astype("float32")
    logits = [net.predict(images, verbose=0) for net in (ours, theirs)]
    np.testing.assert_allclose(*logits, rtol=1e-4, atol=1e-4)
    assert np.ptp(logits[0]) > 0.1
