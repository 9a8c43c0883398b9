"""Where digits stand on a synthetic page: the ways in which people fill a sheet with nothing but digits.

Each layout is a function that fills a `Sheet`; it decides on sizes, gaps, rulings and marks, and the sheet's
writers decide on the digits.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from digitlab.data.sheets import MARGIN, Sheet

SMALLEST = 13.0  # usual height of the digits of a page, pixels, below which nobody could read them

Layout = Callable[[Sheet], None]


def fitting(sheet: Sheet, rows: int, columns: int) -> tuple[int, int, float]:
    """Return rows, columns and a digit height with which they have room on a sheet."""
    rng = sheet.rng
    while True:
        tall, wide = sheet.height / (rows + 0.4), sheet.width / (columns + 0.6)
        size = min(tall * rng.uniform(0.4, 0.8), wide * rng.uniform(0.7, 1.35))
        if size >= SMALLEST or rows * columns == 1:
            return rows, columns, max(size, SMALLEST)
        rows, columns = max(1, rows * 2 // 3), max(1, columns * 2 // 3)


def rows(sheet: Sheet, gap: float | None = None) -> None:
    """Rows of digits, spaced loosely or tightly, now and then in groups."""
    rng = sheet.rng
    count, columns, size = fitting(sheet, int(rng.integers(1, 9)), int(rng.integers(2, 13)))
    size = max(SMALLEST, size * rng.uniform(0.5, 1))
    sheet.begin(size)
    if gap is None:
        gap = rng.uniform(0.05, 1.0) if rng.random() < 0.8 else rng.uniform(0.0, 0.1)
    pitch = min(sheet.height / (count + 0.3), size * rng.uniform(1.3, 2.6))
    top = rng.uniform(0.1, 1) * max(sheet.height - count * pitch, 0) + 0.1 * size
    left = rng.uniform(0.0, 1) * max(sheet.width - columns * size * (0.7 + gap), 0) + 0.25 * size
    slope = 0.02 * rng.standard_normal()
    grouped = rng.random() < 0.2
    for row in range(count):
        line, right = sheet.line(), left + 0.3 * size * rng.random()
        foot = top + (row + 0.9) * pitch + 0.05 * size * rng.standard_normal()
        length = columns if rng.random() < 0.5 else int(rng.integers(1, columns + 1))
        while length > 0 and right < sheet.width:
            some = min(length, int(rng.integers(2, 5))) if grouped else length
            right = sheet.number(right, foot, some, gap, line, slope) + size * rng.uniform(0.8, 2)
            length -= some


def touching(sheet: Sheet) -> None:
    """Rows of digits that touch and overlap."""
    rows(sheet, gap=sheet.rng.uniform(-0.12, 0.02))


def long_number(sheet: Sheet) -> None:
    """One long number that fills the width."""
    rng = sheet.rng
    columns = int(rng.integers(3, 14))
    gap = rng.uniform(-0.05, 0.6)
    size = min(0.85 * sheet.height, 0.94 * sheet.width / (columns * (0.68 + gap)))
    while size < SMALLEST:
        columns, size = columns - 1, size * columns / (columns - 1)
    sheet.begin(size)
    foot = (sheet.height + size) / 2 + rng.uniform(-0.4, 0.4) * max(0.0, sheet.height - 1.4 * size)
    sheet.number(0.03 * sheet.width + MARGIN, foot, columns, gap, sheet.line(), 0.015 * rng.standard_normal())


def column(sheet: Sheet) -> None:
    """One number under the other, of one digit or a few."""
    rng = sheet.rng
    longest = int(rng.choice([1, 1, 2, 3, 4]))
    count, _, size = fitting(sheet, int(rng.integers(2, 12)), longest)
    sheet.begin(size)
    pitch = sheet.height / (count + 0.3)
    left = rng.uniform(0.1, 0.8) * max(sheet.width - longest * size, size)
    gap = rng.uniform(0.02, 0.4)
    for row in range(count):
        foot = (row + 0.95) * pitch
        sheet.number(left + 0.15 * size * rng.standard_normal(), foot, longest, gap, sheet.line())


def grid(sheet: Sheet) -> None:
    """Digits in rows and columns that stand straight under each other."""
    rng = sheet.rng
    count, columns, size = fitting(sheet, int(rng.integers(2, 10)), int(rng.integers(2, 12)))
    sheet.begin(size)
    tall, wide = sheet.height / (count + 0.2), sheet.width / (columns + 0.2)
    missing = rng.choice([0.0, 0.15])
    for row in range(count):
        line = sheet.line()
        for place in range(columns):
            if rng.random() >= missing:
                left = (place + 0.3) * wide + 0.06 * wide * rng.standard_normal()
                sheet.digit(left, (row + 0.9) * tall + 0.04 * tall * rng.standard_normal() - 0.02 * size, line)


def scatter(sheet: Sheet) -> None:
    """Single digits here and there, of many sizes; each is a line of its own."""
    rng = sheet.rng
    sheet.facts["order"] = "scatter"
    base = max(SMALLEST, min(sheet.height, sheet.width) * rng.uniform(0.06, 0.3))
    sheet.begin(base)
    taken: list[tuple[float, float, float]] = []
    places = []
    for _ in range(int(rng.integers(3, 40))):
        size = float(np.clip(base * math.exp(0.4 * rng.standard_normal()), SMALLEST, 0.8 * sheet.height))
        x, y = rng.uniform(0, sheet.width), rng.uniform(size, sheet.height)
        if all(math.hypot(x - a, y - b) > 0.85 * (size + c) for a, b, c in taken):
            taken.append((x, y, size))
            places.append((y, x, size))
    for y, x, size in sorted(places):
        sheet.digit(x, y, sheet.line(), size)


def single(sheet: Sheet) -> None:
    """One digit that fills the image."""
    size = sheet.rng.uniform(0.45, 0.85) * min(sheet.height, 1.3 * sheet.width)
    sheet.begin(max(size, SMALLEST))
    for _ in range(4):  # a wide digit may have no room at the first attempt
        left = sheet.width / 2 - 0.35 * sheet.size + 0.08 * sheet.size * sheet.rng.standard_normal()
        foot = (sheet.height + sheet.size) / 2 + 0.03 * sheet.size * sheet.rng.standard_normal()
        if sheet.digit(left, foot, 0, sheet.size) < math.inf:
            break
        sheet.size *= 0.85
    sheet.lines = 1


def tiny(sheet: Sheet) -> None:
    """A row as it is cut from a photo: low, with hardly any paper around it."""
    rng = sheet.rng
    size = sheet.height * rng.uniform(0.45, 0.78)
    sheet.ratio = float(np.clip(rng.normal(0.1, 0.025), 0.06, 0.16))
    sheet.begin(size)
    gap = rng.uniform(-0.08, 0.45)
    foot = sheet.height - MARGIN - rng.uniform(0.08, 0.9) * (sheet.height - 1.15 * size)
    start = MARGIN + rng.uniform(0.02, 0.3) * size
    sheet.number(start, foot, int(rng.integers(1, 7)), gap, sheet.line(), 0.03 * rng.standard_normal())
    if rng.random() < 0.8 and sheet.pieces:
        end = max(piece.left + piece.ink.shape[1] for piece in sheet.pieces)
        sheet.cut(max(end + 2 * MARGIN + round(rng.uniform(0, 0.5) * size), sheet.height, 180))
    if rng.random() < 0.35:
        y = rng.choice([rng.uniform(-0.02, 0.06), rng.uniform(0.94, 1.0)]) * sheet.height
        slant = 0.02 * sheet.height * rng.standard_normal()
        sheet.rule(0, y, sheet.width, y + slant, max(1.0, 0.4 * sheet.writers[0].width))
