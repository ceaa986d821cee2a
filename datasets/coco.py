"""COCO's annotation JSON: images, categories and objects, checked and mended.

The schema, of which `read` needs the fields without a question mark:

    images:      id, file_name, width?, height?
    categories:  id, name, supercategory?
    annotations: id?, image_id, category_id, bbox? [x, y, width, height] in pixels, area?,
                 iscrowd?, segmentation? (polygons [[x1, y1, x2, y2, ...], ...] or a mask as RLE)

Real files break it. What can be mended is mended and counted in `Annotations.faults`; what cannot
is refused with the file, the id and the next step.
"""

import json
import math
from collections import Counter
from collections.abc import Mapping

import numpy as np

from zoo.datasets.masks import box_and_area
from zoo.datasets.objects import AnnotatedImage, Annotations, Objects

ABSENT = "images listed but absent, left out with their objects"


def parse(data: bytes, source: str) -> dict:
    """The JSON object of a file's bytes.

    Raises:
        ValueError: if it is no JSON object.
    """
    try:
        document = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{source} is no JSON ({error}); fetch or export it again") from error
    if not isinstance(document, dict):
        raise ValueError(f"{source} holds a {type(document).__name__}, not a JSON object")
    return document


def read(
    document: Mapping, source: str, sizes: Mapping[str, tuple[int, int] | None] | None = None
) -> Annotations:
    """The images of a COCO document with their objects.

    Args:
        document: the parsed JSON, see `parse`.
        source: the file's name, for messages.
        sizes: file name -> (height, width) of the picture itself, None for one that is absent;
            without it the sizes that the file states.

    Raises:
        ValueError: if a field is missing or unsuitable and cannot be mended: a list, an image's
            file name or size, an id used twice for images or categories, a category that is not
            listed, a box or segmentation that is no numbers.
    """
    faults = Counter()
    images = _by_id(document, "images", source, faults)
    categories = _by_id(document, "categories", source, faults)
    names = [_name_of(category, key, source) for key, category in categories.items()]
    if len(set(names)) < len(names):
        [(twice, _)] = Counter(names).most_common(1)
        raise ValueError(f"{source}: two categories are named {twice!r}; rename one of them")
    indices = {key: index for index, key in enumerate(categories)}
    shapes = {key: _size(image, key, source, sizes, faults) for key, image in images.items()}
    annotations = _list_of(document, "annotations", source)
    normalised = _are_normalised(annotations)
    found, seen = {key: [] for key in images}, set()
    for position, annotation in enumerate(annotations, start=1):
        where = f"{source}: annotation {annotation.get('id', f'number {position}')!r}"
        key = _key(annotation.get("image_id"))
        if key not in images:
            faults["annotations of an image that is not listed left out"] += 1
            continue
        category = _key(annotation.get("category_id"))
        if category not in indices:
            raise ValueError(
                f"{where} has category_id={annotation.get('category_id')!r}, which `categories` "
                f"does not list ({_some(indices)}); add the category, or remove the annotation"
            )
        _count_id(annotation, seen, faults)
        if shapes[key] is not None:
            entry = _object(annotation, shapes[key], normalised, where, faults)
            if entry is not None:
                found[key].append((*entry, indices[category], position))
    kept = [
        AnnotatedImage(image["id"], image["file_name"], shapes[key], _objects(found[key]))
        for key, image in images.items()
        if shapes[key] is not None
    ]
    return Annotations(source, tuple(names), tuple(kept), faults)


def _list_of(document: Mapping, key: str, source: str) -> list[dict]:
    entries = document.get(key)
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise ValueError(
            f"{source} needs a list of objects named {key!r}, as COCO's instances_*.json has"
        )
    return entries


