"""Digits as displays and printers of dots show them: of seven segments, or of five by seven dots."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from digitlab.data.printed import Glyph
from digitlab.data.writers import tight

SEGMENTS = ("abcdef", "bc", "abged", "abgcd", "fgbc", "afgcd", "afgedc", "abc", "abcdefg", "abcdfg")
"""Segments of each digit: a to f clockwise from the top, g in the middle."""

ALSO = {6: "fgedc", 7: "abcf", 9: "abcfg"}
"""What some displays show instead."""

DOTS = (
    "01110 10001 10011 10101 11001 10001 01110",
    "00100 01100 00100 00100 00100 00100 01110",
    "01110 10001 00001 00110 01000 10000 11111",
    "11110 00001 00001 01110 00001 00001 11110",
    "00010 00110 01010 10010 11111 00010 00010",
    "11111 10000 11110 00001 00001 10001 01110",
    "01110 10000 10000 11110 10001 10001 01110",
    "11111 00001 00010 00100 00100 01000 01000",
    "01110 10001 10001 01110 10001 10001 01110",
    "01110 10001 10001 01111 00001 00001 01110",
)
"""Rows of each digit, from the top."""

ALSO_DOTS = {0: "01110 10001 10001 10001 10001 10001 01110", 1: "00100 01100 10100 00100 00100 00100 11111"}
"""What some printers print instead."""

DOTTED = 0.5  # share of the displays that are of dots
UNLIT, FAINT = 0.3, 38  # share of the segment displays on which unlit segments are seen; how strong, of 255, at most
LEAST = 24  # pixels: what is lower is drawn so high and then shrunk


@dataclass(frozen=True)
class Display:
    """One display or printer.

    Attributes:
        dotted: whether it shows dots, else segments.
        width: of a digit, in heights, from the middle of its left segments to that of its right ones.
        space: between two digits, in heights.
        part: width of a segment in heights, or of a dot in steps of the grid.
        gap: between segments that meet, in widths of a segment.
        slant: to the right, as tangent.
        round: whether dots are round, and segments are pointed.
        unlit: ink of segments that are not lit, of 255.
        also: whether some digits have their other form.
    """

    dotted: bool
    width: float
    space: float
    part: float
    gap: float
    slant: float
    round: bool
    unlit: int
    also: bool

    @classmethod
    def random(cls, rng: np.random.Generator) -> Display:
        """Draw one."""
        dotted = rng.random() < DOTTED
        return cls(
            dotted=dotted,
            width=rng.uniform(0.5, 0.75) if dotted else rng.uniform(0.4, 0.6),
            space=rng.uniform(0.08, 0.4),
            part=rng.uniform(0.55, 1.15) if dotted else rng.uniform(0.07, 0.15),
            gap=rng.uniform(0.0, 0.7),
            slant=0.0 if dotted or rng.random() < 0.4 else rng.uniform(0.03, 0.18),
            round=rng.random() < 0.6,
            unlit=0 if dotted or rng.random() > UNLIT else int(rng.integers(8, FAINT)),
            also=rng.random() < 0.25,
        )

    def digit(self, label: int, height: int) -> np.ndarray:
        """Return the ink of a digit's lit parts, (about `height`, width) uint8, tightly cropped."""
        return tight(self.cell(label, height), FAINT)

    def cell(self, label: int, height: int) -> np.ndarray:
        """Return the ink of a digit in its place, uint8, all of the same size: a 1 stands at the right of it."""
        import cv2

        drawn = max(LEAST, height)
        width = self.width * drawn
        edge = 0.6 * self.part * drawn * (1 / 6 if self.dotted else 1) + 2
        lean = self.slant * drawn
        ink = np.zeros((round(drawn + 2 * edge), round(width + lean + 2 * edge)), np.uint8)
        for shape, lit in self._shapes(label, width, float(drawn)):
            points = shape + edge
            points[:, 0] += self.slant * (drawn - shape[:, 1])
            cv2.fillPoly(ink, [np.rint(points * 16).astype(np.int32)], 255 if lit else self.unlit, cv2.LINE_AA, 4)
        if height < LEAST:
            scale = height / drawn
            ink = cv2.resize(cv2.GaussianBlur(ink, (0, 0), 0.35 / scale), None, fx=scale, fy=scale)
        return ink

    def _shapes(self, label: int, width: float, height: float) -> list[tuple[np.ndarray, bool]]:
        """Return the polygons, (N, 2) float, of which a digit consists, and which of them are lit: these last."""
        if self.dotted:
            step = np.array([width / 4, height / 6])
            radius = 0.5 * self.part * step.min()
            around = np.linspace(0, 2 * np.pi, 17 if self.round else 5)[:-1] + np.pi / 4
            dot = radius * np.stack([np.cos(around), np.sin(around)], axis=1) * (1 if self.round else 1.3)
            rows = (ALSO_DOTS[label] if self.also and label in ALSO_DOTS else DOTS[label]).split()
            places = [(x, y) for y, row in enumerate(rows) for x, bit in enumerate(row) if bit == "1"]
            return [(dot + np.array(place) * step, True) for place in places]
        half = 0.5 * self.part * height
        near = half * (self.gap + (0 if self.round else 1))  # from the corner to the end of a segment
        corners = {
            "a": ((0, 0), (1, 0)), "b": ((1, 0), (1, 1)), "c": ((1, 1), (1, 2)), "d": ((0, 2), (1, 2)),
            "e": ((0, 1), (0, 2)), "f": ((0, 0), (0, 1)), "g": ((0, 1), (1, 1)),
        }  # fmt: skip
        lit = ALSO[label] if self.also and label in ALSO else SEGMENTS[label]
        shapes = []
        for name, ends in corners.items():
            if name not in lit and not self.unlit:
                continue
            start, end = np.array(ends) * (width, height / 2)
            along = (end - start) / np.linalg.norm(end - start)
            across = half * along[::-1]
            start, end = start + near * along, end - near * along
            point = half * along if self.round else 0 * along
            shape = [start, start + point + across, end - point + across, end, end - point - across,
                     start + point - across]  # fmt: skip
            shapes.append((np.array(shape), name in lit))
        return sorted(shapes, key=lambda shape: shape[1])

    def glyphs(self, line: str, height: float) -> list[Glyph]:
        """Return the signs of a line whose digits are about `height` pixels high: digits, points, colons and dashes."""
        found: list[Glyph] = []
        part = max(2, round(height * (self.part / 6 if self.dotted else self.part)))
        left, pitch = 0.0, (self.width + self.space) * height + part
        for sign in line:
            if sign.isdigit():
                ink = self.cell(int(sign), round(height))
                found.append(Glyph(sign, ink, round(left), -round(0.5 * (len(ink) + height))))
                left += pitch
            elif sign in ".:":
                dot = np.full((part, part), 255, np.uint8)
                for up in (0.0,) if sign == "." else (0.25, 0.75):
                    found.append(Glyph(sign, dot, round(left), -round(up * height) - part))
                left += part + self.space * height
            elif sign == "-":
                dash = np.full((part, max(2, round(0.6 * self.width * height))), 255, np.uint8)
                found.append(Glyph(sign, dash, round(left), -round(0.5 * height)))
                left += pitch
            else:
                left += 0.7 * pitch
        return found
