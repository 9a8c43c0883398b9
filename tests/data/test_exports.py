"""What is exported is loaded again, pixel for pixel and in the same order, in every format."""

import csv
import errno
import gzip
import io

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from digitlab.data import FORMATS, Digits, Splits, export, load, load_all, tables
from digitlab.errors import OutputError, UsageError

NAMES = {"folder": "digits", "csv": "digits", "npz": "digits.npz", "idx": "digits"}


@st.composite
def digits(draw, least=0):
    count = draw(st.integers(least, 4))
    images = draw(arrays.arrays(np.uint8, (count, 28, 28)))  # any pixels at all, bright borders too
    labels = draw(arrays.arrays(np.int64, count, elements=st.integers(0, 9)))
    return Digits(images, labels)


@pytest.mark.parametrize("to", FORMATS)
@given(st.tuples(digits(least=1), digits(), digits()))
@settings(deadline=None, max_examples=12, suppress_health_check=[HealthCheck.data_too_large])
def test_three_parts_come_back(tmp_path_factory, to, parts):
    out = tmp_path_factory.mktemp("export") / NAMES[to]
    assert export(Splits(*parts), to, out) == out
    back = load(str(out), split="full")
    for before, after in zip(parts, back, strict=True):
        np.testing.assert_array_equal(before.images, after.images)
        np.testing.assert_array_equal(before.labels, after.labels)


@pytest.mark.parametrize(
    ("to", "name"),
    [("folder", "digits"), ("csv", "digits.csv"), ("csv", "d.csv.gz"), ("npz", "d.npz"), ("idx", "digits")],
)
@given(digits(least=1))
@settings(deadline=None, max_examples=8)
def test_one_collection_comes_back(tmp_path_factory, to, name, collection):
    out = tmp_path_factory.mktemp("export") / name
    export(collection, to, out)
    assert load_all(out).digest == collection.digest


def test_kaggles_columns_are_read_by_others(tmp_path, random_digits):
    collection = random_digits(3)
    export(collection, "csv", tmp_path / "d.csv")
    with open(tmp_path / "d.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["label", *(f"pixel{index}" for index in range(784))]
    assert [int(row["label"]) for row in rows] == collection.labels.tolist()
    assert int(rows[1]["pixel290"]) == collection.images[1, 10, 10]


def test_keras_layout_and_mnists_names_are_kept(tmp_path, random_digits):
    splits = Splits(random_digits(3), random_digits(2), random_digits(4))
    export(splits, "npz", tmp_path / "d.npz")
    with np.load(tmp_path / "d.npz", allow_pickle=False) as held:
        np.testing.assert_array_equal(held["x_test"], splits.test.images)
        assert held["y_train"].dtype == np.uint8
    export(splits, "idx", tmp_path / "idx")
    assert {path.name for path in (tmp_path / "idx").iterdir()} == {
        f"{part}-{kind}-ubyte.gz" for part in ("train", "validation", "t10k") for kind in ("images-idx3", "labels-idx1")
    }
    content = gzip.decompress((tmp_path / "idx" / "t10k-labels-idx1-ubyte.gz").read_bytes())
    assert content[8:] == bytes(splits.test.labels.tolist())


@pytest.mark.parametrize("to", FORMATS)
def test_the_same_digits_give_the_same_bytes(tmp_path, random_digits, to):
    splits = Splits(random_digits(3), random_digits(2), random_digits(4))
    files = []
    for run in ("a", "b"):
        out = export(splits, to, tmp_path / run / NAMES[to])
        paths = sorted(path for path in [out, *out.rglob("*")] if path.is_file())
        files.append([(path.relative_to(tmp_path / run), path.read_bytes()) for path in paths])
    assert files[0] == files[1]
    assert files[0]


@pytest.mark.parametrize("to", FORMATS)
def test_progress_counts_every_digit(tmp_path, random_digits, to):
    steps = []
    export(Splits(random_digits(3), random_digits(0), random_digits(4)), to, tmp_path / NAMES[to], steps.append)
    assert sum(steps) == 7


@pytest.mark.parametrize("to", FORMATS)
def test_nothing_that_exists_is_overwritten(tmp_path, random_digits, to):
    out = tmp_path / NAMES[to]
    splits = Splits(random_digits(3), random_digits(0), random_digits(0))
    export(splits, to, out)
    with pytest.raises(OutputError, match="exists"):
        export(splits, to, out)
    if to != "npz":
        (tmp_path / "empty").mkdir()
        export(splits, to, tmp_path / "empty")


@pytest.mark.parametrize("to", FORMATS)
def test_a_full_disk_leaves_nothing_behind(tmp_path, random_digits, to, monkeypatch):
    def full(*args, **keywords):
        raise OSError(errno.ENOSPC, "No space left on device")

    splits = Splits(random_digits(3), random_digits(0), random_digits(2))
    for target in ("PIL.Image.Image.save", "numpy.savez_compressed", "pathlib.Path.write_bytes"):
        monkeypatch.setattr(target, full)
    file_on_full_disk = type("FullFile", (io.FileIO,), {"write": full})
    monkeypatch.setattr(tables, "open", file_on_full_disk, raising=False)
    with pytest.raises(OutputError, match="no space left"):
        export(splits, to, tmp_path / NAMES[to])
    assert list(tmp_path.iterdir()) == []


def test_senseless_arguments_are_refused(tmp_path, random_digits):
    some, none = random_digits(2), random_digits(0)
    with pytest.raises(UsageError, match="folder, csv, npz, idx"):
        export(some, "parquet", tmp_path / "x")
    with pytest.raises(UsageError, match="no digits"):
        export(Splits(none, none, none), "csv", tmp_path / "x")
    with pytest.raises(UsageError, match=r"end in \.npz"):
        export(some, "npz", tmp_path / "x")
    with pytest.raises(UsageError, match=r"end in \.csv"):
        export(some, "csv", tmp_path / "x")
    assert list(tmp_path.iterdir()) == []