def _key(value) -> str | None:
    """An id as text, so that 7, 7.0 and "7" are one; None if it is no id."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    good = isinstance(value, int | str) and not isinstance(value, bool)
    return str(value).strip() if good else None


def _by_id(document: Mapping, kind: str, source: str, faults: Counter) -> dict[str, dict]:
    """Id as text -> entry; categories in the order of their ids, images in that of the file."""
    entries = {}
    for entry in _list_of(document, kind, source):
        key = _key(entry.get("id"))
        if key is None or key in entries:
            what = "no usable id" if key is None else "an id that is used twice"
            raise ValueError(f"{source}: {kind} has {what}, {entry.get('id')!r}; renumber them")
        if isinstance(entry["id"], str) and key.lstrip("-").isdigit():
            faults[f"ids of {kind} written as text"] += 1
        entries[key] = entry
    if kind == "categories":
        numbered = all(key.lstrip("-").isdigit() for key in entries)
        return dict(sorted(entries.items(), key=lambda item: int(item[0]) if numbered else item[0]))
    return entries


def _name_of(category: dict, key: str, source: str) -> str:
    if not isinstance(category.get("name"), str) or not category["name"].strip():
        raise ValueError(f"{source}: category {key} has no name; add one")
    return category["name"]


def _size(image: dict, key: str, source: str, sizes, faults: Counter) -> tuple[int, int] | None:
    """(height, width), of the picture itself where it is known; None if it is absent."""
    if not isinstance(image.get("file_name"), str) or not image["file_name"]:
        raise ValueError(f"{source}: image {key} has no file_name; add it, or remove the image")
    stated = (image.get("height"), image.get("width"))
    usable = all(_is_number(side) and side >= 1 for side in stated)
    if sizes is None:
        if not usable:
            raise ValueError(
                f"{source}: image {key} has height={stated[0]!r}, width={stated[1]!r}; give whole "
                f"pixels, or load it together with its pictures"
            )
        return int(stated[0]), int(stated[1])
    size = sizes[image["file_name"]]
    if size is None:
        faults[ABSENT] += 1
    elif usable and size != stated:
        faults["images of another size than stated, taken as they are"] += 1
    return size


def _is_number(value) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _box(annotation: dict) -> list | None:
    box = annotation.get("bbox")
    good = isinstance(box, list | tuple) and len(box) == 4 and all(map(_is_number, box))
    return list(box) if good else None


def _are_normalised(annotations: list[dict]) -> bool:
    """Whether all boxes of the file lie between 0 and 1: shares of the side, not pixels."""
    boxes = [box for box in map(_box, annotations) if box is not None]
    sides = [side for box in boxes for side in box[2:]]
    return bool(sides) and max(map(max, boxes)) <= 1 and any(0 < side < 1 for side in sides)


def _count_id(annotation: dict, seen: set, faults: Counter) -> None:
    key = _key(annotation.get("id"))
    if key is None:
        faults["annotations without an id, numbered"] += 1
    elif key in seen:
        faults["annotation ids used twice, renumbered"] += 1
    elif key == "0":  # pycocotools takes 0 for "no object" and counts its match as a miss
        faults["annotation of id 0, renumbered"] += 1
    seen.add(key)


def _object(annotation, size, normalised: bool, where: str, faults: Counter):
    """(box xyxy, area, crowd, segmentation) of an annotation, or None if it has no area."""
    height, width = size
    box, segmentation = _box(annotation), annotation.get("segmentation") or None
    traced = None
    if segmentation is not None and (box is None or not _is_number(annotation.get("area"))):
        traced = box_and_area(segmentation, size, where)
    if box is None:
        if annotation.get("bbox") or traced is None:
            raise ValueError(
                f"{where} has bbox={annotation.get('bbox')!r}; it must be four finite numbers, "
                f"[x, y, width, height]; mend it, or remove the annotation"
            )
        faults["missing boxes taken from the segmentation"] += 1
        box = traced[0]
    elif normalised:
        faults["boxes given as shares of the image, turned into pixels"] += 1
        box = [box[0] * width, box[1] * height, box[2] * width, box[3] * height]
    x, y, w, h = box
    corners = [max(x, 0), max(y, 0), min(x + w, width), min(y + h, height)]
    if w <= 0 or h <= 0:
        faults["boxes of no area left out"] += 1
        return None
    if corners[2] <= corners[0] or corners[3] <= corners[1]:
        faults["boxes outside their image left out"] += 1
        return None
    if max(-x, -y, x + w - width, y + h - height) > 1e-2:  # rounding is no fault
        faults["boxes that reach outside their image, clipped"] += 1
    area = annotation.get("area")
    if not _is_number(area):
        area = traced[1] if traced else (corners[2] - corners[0]) * (corners[3] - corners[1])
        faults[f"missing areas taken from the {'segmentation' if traced else 'box'}"] += 1
    crowd = annotation.get("iscrowd")
    if crowd not in (0, 1):
        faults["missing iscrowd taken as 0"] += 1
        crowd = 0
    return corners, area, bool(crowd), segmentation


def _objects(entries: list) -> Objects:
    boxes, areas, crowds, segmentations, classes, ids = (
        zip(*entries, strict=False) if entries else [()] * 6
    )
    return Objects(
        np.array(boxes, "float32").reshape(-1, 4),
        np.array(classes, "int32"),
        np.array(crowds, bool),
        np.array(areas, "float32"),
        np.array(ids, "int64"),
        tuple(segmentations),
    )


def _some(keys) -> str:
    listed = list(keys)
    return ", ".join(listed[:5]) + (", ..." if len(listed) > 5 else "")
