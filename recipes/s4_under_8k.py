"""Session 4: 99.4 % of MNIST with fewer than 8,000 parameters, in three steps.

    python recipes/s4_under_8k.py                                  # three nets, 15 epochs each
    python recipes/s4_under_8k.py --dataset=digits --epochs=5      # embedded data, a minute

The task: at least 99.4 % in each of the last three epochs, not in the best one.
What it shows: a rate that ends near zero makes the last epochs agree. Over three seeds on MNIST the
skeleton ends at 99.25 % and has memorized its training images (99.7 %); with batch norm, which
bears four times the rate, at 99.46 %, still overfitting; with moved digits and fewer parameters at
99.44 to 99.52 %, no last epoch below 99.4 %.
Measured: the s4_under_8k rows of results/. `zoo.get("mnist_8k", weights="mnist")` is one of them.
"""

import zoo
from zoo import cli, datasets
from zoo.run import Run
from zoo.training import OneCycle
from zoo.training.callbacks import GradCAMReport, MisclassifiedReport

import albumentations
import keras

# Drawn as one affine map: turned by up to 7 degrees, moved and scaled by up to a twentieth.
MOVED = albumentations.Affine(
    rotate=(-7, 7), translate_percent=(-0.05, 0.05), scale=(0.95, 1.05), p=1.0
)
STEPS = {  # model -> highest rate, augmentation, target on MNIST
    "mnist_8k_step1": (0.05, [], "the skeleton: under 8,000 parameters, 99 %"),
    "mnist_8k_step2": (0.2, [], "batch norm, which bears four times the rate: 99.4 %"),
    "mnist_8k": (0.2, [MOVED], "fewer parameters, moved digits: 99.4 % three times in a row"),
}


def main(
    dataset="mnist",
    epochs=15,
    batch_size=64,
    seed=0,
    limit: int | None = None,
    data_dir: str | None = None,
    out: str | None = None,
    resume: str | None = None,
):
    run = Run.start(__file__, config=locals())

    shape = (28, 28, 1)
    data = datasets.load(dataset, image_shape=shape, limit=limit, data_dir=data_dir, seed=seed)
    columns = {}
    for model, (max_lr, augmentation, target) in STEPS.items():
        part = run.part(model)
        train = data.batches("train", batch_size, augmentation, seed=seed)
        net = zoo.get(model, num_classes=data.num_classes)
        steps = len(train)
        rate = OneCycle(max_lr, epochs * steps, min(4, epochs / 3) * steps, final_div_factor=1e3)
        net.compile(
            keras.optimizers.SGD(rate, momentum=0.9, nesterov=True),
            keras.losses.SparseCategoricalCrossentropy(from_logits=True),
            metrics=["accuracy"],
        )
        reports = [
            MisclassifiedReport(data, part.folder / "misclassified.png"),
            GradCAMReport(data, part.folder / "gradcam.png"),
        ]
        net.fit(
            train,
            validation_data=data.batches("val", 1000),
            epochs=epochs,
            initial_epoch=part.restore(net, train),
            verbose=0,
            callbacks=[*part.callbacks, *reports],
        )
        part.finish(net, reports)
        columns[model] = {"target on MNIST": target}
    text = "The lowest of the last three epochs counts."
    return run.finish_comparison("Under 8,000 parameters", text, columns)


if __name__ == "__main__":
    cli.run(main)
