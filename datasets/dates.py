"""Dates: "the 3rd of May 2019", "Fri 3 May 19", "05/03/2019" and others, to be written 2019-05-03.

Generated, no download. The dates of a century, of which some are for validation alone; a training
batch writes each of its dates in a form drawn for it, so that there are more than half a million
texts. As ids of characters: 0 is padding, 1 begins a target and 2 ends it.
"""

import datetime
from dataclasses import dataclass

import numpy as np

from zoo import checks
from zoo.datasets.batches import Batches

FIRST, LAST = datetime.date(1950, 1, 1), datetime.date(2049, 12, 31)
VALIDATION = 3000  # dates
# With slashes the month comes first, with dots the day; two digits of a year mean 1950 to 2049.
FORMS = (
    "{d} {month} {yyyy}",
    "{dd} {mon} {yyyy}",
    "{d} {mon} {yy}",
    "{d}-{mon}-{yyyy}",
    "{nth} {month} {yyyy}",
    "the {nth} of {month} {yyyy}",
    "the {nth} of {month}, '{yy}",
    "the {word} of {month} {yyyy}",
    "{month} {d}, {yyyy}",
    "{mon} {d}, {yyyy}",
    "{month} {nth}, {yyyy}",
    "{month} the {word}, {yyyy}",
    "{month} {nth} '{yy}",
    "{weekday}, {month} {d}, {yyyy}",
    "{weekday}, {d} {month} {yyyy}",
    "{weekday}, the {nth} of {month} {yyyy}",
    "{wd} {d} {mon} {yy}",
    "{wd}, {dd} {mon} {yyyy}",
    "{mm}/{dd}/{yyyy}",
    "{m}/{d}/{yyyy}",
    "{m}/{d}/{yy}",
    "{wd} {m}/{d}/{yyyy}",
    "{dd}.{mm}.{yyyy}",
    "{d}.{m}.{yy}",
    "{d}. {month} {yyyy}",
    "{yyyy}/{mm}/{dd}",
    "{yyyy}, {month} {d}",
    "{yyyy}{mm}{dd}",
)
MONTHS = ("January February March April May June July August September October November "
          "December").split()  # fmt: skip
WEEKDAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
FIRST_TWENTY = (
    "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth "
    "fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth twentieth"
).split()
WORDS = (
    *FIRST_TWENTY,
    *(f"twenty-{word}" for word in FIRST_TWENTY[:9]),
    "thirtieth",
    "thirty-first",
)
CHARACTERS = " ',-./0123456789ADFJMNOSTWabcdefghijlmnoprstuvwxy"  # of all texts
PADDING, START, END = 0, 1, 2
NAMES = ("padding", "start", "end", *CHARACTERS)  # of the ids
SOURCE_LENGTH = 37  # characters of the longest text
TARGET_LENGTH = len("2019-05-03") + 1  # with its end
_IDS = {character: i for i, character in enumerate(NAMES)}


def written(date: datetime.date, form: str) -> str:
    """A date in a form such as "the {nth} of {month} {yyyy}"; the fields are those of `FORMS`."""
    ending = {1: "st", 2: "nd", 3: "rd"}.get(date.day % 10, "th")
    month, weekday = MONTHS[date.month - 1], WEEKDAYS[date.weekday()]
    return form.format(
        d=date.day,
        dd=f"{date.day:02d}",
        nth=f"{date.day}{'th' if date.day in (11, 12, 13) else ending}",
        word=WORDS[date.day - 1],
        m=date.month,
        mm=f"{date.month:02d}",
        mon=month[:3],
        month=month,
        wd=weekday[:3],
        weekday=weekday,
        yy=f"{date.year % 100:02d}",
        yyyy=date.year,
    )


@dataclass(frozen=True, repr=False)
class Dates:
    """Dates as days of `datetime.date.toordinal`, those to validate on with their texts."""

    train: np.ndarray  # (n,)
    val: np.ndarray  # (m,), none of them in train
    val_texts: tuple[str, ...]  # what is written for each
    name: str = "dates"

    @property
    def vocabulary(self) -> int:
        """How many ids there are."""
        return len(NAMES)

    def dates(self, split: str) -> list[datetime.date]:
        """The dates of "train" or "val"."""
        checks.one_of("split", split, ("train", "val"))
        days = self.train if split == "train" else self.val
        return [datetime.date.fromordinal(day) for day in days.tolist()]

    def batches(self, split: str, batch_size: int, *, seed: int = 0, **options) -> "DateBatches":
        """Batches of "train", in another order and other forms each epoch, or of "val".

        Args:
            options: those of `Batches`: workers, last, sample_weight.

        Raises:
            ValueError: if there is no such split, or an argument is not what it must be.
        """
        checks.one_of("split", split, ("train", "val"))
        if split == "train":
            return DateBatches(self.train, batch_size, seed=seed, **options)
        return DateBatches(self.val, batch_size, self.val_texts, seed=seed, **options)

    def __repr__(self) -> str:
        return (
            f"Dates({len(self.train):,} train and {len(self.val):,} val dates, "
            f"{self.vocabulary} ids)"
        )


