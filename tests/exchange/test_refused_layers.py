"""Architectures that can't be taken: the message names the layer and why, before Keras or weights are looked at."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digitlab.errors import ModelError
from digitlab.exchange.architecture import read_architecture
from digitlab.exchange.ways import walk

FILES = Path(__file__).parent / "files"
IMAGE = {"class_name": "InputLayer", "config": {"batch_shape": [None, 28, 28, 1], "name": "images"}}
FLAT = {"class_name": "Flatten", "config": {"name": "flat"}}
TEN = {"class_name": "Dense", "config": {"name": "ten", "units": 10, "activation": "softmax"}}


def sequential(*layers: dict | tuple[str, dict]) -> str:
    """JSON of a chain: an image, these layers, given as (class, settings) or whole."""
    made = [
        layer if isinstance(layer, dict) else {"class_name": layer[0], "config": {"name": "odd", **layer[1]}}
        for layer in layers
    ]
    return json.dumps({"class_name": "Sequential", "config": {"name": "mine", "layers": [IMAGE, *made]}})


def lines(text: str) -> list[str]:
    return [line.text for line in walk(read_architecture(text, "model.json"), "model.json")]


def conv(**settings) -> tuple[str, dict]:
    return "Conv2D", {"filters": 4, "kernel_size": [3, 3], **settings}


def test_what_has_no_bearing_on_the_answer_is_left_out() -> None:
    noise = [("GaussianNoise", {"stddev": 0.1, "seed": 3}), ("SpatialDropout2D", {"rate": 0.2})]
    settings = {"kernel_regularizer": {"class_name": "L2", "config": {"l2": 0.1}}, "groups": 1, "dilation_rate": [1, 1]}
    assert lines(sequential(*noise, conv(**settings), FLAT, TEN)) == ["conv 4 3", "flatten", "dense 10"]


@pytest.mark.parametrize(
    ("layers", "words"),
    [
        ([("Lambda", {"function": ["4wEAAAA=", None, None]})], ['layer 2 "odd" (Lambda) runs code', "refused"]),
        ([conv(activation={"class_name": "function", "config": "swish2", "module": "builtins"})], ["runs code"]),
        ([conv(kernel_initializer={"class_name": "__lambda__", "config": {}})], ["runs code"]),
        ([conv(activation={"module": "os", "class_name": "system", "config": "id"})], ["not Keras's own (os.system)"]),
        ([{"class_name": "Mine", "module": "mine", "config": {}, "registered_name": "Pack>Mine"}], ["(Pack>Mine)"]),
        ([{"class_name": "Mine", "module": "kerasx", "config": {}}], ["(kerasx.Mine)"]),
        ([("LSTM", {"units": 4})], ['layer 2 "odd" (LSTM)', "of a kind that no recogniser has", "Conv2D, Dense"]),
        ([conv(dilation_rate=[2, 2])], ['layer 2 "odd" (Conv2D)', "dilation_rate = [2, 2]", "only know 1"]),
        ([conv(groups=2)], ["groups = 2"]),
        ([conv(data_format="channels_first")], ["data_format = channels_first", "only know channels_last"]),
        ([conv(padding="causal")], ["padding = causal", "valid or same"]),
        ([conv(strides=[1, 2])], ["rows and columns differently"]),
        ([conv(kernel_size=[3, 5])], ["rows and columns differently"]),
        ([conv(kernel_size=[30, 30])], ["(28, 28, 1), which is too small"]),
        ([conv(filters=0)], ["filters = 0", "not a whole number from 1"]),
        ([conv(filters=True)], ["filters = True"]),
        ([conv(filters=1e9)], ["filters = 1000000000.0"]),
        ([conv(filters=10**9)], ["filters = 1000000000"]),
        ([conv(filters=10**6)], ["676,000,000 values an image"]),
        ([conv(activation="gelu")], ["activation gelu", "relu, tanh, sigmoid"]),
        ([conv(activation=["relu"])], ["activation ['relu']"]),
        ([conv(lora_rank=4)], ["lora_rank = 4", "do not know"]),
        ([("ZeroPadding2D", {"padding": 10**6}), conv()], ["values an image"]),
        ([("ZeroPadding2D", {"padding": [[1, 1], [1, 1]]}), FLAT], ["follows a ZeroPadding2D"]),
        ([("MaxPooling2D", {"pool_size": [3, 3], "padding": "same"})], ["pads its 28 x 28 pixels"]),
        ([("MaxPooling2D", {"pool_size": [2, 1]})], ["rows and columns differently"]),
        ([("BatchNormalization", {"axis": [1]})], ["axis = [1]"]),
        ([("BatchNormalization", {"epsilon": float("nan")})], ["epsilon = nan", "not a number"]),
        ([("ReLU", {"max_value": 6.0})], ["max_value = 6.0"]),
        ([("Reshape", {"target_shape": [14, 56]})], ["makes (14, 56) of (28, 28, 1)"]),
        ([("Reshape", {"target_shape": [5, -1]})], ["a shape of 784 values"]),
        ([("Dense", {"units": 10})], ["(28, 28, 1), which is not flat; put Flatten before it"]),
        ([FLAT, conv()], ["needs an image, but gets (784,)"]),
        ([TEN], ["put Flatten before it"]),
        ([FLAT, TEN, ("Dense", {"units": 10})], ["comes after the softmax"]),
        ([conv(activation="softmax")], ["softmax over (26, 26, 4)"]),
        ([FLAT, ("Dense", {"units": 26})], ["gives answers of shape (26,)", "gives ten"]),
        ([FLAT, ("Dense", {"units": 10, "activation": "sigmoid"})], ['ends in "sigmoid"', "Dense layer of ten"]),
        ([{"class_name": "Sequential", "config": {"layers": []}}], ["a model inside the model", "one chain"]),
        ([{"class_name": "Dense"}], ["layer 2 is no layer as Keras writes it"]),
        (["Dense"], ["layer 2 is no layer"]),
        ([conv()] * 400, ["401 layers"]),
    ],
)  # fmt: skip
def test_a_layer_that_cannot_be_taken_is_named_with_the_reason(layers, words) -> None:
    layers = [layer if isinstance(layer, tuple | dict) else {"oops": layer} for layer in layers]
    with pytest.raises(ModelError) as caught:
        lines(sequential(*layers))
    for word in ["model.json", *words]:
        assert word in str(caught.value)
    assert "\n" not in str(caught.value)


def test_names_from_a_file_cannot_draw_on_the_terminal() -> None:
    with pytest.raises(ModelError) as caught:
        lines(sequential(("\x1b[31mX\n" + "y" * 5000, {})))
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no Keras architecture"),
        ("[1, 2]", "no Keras architecture"),
        ('{"layers": []}', "no Keras architecture"),
        ("[" * 100_000, "no Keras architecture"),
        ('{"class_name": "Sequential", "config": {"layers": []}}', "0 layers"),
        ('{"class_name": "MyModel", "config": {"layers": [1]}}', "describes MyModel, of which only its own code knows"),
        ('{"class_name": "Sequential", "config": 3}', "only its own code"),
        (json.dumps({"class_name": "Sequential", "config": {"layers": [FLAT, TEN]}}), "what shape its images have"),
        (json.dumps({"class_name": "Sequential", "config": [IMAGE | {"config": {"batch_shape": [None, 32, 32, 3]}}]}),
         r"images of shape \(32, 32, 3\); a recogniser takes"),
    ],
)  # fmt: skip
def test_what_is_no_architecture_of_digits_is_told(text: str, words: str) -> None:
    with pytest.raises(ModelError, match=words):
        lines(text)


def test_a_layer_nested_without_end_is_refused() -> None:
    inner: dict = {}
    for _ in range(200):
        inner = {"config": inner}
    with pytest.raises(ModelError, match="nested deeper"):
        lines(sequential(conv(kernel_initializer=inner)))


@pytest.fixture
def graph() -> dict:
    """A Functional model's page that tf_keras wrote."""
    return json.loads((FILES / "functional.json").read_text())


