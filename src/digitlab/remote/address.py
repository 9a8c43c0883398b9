"""Addresses: what they name, what of them may be told, and the digest that may stand at their end.

    s3://bucket/digits.npz
    https://user:password@host/train.csv?signature=…#sha256=6f1e…

User, password and query are secrets: they are used to fetch, and never told or kept.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from digitlab.errors import UsageError

SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")  # two letters at least: one is a drive
DIGEST = "#sha256="
WEB = ("http", "https")


@dataclass(frozen=True)
class Address:
    """Where something lies.

    Attributes:
        url: to fetch it from, secrets included; never to be shown.
        shown: the same without user, password, query and fragment.
        protocol: "https", "s3" and so on, in small letters.
        name: the last part of its path, for the copy in the cache.
        sha256: the digest that it must have, 64 hex digits, or None.
    """

    url: str
    shown: str
    protocol: str
    name: str
    sha256: str | None = None

    def __repr__(self) -> str:
        return f"Address({self.shown!r})"

    @classmethod
    def read(cls, text: str) -> Address:
        """Read an address. Raises UsageError where it names nothing, or its digest is none."""
        url, mark, digest = text.partition(DIGEST)
        if mark and not re.fullmatch("[0-9a-fA-F]{64}", digest):
            raise UsageError(f"{shown(url)}: what follows {DIGEST} is no SHA-256; give its 64 hex digits")
        protocol = url.partition("://")[0].lower()
        if "::" in url or not shown(url).partition("://")[2].strip("/"):
            raise UsageError(f"{shown(url)} names no file; give its whole address, such as s3://bucket/digits.npz")
        name = shown(url).rstrip("/").rpartition("/")[2]
        return cls(url, shown(url), protocol, safe_name(name), digest.lower() or None)

    def below(self, name: str) -> str:
        """Return the whole address, secrets included, of a file in this folder; the digest is taken for the file's."""
        start, mark, query = self.url.partition("?") if self.protocol in WEB else (self.url, "", "")
        digest = f"{DIGEST}{self.sha256}" if self.sha256 else ""
        return f"{start.rstrip('/')}/{name}{mark}{query}{digest}"


def is_url(source: str | Path) -> bool:
    """Return whether this is an address (it has a scheme, as in s3://) and not the path of a local file."""
    return isinstance(source, str) and SCHEME.match(source) is not None


def shown(source: str | Path) -> str:
    """Return an address without user, password, query and fragment; anything else as it is."""
    if not isinstance(source, str) or not is_url(source):
        return str(source)
    scheme, _, rest = source.partition("://")
    host, slash, path = re.split(r"[?#]", rest, maxsplit=1)[0].partition("/")
    return f"{scheme}://{host.rpartition('@')[2]}{slash}{path}"


def safe_name(name: str) -> str:
    """Return a name that makes no trouble as the name of a local file."""
    clean = re.sub(r"[^\w.@=+ -]", "_", name).lstrip(".")[:120]
    return clean or "file"
