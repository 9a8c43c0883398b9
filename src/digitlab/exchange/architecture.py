"""Keras architectures as plain steps: what a file's JSON says, checked before Keras sees any of it.

Keras 3 and tf.keras 2 write the same things in several forms: layers as a chain (Sequential) or as a graph
(Functional), the shape of the images in one of many places. All of them come out as one list of steps. Whatever names
code, such as a Lambda layer or a class that is not Keras's own, is refused by looking at the names alone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from digitlab.errors import ModelError

MOST_LAYERS = 300
DEEPEST = 50  # levels of a layer's configuration
LONGEST_NAME = 60  # characters of a file's own words in messages and manifests
SEQUENTIAL, GRAPHS = "Sequential", ("Functional", "Model")
RUNS_CODE = ("Lambda", "TFOpLambda", "SlicingOpLambda", "OpLambda", "__lambda__", "function")
KERAS_MODULES = ("keras", "tf_keras", "tensorflow.keras", "tensorflow.python.keras", "builtins")
SHAPES = ("batch_shape", "batch_input_shape", "input_shape", "shape")  # where layers have kept it, newest first


@dataclass(frozen=True)
class Step:
    """One layer as its file describes it.

    Attributes:
        kind: Keras's class, such as "Conv2D".
        name: of the layer.
        settings: its configuration.
        here: what to call it in messages.
    """

    kind: str
    name: str
    settings: dict[str, Any]
    here: str


@dataclass(frozen=True)
class Architecture:
    """A chain of layers.

    Attributes:
        name: the model's own, or "" where Keras counted it through ("sequential_3").
        shape: of one image as the first layer takes it, such as (28, 28, 1).
        steps: the layers in the order in which an image passes them, without the input.
    """

    name: str
    shape: tuple[int, ...]
    steps: tuple[Step, ...]


def read_architecture(text: str | bytes, where: str) -> Architecture:
    """Read a Keras model's JSON.

    Raises:
        ModelError: it is no such JSON, names code, or is no chain of layers; names the layer and why.
    """
    try:
        page = json.loads(text)
        kind, config = page["class_name"], page["config"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise ModelError(
            f"{where} is no Keras architecture, which is JSON with class_name and config; write one with:"
            " digitlab export MODEL --to keras-json"
        ) from None
    config = {"layers": config} if isinstance(config, list) else config  # as Keras 2 wrote it before 2.2.3
    if kind not in (SEQUENTIAL, *GRAPHS) or not isinstance(config, dict) or not isinstance(config.get("layers"), list):
        raise ModelError(
            f"{where} describes {shown(kind)}, of which only its own code knows the layers; save it as a Sequential or"
            " Functional model"
        )
    layers = config["layers"]
    if not 0 < len(layers) <= MOST_LAYERS:
        raise ModelError(f"{where} has {len(layers)} layers; a recogniser has 1 to {MOST_LAYERS}")
    entries = [_entry(layer, f"{where}: layer {number}") for number, layer in enumerate(layers, 1)]
    _refuse_code({key: value for key, value in config.items() if key != "layers"}, where)
    steps = [step for step, _ in entries] if kind == SEQUENTIAL else _in_order(entries, where)
    shape = _shape(steps, config, page, where)
    name = shown(config.get("name", "")) if config.get("name") else ""
    name = "" if re.fullmatch(r"(sequential|model|functional)(_\d+)?", name) else name
    return Architecture(name, shape, tuple(step for step in steps if step.kind != "InputLayer"))


def shown(words: Any) -> str:
    """Return a file's own words, made fit for a message: printable and short."""
    text = "".join(character for character in str(words) if character.isprintable())
    return text if len(text) <= LONGEST_NAME else text[: LONGEST_NAME - 1] + "…"


