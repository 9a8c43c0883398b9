"""From a picture to its lines of digits: what is found, what is left out, and where it stands."""

import itertools
from collections.abc import Callable

import cv2
import numpy as np
import pytest

from digitlab.data.strokes import draw, generate
from digitlab.finding import darkness
from digitlab.finding.candidate import Candidate
from digitlab.finding.propose import Proposals
from digitlab.reading import Reader, judging, open_image, page
from digitlab.reading.judging import judged, looked_at
from digitlab.reading.page import read_page
from digitlab.readings import Line
from digitlab.recognizer import Recognizer, Verdict, load

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


def verdict(labels: list[int] | np.ndarray, odds: list[float] | np.ndarray, several=None, part=None) -> Verdict:
    """0.91 for each label; as from one who cannot tell, unless shares of being several and a part are given."""
    probabilities = np.full((len(labels), 10), 0.01, np.float32)
    probabilities[np.arange(len(labels)), labels] = 0.91
    shares = (np.ones(len(labels)) if told is None else told for told in (several, part))
    return Verdict(probabilities, *(np.asarray(column, np.float32) for column in (odds, *shares)))


class Fake:
    """Says what it is told to."""

    def __init__(self, say: Callable[[np.ndarray], Verdict]) -> None:
        self.say, self.asked = say, []

    def judge(self, images: np.ndarray) -> Verdict:
        self.asked.append(images.shape)
        return self.say(images)


def always(label: int, odds: float = 8.0) -> Fake:
    return Fake(lambda images: verdict([label] * len(images), [odds] * len(images)))


@pytest.fixture
def by_box(monkeypatch) -> Callable[[Callable[[list[Box]], Verdict]], Fake]:
    """Make judges that are told the boxes of the pieces that they are shown, each of them once."""
    monkeypatch.setattr(judging, "UNSURE", -np.inf)

    def make(say: Callable[[list[Box]], Verdict]) -> Fake:
        seen: list[Box] = []
        plain = Candidate.seen

        def seen_and_told(candidate: Candidate) -> np.ndarray:
            seen.append(candidate.box)
            return plain(candidate)

        monkeypatch.setattr(Candidate, "seen", seen_and_told)

        def answer(images: np.ndarray) -> Verdict:
            assert images.shape[1:] == (3, 28, 28)
            return say([seen.pop(0) for _ in images])

        return Fake(answer)

    return make


@pytest.fixture
def knowing(by_box) -> Callable[[list[Box]], Fake]:
    """Make judges that take for digits what fits one of some boxes, labelled by its place among them."""

    def make(boxes: list[Box]) -> Fake:
        def say(asked: list[Box]) -> Verdict:
            fits = np.array([[overlap(box, known) for known in boxes] for box in asked])
            return verdict(fits.argmax(axis=1) % 10, np.where(fits.max(axis=1) > 0.8, 8.0, -8.0))

        return by_box(say)

    return make


@pytest.fixture
def shy() -> Fake:
    """A recogniser that does not know which digit: the judge decides."""
    return Fake(
        lambda images: verdict([0] * len(images), [0.0] * len(images))._replace(
            probabilities=np.full((len(images), 10), 0.1, np.float32)
        )
    )


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


def test_what_the_judge_is_in_doubt_of_it_sees_a_pixel_aside_as_well() -> None:
    images = np.random.default_rng(0).integers(0, 256, (5, 3, 28, 28), np.uint8)
    odds, label = np.float32([1.0, -1.0, 8.0, -8.0, 8.0]), np.float32([0.9991, 0.9991, 0.9991, 0.5, 0.5])
    doubted = [0, 1, 4]  # the third is sure, the fourth is none, whichever it would be

    def say(shown: np.ndarray) -> Verdict:
        if len(shown) == len(images):
            return certain(odds, label, 0.5)
        return certain(np.tile(odds[doubted] + 1, 4), np.full(4 * len(doubted), 0.9, np.float32), 1.0)

    def certain(odds: np.ndarray, label: np.ndarray, several: float) -> Verdict:
        probabilities = np.repeat((1 - label[:, None]) / 9, 10, axis=1)
        probabilities[:, 8] = label
        return Verdict(probabilities, odds.copy(), *(np.full(len(odds), several, np.float32) for _ in range(2)))

    judge = Fake(say)
    said = looked_at(images, judge)
    assert judge.asked == [(5, 3, 28, 28), (12, 3, 28, 28)]
    assert said.odds == pytest.approx([1.8, -0.2, 8.0, -8.0, 8.8])
    assert said.several == pytest.approx([0.9, 0.9, 0.5, 0.5, 0.9])
    np.testing.assert_allclose(said.probabilities.sum(axis=1), 1, rtol=1e-5)
    assert 0.9 < said.probabilities[0, 8] < 0.9991
    assert 0.5 < said.probabilities[4, 8] < 0.9
    assert said.probabilities[2:4, 8] == pytest.approx(label[2:4])


