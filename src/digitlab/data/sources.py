"""From a source, a name or a path, to digits in three parts: to train on, to choose by, to judge with."""

from __future__ import annotations

import contextlib
import difflib
import hashlib
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from digitlab import remote
from digitlab.data import arrays, columns, folders, idx, mnist, tables
from digitlab.data.digits import Digits, Splits, concatenate, fixed_ranks
from digitlab.errors import DataError, UsageError

SPLITS = ("standard", "kaggle", "full", "submission")
NAMES = ("mnist", "strokes")
POSSIBLE = (
    "mnist, strokes, a folder of class folders or IDX files, or a .csv, .csv.gz, .npz, .parquet or IDX images file,"
    " each also by its address"
)

# How many digits the pen writes for each part, and with which seed; `load` adds its own seed to train's only,
# so that every training is chosen and judged by the same digits.
STROKES = {"train": (20_000, 1), "validation": (2_000, 1_000_001), "test": (5_000, 2_000_001)}


def load(source: str | Path, *, split: str = "standard", seed: int = 0) -> Splits:
    """Load labelled digits in three parts.

    Args:
        source: "mnist", "strokes" (written by the pen, no download), or the path of a folder of class folders
            or of IDX, CSV or Parquet files, a CSV file with Kaggle's columns, an NPZ or Parquet file or an IDX images
            file; or the address of such a file or folder, as s3://bucket/digits.npz (see `digitlab.remote`).
        split: one of SPLITS.

            - "standard": of MNIST 55,000 / 5,000 / 10,000, the validation images taken from the 60,000. Of
              other sources their own parts; where there is no validation part, a twelfth of the training
              digits; where there is one part alone, 80 % / 10 % / 10 %.
            - "kaggle": MNIST's 70,000 as in Kaggle's digit recogniser, 40,000 / 2,000 / 28,000. Other sources
              as with "standard".
            - "full": nothing is held out for validation; parts as they are found.
            - "submission": for what is judged elsewhere. Parts as they are found, but a twenty-first of the training
              digits is for validation: 2,000 of Kaggle's 42,000.
        seed: another seed gives other strokes to train on; other sources do not change.

    Returns:
        Train, validation and test; only train is never empty. The same arguments give the same digits, and
        each part keeps the order that the source has.

    Raises:
        DataError: the source is unknown, missing or malformed.
        DownloadError, OutputError: MNIST, or what lies at an address, cannot be downloaded.
        UsageError: the split is unknown.
        MissingExtraError: Parquet, or the address's protocol, needs a package that is not installed.
    """
    if split not in SPLITS:
        raise UsageError(f"there is no split {split!r}; choose one of {', '.join(SPLITS)}{_nearest(split, SPLITS)}")
    if source == "mnist":
        return _mnist(split)
    if source == "strokes":
        return Splits(_strokes("train", seed), _strokes("validation", seed), _strokes("test", seed))
    return _split(_read_any(source), split, remote.shown(source))


def load_all(source: str | Path) -> Digits:
    """Return all that is found at a path; of "mnist" and "strokes" the test part. Raises as `load` does."""
    if source == "mnist":
        return mnist.load_parts()[1]
    if source == "strokes":
        return _strokes("test", 0)
    parts = _read_any(source)
    return concatenate(list(parts.values()), remote.shown(source))


def describe(source: str | Path, *, split: str = "standard") -> dict[str, Any]:
    """Return what a source is, ready for JSON. Raises as `load` does.

    Returns:
        source, split; parts: for each part its count, per_class (10 counts) and digest; files: for each file
        its path or address, its SHA-256 (MNIST's of the decompressed content), and whether that was compared
        with a known digest and found right.
    """
    splits = load(source, split=split)
    return {
        "source": remote.shown(source),
        "split": split,
        "parts": {
            name: {
                "count": len(part),
                "per_class": np.bincount(part.labels, minlength=10).tolist(),
                "digest": part.digest,
            }
            for name, part in splits.parts().items()
        },
        "files": _files(source),
    }


def _files(source: str | Path) -> list[dict[str, Any]]:
    if source == "mnist":  # loaded just before, which compares every digest
        return [{"path": str(mnist.find(name)), "sha256": d, "verified": True} for name, d in mnist.DIGESTS.items()]
    if remote.is_url(source):  # fetched just before
        fetched = remote.fetch(str(source))
        return [{"path": fetched.shown, "sha256": fetched.sha256, "verified": fetched.checked}]
    path = Path(source)
    if source == "strokes" or not path.is_file():
        return []
    with open(path, "rb") as file:
        return [{"path": str(path), "sha256": hashlib.file_digest(file, "sha256").hexdigest(), "verified": False}]


