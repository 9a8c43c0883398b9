"""How a page becomes a file: seen at an angle by a lens and a sensor, or scanned, then compressed.

Everything keeps to what a person can still read: blur is bounded by the width of the stroke, noise and
compression by the contrast of the ink.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from digitlab.data.papers import fine, tiled, tinted

BLEACHABLE = 0.2  # of the whole range: ink of less contrast is lost when the paper is made white
MUCH = 0.2  # of a picture in two levels is ink at most
LIGHT = 90  # mean of a page, of 255, above which it is paper, no board


@dataclass(frozen=True)
class Seen:
    """What there is to be seen, so that the camera leaves it legible: pixels and parts of the whole range."""

    stroke: float
    contrast: float


def turn(
    rng: np.random.Generator, page: np.ndarray, owner: np.ndarray, boxes: np.ndarray, desk: bool
) -> tuple[np.ndarray, np.ndarray]:
    """See a page at an angle.

    Args:
        rng: decides on the angles.
        page: (H, W, 3) uint8.
        owner: (H, W) uint16, turned alike.
        boxes: (N, 4) left, top, right, bottom of what must stay within the image.
        desk: whether the page's edges may be seen, and what it lies on.

    Returns:
        Page and owner of the same size, turned; as they were where no turn would do.
    """
    import cv2

    height, width = owner.shape
    corners = np.asarray([(0, 0), (width, 0), (width, height), (0, height)], np.float32)
    spread = 15 if rng.random() < 0.08 else 8
    angle = math.radians(float(np.clip(rng.normal(0, spread / 2.5), -spread, spread)))
    pull = rng.normal(0, 0.035, (4, 2)) * (width, height)
    strength = 1.0
    while strength > 0.05:
        cos, sin = math.cos(strength * angle), math.sin(strength * angle)
        around = corners - corners.mean(axis=0)
        moved = around @ np.asarray([[cos, sin], [-sin, cos]], np.float32) + strength * pull
        scale = rng.uniform(0.75, 0.95) if desk else _covering(moved, width, height)
        moved = np.asarray(moved * scale + corners.mean(axis=0), np.float32)
        matrix = cv2.getPerspectiveTransform(corners, moved)
        if _inside(matrix, boxes, width, height):
            break
        strength *= 0.6
    else:
        return page, owner
    turned = cv2.warpPerspective(page, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    owner = cv2.warpPerspective(owner, matrix, (width, height), flags=cv2.INTER_NEAREST)
    if desk:
        sheet = np.zeros((height, width), np.uint8)
        cv2.fillConvexPoly(sheet, np.asarray(moved * 16, np.int32), 255, cv2.LINE_AA, 4)
        turned = _on_desk(rng, turned, sheet)
    return turned, owner


def _covering(corners: np.ndarray, width: int, height: int) -> float:
    """Return by how much a quadrangle around (0, 0) must grow to cover the image, at least 1 (nearly)."""
    import cv2

    edge = np.asarray([(x * width / 2, y * height / 2) for x in (-1, 1) for y in (-1, 1)], np.float32)
    scale = 1.0
    while scale < 1.6:
        grown = np.asarray(corners * scale, np.float32).reshape(-1, 1, 2)
        if all(cv2.pointPolygonTest(grown, (float(x), float(y)), False) >= 0 for x, y in edge):
            break
        scale += 0.02
    return scale


def _inside(matrix: np.ndarray, boxes: np.ndarray, width: int, height: int) -> bool:
    """Whether all boxes (N, 4) stay within the image when moved by a (3, 3) matrix."""
    if not len(boxes):
        return True
    points = np.concatenate([boxes[:, [0, 1]], boxes[:, [2, 1]], boxes[:, [2, 3]], boxes[:, [0, 3]]])
    moved = np.concatenate([points, np.ones((len(points), 1))], axis=1) @ matrix.T
    moved = moved[:, :2] / moved[:, 2:]
    return bool((moved >= 2).all() and (moved <= (width - 2, height - 2)).all())


def _on_desk(rng: np.random.Generator, page: np.ndarray, sheet: np.ndarray) -> np.ndarray:
    """Put a desk around a page, where `sheet` (H, W) uint8 is 0, with the page's shadow on it."""
    import cv2

    height, width = sheet.shape
    colour = np.asarray(rng.uniform(15, 210) * np.array([1, rng.uniform(0.7, 1), rng.uniform(0.45, 1)]), np.float32)
    texture = tiled(fine(rng, rng.uniform(0.5, 3)) * rng.uniform(1, 9), height, width)
    desk = tinted(np.ascontiguousarray(texture), colour)
    border = cv2.boxFilter(sheet, -1, (9, 9))
    desk = cv2.multiply(desk, cv2.merge([255 - border // 3] * 3), scale=1 / 255)
    cover = cv2.merge([sheet] * 3)
    return cv2.add(cv2.multiply(page, cover, scale=1 / 255), cv2.multiply(desk, 255 - cover, scale=1 / 255))


def intrude(rng: np.random.Generator, page: np.ndarray, owner: np.ndarray) -> np.ndarray:
    """Let something reach in from the border: a finger, a pen, the edge of a phone; never over a digit.

    Args:
        rng: decides what and where.
        page: (H, W, 3) uint8.
        owner: (H, W) uint16, 0 where there is no digit.

    Returns:
        The page, unchanged where there is no room.
    """
    import cv2

    height, width = owner.shape
    side, along = int(rng.integers(4)), rng.uniform(0.05, 0.95)
    start = [(along, 0.0), (1.0, along), (along, 1.0), (0.0, along)][side]
    inward = math.pi / 2 * (side + 1) + rng.normal(0, 0.5)
    finger = rng.random() < 0.5
    reach = max(height, width) * rng.uniform(0.05, 0.3)
    thick = max(2, round(min(height, width) * (rng.uniform(0.08, 0.25) if finger else rng.uniform(0.02, 0.15))))
    border = np.array(start) * (width, height)
    toward = np.array([math.cos(inward), math.sin(inward)])
    first, last = (np.asarray(border + step * toward, np.int32).tolist() for step in (-thick, reach))
    mask = np.zeros(owner.shape, np.uint8)
    cv2.line(mask, first, last, 255, thick, cv2.LINE_AA)
    if owner[cv2.dilate(mask, np.ones((9, 9), np.uint8)) > 0].any():
        return page
    mask = cv2.GaussianBlur(mask, (0, 0), rng.uniform(0.6, 2.5))
    skin = np.array([205, 150, 120]) * rng.uniform(0.35, 1.15)
    colour = skin if finger else rng.uniform(0, 1, 3) * rng.choice([40, 120, 220])
    cover = cv2.merge([mask] * 3)
    thing = cv2.multiply(cv2.merge([mask] * 3), tuple(float(value) for value in (*colour, 0)), scale=1 / 255)
    return cv2.add(cv2.multiply(page, 255 - cover, scale=1 / 255), thing)


def expose(rng: np.random.Generator, page: np.ndarray, seen: Seen, poor: float) -> tuple[np.ndarray, str]:
    """Take the picture: lens, sensor, tone and compression.

    Args:
        rng: decides on everything.
        page: (H, W, 3) uint8 RGB.
        seen: what must stay legible.
        poor: 0 for a fine camera to 1 for a poor one.

    Returns:
        The picture, of the same size, and what the camera did, for people.
    """
    import cv2

    facts = []
    limit = 0.25 + 0.3 * seen.stroke  # a stroke that is blurred more is gone
    sigma = limit * poor * rng.random() ** 1.5
    if sigma > 0.3:
        page = cv2.GaussianBlur(page, (0, 0), sigma)
        facts.append(f"blur {sigma:.1f}")
    length = seen.stroke * rng.uniform(0.5, 1.4)
    if rng.random() < 0.12 * poor and length >= 2:
        page = cv2.filter2D(page, -1, _motion(length, rng.uniform(0, math.pi)))
        facts.append("motion")
    noise = min(16, 255 * seen.contrast * 0.12 * min(1.5, math.sqrt(seen.stroke / 2))) * poor * rng.random() ** 1.5
    if noise > 0.5:
        page = cv2.add(page, _noise(rng, noise, page.shape[0], page.shape[1]), dtype=cv2.CV_8U)
        facts.append(f"noise {noise:.0f}")
    if rng.random() < 0.25 * poor:
        soft = cv2.GaussianBlur(page, (0, 0), rng.uniform(0.8, 2))
        page = cv2.addWeighted(page, 1 + (much := rng.uniform(0.3, 1.2)), soft, -much, 0)
        facts.append("sharpened")
    if rng.random() < 0.7:
        gamma, gains = math.exp(0.15 * rng.standard_normal()), np.exp(rng.normal(0, 0.035, 3)) * rng.uniform(0.85, 1.08)
        tones = 255 * (np.arange(256)[:, None] / 255) ** gamma * gains
        page = cv2.LUT(page, np.asarray(np.clip(tones, 0, 255), np.uint8).reshape(1, 256, 3))
    if seen.contrast > BLEACHABLE and page.mean() > LIGHT and rng.random() < 0.08:
        page = bleached(rng, page, seen)
        facts.append("bleached")
    elif seen.contrast > BLEACHABLE and rng.random() < 0.06:
        page = in_two_levels(rng, page, seen)
        facts.append("two levels")
    quality = int(rng.integers(25, 96))
    quality = max(quality, 70 if seen.contrast < 0.25 else 50 if seen.contrast < 0.4 or seen.stroke < 1.5 else 25)
    if rng.random() < 0.8:
        page = compressed(page, quality)
        facts.append(f"JPEG {quality}")
    return page, ", ".join(facts) or "clean"


def bleached(rng: np.random.Generator, page: np.ndarray, seen: Seen) -> np.ndarray:
    """Return a page as an app that makes scans of photos does: its paper made white, its ink dark, its dirt too."""
    import cv2

    grey = cv2.cvtColor(page, cv2.COLOR_RGB2GRAY)
    cells = 8 if max(grey.shape) > 400 else 4
    small = cv2.resize(grey, (max(2, grey.shape[1] // cells), max(2, grey.shape[0] // cells)))
    reach = 2 * max(2, round(rng.uniform(3, 8) * max(1.0, 4 * seen.stroke / cells))) + 1
    paper = cv2.resize(cv2.blur(cv2.dilate(small, np.ones((3, 3), np.uint8)), (reach, reach)), grey.shape[::-1])
    ratio = cv2.divide(page, cv2.merge([paper] * 3), scale=255)
    ink = 1 - seen.contrast  # about what the ink's ratio to its paper is
    white = rng.uniform(0.6, 0.97) * (1 - ink) + ink
    black = rng.uniform(0.0, 0.8) * (white - ink) + ink if rng.random() < 0.5 else rng.uniform(0.3, 1.0) * ink
    tones = np.clip((np.arange(256) / 255 - black) / max(0.05, white - black), 0, 1) * 255
    page = cv2.LUT(ratio, np.asarray(tones, np.uint8))
    return cv2.merge([cv2.cvtColor(page, cv2.COLOR_RGB2GRAY)] * 3) if rng.random() < 0.6 else page


def in_two_levels(rng: np.random.Generator, page: np.ndarray, seen: Seen) -> np.ndarray:
    """Return a page in black and white, as fax, stamps of scanners and simple programs make it: thin strokes break up.

    What is ink is decided pixel by pixel against the paper close by, with some grain, and no cleaner than that.
    """
    import cv2

    grey = cv2.cvtColor(page, cv2.COLOR_RGB2GRAY)
    reach = 2 * max(4, round(rng.uniform(3, 8) * seen.stroke)) + 1
    light = page.mean() > LIGHT  # else a board, on which ink is lighter than what it is on
    around = np.ones((reach, reach), np.uint8)
    paper = cv2.blur(cv2.dilate(grey, around) if light else cv2.erode(grey, around), (reach, reach))
    off = cv2.subtract(paper, grey) if light else cv2.subtract(grey, paper)
    grain = _noise(rng, 255 * seen.contrast * rng.uniform(0.0, 0.12), *grey.shape)[..., 0]
    least = 255 * seen.contrast * rng.uniform(0.3, 0.75)
    ink = off + grain > least
    if ink.mean() > MUCH:  # paper that is lost in its own grain and shade
        return page
    ink ^= rng.random() < 0.5
    return cv2.merge([ink.astype(np.uint8) * np.uint8(255)] * 3)


def compressed(page: np.ndarray, quality: int) -> np.ndarray:
    """Return a picture as JPEG of a quality (0 to 100) leaves it."""
    import cv2

    coded = cv2.imencode(".jpg", page, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR))


def _motion(length: float, angle: float) -> np.ndarray:
    """Return the kernel of a camera moved by `length` pixels."""
    import cv2

    side = 2 * math.ceil(length / 2) + 1
    kernel = np.zeros((side, side), np.float32)
    reach = np.array([math.cos(angle), math.sin(angle)]) * length / 2
    ends = np.asarray(np.round((side // 2 + np.stack([-reach, reach])) * 16), np.int32)
    cv2.line(kernel, ends[0].tolist(), ends[1].tolist(), 1.0, 1, cv2.LINE_AA, 4)
    kernel[side // 2, side // 2] = max(float(kernel[side // 2, side // 2]), 0.5)
    return kernel / kernel.sum()


def _noise(rng: np.random.Generator, sigma: float, height: int, width: int) -> np.ndarray:
    """Return sensor noise (H, W, 3) int16 of standard deviation `sigma`: brightness, and less of colour."""
    softness = rng.choice([0.0, 0.0, 0.6, 1.0])
    tile = fine(rng, softness, 211)[..., None] + rng.uniform(0, 0.6) * np.stack(
        [fine(rng, softness, 211) for _ in range(3)], axis=2
    )
    return tiled(np.asarray(np.rint(tile * sigma), np.int16), height, width)


def through_screen(rng: np.random.Generator, page: np.ndarray) -> np.ndarray:
    """Return a page as it looks when a screen that shows it is photographed: pixel grid and moire."""
    import cv2

    height, width = page.shape[:2]
    period, angle = rng.uniform(2.2, 6), rng.normal(0, 0.08)
    x = np.arange(width, dtype=np.float32)[None, :]
    y = np.arange(height, dtype=np.float32)[:, None]
    phase = np.float32(2 * math.pi / period) * (math.cos(angle) * x + math.sin(angle) * y)
    fringe = np.float32(2 * math.pi / rng.uniform(40, 160)) * (
        x * np.float32(rng.normal()) + y * np.float32(rng.normal())
    )
    wave = 1 - rng.uniform(0.02, 0.08) * (1 + np.sin(phase)) - rng.uniform(0.0, 0.05) * (1 + np.sin(fringe))
    return cv2.multiply(page, cv2.merge([np.asarray(255 * wave, np.uint8)] * 3), scale=1 / 255)
