"""A reader brings pictures to the page's reader, many at once and in order, and does with the lines what was asked."""

import gc
import io
import itertools
import threading
import time
import weakref
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import digitlab
from digitlab.errors import ImageError, UsageError
from digitlab.reading import Reader, reader
from digitlab.readings import Digit, Line
from digitlab.recognizer import Verdict


class Nobody:
    """A recogniser that is never asked."""

    def judge(self, images: np.ndarray) -> Verdict:
        raise AssertionError


def grey(level: int, size: tuple[int, int] = (40, 30)) -> np.ndarray:
    return np.full(size[::-1], level, np.uint8)


def pages(*levels: int) -> bytes:
    file = io.BytesIO()
    first, *others = (Image.fromarray(grey(level)) for level in levels)
    first.save(file, "TIFF", save_all=True, append_images=others)
    return file.getvalue()


@pytest.fixture
def make(monkeypatch):
    """Make readers for whom a page reads as its grey level, a digit a figure, each 0.9 sure."""

    def read_page(opened, recognizer, single=False, judge=None):
        text = str(int(opened.grey[0, 0]))
        return (Line(tuple(Digit(int(c), 0.9, (i, 0, i + 1, 5), ((1, 0.06),)) for i, c in enumerate(text))),)

    monkeypatch.setattr(reader, "read_page", read_page)
    return lambda **options: Reader(Nobody(), Nobody(), **options)


def test_a_reading_knows_its_file_page_and_size(make, tmp_path: Path) -> None:
    Image.fromarray(grey(42)).save(tmp_path / "page.png")
    reading = make().read(tmp_path / "page.png")
    assert (reading.text, reading.file) == ("42", str(tmp_path / "page.png"))
    assert (reading.page, reading.pages, reading.size) == (1, 1, (40, 30))
    assert reading.lines[0].confidence == pytest.approx(0.81)


def test_the_kept_picture_is_small_and_is_no_part_of_the_value(make) -> None:
    large = np.tile(np.linspace(0, 255, 2000, dtype=np.uint8), (1000, 1))
    kept, without = make().read(large), make(picture=0).read(large)
    assert Image.open(io.BytesIO(kept.picture)).size == (800, 400)
    assert len(kept.picture) < 100_000
    assert without.picture is None
    assert kept == without
    assert "picture" not in repr(kept)


@pytest.mark.parametrize("scale", [1, 40])
def test_the_kept_picture_has_the_right_colours(make, scale) -> None:
    kept = make().read(np.full((30 * scale, 40 * scale, 3), (200, 30, 10), np.uint8)).picture
    np.testing.assert_allclose(Image.open(io.BytesIO(kept)).convert("RGB").getpixel((5, 5)), (200, 30, 10), atol=3)


def test_every_page_is_read_and_the_first_one_by_read(make) -> None:
    document = pages(10, 20, 30)
    assert make().read(document).text == "10"
    assert [(r.text, r.page, r.pages) for r in make().read_pages(document)] == [
        ("10", 1, 3), ("20", 2, 3), ("30", 3, 3),
    ]  # fmt: skip
    assert [r.text for r in make().read_pages(document, pages=(2, None))] == ["20", "30"]


@pytest.mark.parametrize("workers", [1, 2, 5, None])
def test_many_are_read_in_order_with_all_their_pages(make, workers) -> None:
    sources = [grey(7), pages(10, 20), grey(8)] * 6
    assert [r.text for r in make().read_many(sources, workers)] == ["7", "10", "20", "8"] * 6


def test_order_holds_where_early_pages_take_longest(make, monkeypatch) -> None:
    read_page = reader.read_page

    def slow(opened, recognizer, single=False, judge=None):
        time.sleep(0.02 if int(opened.grey[0, 0]) % 3 == 0 else 0)
        return read_page(opened, recognizer, single, judge)

    monkeypatch.setattr(reader, "read_page", slow)
    assert [r.text for r in make().read_many((grey(i) for i in range(20)), 4)] == [str(i) for i in range(20)]


def test_workers_read_at_the_same_time(make, monkeypatch) -> None:
    meeting = threading.Barrier(3, timeout=10)  # broken unless three are inside at once
    monkeypatch.setattr(reader, "read_page", lambda *_: (meeting.wait(), ())[1])
    assert len(list(make().read_many([grey(1)] * 3, 3))) == 3


def test_reading_many_is_lazy_and_holds_few_pictures_at_once(make) -> None:
    alive: weakref.WeakSet = weakref.WeakSet()
    most = 0
    gc.freeze()  # what other tests have left behind need not be looked through 60 times

    class Source(io.BytesIO):
        pass

    def endless():
        nonlocal most
        for number in itertools.count():
            file = Source()
            Image.fromarray(grey(number % 200)).save(file, "PNG")
            file.seek(0)
            alive.add(file)
            gc.collect()
            most = max(most, len(alive))
            yield file

    readings = make().read_many(endless(), 2)
    assert [next(readings).text for _ in range(60)] == [str(n) for n in range(60)]
    gc.unfreeze()
    assert most <= 10
    readings.close()  # type: ignore[attr-defined]


