"""Every piece of ink that could be one digit: components at several thresholds, merges of them, cuts through them.

Far more is proposed than is there: the recogniser says what is a digit, and `choose` which of those that share ink.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from digitlab.framing import frame
from digitlab.finding.darkness import View, views
from digitlab.finding.pen import normal_strokes
from digitlab.finding.rulings import without_rulings
from digitlab.readings import Box

SMALLEST = 7  # height of a digit, pixels of the opened picture
FULLEST, BEST, EMPTIEST = 0.75, 0.4, 0.16  # threshold by the ink's own darkness: too high, best, too low
SAME = 0.9  # two components are one if the smaller box has this share of the larger
NEAR = 0.22  # parts of a broken digit are at most this far apart, by the larger part's height
WIDE = 0.9  # a piece wider than this by its height may be several digits
CUTS = 6  # at most, through one piece
MOST_CUT = 300_000  # pixels of a piece that is cut
MOST = 900  # candidates of a page
POINTS = 24  # of a candidate's ink, by which shared ink is found


@dataclass(eq=False)
class Candidate:
    """A piece of ink that could be one digit.

    Attributes:
        box: in pixels of the opened picture.
        mask: (height, width) bool in pixels of its view, its ink.
        ink: (height, width) uint8 of the same size, how full the ink is.
        scale: pixels of the opened picture for each pixel of the mask.
        mass: how much ink, in full pixels of the opened picture.
        kind: "component", "merge" or "cut".
        cut_off: whether it touches the picture's border.
        points: (P, 2) int, x and y of some of its ink in the opened picture.
    """

    box: Box
    mask: np.ndarray
    ink: np.ndarray
    scale: float
    mass: float
    kind: str
    cut_off: bool
    points: np.ndarray

    @property
    def height(self) -> int:
        """In pixels of the opened picture."""
        return self.box[3] - self.box[1]

    @property
    def width(self) -> int:
        """In pixels of the opened picture."""
        return self.box[2] - self.box[0]

    def framed(self) -> np.ndarray:
        """Return the candidate as the recogniser wants it: (28, 28) uint8."""
        return frame(normal_strokes(self.ink))

    def covers(self, points: np.ndarray) -> float:
        """Return the share of points (P, 2) of the opened picture that lie on this candidate's ink."""
        x = ((points[:, 0] - self.box[0]) / self.scale).astype(int)
        y = ((points[:, 1] - self.box[1]) / self.scale).astype(int)
        height, width = self.mask.shape
        inside = (x >= 0) & (y >= 0) & (x < width) & (y < height)
        return float(self.mask[y[inside], x[inside]].sum()) / len(points)


@dataclass
class _Layer:
    """The components of a view at one threshold; arrays have one entry a component, the paper's first."""

    view: View
    threshold: float
    label: np.ndarray  # (height, width) int32
    boxes: np.ndarray  # (n, 4)
    mass: np.ndarray
    dark: np.ndarray  # typical darkness of the ink
    usable: np.ndarray  # indices worth a look
    proposed: np.ndarray  # indices that are candidates


def candidates_of(rgb: np.ndarray, grey: np.ndarray | None = None) -> list[Candidate]:
    """Return the candidates of a picture.

    Args:
        rgb: (height, width, 3) uint8, or (height, width) where it has no colours.
        grey: (height, width) uint8, its luminance; computed if not given.
    """
    import cv2

    if rgb.ndim == 2:
        near, far = views(rgb)
    else:
        near, far = views(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY) if grey is None else grey, rgb)
    return propose([without_rulings(near), far])


def propose(views: list[View]) -> list[Candidate]:
    """Return the candidates of a page, at most `MOST`, those with most ink if there are more."""
    candidates: list[Candidate] = []
    for view in views:
        layers = [_layer(view, threshold) for threshold in view.levels]
        _drop_twins(layers)
        heights = np.concatenate([layer.boxes[layer.proposed, 3] - layer.boxes[layer.proposed, 1] for layer in layers])
        usual = float(np.median(heights)) if len(heights) else 0.0
        for layer in layers:
            candidates += [_candidate(layer, [int(i)], "component") for i in layer.proposed]
            candidates += _merges(layer)
        for piece in [c for c in candidates if c.kind == "component" and c.scale == view.scale]:
            if piece.width > 8 * piece.height or piece.mask.size > MOST_CUT:
                continue  # a ruling, a frame, a whole page
            if piece.width > WIDE * piece.height or (piece.width > 1.3 * usual and piece.height > 0.6 * usual):
                candidates += _cuts(piece)
    if len(candidates) > MOST:
        candidates = sorted(candidates, key=lambda c: -c.mass)[:MOST]
    return candidates


