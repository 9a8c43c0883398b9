"""Any bytes at the one door: pictures come in as a person sees them, everything else is refused in a sentence."""

import contextlib
import io
import os
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from digitlab.errors import ImageError
from digitlab.reading import open_image

STEPS = np.tile(np.linspace(0, 255, 16, dtype=np.uint8), (12, 1))  # (12, 16), black left, white right


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def png_header(width: int, height: int, depth: int = 8) -> bytes:
    """A PNG of the given size whose pixels, all black, are packed into a few bytes."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", width, height, depth, 0, 0, 0, 0)
    packer = zlib.compressobj(9)
    pixels = b"".join(packer.compress(bytes(1_000_000)) for _ in range(20)) + packer.flush()
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "BMP", "PPM", "WEBP", "JPEG", "GIF"])
def test_all_common_formats_open_alike(kind: str) -> None:
    options = {"lossless": True} if kind == "WEBP" else {"quality": 95} if kind == "JPEG" else {}
    opened = open_image(encoded(Image.fromarray(STEPS), kind, **options))
    np.testing.assert_allclose(opened.grey.astype(int), STEPS, atol=6 if kind == "JPEG" else 1)
    assert opened.size == (16, 12)
    assert opened.rgb is None


def test_a_path_bytes_a_file_and_a_picture_are_the_same(tmp_path: Path) -> None:
    path = tmp_path / "steps.png"
    Image.fromarray(STEPS).save(path)
    with open(path, "rb") as file:
        opened = [open_image(s) for s in (path, str(path), path.read_bytes(), file, Image.open(path), STEPS)]
    assert all(np.array_equal(o.grey, STEPS) for o in opened)
    assert [o.file for o in opened] == [str(path), str(path), None, str(path), str(path), None]


@pytest.mark.parametrize(
    "array",
    [
        STEPS[..., None],
        np.stack([STEPS] * 3, axis=-1),
        np.dstack([STEPS] * 3 + [np.full_like(STEPS, 255)]),
        STEPS.astype(np.uint16) * 257,
        STEPS / 255,
        (STEPS / 255).astype(np.float32),
        STEPS.astype(np.int64),
    ],
    ids=["HW1", "HW3", "HW4", "uint16", "float", "float32", "int64"],
)
def test_arrays_of_any_usual_kind_are_pictures(array: np.ndarray) -> None:
    np.testing.assert_array_equal(open_image(array).grey, STEPS)


def test_booleans_are_black_and_white() -> None:
    assert open_image(np.array([[True, False]])).grey.tolist() == [[255, 0]]


@pytest.mark.parametrize("top", [4095, 65535])
def test_16_bits_keep_their_range_whether_12_or_16_are_used(top: int) -> None:
    deep = np.rint(STEPS.astype(float) / 255 * top).astype(np.uint16)
    np.testing.assert_array_equal(open_image(encoded(Image.fromarray(deep), "PNG")).grey, STEPS)


def test_cmyk_is_shown_as_printed() -> None:
    cmyk = Image.merge("CMYK", [Image.new("L", (4, 4), v) for v in (0, 0, 0, 255)])
    cmyk.paste((0, 0, 0, 0), (0, 0, 2, 4))
    grey = open_image(encoded(cmyk, "TIFF")).grey
    assert grey[:, :2].min() > 250
    assert grey[:, 2:].max() < 5


def test_palette_with_transparency_lies_on_white_paper() -> None:
    indexed = Image.new("P", (4, 4), 0)
    indexed.putpalette([0, 0, 0, 10, 10, 10])
    indexed.paste(1, (1, 1, 3, 3))
    grey = open_image(encoded(indexed, "PNG", transparency=0)).grey
    assert grey[0, 0] == 255
    assert grey[1, 1] == 10


@pytest.mark.parametrize(("ink", "paper"), [(0, 255), (255, 0), (90, 255), (230, 0)])
def test_transparent_strokes_lie_on_paper_that_shows_them(ink: int, paper: int) -> None:
    rgba = np.zeros((20, 20, 4), np.uint8)
    rgba[..., :3] = ink  # the colour is the same everywhere: the ink is in the transparency alone
    rgba[5:15, 9:11, 3] = 255
    grey = open_image(rgba).grey
    assert grey[0, 0] == paper
    assert grey[10, 10] == ink


def test_a_photo_is_turned_as_the_camera_was_held() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: the first row is the right-hand side
    opened = open_image(encoded(Image.fromarray(STEPS), "JPEG", quality=95, exif=exif))
    assert opened.grey.shape == (16, 12)
    assert opened.size == (12, 16)
    np.testing.assert_allclose(opened.grey.astype(int), np.rot90(STEPS, -1), atol=6)


def test_of_an_animation_the_first_frame_is_opened() -> None:
    frames = [Image.new("L", (5, 5), level) for level in (40, 200, 90)]
    opened = open_image(encoded(frames[0], "GIF", save_all=True, append_images=frames[1:]))
    assert abs(int(opened.grey[0, 0]) - 40) <= 1


def test_large_jpegs_are_reduced_and_remember_their_size() -> None:
    opened = open_image(encoded(Image.new("L", (3000, 2000), 128), "JPEG"), longest=1000)
    assert max(opened.grey.shape) <= 1500
    assert opened.size == (3000, 2000)


def test_one_pixel_is_a_picture() -> None:
    assert open_image(encoded(Image.new("L", (1, 1), 7), "PNG")).grey.tolist() == [[7]]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"just a text that is called .png", "not an image"),
        (b"%PDF-1.7 and so on", "PDF"),
        (b"\0\0\0\x18ftypheic\0\0\0\0", "HEIC"),
        (encoded(Image.fromarray(STEPS), "PNG")[:50], "damaged or cut off"),
        (encoded(Image.fromarray(np.tile(STEPS, (9, 9))), "JPEG")[:700], "damaged or cut off"),
        (png_header(40_000, 40_000), "too large"),
        (png_header(13_000, 13_000), "too large"),
    ],
    ids=["empty", "text", "PDF", "HEIC", "cut PNG", "cut JPEG", "bomb", "smaller bomb"],
)
def test_what_is_no_picture_is_refused_by_name_with_the_fix(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "digit.png"
    path.write_bytes(content)
    with pytest.raises(ImageError, match=words) as caught:
        open_image(path)
    assert str(path) in str(caught.value)
    with pytest.raises(ImageError, match=words):
        open_image(content)


def test_a_missing_file_and_a_folder_are_named(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match=r"no file .*nothing\.png"):
        open_image(tmp_path / "nothing.png")
    with pytest.raises(ImageError, match="is a folder"):
        open_image(tmp_path)
    with pytest.raises(ImageError, match="check the name"):
        open_image("a null byte \0 in it")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="the superuser may read any file")
def test_a_file_without_permission_is_named(tmp_path: Path) -> None:
    path = tmp_path / "secret.png"
    path.write_bytes(b"x")
    path.chmod(0)
    with pytest.raises(ImageError, match="permission"):
        open_image(path)


@pytest.mark.parametrize(
    "source",
    [
        None,
        7,
        io.StringIO("text"),
        np.zeros((2, 3, 5)),
        np.zeros(4),
        np.array([["a"]]),
        np.array([[np.nan]]),
        np.zeros((0, 4)),
    ],
    ids=["None", "number", "text file", "five channels", "one axis", "strings", "not a number", "no pixels"],
)
def test_what_is_no_source_is_refused(source: object) -> None:
    with pytest.raises(ImageError):
        open_image(source)


@settings(max_examples=150, deadline=None)
@given(
    start=st.sampled_from(
        [b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0", b"GIF89a", b"BM", b"II*\0", b"P5 3 3 255 ", b"RIFF"]
    ),
    rest=st.binary(max_size=300),
)
def test_random_bytes_raise_nothing_but_image_errors(start: bytes, rest: bytes) -> None:
    with contextlib.suppress(ImageError):
        assert open_image(start + rest).grey.dtype == np.uint8


@settings(max_examples=150, deadline=None)
@given(kind=st.sampled_from(["PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP", "PPM"]), data=st.data())
def test_damaged_files_raise_nothing_but_image_errors(kind: str, data: st.DataObject) -> None:
    content = bytearray(encoded(Image.fromarray(STEPS), kind))
    for _ in range(data.draw(st.integers(1, 6))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(ImageError):
        assert open_image(bytes(content[: data.draw(st.integers(1, len(content)))])).grey.dtype == np.uint8
