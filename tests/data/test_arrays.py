"""NPZ files in Keras's layout are read without unpickling; others are refused by what they hold."""

import io
import zipfile

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from digitlab.data import arrays
from digitlab.errors import DataError


def test_keras_layout_is_read_as_train_and_test(tmp_path, random_digits):
    train, test = random_digits(9), random_digits(4, seed=1)
    path = tmp_path / "mnist.npz"
    np.savez(
        path,
        x_train=train.images,
        y_train=train.labels.astype(np.uint8),
        x_test=test.images,
        y_test=test.labels.astype(np.uint8),
    )
    parts = arrays.read_npz(path)
    assert {name: part.digest for name, part in parts.items()} == {"train": train.digest, "test": test.digest}


@pytest.mark.parametrize(
    "change",
    [
        lambda x: x.reshape(-1, 784),
        lambda x: x[..., None],
        lambda x: x.astype(">i4"),
        lambda x: np.asfortranarray(x),
    ],
    ids=["flat", "one channel", "other integers", "column by column"],
)
def test_images_may_be_stored_in_other_ways(tmp_path, random_digits, change):
    digits = random_digits(5)
    np.savez_compressed(tmp_path / "x.npz", images=change(digits.images), labels=digits.labels[:, None])
    assert arrays.read_npz(tmp_path / "x.npz")[""].digest == digits.digest


@pytest.mark.parametrize(
    ("held", "message"),
    [
        ({"a": np.zeros(2), "b": np.zeros(2)}, "it holds a, b"),
        ({"x_train": np.zeros((2, 28, 28), np.uint8)}, "it holds x_train"),
        ({"images": np.zeros((2, 28, 28)), "labels": np.zeros(2, int)}, "images is of type float64"),
        ({"images": np.zeros((2, 28, 28), int) + 256, "labels": np.zeros(2, int)}, "outside 0 to 255"),
        ({"images": np.zeros((2, 28, 28), int) - 1, "labels": np.zeros(2, int)}, "outside 0 to 255"),
        ({"images": np.zeros((2, 9, 9), np.uint8), "labels": np.zeros(2, int)}, r"\(2, 9, 9\)"),
        ({"images": np.zeros((2, 28, 28), np.uint8), "labels": np.zeros(3, int)}, "2 images"),
        ({"images": np.zeros((2, 28, 28), np.uint8), "labels": np.array([0, 10])}, "outside 0 to 9"),
    ],
)
def test_wrong_content_is_refused_by_its_name(tmp_path, held, message):
    np.savez(tmp_path / "x.npz", **held)
    with pytest.raises(DataError, match=message) as caught:
        arrays.read_npz(tmp_path / "x.npz")
    assert "x.npz" in str(caught.value)


def test_nothing_is_unpickled(tmp_path):
    class Trap:
        def __reduce__(self):
            return open, (str(tmp_path / "sprung"), "w")

    trap = np.array([Trap()], dtype=object)
    np.savez(tmp_path / "x.npz", images=trap, labels=trap)
    with pytest.raises(DataError, match="type object"):
        arrays.read_npz(tmp_path / "x.npz")
    assert not (tmp_path / "sprung").exists()


def npz(path, header_shape, body, compression=zipfile.ZIP_DEFLATED):
    """Write an NPZ file whose headers claim another shape than there is."""
    with zipfile.ZipFile(path, "w", compression) as archive:
        for key, shape in (("images", header_shape), ("labels", header_shape[:1])):
            buffer = io.BytesIO()
            np.lib.format.write_array_header_1_0(buffer, {"descr": "|u1", "fortran_order": False, "shape": shape})
            archive.writestr(f"{key}.npy", buffer.getvalue() + body)
    return path


def test_a_size_that_is_not_there_or_too_large_is_refused_before_any_memory_is_taken(tmp_path):
    with pytest.raises(DataError, match="bytes read at once"):
        arrays.read_npz(npz(tmp_path / "huge.npz", (10**12, 28, 28), b""))
    with pytest.raises(DataError, match="not as long as its header claims"):
        arrays.read_npz(npz(tmp_path / "short.npz", (1000, 28, 28), b"12345"))
    with pytest.raises(DataError, match="not as long as its header claims"):
        arrays.read_npz(npz(tmp_path / "negative.npz", (-1, 28, 28), b""))


def test_a_damaged_file_is_refused(tmp_path, random_digits):
    path = tmp_path / "x.npz"
    arrays.write_npz(path, {"": random_digits(20)})
    content = path.read_bytes()
    for damaged in (
        b"",
        b"no zip at all",
        content[: len(content) // 2],
        content[:500] + b"??" + content[502:],
    ):
        path.write_bytes(damaged)
        with pytest.raises(DataError, match="damaged or not an NPZ file"):
            arrays.read_npz(path)
    with pytest.raises(DataError, match="there is no file"):
        arrays.read_npz(tmp_path / "nothing.npz")


HEADER = "{'descr': '|u1', 'fortran_order': False, 'shape': (0, 28, 28), }"
HEADERS = st.one_of(
    st.text(max_size=30),
    st.text("{}()[]':,0123 udescrshapefortran_orderTrue\\n", max_size=60),
    st.tuples(st.integers(0, 60), st.text(max_size=3)).map(lambda c: HEADER[: c[0]] + c[1] + HEADER[c[0] + 1 :]),
)


@given(HEADERS)
@example("{{{{")
@example("(" * 500)
@settings(deadline=None, max_examples=150)
def test_a_header_that_is_no_header_is_refused(tmp_path_factory, header):
    path = tmp_path_factory.getbasetemp() / "header.npz"
    with zipfile.ZipFile(path, "w") as archive:
        text = header.encode()
        archive.writestr("images.npy", b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text)
        archive.writestr("labels.npy", b"")
    with pytest.raises(DataError):
        arrays.read_npz(path)
