"""Any pixels as 8-bit grey or colour on paper: deep, transparent, indexed or printed ones, and arrays."""

from __future__ import annotations

import numpy as np
from PIL import Image

from digitlab.errors import ImageError

MAX_PIXELS = 150_000_000  # of a picture: above any camera's, and decodes in about a gigabyte
# A picture more than so many times as long as broad is a strip: of a shorter one, parts hardly show more than the
# whole. It is wanted with as many pixels as pictures so many times as long as broad have side by side, up to so many.
LONG, PART, MOST_PARTS = 4.5, 3.0, 16
LIGHT = 180  # grey level from which ink on a transparent ground is so light that white paper would hide it

_LUMINANCE = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601, as Pillow's "L"


def check_size(width: int, height: int, label: str) -> None:
    """Raise ImageError, naming the picture `label`, if it has no pixels or more than `MAX_PIXELS`."""
    if width * height > MAX_PIXELS:
        raise ImageError(
            f"{label} is too large: {width:,} x {height:,} pixels, but at most {MAX_PIXELS // 10**6} megapixels"
            " are read; make it smaller first"
        )
    if not width * height:
        raise ImageError(f"{label} has no pixels; give a picture of at least 1 x 1")


def enough(size: tuple[float, float], longest: int) -> int:
    """Return how many pixels of the longer side are enough of a picture of this (width, height): mostly `longest`.

    Strips, far longer than broad, are wanted with more: their digits are small beside their length.
    """
    across, along = sorted(size)
    return longest if along < LONG * across else round(longest * min(MOST_PARTS, along / (PART * across)))


def flat(image: Image.Image) -> Image.Image:
    """Return any mode of Pillow's as "L" or "RGB", without transparency."""
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        return Image.fromarray(_eight_bits(np.asarray(image)))
    if image.mode in ("LA", "La", "PA", "RGBA", "RGBa") or "transparency" in image.info:
        rgba = np.asarray(image.convert("RGBA"))
        return Image.fromarray(_on_paper(rgba) if rgba[..., 3].min() < 255 else rgba[..., :3])
    return image.convert("L" if image.mode in ("1", "L") else "RGB")


def from_array(array: np.ndarray) -> Image.Image:
    """Return an array as an "L" or "RGB" picture; for its shapes and types see `open_image`. Raises ImageError."""
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[..., 0]
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (3, 4)):
        raise ImageError(f"an array of shape {array.shape} is no picture; give (H, W), (H, W, 3) or (H, W, 4)")
    if array.dtype.kind not in "biuf":
        raise ImageError(f"an array of {array.dtype} is no picture; give uint8, uint16, bool, or floats from 0 to 1")
    check_size(array.shape[1], array.shape[0], "the array")
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
