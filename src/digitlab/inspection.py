"""A model file looked into before anything of it runs, since it may come from anyone."""

from __future__ import annotations

from digitlab.errors import ModelError
from digitlab.manifest import KEY, Manifest

LARGEST_FILE = 256 * 2**20  # bytes

# What a network of ours is made of. None of these reads files, loops or calls other code.
OPERATORS = {
    "Add", "AveragePool", "BatchNormalization", "Cast", "Concat", "Conv", "Flatten", "Gemm", "GlobalAveragePool",
    "Identity", "Log", "MatMul", "MaxPool", "Mul", "Relu", "Reshape", "Sigmoid", "Slice", "Softmax", "Tanh",
    "DequantizeLinear", "QLinearConv", "QuantizeLinear",
}  # fmt: skip


def inspect(content: bytes, where: str) -> None:
    """Refuse a model file that is too large, damaged, foreign or unsafe, before anything of it runs.

    Raises:
        ModelError: with one sentence on what is wrong with the file called `where`.
    """
    if len(content) > LARGEST_FILE:
        raise ModelError(f"{where} is larger than {LARGEST_FILE >> 20} MB; a recogniser of digits is not")
    import onnx
    from google.protobuf.message import DecodeError

    try:
        model = onnx.load_model_from_string(content)
    except DecodeError:
        model = onnx.ModelProto()
    graph = model.graph
    if not graph.node:
        raise ModelError(f"{where} is not an ONNX file, or is cut short; export the recogniser again")
    tensors = [*graph.initializer, *(a.t for node in graph.node for a in node.attribute if a.HasField("t"))]
    if any(tensor.data_location == onnx.TensorProto.EXTERNAL or tensor.external_data for tensor in tensors):
        raise ModelError(f"{where} keeps its weights in other files, which is refused; save it as one file")
    foreign = sorted({node.op_type for node in graph.node if node.domain or node.op_type not in OPERATORS})
    nested = any(a.HasField("g") or a.graphs for node in graph.node for a in node.attribute)
    if foreign or nested or model.functions or graph.sparse_initializer:
        what = f"operators that no recogniser needs ({', '.join(foreign[:3])})" if foreign else "nested graphs"
        raise ModelError(f"{where} contains {what}, which is refused")
    names = {value.name for value in graph.output}
    manifest = {entry.key: entry.value for entry in model.metadata_props}.get(KEY)
    if manifest is None or [value.name for value in graph.input] != ["images"] or not {"logits", "features"} <= names:
        raise ModelError(f"{where} is an ONNX file, but no digitlab recogniser; train one with: digitlab train conv3")
    Manifest.from_json(manifest, where)
