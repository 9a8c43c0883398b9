"""Pieces of pages are labelled by what was written: a digit, several, a part of one, or none."""

from dataclasses import replace
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from digitlab.data import pieces, strokes
from digitlab.data.digits import NO_DIGIT, PART, SEVERAL, Digits, Pieces
from digitlab.data.pages import Page, Written, make_page
from digitlab.data.pieces import alone, generate, label, load, pieces_of
from digitlab.errors import OutputError
from digitlab.finding.candidate import Candidate, make_candidate
from digitlab.finding.darkness import View
from digitlab.finding.propose import candidates_of


@pytest.fixture(scope="module")
def bank() -> Digits:
    return strokes.generate(40, seed=9)


def digit(label: int, seed: int = 4) -> np.ndarray:
    """A digit's ink, (60, 40) uint8."""
    return cv2.resize(strokes.draw(label, np.random.default_rng(seed), 60), (40, 60), interpolation=cv2.INTER_AREA)


def written(things: list[tuple[int | None, np.ndarray, int, int]]) -> Page:
    """Clean paper with things: label (None where it is no digit), ink, left and top; later ones own what is shared."""
    ink, owner, labels = np.zeros((160, 420), np.uint8), np.zeros((160, 420), np.uint16), []
    for label_of, drawn, left, top in things:
        where = np.s_[top : top + drawn.shape[0], left : left + drawn.shape[1]]
        if label_of is not None:
            labels.append(label_of)
            owner[where][drawn > 100] = len(labels)
        ink[where] = np.maximum(ink[where], drawn)
    digits = []
    for index, label_of in enumerate(labels):
        y, x = np.nonzero(owner == index + 1)
        digits.append(Written(label_of, (int(x.min()), int(y.min()), int(x.max()) + 1, int(y.max()) + 1)))
    image = np.repeat((230 - 0.7 * ink).astype(np.uint8)[..., None], 3, axis=2)
    return Page(image, owner, tuple(digits), (tuple(range(len(digits))),), {})


@pytest.fixture(scope="module")
def page() -> Page:
    """A 3, and a 6 and a 9 that touch, and a scribble, on clean paper."""
    six = digit(6)
    scribble = np.zeros((60, 120), np.uint8)
    cv2.polylines(scribble, [np.array([(10, 10), (50, 50), (60, 10), (100, 55)])], False, 255, 4, cv2.LINE_AA)
    return written([(3, digit(3), 40, 50), (6, six, 150, 50), (9, six[::-1, ::-1], 187, 50), (None, scribble, 290, 50)])


def part(page: Page, inside: np.ndarray) -> Candidate:
    """Return the ink of a page within (H, W) bool as a candidate."""
    darkness = 230 - page.image[..., 0]
    y, x = np.nonzero((darkness > 60) & inside)
    box = (int(x.min()), int(y.min()), int(x.max()) + 1, int(y.max()) + 1)
    mask = ((darkness > 60) & inside)[box[1] : box[3], box[0] : box[2]]
    return make_candidate(View(darkness, (20.0, 60.0), 1.0, False), box, mask, 60.0, 160.0, "component")


def all_ink(page: Page) -> Candidate:
    """Return all ink of a page as one candidate."""
    return part(page, np.ones(page.owner.shape, bool))


def test_a_digit_its_half_a_pair_and_a_scribble_are_told_apart(page) -> None:
    row, column = np.indices(page.owner.shape)
    upper = (page.owner == 1) & (row < 74)
    pair, scribble = (column > 140) & (column < 250), column > 280
    parts = [part(page, inside) for inside in (column < 100, upper, pair, scribble)]
    assert label(parts, page).tolist() == [3, PART, SEVERAL, NO_DIGIT]


@pytest.mark.parametrize("value", range(10))
def test_a_digit_that_a_lens_has_smeared_is_that_digit_on_every_level(value: int) -> None:
    ink = cv2.resize(digit(value), (11, 16), interpolation=cv2.INTER_AREA)
    page = written([(value, ink, 200, 70)])
    blurred = replace(page, image=cv2.GaussianBlur(page.image, (0, 0), 1.2))
    darkness = (230 - blurred.image[..., 0]).astype(int)
    masks = [(darkness > share * darkness.max()) for share in (0.15, 0.3, 0.5)]
    assert masks[0].sum() > 1.3 * (page.owner > 0).sum()
    found = []
    for mask in masks:
        y, x = np.nonzero(mask)
        box = (int(x.min()), int(y.min()), int(x.max()) + 1, int(y.max()) + 1)
        view = View(darkness.astype(np.uint8), (10.0, 60.0), 1.0, False)
        cut = mask[box[1] : box[3], box[0] : box[2]]
        found.append(make_candidate(view, box, cut, 10.0, float(darkness.max()), "component"))
    assert label(found, blurred).tolist() == [value] * 3


