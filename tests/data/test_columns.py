"""Parquet files in either layout are read; a wrong one is refused by file, column and row."""

import io

import numpy as np
import pytest
from PIL import Image

from digitlab import data
from digitlab.data import columns
from digitlab.errors import DataError, MissingExtraError

pyarrow = pytest.importorskip("pyarrow", reason="needs pyarrow: pip install 'digitlab[parquet]'")
parquet = pytest.importorskip("pyarrow.parquet")


def png(image, size=None):
    file = io.BytesIO()
    picture = Image.fromarray(image)
    (picture.resize(size) if size else picture).save(file, "PNG")
    return file.getvalue()


def pixels(digits, **changes):
    flat = digits.images.reshape(len(digits), -1)
    return {"label": digits.labels, **{f"pixel{index}": flat[:, index] for index in range(784)}, **changes}


def pictures(digits, **changes):
    cells = [{"bytes": png(image), "path": f"{index}.png"} for index, image in enumerate(digits.images)]
    return {"image": cells, "label": digits.labels, **changes}


@pytest.fixture
def write(tmp_path):
    def write(table, name="digits.parquet", **options):
        parquet.write_table(pyarrow.table(table), tmp_path / name, **options)
        return tmp_path / name

    return write


@pytest.mark.parametrize("layout", [pixels, pictures])
def test_digits_come_as_they_are_whatever_the_groups(write, random_digits, layout) -> None:
    digits = random_digits(1200)
    path = write(layout(digits, other=np.zeros(1200)), row_group_size=700)
    read = columns.read_parquet(path)
    assert read.digest == digits.digest
    assert data.load_all(path).digest == digits.digest


@pytest.mark.parametrize("kind", ["uint8", "int32", "int64"])
def test_whole_numbers_of_any_width_are_taken(write, random_digits, kind) -> None:
    digits = random_digits(20)
    table = {name: np.asarray(values).astype(kind) for name, values in pixels(digits).items()}
    assert columns.read_parquet(write(table)).digest == digits.digest


def test_pictures_of_other_sizes_are_framed(write) -> None:
    page = np.full((90, 70), 255, np.uint8)
    page[20:70, 30:40] = 0
    image = columns.read_parquet(write({"image": [{"bytes": png(page), "path": None}], "label": [1]})).images[0]
    assert image.max() == 255
    assert image[:4].max() == 0
    rows, _ = np.nonzero(image)
    assert np.ptp(rows) + 1 == 20


def test_a_folder_of_parts_as_hugging_face_has_it(write, random_digits, tmp_path) -> None:
    write(pictures(random_digits(24)), "train-00000-of-00001.parquet")
    write(pictures(random_digits(6, seed=1)), "test-00000-of-00001.parquet")
    splits = data.load(tmp_path)
    assert [len(part) for part in splits] == [22, 2, 6]


def nulls(digits):
    return [None, *digits.labels[1:]]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: {"pixel5": d.labels}, "column label is missing .and 783 more."),
        (lambda d: {"label": d.labels}, "column pixel0 is missing .and 783 more."),
        (lambda d: {"image": [{"bytes": b""}] * 9}, "column label is missing;"),
        (lambda d: pixels(d, pixel7=np.full(9, 0.5)), "column pixel7 is of type double; store whole numbers"),
        (lambda d: pixels(d, pixel7=[0] * 8 + [256]), "row 9: pixel7 256 is outside 0 to 255"),
        (lambda d: pixels(d, label=[0, -1] + [0] * 7), "row 2: label -1 is outside 0 to 9"),
        (lambda d: pictures(d, label=[0] * 8 + [10]), "row 9: label 10 is outside 0 to 9"),
        (lambda d: pictures(d, label=nulls(d)), "row 1: label is empty"),
        (lambda d: pictures(d, image=[{"bytes": None, "path": "7.png"}] * 9), "row 1: image holds no picture"),
        (lambda d: pictures(d, image=["7.png"] * 9), "row 1: image holds no picture"),
        (lambda d: pictures(d, image=[{"bytes": b"no picture"}] * 9), "row 1 cannot be read as an image"),
        (lambda d: {n: np.asarray(v)[:0] for n, v in pixels(d).items()}, "no digits"),
    ],
)
def test_what_is_wrong_is_named(write, random_digits, change, message) -> None:
    with pytest.raises(DataError, match=message) as caught:
        columns.read_parquet(write(change(random_digits(9))))
    assert "digits.parquet" in str(caught.value)


def test_rows_are_counted_through_the_file(write, random_digits, monkeypatch) -> None:
    monkeypatch.setattr(columns, "BATCH", 10)
    labels = np.zeros(25, np.int64)
    labels[23] = 11
    with pytest.raises(DataError, match="row 24: label 11"):
        columns.read_parquet(write(pixels(random_digits(25), label=labels)))


@pytest.mark.parametrize("content", [b"", b"PAR1", b"PAR1" + bytes(100) + b"PAR1", b"<html>" * 100])
def test_no_parquet_is_told(tmp_path, content) -> None:
    path = tmp_path / "digits.parquet"
    path.write_bytes(content)
    with pytest.raises(DataError, match="damaged or not a Parquet file"):
        columns.read_parquet(path)


@pytest.mark.parametrize("at", [0.2, 0.5, 0.9])
def test_a_damaged_file_is_told(write, random_digits, at) -> None:
    path = write(pixels(random_digits(50)))
    content = bytearray(path.read_bytes())
    start = int(len(content) * at)
    content[start : start + 2000] = bytes(2000)
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"digits\.parquet"):
        columns.read_parquet(path)


def test_too_many_rows_are_refused_before_any_is_read(write, monkeypatch, random_digits) -> None:
    monkeypatch.setattr(columns, "MAX_DIGITS", 8)
    with pytest.raises(DataError, match="has 9 rows, more than the 8"):
        columns.read_parquet(write(pixels(random_digits(9))))


def test_columns_that_swell_are_refused_before_any_is_read(write, monkeypatch) -> None:
    monkeypatch.setattr(columns, "MAX_BYTES", 1_000_000)
    path = write({"image": [bytes(900_000)] * 3, "label": [1, 2, 3]}, use_dictionary=False)
    assert path.stat().st_size < 500_000
    with pytest.raises(DataError, match="more than the 0 GB"):
        columns.read_parquet(path)


@pytest.mark.parametrize("struct", [False, True])
def test_a_picture_that_is_repeated_is_held_once(tmp_path, struct) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (1200, 1200), np.uint8)
    pictures = pyarrow.array([png(noise)] * 60, pyarrow.binary())  # 1.4 MB each, 86 MB in all
    column = pyarrow.StructArray.from_arrays([pictures], ["bytes"]) if struct else pictures
    path = tmp_path / "digits.parquet"
    table = pyarrow.table({"image": column, "label": np.zeros(60, np.int64)})
    parquet.write_table(table, path, store_schema=False, dictionary_pagesize_limit=64 << 20)
    del pictures, column, table
    before = pyarrow.total_allocated_bytes()
    peaks = []

    def look(content, where):
        peaks.append(pyarrow.total_allocated_bytes() - before)
        return np.zeros((28, 28), np.uint8)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(columns, "read_image", look)
        assert len(columns.read_parquet(path)) == 60
    assert max(peaks) < 10_000_000


def test_without_its_package_the_line_that_installs_it_is_told(monkeypatch, tmp_path) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'digitlab\[parquet\]'"):
        columns.read_parquet(tmp_path / "x.parquet")
