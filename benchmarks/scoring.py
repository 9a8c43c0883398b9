"""How readings are judged: rows of digits by edit distance, digits on a page by their boxes, confidence by outcome.

    rows read, rows wanted ─► align ─► distance, which digit is right ─► shares with their intervals
    boxes read, boxes written ─► match ─┘

Rows are joined before they are compared, so that a row cut in two costs no digit; whether the rows themselves are
right is counted apart. Of a picture without reading order digits are compared sorted.
"""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from digitlab.errors import DataError
from digitlab.evaluation.metrics import wilson_interval
from digitlab.readings import Box

ANY = "?"  # in a label: a digit that people do not agree on
SURE = 0.99  # the confidence at which a reading's word is tested
Pair = tuple[int | None, int | None]  # index of what is read, index of what is wanted; None where there is none


@dataclass(frozen=True)
class Picture:
    """A labelled picture.

    Attributes:
        file: its name in the folder.
        kind: "photo", "single" (of one digit) or "nondigit".
        rows: digits that it shows, row by row; ANY stands for any digit.
        ordered: whether rows and digits have an order; scattered digits have none.
        tags: what makes it special: hard, tiny, lines, ...
        source: where it comes from.
    """

    file: str
    kind: str
    rows: tuple[str, ...]
    ordered: bool = True
    tags: frozenset[str] = frozenset()
    source: str = ""


@dataclass(frozen=True)
class Judged:
    """What was read of a picture, against what it shows. `distance` counts at most the wanted digits."""

    picture: Picture
    rows: tuple[str, ...]
    wanted: int
    distance: int
    exact: bool
    exact_rows: bool


def load_pictures(folder: Path) -> list[Picture]:
    """Return the pictures that a folder's labels.json lists: {file, kind, rows, order, subset, source}.

    Raises DataError.
    """
    path = folder / "labels.json"
    try:
        return [
            Picture(
                file=label["file"],
                kind=label["kind"],
                rows=tuple(label["rows"]),
                ordered=label["order"] != "scatter",
                tags=frozenset(filter(None, label["subset"].split(","))),
                source=label["source"].partition(":")[0],
            )
            for label in json.loads(path.read_text())
        ]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(f"{path} cannot be read as labels ({error}); name a folder that has them") from None


def digits_only(rows: Iterable[str]) -> list[str]:
    """Return the digits of each row; rows without any are left out."""
    kept = ("".join(character for character in row if character in "0123456789") for row in rows)
    return [row for row in kept if row]


def same_text(read: str, wanted: str) -> bool:
    """Say whether two texts are alike; ANY is like any one character."""
    return len(read) == len(wanted) and all(a == b or ANY in (a, b) for a, b in zip(read, wanted, strict=True))


def align(read: Sequence[str], wanted: Sequence[str], same: Callable[[str, str], bool] = same_text) -> list[Pair]:
    """Lay what is read beside what is wanted, with as few differences as can be.

    Method: Wagner and Fischer, "The String-to-String Correction Problem", 1974 (JACM 21).

    Args:
        read: characters, or rows.
        wanted: the same.
        same: whether two of them agree.

    Returns:
        Pairs of indices, in order. Where one is None, something is missing or too much.
    """
    cost = np.zeros((len(read) + 1, len(wanted) + 1), np.int64)
    cost[:, 0], cost[0] = range(len(read) + 1), range(len(wanted) + 1)
    for i, mine in enumerate(read):
        for j, theirs in enumerate(wanted):
            cost[i + 1, j + 1] = min(cost[i, j] + (not same(mine, theirs)), cost[i, j + 1] + 1, cost[i + 1, j] + 1)
    pairs: list[Pair] = []
    i, j = len(read), len(wanted)
    while i or j:
        if i and j and cost[i, j] == cost[i - 1, j - 1] + (not same(read[i - 1], wanted[j - 1])):
            i, j = i - 1, j - 1
            pairs.append((i, j))
        elif i and cost[i, j] == cost[i - 1, j] + 1:
            i -= 1
            pairs.append((i, None))
        else:
            j -= 1
            pairs.append((None, j))
    return pairs[::-1]


