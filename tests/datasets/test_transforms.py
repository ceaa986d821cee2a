"""Each augmentation does what its name says."""

import albumentations as A
import numpy as np
import pytest

from zoo.datasets import transforms

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
