"""HDF5 files of weights: looked through before Keras reads them.

HDF5 can point to other files, run filters from libraries that it finds, and declare arrays of any size. What Keras
writes does none of that, so whatever does is refused. Nothing is followed and no array is read while looking.
"""

from __future__ import annotations

import io
import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from digitlab.errors import ModelError
from digitlab.exchange.architecture import shown
from digitlab.exchange.extra import needs_keras
from digitlab.inspection import LARGEST_FILE

SIGNATURE = b"\x89HDF\r\n\x1a\n"
PICKLES = tuple(bytes([0x80, protocol]) for protocol in range(2, 6))
MOST_OBJECTS = 5_000  # groups and arrays
LARGEST_ATTRIBUTE = 16 * 2**20  # bytes


def check(content: bytes, where: str) -> None:
    """Refuse an HDF5 file that is damaged, or does what weights of Keras never do.

    Raises:
        ModelError: with one sentence on what is wrong with the file called `where`.
    """
    with _opened(content, where) as file:
        _check_attributes(file, where)
        seen: set[int] = set()
        total = 0
        for number, (name, found) in enumerate(_walk(file, where, seen)):
            if number >= MOST_OBJECTS:
                raise ModelError(f"{where} has more than {MOST_OBJECTS:,} groups and arrays; weights have fewer")
            _check_attributes(found, where)
            total += _declared_bytes(found, name, where)
            if total > LARGEST_FILE:
                raise ModelError(
                    f"{where} declares arrays of more than {LARGEST_FILE >> 20} MB; a recogniser's weights are smaller"
                )


def model_config(content: bytes, where: str) -> str | None:
    """Return the architecture's JSON that a whole-model file carries, None if it has weights alone.

    The file must have passed `check`. Raises ModelError.
    """
    with _opened(content, where) as file:
        config = file.attrs.get("model_config")
        return config.decode("utf8", "replace") if isinstance(config, bytes) else config


def is_legacy(content: bytes, where: str) -> bool:
    """Return whether weights lie as Keras 2 and `.h5` of Keras 3 have them, not as `.weights.h5` does.

    The file must have passed `check`. Raises ModelError.
    """
    with _opened(content, where) as file:
        return "model_weights" in file or any(name.startswith("layer_names") for name in file.attrs)


@contextmanager
def _opened(content: bytes, where: str) -> Iterator[Any]:
    if not content.startswith(SIGNATURE):
        kind = "a pickle, which could run code" if content.startswith(PICKLES) else "no HDF5 file, or is damaged"
        raise ModelError(f"{where} is {kind}; save the model from Keras again")
    with needs_keras():
        import h5py
    try:
        with h5py.File(io.BytesIO(content), "r") as file:
            yield file
    except (OSError, RuntimeError, KeyError, ValueError, TypeError, OverflowError, MemoryError) as error:
        raise ModelError(
            f"{where} is damaged and cannot be read ({shown(error)}); save the model from Keras again"
        ) from None


def _walk(group: Any, where: str, seen: set[int]) -> Iterator[tuple[str, Any]]:
    """Yield every group and array below, each once, without following links that lead out of the tree."""
    import h5py

    for name in group:
        if not isinstance(group.get(name, getlink=True), h5py.HardLink):
            raise ModelError(f"{where} links to other places ({shown(name)}), which is refused; save the model again")
        found = group[name]
        address = h5py.h5o.get_info(found.id).addr
        if address in seen:
            raise ModelError(f"{where} has {shown(name)} in two places, which is refused; save the model again")
        seen.add(address)
        if not isinstance(found, h5py.Group | h5py.Dataset):
            raise ModelError(f"{where} has {shown(name)}, which is neither a group nor an array; save the model again")
        yield name, found
        if isinstance(found, h5py.Group):
            yield from _walk(found, where, seen)


def _declared_bytes(found: Any, name: str, where: str) -> int:
    """Return how large an array claims to be, 0 for groups. Raises ModelError for arrays that Keras never writes."""
    import h5py

    if not isinstance(found, h5py.Dataset):
        return 0
    plan = found.id.get_create_plist()
    if plan.get_external_count() or found.is_virtual:
        raise ModelError(f"{where} keeps {shown(name)} in another file, which is refused; save it as one file")
    if plan.get_nfilters():
        raise ModelError(f"{where} has {shown(name)} compressed, which is refused; Keras itself writes it plain")
    if found.dtype.kind not in "fiubS" and h5py.check_string_dtype(found.dtype) is None:
        raise ModelError(f"{where} has {shown(name)} of type {shown(found.dtype)}; weights are numbers")
    return math.prod(found.shape or ()) * found.dtype.itemsize


def _check_attributes(found: Any, where: str) -> None:
    import h5py

    for name in found.attrs:
        attribute = found.attrs.get_id(name)
        plain = attribute.dtype.kind in "fiubS" or h5py.check_string_dtype(attribute.dtype) is not None
        size = math.prod(attribute.shape or ()) * attribute.dtype.itemsize
        if not plain or size > LARGEST_ATTRIBUTE:
            raise ModelError(f"{where} has a note {shown(name)} that Keras does not write; save the model again")
