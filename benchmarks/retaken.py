"""The same real photos as if they had been taken otherwise: tilted, in a shadow, in a frame, smaller, noisier.

    python benchmarks/retaken.py PATH       # a folder with labels.json; $DIGITLAB_DATA/photos if not given

Each picture of photos.py is read once for each way of taking it, all through the same `Reader.read`; those of single
digits once more by a reader that is told that there is one (`--single`). What a reader makes of the photos as they are
says little of how it bears what they do not happen to show. Writes results/retaken.json.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import cache, partial
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageOps

import record
from digitlab.errors import UsageError
from digitlab.reading import Reader
from photos import default_folder
from scoring import Judged, Picture, judge, load_pictures, share, summarise

Way = Callable[[np.ndarray], np.ndarray]
DESK = (70, 50, 40)  # colour
WOOD = (90, 60, 35)
LINE = (60, 50, 50)
PLOT = (255, 255, 255)


def tilted(picture: np.ndarray, degrees: float) -> np.ndarray:
    """Turn a picture, whole; beyond its border its edges go on."""
    height, width = picture.shape[:2]
    angle = np.radians(abs(degrees))
    size = (
        round(width * np.cos(angle) + height * np.sin(angle)),
        round(width * np.sin(angle) + height * np.cos(angle)),
    )
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1)
    matrix[:, 2] += (np.array(size) - (width, height)) / 2
    return cv2.warpAffine(picture, matrix, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)


def scaled(picture: np.ndarray, times: float) -> np.ndarray:
    height, width = (max(1, round(times * side)) for side in picture.shape[:2])
    return cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA if times < 1 else cv2.INTER_CUBIC)


def aslant(picture: np.ndarray, share: float) -> np.ndarray:
    """See a picture from below: its upper corners are nearer to each other by twice that share of its width."""
    height, width = picture.shape[:2]
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    off = share * width
    seen = corners + np.array([[off, off / 2], [-off, 0], [0, 0], [0, -off / 3]], np.float32)
    matrix = cv2.getPerspectiveTransform(corners, seen)
    return cv2.warpPerspective(picture, matrix, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)


def shaded(picture: np.ndarray, soft: float) -> np.ndarray:
    """Let a shadow fall on the right half, its edge as soft as that share of the width."""
    height, width = picture.shape[:2]
    y, x = np.mgrid[:height, :width]
    dark = 1 / (1 + np.exp(-4 * (x + 0.4 * y - 0.6 * width) / (soft * width)))
    return (picture * (1 - 0.45 * dark)[..., None]).astype(np.uint8)


def framed(picture: np.ndarray) -> np.ndarray:
    around = int(0.06 * max(picture.shape))
    return cv2.copyMakeBorder(picture, around, around, around, around, cv2.BORDER_CONSTANT, value=DESK)


def on_panel(picture: np.ndarray) -> np.ndarray:
    """Show a picture's negative with something light around, as a plot shows an image."""
    around = int(0.15 * max(picture.shape))
    return cv2.copyMakeBorder(255 - picture, around, around, around, around, cv2.BORDER_CONSTANT, value=PLOT)


def on_desk(picture: np.ndarray) -> np.ndarray:
    """Lay a sheet, a little askew, on a dark desk with a grain."""
    height, width = picture.shape[:2]
    around = int(0.15 * max(height, width))
    shape = height + 2 * around, width + 2 * around
    grain = cv2.GaussianBlur(np.random.default_rng(1).normal(0, 6, shape).astype(np.float32), (0, 0), 1)
    desk = np.clip(grain[..., None] + DESK, 0, 255).astype(np.uint8)
    desk[around : around + height, around : around + width] = picture
    return tilted(desk, 4)


def on_wood(picture: np.ndarray) -> np.ndarray:
    """Lay a sheet on a wooden desk, whose grain goes in streaks."""
    height, width = picture.shape[:2]
    around = int(0.2 * max(height, width))
    desk = np.empty((height + 2 * around, width + 2 * around, 3), np.float32)
    y, x = np.mgrid[: desk.shape[0], : desk.shape[1]]
    streaks = 10 * np.sin(90 * x / desk.shape[1] + 3 * np.sin(3 * y / desk.shape[0]))
    pores = cv2.GaussianBlur(np.random.default_rng(2).normal(0, 25, desk.shape[:2]).astype(np.float32), (0, 0), 2)
    desk[:] = np.clip((streaks + pores)[..., None] + WOOD, 0, 255)
    desk[around : around + height, around : around + width] = picture
    return desk.astype(np.uint8)


