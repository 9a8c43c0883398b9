"""Joined pieces know whose ink each pixel is, and where each digit has its middle."""

import numpy as np
import pytest

from digitlab.data import joined
from digitlab.data.joined import Joined
from digitlab.data.making import made
from digitlab.finding.parting import ROWS


@pytest.fixture(scope="module")
def pieces() -> list[Joined]:
    return joined.generate(40, 300, None)


def test_most_pieces_hold_several_digits_and_some_one(pieces) -> None:
    counts = np.array([len(piece.middles) for piece in pieces])
    assert len(pieces) > 100
    assert counts.min() == 1
    assert (counts > 1).mean() > 0.4
    assert counts.max() >= 4


def test_every_digit_has_ink_around_its_middle(pieces) -> None:
    off, lost = [], 0
    for piece in pieces:
        assert piece.ink.shape == piece.owner.shape
        assert len(piece.ink) == ROWS
        assert piece.owner.max() <= len(piece.middles)
        for index, (x, y) in enumerate(piece.middles):
            rows, columns = np.nonzero(piece.owner == index + 1)
            if not len(rows):  # so little of it that the smaller copy shows none
                lost += 1
                continue
            box = np.array([columns.min(), columns.max() + 1, rows.min(), rows.max() + 1])
            off.append(max(abs(box[:2].mean() - x), abs(box[2:].mean() - y)))
    assert lost <= 0.02 * len(off)
    assert np.median(off) < 1.5  # pixels of 32 rows; of some digits a piece holds only a part


def test_owned_pixels_are_inked(pieces) -> None:
    owned = np.concatenate([piece.ink[piece.owner > 0] for piece in pieces])
    others = np.concatenate([piece.ink[piece.owner == 0] for piece in pieces])
    assert owned.mean() > 100 > others.mean()


def test_they_are_the_same_whatever_the_number_of_workers(pieces) -> None:
    told: list[int] = []
    again = joined.generate(40, 300, None, 2, told.append)
    assert told == [20, 40]
    assert len(pieces) == len(again)
    for some, others in zip(pieces, again, strict=True):
        np.testing.assert_array_equal(some.ink, others.ink)
        np.testing.assert_array_equal(some.owner, others.owner)
        np.testing.assert_array_equal(some.middles, others.middles)


def _number(start: int, bank: object) -> tuple[int, object]:
    return start, bank


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("count", [0, 1, 3, 11])
def test_what_is_made_comes_in_order_and_is_complete(count: int, workers: int) -> None:
    starts = range(5, 5 + 10 * count, 10)
    assert list(made(_number, starts, None, workers)) == [(start, None) for start in starts]
