"""Networks that say something of every pixel: those that find digits, `digitlab.finding.parting` and `penmap`.

Such a network sees a picture at several scales, from half of its rows on, and brings them together again from the
coarsest on. Method: Ronneberger, Fischer and Brox, "U-Net: Convolutional Networks for Biomedical Image Segmentation",
2015.
"""

from __future__ import annotations

from itertools import pairwise

import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn
from torch.nn import functional

from digitlab.networks.onnx_graph import IR_VERSION, OPSET


class UNet(nn.Module):
    """From pictures (N, inputs, H, W) to what is said of their pixels, (N, outputs, H, W).

    H and W are multiples of two to the number of scales.
    """

    def __init__(self, inputs: int, outputs: int, channels: tuple[int, ...]) -> None:
        """Make one with so many channels at each scale, the finest first."""
        super().__init__()
        self.inputs, self.outputs = inputs, outputs
        steps = list(pairwise(channels))
        down = [nn.Sequential(*_layers(inputs, channels[0], 5, 2), *_layers(channels[0], channels[0]))]
        down += [nn.Sequential(*_layers(fine, coarse), *_layers(coarse, coarse)) for fine, coarse in steps]
        down[-1].extend(_layers(channels[-1], channels[-1]))
        up = [nn.Sequential(*_layers(coarse + fine, fine), *_layers(fine, fine)) for fine, coarse in reversed(steps)]
        self.down, self.up = nn.ModuleList(down), nn.ModuleList(up)
        self.say = nn.Conv2d(channels[0], outputs, 1)

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        """Return what is said of pictures; for shapes see the class."""
        seen = [self.down[0](pictures)]
        for block in self.down[1:]:
            seen.append(block(functional.max_pool2d(seen[-1], 2)))
        value = seen.pop()
        for block in self.up:
            value = block(torch.cat([functional.interpolate(value, scale_factor=2), seen.pop()], dim=1))
        return functional.interpolate(self.say(value), scale_factor=2, mode="bilinear", align_corners=False)


def _layers(inputs: int, outputs: int, kernel: int = 3, stride: int = 1) -> list[nn.Module]:
    return [
        nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()
    ]  # fmt: skip


def to_onnx(network: UNet, facts: dict[str, str], height: int | None = None, halved: bool = False) -> bytes:
    """Return the bytes of its ONNX file, batch norm taken into the convolutions, weights in float16.

    Args:
        network: trained.
        facts: how it was made; they become the file's metadata.
        height: of the pictures, if all have the same.
        halved: leave what is said at half of the rows and columns, for one who enlarges it faster than this file would.
    """
    graph = _Graph()
    seen = [graph.block(network.down[0], "seen")]
    for block in network.down[1:]:
        seen.append(graph.block(block, graph.pooled(seen[-1])))
    value = seen.pop()
    for block in network.up:
        value = graph.block(block, graph.joined(value, seen.pop()))
    value = graph.convolution(network.say.weight, network.say.bias, value, output="said" if halved else "")
    if not halved:
        graph.grown(value, "said", mode="linear", coordinate_transformation_mode="half_pixel")
    size = [height or "H", "W"]
    half = [height // 2 if height else "H/2", "W/2"]
    described = helper.make_graph(
        graph.nodes,
        "unet",
        [helper.make_tensor_value_info("seen", TensorProto.FLOAT, ["N", network.inputs, *size])],
        [helper.make_tensor_value_info("said", TensorProto.FLOAT, ["N", network.outputs, *(half if halved else size)])],
        graph.constants,
    )
    model = helper.make_model(
        described, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION, producer_name="digitlab"
    )
    helper.set_model_props(model, facts)
    onnx.checker.check_model(model, full_check=True)
    return model.SerializeToString(deterministic=True)


class _Graph:
    """Nodes and constants as they gather; each method adds some, and returns the name of their result."""

    def __init__(self) -> None:
        twice = numpy_helper.from_array(torch.tensor([1.0, 1.0, 2.0, 2.0]).numpy(), "twice")
        self.nodes: list[onnx.NodeProto] = []
        self.constants = [twice]

    def add(self, operator: str, inputs: list[str], output: str = "", **attributes: object) -> str:
        output = output or f"x{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, inputs, [output], **attributes))
        return output

    def block(self, block: nn.Module, value: str) -> str:
        """Add convolutions with batch norm and ReLU."""
        layers = list(block.children())
        for convolution, norm in zip(layers[::3], layers[1::3], strict=True):
            scale = norm.weight / (norm.running_var + norm.eps).sqrt()
            weight = convolution.weight * scale[:, None, None, None]
            value = self.convolution(weight, norm.bias - norm.running_mean * scale, value, convolution.stride[0])
            value = self.add("Relu", [value])
        return value

    def convolution(
        self, weight: torch.Tensor, bias: torch.Tensor, value: str, stride: int = 1, output: str = ""
    ) -> str:
        names = []
        for tensor in (weight, bias):  # in half the bytes; whoever runs them makes them float32 once
            half = f"w{len(self.constants)}"
            self.constants.append(numpy_helper.from_array(tensor.detach().half().numpy(), half))
            names.append(self.add("Cast", [half], to=TensorProto.FLOAT))
        kernel = weight.shape[-1]
        how = {"kernel_shape": [kernel] * 2, "strides": [stride] * 2, "pads": [kernel // 2] * 4}
        return self.add("Conv", [value, *names], output, **how)

    def pooled(self, value: str) -> str:
        return self.add("MaxPool", [value], kernel_shape=[2, 2], strides=[2, 2])

    def grown(self, value: str, output: str = "", **how: str) -> str:
        return self.add("Resize", [value, "", "twice"], output, **how)

    def joined(self, coarse: str, fine: str) -> str:
        how = {"mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
        return self.add("Concat", [self.grown(coarse, **how), fine], axis=1)
