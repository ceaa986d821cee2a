"""Session 7: flat and sharp minima, the loss around nets trained on small and on large batches.

    python recipes/s7_loss_surface.py                                # two nets on MNIST
    python recipes/s7_loss_surface.py --dataset=digits --large=256   # embedded data, minutes

What it shows: the same net from the same start, trained until its training loss is the same. Then
its kernels are moved along two random directions, each filter in proportion to its length, and the
loss is measured on a grid of such steps: how fast it rises is how sharp the minimum is. On MNIST
with seed 0 the sharpness is 0.77 after batches of 32 and 1.79 after batches of 512, which classify
fewer validation images correctly.
Measured: the s7_loss_surface rows of results/.
"""

import zoo
from zoo import cli, datasets
from zoo.explain import loss_surface
from zoo.report.page import Section
from zoo.report.plots import Contours, Plot, contours, plots
from zoo.run import Run
from zoo.training.callbacks.metrics_log import read_metrics

import keras

HEIGHTS = (0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20)


def main(
    dataset="mnist",
    until=0.05,  # the training loss at which a training ends
    epochs=60,  # at most
    small=32,  # images per step of the first net
    large=512,  # and of the second
    learning_rate=0.01,
    span=0.6,  # of the surface to each side; at 1 a filter moves by its own length
    points=17,  # of the grid along a side
    images=500,  # training images that the surface is measured on
    seed=0,
    limit: int | None = None,
    data_dir: str | None = None,
    out: str | None = None,
    resume: str | None = None,
):
    run = Run.start(__file__, config=locals())

    shape = (28, 28, 1)
    data = datasets.load(dataset, image_shape=shape, limit=limit, data_dir=data_dir, seed=seed)

    class StopBelow(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            self.model.stop_training = logs["loss"] < until

    x, y = data.normalize(data.x_train[:images]), data.y_train[:images]
    surfaces, table = {}, []
    for size in (small, large):
        name = f"batches of {size}"
        part = run.part(name)
        train = data.batches("train", size, seed=seed)
        net = zoo.get("mnist_8k", num_classes=data.num_classes)
        net.compile(
            keras.optimizers.Adam(learning_rate),
            keras.losses.SparseCategoricalCrossentropy(from_logits=True),
            metrics=["accuracy"],
        )
        done = part.restore(net, train)
        if not any(row["loss"] < until for row in read_metrics(part.folder / "metrics.csv")):
            net.fit(
                train,
                validation_data=data.batches("val", 1000),
                epochs=epochs,
                initial_epoch=done,
                verbose=0,
                callbacks=[*part.callbacks, StopBelow()],
            )
        part.finish(net)
        surface = loss_surface(net, x, y, seed=seed, span=span, steps=points)
        sharpness = f"{surface.sharpness(span / 2):.2f}"
        table.append({"net": name, "loss": f"{surface.center:.4f}", "sharpness": sharpness})
        surfaces[name] = surface
    run.print_table(table)

    panels = [
        Contours(name, surface.steps, surface.steps, surface.losses, levels=HEIGHTS, labels="g")
        for name, surface in surfaces.items()
    ]
    axes = ("first direction", "second direction")
    around = contours(run.folder / "surfaces.png", panels, height=4.6, axes=axes)
    lines = {name: surface.losses[points // 2] for name, surface in surfaces.items()}
    cut = Plot("Loss along the first direction", lines, surface.steps, log="y")
    along = plots(run.folder / "cut.png", [cut], columns=1)
    how = f"The loss of {len(x)} training images; at 1 a filter has moved by its own length. Batch "
    how += "norm keeps its statistics."
    what = f"Sharpness is the largest rise within {span / 2:g} of the net, over 1 + its loss "
    what += "(Keskar et al., 2017), here within the plane that is drawn."
    sections = [Section("Around the minima", how, around), Section("Sharpness", what, along, table)]
    text = f"Each until its training loss was below {until:g}, or for {epochs} epochs."
    return run.finish_comparison("Flat and sharp minima", text, sections=sections)


if __name__ == "__main__":
    cli.run(main)
