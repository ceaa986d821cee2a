"""Batches read from files: speed and memory beside torch's DataLoader with two workers.

    KERAS_BACKEND=torch python benchmarks/streaming.py

Both decode the same JPEGs by OpenCV, resize them to 64x64, flip, shift, scale and rotate them by
albumentations, and normalise them; the zoo with two threads (zoo_streaming.py), the DataLoader
with two processes (torch_streaming.py). No model is trained. The pictures are crops of
scikit-learn's two photographs. Each side has a process of its own, and they take turns.

Memory is the largest sum over a side's processes in an epoch, read from Linux's /proc: "resident"
counts pages that processes share in each of them, as `ps` and psutil do; "proportional" counts them
once. Both sides have imported Keras, on which the batches would be trained; "above imports" is
without what the imports take.
"""

import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import cv2
import numpy as np
from measure import report, row
from sklearn.datasets import load_sample_images

ROUNDS = 5
SIZES = {96: 12_000, 256: 3_000}  # side of the pictures -> how many
MANY = 100_000


def write_pictures(folder: Path, count: int, side: int) -> Path:
    """`train/<class>/*` and a few of `val/<class>/*`, two classes."""
    photographs, rng = load_sample_images().images, np.random.default_rng(0)
    for split, images in (("train", count), ("val", 20)):
        for label in range(2):
            (folder / split / str(label)).mkdir(parents=True)
        for i in range(images):
            y, x = rng.integers((427 - side, 640 - side))
            crop = photographs[i % 2][y : y + side, x : x + side, ::-1]
            path = folder / split / str(i % 2) / f"{i}.jpg"
            cv2.imwrite(str(path), crop, [cv2.IMWRITE_JPEG_QUALITY, 90])
    return folder


class Side:
    """A process that goes through an epoch for each line that it is sent."""

    def __init__(self, *command: str):
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        self.process = subprocess.Popen([sys.executable, *command], **pipes)
        self.process.stdout.readline()
        self.imported = self.megabytes()
        self.images = int(self._answer())

    def seconds(self) -> float:
        return float(self._answer())

    def peak(self) -> tuple[float, float]:
        """The largest (resident, proportional) memory during an epoch, in megabytes."""
        largest, done = [0.0, 0.0], threading.Event()

        def watch():
            while not done.is_set():
                largest[:] = map(max, largest, self.megabytes())
                time.sleep(0.02)

        watcher = threading.Thread(target=watch)
        watcher.start()
        self.seconds()
        done.set()
        watcher.join()
        return tuple(largest)

    def megabytes(self) -> tuple[float, float]:
        """(resident, proportional) memory of the process and its children."""
        process = self.process.pid
        children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
        sums = {"Rss:": 0.0, "Pss:": 0.0}
        for number in (process, *children):
            for line in Path(f"/proc/{number}/smaps_rollup").read_text().splitlines():
                key, *value = line.split()
                if key in sums:
                    sums[key] += int(value[0]) * 1.024 / 1000
        return sums["Rss:"], sums["Pss:"]

    def close(self):
        self.process.communicate()

    def _answer(self) -> str:
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return self.process.stdout.readline()


def zoo_side(folder: Path) -> Side:
    return Side(str(Path(__file__).with_name("zoo_streaming.py")), str(folder))


def torch_side(folder: Path, decoder: str = "opencv") -> Side:
    return Side(str(Path(__file__).with_name("torch_streaming.py")), str(folder), decoder)


def compared(folder: Path, side: int) -> list[dict]:
    """Speed in turns, then the memory of an epoch each."""
    ours, opencv, pillow = zoo_side(folder), torch_side(folder), torch_side(folder, "pillow")
    sides = {"zoo": ours, "DataLoader": opencv, "DataLoader with Pillow": pillow}
    rounds = [[side.seconds() for side in sides.values()] for _ in range(ROUNDS + 1)][1:]
    what = f"JPEGs of {side}x{side}"
    rows = []
    for name, seconds in zip(sides, zip(*rounds, strict=True), strict=True):
        speeds = [sides[name].images / time for time in seconds]
        rows.append(row(f"{what}: images per second, {name}", speeds, "", ".0f"))
    ratios = [theirs / own for own, theirs, _ in rounds]
    rows.append(row(f"{what}: images per second, zoo / DataLoader", ratios, "1.3 or more"))
    peaks = {name: [side.peak() for _ in range(2)] for name, side in sides.items()}
    pairs = list(zip(peaks["zoo"], peaks["DataLoader"], strict=True))
    for name in ("zoo", "DataLoader"):
        resident = [peak[0] for peak in peaks[name]]
        rows.append(row(f"{what}: resident MB, {name}", resident, "", ".0f"))
    ratios = [ours[0] / theirs[0] for ours, theirs in pairs]
    rows.append(row(f"{what}: resident, zoo / DataLoader", ratios, "0.5 or less"))
    for name in ("zoo", "DataLoader"):
        proportional = [peak[1] for peak in peaks[name]]
        rows.append(row(f"{what}: proportional MB, {name}", proportional, "", ".0f"))
        above = [value - sides[name].imported[1] for value in proportional]
        rows.append(row(f"{what}: proportional MB above imports, {name}", above, "", ".0f"))
    for one in sides.values():
        one.close()
    return rows


def many(folder: Path) -> dict:
    """Memory of listing as many images as do not fit in a gigabyte, and of an epoch over them."""
    ours = zoo_side(folder)
    ours.seconds()
    status = Path(f"/proc/{ours.process.pid}/status").read_text()
    peak = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    ours.close()
    what = f"{MANY:,} JPEGs of 64x64: resident MB above imports, zoo"
    return row(what, [int(peak.split()[1]) * 1.024 / 1000 - ours.imported[0]], "under 1000", ".0f")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as temporary:
        rows = []
        for side, count in SIZES.items():
            rows += compared(write_pictures(Path(temporary, str(side)), count, side), side)
        rows.append(many(write_pictures(Path(temporary, "many"), MANY, 64)))
    report("images from files", rows)
