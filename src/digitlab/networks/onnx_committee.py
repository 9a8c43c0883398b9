"""Several recognisers as one: a graph that holds them all and answers with the mean of their probabilities.

The mean is of calibrated probabilities, each member's with its own temperature (a soft vote), and `logits` are its
logarithm, so that whatever reads logits reads a committee's. `features` are those of all members, side by side. That
something is no digit, a committee does not say: of a member that can, the ten digits vote.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from digitlab.manifest import Manifest
from digitlab.networks.onnx_graph import finished
from digitlab.recognizer import Recognizer

LEAST = 1e-20  # is added to each probability, so that its logarithm is finite


def to_committee(members: Sequence[bytes], manifest: Manifest) -> bytes:
    """Return the bytes of a recogniser file, given those of its members, all of ten digits.

    Member k's weights have its names after "members.k.".

    Raises:
        ModelError: a member's file is damaged, foreign or unsafe.
    """
    nodes: list[Any] = []
    constants: list[Any] = []
    votes, features, width = [], [], 0
    for number, content in enumerate(members):
        opened = Recognizer(content, f"member {number + 1} of {manifest.name}", threads=1)
        width += opened.features(np.zeros((1, 28, 28), np.uint8)).shape[1]
        own = f"members.{number}."
        graph = _renamed(onnx.load_model_from_string(content).graph, own)
        nodes += graph.node
        constants += graph.initializer
        coldness = numpy_helper.from_array(np.float32(1 / opened.manifest.temperature), f"{own}coldness")
        constants.append(coldness)
        nodes.append(helper.make_node("Mul", [f"{own}logits", coldness.name], [f"{own}scaled"]))
        nodes.append(helper.make_node("Softmax", [f"{own}scaled"], [f"{own}vote"], axis=1))
        votes.append(f"{own}vote")
        features.append(f"{own}features")
    total = votes[0]
    for number, vote in enumerate(votes[1:], 1):
        nodes.append(helper.make_node("Add", [total, vote], [f"sum.{number}"]))
        total = f"sum.{number}"
    for name, value in (("share", 1 / len(members)), ("least", LEAST)):
        constants.append(numpy_helper.from_array(np.float32(value), name))
    nodes += [
        helper.make_node("Mul", [total, "share"], ["mean"]),
        helper.make_node("Add", ["mean", "least"], ["positive"]),
        helper.make_node("Log", ["positive"], ["logits"]),
        helper.make_node("Concat", features, ["features"], axis=1),
    ]
    images = helper.make_tensor_value_info("images", TensorProto.FLOAT, ["N", 1, 28, 28])
    answers = [
        helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["N", 10]),
        helper.make_tensor_value_info("features", TensorProto.FLOAT, ["N", width]),
    ]
    return finished(helper.make_graph(nodes, "digitlab", [images], answers, constants), manifest)


def _renamed(graph: Any, own: str) -> Any:
    """Return a member's graph with `own` before all names but "images", and without what says "not a digit"."""
    kept = [node for node in graph.node if list(node.output) != ["other"]]
    needed = {name for node in kept for name in node.input}
    for node in kept:
        for names in (node.input, node.output):
            names[:] = [name if name in ("", "images") else own + name for name in names]
        node.name = ""
    weights = [tensor for tensor in graph.initializer if tensor.name in needed]
    for tensor in weights:
        tensor.name = own + tensor.name
    return onnx.GraphProto(node=kept, initializer=weights)
