"""Files that lie elsewhere: brought into the user's cache, and written where they are to go. fsspec does the protocols.

Public:
    is_url      whether a name is an address such as s3://bucket/digits.npz, and no path
    shown       an address as it may be told: without user, password and query
    fetch       a file or a folder at an address, as a path on this machine
    fetch_file  the same for a file, or the one of a given name in a folder
    Fetched     that path, its digest, and the address that may be kept
    Target      a folder anywhere, to be written: `Target.at("s3://bucket/model")`

Nothing of fsspec is imported before there is an address to go to, and what fetches and writes not before it is named:
every verb asks whether a name is an address.
"""

import importlib
from typing import TYPE_CHECKING, Any

from digitlab.remote.address import is_url, shown

if TYPE_CHECKING:
    from digitlab.remote.fetching import Fetched, fetch, fetch_file
    from digitlab.remote.target import Target

_HOME = {"Fetched": "fetching", "fetch": "fetching", "fetch_file": "fetching", "Target": "target"}

__all__ = ["Fetched", "Target", "fetch", "fetch_file", "is_url", "shown"]


def __getattr__(name: str) -> Any:
    """Import a public name from its home. Raises AttributeError for unknown names."""
    if name in _HOME:
        return getattr(importlib.import_module(f"digitlab.remote.{_HOME[name]}"), name)
    raise AttributeError(f"module 'digitlab.remote' has no attribute {name!r}")
