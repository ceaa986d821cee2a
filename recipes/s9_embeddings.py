"""Session 9: what a trained net has made of the digits, as points in a space.

    python recipes/s9_embeddings.py                                # MNIST's test images
    python recipes/s9_embeddings.py --dataset=digits               # embedded data, seconds

What it shows: before its logits mnist_20k has 24 numbers for every digit. Clustered without a look
at the labels they fall apart into the ten classes. Then a query is learned that asks one thing, is
the digit even? The embedding times the query keeps the few of the 24 numbers that answer.
Checked: tests/recipes/test_embeddings.py; clusters, maps and measures are scikit-learn's.
"""

import zoo
from zoo import cli, datasets
from zoo.report import embeddings as figures
from zoo.report.page import Section
from zoo.report.pictures import strips
from zoo.run import Run

import numpy as np
from sklearn.cluster import HDBSCAN, KMeans
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.manifold import TSNE
from sklearn.metrics import adjusted_rand_score
from sklearn.metrics.cluster import contingency_matrix

MAPS = """Every digit stands where its 24 numbers put it. PCA keeps the two directions in which they
vary most; t-SNE keeps neighbours together, distances between groups mean nothing."""
CLUSTERS = """Purity: the share of images that are of their cluster's most frequent class; the
adjusted Rand index is 0 % for chance. What HDBSCAN leaves out counts as one cluster."""
NEAREST = "For each cluster of k-means the ten images nearest to its centre, then the ten farthest."
QUERY = """Training images teach the query, validation images are shown. Numbers of the embedding
that do not help to answer are multiplied by zero: the context is cleaned up."""


def purity(labels, clusters) -> float:
    """The share of images that are of their cluster's most frequent class."""
    return contingency_matrix(labels, clusters).max(axis=0).sum() / len(labels)


def main(
    dataset="mnist",
    shown=800,  # digits on the maps
    seed=0,
    limit: int | None = None,
    data_dir: str | None = None,
    out: str | None = None,
):
    run = Run.start(__file__, config=locals())

    where = {"data_dir": data_dir, "limit": limit, "seed": seed}
    data = datasets.load(dataset, image_shape=(28, 28, 1), **where)
    weights = zoo.card("mnist_20k").weights["mnist"]
    net = zoo.get("mnist_20k", weights="mnist", num_classes=0)
    x, y, names = data.x_val, data.y_val, data.class_names
    embedding = net.predict(weights.preprocess(x), verbose=0)  # (n, 24)

    means = KMeans(len(names), n_init=10, random_state=seed).fit(embedding)
    density = HDBSCAN(max(5, len(x) // 200), copy=True).fit(embedding)
    table = []
    for name, clusters in (("k-means", means.labels_), ("HDBSCAN", density.labels_)):
        found, left_out = len({*clusters} - {-1}), f"{np.mean(clusters == -1):.1%}"
        row = {"clusters by": name, "clusters": f"{found}", "left out": left_out}
        scores = {"purity": purity(y, clusters), "Rand index": adjusted_rand_score(y, clusters)}
        table.append(row | {score: f"{value:.2%}" for score, value in scores.items()})
    run.print_table(table, f"{len(x):,} images, 24 numbers each")

    chosen = np.random.default_rng(seed).permutation(len(x))[:shown]
    tsne = TSNE(perplexity=min(30, len(chosen) / 4), random_state=seed)
    points = {"PCA": PCA(2).fit_transform(embedding)[chosen]}
    points["t-SNE"] = tsne.fit_transform(embedding[chosen])
    distances = means.transform(embedding).min(axis=1)
    rows = {}
    for cluster in range(len(names)):
        members = np.flatnonzero(means.labels_ == cluster)
        ordered = members[distances[members].argsort()]
        ends = [*ordered[:10], *ordered[10:][-10:]]  # near, then far
        title = f"mostly {names[np.bincount(y[members]).argmax()]}, {len(members):,} images"
        rows[f"cluster {cluster + 1}: {title}"] = [(x[i], names[y[i]]) for i in ends]
    taught = net.predict(weights.preprocess(data.x_train[:10_000]), verbose=0)
    gate = LogisticRegression(l1_ratio=1, C=0.01, solver="liblinear", random_state=seed)
    gate.fit(taught, data.y_train[:10_000] % 2 == 0)
    sums = (embedding * gate.coef_[0]).sum(axis=1) + gate.intercept_[0]  # most factors are 0
    correct = f"{np.mean((sums > 0) == (y % 2 == 0)):.2%}"
    answer = f"is it even? {correct} of {len(sums):,} correct"
    folder = run.folder
    drawn = figures.query(folder / "query.png", gate.coef_[0], sums, y % 2 == 0, answer)
    sections = [
        Section("Two maps", MAPS, figures.maps(folder / "maps.png", points, x[chosen], y[chosen])),
        Section("Clusters", CLUSTERS, table=table),
        Section("Near and far", NEAREST, strips(folder / "near.png", rows, 10)),
        Section("A context cleaned up", QUERY, drawn),
    ]
    tiles = [(table[0]["purity"], "purity of k-means"), (correct, "correct: is it even?")]
    return run.report("Embeddings of digits", sections, tiles)


if __name__ == "__main__":
    cli.run(main)
