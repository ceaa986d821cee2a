"""Session 7: adversarial attacks on a trained net, and how small a change makes it err.

    python recipes/s7_adversarial.py                               # the zoo's net of CIFAR-10
    python recipes/s7_adversarial.py --dataset=digits              # embedded data; trains first
    python recipes/s7_adversarial.py --model=resnet18 --weights=runs/s7_resnet18/TIME/model.keras

Checked: tests/zoo/explain/test_adversarial.py, against closed forms and PyTorch.
"""

import keras
import numpy as np
from scipy.special import softmax

import zoo
from zoo import cli, datasets
from zoo.explain import fgsm, iterated_fgsm, pgd, success_rate
from zoo.report.page import Section
from zoo.report.pictures import strips
from zoo.report.plots import Plot, plots
from zoo.run import Run

RATES = """Away: of the images it was right about, the part it is wrong about now. To the next
class: of those it did not take for it, the part it does now. FGSM takes one step, iterated FGSM ten
of a tenth, PGD ten of a quarter from a random start. Random signs change as much, but blindly."""


def random_signs(net, x, y, epsilon, **how):
    return np.clip(x / 255 + epsilon * np.random.default_rng(0).choice([-1, 1], x.shape), 0, 1)


ATTACKS = {"random signs": random_signs, "FGSM": fgsm, "iterated FGSM": iterated_fgsm, "PGD": pgd}


def main(
    model="ultimus_residual",
    dataset="cifar10",
    weights: str | None = None,  # a file; None: the zoo's for the dataset, else it is trained here
    epsilons="0.5,1,2,4,8,16",  # of 255
    shown=2.0,  # the epsilon of the pictures
    images=300,  # of the validation set
    epochs=10,
    seed=0,
    limit: int | None = None,
    data_dir: str | None = None,
    out: str | None = None,
):
    run = Run.start(__file__, config=locals())
    sizes = sorted({shown, *map(float, epsilons.split(","))})
    if not sizes[0] > 0:
        raise ValueError(f"--epsilons {epsilons} and --shown {shown:g} must be above 0")

    card = zoo.card(model)
    shape = card.options["input_shape"]
    data = datasets.load(dataset, image_shape=shape, limit=limit, data_dir=data_dir, seed=seed)
    weights = weights or (dataset if dataset in card.weights else None)
    net = zoo.get(model, weights=weights, num_classes=data.num_classes)
    if weights is None:
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        net.compile(keras.optimizers.Adam(0.003), loss, metrics=["accuracy"])
        train = data.batches("train", 32, seed=seed)
        net.fit(train, epochs=epochs, verbose=0, callbacks=run.callbacks)

    chosen = np.random.default_rng(seed).permutation(len(data.x_val))[:images]
    x, y, names = data.x_val[chosen], data.y_val[chosen], data.class_names
    goals = {"away from its class": None, "to the next class": (y + 1) % len(names)}
    panels, table, changed = [], [], {"the images": x / 255}
    for goal, targets in goals.items():
        how, lines = {"targets": targets, "mean": data.mean, "std": data.std}, {}
        for name, attack in ATTACKS.items():
            attacked = {size: attack(net, x, y, size / 255, **how) for size in sizes}
            rates = [success_rate(net, x, of, y, **how) for of in attacked.values()]
            cells = {f"{of:g}/255": f"{rate:.1%}" for of, rate in zip(sizes, rates, strict=True)}
            table.append({"attack": f"{name}, {goal}"} | cells)
            run.console.print(*table[-1].values(), soft_wrap=True)
            lines[name] = [0, *rates]
        changed[goal] = attacked[shown]  # by PGD, the last
        panels.append(Plot(goal, lines, [0, *sizes], "epsilon, of 255", "success", "", (0, 1.02)))

    right, rows, grown = [], {}, 127.5 / shown
    for goal, pixels in changed.items():
        said = softmax(net.predict(np.float32((pixels - data.mean) / data.std), verbose=0), -1)
        right.append(said.argmax(axis=-1) == y)
        six = np.argsort(~right[0], kind="stable")[:6]  # those it was right about come first
        says = [f"{names[of.argmax()]}, {of.max():.0%}" for of in said]
        if goal in goals:
            change = 127.5 + grown * (255 * pixels - x)
            word, aims = ("from", y) if goals[goal] is None else ("to", goals[goal])
            rows[f"The change {goal}"] = [(change[i], f"{word} {names[aims[i]]}") for i in six]
        rows[goal.capitalize()] = [(255 * pixels[i], says[i]) for i in six]

    clean, under = [f"{of.mean():.1%}" for of in right[:2]]
    numbers = [(clean, f"right of {len(x)} images"), (under, f"right under PGD at {shown:g}/255")]
    text = f"By PGD at {shown:g}/255. Changes are drawn {grown:.0f} times as large; grey is none."
    pairs = plots(run.folder / "rates.png", panels)
    strip = strips(run.folder / "examples.png", rows, columns=6)
    sections = [Section("How often", RATES, pairs, table), Section("What changes", text, strip)]
    return run.report(f"Adversarial attacks on {model}", sections, numbers)


if __name__ == "__main__":
    cli.run(main)
