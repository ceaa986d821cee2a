"""From a name to the function that builds the model, and to the card that describes it."""

import difflib
import fnmatch
import html
import inspect
import numbers
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import keras

from zoo import weights as weight_files


@dataclass(frozen=True)
class ModelCard:
    """What the zoo knows of a model without building it."""

    name: str
    summary: str  # the first line of the builder's docstring
    session: float | None
    task: str
    dataset: str | None
    source: str | None  # paper or lesson
    cam_layer: str | None  # where GradCAM looks; None: the last layer with maps
    variant_of: str | None
    weights: Mapping[str, str]  # tag -> SHA-256 of the file in zoo/weights/
    builder: Callable[..., keras.Model] = field(repr=False)

    @property
    def options(self) -> dict[str, object]:
        """The builder's keyword arguments and their defaults: what `zoo.get` passes on.

        A variant's are those of what it is a variant of, with defaults of its own.
        """
        parameters = inspect.signature(self.builder).parameters.values()
        named = (inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
        own = {p.name: p.default for p in parameters if p.kind in named}
        return (card(self.variant_of).options if self.variant_of else {}) | own

    def rows(self) -> list[tuple[str, str]]:
        """(label, text) pairs, as the command line and a notebook show them."""
        options = ", ".join(f"{name}={default!r}" for name, default in self.options.items())
        rows = [
            ("summary", self.summary),
            ("session", self.session),
            ("task", self.task),
            ("dataset", self.dataset),
            ("source", self.source),
            ("GradCAM layer", self.cam_layer),
            ("variant of", self.variant_of),
            ("weights", ", ".join(self.weights)),
            ("options", options),
        ]
        return [(label, str(value)) for label, value in rows if value not in (None, "")]

    def _repr_html_(self) -> str:
        left = "style='text-align:left;vertical-align:top'"
        cells = "".join(
            f"<tr><th {left}>{label}</th><td {left}>{html.escape(text)}</td></tr>"
            for label, text in self.rows()
        )
        return f"<b>{html.escape(self.name)}</b><table>{cells}</table>"


_cards: dict[str, ModelCard] = {}


def register(
    *,
    session: float | None = None,
    task: str = "classification",
    dataset: str | None = None,
    source: str | None = None,
    cam_layer: str | None = None,
    variant_of: str | None = None,
    weights: Mapping[str, str] | None = None,
):
    """Put a build function into the zoo under its own `__name__`.

        @zoo.register(session=8, dataset="cifar10")
        def my_net(*, input_shape=(32, 32, 3), num_classes=10): ...

    Running the same definition again replaces it, as a notebook cell does.

    Args:
        session: of the course; `zoo list` sorts by it.
        task: "classification" for a model that gives logits, or a word of yours.
        dataset: the name of what it is meant for, which a recipe may load.
        source: paper or lesson.
        cam_layer: where GradCAM looks; None: the last layer with maps of 5x5 at least.
        variant_of: the registered model that the function calls with other defaults; what it
            does not name itself it takes as `**overrides` and hands on.
        weights: tag -> SHA-256 of `zoo/weights/<name>-<tag>.weights.h5`.

    Raises:
        ValueError: another function already has the name, or `variant_of` is not registered.
    """

    def add(builder):
        name = builder.__name__
        known = _cards.get(name)
        if known and _place(known.builder) != _place(builder):
            raise ValueError(
                f"a model named {name!r} is registered already, by {_place(known.builder)}; "
                f"rename the function in {_place(builder)}"
            )
        if variant_of:
            card(variant_of)
        summary = (inspect.getdoc(builder) or "").partition("\n")[0]
        _cards[name] = ModelCard(
            name, summary, session, task, dataset, source, cam_layer, variant_of, weights or {},
            builder,
        )  # fmt: skip
        return builder

    return add


def get(name: str, /, *, weights: str | None = None, **overrides) -> keras.Model:
    """Build the model registered as `name`; a classifier gives logits.

    Args:
        name: one of `zoo.list_models()`.
        weights: a tag on the model's card, such as `"cifar10"`, or a `.weights.h5` or `.keras`
            file of yours; None leaves the fresh initialisation.
        **overrides: the builder's keyword arguments, `input_shape` and `num_classes` among them.

    Raises:
        ValueError: Keras is set to channels first; unknown name, override or weights; weights that
            do not fit the model; an `input_shape` not (height, width, channels), too small, or
            with None for a side that the model has to know.
    """
    if keras.config.image_data_format() != "channels_last":
        raise ValueError(
            f'the zoo takes images (height, width, channels), but "image_data_format" is '
            f"{keras.config.image_data_format()!r}; call "
            f'keras.config.set_image_data_format("channels_last")'
        )
    entry = card(name)
    unknown = overrides.keys() - entry.options.keys()
    if unknown:
        raise ValueError(
            f"{name} has no option {', '.join(map(repr, sorted(unknown)))}; "
            f"it takes {', '.join(entry.options)}"
        )
    own = entry.options.get("input_shape")
    if "input_shape" in overrides and isinstance(own, tuple):
        _require_image(name, overrides["input_shape"], own)
    try:
        model = entry.builder(**overrides)
    except ValueError as error:
        shape = overrides.get("input_shape")
        if shape and "output size would be zero or" in str(error):
            why = f"is too small for {name}: a map on the way is smaller than the kernel it meets"
        elif shape and None in shape and re.search("kernel_size|fully-defined", str(error)):
            why = f"does not do for {name}, which has a weight for each place of its last maps"
        else:
            raise
        raise ValueError(f"input_shape={shape} {why}; its own is {own}") from error
    if weights is not None:
        weight_files.load_into(model, name, weights, entry.weights)
    return model


def _require_image(name, shape, own) -> None:
    *sides, channels = shape if isinstance(shape, tuple | list) and len(shape) else (0,)
    counts = [side for side in sides if side is not None] + [channels]  # None: of any size
    whole = all(isinstance(count, numbers.Integral) and count >= 1 for count in counts)
    if not whole or len(shape) != len(own):
        raise ValueError(
            f"input_shape={shape} of {name} must be (height, width, channels), whole numbers of 1 "
            f"or more; its own is {own}"
        )


def list_models(
    pattern: str = "*", *, session: float | None = None, task: str | None = None
) -> list[str]:
    """Registered names that match a shell pattern, sorted; `session` and `task` narrow it."""
    found = [
        name
        for name, entry in _cards.items()
        if fnmatch.fnmatchcase(name, pattern)
        and session in (None, entry.session)
        and task in (None, entry.task)
    ]
    return sorted(found, key=_natural)


def card(name: str) -> ModelCard:
    """The card of a registered model; `ValueError` with the nearest names if there is none."""
    if name not in _cards:
        near = difflib.get_close_matches(str(name), _cards, n=3, cutoff=0.5) or list_models()
        raise ValueError(
            f"no model named {name!r}; nearest: {', '.join(near)}. `zoo list` shows all of them"
        )
    return _cards[name]


def _natural(name: str) -> list:
    """A key that puts step2 before step10."""
    return [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", name)]


def _place(function) -> str:
    return f"{function.__module__}.{function.__qualname__}"
