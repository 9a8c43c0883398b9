"""The words of the layer language: from one line of text to a layer that has no place yet."""

from __future__ import annotations

import difflib
import math
from dataclasses import replace

from digitlab.errors import RecipeError
from digitlab.recipes.layer import CONVOLUTIONS, POOLS, Layer

USAGE = {
    "crop": "crop SIDE",
    "conv": "conv FILTERS KERNEL [pad P | same] [stride S] [nobias | whitened]",
    "depthwise": "depthwise KERNEL [pad P | same] [stride S] [nobias]",
    "maxpool": "maxpool SIZE [stride S]",
    "avgpool": "avgpool SIZE [stride S]",
    "globalpool": "globalpool [max | both]",
    "se": "se RATIO",
    "batchnorm": "batchnorm",
    "relu": "relu",
    "tanh": "tanh",
    "sigmoid": "sigmoid",
    "dropout": "dropout RATE",
    "flatten": "flatten",
    "dense": "dense UNITS [nobias]",
    "residual": "residual [",
    "shortcut": "shortcut",
    "repeat": "repeat TIMES [",
    "]": "]",
}
"""How each layer is written."""

NUMBERS = {
    "crop": ("size",),
    "conv": ("size", "kernel"),
    "depthwise": ("kernel",),
    "maxpool": ("size",),
    "avgpool": ("size",),
    "se": ("size",),
    "dense": ("size",),
    "repeat": ("size",),
}
"""What the whole numbers after a word mean."""


def parse(line: object, here: str) -> Layer:
    """Read the words of one line; shapes come later. Raises RecipeError, which begins with `here`."""
    if not isinstance(line, str):
        raise RecipeError(f'{here}: a layer is a line of text, like "conv 32 3"')
    kind, *words = line.split() or [""]
    if kind == "softmax":
        raise RecipeError(f"{here}: leave the softmax out; the recogniser applies it, the network ends in logits")
    if kind not in USAGE:
        close = difflib.get_close_matches(kind, USAGE, 1)
        hint = f'did you mean "{close[0]}"?' if close else f"known layers: {', '.join(USAGE)}"
        raise RecipeError(f'{here}: unknown layer "{kind}"; {hint}')
    names = NUMBERS.get(kind, ())
    try:
        if kind == "dropout":
            layer, rest = Layer(kind, line, rate=float(words[0])), words[1:]
        else:
            values = [int(word) for word in words[: len(names)]]
            if len(values) < len(names) or any(value < 1 for value in values):
                raise ValueError
            sizes = dict(zip(names, values, strict=True))
            if kind in POOLS:
                sizes["stride"] = values[0]
            layer, rest = Layer(kind, line, **sizes), words[len(names) :]  # type: ignore[arg-type]
        layer = _with_options(layer, rest)
    except (ValueError, IndexError):
        numbers = " with whole numbers above zero" if names else ""
        raise RecipeError(f'{here}: not understood; write it as "{USAGE[kind]}"{numbers}') from None
    if not (0 <= layer.rate < 1) or math.isnan(layer.rate):
        raise RecipeError(f"{here}: the dropout rate is the share that is dropped, from 0 to below 1")
    return layer


def _with_options(layer: Layer, words: list[str]) -> Layer:
    """Apply the words after the numbers; raises ValueError on any that do not belong there."""
    rest = list(words)
    if USAGE[layer.kind].endswith(" ["):
        if rest != ["["]:
            raise ValueError(rest)
        return layer
    while rest:
        word = rest.pop(0)
        if word == "nobias" and layer.kind in (*CONVOLUTIONS, "dense"):
            layer = replace(layer, bias=False)
        elif word == "whitened" and layer.kind == "conv":
            layer = replace(layer, whitened=True)
        elif word == "same" and layer.kind in CONVOLUTIONS and layer.kernel % 2:
            layer = replace(layer, padding=layer.kernel // 2)
        elif word in ("max", "both") and layer.kind == "globalpool":
            layer = replace(layer, pool=word)
        elif rest and (
            (word == "stride" and layer.kind in (*CONVOLUTIONS, *POOLS))
            or (word == "pad" and layer.kind in CONVOLUTIONS)
        ):
            value = int(rest.pop(0))
            if value < (0 if word == "pad" else 1):
                raise ValueError(word)
            layer = replace(layer, padding=value) if word == "pad" else replace(layer, stride=value)
        else:
            raise ValueError(word)
    return layer
