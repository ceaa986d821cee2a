"""COCO's segmentations, polygons or run lengths, as masks, boxes and areas (by pycocotools)."""

import numpy as np


def mask(segmentation, size: tuple[int, int], where: str = "segmentation") -> np.ndarray:
    """The pixels (height, width) of an object as bool.

    Args:
        segmentation: polygons [[x1, y1, x2, y2, ...], ...], or run lengths
            {"counts": list or str, "size": [height, width]}.
        size: (height, width) of the image.
        where: what to name in a message.

    Raises:
        ValueError: if it is neither, or of another size, or pycocotools is not installed.
    """
    return _coder().decode(_encoded(segmentation, size, where)).astype(bool)


def box_and_area(segmentation, size: tuple[int, int], where: str = "segmentation"):
    """([x, y, width, height], area in pixels) of a segmentation; see `mask`.

    The box of polygons is that of their corners, which pycocotools rounds to pixels.

    Raises:
        ValueError: if it is neither polygons nor run lengths, or pycocotools is not installed.
    """
    encoded = _encoded(segmentation, size, where)
    area = float(_coder().area(encoded))
    if isinstance(segmentation, dict):
        return [float(value) for value in _coder().toBbox(encoded)], area
    corners = np.concatenate([np.reshape(polygon, (-1, 2)) for polygon in segmentation])
    low, high = corners.min(axis=0), corners.max(axis=0)
    return [*low.tolist(), *(high - low).tolist()], area


def _encoded(segmentation, size, where: str) -> dict:
    coder, (height, width) = _coder(), size
    if isinstance(segmentation, dict):
        counts, stated = segmentation.get("counts"), segmentation.get("size")
        if stated is None or list(stated) != [height, width]:
            raise ValueError(
                f"{where}: the run lengths are of an image of size={stated!r}, not "
                f"[{height}, {width}]; export it again, or remove its segmentation"
            )
        if isinstance(counts, str | bytes):
            return {"size": [height, width], "counts": counts}
        if _is_numbers(counts) and sum(counts) == height * width:
            return coder.frPyObjects({"size": [height, width], "counts": counts}, height, width)
    elif isinstance(segmentation, list) and segmentation and all(map(_is_polygon, segmentation)):
        return coder.merge(coder.frPyObjects(segmentation, height, width))
    raise ValueError(
        f"{where}: its segmentation must be polygons [[x1, y1, x2, y2, x3, y3, ...], ...] or run "
        f"lengths that fill the image; mend it, or remove it"
    )


def _is_numbers(values) -> bool:
    return isinstance(values, list) and all(isinstance(value, int | float) for value in values)


def _is_polygon(points) -> bool:
    return _is_numbers(points) and len(points) >= 6 and len(points) % 2 == 0


def _coder():
    try:
        from pycocotools import mask as coder  # here: only segmentations need it
    except ImportError as error:
        raise ValueError(
            'segmentations are decoded by pycocotools: pip install "keras-session-zoo[detection]"'
        ) from error
    return coder
