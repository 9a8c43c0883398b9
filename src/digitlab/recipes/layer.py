"""One line of the layer language, read and placed: what it does, and the shapes on both its sides."""

from __future__ import annotations

from dataclasses import dataclass

Shape = tuple[int, ...]
"""(channels, height, width) for images, (features,) after "flatten"."""

ACTIVATIONS = ("relu", "tanh", "sigmoid")
CONVOLUTIONS = ("conv", "depthwise")
POOLS = ("maxpool", "avgpool")
BLOCKS = ("residual", "repeat")
"""Layers that open a block; "]" closes it."""


@dataclass(frozen=True)
class Layer:
    """One layer.

    Attributes:
        kind: a key of digitlab.recipes.words.USAGE.
        text: the line it was read from.
        size: side of "crop", filters of "conv", units of "dense", hidden units of "se", window of a pool, passes of
            "repeat"; else 0.
        kernel, padding: of a convolution, in pixels.
        stride: of a convolution and of a pool, in pixels.
        rate: the share that "dropout" drops, 0 to 1.
        bias: whether a convolution or "dense" add one.
        whitened: whether a convolution's filters are found from the training images and never trained.
        pool: what "globalpool" takes of each channel: "average", "max" or "both".
        input_shape, output_shape: see Shape; of the last layer of a block, "]", what the block gives.
        parameters: trained ones and the running statistics of batch norm, as Keras counts them.
        passes: how often an image goes through it: more than once inside "repeat".
    """

    kind: str
    text: str
    size: int = 0
    kernel: int = 0
    padding: int = 0
    stride: int = 1
    rate: float = 0.0
    bias: bool = True
    whitened: bool = False
    pool: str = "average"
    input_shape: Shape = ()
    output_shape: Shape = ()
    parameters: int = 0
    passes: int = 1
