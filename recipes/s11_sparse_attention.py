"""Session 11: sparse attention against dense, in loss and in time, from 64 tokens to 1,024.

    python recipes/s11_sparse_attention.py                                     # Shakespeare
    python recipes/s11_sparse_attention.py --dataset=python_help --steps=50    # embedded text

What it shows: what it costs to ask two or three sqrt(t) tokens in place of all t, and what it
saves. Small GPTs of the same start see the same characters, step by step: dense, strided (the
last tokens and the column above) and fixed (the own row and the ends of the rows above). The masks
themselves are drawn by s11_attention_masks.
Checked: tests/zoo/test_sparse_attention.py; loss and time are measured by every run.
"""

import time

import zoo
from zoo import checks, cli, datasets
from zoo.language import CharacterTokenizer
from zoo.layers.sparse_attention import with_sparse_attention
from zoo.report.page import Section
from zoo.report.plots import Plot, plots
from zoo.run import Run

import keras
import numpy as np

KINDS = ("dense", "strided", "fixed")
TOKENS = 4096  # in one step, whatever their length
CURVES = """Loss on the whole validation text, in nats per character, after the same steps from the
same weights; the time of one training step of 4,096 tokens, the shortest of fifteen: whatever else
runs on a machine only adds."""
TABLE = "Scores: of one head for one sequence; rows are as long as a power of two near sqrt(t)."


def build(kind, vocabulary, length):
    size = {"width": 64, "depth": 2, "heads": 4}
    net = zoo.get("gpt_chars", vocabulary=vocabulary, length=length, **size)
    if kind == "dense":
        return net, length**2
    stride = 2 ** int(np.ceil(np.log2(length) / 2))
    net = with_sparse_attention(net, length, kind, stride)
    return net, net.get_layer("block1_attention").computed().size


def trained(net, train, val):
    """Its loss on the validation text, and the least milliseconds of a step."""
    net.compile("adamw", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    net.fit(train, epochs=1, verbose=0)
    loss, seconds = net.evaluate(val, verbose=0), []
    for _ in range(15):
        start = time.perf_counter()
        net.train_on_batch(*train[0])
        seconds.append(time.perf_counter() - start)
    return loss, 1e3 * min(seconds)


def main(
    dataset="shakespeare",
    steps=200,  # of training, for each net
    lengths="64,128,256,512,1024",  # of the sequences in tokens, with commas
    seed=0,
    data_dir: str | None = None,
    out: str | None = None,
):
    run = Run.start(__file__, config=locals())
    checks.whole_number("steps", steps, least=1)
    lengths = [int(n) if n.isdigit() else n for n in str(lengths).split(",")]
    for length in lengths:
        if checks.whole_number("lengths", length, least=4) & (length - 1):
            raise ValueError(f"lengths={length} must be powers of two, such as 64,256")
    data = datasets.load(dataset, data_dir=data_dir)
    tokenizer = CharacterTokenizer.train([data.text("train"), data.text("val")])
    loss, milliseconds = ({kind: [] for kind in KINDS} for _ in range(2))
    table = []
    for length in lengths:
        size = max(1, TOKENS // length)
        cut = {"length": length, "tokenizer": tokenizer}
        train = data.batches("train", size, windows=steps * size, seed=seed, **cut)
        for kind in KINDS:
            keras.utils.set_random_seed(seed)
            net, scores = build(kind, tokenizer.vocabulary_size, length)
            train.epoch = 0
            result = trained(net, train, data.batches("val", size, **cut))
            loss[kind].append(result[0])
            milliseconds[kind].append(result[1])
            row = {"tokens": f"{length:,}", "attention": kind, "scores": f"{scores:,}"}
            row |= {"loss": f"{result[0]:.3f}", "ms per step": f"{result[1]:.0f}"}
            run.console.print("  ".join(row.values()))
            table.append(row)
    axis = {"x": lengths, "xlabel": "tokens of a sequence", "log": "x"}
    panels = [Plot("Loss", loss, ylabel="nats per character", **axis)]
    panels.append(Plot("Time", milliseconds, ylabel="milliseconds per step", **axis))
    drawn = plots(run.folder / "curves.png", panels, height=4)
    sections = [Section("Loss and time", CURVES, drawn), Section("In numbers", TABLE, table=table)]
    return run.report("Sparse attention against dense", sections)


if __name__ == "__main__":
    cli.run(main)
