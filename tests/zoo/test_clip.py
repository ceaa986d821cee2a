"""What is special of CLIP: two towers, one space, a scale, a loss over all pairs of a batch."""

import math

import keras
import numpy as np
import pytest

import zoo
from zoo.training import ContrastiveLoss

TINY = {
    "input_shape": (32, 32, 3),
    "patch": 8,
    "image_width": 24,
    "image_depth": 2,
    "image_heads": 3,
    "vocabulary": 30,
    "context": 9,
    "text_width": 16,
    "text_depth": 2,
    "text_heads": 2,
    "embedding": 12,
}
END = 29


def filled(model, seed=0):
    """The model with weights that no initialiser gives: nothing is zero, biases included."""
    rng = np.random.default_rng(seed)
    for variable in model.variables:
        variable.assign((variable.name == "gamma") + rng.normal(size=variable.shape, scale=0.3))
    model.get_layer("logit_scale").set_weights([np.float32(2)])
    return model


def pairs(count=4, seed=1):
    """Images, and texts of different lengths that end with [EOS]; the rest is padding."""
    rng = np.random.default_rng(seed)
    tokens = np.zeros((count, TINY["context"]), "int32")
    for row in tokens:
        length = rng.integers(2, TINY["context"])
        row[:length] = rng.integers(1, END, length)
        row[length] = END
    images = rng.normal(size=(count, *TINY["input_shape"])).astype("float32")
    return {"image": images, "tokens": tokens}


def keras_hub_logits(ours, x):
    """Texts by images, of keras-hub's CLIP with the weights of ours."""
    keras_hub = pytest.importorskip("keras_hub")
    image = keras_hub.models.CLIPVisionEncoder(
        patch_size=TINY["patch"],
        hidden_dim=TINY["image_width"],
        num_layers=TINY["image_depth"],
        num_heads=TINY["image_heads"],
        intermediate_dim=4 * TINY["image_width"],
        image_shape=TINY["input_shape"],
    )
    text = keras_hub.models.CLIPTextEncoder(
        vocabulary_size=TINY["vocabulary"],
        embedding_dim=TINY["text_width"],
        hidden_dim=TINY["text_width"],
        num_layers=TINY["text_depth"],
        num_heads=TINY["text_heads"],
        intermediate_dim=4 * TINY["text_width"],
        max_sequence_length=TINY["context"],
    )
    theirs = keras_hub.models.CLIPBackbone(image, text, projection_dim=TINY["embedding"])

    def of(name):
        return ours.get_layer(name).get_weights()

    patches = image.embedding
    patches.class_embedding.assign(of("image_class")[0][0])
    patches.patch_embedding.set_weights(of("patches"))
    patches.position_embedding.set_weights(of("image_positions"))
    # Built from arguments every id is 0, in keras-hub 0.32: all patches have the first position.
    patches.position_ids.assign(np.arange(17)[None])
    image.pre_layer_norm.set_weights(of("image_norm0"))
    image.layer_norm.set_weights(of("image_norm"))
    text.embedding.token_embedding.set_weights(of("text_tokens"))
    text.embedding.position_embedding.set_weights(of("text_positions"))
    text.layer_norm.set_weights(of("text_norm"))
    for encoder, tower, heads in ((image, "image", 3), (text, "text", 2)):
        for i, layer in enumerate(encoder.encoder_layers, start=1):
            block = f"{tower}_block{i}"
            layer.layer_norm_1.set_weights(of(f"{block}_norm1"))
            layer.layer_norm_2.set_weights(of(f"{block}_norm2"))
            layer.dense_1.set_weights(of(f"{block}_mlp1"))
            layer.dense_2.set_weights(of(f"{block}_mlp2"))
            kernel, bias, out, out_bias = of(f"{block}_attention")
            width = len(out)
            in_heads = []
            for k, b in zip(np.split(kernel, 3, axis=1), np.split(bias, 3), strict=True):
                in_heads += [k.reshape(width, heads, -1), b.reshape(heads, -1)]
            layer.attention.set_weights([*in_heads, out.reshape(heads, -1, width), out_bias])
    theirs.vision_projection.set_weights(of("image_project"))
    theirs.text_projection.set_weights(of("text_project"))
    theirs.clip_head.set_weights(of("logit_scale"))
    found = theirs.predict({"images": x["image"], "token_ids": x["tokens"]}, verbose=0)
    return found["text_logits"]


def logits(outputs):
    return outputs["logit_scale"][0] * outputs["text"] @ outputs["image"].T


