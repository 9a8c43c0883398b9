"""Bring a file or a folder into the cache; what has not changed is not fetched again.

    remote/files/<SHA-256>/<name>      what was fetched, by its digest: whole, or not there at all
    remote/urls/<key>.json             what an address gave last, and the remote's own mark of that version

Versions that an address no longer gives stay, since runs that learned from them may go on. The folder may be deleted
at any time. A folder's digest is that of its list of files, a line `<SHA-256>  <path>` each, sorted by path.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

from digitlab import storage
from digitlab.errors import DigitlabError, DownloadError
from digitlab.jobs import in_order
from digitlab.remote import filesystem as filesystems
from digitlab.remote.address import DIGEST, WEB, Address
from digitlab.remote.filesystem import Trouble, trouble
from digitlab.remote.progress import progress

LARGEST = 4 << 30  # bytes, of a file or of all files in a folder
MOST_FILES = 200_000  # in a folder
DEPTH = 3  # of a folder: part, class, image
STEP = 1 << 20  # bytes read at once
TOGETHER = 8  # files of a folder fetched at once

# What remotes call their mark of a version. A size alone is none.
MARKS = ("ETag", "etag", "md5Hash", "Content-MD5", "Digest", "checksum", "blob_id", "xet_hash", "Last-Modified",
         "LastModified", "last_modified", "updated", "modified", "mtime", "created")  # fmt: skip


@dataclass(frozen=True)
class Fetched:
    """What was fetched.

    Attributes:
        path: of the file or folder on this machine; not to be changed.
        shown: its address, as it may be told.
        sha256: its digest, in hex.
        checked: whether that is the digest that was asked for.
    """

    path: Path
    shown: str
    sha256: str
    checked: bool = False

    @property
    def pinned(self) -> str:
        """The address with its digest and without secrets: what may be kept, and finds the same content again."""
        return f"{self.shown}{DIGEST}{self.sha256}"


def fetch(url: str, *, limit: int = LARGEST) -> Fetched:
    """Return what lies at an address as a path on this machine.

    With `#sha256=…` at its end the copy in the cache is used if it is that one, and nobody is asked. Otherwise the
    remote is asked whether its file has changed. Where it cannot be reached, the copy is used, and that is said on
    standard error.

    Args:
        url: of a file or a folder; of the web's folders, with a slash at its end.
        limit: bytes that are fetched at most.

    Raises:
        DownloadError: there is nothing, no permission, no connection, more than `limit`, or another digest.
        MissingExtraError: the protocol's package is not installed.
        UsageError: the address makes no sense.
        OutputError: the cache cannot be written.
    """
    address = Address.read(url)
    if address.protocol in ("file", "local"):
        return _local(address, limit)
    if address.sha256 and (kept := _kept(address, address.sha256)) and _digest(kept) == address.sha256:
        return Fetched(kept, address.shown, address.sha256, True)
    try:
        filesystem, path, facts = filesystems.look(address)
        files = _listed(filesystem, path, address, facts)
    except DigitlabError:
        raise
    except Exception as error:  # each protocol's library has errors of its own
        return _without(address, trouble(error, address))
    entry = _read_entry(address)
    mark = _mark(facts, files)
    if mark and mark == entry.get("mark") and not address.sha256 and (kept := _kept(address, entry["sha256"])):
        return Fetched(kept, address.shown, entry["sha256"])
    sizes = [size for _, _, size in files if size is not None]
    if sum(sizes) > limit:
        raise DownloadError(f"{address.shown} has {sum(sizes):,} bytes, more than the {limit:,} that are fetched")
    return _download(filesystem, address, files, mark, limit, folder=facts["type"] == "directory")


def fetch_file(url: str, name: str, *, limit: int = LARGEST) -> Fetched:
    """Return a file at an address; where that is of a folder, the file called `name` in it.

    What does not end as `name` does is taken for a folder; of the web, what ends in a slash. A digest is the file's.
    Raises as `fetch` does.
    """
    address = Address.read(url)
    plain = PurePosixPath(address.shown)
    folder = address.shown.endswith("/") if address.protocol in WEB else plain.suffix != PurePosixPath(name).suffix
    return fetch(address.below(name) if folder else url, limit=limit)


File = tuple[str, PurePosixPath, "int | None"]
"""The remote's path of a file, its path within what is fetched, and its size where that is known."""


