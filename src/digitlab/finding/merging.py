"""What belongs together: the bar of a 5 and the rest of it, a stroke that broke up, a digit of dots or of segments."""

from __future__ import annotations

import numpy as np

from digitlab.finding.candidate import Candidate, make_candidate
from digitlab.finding.layers import SMALLEST, Layer

# Parts of a broken digit are at most this far apart, by the larger part's height; and so many times as far as a line is
# thick that lay between them, if that is no more than this share of the height.
NEAR, ACROSS, BROAD_LINE = 0.22, 1.6, 0.4
TALLER = 2.2  # times as high as the larger part is what is merged of both, at most
# Links of a chain are so many of their strokes' widths apart, at most: closer than digits stand, or about as close.
REACHES = (1.3, 3.0)
MOST_LINKS = 60  # in a chain
MOST = 2000  # components that may be links; a layer with more shows grain
CLEAR = 2.0  # times the lowest level of a view: paler links may be grain
ONE = 0.8  # of a chain's ink: if one link has more, it is no chain
NEXT = 80  # components to the right, at most, that one is compared with


def joined(layer: Layer, members: list[int], kind: str) -> Candidate:
    """Return components of a layer as one candidate."""
    lefts, tops, rights, bottoms = zip(*layer.boxes[members].tolist(), strict=True)
    left, top, right, bottom = min(lefts), min(tops), max(rights), max(bottoms)
    label = layer.label[top:bottom, left:right]
    if len(members) > 3:
        wanted = np.zeros(len(layer.boxes), bool)
        wanted[members] = True
        mask = wanted[label]
    else:
        mask = label == members[0]
        for other in members[1:]:
            mask |= label == other
    dark = float(layer.dark[members].max())
    return make_candidate(layer.view, (left, top, right, bottom), mask, layer.threshold, dark, kind)


def merges(layer: Layer, parts: set[int]) -> list[Candidate]:
    """Join each proposed component with one or more that lie close by; one of them at least is among `parts`."""
    found, seen = [], set()
    usable = layer.usable
    if not parts or len(usable) > 4000:
        return []
    boxes, mass = layer.boxes[usable], layer.mass[usable]
    part_boxes = layer.boxes[sorted(parts)]
    for main in (*layer.proposed.tolist(), *layer.twins.tolist()):
        box = layer.boxes[main]
        height = box[3] - box[1]
        reach = max(NEAR * height, min(ACROSS * layer.view.ruling, BROAD_LINE * height))
        if main not in parts and not (_gaps(part_boxes, box) <= reach).any():
            continue
        gap = _gaps(boxes, box)
        close = (gap <= reach) & (mass > 0.03 * layer.mass[main]) & (mass <= 1.3 * layer.mass[main])
        union_width = np.maximum(boxes[:, 2], box[2]) - np.minimum(boxes[:, 0], box[0])
        union_height = np.maximum(boxes[:, 3], box[3]) - np.minimum(boxes[:, 1], box[1])
        close &= (usable != main) & (union_width <= 1.4 * union_height) & (union_height <= TALLER * height)
        beside = [int(part) for part in usable[close][np.argsort(gap[close])][:4]]
        groups: list[tuple[int, ...]] = [(main, part) for part in beside]
        if len(beside) >= 2:
            groups += [(main, *beside[:2]), (main, *beside)] if len(beside) > 2 else [(main, *beside)]
        for group in groups:
            key = frozenset(group)
            if key not in seen and key & parts:
                seen.add(key)
                found.append(joined(layer, list(group), "merge"))
    return found


def _gaps(boxes: np.ndarray, box: np.ndarray) -> np.ndarray:
    """Return how far boxes, (N, 4), lie from a box, across or down, whichever is more; 0 where they meet."""
    across = np.maximum(boxes[:, 0] - box[2], box[0] - boxes[:, 2])
    down = np.maximum(boxes[:, 1] - box[3], box[1] - boxes[:, 3])
    return np.maximum(np.maximum(across, down), 0)


def chains(layer: Layer, parts: set[int]) -> list[Candidate]:
    """Join what hangs together in a chain of small gaps: a digit of dots, of segments, of a stroke that broke up.

    Args:
        layer: whose components are joined.
        parts: those of its candidates that may be parts of a digit; of others, only what is no candidate is joined.
    """
    maybe = np.zeros(len(layer.boxes), bool)
    maybe[layer.usable] = True
    maybe[layer.proposed] = False
    maybe[list(parts)] = True
    links = np.flatnonzero(maybe & (layer.dark > CLEAR * layer.view.levels[0]))
    if not 2 <= len(links) <= MOST:
        return []
    boxes = layer.boxes[links]
    mass = layer.mass[links]
    stroke = mass / np.maximum(layer.dark[links], 1) / np.maximum(boxes[:, 2:] - boxes[:, :2], 1).max(axis=1)
    first, second, gap = _neighbours(boxes, REACHES[-1] * float(np.sort(stroke)[-2]))
    width = np.minimum(stroke[first], stroke[second])
    found, seen = [], set()
    for reach in REACHES:
        close = gap <= reach * width
        chain = _connected(len(links), first[close], second[close])
        for number in np.flatnonzero(np.bincount(chain) >= 2).tolist():
            members = np.flatnonzero(chain == number)
            key = tuple(members.tolist())
            low, high = boxes[members, :2].min(axis=0), boxes[members, 2:].max(axis=0)
            across, down = (high - low).tolist()
            tall = down * layer.view.scale >= SMALLEST
            if key in seen or len(members) > MOST_LINKS or not tall or across > 1.4 * down:
                continue
            if len(members) == 2 and down <= TALLER * (boxes[members, 3] - boxes[members, 1]).max():
                continue  # `merges` has them
            seen.add(key)
            if mass[members].max() <= ONE * mass[members].sum():
                found.append(joined(layer, links[members].tolist(), "merge"))
    return found


def _neighbours(boxes: np.ndarray, reach: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return pairs of boxes, (N, 4), that are no farther apart than `reach`: the one, the other, and their gap."""
    order = np.argsort(boxes[:, 0], kind="stable")
    left, top, right, bottom = np.ascontiguousarray(boxes[order].T)
    ones, others, gaps = [order[:0]], [order[:0]], [left[:0]]
    for step in range(1, min(NEXT, len(boxes) - 1) + 1):
        across = left[step:] - right[:-step]
        near = np.flatnonzero(across <= reach)
        if not len(near):
            break
        far = near + step
        gap = np.maximum(across[near], np.maximum(top[far] - bottom[near], top[near] - bottom[far])).clip(0)
        close = gap <= reach
        ones.append(order[near[close]])
        others.append(order[far[close]])
        gaps.append(gap[close])
    return np.concatenate(ones), np.concatenate(others), np.concatenate(gaps)


def _connected(count: int, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return for each of `count` things the number of the group that pairs of them make up."""
    group = np.arange(count)
    while True:
        least = np.minimum(group[first], group[second])
        before = group.copy()
        np.minimum.at(group, first, least)
        np.minimum.at(group, second, least)
        group = group[group]
        if (group == before).all():
            return group
