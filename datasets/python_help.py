"""Text that ships with Python: what `help()` shows about the language, 0.4 million characters.

Embedded, so no download. The words are those of `pydoc_data.topics`, a module of the standard
library that CPython's release makes of its language reference; they differ a little from version to
version, so results on them name Python's version. Some topics repeat paragraphs of others; each
paragraph is kept once, so that no validation text was trained on.
"""

import pydoc_data.topics

from zoo.datasets.text import TextDataset

EVERY = 10  # one topic in so many is validated on


def load() -> TextDataset:
    """A document per topic, in the order of their names; the first of every ten is held out."""
    seen, documents = set(), []
    for _, text in sorted(pydoc_data.topics.topics.items()):
        kept = []
        for paragraph in text.strip().split("\n\n"):
            if paragraph not in seen:
                seen.add(paragraph)
                kept.append(paragraph)
        if kept:
            documents.append("\n\n".join(kept))
    train = tuple(text for i, text in enumerate(documents) if i % EVERY)
    return TextDataset("python_help", train, tuple(documents[::EVERY]))
