"""`.keras` files: ZIP archives of which two members are read, into memory and never onto the disk."""

from __future__ import annotations

import io
import zipfile
import zlib

from digitlab.errors import ModelError
from digitlab.exchange.architecture import shown
from digitlab.exchange.hdf5 import PICKLES
from digitlab.inspection import LARGEST_FILE

CONFIG, WEIGHTS = "config.json", "model.weights.h5"
KNOWN = {CONFIG, WEIGHTS, "metadata.json"}
LARGEST_CONFIG = 4 * 2**20  # bytes


def members(content: bytes, where: str) -> tuple[bytes, bytes]:
    """Return the architecture's JSON and the HDF5 file of weights of a `.keras` file.

    Raises:
        ModelError: it is no such archive, or holds what Keras does not put there; nothing was unpacked then.
    """
    if not content.startswith(b"PK"):
        kind = "a pickle, which could run code" if content.startswith(PICKLES) else "no .keras file, or is damaged"
        raise ModelError(f"{where} is {kind}; save the model from Keras again")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = archive.infolist()
            names = [entry.filename for entry in entries]
            foreign = [name for name in names if name not in KNOWN and name != "assets/"]
            if foreign or len(set(names)) != len(names):
                what = f"holds {shown(foreign[0])}" if foreign else "holds a file twice"
                raise ModelError(f"{where} {what}, which Keras's chains of layers do not; save the model again")
            if not {CONFIG, WEIGHTS} <= set(names):
                raise ModelError(f"{where} lacks {CONFIG} or {WEIGHTS}; save the model from Keras 3 again")
            limits = {CONFIG: LARGEST_CONFIG, WEIGHTS: LARGEST_FILE}
            for entry in entries:
                if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) or entry.flag_bits & 1:
                    raise ModelError(f"{where} is packed as Keras never does; save the model from Keras again")
                if entry.file_size > limits.get(entry.filename, LARGEST_CONFIG):
                    raise _too_large(entry.filename, where)
            return _read(archive, CONFIG, LARGEST_CONFIG, where), _read(archive, WEIGHTS, LARGEST_FILE, where)
    except (zipfile.BadZipFile, NotImplementedError, OSError, RuntimeError, EOFError, ValueError, zlib.error) as error:
        raise ModelError(
            f"{where} is damaged and cannot be read ({shown(error)}); save the model from Keras again"
        ) from None


def _read(archive: zipfile.ZipFile, name: str, limit: int, where: str) -> bytes:
    """Return one member, of which no more than `limit` bytes are ever unpacked, whatever the directory claims."""
    with archive.open(name) as member:
        content = member.read(limit + 1)
    if len(content) > limit:
        raise _too_large(name, where)
    return content


def _too_large(name: str, where: str) -> ModelError:
    return ModelError(f"{where} unpacks {shown(name)} to more than a recogniser needs, which is refused")
