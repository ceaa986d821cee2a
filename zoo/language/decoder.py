"""A language model token by token: the keys and values of the tokens before are kept."""

import keras
from keras import ops

from zoo import backend, checks
from zoo.backend import graph
from zoo.language.sampling import chosen
from zoo.layers import SelfAttention, SequencePositions


class Decoder:
    """A causal language model whose past is not computed again.

    The model's own graph is run on the new tokens only. Its `zoo.layers.SelfAttention` attends to
    the keys and values of all tokens so far, its `zoo.layers.SequencePositions` begins where they
    end. Every other layer must work on each token by itself.

    Args:
        model: of the task "language modelling", a functional model: token ids (b, t) to logits
            (b, t, vocabulary).

    Raises:
        ValueError: if it is another kind of model, or one that looks ahead.
    """

    def __init__(self, model: keras.Model):
        self.graph = graph.graph_of(checks.model(model))
        operations = [node.operation for node in graph.nodes(self.graph)] if self.graph else []
        self.attentions = [layer for layer in operations if isinstance(layer, SelfAttention)]
        if not self.attentions or not all(layer.causal for layer in self.attentions):
            raise ValueError(
                f"{model.name} is no model to generate text with: it needs "
                f"zoo.layers.SelfAttention(causal=True), and no attention that looks ahead"
            )
        if len(self.graph.inputs) != 1 or len(self.graph.outputs) != 1:
            raise ValueError(f"{model.name} must take token ids alone, and give logits alone")
        lengths = [layer.length for layer in operations if isinstance(layer, SequencePositions)]
        lengths += [layer.rotary_length for layer in self.attentions if layer.rotary_length]
        self.context = min(lengths, default=None)  # the most tokens that it can see; None: any
        self.vocabulary = self.graph.outputs[0].shape[-1]
        self.variables = model.variables
        self._compiled = {}  # by what is fixed in it

    def empty_cache(self, batch: int, slots: int) -> list:
        """Keys and values of each attention, (b, slots, heads, d / heads), of no token yet."""
        cache = []
        for layer in self.attentions:
            width = layer.out.kernel.shape[0] // layer.heads
            shape = (batch, slots, layer.heads, width)
            cache.append((ops.zeros(shape, layer.compute_dtype),) * 2)
        return cache

    def logits(self, tokens, cache, start, first):
        """The logits of what follows each token, (b, t, vocabulary), and the cache with them.

        Args:
            tokens: (b, t), those of the slots from `start` on.
            cache: of the slots before.
            start: a number, or a tensor ().
            first: (b,), the slot of each sequence's first token; those before it are padding.
        """
        new_cache = []

        def call(operation, *args, **kwargs):
            if isinstance(operation, SelfAttention):
                keys, values = cache[len(new_cache)]
                output, *kept = operation.extend(*args, keys, values, start, first)
                new_cache.append(tuple(kept))
                return output
            if isinstance(operation, SequencePositions):
                return operation(*args, start=start - first)
            return operation(*args, **kwargs)

        return graph.run(self.graph, [tokens], call), new_cache

    def continued(self, tokens, first, uniform, count, temperature, top_p, top_k: int):
        """The next tokens, (b, slots) int32, of which the first `count` are meant.

        Compiled for the shapes of `tokens` and `uniform` and for `top_k`.

        Args:
            tokens: (b, t), padded in front.
            first: (b,), the place of each sequence's first token.
            uniform: (b, slots), numbers from 0 to below 1, one for each token to be chosen.
            count: how many tokens are wanted, at most `slots`.
            temperature, top_p, top_k: as in `zoo.language.chosen`.
        """
        if top_k not in self._compiled:

            def function(tokens, first, uniform, count, temperature, top_p):
                return self._continued(tokens, first, uniform, count, temperature, top_p, top_k)

            self._compiled[top_k] = backend.compiled(function, self.variables)
        return self._compiled[top_k](tokens, first, uniform, count, temperature, top_p)

    def _continued(self, tokens, first, uniform, count, temperature, top_p, top_k):
        batch, prompt = tokens.shape
        slots = uniform.shape[1]
        tokens, first = ops.convert_to_tensor(tokens), ops.convert_to_tensor(first)

        def choose(logits, i):
            row = ops.take(uniform, i, axis=1)
            return chosen(logits[:, -1], row, temperature, top_p, top_k)[:, None]

        def step(i, state):
            token, written, cache = state
            logits, cache = self.logits(token, cache, prompt + i - 1, first)
            token = choose(logits, i)
            return token, ops.slice_update(written, (0, i), token), cache

        cache = self.empty_cache(batch, prompt + slots)
        logits, cache = self.logits(tokens, cache, 0, first)
        token = choose(logits, 0)
        written = ops.slice_update(ops.zeros((batch, slots), "int32"), (0, 0), token)
        return ops.fori_loop(1, count, step, (token, written, cache))[1]
