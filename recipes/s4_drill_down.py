"""Session 4: ten steps from 6.4 million parameters to 13.8 thousand, one idea at a time, on MNIST.

    python recipes/s4_drill_down.py                                 # all ten, 20 epochs each
    python recipes/s4_drill_down.py --steps=3,4,5                   # some; step 1 takes hours
    python recipes/s4_drill_down.py --dataset=digits --steps=3,6    # embedded data, a minute

What it shows: what each idea brings. Every step trains alike: SGD, rate 0.01, momentum 0.9; step 9
adds rotation by up to 7 degrees, step 10 also divides the rate by ten after epoch 6. Of our runs on
MNIST: a thirtieth of the size (2), then an eighteenth of that (3) cost little; batch norm (4) gains
0.3 points and overfits, dropout (5) takes the gap from 0.8 points to 0.5; pooling at 5 pixels (8)
closes it and gains 0.4; turned digits (9) lower only the training accuracy, a lower rate (10) calms
the end without a gain.
Measured: the s4_drill_down rows of results/: three seeds; steps 1 and 2 one, step 1 for one epoch.
"""

import zoo
from zoo import cli, datasets
from zoo.datasets import transforms
from zoo.run import Run

import keras

STEPS = {  # number -> the lesson's target; training and test accuracy that the lesson reports
    1: ("a set-up that works", "99.99 / 99.24"),
    2: ("the right skeleton", "99.35 / 99.02"),
    3: ("under 11 thousand parameters", "99.00 / 98.98"),
    4: ("more from the same net", "99.9 / 99.3"),
    5: ("close the gap", "99.39 / 99.30"),
    6: ("drop the large kernel", "99.86 as printed / 98.13"),
    7: ("give capacity back", "99.33 / 99.04"),
    8: ("pool at 5 pixels", "99.39 / 99.41"),
    9: ("harder images", "99.15 / 99.5"),
    10: ("settle", "99.21 / 99.48"),
}


def numbers(steps: str) -> list[int]:
    """The steps that `--steps` names."""
    named = str(steps).split(",")
    if not set(named) <= {str(step) for step in STEPS} or len(set(named)) < len(named):
        raise ValueError(
            f"steps={steps} must be numbers from 1 to 10, each once, with commas, such as 3,4"
        )
    return [int(step) for step in named]


def main(
    steps="1,2,3,4,5,6,7,8,9,10",  # which steps to train
    dataset="mnist",
    epochs=20,
    batch_size=128,
    seed=0,
    limit: int | None = None,
    data_dir: str | None = None,
    out: str | None = None,
    resume: str | None = None,
):
    numbers(steps)  # refuses wrong ones before there is a run
    run = Run.start(__file__, config=locals())

    shape = (28, 28, 1)
    data = datasets.load(dataset, image_shape=shape, limit=limit, data_dir=data_dir, seed=seed)
    columns = {}
    for step in numbers(steps):
        part = run.part(f"mnist_step{step}")
        rotation = [transforms.rotate(7)] if step >= 9 else []
        train = data.batches("train", batch_size, rotation, seed=seed)
        net = zoo.get(f"mnist_step{step}", num_classes=data.num_classes)
        rate = 0.01
        if step == 10:
            cut = [6 * len(train) - 1]  # Keras counts steps from 0, and includes this one
            rate = keras.optimizers.schedules.PiecewiseConstantDecay(cut, [0.01, 0.001])
        net.compile(
            keras.optimizers.SGD(rate, momentum=0.9),
            keras.losses.SparseCategoricalCrossentropy(from_logits=True),
            metrics=["accuracy"],
        )
        net.fit(
            train,
            validation_data=data.batches("val", 1000),
            epochs=epochs,
            initial_epoch=part.restore(net, train),
            verbose=0,
            callbacks=part.callbacks,
        )
        result = part.finish(net)
        target, course = STEPS[step]
        gap = f"{100 * (result['train_value'] - result['value']):+.2f}"
        columns[f"mnist_step{step}"] = {"gap, points": gap, "target": target, "course": course}
    text = "Gap: training minus validation. Course: the lesson's training / test accuracy on MNIST."
    return run.finish_comparison("Ten steps to a small net", text, columns)


if __name__ == "__main__":
    cli.run(main)
