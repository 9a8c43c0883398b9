"""A sheet takes what it has room for; the zeros at the end of a number may hang together."""

import math

import cv2
import numpy as np
import pytest

from digitlab.data import sheets
from digitlab.data.sheets import MARGIN, Placed, Sheet

SEEDS = range(60)


def sheet(seed: int, width: int = 900) -> Sheet:
    """An empty sheet whose writers write nothing but sevens, for all to see which zeros are linked."""
    made = Sheet(np.random.default_rng(seed), None, 200, width)
    made.begin(50)
    for writer in made.writers:
        writer.only = 7
    return made


def laid(one: Sheet, piece: Placed) -> np.ndarray:
    """Return a piece's ink where it lies, (height, width) bool."""
    ink = np.zeros(one.ink.shape, bool)
    height, width = piece.ink.shape
    ink[piece.top : piece.top + height, piece.left : piece.left + width] = piece.ink > 60
    return ink


def count_parts(ink: np.ndarray) -> int:
    return cv2.connectedComponents(ink.astype(np.uint8))[0] - 1


def hang_together(one: Sheet, left: Placed, right: Placed) -> bool:
    first, second = laid(one, left), laid(one, right)
    return count_parts(first | second) < count_parts(first) + count_parts(second)


@pytest.fixture
def linked(monkeypatch) -> None:
    """All numbers end in linked zeros, if they are long enough."""
    monkeypatch.setattr(sheets, "LINKED", 1.0)


@pytest.mark.parametrize("count", [3, 4, 7])
def test_a_number_that_ends_in_linked_zeros_has_as_many_digits_and_fits(linked, count: int) -> None:
    lengths = set()
    for seed in SEEDS:
        one = sheet(seed)
        end = one.number(20, 120, count, 0.3, one.line())
        labels = [piece.label for piece in one.pieces]
        zeros = labels.count(0)
        assert labels == [7] * (count - zeros) + [0] * zeros
        lengths.add(zeros)
        last = one.pieces[-1]
        assert end == last.left + last.ink.shape[1] <= one.width - MARGIN
        assert {piece.line for piece in one.pieces} == {0}
    assert lengths == set(range(2, min(count, 5)))


def test_linked_zeros_share_ink_where_other_digits_stand_apart(linked) -> None:
    zeros, sevens = [], []
    for seed in SEEDS:
        one = sheet(seed)
        one.number(20, 120, 6, 0.3, one.line())
        zeros.append(hang_together(one, *one.pieces[-2:]))
        sevens.append(hang_together(one, *one.pieces[:2]))
    assert np.mean(zeros) > 0.6  # how far they reach into each other varies, as people's do
    assert not any(sevens)


def test_a_linked_zero_is_not_covered_by_the_next(linked) -> None:
    for seed in SEEDS:
        one = sheet(seed)
        one.number(20, 120, 6, 0.3, one.line())
        before, last = (laid(one, piece) for piece in one.pieces[-2:])
        assert np.count_nonzero(before & last) <= 0.35 * np.count_nonzero(last)


def test_numbers_of_one_or_two_digits_have_no_linked_zeros(linked) -> None:
    for seed in SEEDS:
        one = sheet(seed)
        one.number(20, 120, 1 + seed % 2, 0.3, one.line())
        assert {piece.label for piece in one.pieces} == {7}


def test_a_number_without_room_ends_nowhere_and_stays_on_the_sheet(linked) -> None:
    ends = []
    for seed in SEEDS:
        one = sheet(seed, width=130)
        ends.append(one.number(20, 120, 6, 0.3, one.line()))
        assert len(one.pieces) < 6
        assert all(piece.left + piece.ink.shape[1] <= one.width - MARGIN for piece in one.pieces)
    assert set(ends) == {math.inf}


def test_no_zeros_are_linked_where_nobody_does_so(monkeypatch) -> None:
    monkeypatch.setattr(sheets, "LINKED", 0.0)
    one = sheet(0)
    one.number(20, 120, 7, 0.3, one.line())
    assert [piece.label for piece in one.pieces] == [7] * 7
