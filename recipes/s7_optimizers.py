"""Session 7: eight optimizers by hand on a bowl, a saddle, a plateau and a narrow valley.

    python recipes/s7_optimizers.py
    python recipes/s7_optimizers.py --tables=valley --steps=300     # whose iterations, how many

What it shows: paths, losses and iteration tables of every optimizer on each surface; how far
keras.optimizers ever is from them; and descent off the saddle's ridge, by noise.
Checked: tests/zoo/fundamentals/test_optimizers.py, against Keras and PyTorch in every step.
"""

from zoo import checks, cli
from zoo.fundamentals.optimizers import RULES, SURFACES, descend, replay
from zoo.report.page import Section
from zoo.report.plots import Contours, Plot, contours, plots
from zoo.run import Run
from zoo.training import perturb_gradients

import keras
import numpy as np

OPTIMIZERS = {  # settings by hand, Keras's class and what differs in its settings
    "gradient descent": ({"rate": 0.1}, "SGD", {}),
    "SGD": ({"rate": 0.1}, "SGD", {}),
    "momentum": ({"rate": 0.1, "mu": 0.9}, "SGD", {"momentum": 0.9}),
    "Nesterov": ({"rate": 0.1, "mu": 0.9}, "SGD", {"momentum": 0.9, "nesterov": True}),
    "AdaGrad": ({"rate": 0.5}, "Adagrad", {}),
    "AdaDelta": ({"rate": 1.0, "eps": 1e-3}, "Adadelta", {"epsilon": 1e-3}),
    "RMSprop": ({"rate": 0.05}, "RMSprop", {}),
    "Adam": ({"rate": 0.1}, "Adam", {}),
}
LESSONS = {
    "bowl": "Every rule heads for the minimum; momentum carries it past, Nesterov's less far.",
    "saddle": "0.01 beside the ridge, the slope away from it is next to nothing. Rules with a rate "
    "per weight scale it up and leave the ridge early, the others once it has grown.",
    "plateau": "Steps in proportion to a tiny slope are tiny; steps divided by its size are not.",
    "valley": "Steep across, nearly level along: descent crawls, momentum adds up its small steps.",
    "ridge": "On the ridge the gradient points along it: descent heads for the saddle. Gaussian "
    "noise on the gradient, less in every step, pushes it to one side.",
}


def main(
    steps=100,  # iterations of each
    tables="bowl",  # the surface whose iterations are listed
    eta=0.01,  # variance of the noise in the first step off the ridge
    seed=0,
    out: str | None = None,
):
    checks.one_of("tables", tables, SURFACES)
    checks.whole_number("steps", steps, least=1)
    run = Run.start(__file__, config=locals())
    sections, falls, folded, gap = [], [], [], 0.0
    axes = {"x": range(steps + 1), "xlabel": "iteration", "log": "y", "limits": (1e-4, 10)}
    for name, surface in SURFACES.items():
        paths, losses, ends = {}, {}, []
        for rule, (settings, class_name, more) in OPTIMIZERS.items():
            rows = descend(rule, surface, steps, seed=seed, **settings)
            paths[rule] = np.array([(row["w1"], row["w2"]) for row in rows])
            losses[rule] = [row["loss"] - surface.lowest for row in rows]
            optimizer = getattr(keras.optimizers, class_name)(settings["rate"], **more)
            slope = surface.sampled(seed=seed) if rule == "SGD" else surface.gradient
            path, slopes = walk(optimizer, slope, surface.start, steps)
            gap = max(gap, np.abs(replay(rule, slopes, surface.start, **settings) - path).max())
            table = [{key: f"{n:.4g}".replace("nan", "") for key, n in r.items()} for r in rows]
            ends.append({"optimizer": rule} | table[-1])
            ends[-1]["settings"] = ", ".join(f"{key} {settings[key]}" for key in settings)
            if name == tables:
                folded.append(Section(f"{rule} on the {name}", table=table, folded=True))
        pairs, grid = np.reshape([*RULES], (4, 2)), surface.grid()
        panels = [Contours("", *grid, {rule: paths[rule] for rule in pair}) for pair in pairs]
        path = contours(run.folder / f"{name}.png", panels, height=3.4, axes=("w1", "w2"))
        sections.append(Section(name.capitalize(), LESSONS[name], path, ends))
        falls.append(Plot(f"{name}: loss above the lowest", losses, **axes))
    for section in folded:
        run.print_table([*section.table[:6], *section.table[10::10]], section.heading)

    saddle, paths = SURFACES["saddle"], {}
    for noise in (0.0, eta):
        sgd = perturb_gradients(keras.optimizers.SGD(0.1), eta=noise, seed=seed)
        paths[f"eta {noise:g}"], _ = walk(sgd, saddle.gradient, (-1.8, 0.0), steps)
    ridge = Contours("gradient descent from the ridge", *saddle.grid(), paths)
    path = contours(run.folder / "ridge.png", [ridge], columns=1, axes=("w1", "w2"))
    sections.append(Section("Losses", "", plots(run.folder / "losses.png", falls, height=3.6)))
    sections.append(Section("The ridge", LESSONS["ridge"], path))
    numbers = [(f"{gap:.0e}", f"farthest from Keras, {steps} steps"), ("8", "optimizers")]
    return run.report("Optimizers by hand", [*sections, *folded], numbers)


def walk(optimizer, slope, start, steps):
    """Where a Keras optimizer goes (steps + 1, 2), and the gradients it is given (steps, 2)."""
    weight, path, slopes = keras.Variable(start), [np.array(start)], []
    for _ in range(steps):
        slopes.append(slope(path[-1]))
        optimizer.apply([keras.ops.convert_to_tensor(slopes[-1], "float32")], [weight])
        path.append(keras.ops.convert_to_numpy(weight).astype(float))
    return np.array(path), np.array(slopes)


if __name__ == "__main__":
    cli.run(main)
