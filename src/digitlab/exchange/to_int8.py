"""A recogniser that counts in whole numbers of eight bits: a third of the size, and up to three times as fast.

Convolutions alone are quantised, each output channel by its own scale. The first is not: it has so few channels that it
costs as much in float32, and of the judge's error a third came from there. How large values become is seen on images,
and the outermost of them are cut off. What ReLU would make zero has no share of the range: a convolution's own rounding
does what ReLU does. Weights have seven bits: processors without instructions for it (VNNI) add pairs
of products in sixteen bits, which full weights overflow.

Source: Jacob et al., "Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference",
2018 (arXiv 1712.05877), as ONNX Runtime's own tool does it.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import io
import logging
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from digitlab import data
from digitlab.data import pieces, strokes
from digitlab.errors import ModelError, UsageError
from digitlab.networks.onnx_graph import finished
from digitlab.recipes import Recipe
from digitlab.recognizer import Recognizer

IMAGES, AT_ONCE = 1024, 128  # by which ranges are found, and how many of them the network is shown at a time
SEED = 900_000  # of pieces of pages for a judge; far from those of trainings
KEPT = 99.999  # percent of an activation's values that its range holds
SUFFIX = "-int8"  # of the name


def to_int8(recognizer: Recognizer, images: np.ndarray | None = None) -> bytes:
    """Return the file of a recogniser in eight bits.

    Args:
        recognizer: in float32, as training makes it.
        images: what it is for, as `predict_proba` takes them, some hundreds or more; by default what it was trained
            for and has not seen: validation digits, or for a judge new pieces of pages.

    Raises:
        ModelError: it is in eight bits already, or has no convolution but the first.
        UsageError: there are no images.
        DataError, DownloadError, OutputError: the digits that show ranges cannot be had.
    """
    import onnx
    import onnxruntime
    from onnxruntime.quantization import CalibrationMethod, QuantFormat, QuantType, quantize_static

    operators = [node.op_type for node in onnx.load_model_from_string(recognizer.content).graph.node]
    if "QLinearConv" in operators:
        raise ModelError(f"{recognizer.name} is in eight bits already; use it as it is")
    if operators.count("Conv") < 2:
        name = recognizer.name
        raise ModelError(f"{name} has no convolution but the first, and eight bits would not make it faster; keep it")
    shown = _shown(recognizer) if images is None else np.asarray(images)[:IMAGES]
    if not len(shown):
        raise UsageError("there are no images by which to find ranges; give some hundreds")
    with tempfile.TemporaryDirectory() as folder:
        folded, made = Path(folder) / "folded.onnx", Path(folder) / "made.onnx"
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        # Batch norm goes into the convolutions, as it does whenever the file is run.
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
        options.optimized_model_filepath = str(folded)
        onnxruntime.InferenceSession(recognizer.content, options, providers=["CPUExecutionProvider"])
        first = _named(folded)
        with _silence():
            quantize_static(
                folded,
                made,
                _Batches(shown, recognizer.channels),
                quant_format=QuantFormat.QOperator,
                op_types_to_quantize=["Conv"],
                nodes_to_exclude=[first],
                per_channel=True,
                reduce_range=True,
                activation_type=QuantType.QUInt8,
                weight_type=QuantType.QInt8,
                calibrate_method=CalibrationMethod.Percentile,
                extra_options={"CalibPercentile": KEPT},
            )
        graph = onnx.load(made).graph
    _take_in_relu(graph)
    digest = hashlib.sha256(recognizer.content).hexdigest()
    manifest = recognizer.manifest
    facts = {"quantised": {"name": recognizer.name, "sha256": digest, "images": len(shown)}}
    name = manifest.name if manifest.name.endswith(SUFFIX) else manifest.name + SUFFIX
    # Figures were of the other file, and are to be measured again.
    manifest = dataclasses.replace(manifest, name=name, figures={}, training=manifest.training | facts)
    return finished(graph, manifest)


def _named(file: Path) -> str:
    """Give the nodes of an ONNX file names, and return that of its first convolution."""
    import onnx

    model = onnx.load(file)
    for number, node in enumerate(model.graph.node):
        node.name = f"{node.op_type}_{number}"
    onnx.save(model, file)
    return str(next(node.name for node in model.graph.node if node.op_type == "Conv"))


def _take_in_relu(graph: Any) -> None:
    """Let convolutions round to what ReLU leaves, where ONNX Runtime's tool goes to float32 and back for it.

    A range that begins at zero is finer, too: of the judge's the larger half was below.
    """
    from onnx import numpy_helper

    constants = {tensor.name: tensor for tensor in graph.initializer}

    def readers(name: str) -> list[Any]:
        return [node for node in graph.node if name in node.input]

    for convolution in [node for node in graph.node if node.op_type == "QLinearConv"]:
        scale, zero = convolution.input[6:8]
        backs = readers(convolution.output[0])
        if [node.op_type for node in backs] != ["DequantizeLinear"]:
            continue
        back, after = backs[0], readers(backs[0].output[0])
        if [node.op_type for node in after] != ["Relu"]:
            continue
        following = readers(after[0].output[0])
        if [node.op_type for node in following] == ["QuantizeLinear"]:
            convolution.input[6:8] = following[0].input[1:3]
            convolution.output[0] = following[0].output[0]
            gone = [back, after[0], following[0]]
        else:  # the last one: its range ends where it did
            least = int(numpy_helper.to_array(constants[zero]))
            span = numpy_helper.to_array(constants[scale]) * np.float32((255 - least) / 255)
            constants[scale].CopyFrom(numpy_helper.from_array(span, scale))
            constants[zero].CopyFrom(numpy_helper.from_array(np.uint8(0), zero))
            back.output[0] = after[0].output[0]
            gone = [after[0]]
        for node in gone:
            graph.node.remove(node)
    used = {name for node in graph.node for name in node.input}
    for tensor in [tensor for tensor in graph.initializer if tensor.name not in used]:
        graph.initializer.remove(tensor)


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    """Keep ONNX Runtime's tool from telling what it does, on standard output and in the log."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            yield
    finally:
        logging.disable(before)


class _Batches:
    """What ONNX Runtime's tool asks for inputs, one batch after the other."""

    def __init__(self, images: np.ndarray, channels: int) -> None:
        self._batches = self._each(images.reshape(-1, channels, 28, 28))

    @staticmethod
    def _each(images: np.ndarray) -> Iterator[dict[str, Any]]:
        scale, size = np.float32(1 / 255 if images.dtype == np.uint8 else 1), min(AT_ONCE, len(images))
        for at in range(0, len(images) - size + 1, size):  # the tool wants all batches alike
            yield {"images": images[at : at + size].astype(np.float32) * scale}

    def get_next(self) -> dict[str, Any] | None:
        """Return the next batch by the input's name, None where there is none."""
        return next(self._batches, None)


def _shown(recognizer: Recognizer) -> np.ndarray:
    """Return images of the kind that a recogniser is for, uint8."""
    if recognizer.channels != 1:
        return pieces.load(IMAGES, SEED, data.load("mnist").validation).images[:IMAGES]
    source = Recipe.from_dict(recognizer.manifest.recipe, recognizer.name).data
    digits = data.load(source.name, split=source.split).validation
    return digits.images[:IMAGES] if len(digits) else strokes.generate(IMAGES, seed=SEED).images
