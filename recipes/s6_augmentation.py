"""Session 6: every augmentation of the lesson on real images, simple, middle and learned.

    python recipes/s6_augmentation.py                              # on CIFAR-10
    python recipes/s6_augmentation.py --dataset=digits --seed=1    # embedded data, other draws

What it shows: an original and six draws of each; below an image the operations that were chosen.
`--limit` is the number of images that the whitening is fitted on.
Checked: tests/datasets/test_transforms.py, test_mixing.py and test_policies.py.
"""

from zoo import cli, datasets
from zoo.datasets import transforms
from zoo.datasets.transforms.policies import CIFAR10_POLICY
from zoo.report.page import Section
from zoo.report.pictures import matrices, strips
from zoo.run import Run

import albumentations
import numpy as np

TEXTS = {
    "Simple": "By up to a fifth, an eighth, 7 degrees; each colour by up to a tenth of its range.",
    "Whitening": "Pixels lose what their neighbours tell of them: even areas go, edges stay.",
    "Middle": "Neighbours move together; the border may cut the hole and the patch of noise.",
    "Mixing": "Mean of two, box of another, pieces of four; labels are mixed like the pixels.",
    "AutoAugment": "One of 25 sub-policies per image, magnitudes of 9; then each in full.",
    "RandAugment": "Two of 14; at 5 Color, Contrast, Brightness and Sharpness change nothing.",
    "Population-based": "Up to two operations per image, from the policy of the epoch.",
    "Schedule": "Learned over 200 epochs: how often an operation is drawn, its magnitude of 10.",
}


def draws(names, images, seed, title="", epoch=0, scale=10, **settings):
    """One row per transform: an original, then six draws and what a policy chose."""
    rows = {}
    for name, image in zip(names.split(), images, strict=False):
        transform = getattr(transforms, name)(**settings)
        pipeline = albumentations.Compose([transform], seed=seed, save_applied_params=True)
        row = rows[title or name] = [(image, "original")]
        for _ in range(6):
            drawn = pipeline(image=image, epoch=epoch)
            applied = [s for _, how in drawn["applied_transforms"] for s in how.get("steps", ())]
            chosen = "\n".join(f"{name} {round(scale * size)}" for name, size, _ in applied)
            row.append((drawn["image"], chosen))
    return rows


def with_shares(images, labels, class_names):
    """A row of a mixed batch, below each image the shares of its classes."""
    row = []
    for image, shares in zip(images, labels, strict=True):
        present = [k for k in np.argsort(-shares) if shares[k] >= 0.005]
        row.append((image, "\n".join(f"{class_names[k]} {shares[k]:.0%}" for k in present)))
    return row


def sub_policies(image):
    """The image after each of AutoAugment's sub-policies."""
    row = [(image, "original")]
    for pair in CIFAR10_POLICY:
        result = image
        for name, p, magnitude in pair:
            result = transforms.operate(result, name, magnitude / 9) if p else result
        row.append((result, "\n".join(f"{name} {p:g}, {m}" for name, p, m in pair)))
    return row


def main(dataset="cifar10", limit=500, seed=0, data_dir: str | None = None, out: str | None = None):
    run = Run.start(__file__, config=locals())
    data = datasets.load(dataset, limit=limit, data_dir=data_dir, seed=seed)
    data = data.reshaped((32, 32, data.image_shape[-1]))
    chosen = np.resize(np.unique(data.y_train, return_index=True)[1], 10)  # one of each class
    x, y = data.x_train[chosen], np.eye(data.num_classes)[data.y_train[chosen]]
    rows = {"Simple": draws("scale translate rotate flip blur color_shift", x, seed)}
    white = 127 + 115 * transforms.Whitening(data.x_train)(x[:7])
    rows["Whitening"] = {"original": [(i, "") for i in x[:7]], "whitened": [(i, "") for i in white]}
    rows["Middle"] = draws("elastic patch_gaussian", x[6:], seed)
    rows["Middle"] |= draws("cutout", x[8:], seed, fill=data.mean)
    rows["Mixing"] = {"the batch": with_shares(x[:7], y[:7], data.class_names)}
    for name in ("mixup", "cutmix", "ricap"):
        batch = getattr(transforms, name)()(x[:7], y[:7], np.random.default_rng(seed))
        rows["Mixing"][name] = with_shares(*batch, data.class_names)
    rows["AutoAugment"] = draws("auto_augment", x[7:], seed, scale=9)
    rows["AutoAugment"]["its sub-policies"] = sub_policies(x[1])
    rows["RandAugment"], rows["Population-based"] = {}, {}
    for m, epoch in ((1, 20), (5, 100), (10, 199)):
        rows["RandAugment"] |= draws("rand_augment", x[2:], seed, f"magnitude {m}", m=m)
        rows["Population-based"] |= draws("population_based", x[3:], seed, f"epoch {epoch}", epoch)

    paths = {name: run.folder / f"{name.lower()}.png" for name in TEXTS}
    for name in rows:
        strips(paths[name], rows[name])
    names, epochs, shares, sizes = transforms.tabulate(transforms.population_based().schedule)
    values = {"Share, %": 100 * shares, "Magnitude": sizes}
    matrices(paths["Schedule"], values, names, epochs, caption="from epoch")
    return run.report("Augmentation", [Section(n, TEXTS[n], paths[n]) for n in TEXTS])


if __name__ == "__main__":
    cli.run(main)