def _entry(layer: Any, here: str) -> tuple[Step, list[str]]:
    """Return a layer's step and the names of the layers that feed it. Raises ModelError."""
    try:
        kind, settings = layer["class_name"], layer["config"]
        name = layer.get("name") or settings.get("name") or kind
        nodes = layer.get("inbound_nodes") or []
        if not (isinstance(kind, str) and isinstance(name, str) and isinstance(settings, dict | list)):
            raise TypeError
        if not isinstance(nodes, list):
            raise TypeError
    except (KeyError, TypeError, AttributeError):
        raise ModelError(f"{here} is no layer as Keras writes it; save the model again") from None
    here = f'{here} "{shown(name)}" ({shown(kind)})'
    if kind in (SEQUENTIAL, *GRAPHS):
        raise ModelError(f"{here} is a model inside the model; build one chain of all its layers and save that")
    _refuse_code(layer, here)
    if not isinstance(settings, dict):
        raise ModelError(f"{here} has no settings as Keras writes them; save the model again")
    if len(nodes) > 1:
        raise ModelError(f"{here} is used {len(nodes)} times; only a plain chain of layers can be taken")
    return Step(kind, name, settings, here), list(_parents(nodes))


def _refuse_code(value: Any, here: str, depth: int = 0) -> None:
    """Refuse whatever names code: nothing is imported or run to find out."""
    if depth > DEEPEST:
        raise ModelError(f"{here} is nested deeper than Keras's own layers are; save the model again")
    if isinstance(value, dict):
        kind, module, registered = (value.get(key) for key in ("class_name", "module", "registered_name"))
        if kind in RUNS_CODE:
            raise ModelError(
                f"{here} runs code that the file brings along, which is refused; use Keras's own layers and functions"
                " instead, and save the model again"
            )
        foreign = isinstance(module, str) and not re.match(rf"({'|'.join(KERAS_MODULES)})(\.|$)", module)
        if foreign or (isinstance(registered, str) and ">" in registered):
            custom = shown(registered if isinstance(registered, str) else f"{module}.{kind}")
            raise ModelError(
                f"{here} needs code that is not Keras's own ({custom}), which is refused; use Keras's own layers and"
                " functions instead, and save the model again"
            )
    if isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            _refuse_code(inner, here, depth + 1)


def _parents(nodes: Any) -> Iterator[str]:
    """Yield the names of the layers that feed a node, as Keras 3 or as tf.keras 2 wrote them."""
    if isinstance(nodes, dict):
        history = nodes.get("config", {}).get("keras_history") if isinstance(nodes.get("config"), dict) else None
        if isinstance(history, list) and history:
            yield str(history[0])
        else:
            yield from _parents(list(nodes.values()))
    elif isinstance(nodes, list):
        if len(nodes) > 2 and isinstance(nodes[0], str) and isinstance(nodes[1], int):
            yield nodes[0]
        else:
            for node in nodes:
                yield from _parents(node)


def _in_order(entries: list[tuple[Step, list[str]]], where: str) -> list[Step]:
    """Return the layers of a graph from the image to the answer. Raises ModelError where it is no chain."""
    after: dict[str, Step] = {}
    first = [step for step, parents in entries if not parents]
    for step, parents in entries:
        if len(parents) > 1:
            raise ModelError(f"{step.here} joins {len(parents)} branches; only a plain chain of layers can be taken")
        for parent in parents:
            if parent in after:
                raise ModelError(
                    f'{where}: the layer "{shown(parent)}" feeds two others; only a plain chain of layers can be taken'
                )
            after[parent] = step
    order = first[:1]
    while order and order[-1].name in after and len(order) <= len(entries):
        order.append(after[order[-1].name])
    if len(order) != len(entries) or len(first) != 1:
        raise ModelError(f"{where} is no chain from one image to one answer; only such a chain can be taken")
    return order


def _shape(steps: list[Step], config: dict[str, Any], page: dict[str, Any], where: str) -> tuple[int, ...]:
    """Return the shape of one image, wherever this file keeps it. Raises ModelError."""
    kept = [steps[0].settings.get(key) for key in SHAPES] + [config.get("build_input_shape")]
    build = page.get("build_config")
    kept.append(build.get("input_shape") if isinstance(build, dict) else None)
    found = next((shape for shape in kept if isinstance(shape, list) and shape), None)
    if found is None and isinstance(steps[0].settings.get("input_dim"), int):
        found = [None, steps[0].settings["input_dim"]]
    if found is None:
        raise ModelError(f"{where} does not say what shape its images have; add keras.Input((28, 28, 1)) in front")
    shape = tuple(found[1:])
    if shape not in ((28, 28, 1), (28, 28), (784,)):
        raise ModelError(
            f"{where} takes images of shape {shown(shape)}; a recogniser takes (28, 28, 1), (28, 28) or (784,)"
        )
    return shape
