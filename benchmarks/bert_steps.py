"""Training steps of the small BERT of s11_bert against a plain PyTorch loop of the same network.

    KERAS_BACKEND=torch python benchmarks/bert_steps.py

A figure is PyTorch's time over ours: 1.00 is as fast, more is faster. The two take turns, each in a
process of its own. Ours makes its pairs, masks their words, counts four metrics and runs the
callbacks of a recipe as well; PyTorch's batches lie ready.
"""

import tempfile
from pathlib import Path

import keras
from measure import PlainPyTorch, ratios, report, row
from training_steps import WARM, Clock

import zoo
from zoo import datasets
from zoo.language import train_word_piece
from zoo.language.sentence_pairs import SentencePairs
from zoo.training import OneCycle, callbacks, masked_words

BATCH, STEPS, ROUNDS = 32, 6, 5
VOCABULARY, SIZE = 4000, {"length": 128, "depth": 4, "heads": 4}  # as in torch_bert.py

if __name__ == "__main__":
    texts = datasets.load("python_help").train
    tokenizer = train_word_piece(texts, VOCABULARY)
    pairs = SentencePairs(texts, tokenizer, BATCH, length=SIZE["length"], last="drop")
    model = zoo.get("bert_tiny", vocabulary=VOCABULARY, **SIZE)
    rate = OneCycle(1e-3, 10_000, 2_000)
    model.compile(
        keras.optimizers.Adam(rate, clipnorm=1),
        masked_words.losses(),
        weighted_metrics=masked_words.metrics(),
    )
    folder, clock = Path(tempfile.mkdtemp()), Clock()
    machinery = [
        clock,
        callbacks.Progress(),
        callbacks.StopOnNonFinite(),
        callbacks.MetricsLog(folder / "metrics.csv"),
        callbacks.Checkpoint(folder / "checkpoint"),
    ]

    def ours():
        model.fit(pairs, steps_per_epoch=STEPS + WARM, verbose=0, callbacks=machinery)
        return clock.ended - clock.began

    theirs = PlainPyTorch("bert_tiny", BATCH, STEPS, "torch_bert.py")
    assert theirs.params == zoo.summary(model).trainable_params, "not the same network"
    values = [1 / ratio for ratio in ratios(ours, theirs.seconds, ROUNDS)]
    theirs.close()
    goal = "1.0 on the better backend, 0.9 on torch"
    report(
        "training steps of BERT: PyTorch's time / ours",
        [row(f"bert_tiny, batch {BATCH}", values, goal)],
    )
