"""`digitlab export` and `digitlab import`, and safetensors both ways."""

import numpy as np
import pytest

import digitlab
from digitlab.errors import ModelError
from digitlab.exchange import export_model, import_model
from digitlab.recipes import Recipe, read_layers


def test_export_prints_what_it_wrote(tiny, run, tmp_path) -> None:
    code, out, _ = run("export", tiny / "tiny.onnx", "--to", "keras-json", "--out", tmp_path / "made")
    assert code == 0
    assert out.split() == [str(tmp_path / "made" / name) for name in ("model_architecture.json", "model.weights.h5")]
    code, out, _ = run("export", tiny / "tiny.keras", "--to", "onnx", "--out", tmp_path / "x.onnx")
    assert (code, out.strip()) == (0, str(tmp_path / "x.onnx"))


def test_import_prints_the_network_it_understood(tiny, run, tmp_path) -> None:
    files = [tiny / "tiny.weights.h5", tiny / "tiny_architecture.json"]  # in any order
    code, out, error = run("import", *files, "--name", "mine", "--out", tmp_path / "x.onnx")
    assert code == 0
    assert out == f"recogniser  {tmp_path / 'x.onnx'}\n"
    assert error == "580 parameters: conv 3 5 stride 3, relu, batchnorm, maxpool 2, flatten, dropout 0.5, dense 10\n"
    assert digitlab.load(tmp_path / "x.onnx").name == "mine"


def test_a_recogniser_of_that_name_is_not_overwritten_unless_it_is_named(tiny, run, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert run("import", tiny / "tiny.keras")[0] == 0
    code, _, error = run("import", tiny / "tiny.keras")
    assert (code, error) == (2, "digitlab: tiny.onnx is there already; choose another name with --name or --out\n")
    assert run("import", tiny / "tiny.keras", "--out", "tiny.onnx")[0] == 0


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["x.onnx"], "x.onnx is a recogniser's own format already"),
        (["x.pt"], "x.pt is not a file to import; those end in .json, .keras"),
        (["a.keras", "b.keras"], "name one model"),
        (["a.json", "b.json"], "name one model"),
        (["a.json", "b.h5", "c.h5"], "name one model"),
        (["a.keras", "--recipe", "conv3"], "--recipe is for safetensors files"),
        (["a.keras", "--out", "x.keras"], "--out x.keras does not end in .onnx"),
        (["absent.keras"], "there is no file absent.keras"),
        (["."], ". is not a file to import"),
    ],
)
def test_arguments_that_do_not_go_together_are_told(words, told, run, tmp_path, monkeypatch) -> None:
    pytest.importorskip("torch")
    monkeypatch.chdir(tmp_path)
    code, out, error = run("import", *words)
    assert (code, out) == (2, "")
    assert told in error
    assert error.count("\n") == 1
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("model", ["default", "reader"])
def test_safetensors_keep_everything_and_torch_takes_them(model, tmp_path) -> None:
    torch = pytest.importorskip("torch")
    from safetensors.torch import load_file

    from digitlab.networks import Network

    (path,) = export_model(model, "safetensors", tmp_path / "x.safetensors")
    original, again = digitlab.load(model), digitlab.load(path)
    assert again.manifest == original.manifest
    shape = (8, 28, 28) if original.channels == 1 else (8, 3, 28, 28)
    images = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    for one, other in zip(again.judge(images), original.judge(images), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-4)
    recipe = Recipe.from_dict(original.manifest.recipe, model)
    network = Network(recipe.layers).eval()
    network.load_state_dict(load_file(path), strict=False)
    with torch.inference_mode():
        logits = network(torch.from_numpy(images).reshape(8, -1, 28, 28).float() / 255).numpy()[:, :10]
    np.testing.assert_allclose(logits, original.logits(images), rtol=1e-3, atol=1e-3)


@pytest.fixture
def state(tmp_path):
    """A file of lenet50's weights as torch alone would save them, without metadata, and its tensors."""
    pytest.importorskip("torch")
    from safetensors.torch import save_file

    from digitlab.networks import Network

    tensors = Network(read_layers(list(Recipe.load("lenet50").lines))).state_dict()
    save_file(tensors, tmp_path / "state.safetensors")
    return tmp_path / "state.safetensors", tensors


def test_a_state_without_metadata_takes_the_recipe_that_is_named(state, run) -> None:
    path, tensors = state
    code, _, error = run("import", path, "--out", path.with_name("x.onnx"))
    assert code == 2
    assert "does not say which network its weights belong to; say it with --recipe" in error
    assert run("import", path, "--recipe", "lenet50", "--out", path.with_name("x.onnx"))[0] == 0
    made = digitlab.load(path.with_name("x.onnx"))
    assert (made.name, made.manifest.recipe["title"]) == ("lenet50", "A small LeNet")
    image = np.zeros((1, 28, 28), np.uint8)
    features = made.features(image)
    expected = features @ tensors["stages.9.weight"].numpy().T + tensors["stages.9.bias"].numpy()
    np.testing.assert_allclose(made.logits(image), expected, atol=1e-4)


def test_a_state_of_another_recipe_is_told_leaf_by_leaf(state, tmp_path) -> None:
    with pytest.raises(
        ModelError, match=r'stages.0.weight, of "conv 32 3", is float32 \(10, 1, 5, 5\), not numbers of'
    ):
        import_model(state[0], recipe="conv3", out=tmp_path / "x.onnx")
    with pytest.raises(ModelError, match=r'stages.1.weight, of "dense 784", is missing'):
        import_model(state[0], recipe="dense784", out=tmp_path / "x.onnx")
    assert not (tmp_path / "x.onnx").exists()
