"""Session 11: what sparse attention asks, drawn for images and for text; how large a GPT is.

    python recipes/s11_attention_masks.py

What it shows: row and column reach every earlier pixel of an image in two layers, with two times
sqrt(t) scores per token in place of t. Text has no columns: there the last tokens of a row sum it
up for all that follow. Column attention is row attention of the transposed matrix. And 12 layers w²
is nearly every parameter of a GPT, from 117 million to 175 billion.
Checked: tests/zoo/test_sparse_attention.py; the recipe computes each difference.
"""

from zoo import cli
from zoo.fundamentals import attention_masks as masks
from zoo.fundamentals.attention import attention, column_attention
from zoo.fundamentals.gpt_sizes import SIZES
from zoo.report import attention_masks as figures
from zoo.report.page import Section
from zoo.run import Run

import numpy as np

KINDS = ("causal", "strided", "fixed")
TEXT = "the last of each row hands on."
IMAGES = """Darkest: the pixel that asks. Dark: as many pixels back as a row has, or its row so far.
Light: the column above, or the summaries, the last pixels of the rows above. The first line shows
an image of 6x6 and one pixel of it, the second all 36, a row for each that asks."""
TEXTS = """Letters six, twelve, eighteen places apart have nothing to say to each other. Fixed
attention has rows of six characters; the last of each gathers what its row holds and is asked by
all that come later."""
TURNED = """Two ways to the same numbers: dense attention under a mask that leaves the column, and
row attention of the transposed matrix, which computes no score in vain."""
SIZE = """Layers (12 w² + 13 w), the embeddings of vocabulary and positions, and from GPT-2 on a
last norm of 2 w. The first names of GPT-2's sizes were wrong, which its authors put right."""


def turned(length, stride):
    """Column attention in both ways, as a row of a table."""
    x = np.random.default_rng(0).normal(size=(length, 16))
    masked = attention(x, x, x, masks.column(length, stride))[0]
    return {
        "tokens": f"{length:,}",
        "in rows of": f"{stride}",
        "scores under a mask": f"{length**2:,}",
        "scores transposed": f"{length * length // stride:,}",
        "largest difference": f"{np.abs(column_attention(x, stride) - masked).max():.0e}",
    }


def main(out: str | None = None):
    run = Run.start(__file__, config=locals())

    of_pixels = {kind: masks.shaded(kind, 36, 6) for kind in KINDS}
    of_characters = {kind: masks.shaded(kind, len(TEXT), 6) for kind in KINDS[1:]}
    columns = [turned(64, 8), turned(256, 16), turned(1024, 32)]
    sizes = [size.row() for size in SIZES]
    run.print_table(columns, "columns as rows of the transposed matrix")
    run.print_table(sizes, "parameters", without="vocabulary")
    image = figures.of_an_image(run.folder / "image.png", of_pixels, side=6, pixel=27)
    text = figures.of_a_text(run.folder / "text.png", of_characters, TEXT)
    sections = [
        Section("Images", IMAGES, image),
        Section("Text", TEXTS, text),
        Section("Columns are rows of the transposed matrix", TURNED, table=columns),
        Section("GPT, GPT-2, GPT-3", SIZE, table=sizes),
    ]
    return run.report("Sparse attention", sections)


if __name__ == "__main__":
    cli.run(main)
