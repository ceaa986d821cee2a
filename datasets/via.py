"""JSON of the VGG image annotator (VIA), versions 1 and 2, rewritten as a COCO document.

Rectangles, circles, ellipses, polygons and polylines become boxes (of their hull). The class is the
region's one attribute, or of several the one named class, label, name, category or type.
"""

import math
from collections.abc import Mapping

CLASS_ATTRIBUTES = ("class", "label", "name", "category", "type")


def matches(document: Mapping) -> bool:
    """Whether this is VIA's JSON: a project, or the exported annotations alone."""
    entries = _entries(document)
    return bool(entries) and all(
        isinstance(entry, dict) and "filename" in entry and "regions" in entry for entry in entries
    )


def to_coco(document: Mapping, source: str) -> dict:
    """The same images and regions as COCO's `images`, `categories` and `annotations`.

    Sizes of images are not in VIA's files: they are read from the pictures. Categories are numbered
    from 1 in alphabetical order. A point becomes a box of no area, which the reader counts.

    Raises:
        ValueError: if a region has no class, an unknown shape, or coordinates that are no numbers;
            with the file, the picture and the region's number.
    """
    images, found = [], []
    for number, entry in enumerate(_entries(document), start=1):
        images.append({"id": number, "file_name": str(entry["filename"])})
        regions = entry["regions"] or []
        regions = list(regions.values()) if isinstance(regions, dict) else regions  # version 1
        for index, region in enumerate(regions):
            where = f"{source}: {entry['filename']}, region {index}"
            if not isinstance(region, dict):
                raise ValueError(f"{where} is no object; export the file again")
            shape, attributes = region.get("shape_attributes"), region.get("region_attributes")
            found.append((number, _class_name(attributes, where), *_outline(shape, where)))
    names = sorted({name for _, name, _, _ in found})
    ids = {name: number for number, name in enumerate(names, start=1)}
    annotations = [
        {
            "id": number,
            "image_id": image,
            "category_id": ids[name],
            "bbox": box,
            "area": area,
            "iscrowd": 0,
        }
        for number, (image, name, box, area) in enumerate(found, start=1)
    ]
    categories = [{"id": number, "name": name} for name, number in ids.items()]
    return {"images": images, "categories": categories, "annotations": annotations}


def _entries(document: Mapping) -> list:
    metadata = document.get("_via_img_metadata", document)
    return list(metadata.values()) if isinstance(metadata, dict) else []


def _class_name(attributes, where: str) -> str:
    attributes = attributes if isinstance(attributes, dict) else {}
    values = {key: _chosen(value) for key, value in attributes.items()}
    values = {key: value for key, value in values.items() if value}
    if len(values) == 1:
        return next(iter(values.values()))
    for key in CLASS_ATTRIBUTES:
        if key in values:
            return values[key]
    raise ValueError(
        f"{where} has the attributes {attributes!r}; its class must be the only one, or named "
        f"{', '.join(CLASS_ATTRIBUTES)}"
    )


def _chosen(value) -> str:
    """The text of an attribute; of checkboxes {"cat": true} the one that is ticked."""
    if isinstance(value, dict):
        ticked = [key for key, on in value.items() if on]
        return ticked[0] if len(ticked) == 1 else ""
    return str(value).strip()


def _outline(shape, where: str) -> tuple[list[float], float]:
    """([x, y, width, height], area) of the shape of a region."""
    shape = shape if isinstance(shape, dict) else {}
    kind = shape.get("name")
    if kind == "rect":
        x, y, w, h = (_number(shape, key, where) for key in ("x", "y", "width", "height"))
        return [x, y, w, h], w * h
    if kind in ("circle", "ellipse"):
        keys = ("r", "r") if kind == "circle" else ("rx", "ry")
        x, y, rx, ry = (_number(shape, key, where) for key in ("cx", "cy", *keys))
        if kind == "ellipse":  # turned by theta, its extent is that of the turned half axes
            cos, sin = math.cos(shape.get("theta", 0)), math.sin(shape.get("theta", 0))
            area = math.pi * rx * ry
            rx, ry = math.hypot(rx * cos, ry * sin), math.hypot(rx * sin, ry * cos)
            return [x - rx, y - ry, 2 * rx, 2 * ry], area
        return [x - rx, y - ry, 2 * rx, 2 * ry], math.pi * rx * ry
    if kind in ("polygon", "polyline"):
        xs, ys = _numbers(shape, "all_points_x", where), _numbers(shape, "all_points_y", where)
        if len(xs) != len(ys) or not xs:
            raise ValueError(f"{where} has {len(xs)} x and {len(ys)} y; export the file again")
        crossed = sum(xs[i - 1] * ys[i] - xs[i] * ys[i - 1] for i in range(len(xs)))
        return [min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys)], abs(crossed) / 2
    if kind == "point":
        return [_number(shape, "cx", where), _number(shape, "cy", where), 0, 0], 0
    raise ValueError(
        f"{where} has the shape {kind!r}; rect, circle, ellipse, polygon and polyline are read"
    )


def _number(shape: dict, key: str, where: str) -> float:
    [value] = _numbers({key: [shape.get(key)]}, key, where)
    return value


def _numbers(shape: dict, key: str, where: str) -> list[float]:
    values = shape.get(key)
    good = isinstance(values, list) and all(
        isinstance(v, int | float) and not isinstance(v, bool) and math.isfinite(v) for v in values
    )
    if not good:
        raise ValueError(f"{where} has {key}={values!r}, which is no number; draw it again")
    return values
