"""A synthetic page is what it says: every labelled digit is there, whole, in its box and in its line."""

import numpy as np
import pytest

from digitlab.data import sheets
from digitlab.data.pages import BARE, KINDS, make_page
from digitlab.data.strokes import generate
from digitlab.data.writers import Writer
from digitlab.errors import UsageError


@pytest.fixture(scope="module")
def bank():
    return generate(60, seed=9)


@pytest.fixture(scope="module")
def pages(bank):
    return [make_page(seed, bank if seed % 2 else None, kind) for kind in KINDS for seed in range(4)]


def test_a_page_depends_on_seed_kind_and_bank_alone(bank):
    for kind in ("rows", "table", "scatter"):
        page, same = make_page(5, bank, kind), make_page(5, bank, kind)
        np.testing.assert_array_equal(page.image, same.image)
        np.testing.assert_array_equal(page.owner, same.owner)
        assert (page.digits, page.lines, page.facts) == (same.digits, same.lines, same.facts)
    assert make_page(5).image.shape != make_page(6).image.shape


def test_all_kinds_are_drawn_when_none_is_asked_for():
    assert sum(KINDS.values()) == pytest.approx(1)
    assert len({make_page(seed).facts["layout"] for seed in range(30)}) > 7


def test_image_and_owner_have_one_shape(pages):
    for page in pages:
        assert page.image.shape == (*page.owner.shape, 3)
        assert page.image.dtype == np.uint8
        assert page.owner.dtype == np.uint16
        assert min(page.owner.shape) >= 40
        assert 90 <= max(page.owner.shape) <= 1600


def test_every_digit_has_its_pixels_in_its_box_and_nowhere_else(pages):
    for page in pages:
        for index, digit in enumerate(page.digits, start=1):
            rows, columns = np.nonzero(page.owner == index)
            assert len(rows) >= 8
            assert digit.box == (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
        assert page.owner.max() == len(page.digits)


def test_rows_say_the_digits_of_each_line_from_left_to_right(pages):
    for page in pages:
        assert sorted(index for line in page.lines for index in line) == list(range(len(page.digits)))
        for line, row in zip(page.lines, page.rows, strict=True):
            assert row == "".join(str(page.digits[index].label) for index in line)
            lefts = [page.digits[index].box[0] for index in line]
            assert lefts == sorted(lefts)


@pytest.mark.parametrize("kind", BARE)
def test_pages_without_digits_have_none(kind, bank):
    for seed in range(8):
        page = make_page(seed, bank, kind)
        assert (page.digits, page.lines, page.rows) == ((), (), [])
        assert not page.owner.any()


def test_other_pages_have_digits(pages):
    with_digits = [bool(page.digits) for page in pages if page.facts["layout"] not in BARE]
    assert np.mean(with_digits) > 0.97


def test_ink_stands_out_from_what_is_around_it(pages):
    differences = []
    for page in pages:
        grey = page.image.astype(float).mean(axis=2)
        for index, (left, top, right, bottom) in enumerate((digit.box for digit in page.digits), start=1):
            owner, around = page.owner[top:bottom, left:right], grey[top:bottom, left:right]
            if (owner == 0).any():
                differences.append(abs(around[owner == index].mean() - around[owner == 0].mean()))
    assert np.min(differences) > 3
    assert np.percentile(differences, 5) > 12


def test_a_digit_is_never_covered_by_another(pages, bank, monkeypatch):
    monkeypatch.setattr(sheets, "LINKED", 1.0)
    for page in [*pages, *(make_page(seed, bank, "rows") for seed in range(8))]:
        for index, digit in enumerate(page.digits, start=1):
            left, top, right, bottom = digit.box
            assert bottom - top >= 7  # of 10 pixels and more, less what tilt and soft edges take
            assert np.count_nonzero(page.owner == index) >= 0.04 * (bottom - top) * min(right - left, bottom - top)


def test_a_writer_of_the_bank_alone_writes_its_labels_alone(monkeypatch):
    monkeypatch.setattr(sheets, "LINKED", 0.0)  # linked zeros come from the pen
    threes = generate(20, seed=3, labels=np.full(20, 3))
    pages = [make_page(seed, threes, "tiny") for seed in range(30)]
    alone = [page for page in pages if page.facts["hand"] == "bank"]
    assert alone
    assert all(set(row) == {"3"} for page in alone for row in page.rows)


def test_digits_of_the_bank_are_enlarged_without_a_veil_around_them(bank):
    rng = np.random.default_rng(4)
    for height in (12, 30, 34, 45, 80, 300):
        for width in (0.08, 0.2):
            writer = Writer.random(rng, height, bank, width)
            writer.share = 1.0
            for _ in range(10):
                label, ink = writer.digit()
                assert ink.max() > 150
                assert (ink < 30).mean() > 0.15 or label == 1


def test_an_unknown_kind_and_a_negative_seed_are_refused():
    with pytest.raises(UsageError, match="rows"):
        make_page(0, kind="poster")
    with pytest.raises(UsageError, match="seed"):
        make_page(-1)
