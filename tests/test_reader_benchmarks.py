"""The benchmarks of the reader count as they say they do."""

from __future__ import annotations

import json
import sys
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from digitlab.data.pages import Written
from digitlab.errors import ImageError, RunError, UsageError
from digitlab.readings import Digit, Line, Reading

BOXES = st.tuples(*[st.integers(0, 8)] * 2, *[st.integers(1, 8)] * 2).map(
    lambda b: (b[0], b[1], b[0] + b[2], b[1] + b[3])
)


def line(text: str, left: int = 0, top: int = 0, confidence: float = 0.995) -> Line:
    """Return a line of digits, each 10 x 20 pixels, side by side."""
    boxes = [(left + 10 * i, top, left + 10 * i + 10, top + 20) for i in range(len(text))]
    return Line(tuple(Digit(int(label), confidence, box) for label, box in zip(text, boxes, strict=True)))


def page(*rows: str, layout: str = "rows") -> Any:
    """Return what of a page is judged: rows of digits where `line` with top = 30 x row puts them."""
    digits, lines = [], []
    for number, row in enumerate(rows):
        lines.append(tuple(range(len(digits), len(digits) + len(row))))
        digits += [Written(digit.label, digit.box) for digit in line(row, top=30 * number).digits]
    return SimpleNamespace(digits=tuple(digits), lines=tuple(lines), facts={"layout": layout})


def reference(read: str, wanted: str) -> int:
    """Edit distance as its definition says."""

    @cache
    def cost(i: int, j: int) -> int:
        if not i or not j:
            return i + j
        differ = read[i - 1] != wanted[j - 1] and "?" not in (read[i - 1], wanted[j - 1])
        return min(cost(i - 1, j) + 1, cost(i, j - 1) + 1, cost(i - 1, j - 1) + differ)

    return cost(len(read), len(wanted))


@settings(deadline=None)
@given(read=st.text("012", max_size=8), wanted=st.text("012?", max_size=8))
def test_the_distance_is_the_edit_distance(scripts: Any, read: str, wanted: str) -> None:
    assert scripts.scoring.distance(read, wanted) == reference(read, wanted)


@settings(deadline=None)
@given(read=st.text("012", max_size=8), wanted=st.text("012?", max_size=8))
def test_an_alignment_holds_everything_once_and_in_order(scripts: Any, read: str, wanted: str) -> None:
    pairs = scripts.scoring.align(read, wanted)
    assert [i for i, _ in pairs if i is not None] == list(range(len(read)))
    assert [j for _, j in pairs if j is not None] == list(range(len(wanted)))
    assert (None, None) not in pairs


@pytest.mark.parametrize(
    ("wanted", "read", "ordered", "distance", "exact", "exact_rows"),
    [
        (["12", "34"], ["12", "34"], True, 0, True, True),
        (["12", "34"], ["1234"], True, 0, True, False),
        (["12", "34"], ["12", "", "a3b4"], True, 0, True, True),
        (["1?"], ["17"], True, 0, True, True),
        (["12"], ["13"], True, 1, False, False),
        (["12"], ["9", "9999"], True, 2, False, False),
        (["31", "2"], ["123"], False, 0, True, True),
        ([], ["7"], True, 0, False, False),
        ([], [], True, 0, True, True),
    ],
)
def test_a_picture_is_judged_by_its_digits_and_by_its_rows(
    scripts: Any, wanted: list[str], read: list[str], ordered: bool, distance: int, exact: bool, exact_rows: bool
) -> None:
    judged = scripts.scoring.judge(scripts.scoring.Picture("a.png", "photo", tuple(wanted), ordered), read)
    assert (judged.distance, judged.exact, judged.exact_rows) == (distance, exact, exact_rows)


def test_only_the_sure_are_tested_for_their_word(scripts: Any) -> None:
    told = scripts.scoring.trusted([0.999, 0.99, 0.98, 0.5], [True, False, False, True])
    assert (told["right"]["n"], told["right"]["count"], told["coverage"]) == (2, 1, 0.5)
    assert scripts.scoring.trusted([], [])["right"]["share"] is None


