"""Exchange: recognisers out to Keras, safetensors and ONNX, other people's files in, and any of them opened."""

from digitlab.exchange.opening import open_model
from digitlab.exchange.verbs import FORMATS, export_model, import_model

__all__ = ["FORMATS", "export_model", "import_model", "open_model"]
