"""Layouts with more than digits on them: tables, notebooks, forms, ledgers, sums, text, and pages with no digit."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np

from digitlab.data.figures import displays, figures
from digitlab.data.layouts import (
    SMALLEST,
    Layout,
    column,
    fitting,
    grid,
    long_number,
    scatter,
    single,
    tiny,
    touching,
)
from digitlab.data.layouts import rows as plain_rows
from digitlab.data.sheets import MARGIN, Sheet

OPERATORS = ("plus", "minus", "times", "divide", "equals")


def table(sheet: Sheet) -> None:
    """A table whose cells hold a digit or a number each; its lines are printed, or drawn with the pen."""
    rng = sheet.rng
    longest = int(rng.choice([1, 1, 1, 2, 3]))
    count, columns, size = fitting(sheet, int(rng.integers(2, 9)), int(rng.integers(2, 9)) * longest)
    columns = max(1, columns // longest)
    extent = rng.uniform(0.55, 0.94, 2) if rng.random() < 0.6 else np.array([0.94, 0.94])
    tall, wide = extent * (sheet.height / count, sheet.width / columns)
    gap = rng.uniform(0.02, 0.3)
    size = max(SMALLEST, min(size * extent.min(), rng.uniform(0.4, 0.75) * tall, wide / (longest * (0.75 + gap))))
    sheet.begin(size)
    y0 = rng.uniform(0.1, 0.9) * (sheet.height - count * tall)
    x0 = rng.uniform(0.1, 0.9) * (sheet.width - columns * wide)
    printed = rng.random() < 0.5
    thick = max(1.0, sheet.writers[0].width * (rng.uniform(0.2, 0.7) if printed else rng.uniform(0.6, 1.1)))
    over = 0.0 if printed else 0.2 * size * rng.random()
    for row in range(count + 1):
        sheet.rule(x0 - over, y0 + row * tall, x0 + columns * wide + over, y0 + row * tall, thick, printed)
    for place in range(columns + 1):
        sheet.rule(x0 + place * wide, y0 - over, x0 + place * wide, y0 + count * tall + over, thick, printed)
    for row in range(count):
        line, foot = sheet.line(), y0 + (row + 0.5) * tall + 0.5 * size
        for place in range(columns):
            if rng.random() < 0.93:
                length = longest if rng.random() < 0.6 else int(rng.integers(1, longest + 1))
                slack = wide - length * (0.65 + gap) * size
                left = x0 + place * wide + slack * rng.uniform(0.3, 0.6)
                sheet.number(
                    left, foot + min(0.12 * (tall - size), 0.12 * size) * rng.standard_normal(), length, gap, line
                )


def notebook(sheet: Sheet) -> None:
    """Ruled or squared paper: the digits sit on its lines, cross or touch them."""
    rng = sheet.rng
    count, columns, size = fitting(sheet, int(rng.integers(1, 10)), int(rng.integers(2, 14)))
    sheet.begin(size)
    squared = rng.random() < 0.4
    pitch = size * (rng.uniform(0.5, 1.1) if squared else rng.uniform(1.0, 1.7))
    offset = rng.uniform(0, 1) * pitch
    thick = max(1.0, rng.uniform(0.02, 0.07) * size) if rng.random() < 0.7 else max(1.0, 0.09 * size)
    slope = 0.01 * rng.standard_normal() * sheet.width
    lines = np.arange(offset - pitch, sheet.height + pitch, pitch)
    for y in lines:
        sheet.rule(0, y, sheet.width, y + slope, thick)
    if squared:
        for x in np.arange(rng.uniform(0, 1) * pitch, sheet.width, pitch):
            sheet.rule(x - slope * sheet.height / sheet.width, sheet.height, x, 0, thick)
    elif rng.random() < 0.4:
        x = rng.uniform(0.05, 0.2) * sheet.width
        sheet.rule(x, 0, x, sheet.height, thick)
    above = rng.choice([0.0, 0.08, -0.15, 0.35]) * size  # how far over its line the digits stand
    gap, left = rng.uniform(0.05, 0.8), rng.uniform(0.02, 0.3) * sheet.width + MARGIN
    step = max(1, math.ceil(1.25 * size / pitch))
    feet = [y for y in lines if 1.15 * size < y - above < sheet.height - 0.1 * size][::step]
    first = int(rng.integers(max(1, len(feet) - count + 1)))
    for y in feet[first : first + count]:
        length = columns if rng.random() < 0.5 else int(rng.integers(1, columns + 1))
        indent = left + 0.3 * size * rng.random()
        sheet.number(indent, y + slope * indent / sheet.width - above, length, gap, sheet.line(), slope / sheet.width)


def form(sheet: Sheet) -> None:
    """Fields of boxes, a digit in each, as on forms."""
    rng = sheet.rng
    count, boxes, size = fitting(sheet, int(rng.integers(1, 7)), int(rng.integers(3, 12)))
    size = max(SMALLEST, 0.75 * size)
    sheet.begin(size)
    side, tall = size * rng.uniform(1.05, 1.5), size * rng.uniform(1.15, 1.6)
    side = min(side, 0.95 * (sheet.width - 2 * MARGIN) / boxes)
    apart = side * rng.choice([0.0, 0.0, 0.15, 0.3])
    pitch = min(sheet.height / (count + 0.1), tall * rng.uniform(1.15, 2.2))
    start = rng.random() * max(sheet.height - (count + 0.1) * pitch, 0)
    left = rng.uniform(0.1, 0.9) * max(sheet.width - boxes * (side + apart), 0)
    thick = max(1.0, rng.uniform(0.02, 0.08) * size)
    for row in range(count):
        line, y = sheet.line(), start + (row + 0.5) * pitch - 0.5 * tall + 0.05 * size
        length = boxes if rng.random() < 0.6 else int(rng.integers(1, boxes + 1))
        for place in range(boxes):
            x = left + place * (side + apart)
            corners = [(x, y), (x + side, y), (x + side, y + tall), (x, y + tall), (x, y)]
            for (a, b), (c, d) in pairwise(corners):
                sheet.rule(a, b, c, d, thick)
            if place < length and rng.random() < 0.97:
                foot = y + 0.5 * (tall + size) + 0.06 * size * rng.standard_normal()
                sheet.digit(x + 0.5 * side - 0.33 * size + 0.06 * size * rng.standard_normal(), foot, line)


def ledger(sheet: Sheet) -> None:
    """Numbers with dashes, points, commas or slashes between, in a margin, mostly on rulings."""
    rng = sheet.rng
    groups = [int(rng.integers(1, 5)) for _ in range(int(rng.integers(2, 4)))]
    count, _, size = fitting(sheet, int(rng.integers(1, 12)), sum(groups) + len(groups))
    sheet.begin(size)
    pitch = max(1.2 * size, min(sheet.height / (count + 0.4), size * rng.uniform(1.2, 2)))
    gap, left = rng.uniform(-0.05, 0.25), rng.uniform(0.03, 0.25) * sheet.width + MARGIN
    slope = 0.015 * rng.standard_normal()
    start = rng.random() * max(sheet.height - (count + 0.4) * pitch, 0)
    thick = max(1.0, rng.uniform(0.02, 0.06) * size)
    if rng.random() < 0.75:
        for y in np.arange(start + 0.1 * pitch - math.ceil(start / pitch) * pitch, sheet.height, pitch):
            sheet.rule(0, y, sheet.width, y + slope * sheet.width, thick)
        if rng.random() < 0.7:
            x = left - 0.15 * size * rng.random()
            sheet.rule(x, 0, x - slope * sheet.height, sheet.height, thick * rng.uniform(1, 1.6))
    kind = str(rng.choice(["dash", "dash", "dash", "point", "comma", "colon", "slash"]))
    for row in range(count):
        line, foot = sheet.line(), start + (row + 1.05) * pitch - 0.1 * size * rng.random()
        right = left + 0.1 * size * rng.random()
        for index, length in enumerate(groups):
            if index:
                ending = sheet.mark(kind, right + 0.12 * size, foot + slope * (right - left))
                right = ending + rng.uniform(0.1, 0.25) * size
            right = sheet.number(right, foot + slope * (right - left), length, gap, line, slope)
            if right == math.inf:
                break


def sums(sheet: Sheet) -> None:
    """Sums: digits with operators between them, in a row or one under the other over a bar."""
    rng = sheet.rng
    count, _, size = fitting(sheet, int(rng.integers(1, 6)), 8)
    sheet.begin(size)
    pitch = sheet.height / (count + 0.2)
    below = count > 1 and rng.random() < 0.3
    gap, space = rng.uniform(0.0, 0.25), rng.uniform(0.15, 0.5) * size
    left = MARGIN + rng.uniform(0.02, 0.15) * sheet.width
    for row in range(count):
        line, foot, right = sheet.line(), (row + 0.9) * pitch, left
        if below:
            if row:
                sheet.mark(str(rng.choice(["plus", "minus"])), left, foot)
            sheet.number(left + 1.3 * size, foot, int(rng.integers(1, 5)), gap, line)
            if row == count - 2:
                y = foot + 0.25 * (pitch - size) + 0.1 * size
                sheet.rule(left, y, min(left + 4.5 * size, sheet.width), y, sheet.writers[0].width, printed=False)
            continue
        for term in range(int(rng.integers(2, 4))):
            if term:
                operator = "equals" if term == 2 else str(rng.choice(OPERATORS))
                right = sheet.mark(operator, right + space, foot) + space
            right = sheet.number(right, foot, int(rng.integers(1, 3)), gap, line)
            if right == math.inf:
                break
        if right < math.inf and rng.random() < 0.3:
            sheet.mark("equals", right + space, foot)


def text(sheet: Sheet) -> None:
    """Lines of words, some with a number after them, and some rows of digits."""
    rng = sheet.rng
    count, _, size = fitting(sheet, int(rng.integers(3, 10)), 12)
    sheet.begin(size)
    pitch = sheet.height / (count + 0.3)
    left = MARGIN + rng.uniform(0.02, 0.1) * sheet.width
    kind = "text" if rng.random() < 0.3 else "word"
    for row in range(count):
        foot, right = (row + 0.9) * pitch, left
        if rng.random() < 0.6:
            for _ in range(int(rng.integers(1, 5))):
                right = sheet.distractor(right, foot, size * rng.uniform(0.7, 1.1), kind) + 0.5 * size
            right += 0.5 * size
        if right == left or rng.random() < 0.4:
            sheet.number(right, foot, int(rng.integers(1, 9)), rng.uniform(0.05, 0.5), sheet.line())


def distractors(sheet: Sheet) -> None:
    """Letters, words, scribbles, marks and texture, but no digit."""
    rng = sheet.rng
    base = max(SMALLEST, min(sheet.height, sheet.width) * rng.uniform(0.04, 0.5))
    sheet.begin(base)
    for _ in range(int(rng.integers(1, 20))):
        size = float(np.clip(base * math.exp(0.4 * rng.standard_normal()), 8, 0.9 * sheet.height))
        sheet.distractor(rng.uniform(0, sheet.width), rng.uniform(size, sheet.height), size)
    if rng.random() < 0.4:
        pitch = base * rng.uniform(0.6, 2)
        for y in np.arange(rng.uniform(0, pitch), sheet.height, pitch):
            sheet.rule(0, y, sheet.width, y, max(1.0, 0.04 * base))
        if rng.random() < 0.5:
            for x in np.arange(rng.uniform(0, pitch), sheet.width, pitch):
                sheet.rule(x, 0, x, sheet.height, max(1.0, 0.04 * base))


def lone(sheet: Sheet) -> None:
    """One letter, sign or drawing that fills the image, as one digit does on a page of kind "single"."""
    rng = sheet.rng
    size = max(SMALLEST, rng.uniform(0.4, 0.85) * min(sheet.height, 1.3 * sheet.width))
    sheet.begin(size)
    shares = {"letter": 0.38, "greek": 0.14, "mark": 0.08, "scribble": 0.08, "shape": 0.12, "sign": 0.2}
    kind = str(rng.choice(list(shares), p=list(shares.values())))
    bolder = round(rng.uniform(0.04, 0.2) * size) if rng.random() < 0.2 else 0
    for _ in range(6):  # a wide one may have no room at the first attempt
        left = sheet.width / 2 - 0.4 * size + 0.08 * size * rng.standard_normal()
        foot = (sheet.height + size) / 2 + 0.03 * size * rng.standard_normal()
        if sheet.distractor(left, foot, size, kind, bolder=bolder) != left:
            break
        size *= 0.8


def empty(sheet: Sheet) -> None:
    """Nothing written; now and then the lines of a notebook."""
    rng = sheet.rng
    sheet.begin(max(SMALLEST, 0.1 * sheet.height))
    if rng.random() < 0.4:
        pitch = max(8.0, sheet.height * rng.uniform(0.03, 0.2))
        for y in np.arange(pitch * rng.random(), sheet.height, pitch):
            sheet.rule(0, y, sheet.width, y, max(1.0, 0.05 * pitch))


def litter(sheet: Sheet) -> None:
    """Leave a few things beside the digits of a sheet, clear of all of them."""
    rng = sheet.rng
    for _ in range(int(rng.integers(1, 7))):
        size = sheet.size * rng.uniform(0.5, 1.5)
        left, foot = rng.uniform(0, sheet.width), rng.uniform(size, sheet.height)
        sheet.distractor(left, foot, size, clear=0.4 * sheet.size)


LAYOUTS: dict[str, tuple[float, Layout]] = {
    "rows": (0.12, plain_rows),
    "long": (0.07, long_number),
    "column": (0.05, column),
    "grid": (0.06, grid),
    "table": (0.08, table),
    "notebook": (0.09, notebook),
    "form": (0.06, form),
    "ledger": (0.07, ledger),
    "scatter": (0.06, scatter),
    "sums": (0.05, sums),
    "touching": (0.06, touching),
    "text": (0.05, text),
    "single": (0.03, single),
    "tiny": (0.07, tiny),
    "distractors": (0.05, distractors),
    "empty": (0.03, empty),
    "lone": (0.0, lone),
    "figures": (0.0, figures),
    "displays": (0.0, displays),
}
"""Every layout with its share of the pages; one without a share is made only where it is asked for."""
