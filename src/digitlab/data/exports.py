"""Write digits in the formats that others read; `load` reads every one of them back, pixel for pixel.

    folder   OUT/train/7/00012.png: PNG files in class folders, numbered in the order of the part
    csv      OUT/train.csv: Kaggle's columns; test.csv has its labels too, so that it can be evaluated
    npz      OUT (one file): Keras's layout, x_train and so on
    idx      OUT/train-images-idx3-ubyte.gz and its labels: MNIST's own; the test part is named t10k

Digits without parts are written as OUT/7/00012.png, as one CSV file, as `images` and `labels`, or as
OUT/images-idx3-ubyte.gz. Parts without digits are left out; `load` with split="full" does not invent them.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from digitlab.data import arrays, folders, idx, tables
from digitlab.data.digits import Digits, Splits
from digitlab.errors import OutputError, UsageError
from digitlab.storage import atomic_folder

FORMATS = ("folder", "csv", "npz", "idx")
Progress = Callable[[int], None]


def export(digits: Splits | Digits, to: str, out: str | Path, progress: Progress = lambda count: None) -> Path:
    """Write digits to a new folder or file; nothing is left of it if that fails halfway.

    Args:
        digits: three parts as `load` gives them, or one collection.
        to: one of FORMATS.
        out: the folder to make; the .npz file for "npz"; the .csv or .csv.gz file for "csv" without parts.
        progress: called with the number of digits written since its last call.

    Returns:
        `out` as a path.

    Raises:
        OutputError: `out` exists already (an empty folder may), or cannot be written.
        UsageError: there is no such format, no digits, or the file's name has the wrong ending.
    """
    out = Path(out)
    parts = {part: piece for part, piece in _parts(digits).items() if len(piece)}
    if to not in FORMATS:
        raise UsageError(f"there is no format {to!r}; choose one of {', '.join(FORMATS)}")
    if not parts:
        raise UsageError("there are no digits to export; choose another source")
    if to == "npz" or (to == "csv" and "" in parts):
        _write_file(parts, to, out, progress)
        return out
    with atomic_folder(out) as folder:
        for part, piece in parts.items():
            if to == "folder":
                _write_images(folder / part, piece, progress)
            elif to == "csv":
                tables.write_csv(folder / f"{part}.csv", piece, progress)
            else:
                _write_idx(folder, part, piece, progress)
    return out


def _parts(digits: Splits | Digits) -> dict[str, Digits]:
    return {"": digits} if isinstance(digits, Digits) else digits.parts()


def _write_file(parts: dict[str, Digits], to: str, out: Path, progress: Progress) -> None:
    endings = (".npz",) if to == "npz" else (".csv", ".csv.gz")
    if not out.name.lower().endswith(endings):
        raise UsageError(f"{out} should end in {' or '.join(endings)}; choose such a name")
    if out.exists():
        raise OutputError(f"{out} exists; choose another name or remove it")
    if to == "npz":
        arrays.write_npz(out, parts)
        progress(sum(map(len, parts.values())))
    else:
        tables.write_csv(out, parts[""], progress)


def _write_idx(folder: Path, part: str, digits: Digits, progress: Progress) -> None:
    prefix = {"": "", "test": "t10k-"}.get(part, f"{part}-")
    idx.write(folder / f"{prefix}images-idx3-ubyte.gz", digits.images)
    idx.write(folder / f"{prefix}labels-idx1-ubyte.gz", digits.labels.astype("uint8"))
    progress(len(digits))


def _write_images(folder: Path, digits: Digits, progress: Progress) -> None:
    """Write each digit as a PNG file that says of itself that it is framed, light on dark."""
    from PIL import Image, PngImagePlugin

    mark = PngImagePlugin.PngInfo()
    mark.add_text(*folders.MARK)
    width = max(5, len(str(len(digits) - 1)))
    for label in sorted(set(digits.labels.tolist())):
        (folder / str(label)).mkdir(parents=True, exist_ok=True)
    for index, (image, label) in enumerate(zip(digits.images, digits.labels, strict=True)):
        Image.fromarray(image).save(folder / str(label) / f"{index:0{width}}.png", pnginfo=mark)
        progress(1)
