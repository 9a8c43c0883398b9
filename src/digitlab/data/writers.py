"""Who writes on a synthetic page: one hand and one pen, so that the digits of a page look like one person's.

A writer's digits come from the pen (`strokes`), from a bank of 28x28 digits (MNIST's training split), or from
both. Digits of the bank are enlarged smoothly and their edges drawn tight again, as a pen would leave them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from digitlab.data.digits import Digits
from digitlab.data.hands import Hand, Pen
from digitlab.data.strokes import draw

MARKS = {
    **{"plus": 0.65, "minus": 0.6, "times": 0.5, "divide": 0.6, "equals": 0.4},
    **{"dash": 0.4, "point": 0.1, "comma": 0.3, "colon": 0.5, "slash": 1.2, "semicolon": 0.6, "asterisk": 0.5},
    **{"dollar": 1.15, "euro": 0.95, "percent": 0.9, "hash": 0.85, "ampersand": 0.9, "exclam": 1.0, "question": 1.0},
    **{"parenleft": 1.2, "parenright": 1.2, "bracketleft": 1.2, "bracketright": 1.2},
}
"""Marks that stand between digits, and their sizes in heights of the digits."""

RARE = {4: ("four", 0.12)}
"""Digits with forms that the pen's own do not have: their names in letters.toml, and how often they come."""

_LARGEST = 240  # pixels that the pen draws at; higher digits are enlarged from it, which is much faster
_THINNEST = 0.075  # stroke width, in heights, below which digits of the bank would look too fat beside the pen's


@dataclass
class Writer:
    """One person with one pen.

    Attributes:
        rng: decides on every digit.
        height: usual height of this person's digits, pixels.
        width: of the stroke, pixels.
        hand: how the digits are shaped.
        pen: how the stroke runs; its width is set from `width`.
        bank: digits in MNIST's form, or None.
        share: of the digits that come from the bank, 0 to 1.
        only: a label, where this person writes nothing else, or None.
    """

    rng: np.random.Generator
    height: float
    width: float
    hand: Hand
    pen: Pen
    bank: Digits | None
    share: float
    only: int | None = None

    @classmethod
    def random(
        cls, rng: np.random.Generator, height: float, bank: Digits | None = None, width: float | None = None
    ) -> Writer:
        """Draw a writer whose digits are about `height` pixels high; `width` fixes the stroke's, in heights."""
        if width is None:
            width = min(max(0.085 * math.exp(0.42 * rng.standard_normal()), 0.025), 0.2)
        pixels = max(1.2, (width if height > 25 else min(width, 0.13)) * height)
        share = 0.0
        if bank is not None and len(bank) and pixels / height >= _THINNEST:
            share = float(rng.choice([0.0, 0.5, 1.0], p=[0.2, 0.4, 0.4]))
        hand = Hand.random(rng)
        hand = replace(hand, turn=0.5 * hand.turn, slant=0.8 * hand.slant)
        return cls(rng, height, pixels, hand, Pen.random(rng), bank, share)

    def digit(self, height: float | None = None) -> tuple[int, np.ndarray]:
        """Write one digit.

        Args:
            height: about which it is to be, pixels; by default the writer's own.

        Returns:
            The label, and its ink: uint8 (about `height`, width), 255 is full ink, tightly cropped.
        """
        height = max(10.0, (height or self.height) * float(np.clip(1 + 0.07 * self.rng.standard_normal(), 0.8, 1.2)))
        width = self.width * (height / self.height) ** 0.4
        if self.bank is not None and self.rng.random() < self.share:
            return self._banked(self.bank, height, width)
        label = int(self.rng.integers(10)) if self.only is None else self.only
        shake = self.rng.standard_normal(6)
        own = Hand.random(self.rng)  # poses differ even within one hand
        hand = replace(
            self.hand,
            blend=0.5 * (self.hand.blend + own.blend),
            rounding=0.5 * (self.hand.rounding + own.rounding),
            slant=self.hand.slant + 0.06 * shake[0],
            climb=self.hand.climb + 0.03 * shake[1],
            turn=self.hand.turn + 0.03 * shake[2],
            widen=self.hand.widen * math.exp(0.1 * shake[3]),
            lift=0.5 * (self.hand.lift + own.lift),
            bow=0.5 * (self.hand.bow + own.bow),
            keystone=0.5 * (self.hand.keystone + own.keystone),
        )
        pen = replace(self.pen, width=width / height * math.exp(0.06 * shake[4]), grain=0.0, ink=1.0)
        glyph = form(label, self.rng)
        drawn = draw(glyph, self.rng, round(min(height, _LARGEST)), hand=hand, pen=pen)
        for _ in range(5):  # a hand may be so narrow and a pen so broad that nothing is left to read
            if _legible(label, drawn):
                break
            hand, pen = replace(hand, widen=1.2 * hand.widen), replace(pen, width=0.85 * pen.width)
            drawn = draw(glyph, self.rng, round(min(height, _LARGEST)), hand=hand, pen=pen)
        return label, drawn if height <= _LARGEST else _enlarged(drawn, height / _LARGEST, 128)

    def mark(self, name: str, size: float) -> np.ndarray:
        """Write a mark beside digits `size` pixels high: one of MARKS. Return its ink, (h, w) uint8, tight."""
        import cv2

        if name == "point":
            side = max(2, round(self.width * self.rng.uniform(1.1, 1.6)))
            dot = np.zeros((side + 4, side + 4), np.uint8)
            cv2.circle(dot, (8 * side + 24, 8 * side + 24), 8 * side, 255, -1, cv2.LINE_AA, 4)
            return tight(dot, 64)
        part = MARKS[name] * size * self.rng.uniform(0.85, 1.15)
        pen = replace(self.pen, width=self.width / part, grain=0.0, ink=1.0)
        hand = replace(Hand.random(self.rng), slant=self.hand.slant, turn=self.hand.turn)
        if name == "slash":  # an upright one would be a 1
            hand = replace(hand, slant=max(hand.slant, 0.2), turn=max(hand.turn, 0.0))
        ink = draw("minus" if name == "dash" else name, self.rng, max(10, round(part)), hand=hand, pen=pen)
        return ink if part >= 10 else _enlarged(ink, part / 10, 128)

    def _banked(self, bank: Digits, height: float, width: float) -> tuple[int, np.ndarray]:
        """Return a digit of the bank, enlarged to about `height`, its stroke brought nearer to `width`."""
        for _ in range(4):
            index = self._index(bank)
            label, ink = int(bank.labels[index]), np.pad(tight(bank.images[index], 40), 2)
            scale = height / max(ink.shape[0] - 4, 0.7 * (ink.shape[1] - 4), 4)
            wanted = float(np.clip(128 + 900 * (0.12 - width / height), 75, 165))
            for level in (wanted, 165.0):  # one that has grown so fat that it closed is made thinner
                large = tight(_enlarged(ink, scale, level), 64)
                if label not in (0, 6, 8, 9) or _legible(label, large):
                    return label, large
        return label, large

    def _index(self, bank: Digits) -> int:
        """Draw a digit of the bank, of the one label where this person writes no other."""
        if self.only is not None and len(own := np.flatnonzero(bank.labels == self.only)):
            return int(self.rng.choice(own))
        return int(self.rng.integers(len(bank)))


