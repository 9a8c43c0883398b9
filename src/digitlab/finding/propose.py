"""Every piece of ink that could be one digit: components at several thresholds, and merges of them.

Far more is proposed than is there: the judge says what is a digit, and `choose` which of those that share ink. Merges
come second, of those components only that look like a part of a digit.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from digitlab.finding.boxes import twins
from digitlab.finding.broad import broad_views
from digitlab.finding.candidate import Candidate
from digitlab.finding.darkness import View, closer, on_panels, strongest_grey, views
from digitlab.finding.layers import MOST, SMALL, Layer, inked, layers_of
from digitlab.finding.merging import chains, joined, merges
from digitlab.finding.nets import bare
from digitlab.finding.sizes import enlarged, near_copy

INSIDE = 0.5  # of a piece's box: with so much of the ink of a large piece, it is a part of that


@dataclass
class Proposals:
    """The components of a page that could be digits, and what they could be merged with.

    Attributes:
        candidates: the components, at most `MOST`, those with most ink if there are more.
        places: of each, the number of its layer and of its component there.
        layers: all of the page.
        look_broadly: gives views of broad strokes, and of ink on panels.
        look: gives closer views of the page, as far as it has any: of all near views, or of those that show light ink,
            or dark.
        threads: that look at levels.
        light: whether it is only of light ink, or of dark; None if of both.
    """

    candidates: list[Candidate]
    places: list[tuple[int, int]]
    layers: list[Layer]
    look: Callable[[bool | None], list[View]] = lambda light: []
    look_broadly: Callable[[], list[View]] = list
    threads: int = 1
    light: bool | None = None

    def small(self) -> np.ndarray:
        """Return which of the candidates are small ink, of which a closer look would show more: (N,) bool.

        Parts of what fills the picture are no small ink.
        """
        large = [inked(layer) for layer in self.layers if layer.view.far and len(layer.proposed)]
        return np.array([_is_small(candidate, large) for candidate in self.candidates], bool)

    def of(self, light: bool) -> Proposals:
        """Return what is of light ink alone, or of dark."""
        kept = [i for i, candidate in enumerate(self.candidates) if candidate.view.light == light]
        candidates, places = [self.candidates[i] for i in kept], [self.places[i] for i in kept]
        return replace(self, candidates=candidates, places=places, light=light)

    def broader(self) -> Proposals:
        """Return the components of views of broad strokes, and of ink on panels."""
        return _proposals([layer for view in self.look_broadly() for layer in layers_of(view, None, 1)], self.threads)

    def and_of(self, other: Proposals) -> Proposals:
        """Return what both propose; closer looks are those of this."""
        places = [(number + len(self.layers), component) for number, component in other.places]
        return replace(
            self,
            candidates=self.candidates + other.candidates,
            places=self.places + places,
            layers=self.layers + other.layers,
        )

    def closer(self, known: np.ndarray | None = None) -> Proposals:
        """Return the small components of the closer views; their merges are proposed by them alone.

        Args:
            known: (K, 4) boxes of digits that are sure already: of these no more than merges are proposed.
        """
        far = next((layer.view for layer in self.layers if layer.view.far), None)
        layers = [layer for view in self.look(self.light) for layer in layers_of(view, far, self.threads)]
        boxes = np.empty((0, 4)) if known is None else known
        for layer in layers:
            seen_again = twins(layer.boxes[layer.proposed] * layer.view.scale, boxes).any(axis=1)
            layer.twins = np.concatenate([layer.twins, layer.proposed[seen_again]])
            layer.proposed = layer.proposed[~seen_again]
        return _proposals(layers, self.threads)

    def merges(self, parts: np.ndarray) -> list[Candidate]:
        """Return components joined with one or more that lie close by: the bar of a 5, a broken stroke, dots in a row.

        Args:
            parts: (N,) bool, which of the candidates may be no more than a part of a digit.
        """
        wanted: list[set[int]] = [set() for _ in self.layers]
        for (number, component), part in zip(self.places, parts, strict=True):
            if part:
                wanted[number].add(component)
        found = [
            piece
            for layer, some in zip(self.layers, wanted, strict=True)
            for piece in (*merges(layer, some), *chains(layer, some))
        ]
        return _heaviest(found)


def components_of(rgb: np.ndarray, grey: np.ndarray | None = None, threads: int = 1) -> Proposals:
    """Return the components of a picture, as its near and its far view show them.

    Args:
        rgb: (height, width, 3) uint8, or (height, width) where it has no colours.
        grey: (height, width) uint8, its luminance; computed if not given.
        threads: that look at views and levels.
    """
    import cv2

    if grey is None:
        grey = rgb if rgb.ndim == 2 else cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
    whole = enlarged(strongest_grey(grey, None if rgb.ndim == 2 else rgb))
    small = near_copy(whole)
    scale = max(grey.shape) / max(small.shape)
    seen = [replace(view, scale=scale * view.scale) for view in views(small, threads)]

    found = propose([view if view.far else bare(view, rgb, threads) for view in seen], threads)

    def look(light: bool | None) -> list[View]:
        near = [view for view in seen if not view.far and light in (None, view.light)]
        return [bare(view, rgb, threads) for view in closer(whole, near)]

    found.look = look

    def look_broadly() -> list[View]:
        broad = [replace(view, scale=scale * view.scale) for view in broad_views(small)]
        more = [replace(view, scale=scale) for view in on_panels(small, [view for view in seen if not view.far])]
        seen.extend(more)
        return broad + [bare(view, rgb, threads) for view in more]

    found.look_broadly = look_broadly
    return found


def candidates_of(rgb: np.ndarray, grey: np.ndarray | None = None) -> list[Candidate]:
    """Return all components and all their merges, at most `MOST`; for arguments see `components_of`."""
    found = components_of(rgb, grey)
    every = [found, found.closer()] if found.small().any() else [found]
    return _heaviest(
        [piece for some in every for piece in some.candidates + some.merges(np.ones(len(some.candidates), bool))]
    )


def _heaviest(candidates: list[Candidate]) -> list[Candidate]:
    return candidates if len(candidates) <= MOST else sorted(candidates, key=lambda c: -c.mass)[:MOST]


def propose(views: list[View], threads: int = 1) -> Proposals:
    """Return the components of a page in its near and far views that could be digits; levels share the threads."""
    far = next((view for view in views if view.far), None)
    return _proposals([layer for view in views for layer in layers_of(view, far, threads)], threads)


def _proposals(layers: list[Layer], threads: int) -> Proposals:
    candidates = [joined(layer, [int(i)], "component") for layer in layers for i in layer.proposed]
    places = [(number, int(i)) for number, layer in enumerate(layers) for i in layer.proposed]
    if len(candidates) > MOST:
        kept = sorted(range(len(candidates)), key=lambda i: -candidates[i].mass)[:MOST]
        candidates, places = [candidates[i] for i in kept], [places[i] for i in kept]
    return Proposals(candidates, places, layers, threads=threads)


def _is_small(candidate: Candidate, large: list[tuple[np.ndarray, float]]) -> bool:
    """Say whether a candidate is as small as small digits are, or their parts.

    `large` is the ink of what fills the picture, as `inked` gives it: parts of that are no small ink.
    """
    if candidate.far or candidate.mask.shape[0] > SMALL:
        return False
    left, top, right, bottom = candidate.box
    within = (
        ink[int(top / scale) : int(bottom / scale) + 1, int(left / scale) : int(right / scale) + 1]
        for ink, scale in large
    )
    return not any(part.size and part.mean() > INSIDE for part in within)
