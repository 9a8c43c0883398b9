"""The pen: it writes digits that nobody has written, as many as wanted, with no download.

    skeleton -> hand (slant, proportions, slips) -> pen (width, pressure, ink) -> picture -> 28x28 frame

A skeleton is one way to write a digit (skeletons.toml). A hand bends it and misses its points a little; a pen
runs along it. Hand and pen are drawn anew for each digit (hands.py), over a wider range than the digits of any
one collection have, so that what is learned here holds for other people's digits too.

The pen also writes letters and marks (letters.toml), by themselves or in a row, for all that is no digit.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from digitlab.data.digits import Digits
from digitlab.data.hands import Hand, Pen
from digitlab.data.skeletons import Skeleton, breadth, chances, habits, poses
from digitlab.data.writing import breadths, cropped, run_pen, shrunk, trace
from digitlab.errors import UsageError
from digitlab.framing import SIDE, frame

HEIGHTS = (10, 1000)
"""The least and the greatest height that `draw` writes at, pixels."""

_CAPITAL = 1.8  # height of a capital or a digit, in heights of a small letter
_ZONES = {  # top and bottom of those that are no capitals, in heights of a small letter above the line
    **dict.fromkeys(("a", "c", "e", "m", "n", "o", "r", "s", "u", "v", "w", "x", "z"), (1.0, 0.0)),
    **dict.fromkeys(("g", "p", "q", "y"), (1.0, -0.9)),
    **dict.fromkeys(("alpha", "epsilon", "pi", "sigma", "tau", "omega", "dot", "less", "greater"), (1.0, 0.0)),
    **dict.fromkeys(("gamma", "mu", "rho", "chi", "eta"), (1.0, -0.8)),
    **dict.fromkeys(("plus", "times", "divide", "asterisk", "plusminus", "colon"), (1.1, 0.1)),
    **{"i": (1.5, 0.0), "j": (1.5, -0.8), "t": (1.6, 0.0), "beta": (1.8, -0.6), "phi": (1.6, -0.6)},
    **{"dot": (0.15, 0.0), "comma": (0.15, -0.35), "apostrophe": (1.8, 1.4), "quote": (1.8, 1.4)},
}
_DRAFT = 72  # longer side at which a digit is drawn before it is framed, pixels: four to one of the framed


def generate(count: int, seed: int = 0, labels: np.ndarray | None = None) -> Digits:
    """Write digits in MNIST's form.

    Digit i depends on `seed`, i and its label alone, so that fewer digits are the first of more.

    Args:
        count: how many.
        seed: 0 or more; the same seed gives the same bits.
        labels: (count,) integers 0 to 9; by default each ten digits in turn hold every label once, shuffled.

    Returns:
        Digits named "strokes", uint8 (count, 28, 28).

    Raises:
        UsageError: `count` or `seed` is negative, or `labels` are not `count` in number.
        DataError: a label is outside 0 to 9.
    """
    if count < 0 or seed < 0:
        raise UsageError(f"count and seed of strokes must be 0 or more, but are {count} and {seed}")
    if labels is None:
        order = np.random.default_rng(seed).random((-(-count // 10), 10))
        labels = np.argsort(order, axis=1).ravel()[:count]
    labels = np.asarray(labels)
    if labels.shape != (count,):
        raise UsageError(f"{count} strokes need {count} labels, but got labels of shape {labels.shape}")
    digits = Digits(np.zeros((count, SIDE, SIDE), np.uint8), labels, "strokes")
    for index, label in enumerate(digits.labels.tolist()):
        rng = np.random.default_rng([seed, index])
        ink, _ = _write(str(label), rng, _DRAFT, detail=5, longer=True)
        framed = frame(ink)
        # Scanners make edges dark: MNIST's ink is mostly full, where plain shrinking leaves half of it grey.
        digits.images[index] = np.minimum(framed * np.float32(rng.uniform(1, 1.8)), 255)
    return digits


def draw(
    glyph: int | str, rng: np.random.Generator, height: int = 100, hand: Hand | None = None, pen: Pen | None = None
) -> np.ndarray:
    """Write one digit, letter or mark as a picture.

    Args:
        glyph: a digit 0 to 9, or a name in letters.toml: "A", "a", "alpha", "plus".
        rng: decides on shape, hand and pen.
        height: of the picture, 10 to 1000 pixels; of a mark that is far wider than high, such as a minus or a tilde,
            its longer side.
        hand, pen: whose they are; by default drawn from `rng`.

    Returns:
        (height, width) uint8, 255 is full ink on paper 0; tightly cropped: ink touches all four edges.

    Raises:
        UsageError: the pen cannot write `glyph`, or `height` is out of range.
    """
    if not HEIGHTS[0] <= height <= HEIGHTS[1]:
        raise UsageError(f"the pen writes digits {HEIGHTS[0]} to {HEIGHTS[1]} pixels high, not {height}")
    over = 2 if height >= 50 else -(-100 // height)  # drawn larger, then shrunk: smooth edges
    ink, longer = _write(str(glyph), rng, over * height, 5 + over * height // 60, False, hand, pen)
    least = int(ink.max()) // (8 if over == 2 else 2)  # of the edges' ink; less would be lost when shrunk far
    ink = cropped(ink, least)
    return shrunk(ink, height / (max(ink.shape) if longer else ink.shape[0]))


def write(
    names: Sequence[str], rng: np.random.Generator, height: int = 100, joined: bool = False, gap: float = 0.15
) -> np.ndarray:
    """Write a row of glyphs by one hand with one pen, such as a word.

    Args:
        names: of the glyphs, as `draw` takes them.
        rng: decides on shapes, hand and pen.
        height: of a capital or a digit, 10 to 1000 pixels; small letters stand lower, some reach below the line.
        joined: the pen stays on paper between letters whose habits allow it.
        gap: between glyphs, in heights of a small letter; below 0 they overlap.

    Returns:
        (about height, width) uint8, 255 is full ink on paper 0; tightly cropped.

    Raises:
        UsageError: the pen cannot write one of `names`, `names` is empty, or `height` is out of range.
    """
    if not HEIGHTS[0] <= height <= HEIGHTS[1] or not names:
        raise UsageError(f"the pen writes one glyph or more, {HEIGHTS[0]} to {HEIGHTS[1]} pixels high, not {height}")
    over = 2 if height >= 50 else -(-100 // height)
    hand, pen = Hand.random(rng), Pen.random(rng)
    line: list[np.ndarray] = []  # strokes in heights of a small letter, y from 0 (line) to -1 (top of an x)
    rest: list[np.ndarray] = []  # dots and bars, set when the word is written
    right, open_end = 0.0, False
    for name in names:
        skeleton, cursive = _habit(name, joined, rng)
        path, starts = trace(skeleton, poses(skeleton, name), hand, rng, detail=4)
        path, width = _placed(path, name, skeleton, rng)
        path[:, 0] += right + (gap if not (open_end and cursive) else -0.12) * rng.uniform(0.5, 1.5)
        right += width + gap
        strokes = [path[start:end] for start, end in pairwise(starts)]
        if open_end and cursive:
            line[-1] = np.concatenate([line[-1], strokes[0]])
        else:
            line.append(strokes[0])
        right = max(right - gap, float(path[:, 0].max()))
        rest += strokes[1:]
        open_end = cursive
    runs = line + rest
    path, starts = np.concatenate(runs), [0, *np.cumsum([len(run) for run in runs]).tolist()]
    width, scale = min(1.3 * pen.width, 0.3), over * height / _CAPITAL
    low, high = path.min(axis=0), path.max(axis=0)
    margin = 2 + width * scale
    columns, rows = ((high - low) * scale + 2 * margin + 1).astype(int).tolist()
    widths = breadths(path, starts, pen, rng) * (width * scale)
    ink = run_pen((path - low) * scale + margin, widths, starts, (rows, columns), pen, rng)
    return shrunk(cropped(ink), 1 / over)


def _habit(name: str, joined: bool, rng: np.random.Generator) -> tuple[Skeleton, bool]:
    """Return one habit of a glyph, of those that join letters or of the others, and whether it joins."""
    options = habits(name)
    fitting = [option for option in options if option.habit.startswith("cursive") == joined] or list(options)
    weights = np.array([option.weight for option in fitting])
    skeleton = fitting[int(rng.choice(len(fitting), p=weights / weights.sum()))]
    return skeleton, joined and skeleton.habit.startswith("cursive")


def _placed(path: np.ndarray, name: str, skeleton: Skeleton, rng: np.random.Generator) -> tuple[np.ndarray, float]:
    """Return the path of a glyph where it stands on the line, from x = 0, in heights of a small letter; its width."""
    low, high = path.min(axis=0), path.max(axis=0)
    wide, tall = (high - low).tolist()
    top, bottom = _ZONES.get(name, (_CAPITAL, 0.0))
    if name == "f" and ("looped" in skeleton.habit or "tail" in skeleton.habit):
        bottom = -0.8
    if name == "z" and "tail" in skeleton.habit:
        bottom = -0.8
    scale = (top - bottom) / max(tall, 0.02)
    if skeleton.flat:
        scale, bottom = 1.1 / wide, 0.5 - 0.55 * tall / wide
    path = (path - [low[0], high[1]]) * scale * rng.uniform(0.92, 1.08) - [0, bottom + rng.normal(0, 0.05)]
    return path, float(path[:, 0].max())


def _write(
    glyph: str,
    rng: np.random.Generator,
    size: int,
    detail: int,
    longer: bool,
    hand: Hand | None = None,
    pen: Pen | None = None,
) -> tuple[np.ndarray, bool]:
    """Return a picture of a glyph with paper around it, and whether `size` is of its longer side or of its height.

    It is of the longer side where `longer` says so or the glyph is flat.
    """
    hand, pen = hand or Hand.random(rng), pen or Pen.random(rng)
    options = habits(glyph)
    skeleton = options[int(np.searchsorted(chances(glyph), rng.random(), side="right"))]
    path, starts = trace(skeleton, poses(skeleton, glyph), hand, rng, detail)
    low, high = path.min(axis=0), path.max(axis=0)
    extent = max(high - low)
    width = pen.width * skeleton.boldness * extent  # of the stroke, in the units of the path
    if skeleton.breadth > 0.1:  # more than a bar: a pen that fills all loops leaves nothing to read
        width = min(width, max(1.25 * breadth(path), 0.12 * extent))
    longer = longer or skeleton.flat
    scale = (size - 1) / ((extent if longer else high[1] - low[1]) + width)
    margin = 2 + width * scale
    path = (path - low) * scale + margin
    widths = breadths(path, starts, pen, rng) * (width * scale)
    columns, rows = ((high - low) * scale + 2 * margin + 1).astype(int).tolist()
    return run_pen(path, widths, starts, (rows, columns), pen, rng), longer
