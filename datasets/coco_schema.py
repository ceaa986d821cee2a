"""The fields of COCO's annotation files explained, and how often each class occurs."""

import json
import zipfile

import numpy as np

from zoo.datasets import coco
from zoo.datasets.files import find

FIELDS = {
    "images.id": "The number by which annotations name the image; gaps and any order are allowed",
    "images.file_name": "The picture's file, relative to a folder that the format does not name",
    "images.height": "In pixels, of the picture as it is stored",
    "images.width": "In pixels",
    "images.license": "An entry of the list of licences, where the file has one",
    "categories.id": "COCO's run from 1 to 90 with gaps for 80 classes: never use it as an index",
    "categories.name": "The class",
    "categories.supercategory": "A group of classes, such as animal",
    "annotations.id": "The object's number, unique in the file; 0 confuses pycocotools",
    "annotations.image_id": "The image the object is in; an image without one is a negative",
    "annotations.category_id": "The object's class",
    "annotations.bbox": "[x, y, width, height] in pixels from the top left corner, not two corners",
    "annotations.area": "Of the mask in pixels, not of the box; sorts objects into small, medium, "
    "large",
    "annotations.iscrowd": "1 for a group outlined as one; then the segmentation is run lengths",
    "annotations.segmentation": "Polygons [[x1, y1, x2, y2, ...], ...], or run lengths down the "
    "columns",
}


def explained(document):
    """One row per field of the schema: its first value in the file, and what it means."""
    rows = []
    for field, meaning in FIELDS.items():
        kind, key = field.split(".")
        values = [entry[key] for entry in document[kind] if key in entry]
        value = str(values[0]) if values else "not in this file"
        value = value if len(value) <= 60 else f"{value[:57]}..."
        rows.append({"Field": field, "First value": value, "Meaning": meaning})
    return rows


def distribution(documents):
    """One row per class, the most frequent first: images and objects of each split, crowds."""
    rows = {}
    for split, document in documents.items():
        annotations = coco.read(document, split)
        for name in annotations.class_names:
            empty = {"Class": name, "train": 0, "val": 0, "Images": 0, "Crowds": 0}
            rows.setdefault(name, empty)
        for image in annotations.images:
            for label in np.unique(image.objects.classes):
                mine = image.objects.classes == label
                row = rows[annotations.class_names[label]]
                row[split] += int(mine.sum())
                row["Images"] += 1
                row["Crowds"] += int(image.objects.crowds[mine].sum())
    return sorted(rows.values(), key=lambda row: -(row["train"] + row["val"]))


def read_annotations(data_dir=None) -> dict[str, dict] | None:
    """The training and validation documents of COCO's annotation files, None without them."""
    try:
        path = find("COCO", ["coco_annotations.zip"], None, "", data_dir)
    except FileNotFoundError:
        return None
    with zipfile.ZipFile(path) as archive:
        return {
            split: json.loads(archive.read(f"instances_{split}.json")) for split in ("train", "val")
        }
