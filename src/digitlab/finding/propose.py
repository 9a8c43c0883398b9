"""Every piece of ink that could be one digit: components at several thresholds, and merges of them.

Far more is proposed than is there: the judge says what is a digit, and `choose` which of those that share ink. Merges
come second, of those components only that look like a part of a digit.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

import numpy as np

from digitlab.finding.blots import OPEN, hollow, solid
from digitlab.finding.candidate import Candidate, make_candidate
from digitlab.finding.darkness import View, enlarged, strongest_grey, views
from digitlab.finding.rulings import without_rulings
from digitlab.jobs import at_once

SMALLEST = 7  # height of a digit, pixels of the opened picture
FULLEST, BEST, EMPTIEST = 0.75, 0.4, 0.16  # threshold by the ink's own darkness: too high, best, too low
# Pixels, and of the picture's height: what is higher needs no enlarging.
SMALL, SMALL_SHARE = 40, 0.4
INSIDE = 0.5  # of a piece's box: with so much of the ink of a large piece, it is a part of that
SPECK, FULLEST_SPECK = 14, 0.5  # of what is lower, pixels: grain that just passes a threshold is no digit
SAME = 0.9  # two components are one if the smaller box has this share of the larger
NEAR = 0.22  # parts of a broken digit are at most this far apart, by the larger part's height
MOST = 900  # candidates of a page


@dataclass
class _Layer:
    """The components of a view at one threshold; arrays have one entry a component, the paper's first."""

    view: View
    threshold: float
    label: np.ndarray  # (height, width) int32
    boxes: np.ndarray  # (n, 4)
    mass: np.ndarray
    dark: np.ndarray  # typical darkness of the ink
    usable: np.ndarray  # indices worth a look
    proposed: np.ndarray  # indices that are candidates


@dataclass
class Proposals:
    """The components of a page that could be digits, and what they could be merged with.

    Attributes:
        candidates: the components, at most `MOST`, those with most ink if there are more.
        places: of each, the number of its layer and of its component there.
        layers: all of the page.
    """

    candidates: list[Candidate]
    places: list[tuple[int, int]]
    layers: list[_Layer]

    def merges(self, parts: np.ndarray) -> list[Candidate]:
        """Return components joined with one or more that lie close by: the bar of a 5, a broken stroke.

        Args:
            parts: (N,) bool, which of the candidates may be no more than a part of a digit.
        """
        wanted: list[set[int]] = [set() for _ in self.layers]
        for (number, component), part in zip(self.places, parts, strict=True):
            if part:
                wanted[number].add(component)
        found = [piece for layer, some in zip(self.layers, wanted, strict=True) for piece in _merges(layer, some)]
        return _heaviest(found)


def components_of(rgb: np.ndarray, grey: np.ndarray | None = None, threads: int = 1) -> Proposals:
    """Return the components of a picture.

    Args:
        rgb: (height, width, 3) uint8, or (height, width) where it has no colours.
        grey: (height, width) uint8, its luminance; computed if not given.
        threads: that look at views and levels.
    """
    import cv2

    if grey is None:
        grey = rgb if rgb.ndim == 2 else cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
    grey = strongest_grey(grey, None if rgb.ndim == 2 else rgb)
    bare = partial(without_rulings, threads=threads)
    seen = [view if view.far else bare(view) for view in views(grey, threads)]
    return propose(seen, lambda near: [bare(view) for view in enlarged(grey, near)], threads)


def candidates_of(rgb: np.ndarray, grey: np.ndarray | None = None) -> list[Candidate]:
    """Return components and all their merges, at most `MOST`; for arguments see `components_of`."""
    found = components_of(rgb, grey)
    return _heaviest(found.candidates + found.merges(np.ones(len(found.candidates), bool)))


def _heaviest(candidates: list[Candidate]) -> list[Candidate]:
    return candidates if len(candidates) <= MOST else sorted(candidates, key=lambda c: -c.mass)[:MOST]


