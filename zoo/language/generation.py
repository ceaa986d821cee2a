"""Text that a language model writes."""

from collections.abc import Sequence

import keras
import numpy as np

from zoo import checks
from zoo.language.decoder import Decoder

LEAST = 8  # tokens that a function is compiled for; then powers of 2


def generate(
    model: keras.Model,
    prompt,
    *,
    tokenizer=None,
    length: int = 200,
    top_k: int | None = 40,
    top_p: float | None = None,
    temperature: float = 0.8,
    seed: int = 0,
):
    """The prompts and what the model writes after them.

        zoo.language.generate(model, "ROMEO:", tokenizer=tokenizer, seed=1)
        zoo.language.generate(model, ["ROMEO:"] * 3, tokenizer=tokenizer)  # three that differ

    The same seed gives the same text, on every backend too but where two tokens are as probable to
    the last digit. A prompt is continued as if it were alone: what the others are, and how long,
    changes nothing.

    A model sees as many tokens as it has positions. When they are full, the window slides by half:
    the newer half of the tokens is the new past, and the next ones are written after it.

    Args:
        model: of the task "language modelling"; see `Decoder` for what it must be made of.
        prompt: a text or a list of texts; or tokens, integers (t,), (b, t) or a list of (t,).
        tokenizer: of texts; those of `zoo.language`, or one with `encode` and `decode`.
        length: how many tokens are written.
        top_k: how many of the likeliest tokens are drawn from; None: of all.
        top_p: the likeliest tokens are kept until together they are as probable as this; None: 1.
        temperature: below 1 the likeliest tokens become likelier, at 0 nothing is drawn: the
            likeliest is taken, and the seed has no effect.
        seed: of what is drawn; each prompt of a list draws for itself.

    Returns:
        A text or a list of texts, as the prompt is; of tokens, int32 arrays of its form.

    Raises:
        ValueError: if an argument is out of its range, a prompt is empty, longer than the model can
            see, or no text of the tokenizer's; or the model is of another kind.
    """
    decoder = _decoder_of(model)
    prompts, as_given = _tokens_of(prompt, tokenizer, decoder, model.name)
    checks.whole_number("length", length, least=1)
    checks.number("temperature", temperature, least=0)
    checks.whole_number("seed", seed, least=0)
    if top_p is not None:
        checks.number("top_p", top_p, above=0, most=1)
    if top_k is None:
        top_k = decoder.vocabulary
    elif checks.whole_number("top_k", top_k, least=1) > decoder.vocabulary:
        raise ValueError(
            f"top_k={top_k} is more than the vocabulary of {model.name}, {decoder.vocabulary}; "
            f"top_k=None draws from all"
        )
    if temperature == 0:
        top_k, temperature = 1, 1.0
    draws = np.stack(
        [np.random.default_rng((seed, i)).random(length, "float32") for i in range(len(prompts))]
    )
    top_p = 2.0 if top_p is None else top_p  # sums may exceed 1 by rounding
    return as_given(_written(decoder, prompts, draws, temperature, top_p, top_k))


def _written(decoder, prompts, draws, temperature, top_p, top_k) -> list[np.ndarray]:
    """The prompts with as many tokens more as there are draws for each."""
    texts, windows = list(prompts), list(prompts)
    done, length = 0, draws.shape[1]
    while done < length:
        longest = max(map(len, windows))
        count = length - done
        if decoder.context is not None:
            count = min(count, decoder.context - longest + 1)
        size, slots = _rounded_up(longest), _rounded_up(count)
        tokens = np.stack([np.pad(window, (size - len(window), 0)) for window in windows])
        first = np.array([size - len(window) for window in windows], "int32")
        uniform = np.zeros((len(windows), slots), "float32")
        uniform[:, :count] = draws[:, done : done + count]
        settings = np.int32(count), np.float32(temperature), np.float32(top_p)
        new = decoder.continued(tokens, first, uniform, *settings, top_k)
        new = keras.ops.convert_to_numpy(new)[:, :count]
        texts = [np.append(text, row) for text, row in zip(texts, new, strict=True)]
        windows = [
            slid(np.append(window, row), decoder.context)
            for window, row in zip(windows, new, strict=True)
        ]
        done += count
    return texts


def slid(window: np.ndarray, context: int | None) -> np.ndarray:
    """What a model that sees `context` tokens sees of them: all, or the newer half of a context."""
    if context is None or len(window) <= context:
        return window
    return window[-max(1, context // 2) :]


def _rounded_up(count: int) -> int:
    """The power of 2 from 8 on that is as much or more: few sizes to compile for."""
    return max(LEAST, 1 << (count - 1).bit_length())


def _decoder_of(model) -> Decoder:
    """The model's decoder, which keeps what was compiled for it."""
    decoder = getattr(model, "_zoo_decoder", None)
    if decoder is None:
        decoder = Decoder(model)
        model._zoo_decoder = decoder
    return decoder


def _tokens_of(prompt, tokenizer, decoder, name):
    """The prompts as int32 arrays, and a function that gives the results the prompt's form."""
    one_text = isinstance(prompt, str)
    texts = [prompt] if one_text else prompt
    if isinstance(texts, Sequence) and len(texts) and all(isinstance(t, str) for t in texts):
        if tokenizer is None:
            raise ValueError("a prompt that is text needs tokenizer=...; or give tokens")
        size = getattr(tokenizer, "vocabulary_size", decoder.vocabulary)
        if size != decoder.vocabulary:
            raise ValueError(
                f"the tokenizer has {size} tokens and {name} {decoder.vocabulary}; the two must "
                f"be of one training"
            )
        prompts = [np.asarray(tokenizer.encode(text), "int32") for text in texts]

        def as_given(rows):
            written = [tokenizer.decode(row) for row in rows]
            return written[0] if one_text else written

    else:
        prompts, as_given = _rows_of(prompt)
    if not prompts or min(map(len, prompts)) == 0:
        raise ValueError(f"prompt={prompt!r} must hold at least one token for each text")
    for row in prompts:
        if row.min() < 0 or row.max() >= decoder.vocabulary:
            raise ValueError(
                f"prompt: tokens run from {row.min()} to {row.max()}; those of {name} are 0 to "
                f"{decoder.vocabulary - 1}"
            )
        if decoder.context is not None and len(row) > decoder.context:
            raise ValueError(
                f"the prompt has {len(row)} tokens, and {name} sees {decoder.context}; keep its "
                f"last {decoder.context}"
            )
    return prompts, as_given


def _rows_of(prompt):
    """Prompts that are tokens: (t,), (b, t), or a list of (t,)."""
    ragged = isinstance(prompt, list | tuple) and any(np.ndim(row) for row in prompt)
    rows = [checks.array("prompt", row) for row in (prompt if ragged else [prompt])]
    if not ragged and rows[0].ndim == 2:
        return list(_integers(rows[0])), np.stack
    for row in rows:
        if row.ndim != 1:
            raise ValueError(f"prompt must be texts, or tokens (t,) or (b, t), not {row.shape}")
    rows = [_integers(row) for row in rows]
    return rows, (list if ragged else lambda written: written[0])


def _integers(tokens: np.ndarray) -> np.ndarray:
    if tokens.size and tokens.dtype.kind not in "iu":
        raise ValueError(f"prompt: tokens must be integers, not {tokens.dtype}")
    return tokens.astype("int32")
