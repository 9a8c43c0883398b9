"""Every kind of Keras layer that a recogniser can have, and the way each is said in the layer language.

What the language has no word for is put into its words where that is exact: padding on one side is a larger kernel with
zeros, a batch norm's epsilon goes into its variance, Rescaling is a batch norm of constants.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from digitlab.errors import ModelError
from digitlab.exchange.architecture import Architecture, Step
from digitlab.exchange.chain import Arrays, Chain, Line, Named
from digitlab.exchange.settings import Settings

EPSILON = 1e-5  # of a recogniser's batch norm
FULL_INK = 255.0  # what a model sees as full ink if it begins by rescaling bytes
BYTES = 0.1  # a first Rescaling by less than this expects 0..255, else 0..1
PICTURES = ((28, 28, 1), (28, 28))


def walk(architecture: Architecture, where: str) -> list[Line]:
    """Return the lines of a Keras model.

    Raises:
        ModelError: a layer can't be taken, or the model does not end in ten answers; names layer and reason.
    """
    chain = Chain(architecture.shape)
    for step in architecture.steps:
        settings, way = Settings(step), WAYS.get(step.kind)
        if way is None:
            raise ModelError(f"{step.here} is of a kind that no recogniser has; it may have {', '.join(sorted(WAYS))}")
        if chain.answered and step.kind not in TRAINING_ONLY:
            raise ModelError(f"{step.here} comes after the softmax; a recogniser ends in its probabilities")
        if any(chain.padding) and step.kind != "Conv2D":
            raise ModelError(f"{step.here} follows a ZeroPadding2D; only a Conv2D can, which takes the padding in")
        way(chain, step, settings)
        settings.refuse_rest()
        chain.started = True
    if chain.shape != (10,):
        raise ModelError(f"{where} gives answers of shape {chain.shape}; a recogniser of digits gives ten")
    if not chain.lines[-1].text.startswith("dense"):
        raise ModelError(
            f'{where} ends in "{chain.lines[-1].text}"; a recogniser ends in a Dense layer of ten, with softmax or bare'
        )
    return chain.lines


def _convolution(chain: Chain, step: Step, settings: Settings) -> None:
    """Add a convolution; padding that is not alike on all sides becomes zeros in a larger kernel."""
    height, width, _ = chain.image(step)
    (tall, wide), (down, across) = settings.pair("kernel_size"), settings.pair("strides", 1)
    filters, bias = settings.count("filters"), settings.flag("use_bias", True)
    settings.must("dilation_rate", 1, [1, 1])
    settings.must("groups", 1)
    top, bottom, left, right = chain.padding
    chain.padding = (0, 0, 0, 0)
    if settings.choice("padding", "valid", "same") == "same":
        above, beside = _same(height + top + bottom, tall, down), _same(width + left + right, wide, across)
        top, bottom, left, right = top + above[0], bottom + above[1], left + beside[0], right + beside[1]
    padding = max(top, bottom, left, right)
    kernel = tall + 2 * padding - top - bottom
    if down != across or kernel != wide + 2 * padding - left - right:
        raise ModelError(f"{step.here} treats rows and columns differently; a recogniser's convolutions do not")
    even = " same" if kernel == 2 * padding + 1 else f" pad {padding}"
    text = f"conv {filters} {kernel}{even if padding else ''}{f' stride {down}' if down > 1 else ''}"
    zeros = ((padding - top, padding - bottom), (padding - left, padding - right), (0, 0), (0, 0))

    def convert(arrays: Arrays) -> Named:
        weight = np.pad(arrays[0], zeros).transpose(3, 2, 0, 1)  # (filters, channels, kernel, kernel)
        return {"weight": weight} | ({"bias": arrays[1]} if bias else {})

    chain.add(text + ("" if bias else " nobias"), step.here, convert)
    rows, columns = ((side + 2 * padding - kernel) // down + 1 for side in (height, width))
    chain.place(step, (rows, columns, filters))
    chain.activate(step, settings.activation())


def _pool(chain: Chain, step: Step, settings: Settings) -> None:
    """Add pooling over windows."""
    height, width, channels = chain.image(step)
    tall, wide = settings.pair("pool_size", 2)
    down, across = settings.pair("strides", (tall, wide))
    same = settings.choice("padding", "valid", "same") == "same"
    if tall != wide or down != across:
        raise ModelError(f"{step.here} treats rows and columns differently; a recogniser's pools do not")
    if same and any(sum(_same(side, tall, down)) for side in (height, width)):
        raise ModelError(f"{step.here} pads its {height} x {width} pixels, which a recogniser's pools do not")
    word = "maxpool" if step.kind == "MaxPooling2D" else "avgpool"
    chain.add(f"{word} {tall}" + (f" stride {down}" if down != tall else ""))
    chain.place(step, ((height - tall) // down + 1, (width - tall) // down + 1, channels))


def _global_pool(chain: Chain, step: Step, settings: Settings) -> None:
    """Add the mean of each channel, or its maximum as one large pool."""
    height, width, channels = chain.image(step)
    settings.must("keepdims", False)
    if step.kind == "GlobalAveragePooling2D":
        chain.add("globalpool")
    elif height == width:
        chain.add(f"maxpool {height}")
        chain.add("flatten")
    else:
        raise ModelError(f"{step.here} gets {height} x {width} pixels; a recogniser's pools are square")
    chain.place(step, (channels,))


def _zero_padding(chain: Chain, step: Step, settings: Settings) -> None:
    """Keep the padding for the convolution that follows."""
    chain.image(step)
    chain.padding = settings.sides("padding")


def _batch_norm(chain: Chain, step: Step, settings: Settings) -> None:
    """Add batch norm; what it lacks of scale and offset are ones and zeros."""
    last = len(chain.shape)
    if last == 2:
        raise ModelError(f"{step.here} gets {chain.shape}; put Flatten or Reshape((28, 28, 1)) before it")
    settings.must("axis", -1, last, [-1], [last])
    settings.must("renorm", False)
    epsilon = settings.number("epsilon", 1e-3)
    scale, center = settings.flag("scale", True), settings.flag("center", True)
    order = chain.order if last == 1 else None

    def convert(arrays: Arrays) -> Named:
        learned, (mean, variance) = list(arrays[:-2]), arrays[-2:]
        parts = {
            "weight": learned.pop(0) if scale else np.ones_like(mean),
            "bias": learned.pop(0) if center else np.zeros_like(mean),
            "running_mean": mean,
            "running_var": variance.astype(np.float64) + (epsilon - EPSILON),
        }
        return {name: _moved(part, order) for name, part in parts.items()}

    chain.add("batchnorm", step.here, convert)


def _flatten(chain: Chain, step: Step, settings: Settings) -> None:
    """Add flattening, and remember how the values change places."""
    if len(chain.shape) == 1:
        return
    if len(chain.shape) == 3:
        chain.order = np.arange(math.prod(chain.shape)).reshape(chain.shape).transpose(2, 0, 1).ravel()
    chain.add("flatten")
    chain.place(step, (math.prod(chain.shape),))


def _dense(chain: Chain, step: Step, settings: Settings) -> None:
    """Add a dense layer; its weights follow the values that a Flatten before it moved."""
    if len(chain.shape) != 1:
        raise ModelError(f"{step.here} gets {chain.shape}, which is not flat; put Flatten before it")
    units, bias, order = settings.count("units"), settings.flag("use_bias", True), chain.order

    def convert(arrays: Arrays) -> Named:
        weight = _moved(arrays[0], order).T  # (units, features)
        return {"weight": weight} | ({"bias": arrays[1]} if bias else {})

    chain.add(f"dense {units}" + ("" if bias else " nobias"), step.here, convert)
    chain.order = None
    chain.place(step, (units,))
    chain.activate(step, settings.activation())


def _training_only(chain: Chain, step: Step, settings: Settings) -> None:
    """Add dropout; the other layers that act while training only are left out."""
    rate = settings.number("rate", 0.0)
    if step.kind == "Dropout" and 0 < rate < 1 and not chain.answered:
        chain.add(f"dropout {rate:g}")


def _activation(chain: Chain, step: Step, settings: Settings) -> None:
    """Add an activation that is a layer of its own."""
    if step.kind == "Activation":
        chain.activate(step, settings.activation())
        return
    settings.must("axis", -1, len(chain.shape), [-1])  # of Softmax; the others bend a ReLU
    settings.must("max_value", None)
    for name in ("negative_slope", "alpha", "threshold"):
        settings.must(name, 0, None)
    chain.activate(step, step.kind.lower())


def _rescaling(chain: Chain, step: Step, settings: Settings) -> None:
    """Take in Rescaling: nothing where it brings bytes to 0..1, else a batch norm of constants."""
    scale, offset = settings.number("scale", 1.0), settings.number("offset", 0.0)
    if not chain.started and abs(scale) < BYTES:
        scale *= FULL_INK
    if math.isclose(scale, 1, rel_tol=1e-6) and abs(offset) < 1e-9:
        return
    count = chain.shape[-1] if len(chain.shape) != 2 else 1  # (28, 28) has one channel
    constants = {"weight": scale, "bias": offset, "running_mean": 0.0, "running_var": 1 - EPSILON}
    chain.add("batchnorm", "", lambda _: {name: np.full(count, value) for name, value in constants.items()})


def _reshape(chain: Chain, step: Step, settings: Settings) -> None:
    """Take in a reshape that flattens, or gives the picture its own shape before anything was learned from it."""
    target = settings.shape("target_shape", math.prod(chain.shape))
    if len(target) == 1:
        _flatten(chain, step, settings)
    elif target in PICTURES and (chain.shape in PICTURES or not chain.lines):
        chain.shape = target
    elif target != chain.shape:
        raise ModelError(f"{step.here} makes {target} of {chain.shape}; only pictures are reshaped, or made flat")


TRAINING_ONLY = (
    "Dropout", "SpatialDropout2D", "AlphaDropout", "GaussianDropout", "GaussianNoise", "ActivityRegularization",
)  # fmt: skip

WAYS: dict[str, Callable[[Chain, Step, Settings], None]] = {
    "Conv2D": _convolution, "MaxPooling2D": _pool, "AveragePooling2D": _pool, "GlobalAveragePooling2D": _global_pool,
    "GlobalMaxPooling2D": _global_pool, "ZeroPadding2D": _zero_padding, "BatchNormalization": _batch_norm,
    "Flatten": _flatten, "Dense": _dense, "Activation": _activation, "ReLU": _activation, "Softmax": _activation,
    "Rescaling": _rescaling, "Reshape": _reshape, **dict.fromkeys(TRAINING_ONLY, _training_only),
}  # fmt: skip


def _same(side: int, kernel: int, stride: int) -> tuple[int, int]:
    """Return the padding before and after that Keras calls "same"."""
    total = max((-(-side // stride) - 1) * stride + kernel - side, 0)
    return total // 2, total - total // 2


def _moved(values: np.ndarray, order: np.ndarray | None) -> np.ndarray:
    """Return values with their first axis in the order of channels first."""
    return values if order is None else values[order]
