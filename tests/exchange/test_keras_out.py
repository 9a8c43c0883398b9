"""What Keras itself says of our files: the same summary, the same probabilities."""

import json
import os

import numpy as np
import pytest

from digitlab import data
from digitlab.errors import ModelError, OutputError, UsageError
from digitlab.exchange import export_model
from digitlab.recipes import Recipe, table

CLASSICS = ["conv3", "dense784", "conv2-rotated", "vgg-bn", "lenet50"]
OTHERS = [
    ["conv 6 3 same", "tanh", "avgpool 2", "conv 8 4 pad 2 stride 2 nobias", "batchnorm", "globalpool", "dense 10"],
    ["conv 5 3", "relu", "maxpool 3 stride 2", "flatten", "batchnorm", "sigmoid", "dense 7 nobias", "batchnorm",
     "dense 10"],
    ["flatten", "dense 10 nobias"],
]  # fmt: skip


def shown_to(model, images: np.ndarray) -> np.ndarray:
    """What a Keras model says of images, (N, 10)."""
    return np.asarray(model.predict(images[..., None] / np.float32(255), verbose=0))


@pytest.mark.parametrize("recipe", CLASSICS)
def test_a_classic_opened_in_keras_prints_the_recipes_summary(recipe, make, keras, images, tmp_path) -> None:
    recognizer = make(recipe)
    (path,) = export_model(recognizer, "keras", tmp_path / "model.keras")
    model = keras.models.load_model(path)
    rows = [
        (layer.output.shape[1:], layer.count_params())
        for layer in model.layers
        if not isinstance(layer, keras.layers.ZeroPadding2D)  # which is a word of "conv" in the recipe
    ]
    shapes = [f"({', '.join(map(str, shape))}{',' if len(shape) == 1 else ''})" for shape, _ in rows]
    assert list(zip(shapes, [count for _, count in rows], strict=True)) == [
        (shape, count) for _, shape, count in table(Recipe.load(recipe).layers)
    ]
    assert model.name == recipe
    np.testing.assert_allclose(shown_to(model, images), recognizer.predict_proba(images), atol=1e-5)


@pytest.mark.parametrize("recipe", [*OTHERS, "default"])
def test_architecture_and_weights_opened_in_keras_give_the_same_probabilities(
    recipe, make, keras, images, tmp_path
) -> None:
    recognizer = make(recipe, temperature=0.7)
    architecture, weights = export_model(recognizer, "keras-json", tmp_path / "new" / "folder")
    assert (architecture.name, weights.name) == ("model_architecture.json", "model.weights.h5")
    model = keras.models.model_from_json(architecture.read_text())
    model.load_weights(weights)
    probabilities = shown_to(model, images)
    np.testing.assert_allclose(probabilities, recognizer.predict_proba(images), atol=1e-5)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-5)


@pytest.mark.skipif("DIGITLAB_DATA" not in os.environ, reason="needs MNIST in $DIGITLAB_DATA")
def test_the_bundled_recogniser_gives_keras_its_probabilities_on_mnist(keras, tmp_path) -> None:
    import digitlab

    digits = data.load("mnist").test.images[:200]
    (path,) = export_model("default", "keras", tmp_path / "default.keras")
    expected = digitlab.load("default").predict_proba(digits)
    np.testing.assert_allclose(shown_to(keras.models.load_model(path), digits), expected, atol=1e-5)


def test_the_architecture_may_be_named_and_its_weights_lie_beside_it(make, keras, tmp_path) -> None:
    made = export_model(make(OTHERS[2]), "keras-json", tmp_path / "mine_architecture.json")
    assert [path.name for path in made] == ["mine_architecture.json", "mine.weights.h5"]
    assert json.loads(made[0].read_text())["class_name"] == "Sequential"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine.weights.h5", "mine_architecture.json"]


def test_onnx_is_the_recognisers_own_file(make, tmp_path) -> None:
    recognizer = make(OTHERS[2])
    (path,) = export_model(recognizer, "onnx", tmp_path / "x.onnx")
    assert path.read_bytes() == recognizer.content


def test_a_judge_of_pieces_is_no_keras_model_of_ten_answers(keras, tmp_path) -> None:
    with pytest.raises(ModelError, match=r"judge of pieces.*--to onnx"):
        export_model("reader", "keras", tmp_path / "x.keras")
    assert not list(tmp_path.iterdir())


def test_a_file_whose_graph_is_not_its_recipe_is_not_exported(make, tmp_path) -> None:
    import onnx

    from digitlab.recognizer import Recognizer

    model = onnx.load_model_from_string(make(["flatten", "dense 12", "relu", "dense 10"]).content)
    next(node for node in model.graph.node if node.op_type == "Relu").op_type = "Tanh"
    with pytest.raises(ModelError, match="something else than its recipe says"):
        export_model(Recognizer(model.SerializeToString()), "safetensors", tmp_path / "x.safetensors")


def test_weights_of_other_shapes_than_the_recipes_are_named(make, tmp_path) -> None:
    recipe = Recipe("x", ("flatten", "dense 12", "relu", "dense 10")).to_dict()
    with pytest.raises(ModelError, match=r'stages.1.weight, of "dense 12", is float32 \(10, 784\), not'):
        export_model(make(OTHERS[2], recipe=recipe), "safetensors", tmp_path / "x.safetensors")


@pytest.mark.parametrize(
    ("to", "out", "error", "words"),
    [
        ("tflite", "x", UsageError, "there is no format 'tflite'; choose one of keras-json"),
        ("keras", "x.h5", UsageError, "does not end in .keras"),
        ("onnx", "x.keras", UsageError, "does not end in .onnx"),
        ("keras", "folder.keras", OutputError, "is a folder; name a file"),
        ("keras-json", "x.h5", UsageError, "neither a folder nor ends in .json"),
    ],
)
def test_places_that_make_no_sense_are_told_before_anything_is_made(to, out, error, words, tmp_path) -> None:
    (tmp_path / "folder.keras").mkdir()
    with pytest.raises(error, match=words):
        export_model("default", to, tmp_path / out)
    assert [path.name for path in tmp_path.iterdir()] == ["folder.keras"]
