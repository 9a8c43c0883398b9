"""The pages of a TIFF: its chain of directories walked with a few bytes of each, before Pillow opens it.

A TIFF file is a chain of directories; each lists tags, and a tag may point to values of any length anywhere in
the file. So a small file can claim endless pages, directories of millions of tags, or thousands of tags that each
cover the whole file. All of that is refused here, where it costs nothing. (TIFF 6.0 specification, section 2.)
"""

from __future__ import annotations

import struct

import numpy as np

from digitlab.errors import ImageError

MAGICS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")  # small and large offsets, in either byte order
MAX_DIRECTORIES = 20_000
MAX_TAGS = 4096  # of one directory; cameras and scanners write some dozens
MAX_VALUES = 1_000_000  # of one tag, other than plain bytes
MAX_PAYLOAD = 10**9  # bytes of all tags of all directories

_VALUE_BYTES = np.array([0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4, 0, 0, 8, 8, 8], np.int64)  # by the tag's type
_SUBFILE, _SMALLER_OR_MASK = 254, 0b101  # bits of the tag: a smaller copy of another page, a transparency mask
_NESTED = (34665, 34853, 40965)  # tags that point to further directories of metadata


def page_frames(content: bytes, label: str) -> list[int]:
    """Return which directories of the chain, counted from 0, are pages: smaller copies and masks are not.

    Raises:
        ImageError: the file called `label` is damaged or made to exhaust its reader.
    """
    walk = _Walk(content, label)
    offset, seen, frames = walk.first, set[int](), []
    while offset and offset not in seen:  # a chain that bites its tail ends there
        if len(seen) == MAX_DIRECTORIES:
            raise ImageError(f"{label} has more than {MAX_DIRECTORIES:,} pages; split it first")
        seen.add(offset)
        tags = walk.directory(offset)
        if tags is None:  # it lies outside the file: a page that cannot be read, and the last one
            frames.append(len(seen) - 1)
            break
        subfile = [walk.integer(entry) for entry in tags[tags["tag"] == _SUBFILE]]
        if len(seen) == 1 or not (subfile and subfile[0] & _SMALLER_OR_MASK):
            frames.append(len(seen) - 1)
        offset = walk.following(offset, len(tags))
    return frames


class _Walk:
    """Reads directories of one file, in its byte order and offset size, and adds up what they claim."""

    def __init__(self, content: bytes, label: str) -> None:
        self.content, self.label = content, label
        self.order = "<" if content[:2] == b"II" else ">"
        self.large = content[2:4] in (b"+\0", b"\0+")
        self.claimed = 0
        self.word = "Q" if self.large else "I"
        number = "u8" if self.large else "u4"
        fields = [("tag", "u2"), ("type", "u2"), ("count", number), ("value", f"V{8 if self.large else 4}")]
        self.entry = np.dtype([(name, self.order + kind if kind[0] == "u" else kind) for name, kind in fields])
        self.first = self._unpack(self.word, 8 if self.large else 4) or 0

    def directory(self, offset: int, depth: int = 0) -> np.ndarray | None:
        """Return the tags of the directory at an offset, checked; None if it lies outside the file."""
        count = self._unpack("Q" if self.large else "H", offset)
        if count is None:
            return None
        start = offset + (8 if self.large else 2)
        if count > MAX_TAGS:
            raise self._damaged(f"a page with {count:,} tags")
        if start + count * self.entry.itemsize > len(self.content):
            return None
        tags = np.frombuffer(self.content, self.entry, count, start)
        width = _VALUE_BYTES[np.minimum(tags["type"], len(_VALUE_BYTES) - 1)]
        values = np.minimum(tags["count"].astype(np.uint64), np.uint64(2**40)).astype(np.int64)
        if np.any((width > 1) & (values > MAX_VALUES)):
            raise self._damaged("a tag with millions of values")
        payload = int((width * values).sum())
        self.claimed += payload
        if payload > len(self.content) + MAX_TAGS * 8 or self.claimed > MAX_PAYLOAD:
            raise self._damaged("tags larger than the file")
        for entry in tags[np.isin(tags["tag"], _NESTED)] if depth < 3 else ():
            self.directory(self.integer(entry), depth + 1)
        return tags

    def following(self, offset: int, count: int) -> int:
        """Return where the next directory is, 0 after the last."""
        return self._unpack(self.word, offset + (8 if self.large else 2) + count * self.entry.itemsize) or 0

    def integer(self, entry: np.void) -> int:
        """Return a tag's value as an integer, of 16, 32 or 64 bits by its type; each starts at the first byte."""
        raw = entry["value"].tobytes()
        kind = {3: "H", 16: "Q", 18: "Q"}.get(int(entry["type"]), "I")
        return int(struct.unpack_from(self.order + kind, raw.ljust(8, b"\0"))[0])

    def _unpack(self, kind: str, offset: int) -> int | None:
        if offset + struct.calcsize(self.order + kind) > len(self.content):
            return None
        return int(struct.unpack_from(self.order + kind, self.content, offset)[0])

    def _damaged(self, what: str) -> ImageError:
        return ImageError(f"{self.label} is damaged or not made to be read: it claims {what}; export it again")