def test_the_paper_inside_of_a_0_is_none_of_it() -> None:
    row, column = np.indices((160, 420))
    middle = ((row - 80) / 24.0) ** 2 + ((column - 200) / 14.0) ** 2
    ring = np.where((middle > 0.5) & (middle < 1), 255, 0).astype(np.uint8)[50:110, 180:220]
    page = written([(0, ring, 180, 50)])
    hole = middle < 0.45
    y, x = np.nonzero(hole)
    box = (int(x.min()), int(y.min()), int(x.max()) + 1, int(y.max()) + 1)
    view = View((page.image[..., 0] // 2).astype(np.uint8), (10.0, 60.0), 1.0, False, light=True)
    inside = make_candidate(view, box, hole[box[1] : box[3], box[0] : box[2]], 10.0, 100.0, "component")
    assert label([inside], page).tolist() == [NO_DIGIT]


@pytest.mark.parametrize("seed", range(5))
def test_two_digits_are_several_though_one_has_far_less_ink(seed: int) -> None:
    one = np.full((60, 5), 255, np.uint8)
    page = written([(8, digit(8, seed), 40, 50), (1, one, 78, 50)])
    assert np.count_nonzero(page.owner == 2) < 0.4 * np.count_nonzero(page.owner)
    assert label([all_ink(page)], page).tolist() == [SEVERAL]


def line(width: int, level: int = 255) -> np.ndarray:
    """A level stroke, so many pixels wide."""
    return np.full((width, 220), level, np.uint8)


def test_a_digit_with_as_much_else_hanging_on_to_it_is_several() -> None:
    page = written([(3, digit(3), 40, 50), (None, line(4), 60, 106)])
    assert label([all_ink(page)], page).tolist() == [SEVERAL]


def test_a_digit_that_is_lost_in_what_hangs_on_to_it_is_none() -> None:
    page = written([(3, digit(3), 40, 4), (None, line(90), 60, 60)])
    assert label([all_ink(page)], page).tolist() == [NO_DIGIT]


def test_a_digit_that_looks_alone_since_what_hangs_on_to_it_is_pale_teaches_nothing() -> None:
    page = written([(3, digit(3), 40, 50), (None, line(4, 95), 60, 106)])
    piece = all_ink(page)
    assert piece.width > 200
    assert label([piece], page).tolist() == [-1]


def test_digits_that_are_cut_apart_have_their_labels_back(page) -> None:
    parts = [part(page, page.owner == index) for index in (1, 2, 3)]
    assert label(parts, page).tolist() == [3, 6, 9]


def test_what_one_could_argue_about_teaches_nothing(page) -> None:
    _, y = page.digits[0].box[:2]
    row = np.indices(page.owner.shape)[0]
    shares = [
        label([part(page, (page.owner == 1) & (row < y + share * 60))], page)[0] for share in np.linspace(0.2, 1, 17)
    ]
    assert shares[0] == PART
    assert shares[-1] == 3
    assert -1 in shares
    order = [PART, -1, 3]
    assert [order.index(share) for share in shares] == sorted(order.index(share) for share in shares)


def test_each_digit_of_the_page_is_among_what_is_found(page) -> None:
    found = candidates_of(page.image)
    labels = label(found, page)
    assert labels.shape == (len(found),)
    assert 3 in labels.tolist()
    whole = [piece for piece, what in zip(found, labels, strict=True) if what == 3]
    assert all(abs(piece.box[0] - page.digits[0].box[0]) <= 4 for piece in whole)


def test_a_page_gives_its_digits_and_some_of_the_rest(bank) -> None:
    page = make_page(3, bank, "rows")
    made = pieces_of(page, np.random.default_rng(0))
    assert made.images.shape == (len(made.labels), 3, 28, 28)
    assert made.images.dtype == np.uint8
    assert set(made.labels.tolist()) <= set(range(13))
    assert {digit.label for digit in page.digits} & set(made.labels.tolist())
    digits, others = (made.labels < NO_DIGIT).sum(), (made.labels >= NO_DIGIT).sum()
    assert others <= max(digits, pieces.MOST_OTHERS)


@pytest.mark.parametrize(
    ("what", "kinds"),
    [(3, set()), (NO_DIGIT, set()), (PART, {"merge"}), (SEVERAL, {"part"}), (-1, {"merge", "part"})],
)
def test_parts_are_merged_and_what_is_several_is_parted_as_in_reading(page, monkeypatch, what: int, kinds: set) -> None:
    shown: list[list[str]] = []

    def told(candidates: list[Candidate], of: Page) -> np.ndarray:
        shown.append([piece.kind for piece in candidates])
        return np.full(len(candidates), what)

    near = page.image.copy()
    near[40:45, 320:350] = 52  # a bar beside the scribble, to be merged with it
    monkeypatch.setattr(pieces, "label", told)
    monkeypatch.setattr(pieces, "ASTRAY", 0.0)
    pieces_of(replace(page, image=near), np.random.default_rng(0))
    assert [set(found) for found in shown] == [{"component"}, kinds]
    shown.clear()
    monkeypatch.setattr(pieces, "ASTRAY", 1.0)  # as a judge who errs in all
    pieces_of(replace(page, image=near), np.random.default_rng(0))
    assert [set(found) for found in shown] == [{"component"}, {"merge", "part"}]


def test_what_stands_alone_is_a_digit_or_none(bank) -> None:
    made = [alone(np.random.default_rng(seed), bank if seed % 2 else None) for seed in range(150)]
    labels = np.concatenate([one.labels for one in made])
    assert all(one.images.shape[1:] == (3, 28, 28) for one in made)
    assert 0.15 < (labels < NO_DIGIT).mean() < 0.85
    assert len(set(labels.tolist()) & set(range(10))) > 7
    assert {NO_DIGIT, SEVERAL, PART} <= set(labels.tolist()) <= set(range(13))


def test_the_same_seed_gives_the_same_pieces_with_any_number_of_workers(bank, monkeypatch) -> None:
    monkeypatch.setattr(pieces, "CHUNK", 1)
    threads = cv2.getNumThreads()
    cv2.setNumThreads(2)
    cv2.GaussianBlur(np.zeros((1500, 1500), np.uint8), (31, 31), 0)  # its threads run when the processes fork
    told: list[int] = []
    try:
        one, two = generate(20, 6, bank, 1, told.append), generate(20, 6, bank, 2)
        assert cv2.getNumThreads() == 2
    finally:
        cv2.setNumThreads(threads)
    np.testing.assert_array_equal(one.images, two.images)
    np.testing.assert_array_equal(one.labels, two.labels)
    assert len(one.labels) >= 20
    assert told == sorted(told)
    assert told[-1] == 20
    assert 0.1 < (one.labels >= NO_DIGIT).mean() < 0.9
    assert generate(10, 4, bank).digest != generate(10, 6, bank).digest


@pytest.fixture
def counted(monkeypatch, tmp_path):
    """An empty cache; pieces are not made of pages but counted."""
    calls: list[tuple[int, int]] = []

    def made(count, seed, bank, workers, listen):
        calls.append((count, seed))
        rng = np.random.default_rng([count, seed])
        return Pieces(rng.integers(0, 256, (count, 3, 28, 28), dtype=np.uint8), rng.integers(0, 13, count))

    monkeypatch.setattr(pieces, "generate", made)
    monkeypatch.setattr(pieces, "cache_folder", lambda: tmp_path / "cache")
    return calls


def test_pieces_are_made_once_and_kept(counted, bank, tmp_path) -> None:
    first, again = load(30, 0, bank), load(30, 0, bank)
    assert counted == [(30, 0)]
    assert first.digest == again.digest
    assert len(list((tmp_path / "cache").rglob("*.npz"))) == 1


def test_other_wishes_are_made_anew(counted, bank) -> None:
    for count, seed, digits in ((30, 0, bank), (31, 0, bank), (30, 1, bank), (30, 0, bank[:20])):
        load(count, seed, digits)
    assert len(counted) == 4


@pytest.mark.parametrize("damage", [lambda content: content[:-400], lambda content: b"", lambda content: b"no pieces"])
def test_a_damaged_file_in_the_cache_is_made_anew(counted, bank, tmp_path, damage) -> None:
    first = load(30, 0, bank)
    (file,) = (tmp_path / "cache").rglob("*.npz")
    file.write_bytes(damage(file.read_bytes()))
    assert load(30, 0, bank).digest == first.digest
    assert len(counted) == 2
    assert load(30, 0, bank).digest == first.digest
    assert len(counted) == 2


def test_a_cache_that_cannot_be_written_is_an_output_error(counted, bank, tmp_path) -> None:
    (tmp_path / "cache").write_text("a file is in the way")
    with pytest.raises(OutputError):
        load(30, 0, bank)


def test_a_thing_that_stands_alone_is_itself_a_part_or_none_by_what_a_piece_has_of_it() -> None:
    box = np.array([[40, 40, 80, 100]], float)
    boxes = {
        "itself": (41, 40, 80, 99), "half of it": (40, 40, 80, 70), "and more": (30, 35, 95, 105),
        "a frame around": (5, 5, 150, 150), "elsewhere": (90, 10, 120, 40),
    }  # fmt: skip
    found = [SimpleNamespace(box=place) for place in boxes.values()]
    told = {
        what: dict(zip(boxes, pieces._label_alone(found, box, what).tolist(), strict=True)) for what in (7, NO_DIGIT)
    }
    assert told[7] == {"itself": 7, "half of it": PART, "and more": -1, "a frame around": -1, "elsewhere": NO_DIGIT}
    assert set(told[NO_DIGIT].values()) == {NO_DIGIT}


def test_a_fifth_of_the_pages_are_figures_one_in_twenty_displays_and_most_are_of_any_kind() -> None:
    kinds = [pieces._kind(np.random.default_rng(seed)) for seed in range(2000)]
    assert kinds.count("figures") / len(kinds) == pytest.approx(0.2, abs=0.03)
    assert kinds.count("displays") / len(kinds) == pytest.approx(0.05, abs=0.015)
    assert kinds.count(None) / len(kinds) == pytest.approx(0.57, abs=0.04)
