"""Session 11: a BERT that has read is fine-tuned to sort texts, beside a bag of words.

    python recipes/s11_bert_classify.py --pretrained=RUN       # the folder of an s11_bert run
    python recipes/s11_bert_classify.py --dataset=FOLDER       # a folder of texts per class
    python recipes/s11_bert_classify.py --epochs=3             # embedded docstrings, a minute

What it shows: a new head on what the pooler makes of [CLS], and the whole net trained on. Of which
package of Python's library is a docstring? A logistic regression of the words, whatever their
order, answers the same question in the same run; where texts are few, it is hard to beat.
Checked: tests/zoo/test_bert.py; no full run is recorded yet.
"""

from pathlib import Path

import zoo
from zoo import cli, datasets
from zoo.language import load_tokenizer, train_word_piece
from zoo.language.labelled_sequences import LabelledSequences
from zoo.models import bert
from zoo.report.confusion import confusion
from zoo.report.page import Section
from zoo.run import Run
from zoo.training import OneCycle

import keras
import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

WORDS = """Validation accuracy after the last epoch. The bag of words: how often each word and pair
of words stands in a text, rare ones weighted up (TF-IDF), and a logistic regression."""
CONFUSED = "Validation texts by the fine-tuned net, per cent of the row."


def main(
    pretrained: str | None = None,  # the folder of an s11_bert run; without it the net is fresh
    dataset="python_docstrings",
    epochs=8,
    batch_size=16,
    max_lr=5e-4,
    vocabulary=2000,  # of a fresh net
    length=64,  # tokens of a text; of longer ones the beginning is read
    seed=0,
    limit: int | None = None,  # train on so many texts only
    out: str | None = None,
    resume: str | None = None,
):
    run = Run.start(__file__, config=locals(), task="classification")

    data = datasets.load(dataset, limit=limit, seed=seed)
    if not isinstance(data, datasets.LabelledTexts):
        raise ValueError(f"{data} has no classes; name a folder with a folder of texts per class")
    if pretrained is None:
        tokenizer = train_word_piece(data.train, vocabulary)
        body = zoo.get("bert_tiny", vocabulary=tokenizer.vocabulary_size, length=length)
    else:
        tokenizer = load_tokenizer(Path(pretrained) / "tokenizer.json")
        body = keras.saving.load_model(Path(pretrained) / "model.keras", compile=False)
    tokenizer.save(run.folder / "tokenizer.json")
    options = {"length": length, "seed": seed}
    train = LabelledSequences(*data.split("train"), tokenizer, batch_size, **options)
    val = LabelledSequences(*data.split("val"), tokenizer, batch_size, shuffle=False, **options)

    net = bert.classifier(body, data.num_classes)
    rate = OneCycle(max_lr, epochs * len(train), 0.1 * epochs * len(train), anneal="linear")
    net.compile(
        keras.optimizers.Adam(rate, clipnorm=1),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    net.fit(
        train,
        validation_data=val,
        epochs=epochs,
        initial_epoch=run.restore(net, train),
        verbose=0,
        callbacks=run.callbacks,
    )

    bag = make_pipeline(TfidfVectorizer(ngram_range=(1, 2)), LogisticRegression(C=10))
    bag.fit(data.train, data.y_train)
    predicted = net.predict(val, verbose=0).argmax(axis=-1)
    accuracies = {
        "most frequent class": (data.y_val == np.bincount(data.y_train).argmax()).mean(),
        "bag of words": bag.score(data.val, data.y_val),
        f"{net.name}, {'pretrained' if pretrained else 'fresh'}": (predicted == data.y_val).mean(),
    }
    table = [{"by": name, "accuracy": f"{value:.2%}"} for name, value in accuracies.items()]
    run.print_table(table)
    drawn = confusion(run.folder / "confusion.png", data.y_val, predicted, data.class_names)
    sections = [
        Section("Beside a bag of words", WORDS, table=table),
        Section("What is taken for what", CONFUSED, drawn),
    ]
    return run.finish(net, sections)


if __name__ == "__main__":
    cli.run(main)
