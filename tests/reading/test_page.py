"""From a picture to its lines of digits: what is found, what is left out, and where it stands."""

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from digitlab.data.strokes import generate
from digitlab.reading import Reader, open_image, page
from digitlab.reading.page import read_page
from digitlab.readings import Line
from digitlab.recognizer import Recognizer, Verdict, load
from judges import Box, Fake, always, overlap, verdict, write


def test_lines_come_in_order_with_the_digits_boxes(knowing, shy) -> None:
    picture, boxes = write(["01234", "56789"])
    lines = read_page(open_image(picture), shy, judge=knowing(boxes[0] + boxes[1]))
    assert [line.text for line in lines] == ["01234", "56789"]
    for line, row in zip(lines, boxes, strict=True):
        for digit, box in zip(line.digits, row, strict=True):
            assert overlap(digit.box, box) > 0.8


def test_boxes_are_in_pixels_of_the_full_resolution(knowing, shy) -> None:
    picture, boxes = write(["01234"], height=120, shape=(600, 1600))
    opened = open_image(picture, longest=400)
    assert opened.grey.shape[1] < 600
    small = [tuple(side * opened.grey.shape[1] / 1600 for side in box) for box in boxes[0]]
    (line,) = read_page(opened, shy, judge=knowing(small))
    assert line.text == "01234"
    for digit, box in zip(line.digits, boxes[0], strict=True):
        assert overlap(digit.box, box) > 0.8


def test_boxes_lie_within_the_picture(monkeypatch, shy) -> None:
    """Views of a picture have whole pixels, so what touches its border may end a pixel beyond it."""
    picture, _ = write(["0"])
    height, width = picture.shape
    (piece,) = page.judged(picture, picture, always(0))[0][:1]
    piece.box = (0, 0, width + 1, height + 1)
    monkeypatch.setattr(page, "judged", lambda *of: ([piece], np.eye(10)[:1], np.array([9.0], np.float32)))
    (line,) = read_page(open_image(picture), shy, judge=always(0))
    assert line.digits[0].box == (0, 0, width, height)
    piece.box = (width, height, width + 1, height + 1)  # less than half a pixel, in the last corner
    (line,) = read_page(open_image(picture), shy, judge=always(0))
    assert line.digits[0].box == (width - 1, height - 1, width, height)


def test_only_what_the_judge_takes_for_a_digit_is_read(knowing, shy) -> None:
    picture, boxes = write(["01234"])
    lines = read_page(open_image(picture), shy, judge=knowing(boxes[0][:2] + boxes[0][3:4]))
    assert [len(line.digits) for line in lines] == [3]
    assert read_page(open_image(picture), always(7), judge=always(7, odds=-8.0)) == ()


@pytest.mark.parametrize("sure", [True, False])
def test_what_is_just_likely_is_read_only_beside_a_sure_digit(monkeypatch, shy, sure: bool) -> None:
    picture, _ = write(["44", "11"])

    def in_company(candidates, labels, odds, chosen) -> np.ndarray:
        upper = np.array([candidate.box[3] < 90 for candidate in candidates])
        return np.where(upper, 6.0 if sure else 0.2, 0.2)

    monkeypatch.setattr(page, "in_company", in_company)
    lines = read_page(open_image(picture), shy, judge=always(4))
    assert len(lines) == (2 if sure else 0)


def test_recogniser_and_judge_have_a_say_in_which_digit_it_is(knowing) -> None:
    picture, boxes = write(["01234"])
    (line,) = read_page(open_image(picture), always(9), judge=knowing(boxes[0]))
    for place, digit in enumerate(line.digits):
        assert {digit.label, digit.alternatives[0][0]} == {9, place}
        probabilities = [digit.confidence, *(share for _, share in digit.alternatives)]
        assert len(probabilities) == 10
        assert probabilities == sorted(probabilities, reverse=True)
        assert sum(probabilities) <= 1 + 1e-6


