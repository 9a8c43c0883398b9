"""Networks: a recipe's layers as a torch module, and as an ONNX graph. Needs the extra "train"."""

from digitlab.errors import MissingExtraError

try:
    from digitlab.networks.module import Network, initialise
except ModuleNotFoundError as error:
    if error.name != "torch":
        raise
    raise MissingExtraError("training", "train") from None
from digitlab.networks.onnx_committee import to_committee
from digitlab.networks.onnx_graph import to_onnx
from digitlab.networks.whitening import whiten

__all__ = ["Network", "initialise", "to_committee", "to_onnx", "whiten"]