def test_stopping_early_ends_the_threads(make) -> None:
    before = threading.active_count()
    readings = make().read_many((grey(1) for _ in itertools.count()), 4)
    next(readings)
    readings.close()  # type: ignore[attr-defined]
    assert threading.active_count() == before


@pytest.mark.parametrize("workers", [1, 3])
def test_a_bad_picture_is_told_in_its_turn_and_the_others_are_read(make, workers) -> None:
    log: list[object] = []
    cut = pages(10, 20)[:-4]  # the end of the second page's directory is missing
    sources = [grey(1), "nowhere.png", grey(2), b"no picture", cut, grey(3)]
    many = make().read_many(sources, workers, on_error=lambda source, error: log.append((source, type(error))))
    for reading in many:
        log.append(reading.text)
    assert log[:4] == ["1", ("nowhere.png", ImageError), "2", (b"no picture", ImageError)]
    assert log[-1] == "3"
    with pytest.raises(ImageError, match="no file nowhere"):
        list(make().read_many(sources, workers))


def test_what_is_less_sure_than_asked_is_left_out(make, monkeypatch) -> None:
    digits = tuple(Digit(i, confidence, (i, 0, i + 1, 1)) for i, confidence in enumerate((0.9, 0.4, 0.7)))
    lines = (Line(digits), Line(digits[1:2]))
    monkeypatch.setattr(reader, "read_page", lambda *_: lines)
    reading = make(min_confidence=0.5).read(grey(0))
    assert reading.text == "02"
    assert reading.lines[0].confidence == pytest.approx(0.9 * 0.4 * 0.7)  # what was left out may belong there
    assert make().read(grey(0)).text == "012\n1"


def test_lines_are_brought_to_the_expected_form(make) -> None:
    line = make(expect="[12][0-9]").read(grey(42)).lines[0]
    assert (line.text, line.expected) == ("12", "changed")
    assert make(expect=2).read(grey(42)).lines[0].expected == "as read"
    assert make(expect=3).read(grey(42)).lines[0].expected == "unmet"
    assert make().read(grey(42)).lines[0].expected is None


def test_single_is_passed_on(make, monkeypatch) -> None:
    told = []
    monkeypatch.setattr(reader, "read_page", lambda opened, recognizer, single, judge: (told.append(single), ())[1])
    make(single=True).read(grey(0))
    make().read(grey(0))
    assert told == [True, False]


@pytest.mark.parametrize("value", [-0.1, 1.1, float("nan")])
def test_impossible_options_are_told(value: float) -> None:
    with pytest.raises(UsageError, match="0 to 1"):
        Reader(Nobody(), Nobody(), min_confidence=value)


def test_a_bad_picture_is_an_image_error(make) -> None:
    with pytest.raises(ImageError, match="no file"):
        make().read("nowhere.png")
    with pytest.raises(ImageError, match="no page 4"):
        list(make().read_pages(pages(1, 2), pages=(4, None)))


def test_a_model_file_that_changed_is_loaded_again(tmp_path: Path) -> None:
    from importlib import resources

    content = (resources.files("digitlab") / "weights" / "default.onnx").read_bytes()
    model = tmp_path / "mine.onnx"
    model.write_bytes(content)
    assert digitlab.read(grey(255), model).text == ""
    assert digitlab.read(grey(255), str(model)).text == ""
    model.write_bytes(b"no model any more")
    with pytest.raises(digitlab.DigitlabError, match="not an ONNX file"):
        digitlab.read(grey(255), model)


def test_one_set_of_models_serves_all_threads(monkeypatch) -> None:
    loaded, load = [], reader._model
    monkeypatch.setattr(reader, "_model", lambda model: loaded.append(model) or load(model))
    pictures = [np.full((40, 40), 255, np.uint8)] * 3
    assert len(list(Reader().read_many(pictures, workers=2))) == 3
    assert sorted(loaded) == ["default", "reader-int8"]


def test_the_only_picture_gets_all_cores_and_several_share_them(monkeypatch) -> None:
    one, seen = Reader(), []
    page = reader.Reader._page
    monkeypatch.setattr(
        reader.Reader, "_page", lambda self, *given: seen.append(given[-1][1].threads) or page(self, *given)
    )
    picture = np.full((40, 40), 255, np.uint8)
    list(one.read_many([picture], workers=2))
    list(one.read_many([picture] * 2, workers=2))
    assert seen == [one.judge.threads, 1, 1]
