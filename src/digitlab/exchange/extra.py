"""The one place that says what is missing where Keras or ONNX is, and that chooses what Keras runs on."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from typing import Any

from digitlab.errors import MissingExtraError


@contextlib.contextmanager
def needs_keras() -> Iterator[None]:
    """Import what reads other people's files inside this; MissingExtraError says how to install what is absent."""
    try:
        yield
    except (ModuleNotFoundError, MissingExtraError) as error:
        raise MissingExtraError("exchanging files with Keras or safetensors", "keras") from error


@contextlib.contextmanager
def needs_onnx() -> Iterator[None]:
    """Import what changes ONNX files inside this; MissingExtraError says how to install what is absent."""
    try:
        yield
    except (ModuleNotFoundError, MissingExtraError) as error:
        raise MissingExtraError("making a recogniser of eight bits", "train") from error


def keras() -> Any:
    """Return Keras, on torch unless it already runs on something else. Raises MissingExtraError."""
    if "keras" not in sys.modules:
        os.environ.setdefault("KERAS_BACKEND", "torch")  # read once, while Keras is imported
    with needs_keras():
        import h5py  # noqa: F401 - Keras itself would only miss it while saving
        import keras

        if int(keras.__version__.partition(".")[0]) < 3:
            raise ModuleNotFoundError("Keras 3", name="keras")
    return keras
