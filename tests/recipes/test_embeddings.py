"""The measure of clusters that scikit-learn lacks, and the recipe's figures on embedded digits."""

import numpy as np
import pytest

from zoo.recipes.s9_embeddings import purity

pytestmark = pytest.mark.once


def test_purity_counts_the_most_frequent_class_of_each_cluster():
    # Cluster 0 holds two a and a b, cluster 7 a b, and what was left out, -1, an a and a c.
    labels = np.array([0, 0, 1, 1, 0, 2])
    clusters = np.array([0, 0, 0, 7, -1, -1])
    assert purity(labels, clusters) == (2 + 1 + 1) / 6
    assert purity(labels, labels) == 1
    assert purity(labels, np.zeros(6, int)) == 3 / 6