def test_a_look_aside_shows_all_that_a_pixel_leaves_in_sight() -> None:
    image = np.arange(3 * 28 * 28, dtype=np.int64).reshape(1, 3, 28, 28)
    shown: list[np.ndarray] = []

    def say(images: np.ndarray) -> Verdict:
        shown.extend(images)
        return verdict([0] * len(images), [0.0] * len(images))

    looked_at(image, Fake(say))
    moves = [(down, right) for down, right in itertools.product((-1, 0, 1), repeat=2) if abs(down) + abs(right) == 1]
    wanted = {np.roll(image[0], move, (1, 2))[:, 1:-1, 1:-1].tobytes() for move in moves}
    assert {look[:, 1:-1, 1:-1].tobytes() for look in shown[1:]} == wanted
    for look in shown[1:]:  # what comes into sight is as what was at the border
        assert set(look.ravel()) <= set(image.ravel())


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


BROKEN, CHAINED = ((60, 60, 120, 130), (240, 60, 300, 130)), ((60, 190, 150, 260), (240, 190, 330, 260))


@pytest.fixture
def puzzles() -> np.ndarray:
    """Two fives whose bars stand apart, within BROKEN, and two pairs of zeros in one stroke, within CHAINED."""
    picture = np.full((320, 420), 225, np.uint8)
    for left, top, *_ in BROKEN:
        body = np.add([(10, 18), (8, 36), (30, 30), (44, 44), (38, 62), (8, 64)], (left, top))
        cv2.polylines(picture, [body], False, 60, 5, cv2.LINE_AA)
        cv2.line(picture, (left + 14, top + 8), (left + 46, top + 6), 60, 5, cv2.LINE_AA)
    for left, top, *_ in CHAINED:
        for x in (22, 66):
            cv2.ellipse(picture, (left + x, top + 34), (15, 28), 0, 0, 360, 60, 5, cv2.LINE_AA)
        cv2.line(picture, (left + 35, top + 38), (left + 53, top + 34), 60, 4, cv2.LINE_AA)
    return picture


def within(box: Box, places: tuple[Box, ...]) -> list[bool]:
    """Whether a box lies in each of some places."""
    return [x0 <= box[0] and y0 <= box[1] and box[2] <= x1 and box[3] <= y1 for x0, y0, x1, y1 in places]


def made_of(candidates: list[Candidate], *kinds: str) -> list[list[int]]:
    """Say of each place of BROKEN and CHAINED how many candidates of some kinds lie in it."""
    inside = [within(piece.box, BROKEN + CHAINED) for piece in candidates if piece.kind in kinds]
    return np.array(inside, int).reshape(-1, 4).sum(axis=0).tolist()


def test_only_what_is_said_to_be_a_part_is_merged(by_box, puzzles) -> None:
    def say(boxes: list[Box]) -> Verdict:
        part = [within(box, BROKEN)[0] for box in boxes]
        return verdict([5] * len(boxes), [-8.0] * len(boxes), several=[0.0] * len(boxes), part=part)

    judge = by_box(say)
    candidates, _, _ = judged(puzzles, None, judge)
    first, second, *chained = made_of(candidates, "merge")
    assert first > 0
    assert [second, *chained] == [0, 0, 0]
    assert made_of(candidates, "part") == [0] * 4
    assert sum(shape[0] for shape in judge.asked) == len(candidates)
    assert judge.asked[-1][0] == first


