"""The images of a folder in torch's DataLoader, as its users write it.

    python benchmarks/torch_streaming.py FOLDER opencv     # an epoch for each line typed

OpenCV and albumentations do what the zoo does with an image; "pillow" decodes as torchvision's
ImageFolder does. Keras is imported because it is a Keras model that would train on the batches: the
workers are forks of that process.
"""

import sys
import time
from pathlib import Path

import albumentations as A
import cv2
import keras  # noqa: F401
import numpy as np
import torch
from PIL import Image

SIDE, BATCH = 64, 128


class Folder(torch.utils.data.Dataset):
    """`train/<class>/*` as float32 (3, SIDE, SIDE), augmented and normalised."""

    def __init__(self, folder: str, decoder: str):
        self.files = [str(path) for path in sorted(Path(folder, "train").glob("*/*"))]
        names = sorted({Path(file).parent.name for file in self.files})
        self.labels = [names.index(Path(file).parent.name) for file in self.files]
        self.decoder = decoder
        self.transforms = A.Compose(
            [
                A.HorizontalFlip(),
                A.Affine(
                    translate_percent=(-0.0625, 0.0625),
                    scale=(0.9, 1.1),
                    keep_ratio=True,
                    rotate=(-15, 15),
                    border_mode=cv2.BORDER_REFLECT_101,
                    p=0.5,
                ),
                A.Normalize((0.5,) * 3, (0.25,) * 3),
                A.ToTensorV2(),
            ]
        )

    def __len__(self):
        return len(self.files)

    def __getitem__(self, index):
        if self.decoder == "opencv":
            image = cv2.imread(self.files[index], cv2.IMREAD_COLOR_RGB)
        else:
            image = np.asarray(Image.open(self.files[index]).convert("RGB"))
        if image.shape[:2] != (SIDE, SIDE):
            image = cv2.resize(image, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
        return self.transforms(image=image)["image"], self.labels[index]


if __name__ == "__main__":
    print("imported", flush=True)
    sys.stdin.readline()
    loader = torch.utils.data.DataLoader(
        Folder(*sys.argv[1:]), BATCH, shuffle=True, num_workers=2, persistent_workers=True
    )
    print(len(loader.dataset), flush=True)
    for _ in sys.stdin:
        began = time.perf_counter()
        for images, _labels in loader:
            last = images
        print(time.perf_counter() - began, flush=True)