def test_what_both_think_possible_is_read_before_what_either_rules_out(knowing) -> None:
    picture, boxes = write(["7"])

    def shares(**known: float) -> np.ndarray:
        left = (1 - sum(known.values())) / (10 - len(known))
        return np.array([known.get(f"is_{label}", left) for label in range(10)], np.float32)

    def told(judge: Fake, row: np.ndarray) -> Fake:
        return Fake(lambda images: judge.say(images)._replace(probabilities=np.tile(row, (len(images), 1))))

    judge = told(knowing(boxes[0]), shares(is_3=0.6, is_8=0.39))
    recognizer = told(always(0), shares(is_5=0.8, is_8=0.19, is_3=1e-6))
    (line,) = read_page(open_image(picture), recognizer, judge=judge)
    assert line.text == "8"
    (digit,) = line.digits
    assert digit.confidence + sum(share for _, share in digit.alternatives) == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize(("likely", "read"), [(1.0, "4"), (-6.0, "9")])
def test_other_looks_at_a_piece_help_to_tell_which_digit_it_is(monkeypatch, by_box, shy, likely, read) -> None:
    monkeypatch.setattr(page, "in_company", lambda candidates, labels, odds, chosen: odds)
    picture, _ = write(["4"], height=60)
    picture = cv2.GaussianBlur(picture, (0, 0), 6)  # at each level the ink reaches as far as its soft edge goes
    shares = np.full((2, 10), 0.01, np.float32)
    shares[0, [4, 9]], shares[1, [4, 9]] = (0.42, 0.5), (0.91, 0.01)

    def say(asked: list[Box]) -> Verdict:
        widest = np.array([right - left > 60 for left, _, right, _ in asked])
        said = verdict([0] * len(asked), np.where(widest, 2.0, likely))
        return said._replace(probabilities=np.where(widest[:, None], *shares))

    (line,) = read_page(open_image(picture), shy, judge=by_box(say))
    assert line.text == read


def test_the_recogniser_is_asked_only_about_digits_whose_label_the_judge_doubts(by_box) -> None:
    picture, boxes = write(["01234"])
    doubted = 2

    def say(asked: list[Box]) -> Verdict:
        fits = np.array([[overlap(box, known) for known in boxes[0]] for box in asked])
        said = verdict(fits.argmax(axis=1), np.where(fits.max(axis=1) > 0.8, 8.0, -8.0))
        certain = np.where(np.eye(10)[fits.argmax(axis=1)] > 0, 0.9991, 0.0001).astype(np.float32)
        doubt = (fits.argmax(axis=1) == doubted)[:, None]
        return said._replace(probabilities=np.where(doubt, said.probabilities, certain))

    recogniser = always(9)
    (line,) = read_page(open_image(picture), recogniser, judge=by_box(say))
    assert recogniser.asked[0] == (1, 28, 28)
    assert line.text == "01234"
    for place, digit in enumerate(line.digits):
        assert (digit.alternatives[0][0] == 9) == (place == doubted)
        assert (digit.confidence > 0.99) == (place != doubted)


def test_a_line_is_no_surer_than_its_digits_together(knowing, shy) -> None:
    picture, boxes = write(["012", "345"])
    for line in read_page(open_image(picture), shy, judge=knowing(boxes[0] + boxes[1])):
        assert 0 < line.confidence <= np.prod([digit.confidence for digit in line.digits]) + 1e-6


def test_a_page_without_candidates_asks_nobody() -> None:
    nobody = always(0)
    assert read_page(open_image(np.full((200, 300), 230, np.uint8)), nobody, judge=nobody) == ()
    assert nobody.asked == []


