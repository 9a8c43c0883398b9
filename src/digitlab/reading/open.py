"""The one door for untrusted bytes: from a path, bytes, a picture or an array to grey pixels as a person sees them.

Sizes are checked from the header, before anything is decoded; only well-known formats are tried;
and whatever a decoder trips over becomes an ImageError that says what to do.
"""

from __future__ import annotations

import io
import os
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageOps

from digitlab.errors import ImageError

FORMATS = ("PNG", "JPEG", "WEBP", "TIFF", "GIF", "BMP", "PPM")  # PPM covers PBM, PGM and PNM
MAX_BYTES = 200_000_000  # of a file: far above any photo
MAX_PIXELS = 150_000_000  # of a picture: above any camera's, and decodes in about a gigabyte
LIGHT = 180  # grey level from which ink on a transparent ground is so light that white paper would hide it

_LUMINANCE = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601, as Pillow's "L"
_NOT_YET = {
    b"%PDF": "PDF",
    b"ftypheic": "HEIC",
    b"ftypheix": "HEIC",
    b"ftypmif1": "HEIC",
    b"ftypavif": "AVIF",
}


@dataclass(frozen=True)
class Opened:
    """A picture as a person sees it: turned upright, transparency laid on paper, 8 bits a pixel.

    Attributes:
        grey: (height, width) uint8, 0 black to 255 white; perhaps smaller than the picture, see `size`.
        rgb: (height, width, 3) uint8 of the same size, or None where the picture has no colour.
        size: (width, height) of the upright picture in full resolution, pixels.
        file: the name it was given by, or None.
        frames: 1, or how many frames an animation has; only its first one is opened.
    """

    grey: np.ndarray
    rgb: np.ndarray | None
    size: tuple[int, int]
    file: str | None = None
    frames: int = 1