class TestModel:
    def test_similarities_are_those_of_keras_hub_with_the_same_weights(self):
        model, x = filled(zoo.get("clip_small", **TINY)), pairs()
        ours = logits(model.predict(x, verbose=0))
        assert np.ptp(ours) > 0.1
        np.testing.assert_allclose(ours, keras_hub_logits(model, x), atol=1e-4)

    @pytest.mark.once
    @pytest.mark.slow
    @pytest.mark.parametrize(
        ("name", "published"), [("clip_base_32", 151_277_313), ("clip_base_16", 149_620_737)]
    )
    def test_has_as_many_parameters_as_published(self, name, published):
        assert zoo.get(name).count_params() == published

    @pytest.mark.once
    def test_patches_that_change_places_are_another_image(self):
        model, x = filled(zoo.get("clip_small", **TINY)), pairs(1)
        moved = x["image"].copy()
        moved[:, :8, :8], moved[:, 8:16, 16:24] = x["image"][:, 8:16, 16:24], x["image"][:, :8, :8]
        before, after = (
            model.predict(x | {"image": image}, verbose=0)["image"] for image in (x["image"], moved)
        )
        assert np.abs(before - after).max() > 1e-3

    def test_what_follows_the_end_of_a_text_changes_nothing(self):
        model, x = filled(zoo.get("clip_small", **TINY)), pairs(3)
        before = model.predict(x, verbose=0)["text"]
        tokens = x["tokens"].copy()
        for row in tokens:
            row[row.argmax() + 1 :] = 7
        after = model.predict(x | {"tokens": tokens}, verbose=0)["text"]
        np.testing.assert_allclose(before, after, atol=1e-5)
        tokens[:, 0] = tokens[:, 0] % 28 + 1  # what precedes it does
        other = model.predict(x | {"tokens": tokens}, verbose=0)["text"]
        assert np.abs(before - other).max(axis=1).min() > 1e-3

    @pytest.mark.once
    def test_vectors_have_length_1_in_half_precision_too(self):
        keras.config.set_dtype_policy("mixed_float16")
        found = zoo.get("clip_small", **TINY).predict(pairs(), verbose=0)
        for tower in ("image", "text"):
            assert found[tower].dtype == np.float32
            np.testing.assert_allclose(np.linalg.norm(found[tower], axis=1), 1, atol=1e-6)

    @pytest.mark.once
    def test_a_classifier_of_the_zoo_can_look_at_the_images(self):
        model = zoo.get("clip_small", **TINY | {"image_tower": "resnet20"})
        found = model.predict(pairs(), verbose=0)
        assert found["image"].shape == found["text"].shape == (4, 12)
        body = zoo.get("resnet20", num_classes=0).count_params()
        text = sum(w.numpy().size for w in model.weights if w.path.startswith("text"))
        assert model.count_params() == body + 64 * 12 + text + 1

    @pytest.mark.once
    @pytest.mark.parametrize(
        ("wrong", "message"),
        [
            ({"image_tower": "resnet21"}, "image_tower='resnet21' must be one of.*'resnet20'"),
            ({"vocabulary": 0}, "vocabulary=0 must be a whole number, 1 or more"),
            ({"text_heads": 3}, "3 heads do not divide a width of 16"),
            ({"patch": 7}, "multiples of the patch of 7"),
        ],
    )
    def test_an_argument_that_does_not_fit_is_named(self, wrong, message):
        with pytest.raises(ValueError, match=message):
            zoo.get("clip_small", **TINY | wrong)


class TestLogitScale:
    def test_starts_at_1_by_0_07_and_is_100_at_most(self):
        model = zoo.get("clip_small", **TINY)
        scale = model.predict(pairs(), verbose=0)["logit_scale"]
        np.testing.assert_allclose(scale, np.full((4, 1), 1 / 0.07), rtol=1e-5)
        model.get_layer("logit_scale").set_weights([np.float32(10)])
        np.testing.assert_allclose(model.predict(pairs(), verbose=0)["logit_scale"], 100, rtol=1e-5)

    def test_a_step_beyond_is_taken_back_and_the_way_down_stays_open(self):
        model, x = zoo.get("clip_small", **TINY), pairs(2)
        layer = model.get_layer("logit_scale")
        layer.log_scale.assign(math.log(99.9))
        others = [w for w in model.trainable_weights if w is not layer.log_scale]
        for weight in others:
            weight.trainable = False
        for loss, rate, moved in ((spread, 1.0, 0), (unspread, 1e-3, -1)):
            model.compile(keras.optimizers.SGD(rate), loss)
            before = math.log(100)
            model.train_on_batch(x, np.arange(2))
            after = float(keras.ops.convert_to_numpy(layer.log_scale))
            assert np.sign(round(after - before, 5)) == moved


def spread(y_true, y_pred):
    """Falls as the scale rises."""
    return -keras.ops.mean(keras.ops.abs(y_pred), axis=-1)


def unspread(y_true, y_pred):
    return keras.ops.mean(keras.ops.abs(y_pred), axis=-1)


class TestFit:
    def test_pairs_find_each_other(self):
        model, x = zoo.get("clip_small", **TINY), pairs(8)
        model.compile(keras.optimizers.Adam(3e-3), ContrastiveLoss())
        first = model.evaluate(x, np.arange(8), verbose=0)
        model.fit(x, np.arange(8), epochs=30, batch_size=8, verbose=0)
        assert model.evaluate(x, np.arange(8), verbose=0) < 0.2 * first
        assert (logits(model.predict(x, verbose=0)).argmax(axis=1) == np.arange(8)).all()

    def test_a_saved_model_goes_on_training(self, tmp_path):
        model, x = filled(zoo.get("clip_small", **TINY)), pairs()
        model.compile("adam", ContrastiveLoss(), metrics=["sparse_categorical_accuracy"])
        model.fit(x, np.arange(4), verbose=0)
        before = model.evaluate(x, np.arange(4), verbose=0)
        model.save(tmp_path / "clip.keras")
        again = keras.saving.load_model(tmp_path / "clip.keras")
        np.testing.assert_allclose(again.evaluate(x, np.arange(4), verbose=0), before, rtol=1e-4)
        again.fit(x, np.arange(4), verbose=0)

    @pytest.mark.once
    def test_metrics_see_the_similarities(self):
        model, x = filled(zoo.get("clip_small", **TINY)), pairs(6)
        model.compile("adam", ContrastiveLoss(), metrics=["sparse_categorical_accuracy"])
        found = model.evaluate(x, np.arange(6), verbose=0, return_dict=True)
        nearest = logits(model.predict(x, verbose=0)).argmax(axis=0)
        expected = np.mean(nearest == np.arange(6))
        assert found["sparse_categorical_accuracy"] == pytest.approx(expected)