def test_only_what_is_said_to_be_several_is_cut(by_box, puzzles) -> None:
    def say(boxes: list[Box]) -> Verdict:
        several = [within(box, CHAINED)[0] for box in boxes]
        return verdict([0] * len(boxes), [-8.0] * len(boxes), several=several, part=[0.0] * len(boxes))

    judge = by_box(say)
    candidates, _, _ = judged(puzzles, None, judge)
    *others, first, second = made_of(candidates, "part")
    assert first > 0
    assert [*others, second] == [0, 0, 0]
    assert made_of(candidates, "merge") == [0] * 4
    assert sum(shape[0] for shape in judge.asked) == len(candidates)
    assert judge.asked[-1][0] == first


def test_a_small_chance_of_being_several_or_a_part_is_enough(by_box, puzzles) -> None:
    for chance, made in ((0.1, True), (0.005, False)):

        def say(boxes: list[Box], shares=chance) -> Verdict:
            told = [shares] * len(boxes)
            return verdict([0] * len(boxes), [-8.0] * len(boxes), several=told, part=told)

        kinds = {piece.kind for piece in judged(puzzles, None, by_box(say))[0]}
        assert kinds == ({"component", "merge", "part"} if made else {"component"})


def test_what_is_surely_one_digit_is_not_cut_though_it_may_be_several(by_box, puzzles) -> None:
    judge = by_box(lambda boxes: verdict([0] * len(boxes), [8.0] * len(boxes), part=[0.0] * len(boxes)))
    assert {piece.kind for piece in judged(puzzles, None, judge)[0]} == {"component"}


def test_of_one_who_cannot_tell_everything_is_merged_and_cut(by_box, puzzles) -> None:
    judge = by_box(lambda boxes: verdict([0] * len(boxes), [-8.0] * len(boxes)))
    candidates, _, _ = judged(puzzles, None, judge)
    assert min(made_of(candidates, "merge")[:2]) > 0
    assert min(made_of(candidates, "part")[2:]) > 0


def test_single_reads_whatever_it_looks_like_and_does_without_a_judge() -> None:
    picture, boxes = write(["5"], height=100, shape=(200, 200))

    def never(images: np.ndarray) -> Verdict:
        raise AssertionError

    (line,) = read_page(open_image(picture), always(7, odds=-20), single=True, judge=Fake(never))
    assert line.text == "7"
    assert line.confidence == pytest.approx(0.91, abs=0.01)
    assert overlap(line.digits[0].box, boxes[0][0]) > 0.8
    assert read_page(open_image(np.full((90, 90), 200, np.uint8)), always(7), single=True) == ()


def test_the_recogniser_sees_broad_strokes_as_they_are_and_the_judge_finer() -> None:
    picture = np.full((120, 120), 235, np.uint8)
    cv2.line(picture, (60, 25), (60, 95), 20, 24)  # some seven pixels across once it is framed
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


def test_grain_is_not_asked_about_piece_by_piece(by_box) -> None:
    """Hundreds of faint specks, the largest of which are no digits, are taken for grain; dark digits are all heard."""
    rng = np.random.default_rng(0)
    picture = np.full((600, 900), 220, np.uint8)
    for x, y in itertools.product(range(20, 880, 20), range(200, 590, 20)):
        cv2.circle(picture, (x + int(rng.integers(3)), y + int(rng.integers(3))), int(rng.integers(4, 7)), 196, -1)
    for x in (100, 200, 300):
        cv2.ellipse(picture, (x, 100), (20, 40), 0, 0, 360, 40, 8, cv2.LINE_AA)

    def say(boxes: list[Box]) -> Verdict:
        odds = [6.0 if box[3] < 180 else -9.0 for box in boxes]
        return verdict([0] * len(boxes), odds, several=[0.0] * len(boxes), part=[0.0] * len(boxes))

    judge = by_box(say)
    candidates, _, odds = judged(picture, None, judge)
    assert len(candidates) > 500
    assert sum(shape[0] for shape in judge.asked) < 250
    assert (odds > 0).sum() >= 3