def _layer(view: View, threshold: float) -> _Layer:
    import cv2

    darkness = view.darkness
    height, width = darkness.shape
    mask = cv2.compare(darkness, threshold, cv2.CMP_GT)
    count, label, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8, ltype=cv2.CV_32S)
    inked = np.flatnonzero(mask)
    owner, level = label.ravel()[inked], darkness.ravel()[inked].astype(np.float32)
    mass = np.bincount(owner, level, count)
    dark = np.bincount(owner, level * level, count) / np.maximum(mass, 1)
    left, top = stats[:, 0], stats[:, 1]
    right, bottom = left + stats[:, 2], top + stats[:, 3]
    boxes = np.stack([left, top, right, bottom], axis=1)
    long = np.maximum(stats[:, 2], stats[:, 3]) * view.scale
    share = threshold / np.maximum(dark, 1)
    usable = (long >= 3) & (share <= FULLEST + 0.1) & (share >= EMPTIEST / 2)
    usable[0] = False
    tall = stats[:, 3] * view.scale
    least = max(SMALLEST, 0.008 * max(height, width) * view.scale) if not view.far else 0.15 * height * view.scale
    proposed = usable & (tall >= least) & (share <= FULLEST) & (share >= EMPTIEST) & (stats[:, 2] < 6 * stats[:, 3])
    proposed &= stats[:, 4] >= 0.02 * stats[:, 2] * stats[:, 3]  # not a mere outline of something large
    chosen = np.flatnonzero(proposed)
    if len(chosen) > MOST:
        chosen = chosen[np.argsort(-mass[chosen])[:MOST]]
    return _Layer(view, threshold, label, boxes, mass, dark, np.flatnonzero(usable), chosen)


def _drop_twins(layers: list[_Layer]) -> None:
    """Of components that hardly change from one threshold to the next, keep the one at the best threshold."""
    for lower, upper in zip(layers, layers[1:], strict=False):
        if not len(upper.proposed) or not len(lower.proposed):
            continue
        parent = _parents(upper, lower)
        keep_lower, keep_upper = set(lower.proposed.tolist()), set(upper.proposed.tolist())
        for child, of in zip(upper.proposed.tolist(), parent.tolist(), strict=True):
            if of not in keep_lower or _area(upper.boxes[child]) < SAME * _area(lower.boxes[of]):
                continue
            off_lower = abs(np.log(lower.threshold / lower.dark[of] / BEST))
            off_upper = abs(np.log(upper.threshold / upper.dark[child] / BEST))
            if off_lower <= off_upper:
                keep_upper.discard(child)
            else:
                keep_lower.discard(of)
        lower.proposed = np.array(sorted(keep_lower), int)
        upper.proposed = np.array(sorted(keep_upper), int)


def _parents(upper: _Layer, lower: _Layer) -> np.ndarray:
    """Return, for each proposed component of the higher threshold, the component below it lies in."""
    result = np.zeros(len(upper.proposed), int)
    for position, child in enumerate(upper.proposed):
        left, top, right, _ = upper.boxes[child]
        row = upper.label[top, left:right]
        x = left + int(np.argmax(row == child))
        result[position] = lower.label[top, x]
    return result


def _area(box: np.ndarray) -> float:
    return float((box[2] - box[0]) * (box[3] - box[1]))


def _candidate(layer: _Layer, members: list[int], kind: str) -> Candidate:
    boxes = layer.boxes[members]
    left, top = boxes[:, :2].min(axis=0).tolist()
    right, bottom = boxes[:, 2:].max(axis=0).tolist()
    label = layer.label[top:bottom, left:right]
    mask = label == members[0]
    for other in members[1:]:
        mask |= label == other
    dark = float(layer.dark[members].max())
    return _made(layer.view, (left, top, right, bottom), mask, layer.threshold, dark, kind)


def _made(
    view: View, box: tuple[int, int, int, int], mask: np.ndarray, threshold: float, dark: float, kind: str
) -> Candidate:
    import cv2

    left, top, right, bottom = box
    height, width = view.darkness.shape
    # Soft edges reach a pixel beyond the threshold.
    reach = left > 0, top > 0, right < width, bottom < height
    outer = left - reach[0], top - reach[1], right + reach[2], bottom + reach[3]
    padded = np.zeros((outer[3] - outer[1], outer[2] - outer[0]), np.uint8)
    inner = slice(int(reach[1]), int(reach[1]) + bottom - top), slice(int(reach[0]), int(reach[0]) + right - left)
    padded[inner] = mask
    near = cv2.dilate(padded, np.ones((3, 3), np.uint8))
    floor = min(0.6 * threshold, 0.25 * dark)
    darkness = view.darkness[outer[1] : outer[3], outer[0] : outer[2]]
    table = np.clip((np.arange(256) - floor) * (255 / (0.9 * dark - floor)), 0, 255).astype(np.uint8)
    ink = cv2.LUT(darkness, table) * near
    y, x = np.nonzero(mask)
    some = np.linspace(0, len(x) - 1, POINTS).astype(int)
    scale = view.scale
    points = np.stack([(left + x[some] + 0.5) * scale, (top + y[some] + 0.5) * scale], axis=1).astype(int)
    return Candidate(
        box=(int(left * scale), int(top * scale), round(right * scale), round(bottom * scale)),
        mask=mask,
        ink=ink,
        scale=scale,
        mass=float(ink.sum()) / 255 * scale * scale,
        kind=kind,
        cut_off=not all(reach),
        points=points,
    )


