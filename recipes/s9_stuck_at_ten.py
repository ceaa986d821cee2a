"""Session 9: why Ultimus nets stick at 10 %, one choice at a time, a few epochs each.

    python recipes/s9_stuck_at_ten.py                       # nine short runs on CIFAR-10
    python recipes/s9_stuck_at_ten.py --dataset=digits      # embedded data

What it shows, on CIFAR-10 and tensorflow:

- At the usual initial values the signal fades from block to block. Adam rescales the tiny gradients
  and still learns, slower the smaller the start; SGD does not, and stays at exactly 10.00 %.
- Ten times the rate makes the loss explode, and the net answers at random.
- Without batch norm the vector varies less from image to image, and everything is slower.
- A ReLU on the logits does no harm here. Nor does a softmax on tensorflow, where Keras warns and
  takes the logits from before it; the other backends do not undo the mistake.
Measured: the s9_stuck_at_ten rows of results/.
"""

import zoo
from zoo import cli, datasets
from zoo.datasets import transforms
from zoo.run import Run
from zoo.training import OneCycle

import keras

USUAL_START = {"spread": 0.0, "gain": 1.0}
CHOICES = {  # what is different -> options of the model, and of the training
    "nothing: the zoo's net": ({}, {}),
    "Keras's usual initial values": (USUAL_START, {}),
    "initial values half as large": ({"spread": 0.0, "gain": 0.5}, {}),
    "no batch norm": ({"batch_norm": False}, {}),
    "usual values, no batch norm": ({"batch_norm": False} | USUAL_START, {}),
    "SGD instead of Adam, usual values": (USUAL_START, {"optimizer": keras.optimizers.SGD}),
    "ten times the rate": ({}, {"max_lr": 0.1}),
    "softmax before a loss that wants logits": ({}, {"last": "softmax"}),
    "ReLU on the logits": ({}, {"last": "relu"}),
}


def main(
    dataset="cifar10",
    epochs=3,
    batch_size=128,
    seed=0,
    limit: int | None = None,
    data_dir: str | None = None,
    out: str | None = None,
    resume: str | None = None,
):
    run = Run.start(__file__, config=locals())

    shape = (32, 32, 3)
    data = datasets.load(dataset, image_shape=shape, limit=limit, data_dir=data_dir, seed=seed)
    for choice, (model_options, training_options) in CHOICES.items():
        part = run.part(choice)
        train = data.batches("train", batch_size, [transforms.flip()], seed=seed)
        net = zoo.get("ultimus", num_classes=data.num_classes, **model_options)
        if "last" in training_options:
            last = keras.layers.Activation(training_options["last"])
            net = keras.Sequential([net, last], name=net.name)
        steps = epochs * len(train)
        rate = OneCycle(training_options.get("max_lr", 0.01), steps, steps / 5)
        optimizer = training_options.get("optimizer", keras.optimizers.Adam)
        net.compile(
            optimizer(rate),
            keras.losses.SparseCategoricalCrossentropy(from_logits=True),
            metrics=["accuracy"],
        )
        net.fit(
            train,
            validation_data=data.batches("val", batch_size),
            epochs=epochs,
            initial_epoch=part.restore(net, train),
            verbose=0,
            callbacks=part.callbacks,
        )
        part.finish(net)
    text = "Each net differs from the zoo's ultimus in the one choice that names it."
    return run.finish_comparison("Ultimus, one choice at a time", text)


if __name__ == "__main__":
    cli.run(main)
