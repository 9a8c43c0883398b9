"""Zeros that share their walls come apart as loops; what is written apart has none to offer."""

import cv2
import numpy as np
import pytest

from digitlab.finding.candidate import Candidate
from digitlab.finding.cuts import cuts
from digitlab.finding.propose import candidates_of
from digitlab.reading.choose import choose, shares_ink


def widest(picture: np.ndarray) -> Candidate:
    near = [piece for piece in candidates_of(picture) if piece.kind == "component" and not piece.far]
    return max(near, key=lambda piece: piece.width)


def chain(count: int, height: int) -> tuple[np.ndarray, list[tuple[int, ...]]]:
    """Zeros of which each shares a wall with the next: ink and boxes."""
    ink, boxes = np.zeros((3 * height, height * (count + 2)), np.uint8), []
    stroke, half = max(2, height // 12), height // 4
    for number in range(count):
        x = height + number * 2 * half
        cv2.ellipse(ink, (x, 3 * height // 2), (half, height // 2), 0, 0, 360, 255, stroke, cv2.LINE_AA)
        edge = stroke // 2 + 1
        boxes.append((x - half - edge, height - edge, x + half + edge, 2 * height + edge))
    return ink, boxes


@pytest.mark.parametrize("height", [36, 60, 140])
@pytest.mark.parametrize("count", [2, 4])
def test_each_zero_of_a_chain_is_a_loop(count: int, height: int, on_paper, overlap) -> None:
    ink, boxes = chain(count, height)
    found = [part for part in cuts(widest(on_paper(ink))) if part.kind == "loop"]
    assert len(found) == count
    for box in boxes:
        assert max(overlap(part.box, box) for part in found) > 0.75


def test_all_of_a_chain_are_chosen_though_they_share_walls(on_paper) -> None:
    found = [part for part in cuts(widest(on_paper(chain(3, 60)[0]))) if part.kind == "loop"]
    assert len(choose(found, np.full(3, 4.0))) == 3


def test_two_looks_at_one_loop_exclude_each_other(on_paper) -> None:
    first, *_ = (part for part in cuts(widest(on_paper(chain(3, 60)[0]))) if part.kind == "loop")
    again, *_ = (part for part in cuts(widest(on_paper(chain(3, 60)[0]))) if part.kind == "loop")
    assert shares_ink(first, again)


def test_what_is_open_or_low_is_no_loop(on_paper) -> None:
    ink = np.zeros((120, 300), np.uint8)
    cv2.polylines(ink, [np.array([[40, 30], [40, 90], [110, 90], [110, 30]])], False, 255, 5, cv2.LINE_AA)
    cv2.ellipse(ink, (140, 80), (25, 10), 0, 0, 360, 255, 5, cv2.LINE_AA)
    cv2.line(ink, (110, 80), (120, 80), 255, 5)
    assert not [part for part in cuts(widest(on_paper(ink))) if part.kind == "loop"]
