"""The file of a network that says something of every pixel says what the network says, at any size."""

import json

import cv2
import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from digitlab.networks.unet import UNet, to_onnx


@pytest.fixture(scope="module", params=[(1, 3, (24, 40, 64)), (4, 1, (12, 20, 32, 48))])
def network(request) -> UNet:
    torch.manual_seed(0)
    network = UNet(*request.param)
    with torch.no_grad():
        network(torch.rand(8, network.inputs, 32, 48))  # batch norm has seen something
    return network.eval()


@pytest.mark.parametrize(("count", "width"), [(1, 16), (3, 64), (2, 208)])
def test_the_file_says_what_the_network_says(network: UNet, count: int, width: int) -> None:
    session = onnxruntime.InferenceSession(to_onnx(network, {}), providers=["CPUExecutionProvider"])
    ink = np.random.default_rng(width).random((count, network.inputs, 32, width), np.float32)
    (said,) = session.run(["said"], {"seen": ink})
    with torch.inference_mode():
        np.testing.assert_allclose(said, network(torch.from_numpy(ink)).numpy(), atol=5e-3)  # weights in float16
    assert said.shape == (count, network.outputs, 32, width)


def test_a_file_that_stops_at_half_says_what_the_other_enlarges(network: UNet) -> None:
    ink = np.random.default_rng(0).random((1, network.inputs, 32, 48), np.float32)
    whole, half = (
        onnxruntime.InferenceSession(to_onnx(network, {}, halved=halved), providers=["CPUExecutionProvider"]).run(
            ["said"], {"seen": ink}
        )[0]
        for halved in (False, True)
    )
    assert half.shape == (1, network.outputs, 16, 24)
    for enlarged, said in zip(whole[0], half[0], strict=True):
        np.testing.assert_allclose(cv2.resize(said, (48, 32), interpolation=cv2.INTER_LINEAR), enlarged, atol=1e-4)


def test_the_file_knows_how_it_was_made_and_is_half_as_large_as_its_weights(network: UNet) -> None:
    content = to_onnx(network, {"digitlab": json.dumps({"seed": "3"})})
    (entry,) = onnx.load_model_from_string(content).metadata_props
    assert json.loads(entry.value) == {"seed": "3"}
    assert len(content) < 2.2 * sum(weight.numel() for weight in network.parameters())
