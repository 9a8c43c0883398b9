"""Distractors: ink that is no digit, made as it is needed, so that a reader can learn to say "not a digit".

    letters, Greek, marks and words by the pen (strokes.py)
    letters, symbols and lines in print (printed.py)
    rulings, scribbles, dots, textures and little pictures (doodles.py)
    signs of no known script (signs.py)
    digits cut off or grown together

Left out is what a person could take for a digit where it stands alone: O, l, Z, a bar, and others in CONFUSABLE.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from digitlab.data import doodles, printed, signs
from digitlab.data.hands import Hand, Pen
from digitlab.data.strokes import HEIGHTS, draw, write
from digitlab.data.writing import cropped
from digitlab.errors import UsageError

LETTERS = tuple("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
"""Names of the letters that the pen writes."""

GREEK = (
    *("alpha", "beta", "gamma", "delta", "epsilon", "theta", "lambda", "mu", "pi", "rho", "sigma", "tau", "phi"),
    *("psi", "chi", "eta", "omega", "Omega", "Gamma", "Delta", "Lambda", "Sigma", "Pi"),
)
"""Names of the Greek letters that the pen writes."""

MARKS = (
    *("plus", "minus", "equals", "times", "divide", "asterisk", "slash", "backslash", "bar", "dot", "comma"),
    *("colon", "semicolon", "parenleft", "parenright", "bracketleft", "bracketright", "braceleft", "braceright"),
    *("less", "greater", "question", "exclam", "percent", "hash", "ampersand", "at", "dollar", "euro"),
    *("apostrophe", "quote", "tilde", "check", "arrow", "underline", "star", "heart", "spiral", "zigzag"),
    *("infinity", "root", "integral", "leq", "neq", "approx", "plusminus"),
)
"""Names of the operators, punctuation marks and signs that the pen writes."""

CONFUSABLE = frozenset(
    [
        *"OoDIlJLSsZzBbqgGyYT",
        *("delta", "theta", "sigma", "tau", "phi", "rho", "Gamma"),
        *("slash", "backslash", "bar", "comma", "apostrophe", "exclam", "parenleft", "parenright", "integral"),
        *("bracketright", "Lambda", "ampersand", "infinity"),
    ]
)
"""Names of what a person could take for a digit where it stands alone."""

KINDS: dict[str, float] = {
    "letter": 0.15,
    "greek": 0.06,
    "mark": 0.11,
    "word": 0.07,
    "print": 0.09,
    "text": 0.05,
    "scribble": 0.06,
    "line": 0.06,
    "dot": 0.05,
    "fragment": 0.07,
    "pair": 0.09,
    "texture": 0.04,
    "shape": 0.04,
    "sign": 0.06,
}
"""Kinds of distractors, and how often each comes, out of 1."""


def distractor(rng: np.random.Generator, height: int, kind: str | None = None) -> tuple[np.ndarray, str]:
    """Draw something that is no digit.

    Args:
        rng: decides on all.
        height: of a digit that would stand beside it, 10 to 1000 pixels; a small letter is lower, a dot far lower,
            a word or a ruling several times as wide.
        kind: one of KINDS; by default drawn by their weights.

    Returns:
        Its ink, (h, w) uint8, 255 is full ink on paper 0, tightly cropped; and its kind.

    Raises:
        UsageError: there is no such kind, or `height` is out of range.
    """
    if not HEIGHTS[0] <= height <= HEIGHTS[1]:
        raise UsageError(f"distractors are made for digits {HEIGHTS[0]} to {HEIGHTS[1]} pixels high, not {height}")
    drawn = rng.random()
    if kind is None:
        kind = list(KINDS)[int(np.searchsorted(np.cumsum(list(KINDS.values()))[:-1], drawn, side="right"))]
    if kind not in _MAKERS:
        raise UsageError(f"there is no kind of distractor {kind!r}; there are {', '.join(KINDS)}")
    return np.ascontiguousarray(_MAKERS[kind](rng, height)), kind


def _pick(rng: np.random.Generator, names: tuple[str, ...]) -> str:
    return names[int(rng.integers(len(names)))]


def _alone(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name for name in names if name not in CONFUSABLE)


_RIGHT, _DOWN, _LEFT, _UP = 0.0, math.pi / 2, math.pi, -math.pi / 2
_SIDES = {0: _RIGHT, 2: _DOWN, 3: _DOWN, 4: _LEFT, 5: _DOWN, 6: _UP, 8: _LEFT, 9: _LEFT}  # cut so, like no digit
_UPRIGHT = frozenset(("i", "j", "colon", "semicolon"))  # told from a 1 by their dots
_LETTERS, _GREEK, _MARKS = _alone(LETTERS), _alone(GREEK), _alone(MARKS)


def _sized(height: float) -> int:
    return int(min(max(height, HEIGHTS[0]), HEIGHTS[1]))


def _letter(rng: np.random.Generator, height: int) -> np.ndarray:
    name = _pick(rng, _LETTERS)
    low = name in "acemnoruvwx"
    return _drawn(name, rng, height * (rng.uniform(0.5, 1.05) if low else rng.uniform(0.75, 1.25)))


def _greek(rng: np.random.Generator, height: int) -> np.ndarray:
    return _drawn(_pick(rng, _GREEK), rng, height * rng.uniform(0.6, 1.2))


def _drawn(name: str, rng: np.random.Generator, height: float) -> np.ndarray:
    """Draw a letter or mark by itself, again where a narrow hand makes it an upright bar, like a 1."""
    for _ in range(4):
        hand = Hand.random(rng)
        steep = 0.12 if name == "greater" else 0.4  # leaning far, > is like a 7, and others like a 1
        ink = draw(name, rng, _sized(height), replace(hand, slant=min(max(hand.slant, -0.3), steep)))
        if name in _UPRIGHT or ink.shape[1] > 0.6 * ink.shape[0] or not _bar(ink):
            break
    return ink


def _mark(rng: np.random.Generator, height: int) -> np.ndarray:
    name = _pick(rng, _MARKS)
    if name == "dot":
        return doodles.dot(rng, height)
    return _drawn(name, rng, height * rng.uniform(0.45, 1.15))


def _word(rng: np.random.Generator, height: int) -> np.ndarray:
    joined = rng.random() < 0.5
    names = [_pick(rng, LETTERS[26:]) for _ in range(rng.integers(2, 9))]
    if not set(names) & set(_LETTERS):  # like "lo", which is like 10
        names[-1] = "n"
    case = rng.random()
    if case < 0.25 and not joined:
        names = [name.upper() for name in names]
    elif case < 0.5:
        names[0] = names[0].upper()
    return write(names, rng, _sized(height * rng.uniform(0.6, 1.2)), joined, gap=rng.uniform(-0.08, 0.3))


def _fragment(rng: np.random.Generator, height: int) -> np.ndarray:
    """Cut a digit by a straight line; what is left is no bar and has no closed loop, so that it is no 1 and no 0."""
    for _ in range(4):
        label, side = list(_SIDES.items())[int(rng.integers(len(_SIDES)))]
        ink = draw(label, rng, _sized(height * rng.uniform(0.9, 1.3)))
        y, x = np.nonzero(ink > 100)
        for _ in range(4):
            angle = side + (1 if label else math.pi) * rng.uniform(-1, 1)
            across = x * math.cos(angle) + y * math.sin(angle)
            kept = across >= np.quantile(across, 1 - rng.uniform(0.2, 0.45))
            piece = np.zeros_like(ink)
            piece[y[kept], x[kept]] = ink[y[kept], x[kept]]
            piece = cropped(piece)
            if min(piece.shape) >= 4 and not _bar(piece) and not _looped(piece):
                return piece
    return draw("A", rng, height)


def _bar(ink: np.ndarray) -> bool:
    """Tell whether the ink spreads far more in one direction than across it."""
    points = np.argwhere(ink > ink.max() // 2)
    if len(points) < 3:
        return True
    spread = np.linalg.eigvalsh(np.cov(points.T))
    return bool(spread[0] < 0.1 * spread[1])


def _looped(ink: np.ndarray) -> bool:
    """Tell whether some paper is closed in by ink."""
    import cv2

    paper = np.pad((ink <= 127).astype(np.uint8), 1, constant_values=1)
    return cv2.connectedComponents(paper, connectivity=4)[0] > 2


def _pair(rng: np.random.Generator, height: int) -> np.ndarray:
    """Set two digits side by side, so close that they may pass for one piece of ink."""
    hand, pen = (Hand.random(rng), Pen.random(rng)) if rng.random() < 0.7 else (None, None)
    sizes = [_sized(height * rng.uniform(0.8, 1.1)) for _ in range(2)]
    left, right = (draw(int(rng.integers(10)), rng, size, hand, pen) for size in sizes)
    # Moved together until they touch in some row, then a little apart or into each other.
    shift = int(0.12 * height * rng.standard_normal())
    tops = max(0, -shift), max(0, shift)
    rows = max(tops[0] + left.shape[0], tops[1] + right.shape[0])
    both = [np.zeros((rows, left.shape[1]), np.uint8), np.zeros((rows, right.shape[1]), np.uint8)]
    both[0][tops[0] : tops[0] + left.shape[0]] = left
    both[1][tops[1] : tops[1] + right.shape[0]] = right
    after = np.where(both[0].any(axis=1), np.argmax(both[0][:, ::-1] > 100, axis=1), left.shape[1])
    before = np.where(both[1].any(axis=1), np.argmax(both[1] > 100, axis=1), right.shape[1])
    gap = int((after + before).min() - height * rng.uniform(-0.06, 0.2))  # columns shared
    start = left.shape[1] - min(gap, left.shape[1] // 2, right.shape[1] // 2)
    ink = np.zeros((rows, max(start + right.shape[1], left.shape[1])), np.uint8)
    ink[:, : left.shape[1]] = both[0]
    ink[:, start : start + right.shape[1]] = np.maximum(ink[:, start : start + right.shape[1]], both[1])
    return cropped(ink)


_MAKERS = {
    "letter": _letter,
    "greek": _greek,
    "mark": _mark,
    "word": _word,
    "print": printed.symbol,
    "text": printed.text,
    "scribble": doodles.scribble,
    "line": doodles.line,
    "dot": doodles.dot,
    "fragment": _fragment,
    "pair": _pair,
    "texture": doodles.texture,
    "shape": doodles.shape,
    "sign": signs.sign,
}
