"""Session 8: Inception's two savings, 1x1 convolutions before large kernels and kernels split up.

    python recipes/s8_inception.py

What it shows: GoogLeNet with naive and with reduced blocks, branch by branch; then what replaces a
large kernel in Inception v2 and v3, when that saves and when not, and how v3 halves a map.

Checked: tests/zoo/test_inception.py, against PyTorch, keras.applications and published counts.
"""

import zoo
from zoo import cli
from zoo.models.inception import BLOCKS, WIDTHS
from zoo.report.page import Section
from zoo.report.plots import Plot, plots
from zoo.run import Run

import numpy as np

TEXTS = {
    "Block 3a, branch by branch": "On 28x28 with 192 channels. A 1x1 that leaves 16 of them makes "
    "the 5x5 branch ten times cheaper; one behind the pooling passes on 32.",
    "All nine blocks": "Naive pooling passes on every channel it gets, so each block adds to those "
    "before, and the next block's kernels pay for them: 4,944 channels in the end, not 1,024.",
    "Whole nets": "At 1,000 classes, without norms' statistics. googlenet_bn has 3x3 for 5x5.",
    "A large kernel from small ones": "Weights of one channel in, one out. A 5x5 costs 25/9 = 2.78 "
    "times a 3x3; two 3x3 see as far and cost 18/25 of it, 28 % less.",
    "When the channels widen": "Those 28 % are for as many channels out as in. In GoogLeNet a 5x5 "
    "makes 2 to 4 times as many: two 3x3 that each widen by the root of that still save; if the "
    "first does it alone, they cost more than the 5x5 from 1.78 on. A row and a column cost 2/n.",
    "Half the map": "From 35x35x288, 352,800 values, to 17x17x768 with 3x3 kernels. Pooling first "
    "leaves 83,232 in between; pooling last costs four times as much. Side by side, a convolution "
    "of stride 2 makes 480 channels and pooling adds its 288. mixed3 is Inception v3's way.",
}
SPLITS = (  # kernel, its weights, what replaces it, the weights of that
    ("3x3", 9, "1x3 3x1", 6),
    ("5x5", 25, "3x3 3x3", 18),
    ("7x7", 49, "3x3 3x3 3x3", 27),
    ("7x7", 49, "1x7 7x1", 14),
)
# Values that 3x3 kernels over 288 channels compute.
HALVINGS = {"pooling first": 17**2 * 768, "pooling last": 35**2 * 768, "side by side": 17**2 * 480}


def cost(summary, prefix="") -> tuple[int, int]:
    """Parameters and multiply-adds of the layers whose names begin with `prefix`."""
    layers = [row for row in summary.rows if row.name.startswith(prefix)]
    return sum(row.params for row in layers), sum(row.multiply_adds for row in layers)


def columns(params, products, net="") -> dict[str, str]:
    return {net + "parameters": f"{params:,}", net + "multiply-adds": f"{products / 1e6:,.1f} M"}


def main(out: str | None = None):
    run = Run.start(__file__, config=locals())
    nets = {block: zoo.get("googlenet", block=block) for block in BLOCKS}
    nets |= {name: zoo.get(name) for name in ("googlenet_bn", "inception_v3")}
    sums = {name: zoo.summary(net) for name, net in nets.items()}
    branches = [
        {"branch": part.strip("_") or "all"}
        | columns(*cost(sums["naive"], f"inception3a{part}"), "naive: ")
        | columns(*cost(sums["reduced"], f"inception3a{part}"), "reduced: ")
        for part in ("_1x1", "_3x3", "_5x5", "_pool", "")
    ]
    whole = [{"net": n} | columns(s.trainable_params, s.multiply_adds) for n, s in sums.items()]
    splits = [
        {"kernel": kernel, "weights": before, "of a 3x3": f"{before / 9:.2f}"}
        | {"split into": several, "then": after, "saved": f"{1 - after / before:.0%}"}
        for kernel, before, several, after in SPLITS
    ]
    halvings = {way: 9 * 288 * values for way, values in HALVINGS.items()}
    halvings["mixed3"] = cost(sums["inception_v3"], "mixed3")[1]
    halved = [{"way": way, "multiply-adds": f"{n / 1e6:,.1f} M"} for way, n in halvings.items()]

    names, kinds = [f"inception{key}" for key in WIDTHS], ("naive", "reduced")
    channels = {k: [nets[k].get_layer(name).output.shape[-1] for name in names] for k in kinds}
    products = {k: [cost(sums[k], name)[1] for name in names] for k in kinds}
    channel_plot = Plot("Channels it passes on", channels, list(WIDTHS), "block")
    product_plot = Plot("Its multiply-adds", products, list(WIDTHS), "block", log="y")
    a, n = np.linspace(1, 4), np.arange(2, 8)
    pair = {"each by the root": 9 * (1 + a) / a**0.5 / 25, "the first alone": 9 * (1 + a) / 25}
    pair_plot = Plot("Two 3x3 against a 5x5", pair | {"5x5": a**0}, a, "times the channels")
    split_plot = Plot("1 x n and n x 1 against n x n", {"": 2 / n}, n, "n")
    blocks = plots(run.folder / "blocks.png", [channel_plot, product_plot])
    widening = plots(run.folder / "widening.png", [pair_plot, split_plot])

    tables = (branches, (), whole, splits, (), halved)
    drawings = (None, blocks, None, None, widening, None)
    parts = zip(TEXTS, TEXTS.values(), drawings, tables, strict=True)
    sections = [Section(*part) for part in parts]
    for section in sections:
        if section.table:
            run.print_table(section.table, section.heading)
    shares = [(row["saved"], f"saved: {row['kernel']} as {row['split into']}") for row in splits]
    return run.report("Inception", sections, shares)


if __name__ == "__main__":
    cli.run(main)