def _mnist(split: str) -> Splits:
    train, test = mnist.load_parts()
    if split == "kaggle":
        both = concatenate([train, test], "mnist kaggle")
        order = fixed_ranks(len(both), "mnist kaggle")
        learned = len(both) * 42 // 70
        cuts = [learned - learned // 21, learned]  # 40,000 and 42,000
        return _cut(both, order, cuts)
    if split == "full":
        return Splits(train, train[:0].renamed("mnist validation"), test)
    kept = len(train) - len(train) // (21 if split == "submission" else 12)  # 55,000 of the standard split
    train, validation, *_ = _cut(train.renamed("mnist"), fixed_ranks(len(train), "mnist validation"), [kept])
    return Splits(train, validation, test)


def _cut(digits: Digits, order: np.ndarray, cuts: list[int]) -> Splits:
    """Cut a fixed order of digits into train, validation and test; within each, the source's order stays."""
    pieces = [np.sort(piece) for piece in np.split(order, cuts)]
    pieces += [np.empty(0, np.int64)] * (3 - len(pieces))
    train, validation, test = (digits[piece] for piece in pieces)
    return Splits(
        train.renamed(f"{digits.name} train"),
        validation.renamed(f"{digits.name} validation"),
        test.renamed(f"{digits.name} test"),
    )


def _strokes(part: str, seed: int) -> Digits:
    from digitlab.data.strokes import generate  # brings OpenCV

    count, first = STROKES[part]
    return generate(count, seed=first + (seed if part == "train" else 0)).renamed(f"strokes {part}")


def read_images(source: str | Path) -> np.ndarray:
    """Return the images of a table as Kaggle's test.csv is, (N, 28, 28) uint8. Raises as `load` does."""
    with _at_hand(source) as path:
        return tables.read_images(path)


def _read_any(source: str | Path) -> dict[str, Digits]:
    """Return the parts found at a path or an address."""
    with _at_hand(source) as path:
        if remote.is_url(source) and idx.IMAGES_NAME.fullmatch(path.name) and path.is_file():
            raise DataError(f"{path} has its labels beside it, which are needed too; name the folder of both")
        return _read(path)


@contextlib.contextmanager
def _at_hand(source: str | Path) -> Iterator[Path]:
    """Yield where a source lies on this machine; errors raised inside name the address, not the copy of it."""
    if not remote.is_url(source):
        yield Path(source)
        return
    fetched = remote.fetch(str(source))
    try:
        yield fetched.path
    except DataError as error:
        raise DataError(str(error).replace(str(fetched.path), fetched.shown)) from None


def _read(path: Path) -> dict[str, Digits]:
    """Return the parts found at a path, by name; "" is the name of digits that are in no part."""
    name = path.name.lower()
    if os.path.isdir(path):  # unlike Path's, these say no where a path is too long or not permitted
        return _read_folder(path)
    if not os.path.exists(path):
        siblings = [str(other) for other in path.parent.glob("*")] if os.path.isdir(path.parent) else []
        near = _nearest(str(path), [*NAMES, *siblings])
        raise DataError(f"there are no digits called {str(path)!r}{near}; possible are {POSSIBLE}")
    if name.endswith((".csv", ".csv.gz")):
        return {"": tables.read_csv(path)}
    if name.endswith(".npz"):
        return arrays.read_npz(path)
    if name.endswith(".parquet"):
        return {"": columns.read_parquet(path)}
    if idx.IMAGES_NAME.fullmatch(path.name):
        return {"": idx.read_pair(path)}
    raise DataError(f"{path} is no file of labelled digits that is known here; possible are {POSSIBLE}")


def _read_folder(folder: Path) -> dict[str, Digits]:
    """Read a folder of IDX files, of CSV or Parquet files (train.csv, test-00000-of-00001.parquet), or of classes."""
    found: dict[str, Path] = {}
    for path in folders.visible(folder, Path.is_file):
        match = idx.IMAGES_NAME.fullmatch(path.name)
        if match:
            part = _part((match["part"] or "").rpartition("-")[2], path)
        elif path.name.lower().endswith((".csv", ".csv.gz")) and path.name.split(".")[0].lower() in folders.PARTS:
            part = _part(path.name.split(".")[0], path)
        elif path.name.lower().endswith(".parquet") and re.split("[.-]", path.name)[0].lower() in folders.PARTS:
            part = _part(re.split("[.-]", path.name)[0], path)
        else:
            continue
        if part in found:
            raise DataError(f"{found[part]} and {path} are the same part; remove one, or name the one that you mean")
        found[part] = path
    if not found:
        return folders.read_folder(folder)
    return {part: next(iter(_read(path).values())) for part, path in found.items()}


def _part(name: str, path: Path) -> str:
    part = {**folders.PARTS, "t10k": "test", "": ""}.get(name.lower())
    if part is None:
        raise DataError(f"{path}: {name!r} is no part; name it train, validation or test (t10k), or load it by itself")
    return part


def _split(parts: dict[str, Digits], split: str, source: str) -> Splits:
    """Complete the parts that a source has to the three that there must be."""
    if "" in parts and len(parts) > 1:
        raise DataError(f"{source} has digits both in parts and outside of them; name the file that you mean")
    name = Path(source).name
    named = {part: digits.renamed(f"{name} {part or 'train'}") for part, digits in parts.items()}
    train = named.get("train", named.get(""))
    if train is None or not len(train):
        raise DataError(f"{source} has no part to train on, only {', '.join(named)}; add a part named train")
    none, count = train[:0], len(train)
    if split not in ("full", "submission") and len(named) == 1:
        held = max(1, count // 10) if count > 2 else 0
        order = fixed_ranks(count, "digitlab parts")
        return _cut(train.renamed(name), order, [count - 2 * held, count - held])
    validation, test = (named.get(part, none.renamed(f"{name} {part}")) for part in ("validation", "test"))
    if split != "full" and "validation" not in named:
        order = fixed_ranks(count, "digitlab validation")
        held = count // (21 if split == "submission" else 12)
        train, validation, *_ = _cut(train.renamed(name), order, [count - held])
    return Splits(train, validation, test)


def _nearest(name: str, names: tuple[str, ...] | list[str]) -> str:
    near = difflib.get_close_matches(name, names, 1)
    return f" (did you mean {near[0]}?)" if near else ""
