"""Layers: the components of a view at one threshold each, and which of them are proposed as digits."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from itertools import pairwise

import numpy as np

from digitlab.finding.blots import OPEN, hollow, looped, solid
from digitlab.finding.boxes import areas
from digitlab.finding.darkness import View
from digitlab.jobs import at_once

SMALLEST = 7  # height of a digit, pixels of the opened picture
FULLEST, BEST, EMPTIEST = 0.75, 0.4, 0.14  # threshold by the ink's own darkness: too high, best, too low
# Pixels of the near view, and of the picture's height: what is higher needs no closer look.
SMALL, SMALL_SHARE = 40, 0.4
SPECK, FULLEST_SPECK = 14, 0.5  # of what is lower, pixels: grain that just passes a threshold is no digit
SAME = 0.9  # two components are one if the smaller box has this share of the larger
MOST = 4000  # candidates of a page: with 900, of 650 digits on a sheet 272 were read


@dataclass
class Layer:
    """The components of a view at one threshold; arrays have one entry a component, the paper's first."""

    view: View
    threshold: float
    label: np.ndarray  # (height, width) int32
    boxes: np.ndarray  # (n, 4)
    mass: np.ndarray
    dark: np.ndarray  # typical darkness of the ink
    usable: np.ndarray  # indices worth a look
    proposed: np.ndarray  # indices that are candidates
    twins: np.ndarray  # and that are not, because another layer shows them better


def layers_of(view: View, far: View | None, threads: int) -> list[Layer]:
    """Return the components of a view at each of its thresholds, each proposed once."""
    layers = at_once([partial(_layer, view, threshold) for threshold in view.levels], threads)
    if far and not view.far:
        for layer in layers:
            layer.proposed = layer.proposed[~hollow(layer.boxes[layer.proposed] * view.scale, far)]
    _drop_twins(layers)
    return layers


def inked(layer: Layer) -> tuple[np.ndarray, float]:
    """Return the ink of a layer's candidates, (height, width) bool, and how many pixels one of its pixels is wide."""
    wanted = np.zeros(len(layer.boxes), bool)
    wanted[layer.proposed] = True
    return wanted[layer.label], layer.view.scale


def _layer(view: View, threshold: float) -> Layer:
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
    for i in np.flatnonzero(proposed & solid(area, across, down) & (tall >= OPEN)).tolist():
        left, top, right, bottom = boxes[i].tolist()
        proposed[i] = looped(label[top:bottom, left:right] == i)
    if view.finer > 1:
        proposed &= (down <= SMALL * view.finer) & (down <= SMALL_SHARE * height)
    chosen = np.flatnonzero(proposed)
    if len(chosen) > MOST:
        chosen = chosen[np.argsort(-mass[chosen])[:MOST]]
    return Layer(view, threshold, label, boxes, mass, dark, np.flatnonzero(usable), chosen, chosen[:0])


def _drop_twins(layers: list[Layer]) -> None:
    """Of components that hardly change from one threshold to the next, keep the one at the best threshold."""
    before = [layer.proposed for layer in layers]
    for lower, upper in pairwise(layers):
        if not len(upper.proposed) or not len(lower.proposed):
            continue
        parent = _parents(upper, lower)
        keep_lower, keep_upper = set(lower.proposed.tolist()), set(upper.proposed.tolist())
        same = areas(upper.boxes[upper.proposed]) >= SAME * areas(lower.boxes[parent])
        # Of both, how far the level is from the best one.
        off_lower, off_upper = (
            np.abs(np.log(layer.threshold / layer.dark[some] / BEST))
            for layer, some in ((lower, parent), (upper, upper.proposed))
        )
        closer = (off_lower <= off_upper).tolist()
        for i in np.flatnonzero(same).tolist():
            child, of = int(upper.proposed[i]), int(parent[i])
            if of not in keep_lower:
                continue
            if closer[i]:
                keep_upper.discard(child)
            else:
                keep_lower.discard(of)
        lower.proposed = np.array(sorted(keep_lower), int)
        upper.proposed = np.array(sorted(keep_upper), int)
    for layer, proposed in zip(layers, before, strict=True):
        layer.twins = np.array(sorted(set(proposed.tolist()) - set(layer.proposed.tolist())), int)


def _parents(upper: Layer, lower: Layer) -> np.ndarray:
    """Return, for each proposed component of the higher threshold, the component below it lies in."""
    result = np.zeros(len(upper.proposed), int)
    for position, child in enumerate(upper.proposed):
        left, top, right, _ = upper.boxes[child]
        row = upper.label[top, left:right]
        x = left + int(np.argmax(row == child))
        result[position] = lower.label[top, x]
    return result
