"""What TensorBoard draws, without tensorflow."""

from pathlib import Path

import keras
import tensorboardX

from zoo import checks
from zoo.training.callbacks.metrics_log import scalars
from zoo.training.schedules import last_rate


class TensorBoard(keras.callbacks.Callback):
    """Write every epoch's logs and learning rate below `folder`, on every backend.

    `tensorboard --logdir=FOLDER` shows them. Tags and folders are those of Keras's own callback,
    which only works where tensorflow is installed: `train` and `validation`, `epoch_loss` and so
    on, one step per epoch. A resumed training replaces the epochs that it repeats.

    Raises:
        ValueError: if `folder` is no path.
    """

    def __init__(self, folder: str | Path):
        super().__init__()
        self.folder = checks.path("folder", folder)
        self._writers = {}

    def on_train_begin(self, logs=None):
        self._close()  # those of a training that was interrupted

    def on_epoch_end(self, epoch, logs=None):
        rate = {"learning_rate": last_rate(self.model.optimizer)}
        for key, value in (scalars(logs) | rate).items():
            part = "validation" if key.startswith("val_") else "train"
            tag = f"epoch_{key.removeprefix('val_')}"
            self._writer(part, epoch).add_scalar(tag, value, epoch)
        for writer in self._writers.values():
            writer.flush()

    def on_train_end(self, logs=None):
        self._close()

    def _close(self):
        while self._writers:
            self._writers.popitem()[1].close()

    def _writer(self, part: str, epoch: int) -> tensorboardX.SummaryWriter:
        if part not in self._writers:
            folder = str(self.folder / part)
            self._writers[part] = tensorboardX.SummaryWriter(
                folder, purge_step=epoch, filename_suffix=f".{epoch}"
            )
        return self._writers[part]
