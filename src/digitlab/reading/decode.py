"""One encoded picture: known by its header, then decoded, turned upright and flattened."""

from __future__ import annotations

import io
from typing import Any

from PIL import Image

from digitlab.errors import ImageError
from digitlab.reading.pixels import MAX_PIXELS, check_size, enough, flat
from digitlab.reading.quiet import quiet

FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "PPM")  # PPM covers PBM, PGM and PNM
MAX_EXIF = 80_000  # bytes: cameras write 64 kB at most, and what is made up to be larger takes long to parse

_PNG = b"\x89PNG\r\n\x1a\n"
_HEIC = (b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1")
_AVIF = (b"avif", b"avis")
_ORIENTATION = 0x0112
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}  # of EXIF's orientation: what puts the picture upright


def identified(content: bytes, label: str, formats: tuple[str, ...] = FORMATS) -> Image.Image:
    """Read the header alone. Raises ImageError if it is of no known format, or tells of too many pixels."""
    brand = content[8:12] if content[4:8] == b"ftyp" else b""
    try:
        with quiet():
            if brand in _HEIC and b"avif" not in content[12:64]:
                image = _heic(content, label)
            elif brand in _AVIF + _HEIC:
                image = _avif(content, label)
            else:
                image = _plain(content, formats)
    except ImageError:
        raise
    except Image.DecompressionBombError as error:
        raise ImageError(
            f"{label} is too large: at most {MAX_PIXELS // 10**6} megapixels are read; make it smaller first"
        ) from error
    except Exception as error:  # a malformed header may raise anything
        known = "PNG, JPEG, WebP, TIFF, GIF, BMP, PGM, PDF, HEIC or AVIF"
        raise ImageError(f"{label} is not an image that can be read; give a {known} file") from error
    check_size(*image.size, label)
    return image


def _plain(content: bytes, formats: tuple[str, ...]) -> Image.Image:
    if content.startswith(_PNG) and "PNG" in formats:
        # `Image.open` would import what reads the other formats first: a fiftieth of a process that reads one picture.
        from PIL.PngImagePlugin import PngImageFile

        return PngImageFile(io.BytesIO(content))
    return Image.open(io.BytesIO(content), formats=formats)


def _heic(content: bytes, label: str) -> Image.Image:
    try:
        import pillow_heif
    except ImportError:
        raise _missing(label, "a HEIC file") from None
    return pillow_heif.HeifImageFile(io.BytesIO(content))  # Pillow itself stays as it was: nothing is registered


def _avif(content: bytes, label: str) -> Image.Image:
    Image.init()
    if "AVIF" not in Image.OPEN:
        raise _missing(label, "an AVIF file")
    return Image.open(io.BytesIO(content), formats=("AVIF",))


def _missing(label: str, kind: str) -> ImageError:
    return ImageError(f"{label} is {kind}, which needs an extra part; install it with: pip install 'digitlab[heic]'")


def decoded(image: Image.Image, longest: int | None, label: str) -> tuple[Image.Image, tuple[int, int]]:
    """Decode, turn upright, flatten.

    Args:
        image: opened by its header, or any picture of Pillow's.
        longest: if given, large JPEGs are reduced while they are decoded, to 0.75 of it at least.
        label: what to call it in errors.

    Returns:
        An "L" or "RGB" picture, and the (width, height) of the upright picture in full resolution.

    Raises:
        ImageError: it has too many pixels, or is damaged.
    """
    check_size(*image.size, label)
    try:
        with quiet():
            return _decoded(image, longest)
    except Exception as error:  # decoders raise whatever they trip over: OSError, struct.error, zlib.error...
        raise ImageError(f"{label} is damaged or cut off: {error}; export or copy it again") from error


def _decoded(image: Image.Image, longest: int | None) -> tuple[Image.Image, tuple[int, int]]:
    width, height = image.size
    reduced = False
    if longest is not None and image.format in ("JPEG", "MPO"):
        wanted = 0.75 * enough(image.size, longest)
        scale = max(s for s in (1, 2, 4, 8) if s == 1 or max(width, height) / s >= wanted)
        reduced = scale > 1
        image.draft(None, (max(1, width // scale), max(1, height // scale)))
    image.load()
    orientation = _orientation(image)
    upright = image.transpose(_TURNS[orientation]) if orientation in _TURNS else image
    if reduced:
        return flat(upright), (height, width) if orientation >= 5 else (width, height)
    return flat(upright), upright.size


def _orientation(image: Image.Image) -> int:
    """Return EXIF's orientation, 1 to 8; 1 where there is none that can be read."""
    exif: Any = image.info.get("exif", b"")
    if len(exif) > MAX_EXIF:
        return 1
    try:
        orientation = image.getexif().get(_ORIENTATION, 1)
    except Exception:  # metadata that cannot be parsed do not make the pixels unreadable
        return 1
    return orientation if isinstance(orientation, int) and 1 <= orientation <= 8 else 1
