"""IDX files are read as they are defined, and refused in one sentence where they are not."""

import contextlib
import gzip
import struct
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from digitlab.data import idx
from digitlab.errors import DataError, OutputError, UsageError

SHAPES = st.one_of(st.tuples(st.integers(0, 9)), st.tuples(*[st.integers(0, 6)] * 3))


def test_a_file_written_byte_by_byte_as_the_format_is_defined_is_read():
    content = bytes([0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 3, 10, 20, 30, 40, 50, 60])
    assert idx.read(content).tolist() == [[[10, 20, 30]], [[40, 50, 60]]]
    assert idx.pack(np.array([[[10, 20, 30]], [[40, 50, 60]]], np.uint8)) == content


@given(arrays.arrays(np.uint8, SHAPES), st.booleans())
@settings(deadline=None, max_examples=50)
def test_what_is_packed_is_read_back(array, compressed):
    content = idx.pack(array)
    back = idx.read(gzip.compress(content) if compressed else content)
    assert back.shape == array.shape
    assert back.flags.writeable
    np.testing.assert_array_equal(back, array)


@pytest.mark.parametrize("name", ["labels", "labels.gz"])
def test_a_file_is_read_back_whatever_its_compression(tmp_path, name):
    labels = np.arange(10, dtype=np.uint8)
    idx.write(tmp_path / name, labels)
    assert ((tmp_path / name).read_bytes()[:2] == b"\x1f\x8b") == name.endswith(".gz")
    np.testing.assert_array_equal(idx.read(tmp_path / name), labels)


@given(st.binary(max_size=64))
@settings(deadline=None, max_examples=200)
def test_any_bytes_are_an_array_or_a_data_error(content):
    for candidate in (content, b"\0\0\x08\x01" + content, b"\0\0\x08\x03" + content, b"\x1f\x8b" + content):
        with contextlib.suppress(DataError):
            assert idx.read(candidate).dtype == np.uint8


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "does not start with 00 00"),
        (b"PK\3\4", "does not start with 00 00"),
        (b"\0\0\x0d\x03" + bytes(12), "type 0x0d"),
        (b"\0\0\x08\x02" + bytes(8), "in 2 dimensions"),
        (b"\0\0\x08\x03\0\0", "within its header"),
        (struct.pack(">BBBBI", 0, 0, 8, 1, 5) + b"1234", "cut off"),
        (struct.pack(">BBBBI", 0, 0, 8, 1, 5) + b"123456", "goes on after"),
        (struct.pack(">BBBBIII", 0, 0, 8, 3, 2**32 - 1, 28, 28), "claims shape"),
        # Without the time of day, which would be in the tests' names: processes that share them must agree on these.
        (gzip.compress(struct.pack(">BBBBI", 0, 0, 8, 1, 5) + b"12345", mtime=0)[:-9], "gzip"),
        (gzip.compress(b"\0\0\x08\x01", mtime=0)[:10] + b"\xff\xff\xff\xff", "gzip"),
    ],
)
def test_a_malformed_file_is_refused_and_the_error_says_why(content, message):
    with pytest.raises(DataError, match=message):
        idx.read(content)


@pytest.mark.parametrize("count", [5, 500_000_000])
def test_a_gzip_bomb_takes_little_memory_whatever_its_header_claims(count, tmp_path):
    bomb = gzip.compress(struct.pack(">BBBBI", 0, 0, 8, 1, count) + bytes(30_000_000))
    tracemalloc.start()
    with pytest.raises(DataError):
        idx.read(bomb)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < (1_000_000 if count == 5 else 80_000_000)


def test_a_missing_file_and_a_folder_are_data_errors(tmp_path):
    with pytest.raises(DataError, match="there is no file"):
        idx.read(tmp_path / "nothing")
    with pytest.raises(DataError, match="cannot read"):
        idx.read(tmp_path)


def test_other_arrays_are_not_written(tmp_path):
    with pytest.raises(UsageError, match="float64"):
        idx.write(tmp_path / "x", np.zeros(3))
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError):
        idx.write(tmp_path / "file" / "x", np.zeros(3, np.uint8))


def test_an_images_file_is_read_with_the_labels_beside_it(tmp_path, random_digits):
    digits = random_digits(7)
    idx.write(tmp_path / "my-images-idx3-ubyte.gz", digits.images)
    with pytest.raises(DataError, match="my-labels-idx1-ubyte"):
        idx.read_pair(tmp_path / "my-images-idx3-ubyte.gz")
    idx.write(tmp_path / "my-labels-idx1-ubyte", digits.labels.astype(np.uint8))
    assert idx.read_pair(tmp_path / "my-images-idx3-ubyte.gz").digest == digits.digest


def test_images_and_labels_must_fit_together(tmp_path, random_digits):
    digits = random_digits(7)
    idx.write(tmp_path / "images-idx3-ubyte", digits.images)
    idx.write(tmp_path / "labels-idx1-ubyte", digits.labels[:6].astype(np.uint8))
    with pytest.raises(DataError, match="7 images"):
        idx.read_pair(tmp_path / "images-idx3-ubyte")
    idx.write(tmp_path / "labels-idx1-ubyte", digits.labels.astype(np.uint8) + 10)
    with pytest.raises(DataError, match="outside 0 to 9"):
        idx.read_pair(tmp_path / "images-idx3-ubyte")
    idx.write(tmp_path / "images-idx3-ubyte", np.zeros((7, 32, 32), np.uint8))
    with pytest.raises(DataError, match="32, 32"):
        idx.read_pair(tmp_path / "images-idx3-ubyte")
