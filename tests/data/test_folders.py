"""Class folders of images become digits, whatever the size, polarity and kind of the images."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from digitlab.data import folders
from digitlab.errors import DataError

FRAMED = np.zeros((28, 28), np.uint8)
FRAMED[6:22, 12:16] = 255


def stroke(size=(90, 120), ink=0, paper=255, mode="L"):
    """A picture of a 1: an upright bar, off the middle."""
    image = Image.new(mode, size, paper)
    ImageDraw.Draw(image).rectangle((20, 15, 29, 85), fill=ink)
    return image


def assert_is_a_framed_one(digit):
    rows, columns = np.flatnonzero(digit.max(axis=1) > 60), np.flatnonzero(digit.max(axis=0) > 60)
    assert rows[-1] - rows[0] + 1 == 20
    assert 2 <= columns[-1] - columns[0] + 1 <= 4
    assert digit.max() >= 225
    assert abs(np.average(np.arange(28), weights=digit.sum(axis=0)) - 13.5) <= 1


def test_small_images_are_taken_as_they_are_and_light_paper_is_inverted(tmp_path):
    Image.fromarray(FRAMED).save(tmp_path / "dark.png")
    Image.fromarray(255 - FRAMED).save(tmp_path / "light.png")
    for name in ("dark.png", "light.png"):
        np.testing.assert_array_equal(folders.read_image(tmp_path / name), FRAMED)


@pytest.mark.parametrize(("ink", "paper"), [(0, 255), (255, 0), (60, 190), (200, 90)])
@pytest.mark.parametrize("ending", ["png", "jpg", "bmp", "gif"])
def test_larger_images_are_framed_dark_on_light_or_light_on_dark(tmp_path, ink, paper, ending):
    stroke(ink=ink, paper=paper).save(tmp_path / f"one.{ending}")
    assert_is_a_framed_one(folders.read_image(tmp_path / f"one.{ending}"))


@pytest.mark.parametrize("ink", [(0, 0, 0, 255), (255, 255, 255, 255)], ids=["black", "white"])
def test_transparent_paper_is_paper(tmp_path, ink):
    stroke(ink=ink, paper=(0, 0, 0, 0), mode="RGBA").save(tmp_path / "one.png")
    assert_is_a_framed_one(folders.read_image(tmp_path / "one.png"))


def test_other_kinds_of_images_are_read(tmp_path):
    stroke().convert("CMYK").save(tmp_path / "cmyk.jpg")
    stroke().convert("1").save(tmp_path / "bilevel.png")
    stroke().convert("P").save(tmp_path / "palette.png")
    wide = np.asarray(stroke()).astype(np.uint16) * 257
    Image.fromarray(wide).save(tmp_path / "sixteen.png")
    turned = stroke().rotate(90, expand=True)
    exif = Image.Exif()
    exif[0x0112] = 6  # "turn right to see it upright"
    turned.save(tmp_path / "turned.jpg", exif=exif)
    for path in sorted(tmp_path.iterdir()):
        assert_is_a_framed_one(folders.read_image(path))


def test_an_empty_sheet_has_no_ink(tmp_path):
    noise = np.random.default_rng(0).integers(225, 250, (80, 80)).astype(np.uint8)
    Image.fromarray(noise).save(tmp_path / "paper.png")
    assert folders.read_image(tmp_path / "paper.png").max() == 0


@pytest.fixture
def make(tmp_path):
    def make(*names):
        for name in names:
            path = tmp_path / "digits" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(FRAMED).save(path)
        return tmp_path / "digits"

    return make


def test_classes_are_labels_and_names_give_the_order(make):
    parts = folders.read_folder(make("7/b.png", "7/d.png", "0/a.png", "9/c.png"))
    assert list(parts) == [""]
    assert parts[""].labels.tolist() == [0, 7, 9, 7]


def test_parts_above_the_classes_are_kept_apart(make):
    folder = make("Training/1/a.png", "val/2/a.png", "test/3/a.png", "test/3/b.png")
    parts = folders.read_folder(folder)
    assert {name: part.labels.tolist() for name, part in parts.items()} == {
        "train": [1],
        "validation": [2],
        "test": [3, 3],
    }


def test_hidden_and_loose_files_are_left_out(make):
    folder = make("1/a.png")
    for hidden in (folder / ".DS_Store", folder / "1" / ".hidden.png", folder / "README.txt"):
        hidden.write_text("no image")
    (folder / ".git").mkdir()
    assert len(folders.read_folder(folder)[""]) == 1


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["1/a.png", "ten/a.png"], "ten is not a class"),
        (["1/a.png", "10/a.png"], "10 is not a class"),
        (["train/1/a.png", "rest/1/a.png"], "rest is not a part"),
        (["val/1/a.png", "valid/1/a.png"], "second folder for validation"),
        (["train/eins/a.png"], "eins is not a class"),
    ],
)
def test_an_unknown_folder_is_named(make, names, message):
    with pytest.raises(DataError, match=message):
        folders.read_folder(make(*names))


def test_an_empty_folder_is_an_error(tmp_path):
    with pytest.raises(DataError, match="no images in class folders"):
        folders.read_folder(tmp_path)
    (tmp_path / "3").mkdir()
    with pytest.raises(DataError, match="no images in class folders"):
        folders.read_folder(tmp_path)
    with pytest.raises(DataError, match="cannot read"):
        folders.read_folder(tmp_path / "nothing")


def test_what_is_no_image_is_named(make):
    folder = make("1/a.png")
    content = (folder / "1" / "a.png").read_bytes()
    eps = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n"
    for bad in (b"", b"just text", content[: len(content) // 2], b"P5 99999999999999999999 9 255\n", eps):
        (folder / "1" / "bad.png").write_bytes(bad)
        with pytest.raises(DataError, match=r"bad\.png"):
            folders.read_folder(folder)


@pytest.mark.parametrize("size", [(10_001, 10_000), (40_000, 40_000)])
def test_a_pixel_bomb_is_refused_from_its_header(make, size):
    folder = make("1/a.png")
    header = f"P5 {size[0]} {size[1]} 255\n".encode()
    (folder / "1" / "bomb.pgm").write_bytes(header + bytes(100))
    with pytest.raises(DataError, match=r"bomb\.pgm has .*100 million"):
        folders.read_folder(folder)
