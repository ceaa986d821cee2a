"""Session 6: every augmentation of the lesson on real images, simple, middle and learned.

    python recipes/s6_augmentation.py                              # on CIFAR-10
    python recipes/s6_augmentation.py --dataset=digits --seed=1    # embedded data, other draws

Checked: tests/datasets/test_transforms.py, test_mixing.py and test_policies.py.
"""

import albumentations
import numpy as np

from zoo import cli, datasets
from zoo.datasets import transforms
from zoo.datasets.transforms.policies import CIFAR10_POLICY
from zoo.report.page import Section
from zoo.report.pictures import Picture, pictures, strips
from zoo.run import Run

TEXTS = {
    "Simple": "By up to a fifth, an eighth, 7 degrees; each colour by up to a tenth of its range.",
    "Whitening": "Pixels that tell little of their neighbours: even areas go, edges stay.",
    "Middle": "Neighbours move together; the border may cut the hole and the patch of noise.",
    "Mixing": "Mean of two, box of another, pieces of four; labels are mixed as the pixels are.",
    "AutoAugment": "One of 25 sub-policies an image, magnitudes of 9; then each in full.",
    "RandAugment": "Two of 14; at 5 Color, Contrast, Brightness and Sharpness change nothing.",
    "Population-based": "None, one or two operations an image, from the policy of the epoch.",
    "Schedule": "Learned over 200 epochs: how often an operation is drawn, its magnitude of 10.",
}


def draws(names, images, seed, title="", epoch=0, of=10, **settings):
    """For each name a row: an original, then six draws, beneath them what a policy chose."""
    rows = {}
    for name, image in zip(names.split(), images, strict=False):
        transform = getattr(transforms, name)(**settings)
        pipeline = albumentations.Compose([transform], seed=seed, save_applied_params=True)
        row = rows[title or name] = [(image, "original")]
        for _ in range(6):
            made = pipeline(image=image, epoch=epoch)
            steps = [step for _, how in made["applied_transforms"] for step in how.get("steps", ())]
            said = "\n".join(f"{operation} {round(of * m)}" for operation, m, _ in steps)
            row.append((made["image"], said))
    return rows


def mixed(mix, images, labels, class_names, seed):
    """A row of a batch that is mixed, beneath the images the shares of their classes."""
    for image, of in zip(*mix(images, labels, np.random.default_rng(seed)), strict=True):
        shown = [k for k in np.argsort(-of) if of[k] >= 0.005]
        yield image, "\n".join(f"{class_names[k]} {of[k]:.0%}" for k in shown)


def sub_policies(image):
    yield image, "original"
    for pair in CIFAR10_POLICY:
        made = image
        for name, p, m in pair:
            made = transforms.operate(made, name, m / 9) if p else made
        yield made, "\n".join(f"{name} {p:g}, {m}" for name, p, m in pair)


def schedule(path, operations, epochs, shares, magnitudes):
    """Two matrices, one row per operation, one column per epoch in which the policy changes."""
    names = {"rows": operations, "columns": [*map(str, epochs)], "caption": "from epoch"}
    matrices = [
        Picture("Share, %", 100 * shares, "Blues", (0, 30), ".0f", **names),
        Picture("Magnitude", magnitudes, "Blues", (0, 18), ".0f", **names),
    ]
    return pictures(path, matrices, columns=2, side=4.1)


def main(
    dataset="cifar10",
    limit=500,  # images that the whitening is fitted on
    seed=0,
    data_dir: str | None = None,
    out: str | None = None,
):
    run = Run.start(__file__, config=locals())
    data = datasets.load(dataset, limit=limit, data_dir=data_dir, seed=seed)
    data = data.reshaped((32, 32, data.image_shape[-1]))
    chosen = np.resize(np.unique(data.y_train, return_index=True)[1], 10)  # one of each class
    x, y = data.x_train[chosen], np.eye(data.num_classes)[data.y_train[chosen]]
    parts = {"original": x[:7], "whitened": 127 + 115 * transforms.Whitening(data.x_train)(x[:7])}
    kinds = {"the batch": transforms.mixup(p=0), "mixup": transforms.mixup()}
    kinds |= {"cutmix": transforms.cutmix(), "ricap": transforms.ricap()}
    magnitudes, epochs = {}, {}
    for m, epoch in ((1, 20), (5, 100), (10, 199)):
        magnitudes |= draws("rand_augment", x[2:], seed, f"magnitude {m}", m=m)
        epochs |= draws("population_based", x[3:], seed, f"epoch {epoch}", epoch)
    figures = [
        draws("scale translate rotate flip blur color_shift", x, seed),
        {name: [(image, "") for image in part] for name, part in parts.items()},
        draws("elastic patch_gaussian", x[6:], seed) | draws("cutout", x[8:], seed, fill=data.mean),
        {name: [*mixed(mix, x[:7], y[:7], data.class_names, seed)] for name, mix in kinds.items()},
        draws("auto_augment", x[7:], seed, of=9) | {"its sub-policies": [*sub_policies(x[1])]},
        magnitudes,
        epochs,
        transforms.tabulate(transforms.population_based().schedule),
    ]
    sections = []
    for (heading, text), of in zip(TEXTS.items(), figures, strict=True):
        path, many = run.folder / f"{heading.lower()}.png", isinstance(of, dict)
        picture = strips(path, of) if many else schedule(path, *of)
        sections.append(Section(heading, text, picture))
    return run.report("Augmentation", sections)


if __name__ == "__main__":
    cli.run(main)
