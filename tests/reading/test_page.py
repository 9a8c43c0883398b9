"""From a picture to its lines of digits: what is found, what is left out, and where it stands."""

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from digitlab.data.strokes import draw, generate
from digitlab.finding.candidate import Candidate
from digitlab.reading import Reader, open_image, page
from digitlab.reading.page import judged, read_page
from digitlab.readings import Line
from digitlab.recognizer import Recognizer, load

Box = tuple[int, int, int, int]


def write(texts: list[str], height: int = 40, seed: int = 0, shape: tuple[int, int] = (320, 560)):
    """Write rows of digits in dark ink on light paper: (H, W) uint8, and the boxes of each row."""
    rng = np.random.default_rng(seed)
    ink, boxes = np.zeros(shape, np.uint8), []
    for number, text in enumerate(texts):
        left, top, row = 30, 30 + 2 * height * number, []
        for label in text:
            digit = draw(int(label), rng, height)
            ink[top : top + height, left : left + digit.shape[1]] = digit
            row.append((left, top, left + digit.shape[1], top + height))
            left += digit.shape[1] + height // 3
        boxes.append(row)
    return (225 - 0.7 * ink).astype(np.uint8), boxes


def overlap(a: Box, b: Box) -> float:
    across, down = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    shared = max(0, across) * max(0, down)
    return shared / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared)


class Fake:
    """Says what it is told to: labels one after the other, and whether each is a digit."""

    def __init__(self, say: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]) -> None:
        self.say, self.asked = say, []

    def judge(self, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        self.asked.append(images.shape)
        return self.say(images)


def always(label: int, odds: float = 8.0) -> Fake:
    def say(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        probabilities = np.full((len(images), 10), 0.01, np.float32)
        probabilities[:, label] = 0.91
        return probabilities, np.full(len(images), odds, np.float32)

    return Fake(say)


@pytest.fixture
def knowing(monkeypatch):
    """Make judges that take for digits what fits one of some boxes, labelled by its place among them."""

    def make(boxes: list[Box]) -> Fake:
        seen: list[Box] = []
        plain = Candidate.seen

        def seen_and_told(candidate: Candidate) -> np.ndarray:
            seen.append(candidate.box)
            return plain(candidate)

        monkeypatch.setattr(Candidate, "seen", seen_and_told)

        def say(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            assert images.shape[1:] == (3, 28, 28)
            asked = [seen.pop(0) for _ in images]
            fits = np.array([[overlap(box, known) for known in boxes] for box in asked])
            probabilities = np.full((len(images), 10), 0.01, np.float32)
            probabilities[np.arange(len(images)), fits.argmax(axis=1) % 10] = 0.91
            return probabilities, np.where(fits.max(axis=1) > 0.8, 8.0, -8.0).astype(np.float32)

        return Fake(say)

    return make


@pytest.fixture
def shy() -> Fake:
    """A recogniser that does not know which digit: the judge decides."""
    return Fake(lambda images: (np.full((len(images), 10), 0.1, np.float32), np.zeros(len(images), np.float32)))


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


def test_only_what_the_judge_takes_for_a_digit_is_read(knowing, shy) -> None:
    picture, boxes = write(["01234"])
    lines = read_page(open_image(picture), shy, judge=knowing(boxes[0][:2] + boxes[0][3:4]))
    assert [len(line.digits) for line in lines] == [3]
    assert read_page(open_image(picture), always(7), judge=always(7, odds=-8.0)) == ()


def test_recogniser_and_judge_have_a_say_in_which_digit_it_is(knowing) -> None:
    picture, boxes = write(["01234"])
    (line,) = read_page(open_image(picture), always(9), judge=knowing(boxes[0]))
    for place, digit in enumerate(line.digits):
        assert {digit.label, digit.alternatives[0][0]} == {9, place}
        probabilities = [digit.confidence, *(share for _, share in digit.alternatives)]
        assert len(probabilities) == 10
        assert probabilities == sorted(probabilities, reverse=True)
        assert sum(probabilities) <= 1 + 1e-6


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
    boxes = [(62, 40, 98, 101), (106, 40, 142, 101)]
    (line,) = read_page(open_image(picture), shy, judge=knowing(boxes))
    assert line.text == "01"


def test_colours_are_passed_on(knowing, shy) -> None:
    picture, boxes = write(["01234"])
    share = (225 - picture[..., None].astype(float)) / 180
    coloured = np.rint([80, 160, 80] + share * (np.array([225, 83, 90]) - [80, 160, 80])).clip(0, 255).astype(np.uint8)
    (line,) = read_page(open_image(coloured), shy, judge=knowing(boxes[0]))
    assert line.text == "01234"


def test_candidates_and_what_is_said_of_them_belong_together(knowing) -> None:
    picture, boxes = write(["01234"])
    candidates, labels, odds = judged(picture, None, knowing(boxes[0]))
    assert labels.shape == (len(candidates), 10)
    assert odds.shape == (len(candidates),)
    for candidate, odd in zip(candidates, odds, strict=True):
        assert (odd > 0) == (max(overlap(candidate.box, box) for box in boxes[0]) > 0.8)


def test_single_reads_whatever_it_looks_like_and_does_without_a_judge() -> None:
    picture, boxes = write(["5"], height=100, shape=(200, 200))

    def never(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        raise AssertionError

    (line,) = read_page(open_image(picture), always(7, odds=-20), single=True, judge=Fake(never))
    assert line.text == "7"
    assert line.confidence == pytest.approx(0.91, abs=0.01)
    assert overlap(line.digits[0].box, boxes[0][0]) > 0.8
    assert read_page(open_image(np.full((90, 90), 200, np.uint8)), always(7), single=True) == ()


def test_without_a_judge_the_bundled_one_is_asked(monkeypatch) -> None:
    told = always(4, odds=-8.0)
    monkeypatch.setattr(page, "load", lambda name: told if name == "reader" else None)
    assert read_page(open_image(write(["1"])[0]), always(4)) == ()
    assert told.asked


# With the models that ship: easy pages, to see that all parts work together.


@pytest.fixture(scope="module")
def models() -> tuple[Recognizer, Recognizer]:
    return load("default", threads=1), load("reader", threads=1)


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
