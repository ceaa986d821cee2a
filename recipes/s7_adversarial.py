"""Session 7: adversarial attacks on a trained net, and how small a change makes it err.

    python recipes/s7_adversarial.py                               # the zoo's net of CIFAR-10
    python recipes/s7_adversarial.py --dataset=digits              # embedded data; trains first
    python recipes/s7_adversarial.py --model=resnet18 --weights=runs/s7_resnet18/TIME/model.keras

What it shows: success of three attacks and of random changes over their size, and attacked images.
Checked: tests/zoo/explain/test_adversarial.py, against closed forms and PyTorch.
"""

import re

import zoo
from zoo import checks, cli, datasets
from zoo.explain import fgsm, iterated_fgsm, pgd, success_rate
from zoo.report.page import Section
from zoo.report.pictures import strips
from zoo.report.plots import Plot, plots
from zoo.run import Run

import keras
import numpy as np
from scipy.special import softmax

RATES = """Away: of the correctly classified images, the share that is misclassified now. To the
next class: of the images not predicted as it, the share that is now. FGSM takes one step, iterated
FGSM ten of a tenth, PGD ten of a quarter from a random start; random signs change as much."""


def random_signs(net, x, y, epsilon, **settings):
    return np.clip(x / 255 + epsilon * np.random.default_rng(0).choice([-1, 1], x.shape), 0, 1)


ATTACKS = {"random signs": random_signs, "FGSM": fgsm, "iterated FGSM": iterated_fgsm, "PGD": pgd}


def main(
    model="ultimus_residual",
    dataset="cifar10",
    weights: str | None = None,  # a file; default: the zoo's for the dataset, else it trains first
    epsilons="0.5,1,2,4,8,16",  # sizes of the change, of 255
    shown=2.0,  # the epsilon of the pictures
    images=300,  # of the validation set
    epochs=10,  # where it trains first
    seed=0,
    limit: int | None = None,
    data_dir: str | None = None,
    out: str | None = None,
):
    run = Run.start(__file__, config=locals())
    texts = f"{epsilons},{shown}".split(",")
    given = [float(text) if re.fullmatch(r"[\d.]+(e-?\d+)?", text) else text for text in texts]
    sizes = sorted({checks.number("epsilon", size, above=0) for size in given})
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
    panels, table, pixels = [], [], {"the images": x / 255}
    for goal, targets in goals.items():
        settings, lines = {"targets": targets, "mean": data.mean, "std": data.std}, {}
        for name, attack in ATTACKS.items():
            attacked = {size: attack(net, x, y, size / 255, **settings) for size in sizes}
            rates = [success_rate(net, x, attacked[size], y, **settings) for size in sizes]
            table.append({"attack": f"{name}, {goal}"})
            table[-1] |= {f"{s:g}/255": f"{rate:.1%}" for s, rate in zip(sizes, rates, strict=True)}
            lines[name] = [0, *rates]
        pixels[goal] = attacked[shown]  # by PGD, the last
        panels.append(Plot(goal, lines, [0, *sizes], "epsilon, of 255", "success", "", (0, 1.02)))
    run.print_table(table)

    right, rows, magnified = {}, {}, 127.5 / shown
    for goal, changed in pixels.items():
        inputs = np.float32((changed - data.mean) / data.std)
        probabilities = softmax(net.predict(inputs, verbose=0), axis=-1)
        right[goal] = probabilities.argmax(axis=-1) == y
        six = np.argsort(~right["the images"], kind="stable")[:6]  # correctly classified ones first
        if goal in goals:
            change = 127.5 + magnified * (255 * changed - x)
            word, classes = ("from", y) if goals[goal] is None else ("to", goals[goal])
            rows[f"The change {goal}"] = [(change[i], f"{word} {names[classes[i]]}") for i in six]
        best = [f"{names[p.argmax()]}, {p.max():.0%}" for p in probabilities]
        rows[goal.capitalize()] = [(255 * changed[i], best[i]) for i in six]
    numbers = [(f"{correct.mean():.1%} correct", goal) for goal, correct in right.items()]
    text = f"By PGD at {shown:g}/255; changes magnified {magnified:.0f} times, grey is none."
    success = Section("Success", RATES, plots(run.folder / "rates.png", panels), table)
    changes = Section("Images", text, strips(run.folder / "examples.png", rows, columns=6))
    return run.report(f"Adversarial attacks on {model}", [success, changes], numbers)


if __name__ == "__main__":
    cli.run(main)
