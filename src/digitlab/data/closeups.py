"""A thing that has a picture to itself, as people take it: under uneven light, ringed, on a sheet on a desk."""

from __future__ import annotations

import numpy as np

from digitlab.data.annotations import line_under, ring
from digitlab.data.lights import shadow
from digitlab.data.things import picture_of

BOXED, FRAMED = 0.15, 0.25  # shares around which a box is drawn, and that have a frame or a desk around
RINGED, UNDERLINED = 0.08, 0.08  # shares around which a ring is drawn, and under which a line is
LIT, SHADED = 0.5, 0.6  # shares that uneven light falls on, and of these that lie in a shadow
THICK = 0.03  # of the longer side is the line of a box, at most
# Of the longer side is what lies around a sheet, mostly little; but a picture gets no larger for it than that, pixels.
NARROW, WIDE, LARGEST = 0.02, 0.8, 1400
GRAIN = 8  # grey levels, 1 sigma, has a desk, at most
SLOPE = 0.5  # of the light is lost from one end of a picture to the other, at most


def closeup(ink: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, tuple[int, int]]:
    """Return a picture, (H, W) uint8, of ink, (height, width) uint8, alone; and where the ink is: left, top."""
    flat, (left, top) = picture_of(ink, rng)
    picture, around = flat.astype(np.float32), 0
    if rng.random() < BOXED:
        picture = _boxed(picture, (left, top, left + ink.shape[1], top + ink.shape[0]), rng)
    if (way := rng.random()) < RINGED + UNDERLINED:
        thing = (left, top, left + ink.shape[1], top + ink.shape[0])
        picture, added = _marked(picture, thing, rng, way < RINGED)
        left, top = left + added, top + added
    if rng.random() < FRAMED:
        picture, around = _framed(picture, rng)
    if rng.random() < LIT:
        picture = _lit(picture, rng)
    return np.rint(picture).clip(0, 255).astype(np.uint8), (left + around, top + around)


def _boxed(picture: np.ndarray, inside: tuple[int, int, int, int], rng: np.random.Generator) -> np.ndarray:
    """Return a picture with a box drawn between its border and `inside`, where it has room for one."""
    import cv2

    height, width = picture.shape
    line = max(1, round(rng.uniform(0, THICK) * max(height, width)))
    room = np.array([inside[0], inside[1], width - inside[2], height - inside[3]]) - 2 * line
    if room.min() < 1:
        return picture
    left, top, right, bottom = ((rng.uniform(0.1, 0.9, 4) * room).astype(int) + line // 2).tolist()
    return cv2.rectangle(
        picture.copy(), (left, top), (width - 1 - right, height - 1 - bottom), rng.uniform(0, 255), line
    )


def _marked(
    picture: np.ndarray, thing: tuple[int, int, int, int], rng: np.random.Generator, ringed: bool
) -> tuple[np.ndarray, int]:
    """Return a picture with a ring around a thing, or a line under it, and how much paper was added for it, pixels."""
    import cv2

    left, top, right, bottom = thing
    size, paper = max(right - left, bottom - top), float(np.median(picture))
    pen, grey = max(1.2, size * rng.uniform(0.02, 0.1)), rng.uniform(0, 255)
    within = picture[top:bottom, left:right]
    if rng.random() < 0.7:  # the same pen
        grey = float(within.flat[np.abs(within - paper).argmax()])
    if ringed:
        more = 1 + rng.uniform(0.15, 0.9)
        across, down = (max(side, 0.7 * size) * more for side in (right - left, bottom - top))
        mark = ring(rng, across, down, pen)
        y = (top + bottom - len(mark)) // 2
    else:
        mark = line_under(rng, (right - left) * rng.uniform(0.8, 2.0), pen)
        y = bottom + round(rng.uniform(-0.02, 0.25) * size)
    x = (left + right - mark.shape[1]) // 2
    room = min(x, y, picture.shape[1] - x - mark.shape[1], picture.shape[0] - y - len(mark))
    added = max(0, -room)
    marked = cv2.copyMakeBorder(picture, added, added, added, added, cv2.BORDER_CONSTANT, value=paper)
    where = marked[y + added : y + added + len(mark), x + added : x + added + mark.shape[1]]
    where += (grey - where) * (mark / np.float32(255))
    return marked, added


def _framed(picture: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, int]:
    """Return a picture with a frame or a desk around, and how far that reaches, pixels; a sheet may lie askew."""
    import cv2

    room = max(NARROW, min(WIDE, 0.5 * (LARGEST / max(picture.shape) - 1)))
    around = 2 + round((NARROW + (room - NARROW) * rng.random() ** 2) * max(picture.shape))
    page = cv2.copyMakeBorder(picture, around, around, around, around, cv2.BORDER_REPLICATE)
    corners = np.array([[0, 0], [1, 0], [1, 1], [0, 1]]) * (picture.shape[::-1]) + around
    if rng.random() < 0.5:
        corners = corners + rng.uniform(0, 0.8 * (around - 1), (4, 2)) * [[-1, -1], [1, -1], [1, 1], [-1, 1]]
    sheet = np.zeros(page.shape, np.uint8)
    cv2.fillPoly(sheet, [np.rint(corners).astype(np.int32)], 1)
    grain = rng.normal(0, rng.uniform(0, GRAIN), page.shape).astype(np.float32)
    return np.where(sheet > 0, page, rng.uniform(0, 255) + cv2.GaussianBlur(grain, (3, 3), 0)), around


def _lit(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return a picture under light that falls off to one side, and perhaps with a shadow on it."""
    import cv2

    y, x = np.mgrid[-0.5 : 0.5 : picture.shape[0] * 1j, -0.5 : 0.5 : picture.shape[1] * 1j].astype(np.float32)
    angle = rng.uniform(0, 2 * np.pi)
    light = 1 - rng.uniform(0, SLOPE) * (0.5 + np.cos(angle) * x + np.sin(angle) * y).clip(0, 1)
    if rng.random() < SHADED:
        height, width = (max(8, round(160 * side / max(picture.shape))) for side in picture.shape)
        light = light * cv2.resize(shadow(rng, (height, width)), picture.shape[::-1], interpolation=cv2.INTER_LINEAR)
    return np.asarray(picture * light, np.float32)
