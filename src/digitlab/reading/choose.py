"""Of all pieces that could be digits, the best set that shares no ink; and the rows they stand in.

Pieces that share ink form small groups. In each group the set that explains most ink best wins, exactly: a piece counts
by how sure it is to be a digit, weighted with the root of its ink. So a whole 8 beats its two loops, two touching
digits beat the pair that they look like together, and a 4 beats the same 4 with a comma, if the judge is less sure of
that. It is the segmentation graph of LeCun, Bottou, Bengio and Haffner, "Gradient-Based Learning Applied to Document
Recognition", 1998, over pieces of any shape.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from digitlab.finding.candidate import POINTS, Candidate
from digitlab.finding.median import median
from digitlab.readings import Box

SHARED = 0.25  # of one piece's ink on another: they exclude each other
# Log odds that count: beyond, being surer of one piece must not silence two others. With the ink itself as weight, and
# 7.0, on 2,400 development pages 462 lines are wrong instead of 449; company has been fitted anew since.
SUREST = 9.0
STEPS = 20_000  # of the search in one group, after which the best set so far is taken
SAME_ROW = 0.45  # of the smaller height: digits that overlap this much in height stand in one row
FAR = 3.0  # heights: a row that reaches farther shows how the page is tilted
# Of a digit and the next to its right: the slope of the way, at most, and its length, heights; of the higher digit and
# the lower. How many such ways tell a tilt, at least, and of how many standard errors it is more than chance.
STEEP, AWAY, AS_HIGH, LINKS, CLEARLY = 0.6, 6.0, 1.7, 3, 3.0


def choose(candidates: Sequence[Candidate], gains: np.ndarray) -> list[int]:
    """Choose the best set of candidates that share no ink.

    Args:
        candidates: pieces of one page.
        gains: (N,) log odds of each being a digit; those at 0 or below are never chosen.

    Returns:
        Indices of the chosen, in no order.
    """
    hopeful = [int(i) for i in np.flatnonzero(gains > 0)]
    excludes = conflicts([candidates[i] for i in hopeful])
    contested = excludes.any(axis=1)  # most pieces share no ink with any other
    chosen = [hopeful[i] for i in np.flatnonzero(~contested).tolist()]
    for group in _groups(excludes, np.flatnonzero(contested).tolist()):
        mass = np.array([candidates[hopeful[i]].mass for i in group])
        worth = np.minimum([gains[hopeful[i]] for i in group], SUREST) * np.sqrt(mass / mass.max())
        chosen += [hopeful[group[i]] for i in _best_set(worth, excludes[np.ix_(group, group)])]
    return chosen


def conflicts(candidates: Sequence[Candidate]) -> np.ndarray:
    """Return (N, N) bool: which candidates share so much ink that only one of them can be a digit."""
    count = len(candidates)
    excludes = np.zeros((count, count), bool)
    if not count:
        return excludes
    left, top, right, bottom = np.array([c.box for c in candidates]).T
    meet = (left[:, None] < right) & (left < right[:, None]) & (top[:, None] < bottom) & (top < bottom[:, None])
    first, second = np.nonzero(np.triu(meet, 1))
    if not len(first):
        return excludes
    view = np.array([id(c.view) for c in candidates])
    width = np.minimum(right[first], right[second]) - np.maximum(left[first], left[second])
    height = np.minimum(bottom[first], bottom[second]) - np.maximum(top[first], top[second])
    area, both = (right - left) * (bottom - top), width * height
    # Dark ink, and the light that it leaves inside, are two looks at one digit.
    much = (view[first] != view[second]) & (both > SHARED * (area[first] + area[second] - both))
    first, second = np.concatenate([first, second]), np.concatenate([second, first])
    covered = _covered(candidates, first, second) > SHARED
    excludes[first, second] = covered | np.tile(much, 2)
    return excludes | excludes.T


def _covered(candidates: Sequence[Candidate], by: np.ndarray, what: np.ndarray) -> np.ndarray:
    """Return for pairs of candidates, given by their indices (P,) each, how much of `what` lies on the ink of `by`.

    It is `Candidate.covers` for all pairs in one go, with the masks laid end to end.
    """
    masks = [c.mask.ravel() for c in candidates]
    begins = np.cumsum([0, *(len(mask) for mask in masks)])
    height, width = np.array([c.mask.shape for c in candidates]).T
    corner, scale = np.array([c.corner for c in candidates]), np.array([c.scale for c in candidates])
    wanted = np.flatnonzero(np.bincount(what))  # `np.unique` would import masked arrays: 40 ms of a first picture
    points = np.zeros((len(candidates), POINTS, 2))
    points[wanted] = [candidates[i].points for i in wanted.tolist()]
    place = np.floor(points[what] / scale[by, None, None] - corner[by, None]).astype(int)  # (P, POINTS, 2)
    x, y = place[..., 0], place[..., 1]
    inside = (x >= 0) & (y >= 0) & (x < width[by, None]) & (y < height[by, None])
    at = np.where(inside, begins[by, None] + y * width[by, None] + x, 0)
    return (np.concatenate(masks)[at] & inside).mean(axis=1)


def shares_ink(first: Candidate, second: Candidate) -> bool:
    """Whether two pieces share so much ink that only one of them can be a digit."""
    return bool(conflicts([first, second])[0, 1])


def _groups(excludes: np.ndarray, nodes: list[int]) -> list[list[int]]:
    """Return the connected groups of some nodes of a conflict matrix, none of which conflicts with any other node."""
    unseen, groups = set(nodes), []
    while unseen:
        stack, group = [unseen.pop()], []
        while stack:
            node = stack.pop()
            group.append(node)
            for other in np.flatnonzero(excludes[node]).tolist():
                if other in unseen:
                    unseen.remove(other)
                    stack.append(other)
        groups.append(sorted(group))
    return groups


def _best_set(worth: np.ndarray, excludes: np.ndarray) -> list[int]:
    """Return the set without conflicts that is worth most, by branch and bound."""
    order = np.argsort(-worth, kind="stable").tolist()
    blocked = {i: set(np.flatnonzero(excludes[i]).tolist()) for i in order}
    value = worth.tolist()  # plain numbers are fast here
    best, best_worth, steps = [], -1.0, 0
    stack: list[tuple[list[int], list[int], float]] = [([], order, 0.0)]
    while stack and steps < STEPS:
        taken, rest, total = stack.pop()
        steps += 1
        if total > best_worth:
            best, best_worth = taken, total
        if not rest or total + sum([value[i] for i in rest]) <= best_worth:
            continue
        first, others = rest[0], rest[1:]
        allowed = [i for i in others if i not in blocked[first]]
        if len(allowed) < len(others):
            stack.append((taken, others, total))  # without it: only worth a try where it stands in another's way
        stack.append(([*taken, first], allowed, total + value[first]))
    return best


def rows(boxes: Sequence[Box]) -> list[list[int]]:
    """Sort digits into rows: top to bottom, each left to right; rows may be tilted or bent a little.

    Where the way from each digit to the next falls, or rises, alike, the page is tilted; rows that reach far show that
    more exactly. With that, digits far from each other are put in one row, or not.

    Args:
        boxes: of the digits, in one picture's pixels.

    Returns:
        Indices of `boxes`.
    """
    if not boxes:
        return []
    left, top, right, bottom = np.array(boxes, float).T
    x = (left + right) / 2
    shift = slope(boxes) * x
    top, bottom = top - shift, bottom - shift
    return sorted(_linked(x, top, bottom), key=lambda row: float(np.mean(top[row] + bottom[row])))


def slope(boxes: Sequence[Box]) -> float:
    """Return how far the rows of digits fall to the right, as tangent; 0 where that cannot be told."""
    left, top, right, bottom = np.array(boxes, float).reshape(-1, 4).T
    x, lifted = (left + right) / 2, 0.0
    plain = _linked(x, top, bottom)
    if steep := _next_by_next(x, top, bottom):
        tops, bottoms = top - steep * x, bottom - steep * x
        if len(found := _linked(x, tops, bottoms)) < len(plain):
            plain, top, bottom, lifted = found, tops, bottoms, steep
    return lifted + _tilt(plain, x, top, bottom)


def _next_by_next(x: np.ndarray, top: np.ndarray, bottom: np.ndarray) -> float:
    """Return the usual slope of the way from a digit to the next one, 0 where there is none; (N,) each."""
    y, height = (top + bottom) / 2, np.maximum(bottom - top, 1)
    across, down = x - x[:, None], y - y[:, None]
    taller = np.maximum(height, height[:, None])
    beside = (across > 0) & (np.abs(down) < STEEP * across) & (across < AWAY * taller)
    beside &= taller < AS_HIGH * np.minimum(height, height[:, None])
    length = np.where(beside, np.hypot(across, down), np.inf)
    nearest = length.argmin(axis=1)
    some = np.flatnonzero(np.isfinite(length.min(axis=1)))
    if len(some) < LINKS:
        return 0.0
    slopes = down[some, nearest[some]] / across[some, nearest[some]]
    middle = median(slopes)
    error = 1.25 * 1.48 * median(np.abs(slopes - middle)) / np.sqrt(len(slopes))
    return middle if abs(middle) > CLEARLY * error else 0.0


def _tilt(found: list[list[int]], x: np.ndarray, top: np.ndarray, bottom: np.ndarray) -> float:
    """Return the usual slope of rows; of those that reach far, and 0 where there are none."""
    middle, height = (top + bottom) / 2, bottom - top
    far = [row for row in found if np.ptp(x[row]) > FAR * median(height[row])]
    return median([np.polyfit(x[row], middle[row], 1)[0] for row in far]) if far else 0.0


def _linked(x: np.ndarray, top: np.ndarray, bottom: np.ndarray) -> list[list[int]]:
    """Put digits together in rows, each from left to right, in no order; (N,) each: their middles, tops and bottoms."""
    found: list[list[int]] = []
    ends: list[tuple[float, float]] = []  # top and bottom of each row where it ends so far; plain numbers are fast here
    tops, bottoms = top.tolist(), bottom.tolist()
    for i in np.argsort(x, kind="stable").tolist():
        best, best_share = None, SAME_ROW
        highest, lowest = tops[i], bottoms[i]
        for number, (above, below) in enumerate(ends):
            if below <= highest or lowest <= above:  # most rows of a full page
                continue
            shared = min(below, lowest) - max(above, highest)
            share = shared / max(1.0, min(below - above, lowest - highest))
            if share > best_share:
                best, best_share = number, share
        if best is None:
            found.append([i])
            ends.append((tops[i], bottoms[i]))
        else:  # bends move a row's height along its way: its end counts
            last = found[best][-1]
            ends[best] = (tops[last] + 3 * tops[i]) / 4, (bottoms[last] + 3 * bottoms[i]) / 4
            found[best].append(i)
    return found
