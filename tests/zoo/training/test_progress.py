"""The live line."""

import io
import re

import pytest
from rich.console import Console

from zoo.training.callbacks import Progress


@pytest.fixture
def terminal(monkeypatch):
    """A console that draws after every batch, into `terminal.file`."""
    monkeypatch.setattr("zoo.training.callbacks.progress.REFRESH", 0.0)
    return Console(file=io.StringIO(), force_terminal=True, width=120, highlight=False)


def test_prints_one_line_per_epoch_where_there_is_no_terminal(tiny, tiny_model, capsys):
    tiny_model.fit(tiny.batches("train", 10), epochs=2, verbose=0, callbacks=[Progress()])
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    assert lines[1].startswith("epoch   2/2  accuracy ") and "rate 1.00e-02" in lines[1]


def test_draws_a_bar_on_a_terminal(tiny, tiny_model, terminal):
    tiny_model.fit(tiny.batches("train", 10), verbose=0, callbacks=[Progress(terminal)])
    shown = terminal.file.getvalue()
    assert "1/3" in shown and "rate 1.00e-02" in shown
    *bars, last = shown.split("\r")  # the cursor goes back to the line's beginning, which is erased
    assert all(bar.endswith("\x1b[2K") and "\n" not in bar for bar in bars)
    assert re.fullmatch(r"epoch   1/1 .* s\n", last)


def test_an_interrupt_leaves_the_terminal_as_it_was(tiny, tiny_model, terminal, interrupted):
    progress, train = Progress(terminal), tiny.batches("train", 10)
    interrupted(tiny_model, train, [progress])
    terminal.print("and on")
    shown = terminal.file.getvalue()
    assert "\x1b[?25l" not in shown  # hides the cursor
    assert shown.endswith("and on\n") and shown.count("1/3") == 1
    tiny_model.fit(train, verbose=0, callbacks=[progress])
    again = terminal.file.getvalue().removeprefix(shown)
    assert [count for count in ("1/3", "2/3", "3/3") if again.count(count) != 1] == []


@pytest.mark.once
def test_a_line_wider_than_the_terminal_is_cut(tiny, tiny_model, terminal):
    terminal.width = 30
    tiny_model.fit(tiny.batches("train", 10), verbose=0, callbacks=[Progress(terminal)])
    *bars, last = terminal.file.getvalue().split("\r")
    widths = [len(re.sub(r"\x1b\[[\d;?]*\w", "", bar)) for bar in bars]
    assert 0 < max(widths) <= 30


@pytest.mark.once
def test_may_stand_in_evaluate(tiny, tiny_model):
    tiny_model.evaluate(tiny.batches("val", 10), verbose=0, callbacks=[Progress()])


@pytest.mark.once
def test_refuses_another_console():
    with pytest.raises(ValueError, match="console='screen' must be a rich.console.Console"):
        Progress("screen")
