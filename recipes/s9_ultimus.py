"""Session 9: four Ultimus attention blocks on CIFAR-10, Adam and one cycle.

    python recipes/s9_ultimus.py                                   # 24 epochs of CIFAR-10
    python recipes/s9_ultimus.py --dataset=digits --epochs=20      # embedded data, a minute
    python recipes/s9_ultimus.py --model=ultimus_residual

What it shows: attention in 25,978 parameters learns, given the right start: 67.9 % in the plain
form, 73.1 % with residual sums. Public student runs of the plain net end at 46 % at best or stay at
10 %; s9_stuck_at_ten.py shows why.
Measured: the s9_ultimus rows of results/.
"""

import zoo
from zoo import cli, datasets
from zoo.datasets import transforms
from zoo.run import Run
from zoo.training import OneCycle, cycle_momentum
from zoo.training.callbacks import (
    ConfusionReport,
    GradCAMReport,
    MisclassifiedReport,
    WeightPenalty,
)

import keras


def main(
    model="ultimus",
    dataset="cifar10",
    epochs=24,
    batch_size=128,
    max_lr=1e-2,
    peak_epoch: float | None = None,  # of the cycle; default: 5, or the middle of a shorter run
    l1=0.0,
    l2=0.0,
    seed=0,
    limit: int | None = None,
    precision="float32",
    deterministic=False,
    data_dir: str | None = None,
    out: str | None = None,
    resume: str | None = None,
):
    run = Run.start(__file__, config=locals())

    shape = (32, 32, 3)
    data = datasets.load(dataset, image_shape=shape, limit=limit, data_dir=data_dir, seed=seed)
    train = data.batches("train", batch_size, [transforms.flip()], seed=seed)

    net = zoo.get(model, num_classes=data.num_classes)
    steps = len(train)
    peak = min(5, epochs / 2) if peak_epoch is None else peak_epoch
    rate = OneCycle(max_lr, epochs * steps, peak * steps, momentum=(0.95, 0.85))
    net.compile(
        cycle_momentum(keras.optimizers.Adam(rate)),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    reports = [
        MisclassifiedReport(data, run.folder / "misclassified.png"),
        GradCAMReport(data, run.folder / "gradcam.png"),
        ConfusionReport(data, run.folder / "confusion.png"),
    ]
    net.fit(
        train,
        validation_data=data.batches("val", batch_size),
        epochs=epochs,
        initial_epoch=run.restore(net, train),
        verbose=0,
        callbacks=[*run.callbacks, WeightPenalty(l1=l1, l2=l2), *reports],
    )
    return run.finish(net, reports)


if __name__ == "__main__":
    cli.run(main)
