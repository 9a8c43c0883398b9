"""Recognisers to exchange, Keras to compare with, and files that Keras 2 wrote."""

import importlib.util
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from digitlab.manifest import Manifest
from digitlab.recipes import Recipe, read_layers
from digitlab.recognizer import Recognizer

FILES = Path(__file__).parent / "files"


@pytest.fixture(scope="session")
def images() -> np.ndarray:
    """Sixteen random images, those that the files of Keras 2 were asked about, (16, 28, 28) uint8."""
    return np.random.default_rng(1).integers(0, 256, (16, 28, 28), dtype=np.uint8)


@pytest.fixture(scope="session")
def make() -> Callable[..., Recognizer]:
    """Make a recogniser of a recipe's name or lines: random weights and running statistics that are not trivial."""
    torch = pytest.importorskip("torch")
    from digitlab.networks import Network, initialise, to_onnx

    def made(network: str | list[str], **facts) -> Recognizer:
        name = network if isinstance(network, str) else "mine"
        page = Recipe.load(network) if isinstance(network, str) else Recipe(name, tuple(network))
        layers = read_layers(list(page.lines), channels=page.data.channels)
        torch.manual_seed(0)
        module = Network(layers)
        initialise(module)
        for stage in module.stages:
            if isinstance(stage, torch.nn.BatchNorm1d | torch.nn.BatchNorm2d):
                stage.running_mean.uniform_(-0.5, 0.5)
                stage.running_var.uniform_(0.5, 2)
                torch.nn.init.uniform_(stage.weight, 0.5, 1.5)
                torch.nn.init.uniform_(stage.bias, -0.5, 0.5)
        weights = {key: value.numpy() for key, value in module.state_dict().items()}
        manifest = Manifest(**{"name": name, "recipe": page.to_dict(), "temperature": 1.5, **facts})
        return Recognizer(to_onnx(layers, weights, manifest), name, threads=1)

    return made


@pytest.fixture(scope="session")
def keras():
    """Keras, on torch."""
    if not importlib.util.find_spec("keras") or not importlib.util.find_spec("h5py"):
        pytest.skip("needs the extra keras")
    from digitlab.exchange.extra import keras

    return keras()


@pytest.fixture(scope="session")
def tiny(make, keras, tmp_path_factory) -> Path:
    """A folder with one small recogniser in every format: tiny.onnx, .keras, .safetensors, and architecture.json."""
    from digitlab import storage
    from digitlab.exchange import export_model

    folder = tmp_path_factory.mktemp("tiny")
    lines = ["conv 3 5 stride 3", "relu", "batchnorm", "maxpool 2", "flatten", "dropout 0.5", "dense 10"]
    recognizer = make(lines, name="tiny")
    storage.write_bytes(folder / "tiny.onnx", recognizer.content)
    for to in ("keras", "safetensors"):
        export_model(recognizer, to, folder / f"tiny.{to}")
    export_model(recognizer, "keras-json", folder / "tiny_architecture.json")
    return folder
