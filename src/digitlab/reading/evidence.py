"""What a page knows of each candidate beyond its looks: the row it stands in, the rest of the page, its own size.

These numbers, with the judge's log odds, go into a logistic regression that was fitted on synthetic pages
(`weights/company.json`).
"""

from __future__ import annotations

import bisect
import math
from collections.abc import Sequence

import numpy as np

from digitlab.finding.candidate import Candidate
from digitlab.finding.median import median
from digitlab.reading.choose import rows
from digitlab.reading.ones import NAMES as OF_ONES
from digitlab.reading.ones import about_ones
from digitlab.reading.surroundings import REACH, measured, surroundings, unexplained

NAMES = (
    "bias", "odds", "odds below 0", "odds above 4", "part", "part of several", "merge", "far", "cut off",
    "small", "tiny",
    "one digit in row", "two or more in row", "lower than row", "higher than row", "off row's line", "row support",
    "fainter", "darker", "few digits on page", "unexplained ink", "alone and unexplained", "crowd", "words in row",
    "is 1", "fills the picture", "1 that fills the picture", "lone", "lone odds", "lone and far", "lone and 1",
    "on lines", "1 on lines", "1 higher than row",
    *OF_ONES,
)  # fmt: skip
"""The names of the columns of `gather`."""

NEAREST = 5  # digits of a row that tell how high it is
ITSELF = 0.15  # heights
MUCH_HIGHER = 0.6  # logarithm of heights: a stroke so much higher than its row is a slash, or a bracket
OFF = 0.5  # heights: no farther above or below a row does a digit of it stand
ELSEWHERE = 3.0  # heights: a row that passes so far above or below is another one
FILLS = 0.3  # of the picture's height: a piece higher than this begins to fill it
# What is higher than so much of the picture may have it to itself, if so little ink in it is left to be explained.
LARGE, CLEAN = 0.2, 0.1
SURE = 1.0  # log odds from which on a piece counts as a digit of its page


def gather(candidates: Sequence[Candidate], labels: np.ndarray, odds: np.ndarray, chosen: list[int]) -> np.ndarray:
    """Return what is known of each candidate.

    Args:
        candidates: of one page.
        labels: (N, 10) probabilities of the digits.
        odds: (N,) the judge's log odds of each being a digit.
        chosen: those that the odds alone would choose.

    Returns:
        (N, len(NAMES)) float64.
    """
    pieces = measured(candidates)
    height, middle, x, far = pieces.height, pieces.middle, pieces.x, pieces.far
    sure = [i for i in chosen if odds[i] > SURE]
    found = [[sure[i] for i in row] for row in rows([candidates[i].box for i in sure])]
    table: dict[str, np.ndarray] = {name: np.zeros(len(candidates)) for name in NAMES}
    clipped = np.clip(odds, -8, 8).astype(float)
    table["bias"][:] = 1
    table["odds"] = clipped
    table["odds below 0"] = np.minimum(clipped, 0)
    table["odds above 4"] = np.maximum(clipped - 4, 0)
    table["far"] = far
    table["part"], table["merge"] = (np.array([c.kind == kind for c in candidates]) for kind in ("part", "merge"))
    table["part of several"] = np.array([c.several for c in candidates])
    table["cut off"] = np.array([c.cut_off for c in candidates])
    table["small"], table["tiny"] = height < 16, height < 10
    table["is 1"] = labels.argmax(axis=1) == 1
    near_sure = [i for i in sure if not far[i]]
    if near_sure:
        off = np.log(median(pieces.dark[near_sure]) / pieces.dark)
        table["fainter"], table["darker"] = (np.where(far, 0, np.clip(sign * off - 0.7, 0, 1.5)) for sign in (1, -1))
    table["few digits on page"][:] = len(sure) < 2
    view = candidates[0].view
    share = height / (view.darkness.shape[0] * view.scale)
    table["fills the picture"] = np.clip(share / FILLS - 1, 0, 1)
    table["1 that fills the picture"] = table["fills the picture"] * table["is 1"]
    heard = np.flatnonzero(odds > -6)
    others = unexplained(candidates, odds)
    if len(others):
        surroundings(heard, others, pieces, pieces.mass[chosen].sum(), len(sure) < 3, table)
    _lone(share, len(sure) < 2, table)
    table["on lines"][heard] = _on_lines([candidates[i] for i in heard.tolist()])
    table["1 on lines"] = table["on lines"] * table["is 1"]
    places = height.tolist(), middle.tolist(), x.tolist()  # plain numbers: they are taken one by one
    spans = [(middle[row].min(), middle[row].max(), OFF * height[row].max()) for row in found]
    for index in heard.tolist():
        close = [
            row for row, (above, below, off) in zip(found, spans, strict=True)
            if above - off <= places[1][index] <= below + off
        ]  # fmt: skip
        _row_evidence(index, close, *places, table)
    about_ones(candidates, heard[table["is 1"][heard] > 0], odds, found, table)
    return np.stack([table[name].astype(float) for name in NAMES], axis=1)


