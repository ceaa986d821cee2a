"""Session 10: a classifier that is shown an image part by part, and one pass in its place.

    python recipes/s10_sliding_window.py                           # generated shapes, a minute

What it shows: windows slid over an image and three smaller copies, and regions that may be an
object, each through a small classifier. Without a fixed size, the same net sees a whole copy in one
pass and gives the same scores and others between them: what windows share is computed once.
Checked: tests/zoo/detection/test_windows.py.
"""

import zoo
from zoo import checks, cli, datasets
from zoo.detection import match, windows
from zoo.report import windows as figures
from zoo.report.page import Section
from zoo.run import Run

import keras
import numpy as np

GRID = {"side": 28, "stride": 8, "scales": (1, 3 / 4, 1 / 2, 3 / 8)}  # the classifier strides by 2
LOOKED = """White dots are the middles of all windows, squares one of each size; regions are
connected pixels of like colour; found is what is left of the windows of one pass over each copy."""
SURE = "How likely an object is in each window, from one pass over each copy; true boxes dashed."


def main(
    dataset="shapes",
    epochs=8,
    image=9,  # the validation image that is searched
    seed=0,
    limit: int | None = 300,
    data_dir: str | None = None,
    out: str | None = None,
):
    run = Run.start(__file__, config=locals())
    shape = (192, 192, 3)
    data = datasets.load(dataset, image_shape=shape, limit=limit, data_dir=data_dir, seed=seed)
    if not isinstance(data, datasets.DetectionDataset):
        raise ValueError(f"dataset={dataset!r} has no boxes; name shapes, bccd or a COCO folder")
    image = checks.whole_number("image", image, least=0, most=len(data.val) - 1)
    none = data.num_classes  # the background's class
    options = {"num_classes": none + 1, "channels": (10, 16, 10, 14, 14, 14)}

    net = zoo.get("mnist_8k", input_shape=(28, 28, 3), **options)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    net.compile(keras.optimizers.Adam(0.01), loss, metrics=["accuracy"])
    x, y = windows.sample_windows(data.train, none, count=8, seed=seed, **GRID)
    net.fit(datasets.normalize(x, data.mean, data.std), y, batch_size=64, epochs=epochs, verbose=0)

    def over_all(shape):  # a window's last maps are 6x6, and the logits take their mean
        whole = zoo.get("mnist_8k", input_shape=shape, **options)
        means = keras.layers.AveragePooling2D(6, strides=1)(whole.get_layer("conv5_relu").output)
        return keras.Model(whole.input, whole.get_layer("logits")(means))

    one_pass = over_all((None, None, 3))
    one_pass.set_weights(net.get_weights())
    picture, objects, table = data.val.images[image], data.val.objects[image], []

    def search(name, model, batches, boxes):
        batches = [datasets.normalize(batch, data.mean, data.std) for batch in batches]
        logits, seconds = windows.timed_passes(model, batches)
        probabilities = windows.softmax(np.concatenate([x.reshape(-1, none + 1) for x in logits]))
        found = windows.detections_in(boxes, probabilities, none)
        pairs = match(found, objects, none)
        right = np.sum(pairs.true == pairs.predicted)
        shapes = {batch.shape[1:] for batch in batches}
        adds = {shape: zoo.summary(over_all(shape)).multiply_adds for shape in shapes}
        total = sum(len(batch) * adds[batch.shape[1:]] for batch in batches)
        row = {"search": name, "windows": f"{len(boxes):,}", "passes": f"{len(batches):,}"}
        row |= {"million multiply-adds": f"{total / 1e6:,.0f}", "seconds": f"{seconds:.3f}"}
        table.append(row | {"found": f"{right} of {len(objects)}", "wrong": len(found) - right})
        return probabilities, found.boxes

    parts, boxes = windows.sliding_windows(picture, **GRID)
    alone, _ = search("each window alone", net, parts[:, None], boxes)
    batches = [parts[i : i + 64] for i in range(0, len(parts), 64)]
    search("64 windows at once", net, batches, boxes)
    regions = windows.region_proposals(picture)
    search("proposed regions", net, [windows.crops(picture, regions, 28, 0.2)], regions)
    every = windows.sliding_windows(picture, **GRID | {"stride": 2})[1]
    copies = [windows.scaled(picture, scale)[None] for scale in GRID["scales"]]
    scores, found = search("one pass over each copy", one_pass, copies, every)
    run.print_table(table, f"One image of {data.name}, {len(objects)} objects")

    row_of = {tuple(box): row for row, box in enumerate(every)}
    difference = np.abs(scores[[row_of[tuple(box)] for box in boxes]] - alone).max()
    shown = {"windows": boxes, "regions": regions, "found": found}
    heat = run.folder / "scores.png", picture.shape, every, 1 - scores[:, none], objects.boxes
    looked = figures.looked_at(run.folder / "windows.png", picture, shown)
    sections = [
        Section("Counted", f"Scores of the same windows differ by {difference:.0e}.", table=table),
        Section("Where it looks", LOOKED, looked),
        Section("What it says", SURE, figures.score_maps(*heat)),
    ]
    return run.report("Sliding windows", sections)


if __name__ == "__main__":
    cli.run(main)
