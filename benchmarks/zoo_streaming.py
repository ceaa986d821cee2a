"""The images of a folder in the zoo's batches, read from their files.

python benchmarks/zoo_streaming.py FOLDER     # an epoch for each line typed
"""

import sys
import time

from zoo import datasets
from zoo.datasets import transforms

SIDE, BATCH = 64, 128


if __name__ == "__main__":
    print("imported", flush=True)
    sys.stdin.readline()
    data = datasets.load(sys.argv[1], image_shape=(SIDE, SIDE, 3), in_memory=False)
    steps = [transforms.flip(), transforms.shift_scale_rotate()]
    batches = data.batches("train", BATCH, steps, workers=2)
    print(len(data.x_train), flush=True)
    for _ in sys.stdin:
        began = time.perf_counter()
        for images, _labels in batches:
            last = images
        print(time.perf_counter() - began, flush=True)