def propose(
    views: list[View], enlarged: Callable[[list[View]], list[View]] = lambda near: [], threads: int = 1
) -> Proposals:
    """Return the components of a page in its views that could be digits.

    Args:
        views: of the page.
        enlarged: gives more views of it, of the near ones; asked for where there is ink that may be too small for them.
        threads: that look at levels.
    """
    far = next((view for view in views if view.far), None)
    every = [layer for view in views for layer in _layers(view, far, threads)]
    near = [layer for layer in every if not layer.view.far]
    large = [_inked(layer) for layer in every if layer.view.far and len(layer.proposed)]
    if any(_has_small_ink(layer, large) for layer in near):
        more = enlarged([view for view in views if not view.far])
        every += [layer for view in more for layer in _layers(view, far, threads)]
    candidates = [_candidate(layer, [int(i)], "component") for layer in every for i in layer.proposed]
    places = [(number, int(i)) for number, layer in enumerate(every) for i in layer.proposed]
    if len(candidates) > MOST:
        kept = sorted(range(len(candidates)), key=lambda i: -candidates[i].mass)[:MOST]
        candidates, places = [candidates[i] for i in kept], [places[i] for i in kept]
    return Proposals(candidates, places, every)


def _layers(view: View, far: View | None, threads: int) -> list[_Layer]:
    """Return the components of a view at each of its thresholds, each proposed once."""
    layers = at_once([partial(_layer, view, threshold) for threshold in view.levels], threads)
    if far and not view.far:
        for layer in layers:
            layer.proposed = layer.proposed[~hollow(layer.boxes[layer.proposed] * view.scale, far)]
    _drop_twins(layers)
    return layers


def _has_small_ink(layer: _Layer, large: list[tuple[np.ndarray, float]]) -> bool:
    """Say whether a layer has ink of the height of small digits, whole ones or large parts of them.

    `large` is the ink of what fills the picture, as `_inked` gives it: parts of that are no small ink.
    """
    boxes = layer.boxes[layer.usable]
    tall = boxes[:, 3] - boxes[:, 1]
    for left, top, right, bottom in boxes[(tall >= SMALLEST) & (tall <= SMALL)].tolist():
        within = (
            ink[int(top / scale) : int(bottom / scale) + 1, int(left / scale) : int(right / scale) + 1]
            for ink, scale in large
        )
        if not any(part.size and part.mean() > INSIDE for part in within):
            return True
    return False


def _inked(layer: _Layer) -> tuple[np.ndarray, float]:
    """Return the ink of a layer's candidates, (height, width) bool, and how many pixels one of its pixels is wide."""
    wanted = np.zeros(len(layer.boxes), bool)
    wanted[layer.proposed] = True
    return wanted[layer.label], layer.view.scale


def _layer(view: View, threshold: float) -> _Layer:
    darkness = view.darkness
    height, width = darkness.shape
    found = view.components(threshold)
    label, boxes, area = found.label, found.boxes, found.area
    level = darkness.ravel()[found.inked].astype(np.float32)
    mass = found.sums(level)
    dark = found.sums(level * level) / np.maximum(mass, 1)
    across, down = boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
    long = np.maximum(across, down) * view.scale
    share = threshold / np.maximum(dark, 1)
    usable = (long >= 3) & (share <= FULLEST + 0.1) & (share >= EMPTIEST / 2)
    usable[0] = False
    tall = down * view.scale
    least = max(SMALLEST, 0.008 * max(height, width) * view.scale) if not view.far else 0.15 * height * view.scale
    fullest = np.where(tall < SPECK, FULLEST_SPECK, FULLEST)
    proposed = usable & (tall >= least) & (share <= fullest) & (share >= EMPTIEST) & (across < 16 * down)
    proposed &= area >= 0.02 * across * down  # not a mere outline of something large
    proposed &= ~(solid(area, across, down) & (tall >= OPEN))
    if view.scale < 1:
        proposed &= (tall <= SMALL) & (down <= SMALL_SHARE * height)
    chosen = np.flatnonzero(proposed)
    if len(chosen) > MOST:
        chosen = chosen[np.argsort(-mass[chosen])[:MOST]]
    return _Layer(view, threshold, label, boxes, mass, dark, np.flatnonzero(usable), chosen)


