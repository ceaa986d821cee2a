"""Anchors: clusters that are known, against the same by a loop, and scikit-learn's."""

import numpy as np
import pytest
from sklearn.cluster import KMeans

from zoo.detection import Anchors, anchor_kmeans, fixed_priors, mean_best_iou, shape_iou

pytestmark = pytest.mark.once


def sizes_around(centres, count, seed=0):
    noise = np.random.default_rng(seed).normal(0, 0.03, (count, len(centres), 2))
    return (np.array(centres) * np.exp(noise)).reshape(-1, 2)


def test_iou_of_shapes_is_that_of_boxes_corner_on_corner():
    ious = shape_iou([[4, 2], [1, 1]], [[2, 4], [4, 2]])
    np.testing.assert_allclose(ious, [[4 / 12, 1], [1 / 8, 1 / 8]])


@pytest.mark.parametrize("centre", ["median", "mean"])
def test_finds_clusters_smallest_first(centre):
    centres = [[0.1, 0.1], [0.2, 0.5], [0.6, 0.3], [0.9, 0.9]]
    anchors = anchor_kmeans(sizes_around(centres, 100), 4, centre=centre)
    np.testing.assert_allclose(anchors.sizes, centres, rtol=0.02)
    assert 0.93 < anchors.mean_iou < 1


def test_one_anchor_is_the_median_or_the_mean_of_all():
    sizes = np.random.default_rng(0).uniform(0.1, 1, (51, 2))
    for centre, average in (("median", np.median), ("mean", np.mean)):
        found = anchor_kmeans(sizes, 1, centre=centre)
        np.testing.assert_allclose(found.sizes[0], average(sizes, axis=0))
        assert found.mean_iou == pytest.approx(mean_best_iou(sizes, found.sizes))


def test_is_nearer_to_boxes_of_many_sizes_than_euclidean_clusters():
    sizes = np.exp(np.random.default_rng(0).normal(-2, 1, (2_000, 2)))
    euclidean = KMeans(5, n_init=10, random_state=0).fit(sizes).cluster_centers_
    assert anchor_kmeans(sizes, 5).mean_iou > mean_best_iou(sizes, euclidean) + 0.02


def test_many_boxes_end_where_a_sample_of_them_does():
    sizes = np.exp(np.random.default_rng(0).normal(-2, 0.7, (150_000, 2)))
    many, few = anchor_kmeans(sizes, 3), anchor_kmeans(sizes[:5_000], 3)
    assert many.mean_iou == pytest.approx(few.mean_iou, abs=0.01)


def test_boxes_without_area_are_left_out_and_counted():
    sizes = np.array([[0.2, 0.2], [0, 0.5], [0.3, 0.0], [0.4, 0.4]])
    found = anchor_kmeans(sizes, 2)
    assert isinstance(found, Anchors) and found.left_out == 2 and found.mean_iou == 1
    np.testing.assert_allclose(found.sizes, [[0.2, 0.2], [0.4, 0.4]])


def test_the_same_seed_gives_the_same_anchors():
    sizes = np.random.default_rng(0).uniform(0.1, 1, (500, 2))
    first, again = anchor_kmeans(sizes, 4, seed=3), anchor_kmeans(sizes, 4, seed=3)
    np.testing.assert_array_equal(first.sizes, again.sizes)


def test_fixed_priors_are_those_of_the_paper():
    priors = fixed_priors(6)
    assert [len(shapes) for shapes in priors] == [4] * 6
    np.testing.assert_allclose(priors[0][0], [0.2, 0.2])
    np.testing.assert_allclose(priors[0][1], [0.2 * 2**0.5, 0.2 / 2**0.5])
    np.testing.assert_allclose(priors[0][3], [(0.2 * 0.34) ** 0.5] * 2)  # to the next scale
    np.testing.assert_allclose(priors[5][0], [0.9, 0.9])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([[1, 2, 3]], 1), r"widths and heights \(n, 2\), not \(1, 3\)"),
        (([[1, np.nan]], 1), "sizes must be finite"),
        (("many", 1), "sizes must be numbers"),
        (([[1, 1], [0, 1]], 2), "k=2 anchors need as many boxes with an area, not 1"),
        (([[1, 1]], 0), "k=0 must be a whole number"),
        (([[1, 1]], 1.5), "k=1.5 must be a whole number"),
    ],
)
def test_what_cannot_be_clustered_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        anchor_kmeans(*arguments)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"maps": 0}, "maps=0 must be"),
        ({"maps": 2, "ratios": (1, 0)}, "ratios=0 must be"),
        ({"maps": 2, "smallest": 0.5, "largest": 0.4}, "largest=0.4 must be"),
    ],
)
def test_priors_out_of_their_range_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        fixed_priors(**options)