def test_touching_digits_are_cut_where_the_judge_takes_neither_for_one(knowing, shy) -> None:
    picture = np.full((140, 220), 225, np.uint8)
    for x in (80, 124):
        cv2.ellipse(picture, (x, 70), (15, 28), 0, 0, 360, 60, 5, cv2.LINE_AA)
    cv2.line(picture, (93, 74), (111, 70), 60, 4, cv2.LINE_AA)  # their ligature
    boxes = [(62, 40, 100, 101), (105, 40, 142, 101)]
    (line,) = read_page(open_image(picture), shy, judge=knowing(boxes))
    assert line.text == "01"


def test_colours_are_passed_on(knowing, shy) -> None:
    picture, boxes = write(["01234"])
    share = (225 - picture[..., None].astype(float)) / 180
    coloured = np.rint([80, 160, 80] + share * (np.array([225, 83, 90]) - [80, 160, 80])).clip(0, 255).astype(np.uint8)
    (line,) = read_page(open_image(coloured), shy, judge=knowing(boxes[0]))
    assert line.text == "01234"


def test_single_reads_what_looks_like_a_digit_and_does_without_a_judge() -> None:
    picture, boxes = write(["5"], height=100, shape=(200, 200))

    def never(images: np.ndarray) -> Verdict:
        raise AssertionError

    (line,) = read_page(open_image(picture), always(7), single=True, judge=Fake(never))
    assert line.text == "7"
    assert line.confidence == pytest.approx(0.91, abs=0.01)
    assert overlap(line.digits[0].box, boxes[0][0]) > 0.8


def test_single_reads_whatever_it_looks_like() -> None:
    picture, boxes = write(["5"], height=100, shape=(200, 200))
    (line,) = read_page(open_image(picture), always(7, odds=-20), single=True, judge=always(7, odds=-20))
    assert line.text == "7"
    assert overlap(line.digits[0].box, boxes[0][0]) > 0.8
    assert read_page(open_image(np.full((90, 90), 200, np.uint8)), always(7), single=True) == ()


def test_single_takes_for_a_page_what_one_light_does_not_show() -> None:
    """Under a shadow as dark as ink, all that one light for the whole picture shows is the shadow."""
    picture, boxes = write(["5"], height=120, shape=(200, 200))
    shaded = picture.copy()
    shaded[:, 100:] = (0.5 * shaded[:, 100:]).astype(np.uint8)
    (line,) = read_page(open_image(shaded), load("default"), single=True, judge=load("reader-int8"))
    assert line.text == "5"
    assert overlap(line.digits[0].box, boxes[0][0]) > 0.7


@pytest.mark.parametrize(
    ("odds", "likely", "text"), [(0.5, 2.4, "7"), (0.5, 2.6, "3"), (1.5, 9.0, "7"), (-20.0, -19.0, "7")]
)
def test_single_takes_a_piece_of_the_page_that_is_far_likelier(odds, likely, text, monkeypatch) -> None:
    """Where it is hardly in doubt that what one light shows is a digit, no page is looked at."""
    piece = likely, np.eye(10)[3], (40, 40, 60, 80)
    monkeypatch.setattr(page, "_likeliest", lambda *of: piece)
    picture, _ = write(["5"], height=100, shape=(200, 200))
    (line,) = read_page(open_image(picture), always(7, odds=odds), single=True, judge=always(7))
    assert line.text == text
    assert (line.digits[0].box == piece[2]) == (text == "3")


def test_the_recogniser_sees_broad_strokes_as_they_are_and_the_judge_finer() -> None:
    picture = np.full((120, 120), 235, np.uint8)
    cv2.line(picture, (60, 25), (60, 95), 20, 26)  # some seven pixels across once it is framed
    images, _ = page.framed_digit(open_image(picture))
    asked: dict[str, np.ndarray] = {}

    def keep(who: str) -> Fake:
        return Fake(lambda seen: asked.setdefault(who, seen) is None or verdict([1] * len(seen), [9.0] * len(seen)))

    assert read_page(open_image(picture), keep("recogniser"), judge=keep("judge"))
    recognised, judged_as = asked["recogniser"][0], asked["judge"][0, 0]
    assert (images[0] > 127).sum() > 1.3 * (judged_as > 127).sum()
    assert (recognised > 127).sum() > 1.3 * (judged_as > 127).sum()