def _lone(share: np.ndarray, few: bool, table: dict[str, np.ndarray]) -> None:
    """Fill in how far each candidate, (N,) by its share of the picture's height, has the picture to itself."""
    table["lone"] = np.clip(share / LARGE - 1, 0, 1) * few * (table["unexplained ink"] < CLEAN)
    for name, other in (("lone odds", "odds"), ("lone and far", "far"), ("lone and 1", "is 1")):
        table[name] = table["lone"] * table[other]


def _on_lines(pieces: list[Candidate]) -> np.ndarray:
    """Return how much of each piece's ink lies where rules saw a line of the page, (N,): sides of boxes lie there."""
    shares: np.ndarray = np.zeros(len(pieces))
    for view in {id(piece.view): piece.view for piece in pieces if piece.view.lines is not None}.values():
        assert view.lines is not None
        some = [i for i, piece in enumerate(pieces) if piece.view is view]
        x, y = np.moveaxis(np.stack([pieces[i].points for i in some]) / view.scale, -1, 0).astype(int)
        shares[some] = view.lines[y, x].mean(axis=1)
    return shares


def _row_evidence(
    index: int,
    found: list[list[int]],
    height: Sequence[float],
    middle: Sequence[float],
    x: Sequence[float],
    table: dict[str, np.ndarray],
) -> None:
    """Fill in what the row at which a candidate stands says about it."""
    best, distance = row_of(index, found, height, middle, x)
    if not best:
        return
    usual = _median([height[i] for i in best])
    off = math.log(height[index] / usual)
    table["one digit in row"][index] = len(best) == 1
    table["two or more in row"][index] = len(best) > 1
    table["lower than row"][index] = min(1.5, max(0.0, -off - 0.2))
    table["higher than row"][index] = min(1.5, max(0.0, off - 0.2))
    table["1 higher than row"][index] = table["is 1"][index] * min(MUCH_HIGHER, max(0.0, off))
    table["off row's line"][index] = distance
    gap = abs(x[best[0]] - x[index]) / usual
    table["row support"][index] = np.exp(-0.5 * (off / 0.3) ** 2) * np.exp(-0.3 * gap) * (len(best) > 1)


def row_of(
    index: int, found: list[list[int]], height: Sequence[float], middle: Sequence[float], x: Sequence[float]
) -> tuple[list[int], float]:
    """Find the row at which a candidate stands.

    Args:
        index: of the candidate.
        found: rows of candidates, left to right.
        height, middle, x: of all candidates: their heights, and the middle of their boxes.

    Returns:
        Up to five others of that row, nearest first, none where there is no such row; and how far the candidate is
        above or below them, in heights.
    """
    best: list[int] = []
    best_distance = OFF
    own_x, own_middle = x[index], middle[index]
    for row in found:
        place = bisect.bisect_left(row, own_x, key=x.__getitem__)
        beside = row[min(place, len(row) - 1)]
        if abs(middle[beside] - own_middle) > ELSEWHERE * height[beside]:
            continue
        # What stands in the same place is another look at the same ink, and no company.
        near = row[max(0, place - NEAREST) : place + NEAREST + 1]
        others = [i for i in near if abs(x[i] - own_x) > ITSELF * height[i]]
        others = sorted(others, key=lambda i: abs(x[i] - own_x))[:NEAREST]
        if not others:
            continue
        usual = _median([height[i] for i in others])
        if abs(x[others[0]] - own_x) > REACH * usual:
            continue
        closest = others[:2]
        distance = abs(own_middle - sum(middle[i] for i in closest) / len(closest)) / usual
        if distance < best_distance:
            best, best_distance = others, distance
    return best, best_distance


def _median(values: list[float]) -> float:
    """Return the median of values so few that numpy would cost more than it does."""
    values = sorted(values)
    return (values[(len(values) - 1) // 2] + values[len(values) // 2]) / 2
