"""Session 10: attention by hand, nine patches of a photograph and eight heads.

    python recipes/s10_attention_by_hand.py

What it shows: one patch asks the nine, number by number; then all patches and heads as one matrix
product, and the linear layer that merges the heads; masked and cross attention. Nothing is trained:
queries and keys share a random matrix, so that patches which look alike ask for each other.
attention.xlsx in the run's folder has a case of three patches and two heads as live formulas.

Checked: tests/zoo/fundamentals/test_attention.py, against Keras, PyTorch and LibreOffice.
"""

from zoo import checks, cli
from zoo.fundamentals import attention as by_hand
from zoo.fundamentals import attention_masks, attention_sheet
from zoo.report.figures import overlay
from zoo.report.page import Section
from zoo.report.pictures import Picture, pictures
from zoo.run import Run

import cv2
import numpy as np
from sklearn.datasets import load_sample_image

WIDTH, HEADS, SIDE = 512, 8, 192
NUMBERS = """Patch {asking} asks in head 1: the product of its 64 query numbers with each patch's 64
key numbers, over the root of 64; e to that; over the sum. What it gathers is the patches' values in
these shares."""
MATRICES = """Row i says what patch i gathers from each patch. Every head looks at its own 64 of the
512 numbers, so each finds other patches alike; the linear layer merges what the eight gathered."""
MASKED = """Left, scores of later patches are minus infinity, so that their attention is 0 exactly:
patch i sees the patches up to i, as a language model sees words. Right, the queries are of another
photograph: cross attention."""


def patches_of(photo):
    """A square of the photo, and its nine patches as (9, 512) numbers of mean 0 and variance 1."""
    square = cv2.resize(photo[:420, 110:530], (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    third = SIDE // 3
    parts = [square[r : r + third, c : c + third] for r in (0, 64, 128) for c in (0, 64, 128)]
    grey = [cv2.resize(part.mean(axis=-1), (32, 16)) for part in parts]
    x = np.reshape(grey, (9, WIDTH))
    return square, (x - x.mean()) / x.std()


def main(
    asking=6,  # the patch that is worked through, 1 to 9
    seed=0,
    out: str | None = None,
):
    run = Run.start(__file__, config=locals())
    query_of = checks.whole_number("asking", asking, least=1, most=9) - 1
    photo, x = patches_of(load_sample_image("china.jpg"))
    _, other = patches_of(load_sample_image("flower.jpg"))
    w = by_hand.Projections.random(WIDTH, seed)
    w = by_hand.Projections(w.query, w.query, w.value, w.output, w.biases)

    q, k = (x @ matrix for matrix in (w.query, w.key))
    products = [sum(q[query_of, n] * k[key, n] for n in range(64)) for key in range(9)]
    exponentials = np.exp(np.array(products) / 8)
    shares = exponentials / exponentials.sum()
    rows = []
    for n, (p, e, a) in enumerate(zip(products, exponentials, shares, strict=True), 1):
        numbers = {"product": p, "over 8": p / 8, "e^score": e, "attention": a}
        rows.append({"key of patch": f"{n}"} | {name: f"{x:.3f}" for name, x in numbers.items()})
    run.print_table(rows, f"patch {asking} asks, head 1")

    output, weights = by_hand.multi_head_attention(x, w, HEADS)
    assert np.allclose(weights[0, query_of], shares)
    causal = by_hand.multi_head_attention(x, w, HEADS, allowed=attention_masks.causal(9))[1]
    cross = by_hand.multi_head_attention(other, w, HEADS, context=x)[1]
    workbook = attention_sheet.write(run.folder / "attention.xlsx")
    run.console.print(f"spreadsheet: {workbook.resolve()}", soft_wrap=True)

    def matrix(title, attention, numbers=""):
        names = [str(n) for n in range(1, 10)]
        return Picture(title, attention, "Blues", (0, 1), numbers, rows=names, columns=names)

    looks = [Picture(f"patch {asking} asks", photo)]
    for head in range(HEADS):
        share = weights[head, query_of].reshape(3, 3).astype("float32")
        heat = cv2.resize(share / share.max(), (SIDE, SIDE), interpolation=cv2.INTER_NEAREST)
        looks.append(Picture(f"head {head + 1}", overlay(photo, heat)))
    heads = [matrix(f"head {head + 1}", weights[head]) for head in range(HEADS)]
    both = [matrix("masked, head 1", causal[0], ".2f"), matrix("cross, head 1", cross[0], ".2f")]
    folder = run.folder
    sections = [
        Section("Number by number", NUMBERS.format(asking=asking), table=rows),
        Section("Where it looks", "Red: most attention.", pictures(folder / "looks.png", looks, 3)),
        Section("All at once", MATRICES, pictures(folder / "heads.png", heads, 4)),
        Section("Masked and cross", MASKED, pictures(folder / "masked.png", both, 2, 4.2)),
        Section("In a spreadsheet", f"{workbook.name}, beside this page: every step a formula."),
    ]
    tiles = [(f"{4 * WIDTH * (WIDTH + 1):,}", "parameters"), (f"{output.shape}", "output")]
    return run.report("Attention by hand", sections, tiles)


if __name__ == "__main__":
    cli.run(main)
