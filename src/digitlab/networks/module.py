"""From a recipe's layers to a torch module."""

from __future__ import annotations

import torch
from torch import nn

from digitlab.networks.quick import Conv2d, Dropout, Flatten, HalvingMaxPool
from digitlab.networks.reach import reach
from digitlab.recipes import BLOCKS, Layer, Steps, nest


class Network(nn.Module):
    """The network of a recipe: images (N, 1, 28, 28) float in 0..1 to logits (N, 10).

    `stages` holds one module a layer, numbered as in the recipe, so that a weight's name tells its layer:
    "stages.3.weight" belongs to the fourth line of the list. Lines that open and close blocks have modules too, which
    do nothing.
    """

    def __init__(self, layers: tuple[Layer, ...]) -> None:
        super().__init__()
        self.stages = nn.ModuleList(_module(layer) for layer in layers)
        self._order = _fast_order(layers)
        self._steps = nest(layers, self._order)
        self._reach = reach(layers, self._order)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return logits, (N, 10)."""
        return self._walk(self._steps, images)

    def _walk(self, steps: Steps, x: torch.Tensor, turn: int = 0) -> torch.Tensor:
        """Run steps on `x`; `turn` counts the passes through the repeated blocks around them."""
        for step in steps:
            if isinstance(step, int):
                stage, read = self.stages[step], self._reach.get(step)
                if read and read < x.shape[2]:
                    x = x[:, :, :read, :read]
                x = (stage[turn] if isinstance(stage, nn.ModuleList) else stage)(x)
            elif step.layer.kind == "residual":
                x = self._walk(step.body, x, turn) + self._walk(step.shortcut, x, turn)
            else:
                for number in range(step.layer.size):
                    x = self._walk(step.body, x, turn * step.layer.size + number)
        return x


class SqueezeExcite(nn.Module):
    """Scales each channel by a number from 0 to 1 that follows from the means of all.

    Source: Hu et al., "Squeeze-and-Excitation Networks", 2018 (arXiv 1709.01507).
    """

    def __init__(self, channels: int, hidden: int) -> None:
        super().__init__()
        self.squeeze, self.excite = nn.Conv2d(channels, hidden, 1), nn.Conv2d(hidden, channels, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return (N, C, H, W) of (N, C, H, W)."""
        hidden = torch.relu(self.squeeze(x.mean((2, 3), keepdim=True)))  # (N, hidden, 1, 1)
        return x * torch.sigmoid(self.excite(hidden))


class Crop(nn.Module):
    """The middle of the images; where it cannot be in the middle, one pixel nearer to the top and the left."""

    def __init__(self, side: int) -> None:
        super().__init__()
        self.side = side

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return (N, C, side, side) of (N, C, H, W)."""
        top, left = ((length - self.side) // 2 for length in x.shape[2:])
        return x[:, :, top : top + self.side, left : left + self.side]


class GlobalPool(nn.Module):
    """The mean or the largest value of each channel, or all means, then all largest values."""

    def __init__(self, pool: str) -> None:
        super().__init__()
        self.pool = pool

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return (N, C) of (N, C, H, W), or (N, 2 C) for "both"."""
        ways = {"average": [_mean], "max": [_largest], "both": [_mean, _largest]}[self.pool]
        return torch.cat([way(x) for way in ways], 1)


def _mean(x: torch.Tensor) -> torch.Tensor:
    return x.mean((2, 3))


def _largest(x: torch.Tensor) -> torch.Tensor:
    return x.amax((2, 3))


def _module(layer: Layer) -> nn.Module:
    channels = layer.input_shape[0]
    if layer.kind == "conv":
        conv = Conv2d(channels, layer.size, layer.kernel, layer.stride, layer.padding, bias=layer.bias)
        return conv.requires_grad_(not layer.whitened)
    if layer.kind == "depthwise":
        return nn.Conv2d(
            channels, channels, layer.kernel, layer.stride, layer.padding, groups=channels, bias=layer.bias
        )
    if layer.kind == "se":
        return SqueezeExcite(channels, layer.size)
    if layer.kind == "dense":
        return nn.Linear(channels, layer.size, bias=layer.bias)
    if layer.kind == "batchnorm":
        kind = nn.BatchNorm2d if len(layer.input_shape) == 3 else nn.BatchNorm1d
        return kind(channels) if layer.passes == 1 else nn.ModuleList(kind(channels) for _ in range(layer.passes))
    if layer.kind == "crop":
        return Crop(layer.size)
    if layer.kind == "globalpool":
        return GlobalPool(layer.pool)
    if layer.kind == "dropout":
        return Dropout(layer.rate)
    if layer.kind == "maxpool":
        return HalvingMaxPool() if layer.size == layer.stride == 2 else nn.MaxPool2d(layer.size, layer.stride)
    if layer.kind == "avgpool":
        return nn.AvgPool2d(layer.size, layer.stride)
    if layer.kind in (*BLOCKS, "shortcut", "]"):
        return nn.Identity()
    return {"flatten": Flatten, "relu": nn.ReLU, "tanh": nn.Tanh, "sigmoid": nn.Sigmoid}[layer.kind]()


def _fast_order(layers: tuple[Layer, ...]) -> list[int]:
    """Return the order to run layers in: as listed, but a max-pool before the ReLU that precedes it.

    The largest of rectified values is the rectified largest value, so the result is the same to the bit,
    and the ReLU has a quarter of the work: half of the whole step's time in a small network.
    """
    order = list(range(len(layers)))
    for index in range(len(layers) - 1):
        if layers[index].kind == "relu" and layers[index + 1].kind == "maxpool":
            order[index], order[index + 1] = index + 1, index
    return order


def initialise(network: Network) -> None:
    """Draw starting weights from torch's global generator: He's normal for ReLU networks, biases at zero.

    Source: He et al., "Delving Deep into Rectifiers", 2015 (arXiv 1502.01852); the last layer gets the
    smaller variance of Glorot and Bengio, 2010, since no ReLU follows it.
    """
    weighted = [m for m in network.modules() if isinstance(m, nn.Conv2d | nn.Linear)]
    for module in weighted:
        if module is weighted[-1]:
            nn.init.xavier_normal_(module.weight)
        else:
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
        if module.bias is not None:
            nn.init.zeros_(module.bias)
