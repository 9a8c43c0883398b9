"""What is written with: colours and textures of ink, and how they are laid on paper.

Ink is laid piece by piece on the page's pixels: a mask of uint8 says how much of it lies where, the ink's density
how much of the paper it hides, and its grain how much the tooth of the paper shows through.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

TOOTH = 256  # side of the tile of paper tooth, pixels

# Colours in RGB, and the contrasts that a pen of the kind is found with (least, most).
_COLOURS = {
    "ballpoint": [(28, 42, 130), (20, 30, 105), (45, 70, 165), (25, 25, 35), (20, 22, 28), (165, 30, 40), (25, 95, 60)],
    "gel": [(15, 15, 20), (20, 35, 120), (150, 20, 35), (85, 30, 120)],
    "pencil": [(70, 70, 75), (55, 55, 60), (90, 90, 92)],
    "marker": [(15, 15, 18), (20, 20, 30), (25, 40, 140), (185, 25, 35), (20, 110, 60), (150, 70, 20)],
    "chalk": [(240, 240, 235), (240, 235, 170), (245, 190, 190), (190, 215, 245)],
    "white": [(255, 255, 255), (255, 255, 255), (235, 235, 235), (255, 240, 120)],
    "digital": [(0, 0, 0), (0, 0, 0), (10, 10, 10), (0, 0, 200), (200, 0, 0), (0, 110, 0)],
}
_CONTRASTS = {
    "ballpoint": (0.3, 0.8),
    "gel": (0.5, 0.9),
    "pencil": (0.18, 0.5),
    "marker": (0.5, 0.95),
    "chalk": (0.25, 0.8),
    "white": (0.5, 1.0),
    "digital": (0.4, 1.0),
}
_GRAINS = {"ballpoint": 0.2, "gel": 0.05, "pencil": 0.6, "marker": 0.05, "chalk": 0.7, "white": 0.0, "digital": 0.0}


@dataclass(frozen=True)
class Ink:
    """An ink on its paper.

    Attributes:
        kind: ballpoint, gel, pencil, marker, chalk, white or digital.
        colour: (3,) float32 RGB, 0 to 255.
        density: how much of the paper full ink hides, 0 to 1.
        grain: how much the paper's tooth takes from the ink, 0 to 1.
        contrast: of full ink against the paper, in parts of the whole range, 0 to 1.
        hard: whether its edges have no half tones, as in a paint program.
    """

    kind: str
    colour: np.ndarray
    density: float
    grain: float
    contrast: float
    hard: bool = False

    @classmethod
    def ghost(cls, colour: tuple[int, int, int], density: float) -> Ink:
        """Return an ink that is hardly seen: writing of the other side that shows through."""
        return cls("ghost", np.asarray(colour, np.float32), density, 0.0, density)

    @classmethod
    def random(cls, rng: np.random.Generator, kind: str, paper: np.ndarray) -> Ink:
        """Draw an ink of a kind that can be seen on a paper of a colour, (3,) RGB."""
        colours = np.asarray(_COLOURS[kind], np.float32)
        away = np.abs(luminance(colours) - luminance(np.asarray(paper, np.float32))) / 255
        colour = colours[int(rng.choice(np.flatnonzero(away >= 0.75 * away.max())))]
        possible = abs(luminance(colour) - luminance(np.asarray(paper, np.float32))) / 255
        low, high = _CONTRASTS[kind]
        wanted = low + (high - low) * rng.random() if rng.random() < 0.93 else rng.uniform(0.16, 0.26)
        density = float(min(1.0, wanted / possible))
        grain = _GRAINS[kind] * rng.uniform(0.5, 1)
        hard = kind in ("digital", "white") and rng.random() < 0.5
        return cls(kind, colour, density, grain if wanted > 0.25 else 0.5 * grain, density * possible, hard)

    def lay(self, page: np.ndarray, mask: np.ndarray, left: int, top: int, tooth: np.ndarray) -> None:
        """Lay ink on a page, in place.

        Args:
            page: (H, W, 3) uint8.
            mask: (h, w) uint8, how much ink; what reaches over the page's edges is left out.
            left, top: where the mask's corner lies on the page, pixels; may be negative.
            tooth: (TOOTH, TOOTH) float32, 0 to 1, repeated over the page.
        """
        bottom, right = min(top + mask.shape[0], page.shape[0]), min(left + mask.shape[1], page.shape[1])
        first, start = max(top, 0), max(left, 0)
        if bottom <= first or right <= start:
            return
        mask = mask[first - top : bottom - top, start - left : right - left]
        if self.hard:
            mask = np.where(mask > 110, np.uint8(255), np.asarray(0, np.uint8))
        cover = mask * np.float32(self.density / 255)
        if self.grain:
            rows, columns = np.arange(first, bottom) % TOOTH, np.arange(start, right) % TOOTH
            cover *= 1 - self.grain * tooth[rows[:, None], columns]
        under = page[first:bottom, start:right].astype(np.float32)
        under += (self.colour - under) * cover[..., None] + 0.5
        page[first:bottom, start:right] = under


def luminance(colour: np.ndarray) -> np.ndarray:
    """Return the luminance (...,) of RGB colours (..., 3), in the same units (ITU-R BT.601)."""
    return colour @ np.asarray([0.299, 0.587, 0.114], np.float32)


def make_tooth(rng: np.random.Generator) -> np.ndarray:
    """Return the tooth of a paper, (TOOTH, TOOTH) float32: 0 where ink takes fully, 1 where least, in patches."""
    import cv2

    fine = cv2.GaussianBlur(rng.random((TOOTH, TOOTH), dtype=np.float32), (0, 0), rng.uniform(0.5, 1.1))
    fine = np.clip((fine - fine.mean()) / (3 * fine.std()) + 0.5, 0, 1)
    coarse = cv2.resize(rng.random((12, 12), dtype=np.float32), (TOOTH, TOOTH), interpolation=cv2.INTER_CUBIC)
    return np.clip(0.7 * fine + 0.4 * coarse - 0.1, 0, 1)