class DateBatches(Batches):
    """({"source": (n, 37), "target": (n, 11)}, (n, 11)) int32: the target lags behind by one.

    Args:
        days: ordinals of dates.
        texts: one per day; None: another form of each in every epoch, a third in small letters.
        options: those of `Batches`; without texts the rows are shuffled.
    """

    def __init__(self, days, batch_size: int, texts=None, **options):
        self.days, self.texts = days, texts
        super().__init__(len(days), batch_size, shuffle=texts is None, **options)

    def batch(self, rows, epoch, index):
        dates = [datetime.date.fromordinal(day) for day in self.days[rows].tolist()]
        if self.texts is None:
            texts = drawn_texts(dates, np.random.default_rng((*self.key(epoch, index), 1)))
        else:
            texts = [self.texts[row] for row in rows]
        following = encode_targets(dates)
        begun = np.roll(following, 1, axis=1)
        begun[:, 0] = START
        return {"source": encode(texts), "target": begun}, following


def load(limit: int | None = None, seed: int = 0) -> Dates:
    """33,525 dates to train on and 3,000 others to validate on, the same for a seed.

    Args:
        limit: keep so many dates to train on, and at most so many to validate on.
        seed: chooses the dates and the forms of those to validate on.

    Raises:
        ValueError: if the limit cannot be met.
    """
    rng = np.random.default_rng(seed)
    days = rng.permutation(np.arange(FIRST.toordinal(), LAST.toordinal() + 1))
    val, train = days[:VALIDATION], days[VALIDATION:]
    if limit is not None:
        limit = checks.whole_number("limit", limit, least=1, most=len(train))
        val, train = val[:limit], train[:limit]
    dates = [datetime.date.fromordinal(day) for day in val.tolist()]
    return Dates(train, val, tuple(drawn_texts(dates, rng)))


def drawn_texts(dates, rng) -> list[str]:
    """Each date in a form that is drawn, a third of them in small letters."""
    forms = rng.integers(len(FORMS), size=len(dates))
    small = rng.random(len(dates)) < 1 / 3
    texts = [written(date, FORMS[form]) for date, form in zip(dates, forms, strict=True)]
    return [text.lower() if low else text for text, low in zip(texts, small, strict=True)]


def encode(texts) -> np.ndarray:
    """Texts as the model takes them: int32 (n, SOURCE_LENGTH), padding behind.

    Raises:
        ValueError: if one is empty or too long, or has a character that no date is written with.
    """
    ids = np.full((len(texts), SOURCE_LENGTH), PADDING, "int32")
    for row, text in enumerate(texts):
        if not 1 <= len(text) <= SOURCE_LENGTH:
            raise ValueError(
                f"{text!r} has {len(text)} characters; a date has 1 to {SOURCE_LENGTH}"
            )
        unknown = sorted(set(text) - _IDS.keys())
        if unknown:
            raise ValueError(
                f"{text!r}: no date is written with {', '.join(map(repr, unknown))}; the "
                f"characters are {CHARACTERS!r}"
            )
        ids[row, : len(text)] = [_IDS[character] for character in text]
    return ids


def encode_targets(dates) -> np.ndarray:
    """Dates as the ids of 2019-05-03 and the end, int32 (n, TARGET_LENGTH)."""
    return np.array([[*map(_IDS.get, date.isoformat()), END] for date in dates], "int32")


def decode(ids) -> list[str]:
    """The texts of ids (n, t), each up to its end or padding; a start becomes an ellipsis."""
    texts = []
    for row in np.asarray(ids).tolist():
        ends = [row.index(stop) for stop in (PADDING, END) if stop in row]
        names = [NAMES[i] for i in row[: min(ends, default=None)]]
        texts.append("".join("…" if name == "start" else name for name in names))
    return texts
