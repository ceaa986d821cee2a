"""`zoo generate MODEL --prompt=...`: what a trained language model writes."""

import sys
from pathlib import Path

TOKENIZER = "tokenizer.json"


def add_to(commands, name) -> None:
    parser = commands.add_parser(name, help="text that a trained language model writes")
    parser.add_argument("model", help="the folder of a run with model.keras and tokenizer.json")
    parser.add_argument("--prompt", required=True, help="what the text begins with")
    parser.add_argument("--length", type=int, default=500, help="tokens written (default 500)")
    parser.add_argument("--samples", type=int, default=1, help="how many texts (default 1)")
    parser.add_argument("--top-k", type=int, default=40, help="likeliest tokens (default 40)")
    parser.add_argument("--top-p", type=float, help="until they are as probable together")
    parser.add_argument("--temperature", type=float, default=0.8, help="0: nothing is drawn")
    parser.add_argument("--seed", type=int, default=0, help="of what is drawn (default 0)")


def main(arguments) -> None:
    model, tokenizer = _trained(arguments.model)
    from zoo import checks
    from zoo.language import generate

    samples = checks.whole_number("samples", arguments.samples, least=1)
    settings = ("length", "top_k", "top_p", "temperature", "seed")
    texts = generate(
        model,
        [arguments.prompt] * samples,
        tokenizer=tokenizer,
        **{name: getattr(arguments, name) for name in settings},
    )
    sys.stdout.write("\n\n---\n\n".join(texts) + "\n")


def _trained(name: str):
    """The model and the tokenizer of a finished run.

    Raises:
        ValueError: if `name` is no such folder.
    """
    folder = Path(name).expanduser()
    if not (folder / "model.keras").exists():
        raise ValueError(
            f"{name} holds no model.keras; name the folder of a finished run, such as that of "
            f"`zoo run s11_gpt --out={name}`"
        )
    if not (folder / TOKENIZER).exists():
        raise ValueError(f"{name} holds no {TOKENIZER}: its model writes no text")
    from zoo.language import load_tokenizer  # a backend: only where there is a model

    return _opened(folder / "model.keras"), load_tokenizer(folder / TOKENIZER)


def _opened(path: Path):
    import keras  # after zoo, which settles its backend

    return keras.saving.load_model(path, compile=False)
