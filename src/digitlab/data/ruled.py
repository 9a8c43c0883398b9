"""Crops of ruled pages, with what on them is the pen's: what a map of the pen learns from.

They come off synthetic notebooks, tables and forms on which the reader has found lines, as it sees them: most of those
whose lines are nearly as dark as the pen, some of the others, and more of nets of lines, which are rare. Pages on which
other things lie about are left out, since it is not known of these where they are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from digitlab.data.digits import Digits
from digitlab.data.making import made
from digitlab.data.pages import Page, make_page
from digitlab.finding.darkness import View, closer, strongest_grey, views
from digitlab.finding.ink import shrunk
from digitlab.finding.nets import lowered
from digitlab.finding.penmap import CHANNELS, in_doubt, seen
from digitlab.finding.rulings import without_rulings
from digitlab.finding.sizes import NEAR_SIDE

KINDS = {"notebook": 0.6, "table": 0.2, "form": 0.2}  # of pages, with their shares
SIDE = 192  # of a crop, pixels
CROPS, ELSE, OF_NETS = 3, 1, 8  # of a view whose lines are dark, of another one with lines, and of a net
DARK = 3.5  # lines are dark unless the pen is so many times as dark
TRIES = 5  # to find a crop with something of the pen
CLOSER = 0.3  # share of pages that are also looked at closer
CHUNK = 20  # pages made at a time by one process


def generate(
    pages: int, seed: int, bank: Digits | None, workers: int = 1, listen: Callable[[int], None] = lambda made: None
) -> np.ndarray:
    """Return crops of so many pages, (N, SIDE, SIDE, CHANNELS + 1) uint8: what is seen, and 1 where the pen was.

    For arguments see `digitlab.data.joined.generate`.
    """
    found = [np.empty((0, SIDE, SIDE, CHANNELS + 1), np.uint8)]
    for number, some in enumerate(made(_chunk, range(seed, seed + pages, CHUNK), bank, workers), 1):
        found.append(some)
        listen(min(pages, number * CHUNK))
    return np.concatenate(found)


def _chunk(start: int, bank: Digits | None) -> np.ndarray:
    found = [np.empty((0, SIDE, SIDE, CHANNELS + 1), np.uint8)]
    for number in range(start, start + CHUNK):
        rng = np.random.default_rng(number)
        page = make_page(number, bank, str(rng.choice(list(KINDS), p=list(KINDS.values()))))
        if "litter" not in page.facts:
            found += [crop[None] for crop in crops_of(page, rng)]
    return np.concatenate(found)


def crops_of(page: Page, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """Yield crops of a page, as far as lines are found on it."""
    whole = strongest_grey(page.image.mean(axis=2).astype(np.uint8), page.image)
    small = shrunk(whole, NEAR_SIDE) if max(whole.shape) > NEAR_SIDE else whole
    near = [view for view in views(small) if not view.far]
    if rng.random() < CLOSER:
        near += closer(whole, near)
    for view in near:
        low = lowered(view)
        bare = without_rulings(low)
        net = low is not view
        if (net or bare.ruled is not None) and (pen := _pen(view, page)) is not None:
            count = OF_NETS if net else CROPS if in_doubt(bare, view, DARK) else ELSE
            yield from _crops(np.dstack([seen(view, page.image), pen]), count, rng)


def _pen(view: View, page: Page) -> np.ndarray | None:
    """Return where on a view the pen was, (H, W) uint8, 0 or 1; None where the view takes it for paper."""
    rows, columns = (
        ((np.arange(size) + 0.5) * whole / size).astype(int)
        for size, whole in zip(view.darkness.shape, page.owner.shape, strict=True)
    )
    pen = page.owner[np.ix_(rows, columns)] > 0
    if pen.any() and view.darkness[pen].mean() < view.darkness[~pen].mean():
        return None
    return pen.view(np.uint8)


def _crops(whole: np.ndarray, count: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
    margins = [(0, max(0, SIDE - side)) for side in whole.shape[:2]]
    whole = np.pad(whole, (*margins, (0, 0)))
    for _ in range(count):
        for _ in range(TRIES):
            top, left = (int(rng.integers(side - SIDE + 1)) for side in whole.shape[:2])
            crop = whole[top : top + SIDE, left : left + SIDE]
            if crop[..., -1].any():
                break
        yield crop
