"""From a name to the function that builds the model, and to the card that describes it."""

import difflib
import fnmatch
import html
import importlib
import inspect
import numbers
import re
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import keras

from zoo import checks, tasks
from zoo import weights as weight_files
from zoo.weights import WeightsEntry


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
    patch: int | None  # pixels per token along each side, of a net of tokens
    prefix_tokens: int  # tokens before those of the patches, such as a class token
    variant_of: str | None
    params: int | None  # trainable, with the builder's own defaults
    weights: Mapping[str, WeightsEntry]  # by tag
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
            ("trainable parameters", None if self.params is None else f"{self.params:,}"),
            ("GradCAM layer", self.cam_layer),
            ("pixels per token", self.patch),
            ("prefix tokens", self.prefix_tokens or None),
            ("variant of", self.variant_of),
            *((f"weights {tag!r}", f"{w.result}; {w.run}") for tag, w in self.weights.items()),
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
    patch: int | None = None,
    prefix_tokens: int = 0,
    variant_of: str | None = None,
    params: int | None = None,
):
    """Put a build function into the zoo under its own `__name__`.

        @zoo.register(session=8, dataset="cifar10")
        def my_net(*, input_shape=(32, 32, 3), num_classes=10): ...

    Running the same definition again replaces it, as a notebook cell does.

    Args:
        session: of the course; `zoo list` sorts by it.
        task: one of `zoo.tasks.names()`; it decides how results of the model are measured.
        dataset: the name of what it is meant for, which a recipe may load.
        source: paper or lesson.
        cam_layer: where GradCAM looks; None: the last layer with maps of 5x5 at least.
        patch: of a net of tokens, the side of a patch in pixels; its `cam_layer` gives tokens.
        prefix_tokens: how many tokens stand before those of the patches, such as a class token.
        variant_of: the registered model that the function calls with other defaults; what it
            does not name itself it takes as `**overrides` and hands on.
        params: the number of trainable parameters with the builder's own defaults.

    Raises:
        ValueError: if another function already has the name, `variant_of` is not registered, or
            there is no such task.
    """
    tasks.get(task)

    def add(builder):
        name = builder.__name__
        known = _cards.get(name)
        if known and _path_of(known.builder) != _path_of(builder):
            raise ValueError(
                f"a model named {name!r} is registered already, by {_path_of(known.builder)}; "
                f"rename the function in {_path_of(builder)}"
            )
        if variant_of:
            card(variant_of)
        _cards[name] = ModelCard(
            name=name,
            summary=(inspect.getdoc(builder) or "").partition("\n")[0],
            session=session,
            task=task,
            dataset=dataset,
            source=source,
            cam_layer=cam_layer,
            patch=patch,
            prefix_tokens=prefix_tokens,
            variant_of=variant_of,
            params=params,
            weights=weight_files.entries_of(name),
            builder=builder,
        )
        return builder

    return add


def get(name: str, /, *, weights: str | None = None, **overrides) -> keras.Model:
    """Build the model registered as `name`; a classifier gives logits.

    Args:
        name: one of `zoo.list_models()`.
        weights: a tag on the model's card, such as `"cifar10"`, or a `.weights.h5` or `.keras`
            file; None leaves the fresh initialisation. With another `num_classes` than that of the
            weights the body is loaded and the head is new, which a warning says.
        **overrides: the builder's keyword arguments, `input_shape` and `num_classes` among them;
            `num_classes=0` gives the features before the head, (n, d).

    Raises:
        ValueError: if Keras is set to channels first; if the name, an override or the weights are
            unknown; if the weights do not fit the model; if `input_shape` is not (height, width,
            channels), is too small, or has None for a side that the model has to know.
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
    own_shape = entry.options.get("input_shape")
    if "input_shape" in overrides and isinstance(own_shape, tuple):
        _require_image(name, overrides["input_shape"], own_shape)
    if "num_classes" in overrides:
        checks.whole_number("num_classes", overrides["num_classes"], least=0)
    path = trained_classes = None
    if weights is not None:
        path = weight_files.checked_file(name, weights, entry.weights)
        if weights in entry.weights:
            trained_classes = entry.weights[weights].num_classes

    def build(num_classes):
        return _build(entry, overrides | {"num_classes": num_classes})

    wanted = overrides.get("num_classes")
    model = _build(entry, overrides) if wanted != 0 else build(entry.options["num_classes"])
    if path and wanted is None:
        weight_files.load_into(model, path)
    elif path:
        new = weight_files.load_body(model, path, build, trained_classes)
        if new and wanted:
            warnings.warn(
                f"{name} with {wanted} classes has the trained body of {path.name}; its head "
                f"({', '.join(new)}) is new: train it",
                stacklevel=2,
            )
    return weight_files.features_of(model, build) if wanted == 0 else model


def _build(entry: ModelCard, overrides) -> keras.Model:
    """Call the builder; a ValueError that its own input shape does not give names the shape."""
    try:
        return entry.builder(**overrides)
    except ValueError as error:
        shape, own = overrides.get("input_shape"), entry.options.get("input_shape")
        if shape is None or shape == own or str(error).startswith("input_shape="):
            raise
        entry.builder(**overrides | {"input_shape": own})  # raises again what is no matter of shape
        why = (
            f"does not do for {entry.name}, which has to know the size of its images"
            if None in shape
            else f"is too small for {entry.name}, or has channels that it cannot take"
        )
        raise ValueError(f"input_shape={shape} {why}; its own is {own}") from error


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
    pattern: str = "*",
    *,
    session: float | None = None,
    task: str | None = None,
    weights: bool | None = None,
) -> list[str]:
    """Registered names that match a shell pattern, sorted.

    `session` and `task` narrow it; `weights=True` keeps the models that have trained weights,
    False those that have none.
    """
    found = [
        name
        for name, entry in _registered().items()
        if fnmatch.fnmatchcase(name, pattern)
        and session in (None, entry.session)
        and task in (None, entry.task)
        and weights in (None, bool(entry.weights))
    ]
    return sorted(found, key=_with_numbers_in_order)


def card(name: str) -> ModelCard:
    """The card of a registered model; `ValueError` with the nearest names if there is none."""
    cards = _registered()
    if name not in cards:
        near = difflib.get_close_matches(str(name), cards, n=3, cutoff=0.5) or list_models()
        raise ValueError(
            f"no model named {name!r}; nearest: {', '.join(near)}. `zoo list` shows all of them"
        )
    return cards[name]


def _registered() -> dict[str, ModelCard]:
    """All cards; the zoo's own models register themselves when they are first asked for."""
    importlib.import_module("zoo.models")
    return _cards


def _with_numbers_in_order(name: str) -> list:
    """A key that sorts step2 before step10."""
    return [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", name)]


def _path_of(function) -> str:
    return f"{function.__module__}.{function.__qualname__}"