@settings(deadline=None)
@given(first=BOXES, second=BOXES)
def test_overlap_is_that_of_the_pixels(scripts: Any, first: Any, second: Any) -> None:
    masks = np.zeros((2, 16, 16), bool)
    for mask, (left, top, right, bottom) in zip(masks, (first, second), strict=True):
        mask[top:bottom, left:right] = True
    expected = (masks[0] & masks[1]).sum() / (masks[0] | masks[1]).sum()
    assert scripts.scoring.overlap(first, second) == pytest.approx(expected)


@settings(deadline=None)
@given(read=st.lists(BOXES, max_size=6), written=st.lists(BOXES, max_size=6))
def test_boxes_are_matched_one_to_one_and_none_is_left_that_could_be(scripts: Any, read: Any, written: Any) -> None:
    scoring = scripts.scoring
    pairs = scoring.match_boxes(read, written, 0.5)
    assert len(set(pairs.values())) == len(pairs)
    for i, mine in enumerate(read):
        for j, theirs in enumerate(written):
            if scoring.overlap(mine, theirs) >= 0.5:
                assert i in pairs or j in pairs.values()
    assert all(scoring.overlap(read[i], written[j]) >= 0.5 for i, j in pairs.items())


@pytest.mark.parametrize(
    ("lines", "right", "right_lines"),
    [
        ((line("12"), line("34", top=30)), 4, 2),
        ((line("17"), line("34", top=30)), 3, 1),
        ((line("1"), line("2", left=10), line("34", top=30)), 4, 1),
        ((line("129"), line("34", top=30)), 4, 1),
        ((line("12", left=8), line("34", top=30)), 2, 1),
        ((), 0, 0),
    ],
    ids=["all", "wrong label", "line cut in two", "digit too much", "misplaced", "nothing"],
)
def test_a_page_is_judged_by_places_labels_and_lines(scripts: Any, lines: Any, right: int, right_lines: int) -> None:
    outcome = scripts.pages.judge_page(page("12", "34"), lines)
    assert (outcome.right, outcome.right_lines) == (right, right_lines)
    figures = scripts.pages.figures_of([outcome])
    assert figures["f1"] == pytest.approx(2 * right / (4 + outcome.found), abs=1e-6)
    assert figures["lines"]["share"] == right_lines / 2


def test_pages_beside_the_usual_kinds_are_read_after_them(scripts: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scripts.pages, "read_one", lambda index, kind, *of: (index, kind))
    read = scripts.pages.measure(2, 1, 2, "default", None, 1)
    kinds = [None, None, "empty", "distractors", *2 * ["figures"], *2 * ["displays"], *2 * ["panels"], *2 * ["marks"]]
    assert [kind for _, kind in read] == kinds
    assert [index for index, _ in read] == list(range(12))


def test_digits_on_panels_are_held_out_beside_all_kinds_of_pages(scripts: Any) -> None:
    on_panels = scripts.pages.held_out(3, "panels")
    assert on_panels.rows == scripts.pages.held_out(3).rows
    assert scripts.pages.judge_page(on_panels, ()).kind == "panels"


def test_digits_on_bare_pages_are_counted(scripts: Any) -> None:
    bare = [scripts.pages.judge_page(page(layout="empty"), lines) for lines in ([line("12")], [])]
    told = scripts.pages.false_digits(bare)
    assert (told["digits_read"], told["per_20_pages"], told["pages_with_a_digit_read"]["count"]) == (2, 20, 1)


@settings(deadline=None)
@given(order=st.permutations(range(6)))
def test_texts_of_an_ocr_engine_are_put_into_rows(scripts: Any, order: list[int]) -> None:
    boxes = []
    for row in range(3):
        for column in range(2):
            x, y = 100 * column, 40 * row + 3 * column  # a little tilted
            corners = [(x, y), (x + 80, y), (x + 80, y + 30), (x, y + 30)]
            boxes.append((corners, f"no. {row}{column}"))
    assert scripts.peers_sides.rows_of([boxes[i] for i in order]) == ["0001", "1011", "2021"]


def test_the_better_page_mode_of_tesseract_is_counted(scripts: Any) -> None:
    picture = scripts.scoring.Picture("a.png", "photo", ("12",), source="here")
    answers = {
        "digitlab": [(["12"], 0.01)],
        "Tesseract, mode 6": [(["1"], 0.2)],
        "Tesseract, mode 11": [(["12"], 0.3)],
    }
    figures = scripts.peers.figures_of([picture], answers)
    assert figures["Tesseract"]["counted"] == "Tesseract, mode 11"
    assert figures["Tesseract"]["times_ours"]["median"] == 30


