"""zoo generate: what a run's model writes, and what it cannot."""

import keras
import numpy as np
import pytest

import zoo
from zoo import cli
from zoo.language import CharacterTokenizer, generate

pytestmark = pytest.mark.once


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A finished run with a small model of ten characters."""
    folder = tmp_path_factory.mktemp("run")
    shape = {"vocabulary": 10, "length": 8, "width": 8, "depth": 1, "heads": 2}
    model = zoo.get("gpt_chars", **shape)
    rng = np.random.default_rng(0)
    model.set_weights([rng.normal(size=w.shape) for w in model.get_weights()])
    model.save(folder / "model.keras")
    CharacterTokenizer("abcdefghij").save(folder / "tokenizer.json")
    return folder


def written(capsys, *arguments) -> str:
    cli.main(["generate", *map(str, arguments)])
    return capsys.readouterr().out


def test_writes_what_the_library_writes(folder, capsys):
    flags = ("--prompt=cab", "--length=20", "--top-k=5", "--temperature=0.7", "--seed=3")
    model = keras.saving.load_model(folder / "model.keras")
    options = {"length": 20, "top_k": 5, "temperature": 0.7, "seed": 3}
    tokenizer = CharacterTokenizer("abcdefghij")
    expected = generate(model, "cab", tokenizer=tokenizer, **options)
    assert written(capsys, folder, *flags) == f"{expected}\n"
    first, second = written(capsys, folder, *flags, "--samples=2").split("\n\n---\n\n")
    assert first == expected and second.startswith("cab") and second != f"{expected}\n"


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--prompt="], "prompt=.* must hold at least one token"),
        (["--prompt=abcdefghi"], "the prompt has 9 tokens, and gpt_chars sees 8"),
        (["--prompt=a z"], "the character ' ' at 1 is none of the 10"),
        (["--prompt=a"], "top_k=40 is more than the vocabulary of gpt_chars, 10"),
        (["--prompt=a", "--samples=0"], "samples=0 must be a whole number, 1 or more"),
    ],
    ids=str,
)
def test_a_mistake_is_one_sentence(folder, capsys, flags, message):
    with pytest.raises(SystemExit):
        cli.main(["generate", str(folder), *flags])
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    with pytest.raises(ValueError, match=message):
        raise ValueError(error)


def test_a_folder_without_model_or_tokenizer_is_named(folder, tmp_path, capsys):
    with pytest.raises(SystemExit):
        cli.main(["generate", str(tmp_path), "--prompt=a"])
    assert f"{tmp_path} holds no model.keras; name the folder" in capsys.readouterr().err
    (tmp_path / "model.keras").write_bytes((folder / "model.keras").read_bytes())
    with pytest.raises(SystemExit):
        cli.main(["generate", str(tmp_path), "--prompt=a"])
    assert "holds no tokenizer.json" in capsys.readouterr().err
