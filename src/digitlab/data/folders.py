"""Folders of images: class folders `0/` to `9/`, with or without `train/`, `validation/` and `test/` above.

    digits/train/7/00012.png        or, without parts,        digits/7/photo.jpg

Images come in the order of their names, not class by class: what was exported comes back in its order.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from digitlab.data.digits import MAX_DIGITS, Digits
from digitlab.errors import DataError
from digitlab.framing import SIDE, frame

if TYPE_CHECKING:
    from PIL import Image

PARTS = {
    "train": "train",
    "training": "train",
    "validation": "validation",
    "valid": "validation",
    "val": "validation",
    "test": "test",
    "testing": "test",
}
MAX_PIXELS = 100_000_000  # of one image; read from its header, before any pixel is decoded
FORMATS = ("PNG", "JPEG", "BMP", "GIF", "TIFF", "WEBP", "PPM")
FLOOR = 51  # of 255: what differs less from the paper is paper grain or compression noise
MARK = ("Ink", "light on dark")  # text in a PNG that says: already framed, take the pixels as they are


def read_folder(folder: str | Path) -> dict[str, Digits]:
    """Read a folder of class folders.

    Images of 28x28 pixels are taken as they are, inverted if their border is bright; others are framed as
    MNIST's were. Hidden files and folders are left out, and so are loose files beside the class folders.

    Returns:
        The parts by name, of "train", "validation" and "test"; only "" where there are no parts above.

    Raises:
        DataError: a folder is no class and no part, a file in a class folder is no readable image, or there
            are no images at all.
    """
    folder = Path(folder)
    below = visible(folder, Path.is_dir)
    named = [(PARTS.get(path.name.lower()), path) for path in below]
    if all(part is None for part, _ in named):
        return {"": _read_classes(folder)}
    found: dict[str, Digits] = {}
    for part, path in named:
        if part is None:
            raise DataError(f"{path} is not a part; beside train, only validation and test are expected")
        if part in found:
            raise DataError(f"{path}: {folder} has a second folder for {part}; join the two")
        found[part] = _read_classes(path)
    return found


def read_image(source: Path | bytes, name: str = "") -> np.ndarray:
    """Read one image of one digit, whatever its size and polarity.

    Args:
        source: its path, or the content of its file.
        name: what to call it in errors, where it has no path.

    Returns:
        (28, 28) uint8, ink light on dark.

    Raises:
        DataError: it is not an image, is damaged, or has more than 100 million pixels.
    """
    grey, framed = _open_grey(source, name or str(source))
    if framed:
        return grey
    border = np.concatenate([grey[0], grey[-1], grey[1:-1, 0], grey[1:-1, -1]])
    paper = int(np.median(border))
    if grey.shape == (SIDE, SIDE):
        return 255 - grey if paper > 127 else grey
    darker = paper - grey.astype(np.int32)
    ink = np.clip(darker if paper > 127 else -darker, 0, 255)
    if ink.max() < FLOOR:
        return np.zeros((SIDE, SIDE), np.uint8)
    ink = ink * 255 // int(ink.max())
    return frame(np.where(ink < FLOOR, 0, ink).astype(np.uint8))


def _read_classes(folder: Path) -> Digits:
    files: list[tuple[str, str, Path]] = []
    for path in visible(folder, Path.is_dir):
        if path.name not in list("0123456789"):
            raise DataError(f"{path} is not a class; class folders are named 0 to 9: rename or remove it")
        files += [(image.name, path.name, image) for image in visible(path, Path.is_file)]
    if not files:
        raise DataError(f"{folder} has no images in class folders 0 to 9; put them there")
    if len(files) > MAX_DIGITS:
        raise DataError(f"{folder} has more than the {MAX_DIGITS:,} images that are read at once; split it")
    images = np.empty((len(files), SIDE, SIDE), np.uint8)
    for index, (_, _, path) in enumerate(sorted(files)):
        images[index] = read_image(path)
    labels = np.array([int(label) for _, label, _ in sorted(files)], np.int64)
    return Digits(images, labels, str(folder))


def visible(folder: Path, kind: Callable[[Path], bool]) -> list[Path]:
    """Return what lies in a folder, by name, without hidden entries."""
    try:
        return sorted(path for path in folder.iterdir() if not path.name.startswith(".") and kind(path))
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise DataError(f"cannot read {folder}: {reason}; check the path and its permissions") from error


def _open_grey(source: Path | bytes, name: str) -> tuple[np.ndarray, bool]:
    """Return the image as (height, width) uint8, and whether it says itself that it is framed already."""
    from PIL import Image  # only folders need it

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of Pillow's, about size and metadata: what matters is an error here
            file = io.BytesIO(source) if isinstance(source, bytes) else source
            with Image.open(file, formats=FORMATS) as image:
                return _decode(image, name)
    except DataError:
        raise
    except Image.DecompressionBombError as error:
        raise DataError(f"{name} has more than 100 million pixels; shrink it") from error
    except Exception as error:  # Pillow raises nearly any kind for damaged files; all of them mean the same here
        raise DataError(f"{name} cannot be read as an image; remove it or save it again") from error


def _decode(image: Image.Image, name: str) -> tuple[np.ndarray, bool]:
    from PIL import ImageOps

    if image.width * image.height > MAX_PIXELS:
        raise DataError(f"{name} has {image.width} x {image.height} pixels, more than 100 million; shrink it")
    image.load()
    framed = image.size == (SIDE, SIDE) and image.mode == "L" and image.info.get(MARK[0]) == MARK[1]
    upright = ImageOps.exif_transpose(image)
    if upright.mode.startswith("I"):  # 16 bits a pixel
        return (np.asarray(upright).clip(0, 65535) // 257).astype(np.uint8), False
    if upright.has_transparency_data:
        upright = _on_paper(upright.convert("RGBA"))
    return np.asarray(upright.convert("L")), framed


def _on_paper(image: Image.Image) -> Image.Image:
    """Put transparent ink on paper of the other brightness: dark ink on white, light ink on black."""
    from PIL import Image

    values = np.asarray(image.convert("LA"))
    grey, opacity = values[..., 0].astype(np.float64), values[..., 1].astype(np.float64)
    ink = (grey * opacity).sum() / max(1.0, opacity.sum())
    paper = Image.new("RGBA", image.size, "black" if ink > 127 else "white")
    paper.alpha_composite(image)
    return paper
