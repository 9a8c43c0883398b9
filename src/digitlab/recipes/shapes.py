"""Where a layer stands: what goes in, what comes out, and how many numbers it learns."""

from __future__ import annotations

import math
from dataclasses import replace

from digitlab.errors import RecipeError
from digitlab.recipes.layer import CONVOLUTIONS, POOLS, Layer, Shape


def place(layer: Layer, shape: Shape, here: str) -> Layer:
    """Give a layer its input shape; work out its output shape and parameters. Raises RecipeError from `here`."""
    spatial = len(shape) == 3
    if layer.kind in (*CONVOLUTIONS, *POOLS, "globalpool", "se", "crop") and not spatial:
        raise RecipeError(f'{here} needs an image, but gets {shape}; put it before "flatten"')
    if layer.kind == "dense" and spatial:
        raise RecipeError(f'{here} needs a flat input, but gets {shape}; put "flatten" before it')
    channels, output, parameters = shape[0], shape, 0
    if layer.whitened:
        refuse_unpaired(layer, channels, here)
    if layer.kind == "crop":
        if layer.size > min(shape[1:]):
            raise RecipeError(f"{here} is larger than {shape}, from which it is cut; use {min(shape[1:])} or less")
        output = (channels, layer.size, layer.size)
    elif layer.kind in CONVOLUTIONS:
        filters, met = (layer.size, channels) if layer.kind == "conv" else (channels, 1)
        sides = [(side + 2 * layer.padding - layer.kernel) // layer.stride + 1 for side in shape[1:]]
        output, parameters = (filters, *sides), filters * (met * layer.kernel**2 + layer.bias)
    elif layer.kind in POOLS:
        output = (channels, *((side - layer.size) // layer.stride + 1 for side in shape[1:]))
    elif layer.kind == "globalpool":
        output = (2 * channels if layer.pool == "both" else channels,)
    elif layer.kind == "se":
        layer = replace(layer, size=max(1, channels // layer.size))  # from the ratio to the hidden units
        parameters = layer.size * (channels + 1) + channels * (layer.size + 1)
    elif layer.kind == "flatten":
        output = (math.prod(shape),)
    elif layer.kind == "dense":
        output, parameters = (layer.size,), layer.size * (channels + layer.bias)
    elif layer.kind == "batchnorm":
        parameters = 4 * channels * layer.passes  # each pass through a repeated block has its own
    if min(output) < 1:
        raise RecipeError(
            f"{here} gets {shape}, which is too small for it; use a smaller size or fewer pools before it"
        )
    return replace(layer, input_shape=shape, output_shape=output, parameters=parameters)


def refuse_unpaired(layer: Layer, channels: int, here: str) -> None:
    """Raise RecipeError, which begins with `here`, for whitened filters that cannot come in pairs."""
    most = 2 * channels * layer.kernel**2
    if layer.size % 2 or layer.size > most or not layer.bias:
        raise RecipeError(
            f'{here} has whitened filters in pairs, with biases; use an even number up to {most}, and no "nobias"'
        )