def form(label: int, rng: np.random.Generator) -> int | str:
    """Return what the pen is to draw for a digit: itself, or now and then one of its rare forms."""
    name, share = RARE.get(label, ("", 0.0))
    return name if share and rng.random() < share else label


def broader(ink: np.ndarray, wider: int) -> np.ndarray:
    """Return strokes as by a broader pen, `wider` pixels more."""
    import cv2

    tip = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (wider + 1, wider + 1))
    return tight(cv2.dilate(np.pad(ink, wider), tip), 60)


def _legible(label: int, ink: np.ndarray) -> bool:
    """Whether people would read a digit, (h, w) uint8, as its label, as far as simple measures tell.

    A 0 or an 8 that is filled or squeezed looks like a 1, a 9 that is open like a 5, a 4 with a round head like a 9,
    and a 1 with a level flag like a 7.
    """
    import cv2

    height, width = ink.shape
    if label == 1:
        top = np.flatnonzero(ink[: max(1, round(0.18 * height))].max(axis=0) > 128)
        return len(top) == 0 or np.ptp(top) < 0.34 * height
    if width < (0.4 if label == 7 else 0.33) * height:
        return False
    if label not in (0, 4, 6, 8, 9):
        return True
    paper = np.pad((ink < 140).astype(np.uint8), 1, constant_values=1)
    regions = cv2.connectedComponents(paper, connectivity=4)[1]  # 0 is ink, 1 is what lies around
    widths = np.count_nonzero(regions > 1, axis=1)
    within = widths.sum() / height**2
    if label == 4:
        widths = widths[widths > 0]
        return len(widths) < 4 or widths[int(0.7 * len(widths))] > 1.4 * widths[int(0.2 * len(widths))]
    return within > {0: 0.04, 8: 0.015}.get(label, 0.008) or (label == 6 and width > 0.5 * height)


def tight(ink: np.ndarray, least: int) -> np.ndarray:
    """Crop ink, uint8 (height, width), to the pixels above `least`; all of it where there are none."""
    rows, columns = np.flatnonzero(ink.max(axis=1) > least), np.flatnonzero(ink.max(axis=0) > least)
    if not len(rows):
        return ink
    return ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def _enlarged(ink: np.ndarray, scale: float, level: float) -> np.ndarray:
    """Return ink at `scale` times its size, with edges about two pixels wide at `level` (0 to 255)."""
    import cv2

    size = max(2, round(ink.shape[1] * scale)), max(2, round(ink.shape[0] * scale))
    if scale <= 1:
        return cv2.resize(ink, size, interpolation=cv2.INTER_AREA)
    large = cv2.resize(ink, size, interpolation=cv2.INTER_CUBIC)
    if scale < 1.5:
        return large
    large = cv2.GaussianBlur(large, (0, 0), 0.4 * scale)
    level = min(level, 0.55 * float(np.percentile(large[large > 50], 70)))  # thin strokes are pale: keep them whole
    gain = max(scale / 1.6, 127 / level)  # less would leave ink where there is none
    return cv2.convertScaleAbs(cv2.subtract(large, level - 127 / gain), alpha=gain)