def _local(address: Address, limit: int) -> Fetched:
    """Return a file of this machine that was named by an address; it needs no copy."""
    path = Path(unquote(urlsplit(address.url).path))
    if not path.exists():
        raise DownloadError(f"there is nothing at {address.shown}; check the address")
    if path.is_file() and path.stat().st_size > limit:
        raise DownloadError(f"{address.shown} has more than the {limit:,} bytes that are read")
    digest = _digest(path)
    _check(address, digest)
    return Fetched(path, address.shown, digest, bool(address.sha256))


def _listed(filesystem: Any, path: str, address: Address, facts: dict[str, Any]) -> list[File]:
    """Return the files to fetch: the one at `path`, or those of the folder. Raises DownloadError."""
    if facts["type"] != "directory":
        return [(path, PurePosixPath(address.name), facts.get("size"))]
    start = _plain(filesystem, path, address).rstrip("/") + "/"
    files: list[File] = []
    marks: list[tuple[str, str]] = []
    for about in _walk(filesystem, path, DEPTH):
        below = PurePosixPath(_plain(filesystem, about["name"], address).removeprefix(start))
        if not below.parts or any(part.startswith(".") for part in below.parts):
            continue  # hidden files, and whatever would lead out of the folder
        if below.is_absolute() or re.search(r"[\\\0]", str(below)):
            raise DownloadError(f"{address.shown} holds a file called {str(below)[:80]!r}, which is refused; rename it")
        files.append((about["name"], below, about.get("size")))
        marks.append((str(below), _mark(about, [])))
        if len(files) > MOST_FILES:
            raise DownloadError(f"{address.shown} holds more than the {MOST_FILES:,} files that are fetched; pack them")
    if not files:
        raise DownloadError(f"{address.shown} is a folder without files; name one that has some")
    facts["marks"] = sorted(marks)
    return sorted(files)


def _walk(filesystem: Any, folder: str, depth: int) -> Iterator[dict[str, Any]]:
    """Yield facts about the files in a folder and below. fsspec's own `find` leaves out what it cannot list."""
    for about in filesystem.ls(folder, detail=True):
        if about["type"] != "directory":
            yield about
        elif depth > 1 and about["name"].rstrip("/") != folder.rstrip("/"):
            yield from _walk(filesystem, about["name"], depth - 1)


def _plain(filesystem: Any, path: str, address: Address) -> str:
    """Return the remote's path of a file without the protocol and, of the web, without the query."""
    path = str(filesystem._strip_protocol(path))
    return unquote(path.partition("?")[0]) if address.protocol in WEB else path


def _mark(facts: dict[str, Any], files: list[File]) -> str:
    """Return the remote's mark of this version as a digest, "" where it gives none."""
    marks = [f"{key}={facts[key]}" for key in MARKS if facts.get(key)]
    if "marks" in facts:  # of a folder: only if all its files have one
        marks = [f"{name} {mark}" for name, mark in facts["marks"] if mark]
        marks = marks if len(marks) == len(files) else []
    return hashlib.sha256("\n".join([*marks, f"size={facts.get('size')}"]).encode()).hexdigest() if marks else ""


def _without(address: Address, why: Trouble) -> Fetched:
    """Return the copy that was fetched before, where the remote is out of reach. Raises DownloadError."""
    entry = _read_entry(address)
    kept = _kept(address, str(entry.get("sha256")))
    if why.kind == "unreachable" and kept and address.sha256 in (None, entry["sha256"]):
        reason = why.text.partition(";")[0]
        print(f"digitlab: {reason}; using the copy of {entry['fetched'][:10]}", file=sys.stderr, flush=True)
        return Fetched(kept, address.shown, entry["sha256"], bool(address.sha256))
    raise DownloadError(why.text) from None


