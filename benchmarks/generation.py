"""Tokens per second of `zoo.language.generate`, beside the model without cache and keras-hub's.

    KERAS_BACKEND=jax python benchmarks/generation.py
    KERAS_BACKEND=jax python benchmarks/generation.py --width=384 --depth=6 --context=256

A figure is the other's time over ours: 1.00 is as fast, more is faster. The three take turns and
write as many tokens, each drawn from the 40 likeliest after the same prompt. Without cache the
whole model runs for every token, compiled once for the full context.
"""

import argparse
import time

import keras
import keras_hub
import numpy as np
from measure import ratios, report, row

import zoo
from zoo.language import generate

ROUNDS = 5
PROMPT = 8  # tokens


def uncached(model, prompt, length, rng):
    """The text by a loop that runs the whole model for each token."""
    context = np.zeros((len(prompt), prompt.shape[1] + length), "int32")
    context[:, : prompt.shape[1]] = prompt
    for place in range(prompt.shape[1], context.shape[1]):
        logits = model.predict_on_batch(context[:, :-1])[:, place - 1] / 0.8
        tokens = np.argsort(-logits, axis=-1)[:, :40]
        likely = np.exp(np.take_along_axis(logits, tokens, axis=-1))
        summed = np.cumsum(likely / likely.sum(axis=-1, keepdims=True), axis=-1)
        drawn = (summed < rng.random((len(prompt), 1))).sum(axis=-1, keepdims=True)
        context[:, place] = np.take_along_axis(tokens, drawn, axis=-1)[:, 0]
    return context


def seconds(function):
    began = time.perf_counter()
    function()
    return time.perf_counter() - began


def measure(batch, vocabulary, width, depth, heads, context):
    length = context - PROMPT
    shape = {"width": width, "depth": depth, "heads": heads, "length": context}
    model = zoo.get("gpt2_small", vocabulary=vocabulary, **shape)
    backbone = keras_hub.models.GPT2Backbone(
        vocabulary_size=vocabulary,
        num_layers=depth,
        num_heads=heads,
        hidden_dim=width,
        intermediate_dim=4 * width,
        max_sequence_length=context,
    )
    theirs = keras_hub.models.GPT2CausalLM(backbone)
    theirs.compile(sampler=keras_hub.samplers.TopKSampler(k=40, temperature=0.8))
    assert backbone.count_params() == model.count_params(), "not the same network"
    rng = np.random.default_rng(0)
    prompt = rng.integers(0, vocabulary, (batch, PROMPT)).astype("int32")
    padded = np.pad(prompt, ((0, 0), (0, length)))
    inputs = {
        "token_ids": padded,
        "padding_mask": np.pad(np.ones_like(prompt), ((0, 0), (0, length))),
    }

    def of_keras_hub():
        written = theirs.generate(inputs, stop_token_ids=None)["token_ids"]
        assert keras.ops.convert_to_numpy(written).shape == padded.shape

    def ours():
        assert generate(model, prompt, length=length).shape == padded.shape

    name = f"{model.count_params():,} parameters, {batch} x {length} tokens"
    per_second = batch * length / min(seconds(ours) for _ in range(3))
    name = f"{name}, ours {per_second:,.0f} a second"
    by_cache = ratios(
        lambda: seconds(lambda: uncached(model, prompt, length, rng)), lambda: seconds(ours), 2
    )
    by_hub = ratios(lambda: seconds(of_keras_hub), lambda: seconds(ours), ROUNDS)
    return [
        row(f"{name}: no cache / ours", by_cache, "5", ".1f"),
        row(f"{name}: keras-hub {keras_hub.__version__} / ours", by_hub, "1.5"),
    ]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    sizes = {"batch": 1, "vocabulary": 65, "width": 128, "depth": 4, "heads": 4, "context": 256}
    for size, default in sizes.items():
        parser.add_argument(f"--{size}", type=int, default=default)
    parser.add_argument("--record", action="store_true", help="append to results/benchmarks.csv")
    arguments = vars(parser.parse_args())
    arguments.pop("record")
    report("generation: the other's time / ours", measure(**arguments))
