"""Session 11: a small BERT learns to fill in words, and to tell whether a text goes on.

    python recipes/s11_bert.py                                            # WikiText-2
    python recipes/s11_bert.py --dataset=python_help --epochs=4           # embedded text, minutes

What it shows: an encoder that reads in both directions. Of each pair of segments 15 % of the words
are asked for, and whether the second follows the first; half do. The answers stand beside what one
knows without reading: the most frequent word, the entropy of the words' frequencies, a coin.
Checked: tests/zoo/test_bert.py, tests/zoo/language; no full run is recorded yet.
"""

import zoo
from zoo import cli, datasets
from zoo.inspect import attention_weights
from zoo.language import train_word_piece
from zoo.language.masking import unigram_baseline
from zoo.language.reading import frequent_words, inputs_of, nearest_tokens
from zoo.language.sentence_pairs import SentencePairs
from zoo.report.page import Section
from zoo.report.transformer import attention_heads
from zoo.run import Run
from zoo.training import OneCycle, masked_words

import keras
import numpy as np

NEAREST = "For frequent words those whose embeddings have the largest cosines."
ATTENTION = "Each row is a token; the darker a column, the more it gathers from that token."


def row(label, accuracy, loss, follows, next_loss):
    """A row of the table that compares the net with what one knows without reading."""
    masked = {"masked words": f"{accuracy:.2%}", "their loss": f"{loss:.3f}"}
    return {"by": label} | masked | {"is next": f"{follows:.2%}", "its loss": f"{next_loss:.3f}"}


def main(
    dataset="wikitext2",
    vocabulary=4000,  # words and parts of words, found in the training text
    length=64,  # tokens of a pair of segments
    depth=2,  # blocks
    heads=4,  # of a block's attention
    epochs=40,
    batch_size=32,
    max_lr=2e-3,
    seed=0,
    limit: int | None = None,  # train on so many characters only
    data_dir: str | None = None,
    out: str | None = None,
    resume: str | None = None,
):
    run = Run.start(__file__, config=locals())

    data = datasets.load_text(dataset, limit=limit, data_dir=data_dir)
    tokenizer = train_word_piece(data.train, vocabulary, more_special_tokens=["<unk>"])
    tokenizer.save(run.folder / "tokenizer.json")
    train = SentencePairs(data.train, tokenizer, batch_size, length=length, seed=seed)
    val = SentencePairs(data.val, tokenizer, batch_size, length=length, shuffle=False)

    size = {"depth": depth, "heads": heads, "length": length}
    net = zoo.get("bert_tiny", vocabulary=tokenizer.vocabulary_size, **size)
    rate = OneCycle(max_lr, epochs * len(train), 0.1 * epochs * len(train), anneal="linear")
    optimizer = keras.optimizers.Adam(rate, clipnorm=1)
    net.compile(optimizer, masked_words.losses(), weighted_metrics=masked_words.metrics())
    net.fit(
        train,
        validation_data=val,
        epochs=epochs,
        initial_epoch=run.restore(net, train),
        verbose=0,
        callbacks=run.callbacks,
    )

    found = net.evaluate(val, verbose=0, return_dict=True)
    targets = np.concatenate([y["masked"][w["masked"] == 1] for _, y, w in val])
    without_reading = (*unigram_baseline(train.counts(), targets), 0.5, np.log(2))
    keys = ("masked_accuracy", "masked_nats", "is_next_accuracy", "is_next_nats")
    table = [row("without reading", *without_reading), row(net.name, *map(found.get, keys))]
    run.print_table(table)

    words = frequent_words(tokenizer, train.counts(), 200)[::8]
    embedding = keras.ops.convert_to_numpy(net.get_layer("token_embedding").embeddings)
    nearest = [
        {"word": word, "nearest": ", ".join(f"{near} {cosine:.2f}" for near, cosine in alike)}
        for word, alike in nearest_tokens(embedding, tokenizer, words).items()
    ]
    segment = next(segment for segment in val.segments if 8 <= len(segment) <= 20)
    read = inputs_of(tokenizer, tokenizer.decode(segment))
    names = [tokenizer.tokens[i] for i in read["token_ids"][0]]
    drawn = attention_heads(run.folder / "attention.png", attention_weights(net, read), names)
    sections = [
        Section("Beside what one knows without reading; losses in nats", table=table),
        Section("Alike words", NEAREST, table=nearest),
        Section("Attention, head by head", ATTENTION, drawn),
    ]
    return run.finish(net, sections)


if __name__ == "__main__":
    cli.run(main)
