"""Generated text against a loop that runs the whole model for every token."""

import keras
import numpy as np
import pytest

import zoo
import zoo.language
from zoo.language import CharacterTokenizer, chosen
from zoo.language.decoder import Decoder

VOCABULARY, CONTEXT = 20, 12


@pytest.fixture(scope="module", params=["learned", "rotary"])
def model(request):
    shape = {"vocabulary": VOCABULARY, "length": CONTEXT, "width": 16, "depth": 2, "heads": 2}
    model = zoo.get("gpt_chars", positions=request.param, **shape)
    rng = np.random.default_rng(0)
    for variable in model.weights:
        variable.assign(rng.normal(size=variable.shape, scale=0.4))
    return model


def generate(model, prompt, *, top_k=8, **options):
    return zoo.language.generate(model, prompt, top_k=top_k, **options)


def tokens(*shape):
    return np.random.default_rng(1).integers(0, VOCABULARY, shape).astype("int32")


def written_by_hand(model, prompt, draws, temperature, top_k, top_p=1.0):
    """The text of one prompt, each token from the whole model on a window that slides by half."""
    text, window = list(prompt), list(prompt)
    for draw in draws:
        if len(window) > CONTEXT:
            window = window[-(CONTEXT // 2) :]
        logits = keras.ops.convert_to_numpy(model(np.array([window])))[0, -1] / temperature
        order = np.argsort(-logits)[:top_k]
        probability = np.exp(logits[order] - logits.max())
        probability /= probability.sum()
        enough = np.searchsorted(np.cumsum(probability), top_p) + 1
        order, probability = order[:enough], probability[:enough]
        place = np.searchsorted(np.cumsum(probability), draw * probability.sum(), side="right")
        text.append(order[place])
        window.append(order[place])
    return np.array(text)


class TestCache:
    @pytest.mark.parametrize("batch", [1, 3])
    @pytest.mark.parametrize("prompt", [1, 5, CONTEXT])
    def test_gives_the_logits_of_the_whole_model(self, model, batch, prompt):
        ids = tokens(batch, CONTEXT)
        expected = keras.ops.convert_to_numpy(model(ids))
        decoder, first = Decoder(model), np.zeros(batch, "int32")
        cache = decoder.empty_cache(batch, CONTEXT + 3)
        logits, cache = decoder.logits(ids[:, :prompt], cache, 0, first)
        parts = [logits]
        for slot in range(prompt, CONTEXT):
            logits, cache = decoder.logits(ids[:, slot : slot + 1], cache, slot, first)
            parts.append(logits)
        logits = np.concatenate([keras.ops.convert_to_numpy(part) for part in parts], axis=1)
        np.testing.assert_allclose(logits, expected, atol=1e-4)

    def test_is_of_no_later_call(self, model):
        first = generate(model, tokens(2, 3), length=4, seed=1)
        generate(model, tokens(2, 3), length=4, seed=2)
        np.testing.assert_array_equal(generate(model, tokens(2, 3), length=4, seed=1), first)


class TestText:
    @pytest.mark.parametrize("options", [{}, {"top_k": None, "top_p": 0.7}], ids=str)
    def test_is_that_of_the_whole_model_past_the_context_too(self, model, options):
        prompts = [tokens(9), tokens(3), tokens(CONTEXT)]
        settings = {"top_k": 8, "temperature": 0.7} | options
        written = generate(model, prompts, length=30, seed=5, **settings)
        for row, (prompt, text) in enumerate(zip(prompts, written, strict=True)):
            draws = np.random.default_rng((5, row)).random(30, "float32")
            top_k, top_p = settings["top_k"] or VOCABULARY, settings.get("top_p", 1.0)
            expected = written_by_hand(model, prompt, draws, 0.7, top_k, top_p)
            np.testing.assert_array_equal(text, expected)

    def test_is_the_likeliest_at_temperature_0_whatever_the_seed(self, model):
        expected = written_by_hand(model, tokens(4), np.zeros(25), 1.0, 1)
        for seed in (0, 1):
            written = generate(model, tokens(4), length=25, temperature=0, seed=seed)
            np.testing.assert_array_equal(written, expected)

    def test_is_the_same_for_the_same_seed_and_another_for_another(self, model):
        texts = [generate(model, tokens(4), length=20, seed=seed) for seed in (1, 1, 2)]
        np.testing.assert_array_equal(texts[0], texts[1])
        assert (texts[0] != texts[2]).any()

    def test_of_one_prompt_differs_from_row_to_row(self, model):
        written = generate(model, np.tile(tokens(1, 4), (4, 1)), length=20)
        assert written.shape == (4, 24)
        assert len({row.tobytes() for row in written}) == 4

    def test_is_that_of_a_prompt_alone_whatever_stands_beside_it(self, model):
        alone = generate(model, tokens(7), length=20, seed=3)
        for other in (tokens(2), tokens(11)):
            beside = generate(model, [tokens(7), other], length=20, seed=3)
            np.testing.assert_array_equal(beside[0], alone)

    def test_follows_weights_that_change(self, model):
        copy = keras.models.clone_model(model)
        copy.set_weights(model.get_weights())
        before = generate(copy, tokens(4), length=20)
        copy.set_weights([-w for w in model.get_weights()])
        expected = written_by_hand(
            copy, tokens(4), np.random.default_rng((0, 0)).random(20, "float32"), 0.8, 8
        )
        after = generate(copy, tokens(4), length=20)
        np.testing.assert_array_equal(after, expected)
        assert (before != after).any()

    def test_comes_back_in_the_form_of_the_prompt(self, model):
        tokenizer = CharacterTokenizer("abcdefghijklmnopqrst")
        one = generate(model, "bad", tokenizer=tokenizer, length=5)
        assert isinstance(one, str) and one.startswith("bad") and len(one) == 8
        two = generate(model, ["bad", "a"], tokenizer=tokenizer, length=5)
        assert two[0] == one and two[1].startswith("a") and len(two[1]) == 6
        ids = generate(model, [[1, 0, 3], [0]], length=5)
        assert [tokenizer.decode(row) for row in ids] == two


class TestChosen:
    LOGITS = np.log(np.array([[0.1, 0.4, 0.2, 0.3]], "float32"))  # likeliest first: 1, 3, 2, 0

    def token(self, uniform, temperature=1.0, top_p=2.0, top_k=4):
        draw = np.array([uniform], "float32")
        return int(chosen(self.LOGITS, draw, temperature, top_p, top_k)[0])

    @pytest.mark.parametrize(
        ("uniform", "token"), [(0, 1), (0.39, 1), (0.41, 3), (0.69, 3), (0.71, 2), (0.91, 0)]
    )
    def test_is_where_the_draw_falls(self, uniform, token):
        assert self.token(uniform) == token

    def test_is_one_of_the_k_likeliest(self):
        assert [self.token(u, top_k=2) for u in (0.57, 0.58, 0.999)] == [1, 3, 3]  # 4 to 3

    def test_is_one_of_those_that_together_reach_p(self):
        assert [self.token(u, top_p=0.6) for u in (0.57, 0.58, 0.999)] == [1, 3, 3]
        assert {self.token(u, top_p=0.3) for u in (0, 0.5, 0.999)} == {1}

    def test_is_likelier_the_likeliest_when_cold(self):
        share = 0.16 / (0.01 + 0.16 + 0.04 + 0.09)  # squares at temperature 1/2
        assert self.token(share - 0.01, temperature=0.5) == 1
        assert self.token(share + 0.01, temperature=0.5) == 3

    def test_is_never_beyond_the_last(self):
        assert self.token(np.nextafter(np.float32(1), np.float32(0))) == 0


@pytest.mark.once
class TestRefused:
    @pytest.mark.parametrize(
        ("prompt", "options", "message"),
        [
            ("", {}, "prompt='' must hold at least one token"),
            ([], {}, "must hold at least one token"),
            (["a", ""], {}, "must hold at least one token"),
            ("abcdefghijklm", {}, "the prompt has 13 tokens, and gpt_chars sees 12; keep its last"),
            ("aZ", {}, "the character 'Z' at 1 is none of the 20"),
            ("a", {"tokenizer": None}, "a prompt that is text needs tokenizer="),
            ("a", {"tokenizer": CharacterTokenizer("ab")}, "the tokenizer has 2 tokens and gpt_ch"),
            ("a", {"top_k": 21}, "top_k=21 is more than the vocabulary of gpt_chars, 20"),
            ("a", {"top_k": 0}, "top_k=0 must be a whole number, 1 or more"),
            ("a", {"top_p": 0}, "top_p=0 must be a finite number, above 0 and 1 or less"),
            ("a", {"temperature": -1}, "temperature=-1 must be a finite number, 0 or more"),
            ("a", {"length": 0}, "length=0 must be a whole number, 1 or more"),
            ("a", {"seed": -1}, "seed=-1 must be a whole number, 0 or more"),
            ([3, 20], {}, "tokens run from 3 to 20; those of gpt_chars are 0 to 19"),
            ([0.5], {}, "tokens must be integers, not float64"),
        ],
    )
    def test_what_does_not_fit(self, model, prompt, options, message):
        tokenizer = CharacterTokenizer("abcdefghijklmnopqrst")
        with pytest.raises(ValueError, match=message):
            generate(model, prompt, **{"tokenizer": tokenizer} | options)

    @pytest.mark.parametrize("causal", [None, False])
    def test_a_model_that_is_no_causal_decoder(self, causal):
        ids = keras.Input((None,), dtype="int32")
        x = keras.layers.Embedding(20, 8)(ids)
        if causal is not None:
            x = zoo.layers.SelfAttention(2, causal=causal)(x)
        with pytest.raises(ValueError, match="is no model to generate text with"):
            generate(keras.Model(ids, x), [1])
