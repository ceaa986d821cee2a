"""Session 11: a GPT learns Shakespeare's characters, and writes.

    python recipes/s11_gpt.py                                      # 2,000 steps, minutes
    python recipes/s11_gpt.py --dataset=python_help --steps=400    # embedded data, a minute
    python recipes/s11_gpt.py --model=gpt_chars --anneal=cos \
        --max-lr=1e-3 --final-lr=1e-4                              # nanoGPT's own for a CPU
    zoo generate runs/s11_gpt/... --prompt=ROMEO: --seed=1         # more of it

What it shows: 0.8 million parameters and 64 characters of context, in nanoGPT's setting for a CPU.
Rotary positions, RMS norm, squared ReLU and a rate four times as high that falls in a straight line
to nothing reach a lower loss in as many steps. Validation runs over all windows of the last tenth.
Measured: the s11_gpt rows of results/; benchmarks/gpt_loss.py compares the loss with PyTorch's.
"""

import zoo
from zoo import cli, datasets
from zoo.inspect import attention_weights
from zoo.language import CharacterTokenizer, generate
from zoo.report.page import Section
from zoo.report.pictures import Picture, pictures
from zoo.run import Run
from zoo.training import OneCycle

import keras

LENGTH = 64
WARM_UP = 0.05  # of the steps
WRITTEN = "What the trained net writes after the first line: top-k 40, temperature 0.8."
ATTENTION = "A row per character, a column per character it looks back at; the last block's heads."


def attention(net, tokenizer, text):
    """What each character of a text looks back at, a picture per head of the last block."""
    *_, last = attention_weights(net, tokenizer.encode(text)[None]).values()
    names = {"rows": [*text], "columns": [*text], "limits": (0, 1)}
    return [Picture(f"head {i}", head, "Blues", **names) for i, head in enumerate(last[0], 1)]


def main(
    model="gpt_chars_rotary",  # or gpt_chars, nanoGPT's
    dataset="shakespeare",
    steps=2000,  # of the optimizer, each on other random windows
    epochs=5,  # parts of the training, each validated
    batch_size=12,
    max_lr=4e-3,
    final_lr=4e-6,  # at the last step
    anneal="linear",  # how the rate falls: linear or cos
    weight_decay=0.1,
    prompt="ROMEO:",  # what the sample begins with
    seed=0,
    data_dir: str | None = None,
    out: str | None = None,
    resume: str | None = None,
):
    run = Run.start(__file__, config=locals())

    data = datasets.load(dataset, data_dir=data_dir, seed=seed)
    tokenizer = CharacterTokenizer.train([data.text("train"), data.text("val")])
    tokenizer.save(run.folder / "tokenizer.json")
    cut = {"length": LENGTH, "tokenizer": tokenizer}
    windows = max(1, steps // epochs) * batch_size
    train = data.batches("train", batch_size, windows=windows, seed=seed, **cut)

    net = zoo.get(model, vocabulary=tokenizer.vocabulary_size)
    total = epochs * len(train)
    ends = {"div_factor": 100, "final_div_factor": max_lr / 100 / final_lr}
    rate = OneCycle(max_lr, total, WARM_UP * total, anneal=anneal, **ends)
    adam = keras.optimizers.AdamW(rate, weight_decay, beta_2=0.99, global_clipnorm=1.0)
    adam.exclude_from_weight_decay(var_list=[w for w in net.weights if len(w.shape) < 2])
    net.compile(adam, keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    net.fit(
        train,
        validation_data=data.batches("val", 128, **cut),
        epochs=epochs,
        initial_epoch=run.restore(net, train),
        verbose=0,
        callbacks=run.callbacks,
    )
    text = generate(net, prompt, tokenizer=tokenizer, length=600, seed=seed)
    run.console.print(text, markup=False)
    lines = [{"text": line} for line in text.splitlines()]
    line = data.text("val")[:24].replace("\n", " ")
    panels = attention(net, tokenizer, line)
    drawn = pictures(run.folder / "attention.png", panels, columns=2, side=3.4)
    looked = Section("Looked back at", ATTENTION, drawn)
    return run.finish(net, [Section("Written", WRITTEN, table=lines), looked])


if __name__ == "__main__":
    cli.run(main)
