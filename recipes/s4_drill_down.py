"""Session 4: ten steps from 6.4 million parameters to 13.8 thousand, one idea at a time, on MNIST.

    python recipes/s4_drill_down.py                                 # all ten, 20 epochs each
    python recipes/s4_drill_down.py --steps=3,4,5                   # some; step 1 takes hours
    python recipes/s4_drill_down.py --dataset=digits --steps=3,6    # embedded data, a minute

Every step trains alike: SGD, rate 0.01, momentum 0.9; step 9 adds rotation by up to 7 degrees, step
10 also divides the rate by ten after epoch 6. The table has the course's own figures as well.
Measured: the s4_drill_down rows of results/: three seeds; steps 1 and 2 one, step 1 for one epoch.
"""

import keras

import zoo
from zoo import cli, datasets
from zoo.datasets import transforms
from zoo.run import Run

STEPS = {  # number -> the lesson's target, its train / test accuracy, our analysis of our seeds
    1: ("a set-up that works", "99.99 / 99.24", "far too large for ten digits"),
    2: ("the right skeleton", "99.35 / 99.02", "a thirtieth of the size; trains to 99.8"),
    3: ("under 11 thousand parameters", "99.00 / 98.98", "trains to 99.4, tests 0.6 lower"),
    4: ("more from the same net", "99.9 / 99.3", "0.3 better; trains to 99.9: it overfits"),
    5: ("close the gap", "99.39 / 99.30", "a gap of 0.5, was 0.8; tests vary by 0.3"),
    6: ("drop the large kernel", "99.86 as printed / 98.13", "too small: trains worse, tests jump"),
    7: ("give capacity back", "99.33 / 99.04", "as good as step 5, without its 7x7 kernel"),
    8: ("pool at 5 pixels", "99.39 / 99.41", "0.4 better and no gap: edges are enough"),
    9: ("harder images", "99.15 / 99.5", "turned digits: trains 0.1 worse, tests alike"),
    10: ("settle", "99.21 / 99.48", "calm at the end, and no better than 9"),
}


def numbers(steps: str) -> list[int]:
    """The steps that `--steps` names."""
    named = steps.split(",")
    if not set(named) <= {str(step) for step in STEPS} or len(set(named)) < len(named):
        raise ValueError(
            f"--steps={steps} must be numbers from 1 to 10, each once, with commas, such as 3,4"
        )
    return [int(step) for step in named]


def main(
    steps="1,2,3,4,5,6,7,8,9,10",
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

    data = datasets.load(
        dataset, image_shape=(28, 28, 1), limit=limit, data_dir=data_dir, seed=seed
    )
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
        part.finish(net)
        names = ("target", "course", "our analysis, on MNIST")
        columns[f"mnist_step{step}"] = dict(zip(names, STEPS[step], strict=True))
    return run.finish_comparison(
        "MNIST in ten steps", "Course: its train / test accuracy in per cent.", columns
    )


if __name__ == "__main__":
    cli.run(main)
