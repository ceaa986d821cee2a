"""How many objects each class has, as bars."""

import numpy as np

from zoo.report import canvas


def class_bars(path, rows):
    """Objects per class as bars, logarithmic if there are many; the path of the picture.

    `rows` have the keys Class, train and val, as `zoo.datasets.coco_schema.distribution` gives.
    """
    with canvas.style():
        figure, [axes] = canvas.new_figure(10, 1.2 + 0.17 * len(rows) if len(rows) > 5 else 2)
        names, positions = [row["Class"] for row in rows], np.arange(len(rows))
        axes.barh(
            positions - 0.2, [r["train"] for r in rows], 0.4, color=canvas.TRAIN, label="train"
        )
        axes.barh(positions + 0.2, [r["val"] for r in rows], 0.4, color=canvas.VAL, label="val")
        axes.set_yticks(positions, names, fontsize=8)
        axes.set(xlabel="objects", ylim=(len(rows) - 0.4, -0.6))
        axes.grid(visible=False, axis="y")
        if max(row["train"] for row in rows) > 100:
            canvas.logarithmic(axes, "x")
        axes.legend(loc="lower right")
        return canvas.save(figure, path)
