"""Session 11: CLIP from scratch, on generated shapes or on CIFAR-10.

    python recipes/s11_clip.py                                               # shapes, embedded
    python recipes/s11_clip.py --limit=200 --epochs=2                        # to try it, seconds
    python recipes/s11_clip.py --dataset=cifar10 --tower=resnet20 --epochs=12 --max-lr=0.002

What it shows: no class is named in training. Each image has to find its own caption among those of
the batch, each caption its image. Then texts make classes: an image belongs to the nearest prompt,
among them three pairs of colour and kind that no training image has. A transformer (--tower=vit,
batches of 128) ended 24 epochs at 43 %; the small convolutional net was past that in its sixth.
Checked: tests/zoo/test_clip.py, tests/zoo/test_image_text.py.
"""

import dataclasses

import zoo
from zoo import cli, datasets
from zoo.datasets import captions, shapes, transforms
from zoo.language import WordTokenizer
from zoo.report.page import Section
from zoo.run import Run
from zoo.training import ContrastiveLoss, OneCycle
from zoo.training.callbacks import ImageTextMetrics, RetrievalReport, SimilarityReport

import keras

UNSEEN = ("red disc", "blue square", "yellow triangle")
SIZES = ("a small {}", "a large {}")
PHOTOS = ("a photo of a {}", "a small photo of a {}", "a blurry photo of a {}", "a picture of a {}")
PROMPTS = "Share of the images whose nearest class is theirs. An ensemble averages its prompts."


def captioned(dataset, limit, data_dir, seed):
    """Images with captions, the names of the classes, and the templates of their prompts."""
    if dataset != "shapes":
        data = datasets.load(dataset, limit=limit, data_dir=data_dir, seed=seed)
        return captions.of_classes(data, PHOTOS), data.class_names, PHOTOS
    data = datasets.load("shapes", limit=limit, seed=seed, unseen=[n.split() for n in UNSEEN])
    val = datasets.load("shapes", limit=min(limit or 1000, 1000), seed=seed + 1).train  # all pairs
    names = [f"{color} {kind}" for color in shapes.COLORS for kind in shapes.CLASS_NAMES]
    return captions.of_boxes(dataclasses.replace(data, val=val)), names, SIZES


def main(
    dataset="shapes",
    tower="mnist_20k",  # what looks at the images: "vit", or a classifier of the zoo
    epochs=40,
    batch_size=64,
    max_lr=5e-3,
    weight_decay=0.1,
    seed=0,
    limit: int | None = None,
    data_dir: str | None = None,
    out: str | None = None,
    resume: str | None = None,
):
    run = Run.start(__file__, config=locals())

    data, names, templates = captioned(dataset, limit, data_dir, seed)
    prompts = captions.prompts(names, templates)
    labels = captions.labels(data.captions_val, prompts)
    unseen = [names.index(name) for name in UNSEEN if name in names]
    tokenizer = WordTokenizer.train(text for texts in data.captions_train for text in texts)
    tokenizer.save(run.folder / "words.json")

    def tokenize(texts):
        return tokenizer.rows(texts, 16)

    shape = data.x_train.shape[1:]
    moved = [] if dataset == "shapes" else [transforms.crop(shape[0], pad=4)]  # cuts no object off
    train = data.batches("train", batch_size, tokenize, [*moved, transforms.flip()], seed=seed)
    val = data.batches("val", batch_size, tokenize)  # the loss depends on the size

    words = tokenizer.vocabulary_size
    net = zoo.get("clip_small", input_shape=shape, image_tower=tower, vocabulary=words)
    rate = OneCycle(max_lr, epochs * len(train), 0.2 * epochs * len(train), anneal="linear")
    optimizer = keras.optimizers.AdamW(rate, weight_decay=weight_decay)
    others = [weight for weight in net.trainable_weights if weight.name != "kernel"]
    optimizer.exclude_from_weight_decay(var_list=others)  # embeddings, norms, biases, the scale
    net.compile(optimizer, ContrastiveLoss())
    metrics = ImageTextMetrics(val, tokenize, prompts, labels, unseen)
    reports = [
        SimilarityReport(metrics, data, run.folder / "similarity.png"),
        RetrievalReport(metrics, data, run.folder / "retrieved.png"),
    ]
    net.fit(
        train,
        validation_data=val,
        epochs=epochs,
        initial_epoch=run.restore(net, train),
        verbose=0,
        callbacks=[metrics, *run.callbacks, *reports],
    )
    table = metrics.table({"one": [texts[:1] for texts in prompts], "ensemble": prompts})
    run.print_table(table)
    return run.finish(net, [*reports, Section("Prompts", PROMPTS, table=table)])


if __name__ == "__main__":
    cli.run(main)
