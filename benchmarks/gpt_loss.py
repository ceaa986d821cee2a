"""The loss that our best setting of gpt_chars reaches in the time of nanoGPT's in plain PyTorch.

    KERAS_BACKEND=jax python benchmarks/gpt_loss.py --text=shakespeare.txt --steps=1450

Both train at the same time, on one thread each, in processes of their own: nanoGPT's setting for a
CPU through 2,000 steps of a plain PyTorch loop, ours through `--steps` of `fit`. Compared are the
processor's seconds of the steps, compiling included, and the loss over all windows of the last
tenth of the text. `--setting=nanogpt` trains nanoGPT's setting with the zoo instead.
"""

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

ONE_THREAD = {"OMP_NUM_THREADS": "1", "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false"}
os.environ.update(ONE_THREAD | {"TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1"})

import keras  # noqa: E402  after the number of threads
from measure import report, row  # noqa: E402

import zoo  # noqa: E402
from zoo import datasets  # noqa: E402
from zoo.language import CharacterTokenizer  # noqa: E402
from zoo.training import OneCycle  # noqa: E402

THEIR_STEPS, BATCH, LENGTH = 2000, 12, 64
SETTINGS = {  # the model, the highest and last rate, how it falls
    "ours": ("gpt_chars_rotary", 4e-3, 4e-6, "linear"),
    "nanogpt": ("gpt_chars", 1e-3, 1e-4, "cos"),
}


class Clock(keras.callbacks.Callback):
    def on_train_begin(self, logs=None):
        self.seconds = -time.process_time()

    def on_train_end(self, logs=None):
        self.seconds += time.process_time()


def train(text, steps, setting, seed) -> tuple[float, float]:
    """The processor's seconds of our steps, and the validation loss."""
    keras.utils.set_random_seed(seed)
    name, highest, last, anneal = SETTINGS[setting]
    data = datasets.load(text)
    tokenizer = CharacterTokenizer.train([data.text("train"), data.text("val")])
    cut = {"length": LENGTH, "tokenizer": tokenizer}
    train = data.batches("train", BATCH, windows=BATCH * steps, seed=seed, **cut)
    model = zoo.get(name, vocabulary=tokenizer.vocabulary_size)
    ends = {"div_factor": 100, "final_div_factor": highest / 100 / last}
    rate = OneCycle(highest, steps, min(100, steps // 10), anneal=anneal, **ends)
    adam = keras.optimizers.AdamW(rate, 0.1, beta_2=0.99, global_clipnorm=1.0)
    adam.exclude_from_weight_decay(var_list=[w for w in model.weights if len(w.shape) < 2])
    model.compile(adam, keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    clock = Clock()
    model.fit(train, verbose=0, callbacks=[clock])
    return clock.seconds, model.evaluate(data.batches("val", 128, **cut), verbose=0)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--text", default="shakespeare.txt", help="a text file")
    parser.add_argument("--steps", type=int, default=THEIR_STEPS, help="of ours")
    parser.add_argument("--setting", choices=SETTINGS, default="ours")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--record", action="store_true", help="append to results/benchmarks.csv")
    given = parser.parse_args()
    script = Path(__file__).with_name("torch_gpt.py")
    command = [sys.executable, script, given.text, str(THEIR_STEPS), str(given.seed)]
    plain = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    seconds, loss = train(given.text, given.steps, given.setting, given.seed)
    their_seconds, their_loss = map(float, plain.communicate()[0].split())
    ours = f"{SETTINGS[given.setting][0]}, {given.steps} steps of batch {BATCH}"
    rows = [
        row(
            f"{ours}: validation loss", [loss], "1.70" if given.setting == "ours" else "1.88", ".4f"
        ),
        row(f"{ours}: PyTorch's time / ours", [their_seconds / seconds], "1.0"),
        row(f"nanoGPT, PyTorch, {THEIR_STEPS} steps: validation loss", [their_loss], "1.88", ".4f"),
    ]
    report("loss of a GPT in the same time", rows)
    print(f"{seconds:.0f} s of ours, {their_seconds:.0f} s of PyTorch's")
