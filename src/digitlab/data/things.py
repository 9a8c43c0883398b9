"""Things that stand alone: digits by the pen, by hand and in print, and what is none; and pictures of just one."""

from __future__ import annotations

import math

import numpy as np

from digitlab.data import doodles, printed, strokes
from digitlab.data.digits import NO_DIGIT, PART, SEVERAL, Digits
from digitlab.data.displays import Display
from digitlab.data.distractors import distractor
from digitlab.data.writers import broader, form, tight

SLENDER, BROAD = 0.35, 0.8  # of all, the first 35 % get a finer pen, the last 20 % a broader one
BROADEST = 0.4  # heights that a broad pen adds to a stroke
OUTLINED = 0.06  # share of what is no digit that is the outline of an animal
PRINTED, DISPLAYED = 0.2, 0.3  # share of the digits that a machine wrote, and of these, of those that a display shows
LARGEST = 500  # longer side of a thing in a picture, pixels
TILTED, TILT, STEEPEST = 0.4, 8.0, 20.0  # share that a camera held askew tilts; by how much, degrees: 1 sigma, and most
# Around a thing there is up to so many times its longer side, to each side; on a sheet, which some lie on, far more,
# until the whole is so large, pixels.
MARGIN, SHEETS, SHEET_MARGIN, SHEET = 0.7, 0.35, 20.0, 1000
CONTRAST, GRAIN = 60, 5  # grey levels: ink and paper are at least so far apart; at most so much grain, 1 sigma


def one_thing(rng: np.random.Generator, bank: Digits | None) -> tuple[np.ndarray, int]:
    """Draw a digit, or what is none, as it stands alone: its ink, (height, width) uint8, tight, and its label."""
    height, width = round(math.exp(rng.uniform(math.log(12), math.log(140)))), rng.random()
    drawn = 3 * height if width < SLENDER else height  # thinning needs room
    label = NO_DIGIT
    if rng.random() < 0.5:
        label = int(rng.integers(10))
        way = rng.random()
        if way < PRINTED:
            shown = rng.random() < DISPLAYED
            ink = Display.random(rng).digit(label, drawn) if shown else printed.digit(label, rng, drawn)
        elif bank is None or way < 0.6:
            ink = strokes.draw(form(label, rng), rng, drawn)
        else:
            index = int(rng.integers(len(bank)))
            ink, label = _enlarged(bank.images[index], drawn, rng), int(bank.labels[index])
    elif rng.random() < OUTLINED:
        ink = doodles.outline(rng, drawn)
    else:
        ink, kind = distractor(rng, drawn)
        label = {"pair": SEVERAL, "fragment": PART}.get(kind, NO_DIGIT)
    if width < SLENDER:
        ink = _slender(ink, rng.uniform(0.3, 0.85), 1 / 3)
    elif width > BROAD:
        if label < NO_DIGIT and rng.random() < 0.5:
            ink = _stretched(ink, rng.uniform(1.0, 1.7))
        broad = broader(ink, 1 + int(rng.uniform(0.04, BROADEST) * height))
        if label >= NO_DIGIT or _holes(broad) == _holes(ink):  # an 8 without holes is no 8
            ink = broad
    return ink, label


def _holes(ink: np.ndarray) -> int:
    """Count the patches of paper that ink surrounds."""
    import cv2

    return cv2.connectedComponents((np.pad(ink, 1) < 100).astype(np.uint8), connectivity=4)[0] - 2


def _slender(ink: np.ndarray, share: float, scale: float) -> np.ndarray:
    """Return strokes as by a finer pen: what lies in their middle, shrunk by `scale`."""
    import cv2

    depth = cv2.distanceTransform((np.pad(ink, 2) > 100).astype(np.uint8), cv2.DIST_L2, 5)
    reach = 2 * max(1, round(float(np.percentile(depth[depth > 0], 95)) if depth.any() else 1)) + 1
    ridge = cv2.dilate(depth, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach)))
    middle = ((depth > 0) & (depth >= share * ridge)).astype(np.uint8) * np.uint8(255)
    fine = cv2.resize(cv2.GaussianBlur(middle, (3, 3), 0), None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return tight(cv2.convertScaleAbs(fine, alpha=255 / max(1, int(fine.max()))), 60)


def _stretched(ink: np.ndarray, share: float) -> np.ndarray:
    """Return ink that many times as wide."""
    import cv2

    return cv2.resize(ink, (round(ink.shape[1] * share), ink.shape[0]), interpolation=cv2.INTER_LINEAR)


def _enlarged(image: np.ndarray, height: int, rng: np.random.Generator) -> np.ndarray:
    """Return a framed digit as the stroke of a pen, so many pixels high: edges as sharp as that size has them."""
    import cv2

    rows, columns = np.flatnonzero(image.max(axis=1)), np.flatnonzero(image.max(axis=0))
    image = image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    scale = height / len(image)
    size = max(2, round(image.shape[1] * scale)), max(2, height)
    large = cv2.resize(image, size, interpolation=cv2.INTER_CUBIC).astype(np.float32)
    return ((large - rng.uniform(60, 120)) * max(1.0, scale * 0.6) + 127).clip(0, 255).astype(np.uint8)


def larger(ink: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return ink, (height, width) uint8, as it is or enlarged, its longer side up to `LARGEST` pixels."""
    import cv2

    factor = math.exp(rng.uniform(0, math.log(max(1.0, LARGEST / max(ink.shape)))))
    return ink if rng.random() < 0.3 else cv2.resize(ink, None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC)


def tilted(ink: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return ink, (height, width) uint8, tight, as it is or tilted by up to `STEEPEST` degrees."""
    import cv2

    if rng.random() >= TILTED:
        return ink
    angle = float(np.clip(TILT * rng.standard_normal(), -STEEPEST, STEEPEST))
    height, width = ink.shape
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), angle, 1.0)
    around = math.ceil(math.hypot(height, width)) + 2
    turn[:, 2] += (np.array([around, around]) - [width, height]) / 2
    turned = cv2.warpAffine(ink, turn, (around, around), flags=cv2.INTER_LINEAR)
    return tight(turned, min(60, int(turned.max()) - 1))


def picture_of(ink: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, tuple[int, int]]:
    """Return a picture, (H, W) uint8, of ink and paper of any grey, and where the ink is: left, top.

    Most ink has a margin of its own size at most; some lies small on a sheet.
    """
    most = MARGIN
    if rng.random() < SHEETS:
        room = (SHEET / max(ink.shape) - 1) / 2
        most = max(MARGIN, min(room, SHEET_MARGIN * rng.random() ** 2))  # more of them near by than far off
    left, top, right, bottom = (rng.uniform(0.02, most, 4) * max(ink.shape)).astype(int) + 1
    pen, paper = rng.uniform(0, 255, 2)
    while abs(pen - paper) < CONTRAST:
        pen, paper = rng.uniform(0, 255, 2)
    sheet = paper + (pen - paper) * np.pad(ink, ((top, bottom), (left, right))) / 255
    if rng.random() < 0.5:
        sheet += rng.normal(0, rng.uniform(0, GRAIN), sheet.shape)
    return np.rint(sheet).clip(0, 255).astype(np.uint8), (int(left), int(top))