def _merges(layer: _Layer) -> list[Candidate]:
    """Join each proposed component with one or two parts that lie close by: the bar of a 5, a broken stroke."""
    found, seen = [], set()
    usable = layer.usable
    if len(usable) > 4000:
        return []
    boxes, mass = layer.boxes[usable], layer.mass[usable]
    for main in layer.proposed.tolist():
        box = layer.boxes[main]
        height = box[3] - box[1]
        gap = np.maximum(np.maximum(boxes[:, 0] - box[2], box[0] - boxes[:, 2]), 0)
        gap = np.maximum(gap, np.maximum(np.maximum(boxes[:, 1] - box[3], box[1] - boxes[:, 3]), 0))
        close = (gap <= NEAR * height) & (mass > 0.03 * layer.mass[main]) & (mass <= 1.3 * layer.mass[main])
        union_width = np.maximum(boxes[:, 2], box[2]) - np.minimum(boxes[:, 0], box[0])
        union_height = np.maximum(boxes[:, 3], box[3]) - np.minimum(boxes[:, 1], box[1])
        close &= (usable != main) & (union_width <= 1.4 * union_height) & (union_height <= 2.2 * height)
        parts = [int(part) for part in usable[close][np.argsort(gap[close])][:4]]
        groups = [(main, part) for part in parts]
        if len(parts) >= 2:
            groups += [(main, parts[0], parts[1]), (main, *parts)] if len(parts) > 2 else [(main, *parts)]
        for group in groups:
            key = frozenset(group)
            if key not in seen:
                seen.add(key)
                found.append(_candidate(layer, list(group), "merge"))
    return found


def _cuts(piece: Candidate) -> list[Candidate]:
    """Cut a wide piece from top to bottom where there is least ink, and return all that lies between two cuts."""
    height, width = piece.mask.shape
    if height < 6 or width < 6:
        return []
    inner = piece.ink[-height:, -width:] if piece.ink.shape != piece.mask.shape else piece.ink
    found = []
    for lean in (0.0, 0.3):
        places, column = _valleys(piece.mask * inner if inner.shape == piece.mask.shape else piece.mask, lean)
        if not places:
            continue
        borders = [-np.inf, *places, np.inf]
        for first in range(len(borders) - 1):
            for last in range(first + 1, len(borders)):
                if first == 0 and last == len(borders) - 1:
                    continue
                part = _part(piece, column, borders[first], borders[last])
                if part is not None:
                    found.append(part)
    return found


def _valleys(ink: np.ndarray, lean: float) -> tuple[list[float], np.ndarray]:
    """Return where to cut, and each pixel's column when upright strokes lean by so much to the right."""
    height, width = ink.shape
    shift = lean * (np.arange(height)[:, None] - height / 2)
    column = np.arange(width)[None, :] + shift  # (height, width)
    low = int(np.floor(column.min()))
    bins = (column - low).round().astype(int)
    profile = np.bincount(bins.ravel(), ink.ravel().astype(np.float64), bins.max() + 1)
    reach = max(1, round(0.04 * height))
    smooth = np.convolve(np.pad(profile, reach, mode="edge"), np.ones(2 * reach + 1) / (2 * reach + 1), "valid")
    apart = max(2, round(0.18 * height))
    places: list[int] = []
    for place in np.argsort(smooth, kind="stable"):
        if len(places) == CUTS or smooth[place] > 0.8 * smooth.mean():
            break
        far_in = apart * 0.6 < place - (bins.min()) and place < bins.max() - apart * 0.6
        lowest = smooth[place] <= smooth[max(0, place - apart // 2) : place + apart // 2 + 1].min()
        if far_in and lowest and all(abs(place - other) >= apart for other in places):
            places.append(int(place))
    return [float(place + low) for place in sorted(places)], column


def _part(piece: Candidate, column: np.ndarray, start: float, end: float) -> Candidate | None:
    inside = (column > start) & (column <= end)
    mask = piece.mask & inside
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not len(rows):
        return None
    top, bottom, left, right = rows[0], rows[-1] + 1, columns[0], columns[-1] + 1
    if bottom - top < 0.4 * len(mask) or right - left > 1.3 * (bottom - top) or right - left < 2:
        return None
    offset_y, offset_x = (piece.ink.shape[0] - mask.shape[0] + 1) // 2, (piece.ink.shape[1] - mask.shape[1] + 1) // 2
    ink = piece.ink[offset_y : offset_y + mask.shape[0], offset_x : offset_x + mask.shape[1]]
    mask, ink = mask[top:bottom, left:right], (ink * inside)[top:bottom, left:right]
    scale, (x0, y0) = piece.scale, piece.box[:2]
    y, x = np.nonzero(mask)
    some = np.linspace(0, len(x) - 1, POINTS).astype(int)
    points = np.stack([x0 + (left + x[some] + 0.5) * scale, y0 + (top + y[some] + 0.5) * scale], axis=1).astype(int)
    box = (int(x0 + left * scale), int(y0 + top * scale), round(x0 + right * scale), round(y0 + bottom * scale))
    mass = float(ink.sum()) / 255 * scale * scale
    return Candidate(box, mask, np.ascontiguousarray(ink), scale, mass, "cut", piece.cut_off, points)
