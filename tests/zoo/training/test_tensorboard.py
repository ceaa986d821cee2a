"""The event files of the TensorBoard callback, read record by record."""

import struct

import keras
import numpy as np
import pytest
import tensorboardX
from tensorboardX.proto.event_pb2 import Event

from zoo import backend
from zoo.training import callbacks


def scalars(folder) -> dict[tuple[str, str, int], float]:
    """(sub-folder, tag, step) -> value; a record is its length, a checksum, bytes, a checksum."""
    found = {}
    for path in sorted(folder.glob("*/events*")):
        data = path.read_bytes()
        while data:
            (length,) = struct.unpack("<Q", data[:8])
            event = Event.FromString(data[12 : 12 + length])
            data = data[16 + length :]
            for value in event.summary.value:
                packed = value.tensor.tensor_content  # as tensorflow writes a number
                number = np.frombuffer(packed, "float32")[0] if packed else value.simple_value
                found[path.parent.name, value.tag, event.step] = float(number)
    return found


class TestTensorBoard:
    def test_holds_every_epochs_logs_and_rate(self, tiny, tiny_model, tmp_path):
        train, val = tiny.batches("train", 30), tiny.batches("val", 30)
        log = callbacks.TensorBoard(tmp_path)
        history = tiny_model.fit(train, validation_data=val, epochs=2, verbose=0, callbacks=[log])
        expected = {}
        for key, values in history.history.items():
            part = "validation" if key.startswith("val_") else "train"
            for epoch, value in enumerate(values):
                expected[part, f"epoch_{key.removeprefix('val_')}", epoch] = value
        rate = float(tiny_model.optimizer.learning_rate)
        expected |= {("train", "epoch_learning_rate", epoch): rate for epoch in range(2)}
        assert scalars(tmp_path) == pytest.approx(expected)

    def test_goes_on_where_a_training_stopped(self, tiny, tiny_model, tmp_path):
        train = tiny.batches("train", 30)
        for first, last in ((0, 1), (1, 3)):
            log = callbacks.TensorBoard(tmp_path)
            tiny_model.fit(train, initial_epoch=first, epochs=last, verbose=0, callbacks=[log])
        assert [step for _, tag, step in scalars(tmp_path) if tag == "epoch_loss"] == [0, 1, 2]

    @pytest.mark.once
    def test_a_fit_after_an_interrupt_replaces_its_epochs(
        self, tiny, tiny_model, tmp_path, interrupted, monkeypatch
    ):
        first_epochs, writer = [], tensorboardX.SummaryWriter

        def opened(folder, purge_step, filename_suffix):
            first_epochs.append(purge_step)
            return writer(folder, purge_step=purge_step, filename_suffix=filename_suffix)

        monkeypatch.setattr(tensorboardX, "SummaryWriter", opened)
        train, log = tiny.batches("train", 30), callbacks.TensorBoard(tmp_path)
        interrupted(tiny_model, train, [log], "on_epoch_end", initial_epoch=1, epochs=3)
        tiny_model.fit(train, verbose=0, callbacks=[log])
        assert first_epochs == [1, 0]

    @pytest.mark.skipif(backend.NAME != "tensorflow", reason="Keras's own needs tensorflow")
    def test_names_everything_as_keras_does(self, tiny, tiny_model, tmp_path):
        both = [
            callbacks.TensorBoard(tmp_path / "ours"),
            keras.callbacks.TensorBoard(tmp_path / "keras"),
        ]
        train, val = tiny.batches("train", 30), tiny.batches("val", 30)
        tiny_model.fit(train, validation_data=val, verbose=0, callbacks=both)
        ours, theirs = scalars(tmp_path / "ours"), scalars(tmp_path / "keras")
        theirs = {key: value for key, value in theirs.items() if key[1] in {k[1] for k in ours}}
        assert ours == pytest.approx(theirs)
