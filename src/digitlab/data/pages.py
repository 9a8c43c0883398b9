"""Synthetic pages, made as they are needed: they train what finds and reads digits in real photos, and test it.

    layout (layouts, forms) -> writers and inks -> paper (papers), panels -> light -> camera -> Page

A page depends on its seed, its kind and the bank of digits alone. Every labelled digit can be read by a person:
it is whole, its ink stands out, and blur and noise stay within what its stroke and contrast bear.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from digitlab.data.annotations import annotate
from digitlab.data.camera import Seen, expose, intrude, through_screen, turn
from digitlab.data.digits import Digits
from digitlab.data.distractors import distractor
from digitlab.data.forms import LAYOUTS, litter
from digitlab.data.inks import Ink, make_tooth
from digitlab.data.lights import light_up
from digitlab.data.panels import on_panels
from digitlab.data.papers import PAPERS, PICTURES, Paper, make_paper
from digitlab.data.sheets import Sheet
from digitlab.errors import UsageError

KINDS: dict[str, float] = {kind: share for kind, (share, _) in LAYOUTS.items()}
"""Layouts of pages, with the share that each has where no kind is asked for."""

BARE = ("distractors", "empty", "lone")
"""Layouts without any digit."""

CROPS = ("tiny", "single", "long", "text")
"""Layouts beside which nothing else has room, or that have enough of it."""

AROUND = ("panels", "marks")
"""What may be around digits: patches of their paper, with something of another grey beside them; rings and lines."""

SHEETS = ("white", "cream", "grey", "crumpled", "scan")
"""Papers through which the other side can be seen."""

FULL = 64  # ink from which on a pixel is the digit's, of 255
SIZES = (90, 1600)  # least and greatest longer side of a page, pixels


@dataclass(frozen=True)
class Written:
    """A digit on a page: its label, 0 to 9, and its box in pixels: left, top, right, bottom (exclusive)."""

    label: int
    box: tuple[int, int, int, int]


@dataclass(frozen=True)
class Page:
    """A synthetic page and what is written on it.

    Attributes:
        image: (H, W, 3) uint8 RGB, as a camera or a scanner gives it.
        owner: (H, W) uint16: 1 + the index in `digits` of the digit whose ink a pixel mainly is, or 0.
        digits: every digit of the page.
        lines: indices of digits; lines in reading order, digits left to right.
        facts: layout, order, paper, pen, light and camera in words, for figures by kind; litter, if there is some, and
            what is around the digits.
    """

    image: np.ndarray
    owner: np.ndarray
    digits: tuple[Written, ...]
    lines: tuple[tuple[int, ...], ...]
    facts: dict[str, str]

    @property
    def rows(self) -> list[str]:
        """What is to be read: the digits of each line."""
        return ["".join(str(self.digits[index].label) for index in line) for line in self.lines]


def make_page(seed: int, digits: Digits | None = None, kind: str | None = None, around: str | None = None) -> Page:
    """Make a page.

    Args:
        seed: 0 or more; the same seed, kind and digits give the same page.
        digits: a bank of digits in MNIST's form that is mixed with the pen's; without it, the pen writes them all.
        kind: a key of KINDS; by default drawn by its weights.
        around: what is around its digits, one of AROUND; by default nothing but what the layout has.

    Returns:
        A Page whose longer side is 90 to 1,600 pixels, and whose shorter one at least 40.

    Raises:
        UsageError: `seed` is negative, or there is no such kind, or nothing such to be around digits.
    """
    if seed < 0:
        raise UsageError(f"the seed of a page must be 0 or more, but is {seed}")
    if kind is not None and kind not in LAYOUTS:
        raise UsageError(f'there is no kind of page "{kind}"; take one of {", ".join(LAYOUTS)}')
    if around is not None and around not in AROUND:
        raise UsageError(f'digits have no "{around}" around them; take one of {", ".join(AROUND)}')
    rng = np.random.default_rng(seed)
    if kind is None:
        kind = _draw(rng, KINDS)
    height, width, over = _size(rng, kind)
    material = _draw(rng, PAPERS)
    stroke = float(rng.uniform(1, 4)) * over if material in PICTURES and rng.random() < 0.5 else None
    sheet = _filled(rng, kind, (height * over, width * over), digits, stroke)
    if around == "marks":
        annotate(sheet)
    paper = make_paper(rng, sheet.height, sheet.width, material)
    image, owner, seen = _written(sheet, paper)
    if around == "panels":
        image = on_panels(rng, image, sheet.pieces)
    if around:
        sheet.facts["around"] = around
    image, owner = _photographed(sheet, paper, image, owner, seen, over)
    return _page(sheet, image, owner)


def _draw(rng: np.random.Generator, weights: dict[str, float]) -> str:
    """Draw a key by its weight."""
    shares = np.array(list(weights.values()))
    return str(rng.choice(list(weights), p=shares / shares.sum()))


def _size(rng: np.random.Generator, kind: str) -> tuple[int, int, int]:
    """Return height and width of a page of a kind, and how many times larger it is written than photographed."""
    if kind == "tiny":
        height = int(rng.integers(40, 131)) if rng.random() < 0.5 else int(rng.integers(40, 71))
        return height, min(max(round(height * rng.uniform(1.0, 4.0)), 90), 400), 2
    longer = math.exp(rng.uniform(math.log(150), math.log(SIZES[1])))
    usual = rng.choice([0.7, 0.75, 1, 1.33, 1.5])
    ratio = {"long": rng.uniform(2, 7), "column": rng.uniform(0.3, 0.9)}.get(kind, usual)
    ratio *= math.exp(0.1 * rng.standard_normal())
    if kind in ("single", "lone"):
        longer = max(0.5 * longer, SIZES[0])
    sides = max(SIZES[0], round(longer)), max(40, round(longer * min(ratio, 1 / ratio)))
    return (sides[0], sides[1], 1) if ratio < 1 else (sides[1], sides[0], 1)


def _filled(
    rng: np.random.Generator, kind: str, shape: tuple[int, int], bank: Digits | None, stroke: float | None
) -> Sheet:
    """Return a sheet of `shape` that a layout has filled: with at least one digit where the kind has digits."""
    while True:
        sheet = Sheet(rng, bank, *shape, stroke=stroke)
        LAYOUTS[kind][1](sheet)
        sheet.facts["layout"] = kind
        if kind in BARE:
            return sheet
        if any(piece.label is not None for piece in sheet.pieces):
            if kind not in CROPS and rng.random() < 0.2:
                litter(sheet)
                sheet.facts["litter"] = "some"
            return sheet


def _written(sheet: Sheet, paper: Paper) -> tuple[np.ndarray, np.ndarray, Seen]:
    """Write a sheet on a paper; return the page, the owner of each pixel, and how well it can be seen."""
    import cv2

    rng, page = sheet.rng, paper.pixels
    kinds = [_pen(rng, paper, writer.width / writer.height) for writer in sheet.writers] + [_pen(rng, paper, 0.1)]
    pens = [Ink.random(rng, kind, paper.colour) for kind in kinds]
    print_ink = _print_ink(rng, paper)
    tooth = make_tooth(rng)
    if paper.kind in SHEETS and rng.random() < 0.1:
        _show_through(rng, page, tooth)
    for rule in sheet.rules:
        edge = math.ceil(rule.width) + 2
        low = np.floor(rule.points.min(axis=0)).astype(int) - edge
        high = np.ceil(rule.points.max(axis=0)).astype(int) + edge
        mask = np.zeros((high - low)[::-1], np.uint8)
        dots = np.asarray((rule.points - low) * 16, np.int32)
        cv2.polylines(mask, [dots], False, 255, max(1, round(rule.width)), cv2.LINE_AA, 4)
        (print_ink if rule.printed else pens[0]).lay(page, mask, int(low[0]), int(low[1]), tooth)
    owner = np.zeros(page.shape[:2], np.uint16)
    best = np.full(page.shape[:2], FULL, np.uint8)
    index = 0
    for piece in sheet.pieces:
        pens[piece.pen].lay(page, piece.ink, piece.left, piece.top, tooth)
        if piece.label is not None:
            index += 1
            where = np.s_[piece.top : piece.top + piece.ink.shape[0], piece.left : piece.left + piece.ink.shape[1]]
            mine = piece.ink > best[where]
            owner[where][mine] = index
            best[where][mine] = piece.ink[mine]
    sheet.facts |= {"paper": paper.kind, "pen": ", ".join(kinds[:-1])}
    stroke = min(writer.width for writer in sheet.writers)
    return page, owner, Seen(stroke, min(pen.contrast for pen in pens[:-1]))


def _pen(rng: np.random.Generator, paper: Paper, ratio: float) -> str:
    """Return the kind of pen that writes on a paper with strokes `ratio` heights wide."""
    if paper.dark:
        return "chalk" if paper.kind == "board" else "white"
    if paper.kind in ("flat", "screen"):
        return "digital"
    wide = min(max((ratio - 0.06) / 0.08, 0), 1)
    fine = {"ballpoint": 0.45, "gel": 0.2, "pencil": 0.25, "marker": 0.1}
    broad = {"ballpoint": 0.1, "gel": 0.1, "pencil": 0.1, "marker": 0.7}
    return _draw(rng, {kind: (1 - wide) * share + wide * broad[kind] for kind, share in fine.items()})


def _show_through(rng: np.random.Generator, page: np.ndarray, tooth: np.ndarray) -> None:
    """Let words of the other side show through a page, mirrored and faint, in place."""
    height, width = page.shape[:2]
    ghost = Ink.ghost((70, 75, 95), float(rng.uniform(0.03, 0.08 if rng.random() < 0.7 else 0.16)))
    size = float(np.clip(min(height, width) * rng.uniform(0.05, 0.15), 12, 120))
    for _ in range(int(rng.integers(3, 12))):
        ink = distractor(rng, round(size), "word")[0][:, ::-1]
        ghost.lay(page, ink, int(rng.uniform(-0.1, 0.9) * width), int(rng.uniform(0, 1) * height), tooth)


def _print_ink(rng: np.random.Generator, paper: Paper) -> Ink:
    """Return the ink of printed lines: light blue, grey, brownish or black on light paper, pale on dark."""
    colours = [(150, 180, 215), (120, 150, 200), (150, 150, 155), (90, 90, 95), (40, 40, 45), (200, 140, 140)]
    colour = np.asarray([(130, 150, 140), (210, 210, 210)] if paper.dark else colours, np.float32)
    return Ink("print", colour[int(rng.integers(len(colour)))], float(rng.uniform(0.4, 0.95)), 0.1, 0.5)


def _photographed(
    sheet: Sheet, paper: Paper, image: np.ndarray, owner: np.ndarray, seen: Seen, over: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return image and owner as a camera, a scanner or a file has them."""
    import cv2

    rng = sheet.rng
    drawn = paper.kind in PICTURES
    if not drawn and rng.random() < 0.6:
        image, owner = turn(rng, image, owner, _boxes(owner), desk=paper.kind != "screen" and rng.random() < 0.15)
    elif drawn and rng.random() < 0.1:
        image, owner = turn(rng, image, owner, _boxes(owner), desk=False)
    if not drawn and rng.random() < 0.08:
        image = intrude(rng, image, owner)
    if paper.kind == "screen":
        image = through_screen(rng, image)
    light, camera, depth = "even", "file", {"scan": 0.1, "screen": 0.4, "flat": 0.0, "black": 0.0}.get(paper.kind, 1.0)
    if depth:
        image, light = light_up(rng, image, depth)
    if over > 1:
        size = image.shape[1] // over, image.shape[0] // over
        image = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
        owner = cv2.resize(owner, size, interpolation=cv2.INTER_NEAREST)
        seen = Seen(seen.stroke / over, seen.contrast)
    contrast = _contrast(image, owner)  # shade takes from it
    if contrast < 0.12 and not drawn:  # a camera lets in more light where there is little, a person brings a lamp
        gain = min(0.12 / max(contrast, 0.01), max(1.0, 250 / float(np.percentile(image[::8, ::8], 98))))
        image, contrast = cv2.convertScaleAbs(image, alpha=gain), contrast * gain
    seen = Seen(seen.stroke, min(seen.contrast, contrast))
    if not drawn or rng.random() < 0.5:
        image, camera = expose(rng, image, seen, 0.3 if drawn or paper.kind == "scan" else rng.uniform(0.1, 1.0))
    sheet.facts |= {"light": light, "camera": camera}
    return image, owner


