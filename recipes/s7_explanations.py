"""Session 7: where a trained net looks, in six ways, and what it has learnt, in three.

    python recipes/s7_explanations.py                              # the zoo's net of CIFAR-10
    python recipes/s7_explanations.py --dataset=digits             # embedded data; trains first
    python recipes/s7_explanations.py --model=resnet18 --weights=runs/s7_resnet18/TIME/model.keras

Checked: tests/zoo/explain/, against tf-keras-vis and PyTorch.
"""

import keras
import numpy as np
from scipy.special import softmax

import zoo
from zoo import cli, datasets, explain
from zoo.report.figures import overlay
from zoo.report.page import Section
from zoo.report.pictures import Picture, pictures, strips
from zoo.run import Run

METHODS = {
    "GradCAM": (explain.grad_cam, "a layer's maps, each by its mean slope for the class"),
    "GradCAM++": (explain.grad_cam_plus_plus, "by the positive slopes, rare ones above all"),
    "Score-CAM": (explain.score_cam, "by the class's probability of what each leaves to be seen"),
    "Eigen-CAM": (explain.eigen_cam, "the maps' first principal component, whatever the class"),
    "saliency": (explain.saliency, "how much the class's logit follows each pixel"),
    "SmoothGrad": (explain.smooth_grad, "the mean saliency of 25 noisy copies"),
}
LOOKS = """Left the true class and the one it said, which the maps explain: places that spoke for
it are red, pixels that its logit follows are white."""
WANTS = "From noise each image climbs its class's logit; beneath, how sure the net is of it then."
LEARNT = "Maps are of the first image above; 32 of each at most; grey is 0."


def main(
    model="ultimus_residual",
    dataset="cifar10",
    weights: str | None = None,  # a file; None: the zoo's for the dataset, else it is trained here
    layer: str | None = None,  # of the maps; None: the one on the model's card, else the last
    images=8,  # of the validation set, one a class
    variation=40.0,  # how much it weighs where images climb; a net of small logits wants less
    epochs=10,
    seed=0,
    limit: int | None = None,
    data_dir: str | None = None,
    out: str | None = None,
):
    run = Run.start(__file__, config=locals())

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

    y, names = data.y_val, data.class_names
    said = softmax(net.predict(data.normalize(data.x_val), batch_size=500, verbose=0), axis=-1)
    order = np.random.default_rng(seed).permutation(len(y))
    chosen = order[np.unique(y[order], return_index=True)[1]][:images]  # the first of each class
    seen, heat, looks = data.normalize(data.x_val[chosen]), {}, []
    for name, (method, _) in METHODS.items():
        heat[name] = method(net, seen, layer=layer) if "CAM" in name else method(net, seen)
    for row, i in enumerate(chosen):
        image, best = data.x_val[i], said[i].argmax()
        label = f"{names[y[i]]}\n{names[best]}, {said[i, best]:.0%}"
        looks.append(Picture("image" * (row == 0), image.squeeze(), label=label))
        for name, of in heat.items():
            over = overlay(image, of[row]) if "CAM" in name else of[row]
            looks.append(Picture(name * (row == 0), over))

    how = {"mean": data.mean, "std": data.std, "total_variation": variation}
    climbed = explain.activation_maximization(net, range(len(names))[:10], **how)
    sure = softmax(net.predict(np.float32((climbed - data.mean) / data.std), verbose=0), axis=-1)
    wants = [(255 * of, f"{names[k]}, {sure[k, k]:.0%}") for k, of in enumerate(climbed)]

    first = next(of for of in net.layers if isinstance(of, keras.layers.Conv2D))
    maps = [explain.feature_maps(net, seen[:1], of)[0] for of in (first, layer)]
    titles = ("Kernels of the first layer", "What they give", "What GradCAM weighs")
    learnt = {}
    for title, of in zip(titles, (explain.kernels(net, first), *maps), strict=True):
        of = 127.5 + 127.5 * of / np.abs(of).max()
        learnt[title] = [(of[..., k], "") for k in range(of.shape[-1])][:32]

    table = [{"method": name, "by": what} for name, (_, what) in METHODS.items()]
    sections = [
        Section("Where it looks", LOOKS, pictures(run.folder / "looks.png", looks, 7, 1.15), table),
        Section("What it wants to see", WANTS, strips(run.folder / "wants.png", {"": wants}, 5)),
        Section("What it has learnt", LEARNT, strips(run.folder / "learnt.png", learnt, 8)),
    ]
    right = f"{np.mean(said.argmax(axis=-1) == y):.2%}"
    return run.report(f"What {model} sees", sections, [(right, f"right of {len(y):,} images")])


if __name__ == "__main__":
    cli.run(main)
