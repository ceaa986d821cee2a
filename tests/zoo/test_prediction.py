"""What a model says of one's own pictures, from Python and from the command line."""

import dataclasses
import io

import keras
import numpy as np
import pytest
from PIL import Image

import zoo
from zoo import detection, registry
from zoo.cli.main import main
from zoo.weights import WeightsEntry

pytestmark = pytest.mark.once


@pytest.fixture
def photo(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (40, 60, 3)).astype("uint8")
    Image.fromarray(pixels).save(tmp_path / "photo.png")
    return tmp_path / "photo.png"


class TestClassifier:
    def test_says_what_the_net_gives_for_the_prepared_image(self, photo):
        found = zoo.predict("ultimus", photo, top=3)
        net, entry = zoo.get("ultimus", weights="cifar10"), zoo.card("ultimus").weights["cifar10"]
        logits = net.predict(entry.preprocess(photo), verbose=0)[0].astype(float)
        shares = np.exp(logits - logits.max())
        shares /= shares.sum()
        best = np.argsort(-shares)[:3]
        assert len(found) == 1 and found[0].boxes is None
        assert found[0].names == tuple(entry.class_names[k] for k in best)
        np.testing.assert_allclose(found[0].scores, shares[best], rtol=1e-4)
        assert found[0].image.shape == (40, 60, 3)

    def test_takes_a_net_of_ones_own_weights(self, photo):
        net = zoo.get("mnist_8k")
        assert zoo.predict(net, [photo, photo], top=2).rows()[2]["image"] == "2"

    def test_adds_gradcam_of_the_most_probable_class(self, photo):
        (one,) = zoo.predict("ultimus", photo, cam=True)
        net, entry = zoo.get("ultimus", weights="cifar10"), zoo.card("ultimus").weights["cifar10"]
        label = entry.class_names.index(one.names[0])
        expected = zoo.explain.grad_cam(net, entry.preprocess(photo), label)[0]
        np.testing.assert_allclose(one.cam, expected, atol=1e-5)
        assert one.seen.shape == (32, 32, 3)

    def test_shows_itself(self, photo, tmp_path):
        found = zoo.predict("mnist_8k", photo)
        assert Image.open(io.BytesIO(found._repr_png_())).size[0] > 300
        assert found.save(tmp_path / "shown.png").exists()

    @pytest.mark.parametrize(
        ("model", "options", "message"),
        [
            ("vit_base_16", {}, "vit_base_16: name its weights; there are none"),
            ("ultimus", {"weights": "mnist"}, "weights='mnist' are not on its card; .* cifar10"),
            ("gpt_chars", {}, "gpt_chars does language modelling; predict is for classification"),
            ("ultimus", {"top": 0}, "top=0 must be"),
            ("ultimo", {}, "no model named 'ultimo'; nearest: ultimus"),
        ],
    )
    def test_what_cannot_be_predicted_is_said(self, photo, model, options, message):
        with pytest.raises(ValueError, match=message):
            zoo.predict(model, photo, **options)


class TestDetector:
    ENTRY = WeightsEntry(
        tag="cells", file="", sha256="", dataset="bccd", image_shape=(32, 32, 3), mean=(0.5,) * 3,
        std=(0.25,) * 3, class_names=("red", "white"), metric="map50", value=0.9, recipe="",
        epochs=1, seed=0, backend="torch", commit="",
    )  # fmt: skip

    @pytest.fixture
    def net(self, monkeypatch):
        card = dataclasses.replace(registry.card("yolo_v2_small"), weights={"cells": self.ENTRY})
        monkeypatch.setattr(registry, "card", lambda name: card)
        image = keras.Input((32, 32, 3))
        boxes = keras.layers.Conv2D(7, 1, strides=32)(image)
        boxes = zoo.layers.AnchorBoxes([(0.5, 0.25)])(boxes)
        return keras.Model(image, boxes, name="yolo_v2_small")

    def test_boxes_are_in_pixels_of_the_picture(self, net, photo):
        net.layers[1].bias.assign(np.array([0, 0, 0, 0, 9, -9, 9]))
        net.layers[1].kernel.assign(np.zeros(net.layers[1].kernel.shape))
        (one,) = zoo.predict(net, photo)
        # The canvas of 32 holds 60x40 as 32x21, 5 pixels below its top: box 8..24 x 12..20 there.
        assert one.names == ("white",)
        np.testing.assert_allclose(
            one.boxes, [[8 * 60 / 32, 7 * 40 / 21, 24 * 60 / 32, 15 * 40 / 21]], rtol=1e-4
        )

    def test_draws_them(self, net, photo, tmp_path, monkeypatch):
        found = detection.Detections(np.array([[1, 8, 20, 20.0]]), np.array([0.8]), np.array([0]))
        monkeypatch.setattr(detection, "detect", lambda *_, **__: [found])
        predictions = zoo.predict(net, photo)
        assert predictions.save(tmp_path / "boxes.png").exists()
        assert predictions.rows()[0].keys() == {"image", "class", "score", "box"}

    def test_has_no_cam(self, net, photo):
        with pytest.raises(ValueError, match="cam=True is for classifiers; yolo_v2_small draws"):
            zoo.predict(net, photo, cam=True)

    def test_nothing_found_is_drawn_as_nothing(self, net, photo, tmp_path):
        net.layers[1].bias.assign(np.array([0, 0, 0, 0, -20, 0, 0]))
        net.layers[1].kernel.assign(np.zeros(net.layers[1].kernel.shape))
        found = zoo.predict(net, photo)
        assert found.rows() == [] and found.save(tmp_path / "nothing.png").exists()


class TestCommand:
    def test_prints_a_table_and_writes_a_picture(self, photo, tmp_path, capsys):
        main(["predict", "mnist_8k", str(photo), "--top=2", f"--out={tmp_path / 'out.png'}"])
        printed = capsys.readouterr().out
        assert printed.count("photo.png") == 2 and "%" in printed
        assert (tmp_path / "out.png").exists()

    def test_a_file_that_is_absent_is_named(self, tmp_path, capsys):
        with pytest.raises(SystemExit):
            main(["predict", "mnist_8k", str(tmp_path / "absent.png")])
        assert "absent.png" in capsys.readouterr().err
