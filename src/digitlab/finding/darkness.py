"""How much darker than its paper each pixel is: the map on which strokes are looked for, page-wide.

Three views of a page, because strokes come in all widths. The near view takes what is wider than a pen's stroke for
paper, so shadows, desks and fingers drop out and their edges hardly show; the far view, on a small copy, keeps
strokes as broad as a digit that fills the picture needs. The closer view, of twice as many pixels a side, is for small
digits, and only where there are any. Light ink on dark is turned over first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np

from digitlab.finding.components import Components, components
from digitlab.finding.ink import DIM, contrast_grey, find_ink, ink_is_dark, shrunk
from digitlab.finding.panels import has_panels
from digitlab.jobs import at_once

PAPER_SIDE = 400  # longer side of the copy on which the near view looks for paper, pixels
BROADEST = 1 / 24  # strokes up to this share of the longer side are strokes to the near view
FAINTEST = 9.0  # the lowest level at which ink is looked for, in 255ths of the paper's brightness
CLEAREST = 3.5  # and at least this many times the paper's own unevenness
# Above the first, the median may be that of lines; a lower quantile of bare paper, and its median in terms of that.
DOUBTFUL, LOWER, LOWER_TWICE = 6.0, 0.35, 2.0
STEP = 1.8  # from one level to the next
TOP = 190.0  # no level above
ROOM = 100  # pixels: no digit that can be read takes less room; a level with more pieces of ink shows grain
BAND, SOME = 16, 4  # rows by which grain is counted: bands so high, of which every so many is looked at
TALL = 400  # pixels: and of what is lower all are
STAYS, HIGHER = 0.6, 3  # with so much of them still there so many levels higher, pieces are no grain
FINE, COARSE = 1.5, 5.0  # grain (1 sigma, grey levels) from which on a picture is blurred a little, or more
LARGE = 1000  # pixels: in pictures as large as this a stroke is broader than the blur
RIM, LEAST_WITH_RIMS = 5, 200  # pixels of that copy: width of a rim; on smaller ones strokes are as broad
STROKE_SIDE = 150  # longer side of the copy on which dark strokes are told from light ones, pixels
TONE_SIDE = 256  # and of the one on which ink is told from paper
# Times more stroke on the dark side, or on the light one, and there is no need to look at the other. A strip of
# glare on a sheet that lies on a dark desk outweighs faint writing on it.
CERTAIN, CERTAIN_LIGHT = 1.5, 3.0
SMALL_SIDE = 640  # longer side of a picture up to which the closer view enlarges it, pixels
FINER = 2  # times
CLEAREST_GRAIN = 4.0  # times the grain: the least level at which ink is looked for in what is enlarged
RULED = 60  # in what the judge is shown: where a line was taken away
FAR_SIDE = 320  # longer side of the far view, pixels


@dataclass(frozen=True)
class View:
    """A map of darkness.

    Attributes:
        darkness: (height, width) uint8, 0 as bright as the paper, 255 black.
        levels: thresholds worth trying, lowest first.
        scale: pixels of the opened picture for each pixel of the map.
        far: whether this is the far view.
        light: whether it shows light ink on dark.
        finer: times as many pixels a side as the near view; 1 for all but the closer view.
        ruled: (height, width) uint8, 1 where a line of the page was taken away; None where none was.
        ruling: how thick such lines are, pixels of the map.
        lines: (height, width) uint8, 1 where rules saw a line of the page, though some of it may be the pen's and was
            kept; None where that was not asked.
    """

    darkness: np.ndarray
    levels: tuple[float, ...]
    scale: float
    far: bool
    light: bool = False
    finer: float = 1.0
    ruled: np.ndarray | None = None
    ruling: float = 0.0
    lines: np.ndarray | None = None
    _copies: dict[int, tuple[np.ndarray, np.ndarray | None]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )
    _components: dict[float, Components] = field(default_factory=dict, init=False, repr=False, compare=False)

    def components(self, level: float) -> Components:
        """Return the connected components of what is darker than a level; they are kept."""
        if level not in self._components:
            import cv2

            self._components[level] = components(cv2.threshold(self.darkness, level, 1, cv2.THRESH_BINARY)[1])
        return self._components[level]

    def smaller(self, step: int) -> tuple[np.ndarray, np.ndarray | None]:
        """Return the map with `step` x `step` pixels averaged into one, uint8; at the far edges perhaps fewer.

        And where lines were taken away, 0 to `RULED`, or None.
        """
        if step not in self._copies:
            ruled = None if self.ruled is None else _shrunk_by(step, self.ruled * np.uint8(RULED))
            self._copies[step] = _shrunk_by(step, self.darkness), ruled
        return self._copies[step]


def _shrunk_by(step: int, whole: np.ndarray) -> np.ndarray:
    import cv2

    if step == 1:
        return whole
    height, width = whole.shape
    padded = cv2.copyMakeBorder(whole, 0, -height % step, 0, -width % step, cv2.BORDER_REPLICATE)
    return cv2.resize(padded, (padded.shape[1] // step, padded.shape[0] // step), interpolation=cv2.INTER_AREA)


def strongest_grey(grey: np.ndarray, rgb: np.ndarray | None) -> np.ndarray:
    """Return the grey picture in which ink stands out most: `grey`, or a mixture of the colours of `rgb`."""
    contrast = None if rgb is None else contrast_grey(rgb)
    return grey if contrast is None else contrast


def views(grey: np.ndarray, threads: int = 1) -> list[View]:
    """Return the near view of a picture, or two where its ink may be dark or light, and the far view.

    Args:
        grey: (height, width) uint8, from `strongest_grey`; of the size that `digitlab.finding.sizes.near_copy` gives.
        threads: that work on it.
    """
    far = shrunk(grey, FAR_SIDE)
    scale = max(grey.shape) / max(far.shape)
    dark = ink_is_dark(shrunk(far, TONE_SIDE))
    grain = _grain(grey)
    near = [partial(_near, ~grey if light else grey, light, grain) for light in _lights(far, dark)]
    return at_once([*near, lambda: View(find_ink(far, dark), (50.0, 115.0), scale, True, not dark)], threads)


def on_panels(grey: np.ndarray, near: Sequence[View]) -> list[View]:
    """Return a near view of the other colour of ink where what the near views of one colour show is panels.

    Args:
        grey: (height, width) uint8, as for `views`.
        near: its near views so far.
    """
    lights = {view.light for view in near}
    light = lights == {True}
    if len(lights) != 1 or not has_panels(grey, light):
        return []
    return [_near(grey if light else ~grey, not light, _grain(grey))]


def closer(grey: np.ndarray, near: Sequence[View]) -> list[View]:
    """Return near views of a picture with more pixels, as many as it has or, if it is small, twice as many.

    Thresholds then part strokes that are a pixel apart. None of a picture that the near view shows as it is, and that
    is not small.

    Args:
        grey: (height, width) uint8, the picture, from `strongest_grey`.
        near: its near views, of dark ink, of light ink, or both; of the picture or of a smaller copy.
    """
    import cv2

    finer = max(grey.shape) / max(near[0].darkness.shape) if near else 1.0
    grain, floor = _grain(grey), 0.0
    if finer == 1 and max(grey.shape) <= SMALL_SIDE:
        finer, floor = float(FINER), CLEAREST_GRAIN * grain  # enlarged grain has the looks of strokes
        grey = cv2.resize(grey, (FINER * grey.shape[1], FINER * grey.shape[0]), interpolation=cv2.INTER_CUBIC)
    if finer == 1:
        return []
    seen = [_near(~grey if view.light else grey, view.light, grain, floor) for view in near]
    return [replace(view, scale=one.scale / finer, finer=finer) for view, one in zip(seen, near, strict=True)]


def _lights(small: np.ndarray, by_paper: bool) -> list[bool]:
    """Say whether strokes are light, or both where that is hard to say.

    A stroke is what a closing fills in, if it is dark, or an opening takes away, if it is light; steps of light, the
    edges of paper and of shadows do neither.

    Args:
        small: (height, width) uint8, a small copy of the picture.
        by_paper: whether ink is dark, as its paper says: it knows broad strokes, where the narrow window sees corners.
    """
    import cv2

    small = cv2.GaussianBlur(shrunk(small, STROKE_SIDE), (3, 3), 0)
    window = np.ones((5, 5), np.uint8)
    dark = float((cv2.morphologyEx(small, cv2.MORPH_BLACKHAT, window).astype(np.float32) ** 2).mean())
    light = float((cv2.morphologyEx(small, cv2.MORPH_TOPHAT, window).astype(np.float32) ** 2).mean())
    if dark > CERTAIN * light and by_paper:
        return [False]
    return [True] if light > CERTAIN_LIGHT * dark and not by_paper else [False, True]


def _window(small: np.ndarray) -> int:
    """Return the width, odd, of what is wider than the strokes of the near view."""
    return max(9, int(max(small.shape) * BROADEST) | 1)


def _continued(small: np.ndarray, reach: int) -> np.ndarray:
    """Return a picture with a margin all around, in which the trend of its light goes on."""
    import cv2

    trend = cv2.blur(small, (reach, reach))
    trend = trend.astype(np.int16)
    mirrored, edge = np.pad(trend, reach, mode="reflect"), np.pad(trend, reach, mode="edge")
    padded = (2 * edge - mirrored).clip(0, 255).astype(np.uint8)
    padded[reach:-reach, reach:-reach] = small
    return padded


def _grain(grey: np.ndarray) -> float:
    """Return the grain of a picture, 1 sigma in grey levels."""
    if grey.shape[1] < 3:
        return 0.0
    some = grey[:: max(1, len(grey) // 128)].astype(np.int16)
    # Differences of neighbours: of grain, not of light; the middle one is of paper, not of ink.
    difference = np.abs(some[:, 2:] - 2 * some[:, 1:-1] + some[:, :-2])
    return quantile(difference.clip(max=255).astype(np.uint8), 0.5) / 1.65


def _without_grain(grey: np.ndarray, grain: float) -> np.ndarray:
    """Return the picture blurred as far as its grain asks for."""
    import cv2

    if grain > COARSE:
        return cv2.GaussianBlur(grey, (5, 5), 0)
    if grain > FINE or max(grey.shape) > LARGE:
        return cv2.GaussianBlur(grey, (3, 3), 0)
    return grey


def quantile(levels: np.ndarray, share: float) -> float:
    """Return a quantile of uint8 values, counted, which is far faster than sorting them."""
    import cv2

    counts = cv2.calcHist([levels], [0], None, [256], [0, 256]).ravel()
    return float(np.searchsorted(np.cumsum(counts), share * levels.size))


def _unevenness(darkness: np.ndarray) -> float:
    """Return how dark bare paper is, of a map of darkness: its median, or less where lines cover so much of a page."""
    return min(quantile(darkness, 0.5), max(DOUBTFUL, LOWER_TWICE * quantile(darkness, LOWER)))


def _near(grey: np.ndarray, light: bool, grain: float, floor: float = 0.0) -> View:
    import cv2

    grey = _without_grain(grey, grain)
    small = cv2.GaussianBlur(shrunk(grey, PAPER_SIDE), (5, 5), 0)  # else the brightest of the grain is the paper
    window = _window(small)
    paper, blurred = paper_near_by(small, window, window / 4)
    # Some of the pixels tell how uneven paper is.
    step = max(1, max(grey.shape) // PAPER_SIDE)
    level = max(lowest_level(darker(grey[::step, ::step], blurred)), floor)
    darkness = darker(grey, paper)
    return View(darkness, without_specks(darkness, rising(level)), 1.0, False, light)


def paper_near_by(small: np.ndarray, window: int, sigma: float) -> tuple[np.ndarray, np.ndarray]:
    """Estimate the paper under dark strokes from what is close by.

    Args:
        small: (height, width) uint8, a small copy of the picture.
        window: the width, odd, of what is wider than its strokes, pixels; no more than the sides of the copy.
        sigma: of the blur that smooths the paper, pixels.

    Returns:
        How bright it is at each pixel, and the same before the rims beside steps of light were cut; like `small`.
    """
    import cv2

    # Light that falls off towards the border goes on falling beyond it: else the border would look inked.
    closed = cv2.morphologyEx(_continued(small, window), cv2.MORPH_CLOSE, np.ones((window, window), np.uint8))
    # Beside a step of light blurred paper is too bright on the dark side, which would look inked along the step.
    bell = cv2.getGaussianKernel(2 * round(3 * sigma) + 1, sigma, cv2.CV_32F)
    blurred = cv2.sepFilter2D(closed, cv2.CV_8U, bell, bell)  # a third of the time of GaussianBlur
    rim = RIM if max(small.shape) >= LEAST_WITH_RIMS else 1
    paper = cv2.min(blurred, cv2.erode(closed, np.ones((rim, rim), np.uint8)))
    inner = np.s_[window:-window, window:-window]
    return paper[inner], blurred[inner]


def lowest_level(darkness: np.ndarray) -> float:
    """Return the lowest level at which ink is looked for on a map of darkness, uint8 of any size.

    Paper is most of a page: the darkness of its middling pixel is its unevenness.
    """
    step = max(1, max(darkness.shape) // PAPER_SIDE)
    return max(FAINTEST, CLEAREST * _unevenness(darkness[::step, ::step]))


def rising(level: float) -> tuple[float, ...]:
    """Return levels from the given one on, each `STEP` times the one before, none above `TOP` but the first."""
    levels = [level]
    while levels[-1] * STEP < TOP:
        levels.append(levels[-1] * STEP)
    return tuple(levels)


def falling(levels: tuple[float, ...], least: float) -> tuple[float, ...]:
    """Return levels with others before them, each a `STEP`th of the one after, none below the given one."""
    more: list[float] = []
    while (level := (more or levels)[0] / STEP) >= least:
        more.insert(0, level)
    return *more, *levels


def without_specks(darkness: np.ndarray, levels: tuple[float, ...]) -> tuple[float, ...]:
    """Return levels without the lowest, at which a page shows more pieces than it would have room for digits.

    What is still there on a far higher level is no grain but writing, however much of it there is.
    """
    least = 0
    while least < len(levels) - 1 and (specks := _specks(darkness, levels[least])) * ROOM > 1:
        higher = least + HIGHER
        if higher < len(levels) and _specks(darkness, levels[higher]) > STAYS * specks:
            break
        least += 1
    return levels[least:]


def _specks(darkness: np.ndarray, level: float) -> float:
    """Return how many pieces of ink a pixel of the page has at a level, by the corners where ink begins."""
    some = SOME if len(darkness) >= TALL else 1  # of few bands, some might all be rows of writing
    bands = darkness[: len(darkness) // BAND * BAND].reshape(-1, BAND, darkness.shape[1])[::some]
    ink = bands > np.uint8(level)
    begins = ink[:, 1:, 1:-1] & ~(ink[:, 1:, :-2] | ink[:, :-1, :-2] | ink[:, :-1, 1:-1] | ink[:, :-1, 2:])
    return float(np.count_nonzero(begins)) / max(1, begins.size)


def darker(grey: np.ndarray, paper: np.ndarray) -> np.ndarray:
    """Return how much darker a picture is than its paper, a picture of any size: 0 to 255."""
    import cv2

    if paper.shape != grey.shape:
        paper = cv2.resize(paper, grey.shape[::-1], interpolation=cv2.INTER_LINEAR)
    return cv2.divide(cv2.subtract(paper, grey), cv2.max(paper, DIM), scale=255)