def _drop_twins(layers: list[_Layer]) -> None:
    """Of components that hardly change from one threshold to the next, keep the one at the best threshold."""
    for lower, upper in pairwise(layers):
        if not len(upper.proposed) or not len(lower.proposed):
            continue
        parent = _parents(upper, lower)
        keep_lower, keep_upper = set(lower.proposed.tolist()), set(upper.proposed.tolist())
        for child, of in zip(upper.proposed.tolist(), parent.tolist(), strict=True):
            if of not in keep_lower or _area(upper.boxes[child]) < SAME * _area(lower.boxes[of]):
                continue
            off_lower = abs(np.log(lower.threshold / lower.dark[of] / BEST))
            off_upper = abs(np.log(upper.threshold / upper.dark[child] / BEST))
            if off_lower <= off_upper:
                keep_upper.discard(child)
            else:
                keep_lower.discard(of)
        lower.proposed = np.array(sorted(keep_lower), int)
        upper.proposed = np.array(sorted(keep_upper), int)


def _parents(upper: _Layer, lower: _Layer) -> np.ndarray:
    """Return, for each proposed component of the higher threshold, the component below it lies in."""
    result = np.zeros(len(upper.proposed), int)
    for position, child in enumerate(upper.proposed):
        left, top, right, _ = upper.boxes[child]
        row = upper.label[top, left:right]
        x = left + int(np.argmax(row == child))
        result[position] = lower.label[top, x]
    return result


def _area(box: np.ndarray) -> float:
    return float((box[2] - box[0]) * (box[3] - box[1]))


def _candidate(layer: _Layer, members: list[int], kind: str) -> Candidate:
    lefts, tops, rights, bottoms = zip(*layer.boxes[members].tolist(), strict=True)
    left, top, right, bottom = min(lefts), min(tops), max(rights), max(bottoms)
    label = layer.label[top:bottom, left:right]
    mask = label == members[0]
    for other in members[1:]:
        mask |= label == other
    dark = float(layer.dark[members].max())
    return make_candidate(layer.view, (left, top, right, bottom), mask, layer.threshold, dark, kind)


def _merges(layer: _Layer, parts: set[int]) -> list[Candidate]:
    """Join each proposed component with one or more that lie close by; one of them at least is among `parts`."""
    found, seen = [], set()
    usable = layer.usable
    if not parts or len(usable) > 4000:
        return []
    boxes, mass = layer.boxes[usable], layer.mass[usable]
    part_boxes = layer.boxes[sorted(parts)]
    for main in layer.proposed.tolist():
        box = layer.boxes[main]
        height = box[3] - box[1]
        if main not in parts and not (_gaps(part_boxes, box) <= NEAR * height).any():
            continue
        gap = _gaps(boxes, box)
        close = (gap <= NEAR * height) & (mass > 0.03 * layer.mass[main]) & (mass <= 1.3 * layer.mass[main])
        union_width = np.maximum(boxes[:, 2], box[2]) - np.minimum(boxes[:, 0], box[0])
        union_height = np.maximum(boxes[:, 3], box[3]) - np.minimum(boxes[:, 1], box[1])
        close &= (usable != main) & (union_width <= 1.4 * union_height) & (union_height <= 2.2 * height)
        beside = [int(part) for part in usable[close][np.argsort(gap[close])][:4]]
        groups: list[tuple[int, ...]] = [(main, part) for part in beside]
        if len(beside) >= 2:
            groups += [(main, *beside[:2]), (main, *beside)] if len(beside) > 2 else [(main, *beside)]
        for group in groups:
            key = frozenset(group)
            if key not in seen and key & parts:
                seen.add(key)
                found.append(_candidate(layer, list(group), "merge"))
    return found


def _gaps(boxes: np.ndarray, box: np.ndarray) -> np.ndarray:
    """Return how far boxes, (N, 4), lie from a box, across or down, whichever is more; 0 where they meet."""
    across = np.maximum(boxes[:, 0] - box[2], box[0] - boxes[:, 2])
    down = np.maximum(boxes[:, 1] - box[3], box[1] - boxes[:, 3])
    return np.maximum(np.maximum(across, down), 0)