def test_without_a_judge_the_bundled_one_is_asked(monkeypatch) -> None:
    told = always(4, odds=-8.0)
    monkeypatch.setattr(page, "load", lambda name: told if name == "reader-int8" else None)
    assert read_page(open_image(write(["1"])[0]), always(4)) == ()
    assert told.asked


# With the models that ship: easy pages, to see that all parts work together.


@pytest.fixture(scope="module")
def models() -> tuple[Recognizer, Recognizer]:
    return load("default", threads=1), load(page.JUDGE, threads=1)


@pytest.fixture(scope="module")
def read(models) -> Callable[[np.ndarray], tuple[Line, ...]]:
    return lambda picture: Reader(*models).read(picture).lines


def legible(texts: list[str], height: int = 40, shape: tuple[int, int] = (320, 620)) -> np.ndarray:
    """Write rows of digits that any recogniser reads: (H, W) uint8, 255 is full ink."""
    ink = np.zeros(shape, np.uint8)
    bank = generate(300, seed=3)
    sure = load("default", threads=1).predict_proba(bank.images)[np.arange(300), bank.labels] > 0.995
    for number, text in enumerate(texts):
        left, top = 30, 30 + 2 * height * number
        for label in text:
            image = bank.images[np.flatnonzero(sure & (bank.labels == int(label)))[0]]
            digit = cv2.resize(image, None, fx=height / 20, fy=height / 20, interpolation=cv2.INTER_CUBIC)
            where = ink[top : top + len(digit), left : left + digit.shape[1]]
            np.maximum(where, digit, out=where)
            left += round(0.95 * height)
    return ink


def on_paper(ink: np.ndarray) -> np.ndarray:
    grain = np.random.default_rng(0).normal(0, 1.5, ink.shape)
    return (225 - 0.65 * ink + grain).clip(0, 255).astype(np.uint8)


def test_a_clean_page_of_digits_reads_right(read) -> None:
    assert [line.text for line in read(on_paper(legible(["2403856719", "5310", "9876"])))] == [
        "2403856719",
        "5310",
        "9876",
    ]


def test_light_digits_on_a_dark_board_read_right(read) -> None:
    assert [line.text for line in read(255 - on_paper(legible(["2403856719"])))] == ["2403856719"]


def test_digits_on_ruled_paper_read_right(read) -> None:
    ink = legible(["24038", "56719"], height=32)
    for y in range(14, 320, 64):
        cv2.line(ink, (0, y), (619, y), 90, 1)
    assert [line.text for line in read(on_paper(ink))] == ["24038", "56719"]


def test_an_empty_page_reads_as_nothing(read) -> None:
    assert read(on_paper(np.zeros((400, 600), np.uint8))) == ()


def test_squared_paper_reads_as_nothing(read) -> None:
    ink = np.zeros((400, 600), np.uint8)
    ink[::24] = ink[:, ::24] = 110
    assert read(on_paper(ink)) == ()


def test_a_sheet_full_of_digits_is_read_whole() -> None:
    """Far more digits than a page of notes has: none may be left out for others."""
    rng = np.random.default_rng(0)
    texts = ["".join(str(label) for label in rng.integers(0, 10, 30)) for _ in range(34)]
    picture, _ = write(texts, height=30, shape=(2100, 1400))
    lines = read_page(open_image(picture), load("default"))
    assert len(lines) == len(texts)
    digits = [pair for line, text in zip(lines, texts, strict=True) for pair in zip(line.text, text, strict=False)]
    assert len(digits) > 0.99 * sum(map(len, texts))
    assert sum(read == written for read, written in digits) > 0.95 * len(digits)
