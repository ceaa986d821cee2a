"""Session 11: encoder and decoder. Dates in 28 written forms become 2019-05-03.

    python recipes/s11_transformer.py                              # minutes; the data are generated
    python recipes/s11_transformer.py --limit=2000 --epochs=20     # fewer dates, a minute

What it shows: the transformer of the paper, small. Its cross attention is drawn: each character
looks for where its answer stands in what was read, a month of letters or digits, a day of digits or
a word. Dates of validation are in no training text; of 9,000, with three seeds, 2 come out wrong.
Measured: the s11_transformer rows of results/.
"""

import zoo
from zoo import checks, cli, datasets
from zoo.datasets.dates import END, START, TARGET_LENGTH, decode, encode, encode_targets
from zoo.inspect import attention_weights
from zoo.language.translation import translate
from zoo.models.transformer import exact_match
from zoo.report.page import Section
from zoo.report.pictures import Picture, pictures
from zoo.run import Run
from zoo.training import OneCycle

import keras
import numpy as np

MATCH = "Each character follows from those that the model wrote before. Errors first, if any."
ATTENTION = """A row per character written, a column per character read; dark: looked at. The cross
attention of the last block, mean of its heads."""
SHOWN = (
    "Friday, the 3rd of May 2019",
    "may the twenty-third, 1984",
    "Wed, 04 Nov 2026",
    "12/31/1999",
)


def attended(net, text):
    """What each character written looked at in a text, as a picture."""
    source = encode([text])
    ids = translate(net, source, start=START, end=END, length=TARGET_LENGTH)
    target = np.roll(ids, 1, axis=1)
    target[:, 0] = START
    weights = attention_weights(net, {"source": source, "target": target})
    *_, last = (heads for name, heads in weights.items() if name.endswith("cross"))
    written = decode(ids)[0]
    seen = last[0].mean(axis=0)[: len(written), : len(text)]
    options = {"rows": [*written], "columns": [*text], "limits": (0, 1)}
    return Picture(f"{text} → {written}", seen, "Blues", **options)


def main(
    dataset="dates",
    epochs=8,
    batch_size=128,
    max_lr=3e-3,
    dropout=0.0,  # of each branch, in training
    seed=0,
    limit: int | None = None,
    out: str | None = None,
    resume: str | None = None,
):
    run = Run.start(__file__, config=locals())

    checks.one_of("dataset", dataset, ("dates",))
    data = datasets.load(dataset, limit=limit, seed=seed)
    train = data.batches("train", batch_size, seed=seed)
    net = zoo.get("transformer_dates", vocabulary=data.vocabulary, dropout=dropout)
    steps = epochs * len(train)
    rate = OneCycle(max_lr, steps, 0.1 * steps, anneal="linear")
    net.compile(
        keras.optimizers.Adam(rate, beta_2=0.98),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=[
            keras.metrics.MeanMetricWrapper(exact_match, name="exact_match"),
            keras.metrics.SparseCategoricalAccuracy(name="token_accuracy"),
        ],
    )
    net.fit(
        train,
        validation_data=data.batches("val", 500),
        epochs=epochs,
        initial_epoch=run.restore(net, train),
        verbose=0,
        callbacks=run.callbacks,
    )
    texts, true = data.val_texts, decode(encode_targets(data.dates("val")))
    ids = translate(net, encode(texts), start=START, end=END, length=TARGET_LENGTH)
    rows = sorted(zip(texts, true, decode(ids), strict=True), key=lambda row: row[1] == row[2])
    right = sum(date == written for _, date, written in rows)
    heading = f"{right:,} of {len(rows):,} dates written out right"
    run.console.print(heading)
    table = [dict(zip(("text", "date", "written"), row, strict=True)) for row in rows[:15]]
    panels = [attended(net, text) for text in SHOWN]
    drawn = pictures(run.folder / "attention.png", panels, columns=2, side=2.1)
    sections = [Section(heading, MATCH, table=table), Section("Looked at", ATTENTION, drawn)]
    return run.finish(net, sections)


if __name__ == "__main__":
    cli.run(main)
