"""The best pieces that share no ink are chosen, and stand in rows as a person reads them."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digitlab.finding.candidate import Candidate, make_candidate
from digitlab.finding.darkness import View
from digitlab.reading.choose import SUREST, choose, rows, shares_ink

VIEW = View(np.full((200, 400), 200, np.uint8), (20.0, 80.0), 1.0, False)


def piece(left: int, top: int, right: int, bottom: int) -> Candidate:
    """A piece that is all ink."""
    mask = np.ones((bottom - top, right - left), bool)
    return make_candidate(VIEW, (left, top, right, bottom), mask, 80.0, 200.0, "component")


def total(pieces: list[Candidate], gains: np.ndarray, chosen: tuple[int, ...] | list[int]) -> float:
    return sum(min(float(gains[i]), SUREST) * pieces[i].mass ** 0.5 for i in chosen)


def free_of_conflict(pieces: list[Candidate], chosen: tuple[int, ...] | list[int]) -> bool:
    return not any(shares_ink(pieces[a], pieces[b]) for a, b in combinations(chosen, 2))


boxes = st.builds(
    lambda x, y, w, h: (x, y, x + w, y + h),
    st.integers(0, 60),
    st.integers(0, 20),
    st.integers(4, 40),
    st.integers(8, 40),
)


@settings(max_examples=80, deadline=None)
@given(st.lists(st.tuples(boxes, st.floats(-4, 12)), max_size=8))
def test_no_other_set_without_shared_ink_is_worth_more(found) -> None:
    pieces, gains = [piece(*box) for box, _ in found], np.array([gain for _, gain in found])
    chosen = choose(pieces, gains)
    assert len(set(chosen)) == len(chosen)
    assert free_of_conflict(pieces, chosen)
    assert all(gains[i] > 0 for i in chosen)
    everyone = range(len(pieces))
    sets = [some for size in range(len(pieces) + 1) for some in combinations(everyone, size)]
    best = max(total(pieces, gains, some) for some in sets if free_of_conflict(pieces, some))
    assert total(pieces, gains, chosen) == pytest.approx(best)


def test_a_whole_digit_beats_its_parts() -> None:
    whole, upper, lower = piece(10, 10, 40, 70), piece(10, 10, 40, 40), piece(10, 40, 40, 70)
    assert choose([upper, whole, lower], np.array([2.0, 4.0, 2.0])) == [1]


def test_two_digits_beat_the_pair_that_they_look_like_together() -> None:
    left, pair, right = piece(10, 10, 40, 70), piece(10, 10, 74, 70), piece(44, 10, 74, 70)
    assert sorted(choose([left, pair, right], np.array([4.0, 1.0, 4.0]))) == [0, 2]


def test_a_digit_beats_the_same_digit_with_something_beside_it() -> None:
    digit, more = piece(10, 10, 40, 70), piece(10, 10, 55, 70)
    assert choose([more, digit], np.array([6.0, 8.5])) == [1]
    assert choose([more, digit], np.array([8.0, 8.5])) == [0]  # as good as sure, and it explains more


def test_a_tiny_sure_part_does_not_silence_a_large_digit() -> None:
    digit, speck = piece(10, 10, 40, 70), piece(10, 10, 16, 20)
    assert choose([speck, digit], np.array([9.0, 3.0])) == [1]


def test_neighbours_whose_boxes_meet_but_whose_ink_does_not_are_both_chosen() -> None:
    mask = np.zeros((60, 60), bool)
    mask[:, :8] = mask[-8:] = True  # an L around the other
    around = make_candidate(VIEW, (10, 10, 70, 70), mask, 80.0, 200.0, "component")
    assert sorted(choose([around, piece(30, 15, 60, 55)], np.array([3.0, 3.0]))) == [0, 1]


def test_what_is_no_digit_is_never_chosen() -> None:
    assert choose([piece(0, 0, 10, 20), piece(50, 0, 60, 20)], np.array([0.0, -3.0])) == []
    assert choose([], np.empty(0)) == []


def test_a_long_chain_of_overlapping_pieces_is_chosen_in_time() -> None:
    pieces = [piece(6 * i, 20, 6 * i + 20, 60) for i in range(60)]
    gains = np.random.default_rng(0).uniform(0.1, 6, 60)
    chosen = choose(pieces, gains)
    assert free_of_conflict(pieces, chosen)
    greedy: list[int] = []
    for i in np.argsort(-gains).tolist():
        if free_of_conflict(pieces, [*greedy, i]):
            greedy.append(i)
    assert total(pieces, gains, chosen) >= 0.98 * total(pieces, gains, greedy)


@settings(max_examples=80, deadline=None)
@given(
    lengths=st.lists(st.integers(3, 9), min_size=1, max_size=6),
    height=st.integers(12, 60),
    degrees=st.floats(-4, 4),
    seed=st.integers(0, 1000),
)
def test_a_tilted_grid_comes_back_row_by_row(lengths: list[int], height: int, degrees: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    turn = np.radians(degrees)
    found, expected = [], []
    for number, length in enumerate(lengths):
        row = []
        for column in range(length):
            x, y = 1.1 * height * column, 1.8 * height * number
            middle = x * np.cos(turn) - y * np.sin(turn), x * np.sin(turn) + y * np.cos(turn)
            middle = np.array(middle) + rng.uniform(-0.08, 0.08, 2) * height
            tall, wide = height * rng.uniform(0.85, 1.15), height * rng.uniform(0.2, 0.7)
            left, top = middle - (wide / 2, tall / 2) + 1000
            row.append(len(found))
            found.append((round(left), round(top), round(left + wide), round(top + tall)))
        expected.append(row)
    order = rng.permutation(len(found))
    shuffled = rows([found[i] for i in order])
    assert [[int(order[i]) for i in row] for row in shuffled] == expected


@pytest.mark.parametrize("degrees", [-7, -4, 4, 7])
def test_far_cells_of_a_tilted_table_stand_in_the_rows_that_others_show(degrees: float) -> None:
    slope, found, expected = np.tan(np.radians(degrees)), [], []
    for number in range(7):
        full = number % 3 != 2
        row = []
        for column in range(7) if full else (0, 6):  # between the two middles lies more than half a row's pitch
            x, y = 100 + 50 * column, 400 + 62 * number + slope * 50 * column
            row.append(len(found))
            found.append((x, round(y), x + 20, round(y) + 30))
        expected.append(row)
    assert rows(found) == expected


@pytest.mark.parametrize("degrees", [-18, -12, 12, 18])
def test_digits_far_apart_stand_in_rows_that_are_tilted_by_a_lot(degrees: float) -> None:
    turn, found, expected = np.radians(degrees), [], []
    for number in range(3):
        row = []
        for column in range(6):
            x, y = 90 * column, 130 * number
            across, down = x * np.cos(turn) - y * np.sin(turn), x * np.sin(turn) + y * np.cos(turn)
            row.append(len(found))
            found.append((round(across) + 500, round(down) + 500, round(across) + 520, round(down) + 530))
        expected.append(row)
    assert rows(found) == expected


def test_digits_of_any_width_stand_in_one_row() -> None:
    assert rows([(50, 12, 52, 40), (10, 10, 40, 40), (70, 8, 110, 42)]) == [[1, 0, 2]]


def test_no_digits_stand_in_no_rows() -> None:
    assert rows([]) == []
    assert rows([(3, 4, 5, 9)]) == [[0]]


def test_columns_come_back_from_top_to_bottom() -> None:
    column = [(20, 60 * i, 50, 60 * i + 40) for i in range(5)]
    assert rows(column[::-1]) == [[4], [3], [2], [1], [0]]
