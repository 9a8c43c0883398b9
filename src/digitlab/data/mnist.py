"""MNIST: found on this machine, or downloaded and verified.

Each of the four files is looked for in `$DIGITLAB_DATA/mnist`, then in the user's cache, compressed with gzip
or not; what is in neither place is downloaded into the cache. Every file's SHA-256 is compared whenever it
is loaded; a damaged file in the cache is downloaded again.

Environment:
    DIGITLAB_DATA      a folder that may hold `mnist/` with the four files.
    DIGITLAB_MIRRORS   base addresses to download from instead of the usual ones, with spaces between.
"""

from __future__ import annotations

import hashlib
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np

from digitlab.data import idx
from digitlab.data.digits import Digits
from digitlab.errors import DataError, DownloadError
from digitlab.storage import atomic_path, cache_folder

# SHA-256 of the decompressed content, so that any mirror's compression will do.
DIGESTS = {
    "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}
MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
    "http://yann.lecun.com/exdb/mnist/",
)
TIMEOUT = 30.0  # seconds without a byte before the next mirror is tried
MAX_DOWNLOAD = 64 << 20  # bytes; the largest file is 47 MB without compression


def load_parts() -> tuple[Digits, Digits]:
    """Return MNIST's 60,000 training digits (origin 0 to 59,999) and 10,000 test digits (60,000 to 69,999).

    Raises:
        DataError: a file in `$DIGITLAB_DATA/mnist` is damaged or not MNIST's.
        DownloadError: a file is missing and no mirror gave it.
        OutputError: the cache cannot be written, or the disk is full.
    """
    images, labels, test_images, test_labels = (_load(name) for name in DIGESTS)
    train_origin = np.arange(len(images))
    test_origin = len(images) + np.arange(len(test_images))
    return (
        Digits(images, labels, "mnist train", train_origin),
        Digits(test_images, test_labels, "mnist test", test_origin),
    )


def find(name: str) -> Path | None:
    """Return where one of the four files lies on this machine, or None."""
    data = os.environ.get("DIGITLAB_DATA")
    folders = [*([Path(data) / "mnist"] if data else []), _cache()]
    candidates = [folder / file for folder in folders for file in (f"{name}.gz", name)]
    return next((path for path in candidates if os.path.isfile(path)), None)


def download(name: str) -> Path:
    """Download one of the four files into the cache, from the first mirror that has it unharmed.

    Raises DownloadError, OutputError; then nothing is left behind.
    """
    file = f"{name}.gz"
    failures = []
    with atomic_path(_cache() / file) as temporary:
        for mirror in mirrors():
            try:
                _fetch(mirror + file, temporary)
                _verified(temporary, name)
                break
            except DownloadError as error:
                failures.append(f"{mirror}: {error}")
            except DataError:
                failures.append(f"{mirror}: its file is cut off, damaged or not MNIST's")
        else:
            raise DownloadError(
                f"cannot download {file} ({'; '.join(failures)}); check the network, set DIGITLAB_MIRRORS"
                " to another address, or put MNIST's four files into $DIGITLAB_DATA/mnist"
            )
    return _cache() / file


def mirrors() -> list[str]:
    """Return the base addresses to download from, in order, each with a slash at its end."""
    chosen = os.environ.get("DIGITLAB_MIRRORS", "").split() or MIRRORS
    return [mirror.rstrip("/") + "/" for mirror in chosen]


def _cache() -> Path:
    return cache_folder() / "mnist"


def _load(name: str) -> np.ndarray:
    path = find(name) or download(name)
    try:
        return _verified(path, name)
    except DataError:
        if path.parent != _cache():
            raise  # the file is the user's, and so is the choice what to do with it
        return _verified(download(name), name)


def _verified(path: Path, name: str) -> np.ndarray:
    """Return the array of a file, once its digest is found right. Raises DataError."""
    content = idx.read_content(path)
    digest = hashlib.sha256(content).hexdigest()
    if digest != DIGESTS[name]:
        raise DataError(
            f"{path} is not MNIST's: its content has SHA-256 {digest[:12]}…, not {DIGESTS[name][:12]}…;"
            " remove or replace it"
        )
    return idx.parse(content, str(path))


def _fetch(url: str, path: Path) -> None:
    """Write what lies at `url` to `path`. Raises DownloadError; an OSError is the disk's."""
    import requests  # a tenth of a second to import
    from pooch import HTTPDownloader

    bar = _Bar(url) if sys.stderr.isatty() else None
    try:
        with open(path, "wb") as file:
            HTTPDownloader(progressbar=bar or False, chunk_size=1 << 16, timeout=TIMEOUT)(url, _Sink(file), None)
    except requests.Timeout as error:
        raise DownloadError(f"no answer within {TIMEOUT:g} seconds") from error
    except requests.HTTPError as error:
        status = "unknown" if error.response is None else error.response.status_code
        raise DownloadError(f"HTTP status {status}") from error
    except requests.exceptions.ChunkedEncodingError as error:
        raise DownloadError("the transfer was cut off") from error
    except requests.ConnectionError as error:
        raise DownloadError("timed out" if "timed out" in str(error).lower() else "no connection") from error
    except requests.RequestException as error:
        raise DownloadError(f"the download failed ({type(error).__name__})") from error
    finally:
        if bar:
            bar.close()


class _Sink:
    """A file that takes no more than MAX_DOWNLOAD bytes: a mirror cannot fill the disk."""

    def __init__(self, file: Any) -> None:
        self.file = file
        self.room = MAX_DOWNLOAD

    def write(self, content: bytes) -> None:
        self.room -= len(content)
        if self.room < 0:
            raise DownloadError(f"it sends more than {MAX_DOWNLOAD >> 20} MiB")
        self.file.write(content)

    def flush(self) -> None:
        self.file.flush()


class _Bar:
    """A progress bar on stderr with the four members that pooch asks of one."""

    def __init__(self, url: str) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

        columns = TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn()
        self.progress = Progress(*columns, console=Console(stderr=True))
        self.task = self.progress.add_task(url.rpartition("/")[2], total=None)
        self.progress.start()

    @property
    def total(self) -> float | None:
        return self.progress.tasks[0].total

    @total.setter
    def total(self, size: float) -> None:
        self.progress.update(self.task, total=size or None)

    def update(self, count: int) -> None:
        self.progress.update(self.task, advance=count)

    def reset(self) -> None:
        self.progress.update(self.task, completed=0)

    def close(self) -> None:
        self.progress.stop()
