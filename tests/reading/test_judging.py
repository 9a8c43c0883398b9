"""What the judge is asked, and how its answers steer the search: merging, cutting, closer looks and looks aside."""

import itertools

import cv2
import numpy as np
import pytest

from digitlab.finding import darkness
from digitlab.finding.candidate import Candidate
from digitlab.finding.propose import Proposals
from digitlab.reading import judging
from digitlab.reading.asking import looked_at
from digitlab.reading.judging import judged
from digitlab.recognizer import Verdict
from judges import Box, Fake, always, overlap, verdict, write


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


def test_where_very_many_may_be_several_the_likeliest_are_cut(by_box, puzzles, monkeypatch) -> None:
    def say(boxes: list[Box], odds: float = -8.0) -> Verdict:
        several = [0.1 + 0.8 * within(box, CHAINED)[1] for box in boxes]
        of_one = [odds if any(within(box, BROKEN)) else -8.0 for box in boxes]
        return verdict([0] * len(boxes), of_one, several=several, part=[0.0] * len(boxes))

    pieces = judged(puzzles, None, by_box(say))[0]
    among_digits = by_box(lambda boxes: say(boxes, 8.0))
    *_, first, second = made_of(pieces, "part")
    assert first > 0
    with_digits = made_of(judged(puzzles, None, among_digits)[0], "part")
    assert min(with_digits[2:]) > 0
    likely = made_of([piece for piece in pieces if piece.kind == "component"], "component")[-1]
    monkeypatch.setattr(judging, "MOST_PARTED", likely)
    assert made_of(judged(puzzles, None, by_box(say))[0], "part") == [0, 0, 0, second]
    # Among digits that are sure, twice as many as these are parted in any case.
    assert made_of(judged(puzzles, None, among_digits)[0], "part") == with_digits


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
