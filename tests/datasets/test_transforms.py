"""Each augmentation does what its name says."""

import albumentations as A
import numpy as np
import pytest
from sklearn.decomposition import PCA

from zoo.datasets import transforms
from zoo.datasets.transforms.policies import CIFAR10_POLICY

pytestmark = pytest.mark.once
IMAGE = np.random.default_rng(0).integers(1, 255, (32, 32, 3)).astype("uint8")


def many(transform, image=IMAGE, count=60):
    pipeline = A.Compose([transform], seed=0)
    return np.stack([pipeline(image=image)["image"] for _ in range(count)])


def holes(images):
    """(rows, columns) of the black hole in each image."""
    black = (images == 0).all(axis=-1)
    return black.any(axis=2).sum(axis=1), black.any(axis=1).sum(axis=1)


class TestTransforms:
    def test_crop_cuts_a_window_out_of_the_mirrored_border(self):
        padded = np.pad(IMAGE, ((4, 4), (4, 4), (0, 0)), mode="reflect")
        windows = {padded[r : r + 32, c : c + 32].tobytes() for r in range(9) for c in range(9)}
        cropped = {image.tobytes() for image in many(transforms.crop(32, pad=4))}
        assert cropped <= windows and len(cropped) > 20

    def test_flip_mirrors_half_of_the_images(self):
        flipped = (many(transforms.flip(), count=400) == IMAGE[:, ::-1]).all(axis=(1, 2, 3))
        assert 150 < flipped.sum() < 250

    def test_rotate_stays_within_its_degrees(self):
        bar = np.zeros((65, 65, 1), "uint8")
        bar[32] = 255
        angles = []
        for image in many(transforms.rotate(7), bar):
            rows, columns = np.nonzero(image[..., 0] > 127)
            angles.append(np.degrees(np.arctan(np.polyfit(columns, rows, 1)[0])))
        assert 4 < np.max(np.abs(angles)) < 7.5 and np.min(angles) < 0 < np.max(angles)

    def test_shift_scale_rotate_moves_the_image(self):
        changed = (many(transforms.shift_scale_rotate(), count=200) != IMAGE).any(axis=(1, 2, 3))
        assert 60 < changed.sum() < 140

    def test_coarse_dropout_puts_the_whole_hole_inside(self):
        rows, columns = holes(many(transforms.coarse_dropout(16, p=1.0)))
        assert set(rows) == set(columns) == {16}

    def test_cutouts_hole_may_be_cut_by_the_border(self):
        rows, columns = holes(many(transforms.cutout(8)))
        assert rows.max() == columns.max() == 8 and 4 <= rows.min() < 8

    def test_holes_take_the_mean_of_the_dataset(self):
        images = many(transforms.cutout(8, fill=(0.5, 0.25, 1.0)), np.zeros_like(IMAGE))
        assert set(map(tuple, images[images.any(axis=-1)])) == {(128, 64, 255)}

    def test_scale_zooms_about_the_middle_both_ways(self):
        square = np.zeros((64, 64, 1), "uint8")
        square[16:48, 16:48] = 255
        images = many(transforms.scale(0.25), square) > 127
        sides = np.sqrt(images.sum((1, 2, 3)))
        assert 24 <= sides.min() < 28 and 36 < sides.max() <= 40
        middles = [np.mean(np.nonzero(image[..., 0]), axis=1) for image in images]
        np.testing.assert_allclose(middles, 31.5, atol=1)

    @pytest.mark.parametrize(
        "zoom", [transforms.scale(0.25), transforms.shift_scale_rotate(0, 0.25, 0, 1)]
    )
    def test_zooming_leaves_a_square_a_square(self, zoom):
        square = np.zeros((64, 64, 1), "uint8")
        square[16:48, 16:48] = 255
        images = many(zoom, square)[..., 0] > 127
        heights, widths = images.any(2).sum(1), images.any(1).sum(1)
        assert np.ptp(heights) > 10 and np.abs(heights - widths).max() <= 1

    def test_translate_moves_by_at_most_its_share(self):
        dot = np.zeros((65, 65, 1), "uint8")
        dot[31:34, 31:34] = 255
        moved = np.array(
            [
                np.argwhere(image[..., 0] > 127).mean(0) - 32
                for image in many(transforms.translate(0.1), dot)
            ]
        )
        assert np.abs(moved).max() <= 7 and (moved.min(0) < -4).all() and (moved.max(0) > 4).all()

    def test_blur_spreads_a_dot_and_keeps_its_light(self):
        dot = np.zeros((33, 33, 1), "uint8")
        dot[16, 16] = 255
        blurred = many(transforms.blur((1.0, 1.0)), dot, count=1)[0, ..., 0].astype(float)
        assert blurred.argmax() == 16 * 33 + 16 and abs(blurred.sum() - 255) < 15
        assert blurred.max() / 255 == pytest.approx(1 / (2 * np.pi), abs=0.02)  # of a Gaussian

    def test_color_shift_adds_a_number_to_each_channel(self):
        grey = np.full((4, 4, 3), 128, "uint8")
        shifts = many(transforms.color_shift(0.1), grey, 100).astype(int) - 128
        assert (shifts == shifts[:, :1, :1]).all() and 20 < np.abs(shifts).max() <= 26
        assert (np.ptp(shifts[:, 0, 0], axis=1) > 0).mean() > 0.9

    def test_elastic_moves_neighbours_together(self):
        ramp = np.tile(np.arange(0, 256, 4, dtype="uint8")[:, None, None], (1, 64, 1))
        moved = (many(transforms.elastic(), ramp, 40).astype(float) - ramp)[:, 12:-12, 12:-12] / 4
        # uniform noise has deviation 1 / sqrt(3), smoothed over sigma that / (2 sqrt(pi) sigma)
        assert moved.std() == pytest.approx(34 / np.sqrt(3) / (2 * np.sqrt(np.pi) * 4), rel=0.15)
        assert np.abs(np.diff(moved, axis=2)).mean() < 0.5

    def test_patch_gaussian_adds_noise_on_a_patch_that_borders_cut(self):
        grey = np.full((32, 32, 3), 128, "uint8")
        changed = (many(transforms.patch_gaussian(9, 0.3), grey, 200) != 128).any(axis=-1)
        rows, columns = changed.any(axis=2).sum(axis=1), changed.any(axis=1).sum(axis=1)
        assert max(rows) == max(columns) == 9 and 0 < min(rows) < 9
        large = [
            image[8:24, 8:24].std() / 255
            for image in many(transforms.patch_gaussian(64, 0.1), grey)
        ]
        assert max(large) < 0.11 and max(large) > 0.08 > 0.03 > min(large)

    def test_nothing_but_a_rotation_lets_the_background_in(self):
        white = np.full_like(IMAGE, 255)
        assert (many(transforms.rotate(15), white) == 0).all(axis=-1).any()
        for step in (
            transforms.scale(),
            transforms.translate(),
            transforms.shift_scale_rotate(p=1),
            transforms.elastic(),
        ):
            assert (many(step, white) == 255).all(), step

    @pytest.mark.parametrize(
        "step", [transforms.crop(32, pad=4), transforms.flip(p=1), transforms.translate(0.1)]
    )
    def test_move_boxes_as_they_move_pixels(self, step):
        image = np.zeros((32, 32, 1), "uint8")
        image[12:18, 9:20] = 255
        boxes = A.BboxParams("pascal_voc", min_visibility=0.9)
        pipeline = A.Compose([step], bbox_params=boxes, seed=0)
        corners = set()
        for _ in range(20):
            made = pipeline(image=image, bboxes=np.array([[9.0, 12, 20, 18]]))
            rows, columns, _ = np.nonzero(made["image"] > 127)
            edges = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
            np.testing.assert_allclose(made["bboxes"], [edges], atol=0.51)
            corners.add(tuple(edges))
        assert len(corners) > 5 or isinstance(step, A.HorizontalFlip)

    @pytest.mark.parametrize("channels", [1, 3])
    def test_keep_size_and_type_of_grey_and_colour(self, channels):
        image = IMAGE[..., :channels]
        for step in (
            transforms.scale(),
            transforms.translate(),
            transforms.blur(),
            transforms.color_shift(),
            transforms.elastic(),
            transforms.cutout(),
            transforms.patch_gaussian(),
            transforms.auto_augment(),
            transforms.rand_augment(),
        ):
            images = many(step, image, 20)
            assert images.shape == (20, *image.shape) and images.dtype == np.uint8, step
            assert (images != image).any(), step