def test_a_side_that_is_not_installed_says_why(scripts: Any, tmp_path: Path) -> None:
    with pytest.raises(RunError, match="cannot be started"):
        scripts.peers.Side([str(tmp_path / "none")], tmp_path / "log")
    with pytest.raises(RunError, match="no engine here"):
        scripts.peers.Side([sys.executable, "-c", "raise SystemExit('no engine here')"], tmp_path / "log")


def test_photos_are_measured_written_and_put_into_tables(
    scripts: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    readings = {"a.png": Reading((line("12"), line("3", confidence=0.5))), "b.png": Reading((line("4"),)),
                "c.png": Reading(), "d.png": Reading((line("0"),))}  # fmt: skip

    class Stub:
        def __init__(self, model: str, judge: str | None = None, *, single: bool = False, picture: int) -> None:
            self.single = single

        def read(self, path: Path) -> Reading:
            if self.single:
                return Reading()
            if path.name not in readings:
                raise ImageError(f"{path.name} is no image; give one")
            return readings[path.name]

    common = {"order": "rows", "source": "someone/something:1"}
    labels = [
        {"file": "a.png", "kind": "photo", "rows": ["12", "4"], "subset": "hard", **common},
        {"file": "none.png", "kind": "photo", "rows": ["5"], "subset": "", **common},
        {"file": "b.png", "kind": "single", "rows": ["4"], "subset": "", **common},
        {"file": "c.png", "kind": "nondigit", "rows": [], "subset": "letter", **common},
        {"file": "d.png", "kind": "nondigit", "rows": [], "subset": "letter,confusable", **common},
    ]
    (tmp_path / "labels.json").write_text(json.dumps(labels))
    monkeypatch.setattr(scripts.photos, "Reader", Stub)
    predictions = tmp_path / "read.json"
    arguments = [str(tmp_path), "--results", str(tmp_path), "--predictions", str(predictions), "--show"]
    monkeypatch.setattr(sys, "argv", ["photos.py", *arguments])
    scripts.photos.main()
    page = json.loads((tmp_path / "photos.json").read_text())
    assert (page["photos"]["all"]["digits"]["count"], page["photos"]["all"]["digits"]["n"]) == (2, 4)
    assert page["photos"]["hard"]["images"] == page["photos"]["clear"]["images"] == page["unread"] == 1
    assert page["singles"]["accuracy"] == 1
    assert page["singles"]["told"]["accuracy"] == 0  # by the other reader
    assert page["without_digits"]["digit_read"]["count"] == 0
    assert page["without_digits"]["confusable_digit_read"]["count"] == 1
    assert page["calibration"]["digits"]["right"] == page["calibration"]["digits"]["right"] | {"n": 2, "count": 2}
    assert page["calibration"]["lines"]["right"]["n"] == 1  # 0.995 twice is surer than 0.99, 0.5 is not
    assert "someone" not in (tmp_path / "photos.json").read_text()
    assert json.loads(predictions.read_text())["a.png"] == ["12", "3"]
    for name in ("photos", "photo-subsets", "photo-sources"):
        assert "50.0 % (15.0 to 85.0)" in scripts.tables.table(name, tmp_path)


def test_strips_are_measured_whole_and_in_parts_and_put_into_a_table(
    scripts: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scripts.strips, "STRIPS", ((300, 6000, 26, 60), (3000, 100, 60, 1)))
    monkeypatch.setattr(sys, "argv", ["strips.py", "--results", str(tmp_path)])
    scripts.strips.main()
    receipt, row = json.loads((tmp_path / "strips.json").read_text())["strips"]
    assert receipt["whole"]["digits"]["share"] < 0.1
    assert receipt["parts"]["digits"]["share"] > 0.9
    assert row["whole"]["digits"]["share"] > 0.9
    assert "| 300 x 6,000 | 26 |" in scripts.tables.table("strips", tmp_path)


def test_photos_taken_otherwise_are_measured_and_put_into_a_table(
    scripts: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Image.fromarray(np.full((40, 60, 3), 200, np.uint8)).save(tmp_path / "a.png")
    common = {"file": "a.png", "order": "rows", "source": "someone:1", "subset": ""}
    labels = [
        common | {"kind": kind, "rows": rows} for kind, rows in (("photo", ["1"]), ("single", ["1"]), ("nondigit", []))
    ]
    (tmp_path / "labels.json").write_text(json.dumps(labels))

    class Stub:
        def __init__(self, *, picture: int, single: bool = False) -> None:
            self.single = single

        def read(self, picture: np.ndarray) -> Reading:
            if self.single:  # it is told, and is the better for it in a frame
                return Reading((line("1" if picture.shape != (40, 60, 3) else "7"),))
            assert picture.dtype == np.uint8
            assert picture.shape[2] == 3
            return Reading((line("1"),) if picture.shape == (40, 60, 3) else ())

    monkeypatch.setattr(scripts.retaken, "Reader", Stub)
    monkeypatch.setattr(sys, "argv", ["retaken.py", str(tmp_path), "--results", str(tmp_path)])
    scripts.retaken.main()
    ways = json.loads((tmp_path / "retaken.json").read_text())["ways"]
    assert [
        ways["as they are"][key]["count"] for key in ("digits", "exact_rows", "singles", "read_without_digits")
    ] == [1] * 4
    assert ways["at half the size"]["digits"]["count"] == ways["in a dark frame"]["singles"]["count"] == 0
    assert [ways[way]["told"]["count"] for way in ("as they are", "in a dark frame")] == [0, 1]
    assert "| negative | 100.0 % | 1 of 1 | 1 of 1 | 0 of 1 | 1 of 1 |" in scripts.tables.table("retaken", tmp_path)


def test_other_peoples_digits_are_framed_so_that_they_can_be_read(scripts: Any) -> None:
    pytest.importorskip("sklearn")
    from digitlab.recognizer import load

    digits = scripts.others.optdigits()[:300]
    assert digits.images.shape == (300, 28, 28)
    assert (load("default").predict(digits.images) == digits.labels).mean() > 0.94


def test_a_side_that_comes_to_no_end_is_started_anew(scripts, tmp_path) -> None:
    code = (
        "import json, sys, time; print('{}', flush=True)\n"
        "for line in sys.stdin:\n"
        "    time.sleep(60 * (json.loads(line) == 'slow')); print(line.strip(), flush=True)"
    )
    side = scripts.peers.Side([sys.executable, "-c", code], tmp_path / "log")
    assert side.ask("quick", 30) == "quick"
    with pytest.raises(TimeoutError):
        side.ask("slow", 0.2)
    assert side.ask("quick", 30) == "quick"
    side.close()


def test_a_network_that_finds_digits_ships_with_its_card_and_figures(
    scripts: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from digitlab.networks.unet import UNet

    finders, asked_for = scripts.finders, []
    digits = SimpleNamespace(digest="0123456789abcdef012345")
    monkeypatch.setattr(finders.data, "load", lambda name: SimpleNamespace(train=digits, validation=digits))

    def generate(pages: int, seed: int, *others: Any) -> list[int]:
        asked_for.append((pages, seed))
        return [0] * (3 * pages)

    options = ["--pages", "4", "--held-out", "2", "--out", str(tmp_path / "some.onnx"), "--results", str(tmp_path)]
    asked = finders.parser("", tmp_path, 1, 1, 1).parse_args(options)
    made = finders.make(asked, (10, 20), generate, lambda *of: UNet(1, 3, (4, 6)).eval(), lambda *of: (0.1, 0.875))
    finders.ship(asked, *made, "# some\n\n{made}\n", 32)
    assert asked_for == [(4, 10), (2, 20)]
    page = json.loads((tmp_path / "some.json").read_text())
    assert (page["right"], page["learned"], page["held_out"]) == (0.875, 12, 6)
    card = (tmp_path / "some.md").read_text()
    assert "- learned from: 12, of 4 synthetic pages, seeds from 10" in card
    assert (tmp_path / "some.onnx").stat().st_size > 1000
    with pytest.raises(UsageError, match="1 or more"):
        finders.make(finders.parser("", tmp_path, 0, 1, 1).parse_args([]), (0, 1), generate, None, None)
