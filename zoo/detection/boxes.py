"""Boxes: their formats, and how much two of them overlap, on every backend.

    xyxy     left, top, right, bottom: of all functions that do not say otherwise
    xywh     left, top, width, height: COCO
    cxcywh   centre, width, height: YOLO

Boxes are (..., 4), in any unit; a box without area overlaps nothing, its IoU is 0. Overlaps are
float32 whatever the boxes are: in float16 the area of 300 x 300 pixels is infinite.
"""

import math

from keras import ops


def xyxy_to_xywh(boxes):
    left, top, right, bottom = _parts(boxes)
    return ops.stack([left, top, right - left, bottom - top], axis=-1)


def xywh_to_xyxy(boxes):
    left, top, width, height = _parts(boxes)
    return ops.stack([left, top, left + width, top + height], axis=-1)


def xyxy_to_cxcywh(boxes):
    left, top, right, bottom = _parts(boxes)
    centre = [(left + right) / 2, (top + bottom) / 2]
    return ops.stack([*centre, right - left, bottom - top], axis=-1)


def cxcywh_to_xyxy(boxes):
    x, y, width, height = _parts(boxes)
    corners = [x - width / 2, y - height / 2, x + width / 2, y + height / 2]
    return ops.stack(corners, axis=-1)


def iou(a, b):
    """Intersection over union of boxes that belong together, (..., 4) each: (...)."""
    shared, union = _intersection_and_union(a, b)
    return _ratio(shared, union)


def pairwise_iou(a, b):
    """Intersection over union of every box of `a` (..., n, 4) with every one of `b` (..., m, 4):
    (..., n, m)."""
    return iou(ops.expand_dims(a, -2), ops.expand_dims(b, -3))


def giou(a, b):
    """Generalized IoU, from -1 to 1: IoU less the share of the hull that neither box fills.

    Boxes that do not touch have a gradient too. Source: Rezatofighi et al. (arXiv:1902.09630).
    """
    shared, union = _intersection_and_union(a, b)
    width, height = _hull(a, b)
    hull = width * height
    return _ratio(shared, union) - _ratio(hull - union, hull)


def ciou(a, b):
    """Complete IoU: IoU less the distance of the centres and the difference in shape.

        CIoU = IoU - d^2 / c^2 - alpha v        alpha = v / (1 - IoU + v)
        v = 4 / pi^2 (atan(w_b / h_b) - atan(w_a / h_a))^2

    d is the distance of the centres, c the diagonal of the hull. Its gradient takes alpha for a
    constant, as the authors do. Source: Zheng et al., Distance-IoU loss (arXiv:1911.08287).
    """
    a, b = ops.cast(a, "float32"), ops.cast(b, "float32")
    overlap = iou(a, b)
    ax, ay, a_width, a_height = _parts(xyxy_to_cxcywh(a))
    bx, by, b_width, b_height = _parts(xyxy_to_cxcywh(b))
    width, height = _hull(a, b)
    distance = _ratio((ax - bx) ** 2 + (ay - by) ** 2, width**2 + height**2)
    turn = _angle(b_width, b_height) - _angle(a_width, a_height)
    shape = 4 / math.pi**2 * turn**2
    alpha = ops.stop_gradient(_ratio(shape, 1 - ops.minimum(overlap, 1) + shape))
    return overlap - distance - alpha * shape


def _parts(boxes):
    boxes = ops.convert_to_tensor(boxes)
    if boxes.shape[-1] != 4:
        raise ValueError(f"boxes must be (..., 4), not {tuple(boxes.shape)}")
    return [boxes[..., i] for i in range(4)]


def _ratio(part, whole):
    """Their quotient; 0, and without gradient, where the whole is 0."""
    some = whole != 0
    return ops.where(some, part / ops.where(some, whole, 1), 0)


def _angle(width, height):
    """Of the diagonal; 0, and without gradient, of a box that is a point."""
    point = ops.logical_and(width == 0, height == 0)
    return ops.arctan2(width, ops.where(point, 1, height))


def _corners(boxes):
    return _parts(ops.cast(boxes, "float32"))


def _intersection_and_union(a, b):
    a_left, a_top, a_right, a_bottom = _corners(a)
    b_left, b_top, b_right, b_bottom = _corners(b)
    width = ops.minimum(a_right, b_right) - ops.maximum(a_left, b_left)
    height = ops.minimum(a_bottom, b_bottom) - ops.maximum(a_top, b_top)
    shared = ops.maximum(width, 0) * ops.maximum(height, 0)
    areas = (a_right - a_left) * (a_bottom - a_top) + (b_right - b_left) * (b_bottom - b_top)
    return shared, areas - shared


def _hull(a, b):
    """Width and height of the smallest box around both."""
    a_left, a_top, a_right, a_bottom = _corners(a)
    b_left, b_top, b_right, b_bottom = _corners(b)
    width = ops.maximum(a_right, b_right) - ops.minimum(a_left, b_left)
    return width, ops.maximum(a_bottom, b_bottom) - ops.minimum(a_top, b_top)