def _contrast(image: np.ndarray, owner: np.ndarray) -> float:
    """Return the least contrast, 0 to 1, of a digit against its surroundings, among up to 24 digits; 1 without any."""
    least = 1.0
    boxes = _boxes(owner)
    for index in range(0, len(boxes), -(-len(boxes) // 24) or 1):
        left, top, right, bottom = boxes[index]
        own, around = owner[top:bottom, left:right] == index + 1, owner[top:bottom, left:right] == 0
        grey = image[top:bottom, left:right].mean(axis=2)
        if own.any() and around.any():
            least = min(least, abs(float(grey[own].mean() - grey[around].mean())) / 255)
    return least


def _boxes(owner: np.ndarray) -> np.ndarray:
    """Return (N, 4) left, top, right, bottom of each owner's pixels; zeros for those that have none."""
    rows, columns = np.nonzero(owner)
    who = owner[rows, columns].astype(int) - 1
    boxes = np.zeros((int(who.max()) + 1 if len(who) else 0, 4), int)
    boxes[:, :2] = max(owner.shape)
    np.minimum.at(boxes[:, 0], who, columns)
    np.minimum.at(boxes[:, 1], who, rows)
    np.maximum.at(boxes[:, 2], who, columns + 1)
    np.maximum.at(boxes[:, 3], who, rows + 1)
    return boxes


def _page(sheet: Sheet, image: np.ndarray, owner: np.ndarray) -> Page:
    """Return the page with its digits and lines."""
    placed = [piece for piece in sheet.pieces if piece.label is not None]
    boxes = _boxes(owner).tolist()
    written = tuple(Written(int(piece.label or 0), tuple(box)) for piece, box in zip(placed, boxes, strict=True))
    lines: dict[int, list[int]] = {}
    for index, piece in enumerate(placed):
        lines.setdefault(piece.line, []).append(index)
    ordered = (sorted(line, key=lambda index: written[index].box[0]) for _, line in sorted(lines.items()))
    heights = [digit.box[3] - digit.box[1] for digit in written]
    middle = float(np.median(heights)) if heights else 0.0
    sizes = {"none": 1, "to 20": 20, "to 40": 40, "to 100": 100, "above": math.inf}
    sheet.facts["height"] = next(name for name, most in sizes.items() if middle <= most)
    shares = {0.0: "pen", 1.0: "bank"}
    sheet.facts["hand"] = ", ".join(shares.get(writer.share, "both") for writer in sheet.writers)
    return Page(image, owner, written, tuple(tuple(line) for line in ordered), sheet.facts)