def test_a_graph_that_is_a_chain_is_taken_in_its_own_order(graph) -> None:
    straight = lines(json.dumps(graph))
    shuffled = copy.deepcopy(graph)
    shuffled["config"]["layers"].reverse()
    assert lines(json.dumps(shuffled)) == straight
    assert straight[0] == "conv 4 4 pad 1 stride 2"


def test_branches_joins_and_shared_layers_are_named(graph) -> None:
    def with_nodes(index: int, nodes: list) -> str:
        page = copy.deepcopy(graph)
        page["config"]["layers"][index]["inbound_nodes"] = nodes
        return json.dumps(page)

    joined = [[["conv2d_2", 0, 0, {}], ["input_1", 0, 0, {}]]]
    for nodes, words in [
        (joined, r'layer 3 "re_lu" \(ReLU\) joins 2 branches'),
        ([[["input_1", 0, 0, {}]]], '"input_1" feeds two others'),
        ([[["conv2d_2", 0, 0, {}]], [["conv2d_2", 1, 0, {}]]], "is used 2 times"),
        ([[["dense_2", 0, 0, {}]]], "no chain from one image"),
        ([], "no chain from one image"),
    ]:
        with pytest.raises(ModelError, match=words):
            lines(with_nodes(2, nodes))


ODD = [None, True, -1, 0, 3.5, 1e308, float("nan"), 10**30, "x", "\x1b[2J", [], [None], [[1]], {}, {"class_name": "x"}]


def places(page: Any) -> list[tuple]:
    """The paths to every value inside a page of JSON."""
    found = [()]
    if isinstance(page, dict | list):
        for key, value in page.items() if isinstance(page, dict) else enumerate(page):
            found += [(key, *rest) for rest in places(value)]
    return found


@pytest.mark.parametrize("name", ["functional", "sequential", "rescaled"])
@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_whatever_stands_at_any_place_is_taken_or_refused_in_a_sentence(name: str, data) -> None:
    page = json.loads((FILES / f"{name}.json").read_text())
    path = data.draw(st.sampled_from(places(page)[1:]))
    inner = page
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = data.draw(st.sampled_from(ODD))
    told = ""
    try:
        taken = lines(json.dumps(page))
    except ModelError as error:
        taken, told = ["dense 10"], str(error)
    assert taken[-1].startswith("dense 10")
    assert told.isprintable()
    assert len(told) < 700