def boxed(picture: np.ndarray) -> np.ndarray:
    """Draw a box around what a picture shows, on paper that goes on."""
    picture = scaled(picture, max(1.0, 200 / max(picture.shape)))
    around = max(6, int(0.1 * max(picture.shape)))
    edges = np.concatenate([picture[0], picture[-1], picture[:, 0], picture[:, -1]])
    paper = tuple(float(level) for level in np.median(edges, axis=0))
    page = cv2.copyMakeBorder(picture, around, around, around, around, cv2.BORDER_CONSTANT, value=paper)
    line = max(2, around // 8)
    corner = page.shape[1] - around // 3, page.shape[0] - around // 3
    return cv2.rectangle(page, (around // 3, around // 3), corner, LINE, line)


def compressed(picture: np.ndarray, quality: int) -> np.ndarray:
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file).convert("RGB"))


def noisy(picture: np.ndarray, sigma: float) -> np.ndarray:
    noise = np.random.default_rng(0).normal(0, sigma, picture.shape)
    return np.clip(picture + noise, 0, 255).astype(np.uint8)


def dim(picture: np.ndarray) -> np.ndarray:
    """Take a picture by the light of a lamp: three tenths as bright, yellowish, and with much grain for that."""
    rng = np.random.default_rng(3)
    dark = picture * np.array([0.3, 0.26, 0.2])
    return np.clip(dark + rng.normal(0, 7, (*picture.shape[:2], 1)) + 6, 0, 255).astype(np.uint8)


def off_a_screen(picture: np.ndarray) -> np.ndarray:
    """Take a picture of a screen: its pixels and the sensor's make waves."""
    y, x = np.mgrid[: picture.shape[0], : picture.shape[1]]
    pixels = 13 * (np.sin(1.6 * x + 0.1 * y) + np.sin(1.6 * y + 0.08 * x))
    waves = pixels + 12 * np.sin(0.1 * x + 0.03 * y)
    return np.clip(0.8 * picture + 25 + waves[..., None], 0, 255).astype(np.uint8)


def faded(picture: np.ndarray, contrast: float) -> np.ndarray:
    return np.clip((picture.astype(np.float32) - 128) * contrast + 128, 0, 255).astype(np.uint8)


WAYS: dict[str, Way] = {
    "as they are": lambda picture: picture,
    "tilted by 5 degrees": partial(tilted, degrees=5),
    "tilted by 12 degrees": partial(tilted, degrees=12),
    "tilted by -12 degrees": partial(tilted, degrees=-12),
    "tilted by 20 degrees": partial(tilted, degrees=20),
    "turned to the left": lambda picture: np.rot90(picture, 1),
    "on its head": lambda picture: np.rot90(picture, 2),
    "turned to the right": lambda picture: np.rot90(picture, 3),
    "from below": partial(aslant, share=0.08),
    "half in a shadow": partial(shaded, soft=0.005),
    "half in a soft shadow": partial(shaded, soft=0.2),
    "in a dark frame": framed,
    "on a dark desk": on_desk,
    "on a wooden desk": on_wood,
    "with a box around": boxed,
    "at half the size": partial(scaled, times=0.5),
    "enlarged 2.3 times": partial(scaled, times=2.3),
    "JPEG of quality 10": partial(compressed, quality=10),
    "noise of 20 grey levels": partial(noisy, sigma=20),
    "in dim light": dim,
    "off a screen": off_a_screen,
    "a quarter of the contrast": partial(faded, contrast=0.25),
    "negative": lambda picture: 255 - picture,
    "negative, with a light frame": on_panel,
}


def opened(path: Path) -> np.ndarray:
    """Return a picture turned as its camera was held, (H, W, 3) uint8; what it may have of transparency is dropped."""
    with Image.open(path) as image:
        return np.asarray(ImageOps.exif_transpose(image).convert("RGB"))


@cache
def _readers() -> tuple[Reader, Reader]:
    """Return a reader, and one that is told that pictures show a single digit."""
    cv2.setNumThreads(1)
    return Reader(picture=0), Reader(picture=0, single=True)


def read_so(picture: Picture, name: str, folder: Path) -> tuple[Judged, Judged | None]:
    """Read a picture taken in one of WAYS; if it shows a single digit, once more by who is told that."""
    seen = WAYS[name](opened(folder / picture.file))
    reader, told = _readers()
    some = (reader, told) if picture.kind == "single" else (reader,)
    judged = [judge(picture, [line.text for line in by.read(seen).lines]) for by in some]
    return judged[0], judged[1] if len(judged) > 1 else None


def figures_of(judged: list[Judged], told: list[Judged]) -> dict[str, dict[str, float]]:
    """Return what is right of the photos and the single digits, and on how much is read that shows no digit.

    Args:
        judged: all pictures.
        told: those of single digits, read by a reader that was told so.
    """
    photos, singles, none = (
        [one for one in judged if one.picture.kind == kind] for kind in ("photo", "single", "nondigit")
    )
    plain = [one for one in none if "confusable" not in one.picture.tags]
    all_photos = summarise(photos)
    return {
        "digits": all_photos["digits"],
        "exact_rows": all_photos["exact_rows"],
        "singles": share(sum(one.exact for one in singles), len(singles)),
        "told": share(sum(one.exact for one in told), len(told)),
        "read_without_digits": share(sum(bool(one.rows) for one in plain), len(plain)),
    }


def main() -> None:
    options = record.parser(__doc__)
    options.add_argument("path", type=Path, nargs="?", metavar="PATH", help="a folder with labels.json")
    options.add_argument("--only", metavar="WORD", default="", help="ways whose name has this word; nothing is written")
    options.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    asked = options.parse_args()
    if asked.processes < 1:
        raise UsageError("--processes must be 1 or more")
    if not any(asked.only in name for name in WAYS):
        raise UsageError(f'no way has the word "{asked.only}"; there are {", ".join(WAYS)}')
    folder = asked.path or default_folder()
    pictures, ways = load_pictures(folder), {}
    with ProcessPoolExecutor(asked.processes) as pool:
        for name in (name for name in WAYS if asked.only in name):
            read = partial(read_so, name=name, folder=folder)
            judged, told = zip(*pool.map(read, pictures, chunksize=4), strict=True)
            ways[name] = figures_of(list(judged), [one for one in told if one])
            counts = (f"{what} {part['count']} of {part['n']}" for what, part in ways[name].items())
            print(f"{name:28s}", "  ".join(counts), flush=True)
    if not asked.only:
        libraries = ("onnxruntime", "opencv-python-headless", "pillow", "numpy")
        print(record.write("retaken", {"ways": ways}, libraries=libraries, results=asked.results))


if __name__ == "__main__":
    record.run(main)
