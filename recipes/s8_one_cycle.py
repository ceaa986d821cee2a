"""Session 8: the one-cycle policy against a constant rate and a rate in steps, same budget.

    python recipes/s8_one_cycle.py                                 # ResNet-20, three short runs
    python recipes/s8_one_cycle.py --dataset=digits --epochs=5     # embedded data, minutes

What it shows: one cycle raises the rate to its maximum and lowers the momentum meanwhile, then the
reverse. The constant rate is a third of that maximum and the steps begin with it: at the maximum
itself, without a warm-up, they would be handicapped. On CIFAR-10, cut to five epochs, seed 0: 80.4
% with one cycle, 77.0 with steps, 70.1 with the constant rate.
Source: Smith and Topin, Super-Convergence (2017).
Measured: the s8_one_cycle rows of results/.
"""

import zoo
from zoo import cli, datasets
from zoo.datasets import transforms
from zoo.report.page import Section
from zoo.report.plots import Plot, plots
from zoo.run import Run
from zoo.training import OneCycle, cycle_momentum

import keras
import numpy as np


def main(
    model="resnet20",
    dataset="cifar10",
    epochs=10,
    batch_size=128,
    max_lr=0.3,
    weight_decay=5e-3,  # as 5e-4 in PyTorch, which divides by 1 - momentum
    seed=0,
    limit: int | None = None,
    data_dir: str | None = None,
    out: str | None = None,
    resume: str | None = None,
):
    run = Run.start(__file__, config=locals())

    shape = (32, 32, 3)
    data = datasets.load(dataset, image_shape=shape, limit=limit, data_dir=data_dir, seed=seed)
    augmentation = [transforms.crop(32, pad=4), transforms.flip()]
    steps = epochs * -(-len(data.x_train) // batch_size)
    rate = max_lr / 3
    policies = {
        "one cycle": OneCycle(max_lr, steps, 0.3 * steps, momentum=(0.95, 0.85)),
        "rate in steps": keras.optimizers.schedules.PiecewiseConstantDecay(
            [steps // 2, 3 * steps // 4], [rate, rate / 10, rate / 100]
        ),
        "constant rate": rate,
    }
    for name, policy in policies.items():
        part = run.part(name)
        train = data.batches("train", batch_size, augmentation, seed=seed)
        net = zoo.get(model, num_classes=data.num_classes)
        sgd = keras.optimizers.SGD(policy, momentum=0.9, nesterov=True, weight_decay=weight_decay)
        sgd.exclude_from_weight_decay(var_names=["gamma", "beta", "bias"])
        net.compile(
            cycle_momentum(sgd) if name == "one cycle" else sgd,
            keras.losses.SparseCategoricalCrossentropy(from_logits=True),
            metrics=["accuracy"],
        )
        net.fit(
            train,
            validation_data=data.batches("val", 500),
            epochs=epochs,
            initial_epoch=part.restore(net, train),
            verbose=0,
            callbacks=part.callbacks,
        )
        part.finish(net)

    drawn_steps = np.linspace(0, steps - 1, 300).astype(int)
    curves = {
        name: [float(policy(step)) if callable(policy) else policy for step in drawn_steps]
        for name, policy in policies.items()
    }
    rates = Plot("Learning rate", curves, drawn_steps, "step")
    picture = plots(run.folder / "rates.png", [rates], columns=1)
    return run.finish_comparison("One cycle", sections=[Section("Policies", picture=picture)])


if __name__ == "__main__":
    cli.run(main)
