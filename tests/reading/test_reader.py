"""A reader asks its recogniser, and says what it answered and where."""

import io
import itertools
import os
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from digitlab.errors import ImageError
from digitlab.reading import Reader
from digitlab.reading.reader import BATCH

MADE_UP = np.array([0.01, 0.02, 0.03, 0.6, 0.05, 0.2, 0.04, 0.02, 0.02, 0.01], np.float32)


class Fake:
    """Answers MADE_UP to everything and keeps what it was shown."""

    def __init__(self) -> None:
        self.shown: list[np.ndarray] = []

    def predict_proba(self, images: np.ndarray) -> np.ndarray:
        self.shown.append(images)
        return np.repeat(MADE_UP[None], len(images), axis=0)


def picture() -> np.ndarray:
    page = np.full((200, 150), 230, np.uint8)
    cv2.polylines(page, [np.array([(40, 50), (100, 50), (70, 160)])], False, 40, 8, cv2.LINE_AA)
    return page


def test_one_digit_is_one_line_with_its_alternatives_sorted() -> None:
    fake = Fake()
    reading = Reader(fake).read(picture())
    (digit,) = reading.digits
    assert (reading.text, digit.label, len(reading.lines)) == ("3", 3, 1)
    assert digit.confidence == pytest.approx(0.6)
    assert [label for label, _ in digit.alternatives][:2] == [5, 4]
    assert sorted([3, *(label for label, _ in digit.alternatives)]) == list(range(10))
    assert [p for _, p in digit.alternatives] == sorted((p for _, p in digit.alternatives), reverse=True)
    np.testing.assert_allclose(digit.box, (36, 46, 105, 165), atol=4)
    assert fake.shown[0].shape == (3, 28, 28)  # by three pens
    assert fake.shown[0].dtype == np.uint8


def test_blank_paper_has_no_line_and_does_not_trouble_the_recogniser() -> None:
    fake = Fake()
    reading = Reader(fake).read(np.full((90, 90), 240, np.uint8))
    assert (reading.text, reading.lines, fake.shown) == ("", (), [])


def test_many_pictures_are_read_in_order_and_in_batches(tmp_path: Path) -> None:
    fake = Fake()
    Image.fromarray(picture()).save(tmp_path / "digit.png")
    sources = [tmp_path / "digit.png", np.full((40, 40), 255, np.uint8)] * (BATCH // 2) + [picture()]
    readings = list(Reader(fake).read_many(sources))
    assert [reading.text for reading in readings] == ["3", ""] * (BATCH // 2) + ["3"]
    assert readings[0].file == str(tmp_path / "digit.png")
    assert [len(images) for images in fake.shown] == [3 * (BATCH // 2), 3]


def test_the_answers_for_three_pens_are_averaged() -> None:
    class Wavering:
        def predict_proba(self, images: np.ndarray) -> np.ndarray:
            return np.eye(10, dtype=np.float32)[[1, 7, 1]]

    digit = Reader(Wavering()).read(picture()).digits[0]
    assert (digit.label, digit.confidence) == (1, pytest.approx(2 / 3))
    assert digit.alternatives[0] == (7, pytest.approx(1 / 3))


def test_reading_is_lazy() -> None:
    endless = Reader(Fake()).read_many(picture() for _ in itertools.count())
    assert next(endless).text == "3"


def test_a_turned_photo_is_boxed_as_a_person_sees_it() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    file = io.BytesIO()
    Image.fromarray(np.rot90(picture())).save(file, "JPEG", quality=95, exif=exif)
    np.testing.assert_allclose(Reader(Fake()).read(file.getvalue()).digits[0].box, (36, 46, 105, 165), atol=5)


def test_a_bad_picture_is_an_image_error() -> None:
    with pytest.raises(ImageError, match="no file"):
        Reader(Fake()).read("nowhere.png")


PHOTOS = Path(os.environ.get("DIGITLAB_DATA", "")) / "photos"


@pytest.mark.skipif("DIGITLAB_DATA" not in os.environ or not PHOTOS.is_dir(), reason="DIGITLAB_DATA is not set")
def test_photos_of_other_things_do_no_harm() -> None:
    files = sorted((PHOTOS / "nondigits").iterdir())[::6] + sorted((PHOTOS / "photos").iterdir())[::12]
    pictures = [file for file in files if file.suffix.lower() in (".png", ".jpg", ".jpeg")]
    assert len(list(Reader(Fake()).read_many(pictures))) == len(pictures) > 10
