"""The kinds of work a model does: what it takes and gives, and how its result is measured.

Whatever shows a result asks here: the row of a run, its figures, the result tables, the contract
that every registered model keeps.

    task = tasks.get("detection")
    task.main.label              # "mAP50"
    task.main.shown(0.9037)      # "90.37 %"
"""

import difflib
import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Metric:
    """A number that a training reports, and how to write it.

    `key` is its name in Keras's logs, in `metrics.csv` and in `results/`.
    """

    key: str
    label: str
    higher_is_better: bool
    percent: bool = False
    decimals: int = 3

    def shown(self, value: float | None) -> str:
        """The value as a page, a table and the console write it; an en dash for None."""
        if value is None:
            return "–"
        if self.percent:
            return f"{100 * value:.2f} %"
        return f"{value:.{self.decimals}f}"


@dataclass(frozen=True)
class Task:
    """One kind of work."""

    name: str
    takes: str  # what a model of this task is called with
    gives: str
    main: Metric  # what its results are compared by
    others: tuple[Metric, ...] = ()  # shown beside it

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """The main metric, then the others."""
        return (self.main, *self.others)


LOSS = Metric("loss", "loss", higher_is_better=False)
CROSS_ENTROPY = Metric("cross_entropy", "cross-entropy", higher_is_better=False)
ACCURACY = Metric("accuracy", "accuracy", higher_is_better=True, percent=True)

_TASKS = (
    Task("classification", "images (n, H, W, C)", "logits (n, classes)", ACCURACY),
    Task(
        "digit sum",
        "images of digits (n, H, W, C) and one-hot numbers (n, 10)",
        "logits of the digit (n, 10) and of the sum (n, 19), or of its bits (n, 5)",
        Metric("sum_accuracy", "sum accuracy", higher_is_better=True, percent=True),
        (Metric("digit_accuracy", "digit accuracy", higher_is_better=True, percent=True),),
    ),
    Task(
        "detection",
        "images (n, H, W, 3)",
        "a row of numbers per anchor box (n, boxes, 4 + 1 + classes), which zoo.detection decodes",
        Metric("map50", "mAP50", higher_is_better=True, percent=True),
        (Metric("map", "mAP", higher_is_better=True, percent=True),),
    ),
    Task(
        "language modelling",
        "token ids (n, T)",
        "logits (n, T, vocabulary)",
        Metric("loss", "loss in nats per token", higher_is_better=False),
        (
            Metric("perplexity", "perplexity", higher_is_better=False, decimals=2),
            Metric("bits_per_character", "bits per character", higher_is_better=False),
        ),
    ),
    Task(
        "masked language modelling",
        "token ids, segment ids and padding mask, (n, T) each, and the masked places (n, P)",
        "logits at the masked places (n, P, vocabulary) and is-next logits (n, 2)",
        Metric("masked_accuracy", "masked-word accuracy", higher_is_better=True, percent=True),
        (Metric("is_next_accuracy", "is-next accuracy", higher_is_better=True, percent=True),),
    ),
    Task(
        "translation",
        "source ids (n, S) and target ids so far (n, T)",
        "logits (n, T, vocabulary)",
        Metric("exact_match", "exact match", higher_is_better=True, percent=True),
        (Metric("token_accuracy", "token accuracy", higher_is_better=True, percent=True),),
    ),
    Task(
        "image-text",
        "images (n, H, W, C) and token ids (n, T)",
        "two embeddings (n, d) and the logit scale",
        Metric("zero_shot_accuracy", "zero-shot accuracy", higher_is_better=True, percent=True),
        (
            Metric("image_recall_at_1", "image recall@1", higher_is_better=True, percent=True),
            Metric("text_recall_at_1", "text recall@1", higher_is_better=True, percent=True),
        ),
    ),
)
_BY_NAME = {task.name: task for task in _TASKS}


def names() -> tuple[str, ...]:
    """The tasks: those of the course in its order, then a user's own."""
    return tuple(_BY_NAME)


def add(task: Task) -> None:
    """Make a task of one's own known, for `zoo.register(task=...)`; the same name replaces it."""
    _BY_NAME[task.name] = task


def get(name: str) -> Task:
    """The task of that name.

    Raises:
        ValueError: if there is none, with the nearest names.
    """
    if name not in _BY_NAME:
        near = difflib.get_close_matches(str(name), _BY_NAME, n=1, cutoff=0.5)
        meant = f"; did you mean {near[0]!r}?" if near else ""
        raise ValueError(f"no task named {name!r}; there are {', '.join(_BY_NAME)}{meant}")
    return _BY_NAME[name]


def metric(key: str) -> Metric:
    """How a number in Keras's logs is written: `accuracy`, `val_map50`, `digit_accuracy`, `loss`.

    A prefix such as `val_` or an output's name stays in the label. What no task knows is a number
    whose direction its name must tell: losses and errors fall, everything else rises.
    """
    bare = key.removeprefix("val_")
    known = {m.key: m for task in reversed(_BY_NAME.values()) for m in task.metrics}
    known |= {m.key: m for m in (LOSS, CROSS_ENTROPY)}
    if bare in known:
        found = known[bare]
        return Metric(key, found.label, found.higher_is_better, found.percent, found.decimals)
    ending = next((k for k in known if bare.endswith(f"_{k}")), None)
    label = bare.replace("_", " ")
    if ending:
        found = known[ending]
        return Metric(key, label, found.higher_is_better, found.percent, found.decimals)
    falls = re.search("loss|error|perplexity", bare) is not None
    return Metric(key, label, higher_is_better=not falls, decimals=4)
