"""Exchange: recognisers out to Keras, safetensors and ONNX, other people's files in, and any of them opened.

Every verb that takes a model opens one; what writes is imported when it is named.
"""

import importlib
from typing import TYPE_CHECKING, Any

from digitlab.exchange.opening import open_model

if TYPE_CHECKING:
    from digitlab.exchange.verbs import FORMATS, export_model, import_model

__all__ = ["FORMATS", "export_model", "import_model", "open_model"]


def __getattr__(name: str) -> Any:
    """Import a public name from its home. Raises AttributeError for unknown names."""
    if name in __all__:
        return getattr(importlib.import_module("digitlab.exchange.verbs"), name)
    raise AttributeError(f"module 'digitlab.exchange' has no attribute {name!r}")
