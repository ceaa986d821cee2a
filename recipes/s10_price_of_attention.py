"""Session 10: what attention costs, and why a transformer cuts an image into patches.

    python recipes/s10_price_of_attention.py

What it shows: every token asks every token, so the scores grow with the square of the length. An
image of 224x224 has 50,176 pixels and 2.5 billion scores per head; its 196 patches have 38,416.
Time and memory are measured in numpy, beside windows, columns and rows, which ask few tokens.

Checked: tests/zoo/fundamentals/test_attention.py; the masks, by hand.
"""

import time
import tracemalloc

from zoo import checks, cli
from zoo.fundamentals import attention_masks as masks
from zoo.fundamentals.attention import attention, axial_attention, window_attention
from zoo.report.page import Section
from zoo.report.pictures import Picture, pictures
from zoo.report.plots import Plot, plots
from zoo.run import Run

import numpy as np

LENGTHS = (64, 128, 256, 512, 1024, 2048)
WIDTH, WINDOW = 64, 32
COUNTED = """What one head of one layer would have to hold, 4 bytes per score. Pixels are out of
reach; patches are what a vision transformer asks."""
GROWTH = """Twice the tokens cost full attention four times the memory and about four times the
time; windows cost twice. Violet: the square of the length, through the longest measured. In time
the line bends where the scores no longer fit into the processor's cache."""
KINDS = f"""Dark: what a token (row) may ask. A window sees its neighbours and needs many layers to
cross the image; a stride sees the row so far and the column above, so that two layers reach all
that came before; fixed attention hands on what the last of each block has gathered. Here 64 tokens,
an image of 8x8; the windows measured have {WINDOW} tokens."""


def cost(method, x, repeats):
    """(milliseconds, MB at the peak) of one call: the median of several, and of one more."""
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        method(x)
        seconds.append(time.perf_counter() - start)
    tracemalloc.start()
    method(x)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return 1e3 * np.median(seconds), peak / 1e6


def main(
    repeats=7,  # of each measurement
    out: str | None = None,
):
    run = Run.start(__file__, config=locals())
    checks.whole_number("repeats", repeats, least=1)

    tokens = {"pixels of 224x224": 224**2, "patches of 16x16": 14**2, "patches of 8x8": 28**2}
    counted = []
    for name, n in tokens.items():
        numbers = {"how many": f"{n:,}", "scores": f"{n**2:,}", "MB": f"{4e-6 * n**2:,.1f}"}
        counted.append({"tokens": name} | numbers)
    run.print_table(counted, "scores of one head")
    rng = np.random.default_rng(0)
    sequences = [rng.normal(size=(length, WIDTH)).astype("float32") for length in LENGTHS]
    methods = {
        "full": lambda x: attention(x, x, x),
        f"windows of {WINDOW}": lambda x: window_attention(x, WINDOW),
        "columns, then rows": lambda x: axial_attention(x, 2 ** (len(x).bit_length() // 2)),
    }
    measured = {name: [cost(f, x, repeats) for x in sequences] for name, f in methods.items()}
    panels = []
    for index, (title, unit) in enumerate([("Time", "milliseconds"), ("Memory", "MB")]):
        lines = {name: [costs[index] for costs in row] for name, row in measured.items()}
        lines["the square"] = lines["full"][-1] * (np.array(LENGTHS) / LENGTHS[-1]) ** 2
        panels.append(Plot(title, lines, x=LENGTHS, xlabel="tokens", ylabel=unit, log="xy"))

    kinds = {
        "full": masks.full(64),
        "causal": masks.causal(64),
        "windowed, 4 to each side": masks.windowed(64, 4),
        "strided, rows of 8": masks.strided(64, 8),
        "fixed, blocks of 8": masks.fixed(64, 8),
    }
    shown = []
    for name, mask in kinds.items():
        shown.append(
            Picture(name, mask, "Blues", (0, 1), caption=f"{mask.sum():,} of 4,096 scores")
        )
    sections = [
        Section("Pixels or patches", COUNTED, table=counted),
        Section("How it grows", GROWTH, plots(run.folder / "growth.png", panels, height=4)),
        Section("What may be asked", KINDS, pictures(run.folder / "kinds.png", shown, 3)),
    ]
    return run.report("The price of attention", sections)


if __name__ == "__main__":
    cli.run(main)