def open_image(source: Any, longest: int | None = None) -> Opened:
    """Open a picture from anywhere. Of an animated GIF, WebP or a TIFF of several pages, the first frame is taken.

    Args:
        source: a path (str or Path), the bytes of a file, a binary file object, a PIL image, or an array:
            (H, W), (H, W, 1), (H, W, 3) RGB or (H, W, 4) RGBA; uint8, uint16, bool, or floats from 0 to 1.
        longest: if given, a longer side of about this many pixels is enough for the caller: larger pictures
            are reduced, large JPEGs even while they are decoded, which is several times faster.

    Raises:
        ImageError: it cannot be opened; the message names the file and what to do.
    """
    if isinstance(source, np.ndarray):
        picture, name, frames = _from_array(source), None, 1
        size = picture.size
    else:
        if isinstance(source, Image.Image):
            image, name = source, getattr(source, "filename", None) or None
            name = os.fspath(name) if name is not None else None
        else:
            content, name = _content(source)
            image = _identified(content, name or "the image")
        label = name or "the image"
        _check_size(*image.size, label)
        try:
            picture, size, frames = _decoded(image, longest)
        except Exception as error:  # decoders raise whatever they trip over: OSError, struct.error, zlib.error...
            raise ImageError(f"{label} is damaged or cut off: {error}; export or copy it again") from error
    if longest is not None and max(picture.size) > longest * 1.5:
        picture = picture.reduce(round(max(picture.size) / longest))
    rgb = None
    if picture.mode != "L":
        rgb = np.asarray(picture)
        grey = np.asarray(picture.convert("L"))
        if not np.any(np.ptp(rgb[:: max(1, len(rgb) // 256)], axis=2) > 2):  # grey saved as colour
            rgb = None
    else:
        grey = np.asarray(picture)
    return Opened(grey, rgb, size, name, frames)


def _content(source: Any) -> tuple[bytes, str | None]:
    """Return the bytes of a source and the name it goes by."""
    if isinstance(source, bytes | bytearray | memoryview):
        return _not_too_heavy(bytes(source), "the image"), None
    if isinstance(source, str | os.PathLike):
        return _file_content(Path(source)), os.fspath(source)
    if hasattr(source, "read"):
        name = getattr(source, "name", None)
        name = name if isinstance(name, str) else None
        content = source.read(MAX_BYTES + 1)
        if not isinstance(content, bytes):
            raise ImageError(f"{name or 'the file object'} gives text, not bytes; open it with mode 'rb'")
        return _not_too_heavy(content, name or "the image"), name
    kind = type(source).__name__
    raise ImageError(f"cannot read an image from a {kind}; give a path, bytes, a PIL image or a numpy array")


def _file_content(path: Path) -> bytes:
    try:
        if path.is_dir():
            raise ImageError(f"{path} is a folder; give an image file, or the images inside it")
        if not path.exists():
            raise ImageError(f"there is no file {path}; check the name and the folder")
        if not path.is_file():
            raise ImageError(f"{path} is not an ordinary file; give an image file")
        if path.stat().st_size > MAX_BYTES:
            raise ImageError(_too_heavy(str(path)))
        return _not_too_heavy(path.read_bytes(), str(path))
    except PermissionError as error:
        raise ImageError(f"{path} cannot be read: permission denied; change its permissions") from error
    except (OSError, ValueError) as error:  # ValueError: a null byte in the name
        raise ImageError(f"{path} cannot be read: {error}; check the name and the disk") from error


def _not_too_heavy(content: bytes, label: str) -> bytes:
    if not content:
        raise ImageError(f"{label} is empty (0 bytes); export or copy it again")
    if len(content) > MAX_BYTES:
        raise ImageError(_too_heavy(label))
    return content


def _too_heavy(label: str) -> str:
    return f"{label} is larger than {MAX_BYTES // 10**6} MB; make it smaller first"


def _check_size(width: int, height: int, label: str) -> None:
    if width * height > MAX_PIXELS:
        raise ImageError(
            f"{label} is too large: {width:,} x {height:,} pixels, but at most {MAX_PIXELS // 10**6} megapixels"
            " are read; make it smaller first"
        )
    if not width * height:
        raise ImageError(f"{label} has no pixels; give a picture of at least 1 x 1")


def _identified(content: bytes, label: str) -> Image.Image:
    """Read the header alone."""
    for magic, kind in _NOT_YET.items():
        if magic in content[:16]:
            raise ImageError(f"{label} is a {kind} file, which is not supported yet; convert it to PNG or JPEG first")
    try:
        with warnings.catch_warnings():  # Pillow warns of sizes that are well below our own limit, checked next
            warnings.simplefilter("ignore")
            return Image.open(io.BytesIO(content), formats=FORMATS)
    except Image.DecompressionBombError as error:
        raise ImageError(
            f"{label} is too large: at most {MAX_PIXELS // 10**6} megapixels are read; make it smaller first"
        ) from error
    except Exception as error:  # as for decoding: a malformed header may raise anything
        known = "PNG, JPEG, WebP, TIFF, GIF, BMP or PGM"
        raise ImageError(f"{label} is not an image that can be read; give a {known} file") from error


def _decoded(image: Image.Image, longest: int | None) -> tuple[Image.Image, tuple[int, int], int]:
    """Decode, turn upright, flatten: an "L" or "RGB" picture, its size in full resolution, and its frames."""
    frames = int(getattr(image, "n_frames", 1))
    width, height = image.size
    if longest is not None and image.format in ("JPEG", "MPO"):
        scale = max(s for s in (1, 2, 4, 8) if s == 1 or max(width, height) / s >= 0.75 * longest)
        image.draft(None, (max(1, width // scale), max(1, height // scale)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow warns of odd metadata; the pixels are what matters
        image.load()
        upright = ImageOps.exif_transpose(image)
    if image.getexif().get(0x0112, 1) in (5, 6, 7, 8):  # orientations that swap the sides
        width, height = height, width
    return _flat(upright), (width, height), frames


def _flat(image: Image.Image) -> Image.Image:
    """Return any mode of Pillow's as "L" or "RGB", without transparency."""
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        return Image.fromarray(_eight_bits(np.asarray(image)))
    if image.mode in ("LA", "La", "PA", "RGBA", "RGBa") or "transparency" in image.info:
        rgba = np.asarray(image.convert("RGBA"))
        return Image.fromarray(_on_paper(rgba) if rgba[..., 3].min() < 255 else rgba[..., :3])
    return image.convert("L" if image.mode in ("1", "L") else "RGB")


def _from_array(array: np.ndarray) -> Image.Image:
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[..., 0]
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (3, 4)):
        raise ImageError(f"an array of shape {array.shape} is no picture; give (H, W), (H, W, 3) or (H, W, 4)")
    if array.dtype.kind not in "biuf":
        raise ImageError(f"an array of {array.dtype} is no picture; give uint8, uint16, bool, or floats from 0 to 1")
    _check_size(array.shape[1], array.shape[0], "the array")
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise ImageError("the array holds values that are not finite; replace them first")
    array = np.ascontiguousarray(_eight_bits(array))
    if array.ndim == 3 and array.shape[2] == 4:
        array = _on_paper(array)
    return Image.fromarray(array)


def _eight_bits(pixels: np.ndarray) -> np.ndarray:
    """Return any pixels as uint8, full range kept.

    Floats up to 1 are stretched by 255. Deeper integers are told by their largest value, for scanners and
    cameras store 8, 10, 12 or 16 bits in the same 16: the smallest of these that holds it is the full range.
    """
    if pixels.dtype == np.uint8:
        return pixels
    if pixels.dtype == bool:
        return pixels.astype(np.uint8) * 255
    top = float(pixels.max())
    if pixels.dtype.kind == "f" and top <= 1:
        full = 1.0
    else:
        full = next((limit for limit in (255.0, 1023.0, 4095.0, 65535.0) if top <= limit), top)
    scaled = np.clip(pixels.astype(np.float32), 0, None) * np.float32(255 / full)
    return np.rint(scaled).clip(0, 255).astype(np.uint8)


def _on_paper(rgba: np.ndarray) -> np.ndarray:
    """Lay a transparent picture, (H, W, 4) uint8, on the paper on which its ink stays visible: (H, W, 3) uint8.

    Drawn strokes on nothing: on white paper, or on black where the strokes themselves are light.
    A picture with contrast of its own that is mostly opaque (a cut-out photo): on its own median grey.
    """
    alpha = rgba[..., 3:].astype(np.float32) / 255
    visible = rgba[rgba[..., 3] > 127][:, :3] if (rgba[..., 3] > 127).any() else rgba[rgba[..., 3] > 0][:, :3]
    paper = 255.0
    if len(visible):
        level = visible @ _LUMINANCE
        dark, middle, light = np.percentile(level, (10, 50, 90))
        if light - dark > 60 and len(visible) > 0.5 * alpha.size:
            paper = float(middle)
        elif dark >= LIGHT:
            paper = 0.0
    return np.rint(rgba[..., :3] * alpha + paper * (1 - alpha)).astype(np.uint8)