def test_auto_augment_pairs_the_operations_as_published():
    # Cubuk, 2019, table 7; tests/datasets/test_policies.py has their numbers
    published = """Invert Contrast, Rotate TranslateX, Sharpness Sharpness, ShearY TranslateY,
    AutoContrast Equalize, ShearY Posterize, Color Brightness, Sharpness Brightness,
    Equalize Equalize, Contrast Sharpness, Color TranslateX, Equalize AutoContrast,
    TranslateY Sharpness, Brightness Color, Solarize Invert, Equalize AutoContrast,
    Equalize Equalize, Color Equalize, AutoContrast Solarize, Brightness Color,
    Solarize AutoContrast, TranslateY TranslateY, AutoContrast Solarize, Equalize Invert,
    TranslateY AutoContrast"""
    pairs = [pair.split() for pair in published.split(",")]
    assert [[name for name, _, _ in pair] for pair in CIFAR10_POLICY] == pairs


class TestWhitening:
    IMAGES = np.random.default_rng(0).integers(0, 256, (400, 6, 4, 3)).cumsum(axis=2)
    IMAGES = (IMAGES // 4).astype("uint8")  # neighbours alike, as in photographs

    def test_leaves_variance_one_and_no_correlation(self):
        white = transforms.Whitening(self.IMAGES, epsilon=1e-9)(self.IMAGES)
        assert white.shape == self.IMAGES.shape and white.dtype == np.float32
        np.testing.assert_allclose(np.cov(white.reshape(400, -1).T), np.eye(72), atol=1e-2)

    def test_is_pca_whitening_turned_back(self):
        flat = self.IMAGES.reshape(400, -1) / 255
        pca = PCA(whiten=True).fit(flat)
        expected = pca.transform(flat) @ pca.components_
        white = transforms.Whitening(self.IMAGES, epsilon=1e-9)(self.IMAGES).reshape(400, -1)
        np.testing.assert_allclose(white, expected, atol=1e-2)

    def test_stays_finite_on_fewer_images_than_pixels(self):
        white = transforms.Whitening(self.IMAGES[:5])(self.IMAGES)
        assert np.isfinite(white).all() and np.abs(white).max() < 50

    def test_refuses_another_size_and_an_epsilon_of_nothing(self):
        with pytest.raises(
            ValueError, match=r"fitted on images \(6, 4, 3\), these are \(6, 6, 3\)"
        ):
            transforms.Whitening(self.IMAGES)(np.zeros((1, 6, 6, 3), "uint8"))
        for images in (self.IMAGES / 255, self.IMAGES.tolist(), self.IMAGES[0], None):
            with pytest.raises(ValueError, match=r"must be uint8 of shape \(n, h, w, c\), pixels"):
                transforms.Whitening(images)
        with pytest.raises(ValueError, match="2 images or more, not 1"):
            transforms.Whitening(self.IMAGES[:1])
        for epsilon in (0, -1, np.nan, np.inf, "1", None):
            with pytest.raises(ValueError, match="epsilon=.* must be a finite number, above 0"):
                transforms.Whitening(self.IMAGES, epsilon)