def test_faint_digits_among_specks_are_all_heard(by_box) -> None:
    """As long as there is a digit among the largest, the next are asked about."""
    picture = np.full((600, 900), 220, np.uint8)
    for x, y in itertools.product(range(20, 880, 40), range(200, 580, 50)):
        cv2.ellipse(picture, (x, y), (8, 16), 0, 0, 360, 180, 4, cv2.LINE_AA)
    cv2.ellipse(picture, (100, 100), (40, 70), 0, 0, 360, 10, 24, cv2.LINE_AA)

    def say(boxes: list[Box]) -> Verdict:
        return verdict([0] * len(boxes), [6.0] * len(boxes), several=[0.0] * len(boxes), part=[0.0] * len(boxes))

    candidates, _, odds = judged(picture, None, by_box(say))
    assert len(candidates) > 150
    found = [piece.box for piece, odd in zip(candidates, odds, strict=True) if odd > 0]
    assert all(max(overlap(piece.box, box) for box in found) > 0.7 for piece in candidates)


@pytest.mark.parametrize("faint_odds", [7.0, 9.0])
def test_bold_ink_of_one_colour_outweighs_faint_ink_of_the_other_that_is_surer(
    by_box, monkeypatch, faint_odds: float
) -> None:
    monkeypatch.setattr(darkness, "CERTAIN", np.inf)  # light ink is looked for as well
    picture = np.full((200, 300), 200, np.uint8)
    bold, faint = (40, 60, 80, 140), (180, 60, 220, 140)
    for (left, top, right, bottom), grey in ((bold, 20), (faint, 225)):
        middle, axes = ((left + right) // 2, (top + bottom) // 2), ((right - left) // 2, (bottom - top) // 2)
        cv2.ellipse(picture, middle, axes, 0, 0, 360, grey, 6, cv2.LINE_AA)

    def say(asked: list[Box]) -> Verdict:
        at = np.array([[overlap(box, known) for known in (bold, faint)] for box in asked])
        odds = np.where(at.max(axis=1) < 0.6, -8.0, np.where(at.argmax(axis=1) == 0, 6.0, faint_odds))
        return verdict([0] * len(asked), odds, several=[0.0] * len(asked), part=[0.0] * len(asked))

    candidates, _, odds = judged(picture, None, by_box(say))
    lights = {candidate.view.light for candidate, odd in zip(candidates, odds, strict=True) if odd > 0}
    assert {candidate.view.light for candidate in candidates} == {False, True}
    assert lights == {False}


def test_ink_of_the_colour_that_has_lost_is_no_longer_searched(by_box, monkeypatch) -> None:
    rng = np.random.default_rng(1)
    picture = np.full((400, 600), 120, np.uint8)
    for x in range(60, 560, 70):
        cv2.ellipse(picture, (x, 100), (18, 34), 0, 0, 360, 20, 7, cv2.LINE_AA)
        cv2.ellipse(picture, (x + int(rng.integers(4)), 300), (32, 30), 0, 0, 360, 225, 7, cv2.LINE_AA)

    def say(boxes: list[Box]) -> Verdict:
        odds = [8.0 if box[3] < 200 else -8.0 for box in boxes]
        several = [float(box[1] > 200) for box in boxes]
        return verdict([0] * len(boxes), odds, several=several, part=[0.0] * len(boxes))

    found = judged(picture, None, by_box(say))[0]
    assert found
    assert not any(piece.view.light for piece in found)
    monkeypatch.setattr(judging, "CLEAR", np.inf)
    found = judged(picture, None, by_box(say))[0]
    assert any(piece.kind in ("part") and piece.view.light for piece in found)


@pytest.mark.parametrize(("sure", "looks"), [(True, 0), (False, 1)])
def test_what_lies_within_a_sure_digit_calls_for_no_closer_look(by_box, monkeypatch, sure: bool, looks: int) -> None:
    """Strokes with paler ends are proposed twice; the smaller pieces are in doubt, but the larger ones explain them."""
    picture = np.full((300, 700), 230, np.uint8)
    for x in range(40, 680, 60):
        cv2.line(picture, (x, 164), (x, 172), 170, 3, cv2.LINE_AA)
        cv2.ellipse(picture, (x, 150), (8, 14), 0, 0, 360, 20, 2, cv2.LINE_AA)

    def say(boxes: list[Box]) -> Verdict:
        odds = [6.0 if sure and box[3] - box[1] >= 36 else 0.0 for box in boxes]
        return verdict([0] * len(boxes), odds, several=[0.0] * len(boxes), part=[0.0] * len(boxes))

    looked = []
    closer = Proposals.closer
    monkeypatch.setattr(Proposals, "closer", lambda found, known: looked.append(found) or closer(found, known))
    found = judged(picture, None, by_box(say))[0]
    heights = [piece.box[3] - piece.box[1] for piece in found if not piece.view.far]
    assert min(heights) < 36 <= max(heights)
    assert len(looked) == looks


@pytest.mark.parametrize("sure", [True, False])
def test_ink_that_is_sure_as_a_whole_is_not_judged_again_at_another_threshold(by_box, sure: bool) -> None:
    picture = np.full((200, 500), 230, np.uint8)
    for x in (100, 250, 400):
        cv2.ellipse(picture, (x, 100), (22, 36), 0, 0, 360, 170, 9, cv2.LINE_AA)
        cv2.ellipse(picture, (x, 100), (22, 36), 0, 0, 360, 20, 3, cv2.LINE_AA)

    def say(boxes: list[Box]) -> Verdict:
        odds = [6.0 if sure else 1.0] * len(boxes)
        return verdict([0] * len(boxes), odds, several=[0.0] * len(boxes), part=[0.0] * len(boxes))

    judge = by_box(say)
    candidates, _, odds = judged(picture, None, judge)
    assert len(candidates) >= 6  # as a whole, and the darkest of it
    assert sum(shape[0] for shape in judge.asked) == (3 if sure else len(candidates))
    for box in ((73, 59, 128, 142), (223, 59, 278, 142), (373, 59, 428, 142)):
        heard, every = (
            [piece.mass for piece in some if overlap(piece.box, box) > 0.6]
            for some in ([p for p, odd in zip(candidates, odds, strict=True) if odd > 0], candidates)
        )
        assert max(heard) == max(every)


@pytest.mark.parametrize("sure", [True, False])
def test_what_another_threshold_shows_apart_is_cut_only_if_that_is_in_doubt(by_box, sure: bool) -> None:
    picture = np.full((200, 500), 230, np.uint8)
    for x in (60, 240, 400):
        cv2.line(picture, (x + 14, 100), (x + 50, 100), 150, 7, cv2.LINE_AA)  # a paler bridge
        for middle in (x, x + 64):
            cv2.ellipse(picture, (middle, 100), (22, 36), 0, 0, 360, 20, 7, cv2.LINE_AA)

    def say(boxes: list[Box]) -> Verdict:
        wide = [box[2] - box[0] > 80 for box in boxes]
        odds = [-8.0 if one else 6.0 if sure else 0.0 for one in wide]
        return verdict([0] * len(boxes), odds, several=[float(one) for one in wide], part=[0.0] * len(boxes))

    kinds = {piece.kind for piece in judged(picture, None, by_box(say))[0]}
    assert bool(kinds & {"part"}) == (not sure)


def test_digits_that_are_sure_are_not_asked_about_again_by_a_closer_look(by_box) -> None:
    picture = np.full((300, 600), 230, np.uint8)
    for x in range(40, 580, 60):
        for y in (100, 200):
            cv2.ellipse(picture, (x, y), (8, 14), 0, 0, 360, 20, 2, cv2.LINE_AA)
    asked: list[Box] = []

    def say(boxes: list[Box]) -> Verdict:
        asked.extend(boxes)
        odds = [6.0 if box[3] < 150 else 0.0 for box in boxes]
        return verdict([0] * len(boxes), odds, several=[0.0] * len(boxes), part=[0.0] * len(boxes))

    judged(picture, None, by_box(say))
    sure, doubtful = [box for box in asked if box[3] < 150], [box for box in asked if box[3] > 150]
    digits = len(range(40, 580, 60))
    assert len(sure) == digits
    assert len(doubtful) >= 2 * digits


@pytest.mark.parametrize(("odds", "light"), [([9.0, -3.0], True), ([2.0, -3.0], None), ([-1.0, -1.0], None)])
def test_ink_of_one_colour_alone_settles_it_once_some_is_a_digit(odds: list[float], light: bool | None) -> None:
    picture, _ = write(["47"])
    pieces = [piece for piece in judged(255 - picture, None, always(4))[0] if piece.view.light][:2]
    assert len(pieces) == 2
    assert judging._clearly_light(pieces, np.array(odds)) is light
