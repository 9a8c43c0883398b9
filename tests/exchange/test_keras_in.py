"""Models of Keras 3 and Keras 2 become recognisers that say what Keras says."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

import digitlab
from digitlab.errors import ModelError
from digitlab.exchange import export_model, import_model

FILES = Path(__file__).parent / "files"


def softmax(logits: np.ndarray) -> np.ndarray:
    shares = np.exp(logits - logits.max(axis=1, keepdims=True))
    return shares / shares.sum(axis=1, keepdims=True)


def answers_of_keras2(name: str) -> np.ndarray:
    """What tf_keras said of the images; two of the networks end in logits."""
    answers = np.load(FILES / f"{name}.npy")
    return softmax(answers) if name in ("rescaled",) else answers


@pytest.mark.parametrize("name", ["sequential", "functional", "flat", "rescaled"])
def test_architecture_and_weights_that_keras_2_wrote(name, keras, images, tmp_path) -> None:
    path = import_model(FILES / f"{name}.json", FILES / f"{name}_weights.h5", out=tmp_path / "x.onnx")
    recognizer = digitlab.load(path)
    np.testing.assert_allclose(recognizer.predict_proba(images), answers_of_keras2(name), atol=1e-5)
    assert recognizer.name == name
    assert recognizer.manifest.temperature == 1
    assert f"{name}.json" in recognizer.manifest.training["origin"]
    assert str(FILES) not in recognizer.manifest.to_json()


@pytest.mark.parametrize("ending", ["h5", "keras"])
@pytest.mark.parametrize("name", ["sequential", "functional"])
def test_whole_models_that_keras_2_wrote(name, ending, keras, images) -> None:
    recognizer = digitlab.load(FILES / f"{name}_model.{ending}")
    np.testing.assert_allclose(recognizer.predict_proba(images), answers_of_keras2(name), atol=1e-5)


def test_layers_as_a_bare_list_as_early_keras_2_wrote_them(keras, images, tmp_path) -> None:
    page = json.loads((FILES / "sequential.json").read_text())
    layers = [layer for layer in page["config"]["layers"] if layer["class_name"] != "InputLayer"]
    assert "batch_input_shape" in layers[0]["config"]
    (tmp_path / "model_architecture.json").write_text(json.dumps(page | {"config": layers}))
    shutil.copy(FILES / "sequential_weights.h5", tmp_path / "model.h5")
    recognizer = digitlab.load(tmp_path / "model_architecture.json")
    np.testing.assert_allclose(recognizer.predict_proba(images), answers_of_keras2("sequential"), atol=1e-5)


def test_layers_of_one_name_keep_their_own_weights(keras, images, tmp_path) -> None:
    page = json.loads((FILES / "sequential.json").read_text())
    for layer in page["config"]["layers"]:
        layer["config"]["name"] = "same"
    (tmp_path / "x.json").write_text(json.dumps(page))
    recognizer = digitlab.load(
        import_model(tmp_path / "x.json", FILES / "sequential_weights.h5", out=tmp_path / "x.onnx")
    )
    np.testing.assert_allclose(recognizer.predict_proba(images), answers_of_keras2("sequential"), atol=1e-5)


def layered(keras, *layers, shape=(28, 28, 1)):
    """A Keras 3 model with random weights and running statistics."""
    model = keras.Sequential([keras.Input(shape), *layers])
    rng = np.random.default_rng(0)
    for layer in model.layers:
        weights = [rng.normal(0, 0.3, weight.shape) for weight in layer.get_weights()]
        if isinstance(layer, keras.layers.BatchNormalization):
            weights[-1] = rng.uniform(0.5, 2, weights[-1].shape)
        if not isinstance(layer, keras.layers.Dropout | keras.layers.GaussianNoise):  # which keep a seed
            layer.set_weights(weights)
    return model


def test_every_kind_of_layer_says_what_keras_says(keras, images, tmp_path) -> None:
    k = keras.layers
    model = layered(
        keras, k.Reshape((28, 28)), k.GaussianNoise(0.1), k.Reshape((28, 28, 1)), k.Rescaling(2.0, offset=-0.5),
        k.ZeroPadding2D(((2, 0), (2, 0))), k.Conv2D(4, 3, padding="same"), k.BatchNormalization(epsilon=1e-6),
        k.Activation("tanh"), k.MaxPooling2D(3, strides=2), k.Conv2D(5, 2, padding="same", activation="sigmoid"),
        k.AveragePooling2D(2, padding="same"), k.ReLU(), k.Dropout(0.3), k.SpatialDropout2D(0.2),
        k.Conv2D(6, 3, activation=k.ReLU()), k.Flatten(), k.BatchNormalization(center=False),
        k.Dense(7, use_bias=False), k.Activation("relu"), k.Reshape((-1,)), k.Dense(10), k.Softmax(), k.Dropout(0.1),
        shape=(28, 28),
    )  # fmt: skip
    path = tmp_path / "model.keras"
    model.save(path)
    expected = np.asarray(model.predict(images / np.float32(255), verbose=0))
    np.testing.assert_allclose(digitlab.load(path).predict_proba(images), expected, atol=1e-5)


@pytest.mark.parametrize("kernel", [2, 3, 5])
@pytest.mark.parametrize("stride", [1, 2, 3])
def test_padding_that_keras_calls_same_is_exact_at_every_stride(kernel, stride, keras, images, tmp_path) -> None:
    k = keras.layers
    model = layered(
        keras,
        k.Conv2D(3, kernel, strides=stride, padding="same", activation="relu"),
        k.GlobalMaxPooling2D(),
        k.Dense(10, activation="softmax"),
    )
    path = tmp_path / "model.keras"
    model.save(path)
    expected = np.asarray(model.predict(images[..., None] / np.float32(255), verbose=0))
    np.testing.assert_allclose(digitlab.load(path).predict_proba(images), expected, atol=1e-5)


@pytest.mark.parametrize("scaled", [True, False])
def test_a_first_rescaling_of_bytes_means_images_of_bytes(scaled, keras, images, tmp_path) -> None:
    k = keras.layers
    first = [k.Rescaling(1 / 255)] if scaled else []
    model = layered(keras, *first, k.Flatten(), k.Dense(10, activation="softmax"))
    path = tmp_path / "model.keras"
    model.save(path)
    full = 255.0 if scaled else 1.0
    expected = np.asarray(model.predict(images[..., None] * np.float32(full / 255), verbose=0))
    recognizer = digitlab.load(path)
    np.testing.assert_allclose(recognizer.predict_proba(images), expected, atol=1e-5)
    assert recognizer.manifest.recipe["layers"] == ["flatten", "dense 10"]


@pytest.mark.parametrize("ending", ["weights.h5", "h5", "keras"])
@pytest.mark.parametrize("graph", [True, False])
def test_all_files_that_keras_3_writes(ending, graph, keras, images, tmp_path) -> None:
    k = keras.layers
    model = layered(keras, k.Conv2D(3, 5, strides=3), k.BatchNormalization(), k.Flatten(), k.Dense(10), k.Softmax())
    if graph:
        model = keras.Model(model.inputs, model.outputs)
    model.compile("adam", "categorical_crossentropy")
    expected = np.asarray(model.predict(images[..., None] / np.float32(255), verbose=0))
    if ending == "weights.h5":
        (tmp_path / "mine.json").write_text(model.to_json())
        model.save_weights(tmp_path / "mine.weights.h5")
        path = tmp_path / "mine.json"
    else:
        path = tmp_path / f"mine.{ending}"
        model.save(path)
    np.testing.assert_allclose(digitlab.load(path).predict_proba(images), expected, atol=1e-5)


@pytest.mark.parametrize("recipe", ["lenet50", "vgg-bn"])
def test_there_and_back_again_gives_the_same_layers_and_probabilities(recipe, make, keras, images, tmp_path) -> None:
    recognizer = make(recipe)
    architecture, _ = export_model(recognizer, "keras-json", tmp_path)
    again = digitlab.load(import_model(architecture, out=tmp_path / "again.onnx"))
    assert again.name == recipe
    assert again.manifest.recipe["layers"] == recognizer.manifest.recipe["layers"]
    np.testing.assert_allclose(again.predict_proba(images), recognizer.predict_proba(images), atol=1e-5)


def test_weights_of_another_model_are_told(keras, tmp_path) -> None:
    with pytest.raises(ModelError, match=r"the weights do not belong to this architecture.*two files of one model"):
        import_model(FILES / "sequential.json", FILES / "flat_weights.h5", out=tmp_path / "x.onnx")
    assert not list(tmp_path.iterdir())


def test_a_name_of_ones_own(keras, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = import_model(FILES / "flat.json", FILES / "flat_weights.h5", name="../mine\n of 1998")
    assert path == Path("_mine_of_1998.onnx")
    assert digitlab.load(path).name == "../mine of 1998"