def _download(filesystem: Any, address: Address, files: list[File], mark: str, limit: int, *, folder: bool) -> Fetched:
    """Fetch files into the cache, all or none. Raises DownloadError, OutputError."""
    sizes = [size for _, _, size in files]
    total = None if None in sizes else sum(size or 0 for size in sizes)
    with storage.temporary_folder(_cache()) as place, progress(address.name, total) as tell:
        room = _Room(limit, address, tell)
        jobs = (partial(_fetch_one, filesystem, address, file, place / address.name, folder, room) for file in files)
        lines = list(in_order(jobs, TOGETHER if len(files) > 1 else 1))
        digest = _folder_digest(lines) if folder else lines[0][0]
        _check(address, digest)
        kept = _cache() / "files" / digest / address.name
        storage.make_folder(kept.parent)
        if not kept.exists() or _digest(kept) != digest:  # there it is damaged
            shutil.rmtree(kept, ignore_errors=True)
            os.replace(place / address.name, kept)
    fetched = time.strftime("%Y-%m-%dT%H:%M:%S")
    entry = {"url": address.shown, "mark": mark, "sha256": digest, "fetched": fetched}
    storage.write_json(_entry_path(address), entry)
    return Fetched(kept, address.shown, digest, bool(address.sha256))


class _Room:
    """Counts the bytes that really come, of all files together: what a remote declares may be a lie."""

    def __init__(self, limit: int, address: Address, tell: Callable[[int], None]) -> None:
        self.left, self.limit, self.address, self.tell = limit, limit, address, tell

    def take(self, count: int) -> None:
        self.left -= count
        self.tell(count)
        if self.left < 0:
            raise DownloadError(f"{self.address.shown} sends more than the {self.limit:,} bytes that are fetched")


def _fetch_one(
    filesystem: Any, address: Address, file: File, place: Path, folder: bool, room: _Room
) -> tuple[str, PurePosixPath]:
    """Write one file; return its SHA-256 and its path below the folder."""
    remote, below, size = file
    path = place / below if folder else place
    path.parent.mkdir(parents=True, exist_ok=True)
    streamed = {"block_size": 0} if address.protocol in (*WEB, "hf") else {}
    digest, count = hashlib.sha256(), 0
    with open(path, "wb") as out:
        try:
            source = filesystem.open(remote, "rb", **streamed, **({"size": size} if address.protocol in WEB else {}))
        except Exception as error:
            raise DownloadError(trouble(error, address).text) from None
        try:
            while piece := _piece(source, address):
                count += len(piece)
                room.take(len(piece))
                digest.update(piece)
                out.write(piece)
        finally:
            source.close()
        out.flush()
        os.fsync(out.fileno())
    if size is not None and count != size:
        raise DownloadError(f"{address.shown} brought {count:,} of the {size:,} bytes that it declared; try again")
    return digest.hexdigest(), below


def _piece(source: Any, address: Address) -> bytes:
    try:
        return bytes(source.read(STEP))
    except Exception as error:
        raise DownloadError(trouble(error, address).text) from None


def _check(address: Address, digest: str) -> None:
    if address.sha256 not in (None, digest):
        raise DownloadError(
            f"{address.shown} has SHA-256 {digest[:12]}…, not {str(address.sha256)[:12]}… as asked for;"
            " check both, it may have changed"
        )


def _digest(path: Path) -> str:
    """Return the SHA-256 of a file, or of a folder's list of files."""
    if path.is_dir():
        files = sorted(file for file in path.rglob("*") if file.is_file())
        return _folder_digest([(_digest(file), PurePosixPath(file.relative_to(path))) for file in files])
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _folder_digest(files: list[tuple[str, PurePosixPath]]) -> str:
    lines = sorted((str(path), digest) for digest, path in files)
    return hashlib.sha256("".join(f"{digest}  {path}\n" for path, digest in lines).encode()).hexdigest()


def _cache() -> Path:
    return storage.cache_folder() / "remote"


def _kept(address: Address, digest: str) -> Path | None:
    """Return where the content with this digest lies in the cache, or None."""
    path = _cache() / "files" / digest / address.name
    return path if path.exists() else None


def _entry_path(address: Address) -> Path:
    # The whole address tells versions apart that differ in their query; its hash gives nothing of it away.
    return _cache() / "urls" / f"{hashlib.sha256(address.url.encode()).hexdigest()[:32]}.json"


def _read_entry(address: Address) -> dict[str, Any]:
    try:
        entry = json.loads(_entry_path(address).read_text())
        return entry if {"mark", "sha256", "fetched"} <= entry.keys() else {}
    except (OSError, ValueError, AttributeError):  # none yet, or not one of ours: fetch anew
        return {}
