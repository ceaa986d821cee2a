"""Session 7: where a trained net looks, in six ways, and what it has learnt, in three.

    python recipes/s7_explanations.py                              # the zoo's net of CIFAR-10
    python recipes/s7_explanations.py --dataset=digits             # embedded data; trains first
    python recipes/s7_explanations.py --model=resnet18 --weights=runs/s7_resnet18/TIME/model.keras

What it shows: six heat maps beside each image; the image that each class wants most; kernels, maps.
Checked: tests/zoo/explain/, against tf-keras-vis and PyTorch.
"""

import zoo
from zoo import cli, datasets, explain
from zoo.report.figures import overlay
from zoo.report.page import Section
from zoo.report.pictures import Picture, pictures, strips
from zoo.run import Run

import keras
import numpy as np
from scipy.special import softmax

METHODS = {
    "GradCAM": (explain.grad_cam, "a layer's maps, each times its mean gradient for the class"),
    "GradCAM++": (explain.grad_cam_plus_plus, "by positive gradients, rare ones above all"),
    "Score-CAM": (explain.score_cam, "maps, each times the class's probability where it shows"),
    "Eigen-CAM": (explain.eigen_cam, "the maps' first principal component, whatever the class"),
    "saliency": (explain.saliency, "the gradient of the class's logit at each pixel"),
    "SmoothGrad": (explain.smooth_grad, "the mean saliency of 25 noisy copies"),
}
LOOKS = """Left the true class and the predicted one, which the maps explain: regions that raised
its logit are red, pixels that it depends on are white."""
WANTS = "Noise, changed to raise the logit of a class; below, the probability of the class then."
LEARNT = "Maps are of the first image above; 32 of each at most; grey is 0."


def main(
    model="ultimus_residual",
    dataset="cifar10",
    weights: str | None = None,  # a file; default: the zoo's for the dataset, else it trains first
    layer: str | None = None,  # of the maps; default: the one on the model's card, else the last
    images=8,  # of the validation set, one per class
    variation=40.0,  # weight of smoothness where images are made; less for a net of small logits
    epochs=10,  # where it trains first
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
    probabilities = softmax(net.predict(data.batches("val", 500), verbose=0), axis=-1)
    order = np.random.default_rng(seed).permutation(len(y))
    chosen = order[np.unique(y[order], return_index=True)[1]][:images]  # the first of each class
    x = data.normalize(data.x_val[chosen])
    heat = {}
    for name, (method, _) in METHODS.items():
        heat[name] = method(net, x, layer=layer) if "CAM" in name else method(net, x)
    looks = []
    for row, i in enumerate(chosen):
        image, best = data.x_val[i], probabilities[i].argmax()
        label = f"{names[y[i]]}\n{names[best]}, {probabilities[i, best]:.0%}"
        looks.append(Picture("" if row else "image", image.squeeze(), label=label))
        for name, maps in heat.items():
            shown = overlay(image, maps[row]) if "CAM" in name else maps[row]
            looks.append(Picture("" if row else name, shown))

    settings = {"mean": data.mean, "std": data.std, "total_variation": variation}
    made = explain.activation_maximization(net, range(len(names))[:10], **settings)  # 0 to 1
    sure = softmax(net.predict(np.float32((made - data.mean) / data.std), verbose=0), axis=-1)
    wants = [(255 * image, f"{names[k]}, {sure[k, k]:.0%}") for k, image in enumerate(made)]
    first = next(one for one in net.layers if isinstance(one, keras.layers.Conv2D))
    learnt = {"Kernels of the first layer": explain.kernels(net, first)}
    learnt["What they give"] = explain.feature_maps(net, x[:1], first)[0]
    learnt["What GradCAM weighs"] = explain.feature_maps(net, x[:1], layer)[0]
    for title, maps in learnt.items():
        grey = 127.5 + 127.5 * maps / np.abs(maps).max()
        learnt[title] = [(grey[..., k], "") for k in range(grey.shape[-1])][:32]
    table = [{"method": name, "what it draws": what} for name, (_, what) in METHODS.items()]
    sections = [
        Section("Where it looks", LOOKS, pictures(run.folder / "looks.png", looks, 7, 1.15), table),
        Section("What it wants to see", WANTS, strips(run.folder / "wants.png", {"": wants}, 5)),
        Section("What it has learnt", LEARNT, strips(run.folder / "learnt.png", learnt, 8)),
    ]
    right = f"{100 * np.mean(probabilities.argmax(axis=-1) == y):.2f} %"
    return run.report(f"What {model} sees", sections, [(right, f"correct of {len(y):,} images")])


if __name__ == "__main__":
    cli.run(main)
