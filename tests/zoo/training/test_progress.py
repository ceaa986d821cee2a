"""The live line."""

from zoo.training import callbacks


class TestProgress:
    def test_prints_a_line_an_epoch_where_there_is_no_terminal(self, tiny, tiny_model, capsys):
        tiny_model.fit(
            tiny.batches("train", 10), epochs=2, verbose=0, callbacks=[callbacks.Progress()]
        )
        lines = capsys.readouterr().out.splitlines()
        assert len(lines) == 2
        assert lines[1].startswith("epoch   2/2  accuracy ") and "rate 1.00e-02" in lines[1]

    def test_draws_a_bar_on_a_terminal(self, tiny, tiny_model):
        import io

        from rich.console import Console

        screen = Console(file=io.StringIO(), force_terminal=True, width=120)
        tiny_model.fit(
            tiny.batches("train", 10), epochs=1, verbose=0, callbacks=[callbacks.Progress(screen)]
        )
        shown = screen.file.getvalue()
        assert "1/3" in shown and "rate 1.00e-02" in shown
