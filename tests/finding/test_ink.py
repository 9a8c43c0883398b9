"""Paper goes, ink stays, whatever the light, the pen and the place."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digitlab.finding.ink import contrast_grey, find_ink, single_digit
from digitlab.finding.pen import normal_strokes, pens
from digitlab.framing import frame
from digitlab.reading import open_image
from digitlab.reading.reader import framed_digit

FIVE = [[(70, 20), (38, 20), (34, 55)], [(34, 55), (60, 50), (75, 70), (60, 98), (30, 96)]]


def five(side: int = 120, pen: float = 9, gap: int = 0) -> np.ndarray:
    """A five, (side, side) uint8, 255 on 0; with a gap, its bar stands apart."""
    ink = np.zeros((side, side), np.uint8)
    width = max(1, round(pen * side / 120))
    for part in FIVE:
        cv2.polylines(ink, [np.array(part) * side // 120], False, 255, width, cv2.LINE_AA)
    if gap:
        bar = np.zeros_like(ink)
        cv2.line(bar, (46 * side // 120, 20 * side // 120), (78 * side // 120, 20 * side // 120), 255, width)
        ink[:, : 34 * side // 120] = 0
        ink[: 30 * side // 120] = 0
        ink |= bar
    return ink


def page(ink: np.ndarray, dark: float = 60, light: float = 220) -> np.ndarray:
    return np.rint(light - (light - dark) * (ink / 255)).astype(np.uint8)


def likeness(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.corrcoef(cv2.GaussianBlur(a, (3, 3), 0).ravel(), cv2.GaussianBlur(b, (3, 3), 0).ravel())[0, 1])


def framed(picture: np.ndarray) -> np.ndarray:
    found = framed_digit(open_image(picture))
    assert found is not None
    return found[0][0]


NOISE = np.random.default_rng(0).normal(0, 4, (480, 480))
SPECKS = np.random.default_rng(1).random((240, 240)) < 0.001
SLOPE = np.linspace(-1, 1, 480)
PICTURES = {
    "light on dark": page(five(), 230, 30),
    "faint pencil": page(five(), 170, 210),
    "28 pixels": page(five(28, 12)),
    "12 pixels": page(five(12, 14)),
    "hairline in a photo": page(five(900, 0.6)),
    "falling light": page(five(480)) * (0.75 + 0.25 * SLOPE[None]) + NOISE,
    "vignette": page(five(480)) * (1 - 0.2 * (SLOPE[None] ** 2 + SLOPE[:, None] ** 2)) + NOISE,
    "soft shadow": page(five(480)) * (1 - 0.25 / (1 + np.exp(-(SLOPE[None] - 0.3) * 20))) + NOISE,
    "tiny in a photo": np.pad(page(five(60)), ((500, 440), (700, 240)), constant_values=220),
    "specks": np.where(SPECKS, 70, np.pad(page(five()), 60, constant_values=220)),
    "a frame around it": cv2.rectangle(np.pad(page(five()), 40, constant_values=220), (3, 3), (196, 196), 60, 2),
}  # fmt: skip


@pytest.mark.parametrize("name", PICTURES)
def test_the_digit_is_framed_alike_in_any_picture(name: str) -> None:
    picture = np.clip(np.rint(PICTURES[name]), 0, 255).astype(np.uint8)
    assert likeness(framed(picture), frame(five())) > 0.8


def test_coloured_ink_of_the_papers_own_brightness_is_seen() -> None:
    ink = five(200)[..., None] / 255
    paper, pen = np.array([80, 160, 80]), np.array([225, 83, 90])  # green, red: luminance is the same
    picture = np.rint(paper + ink * (pen - paper)).astype(np.uint8)
    assert np.ptp(open_image(picture).grey) < 10
    assert likeness(framed(picture), frame(five())) > 0.85


def test_grey_colours_need_no_other_grey() -> None:
    assert contrast_grey(np.stack([page(five())] * 3, axis=-1)) is None


def test_a_picture_as_mnist_has_it_passes_untouched() -> None:
    digit = frame(five())
    assert np.abs(framed(digit).astype(int) - digit).max() <= 12
    assert np.abs(framed(255 - digit).astype(int) - digit).max() <= 12


def test_the_detached_bar_of_a_five_stays() -> None:
    whole = single_digit(find_ink(page(five(240, gap=1))))
    assert whole is not None
    assert whole.box[1] <= 45
    assert whole.box[2] >= 150


def test_the_box_is_where_the_ink_is() -> None:
    picture = np.full((3000, 2000), 220, np.uint8)
    cv2.line(picture, (800, 1200), (820, 1900), 40, 60)
    found = framed_digit(open_image(picture, longest=1000))
    assert found is not None
    np.testing.assert_allclose(found[1], (770, 1170, 850, 1930), atol=12)


@settings(max_examples=25, deadline=None)
@given(left=st.integers(2, 150), top=st.integers(2, 150), right=st.integers(2, 150), below=st.integers(2, 150))
def test_place_and_inversion_do_not_matter(left: int, top: int, right: int, below: int) -> None:
    picture = np.pad(page(five()), ((top, below), (left, right)), constant_values=220)
    reference = framed(page(five()))
    assert likeness(framed(picture), reference) > 0.97
    assert likeness(framed(255 - picture), reference) > 0.95


@settings(max_examples=8, deadline=None)
@given(factor=st.integers(2, 6))
def test_size_hardly_matters(factor: int) -> None:
    assert likeness(framed(page(np.kron(five(), np.ones((factor, factor), np.uint8)))), framed(page(five()))) > 0.97


@settings(max_examples=30, deadline=None)
@given(kind=st.sampled_from(["blank", "gradient", "vignette"]), side=st.integers(60, 500), level=st.integers(100, 230))
def test_paper_without_ink_gives_nothing(kind: str, side: int, level: int) -> None:
    x = np.linspace(-1, 1, side)
    paper = {
        "blank": np.full((side, side), level),
        "gradient": level + 40 * x[None] * np.ones((side, 1)),
        "vignette": level * (1 - 0.2 * (x[None] ** 2 + x[:, None] ** 2)),
    }[kind]
    assert single_digit(find_ink(np.clip(np.rint(paper), 0, 255).astype(np.uint8))) is None


@pytest.mark.parametrize("blur", [0, 2])
def test_grain_alone_hardly_ever_gives_anything(blur: int) -> None:
    """Of fine noise and of mottled paper about one in a hundred still does, of any strength, size and brightness."""
    rng = np.random.default_rng(blur)
    found = 0
    for _ in range(150):
        side, level, strength = rng.integers(60, 400), rng.integers(100, 231), rng.uniform(1, 20)
        grain = rng.normal(0, strength, (side, side))
        paper = level + (cv2.GaussianBlur(grain, (0, 0), blur) if blur else grain)
        found += single_digit(find_ink(np.clip(np.rint(paper), 0, 255).astype(np.uint8))) is not None
    assert found <= 4


@pytest.mark.parametrize("shape", [(1, 1), (1, 50), (50, 1), (2, 2), (3, 700)])
def test_pictures_of_any_shape_are_looked_at(shape: tuple[int, int]) -> None:
    ink = find_ink(np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8))
    assert (ink.shape, ink.dtype) == (shape, np.uint8)
    piece = single_digit(ink)
    assert piece is None or piece.ink.any()


def darkness(ink: np.ndarray) -> float:
    return float(frame(ink).sum())


@pytest.mark.parametrize("pen", [1, 2])
def test_thin_pens_are_widened(pen: int) -> None:
    assert darkness(five(240, pen)) < 0.4 * darkness(five(240))
    assert 0.7 < darkness(normal_strokes(five(240, pen))) / darkness(five(240)) < 1.4


def test_broad_pens_are_narrowed() -> None:
    assert darkness(normal_strokes(five(240, 32))) < 0.9 * darkness(five(240, 32))


def test_three_pens_write_the_same_digit() -> None:
    usual, broader, finer = (darkness(ink) for ink in pens(five(240)[30:210, 40:170]))
    assert finer < usual < broader


def test_usual_pens_are_left_alone() -> None:
    ink = five(240)[30:210, 40:170]
    assert normal_strokes(ink) is ink