def right_ones(read: Sequence[str], wanted: Sequence[str]) -> list[bool]:
    """Return for each character or row that is read whether its counterpart agrees."""
    right = [False] * len(read)
    for i, j in align(read, wanted):
        if i is not None:
            right[i] = j is not None and same_text(read[i], wanted[j])
    return right


def distance(read: Sequence[str], wanted: Sequence[str]) -> int:
    """Return the edit distance: the fewest insertions, deletions and substitutions from one to the other."""
    return sum(i is None or j is None or not same_text(read[i], wanted[j]) for i, j in align(read, wanted))


def judge(picture: Picture, rows: Iterable[str]) -> Judged:
    """Compare the rows that were read of a picture with those that it shows."""
    found = digits_only(rows)
    read, wanted = "".join(found), "".join(picture.rows)
    if not picture.ordered:
        read, wanted = "".join(sorted(read)), "".join(sorted(wanted))
    wrong = distance(read, wanted)
    matching = len(found) == len(picture.rows) and all(map(same_text, found, picture.rows))
    return Judged(
        picture=picture,
        rows=tuple(found),
        wanted=len(wanted),
        distance=min(wrong, len(wanted)),
        exact=not wrong,
        exact_rows=matching if picture.ordered else not wrong,
    )


def share(part: int, whole: int) -> dict[str, Any]:
    """Return a share with its 95 % Wilson interval; None where there is nothing to share."""
    if not whole:
        return {"n": 0, "count": 0, "share": None, "interval": None}
    low, high = wilson_interval(part, whole)
    return {"n": whole, "count": part, "share": round(part / whole, 6), "interval": [round(low, 6), round(high, 6)]}


def summarise(judged: Sequence[Judged]) -> dict[str, Any]:
    """Return figures of pictures with digits.

    Returns:
        images; digits: share that is right, 1 - edit distance / digits, its interval as if digits were independent;
        mean_over_images, mean_over_sources: of the same, so that no long page or prolific source decides;
        exact: images with all digits right; exact_rows: and all rows.
    """
    wanted = sum(one.wanted for one in judged)
    accuracy = {id(one): 1 - one.distance / max(1, one.wanted) for one in judged}
    sources = sorted({one.picture.source for one in judged})
    by_source = [statistics.mean(accuracy[id(one)] for one in judged if one.picture.source == name) for name in sources]
    return {
        "images": len(judged),
        "digits": share(wanted - sum(one.distance for one in judged), wanted),
        "mean_over_images": round(statistics.mean(accuracy.values()), 6) if judged else None,
        "sources": len(sources),
        "mean_over_sources": round(statistics.mean(by_source), 6) if judged else None,
        "exact": share(sum(one.exact for one in judged), len(judged)),
        "exact_rows": share(sum(one.exact_rows for one in judged), len(judged)),
    }


def trusted(confidence: Sequence[float], right: Sequence[bool], level: float = SURE) -> dict[str, Any]:
    """Return how many of the readings at least this sure are right, and their share of all (coverage)."""
    kept = [good for sure, good in zip(confidence, right, strict=True) if sure >= level]
    coverage = round(len(kept) / len(right), 6) if right else None
    return {"confidence": level, "of": len(right), "coverage": coverage, "right": share(sum(kept), len(kept))}


def overlap(first: Box, second: Box) -> float:
    """Return the intersection of two boxes over their union, 0 to 1."""
    width = min(first[2], second[2]) - max(first[0], second[0])
    height = min(first[3], second[3]) - max(first[1], second[1])
    if width <= 0 or height <= 0:
        return 0.0
    areas = [(right - left) * (bottom - top) for left, top, right, bottom in (first, second)]
    return width * height / (sum(areas) - width * height)


def match_boxes(read: Sequence[Box], written: Sequence[Box], least: float = 0.5) -> dict[int, int]:
    """Pair boxes one to one, those that overlap most first; return the index of the written by that of the read."""
    candidates = [
        (amount, i, j)
        for i, mine in enumerate(read)
        for j, theirs in enumerate(written)
        if (amount := overlap(mine, theirs)) >= least
    ]
    pairs: dict[int, int] = {}
    taken: set[int] = set()
    for _, i, j in sorted(candidates, key=lambda found: -found[0]):
        if i not in pairs and j not in taken:
            pairs[i] = j
            taken.add(j)
    return pairs
