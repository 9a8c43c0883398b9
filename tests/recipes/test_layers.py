"""The layer language: shapes, counts, its page, and errors that name the fix."""

import re
from pathlib import Path

import pytest

from digitlab.errors import RecipeError
from digitlab.recipes import USAGE, Recipe, bundled_names, count_multiplications, count_parameters, read_layers, table

SHAPES = {
    "conv3": [
        (32, 26, 26), (32, 13, 13), (64, 11, 11), (64, 5, 5), (128, 3, 3), (128, 1, 1), (128,), (128,), (128,), (10,),
    ],
    "lenet50": [(10, 26, 26), (10, 13, 13), (20, 11, 11), (20, 5, 5), (500,), (50,), (10,)],
}  # fmt: skip


@pytest.mark.parametrize(
    ("recipe", "parameters"),
    [("conv3", 93_962), ("dense784", 623_290), ("lenet50", 30_840), ("lenet50-one-conv", 85_320)],
)
def test_the_classic_networks_have_their_published_number_of_parameters(recipe: str, parameters: int) -> None:
    assert Recipe.load(recipe).parameters == parameters


@pytest.mark.parametrize("recipe", SHAPES)
def test_the_classic_networks_have_their_published_shapes(recipe: str) -> None:
    shapes = [layer.output_shape for layer in Recipe.load(recipe).layers if layer.kind != "relu"]
    assert shapes == SHAPES[recipe]


def test_the_table_reads_as_keras_prints_it() -> None:
    rows = table(Recipe.load("conv3").layers)
    assert rows[0] == ("conv 32 3, relu", "(26, 26, 32)", 320)
    assert rows[-1] == ("dense 10", "(10,)", 1290)
    assert [count for _, _, count in rows if count] == [320, 18_496, 73_856, 1_290]


def test_pools_move_by_their_own_size_or_by_the_stride_that_is_named() -> None:
    layers = read_layers(
        ["maxpool 3", "avgpool 3 stride 2", "maxpool 2 stride 1", "tanh", "flatten", "sigmoid", "dense 10"]
    )
    assert [layer.output_shape for layer in layers[:3]] == [(1, 9, 9), (1, 4, 4), (1, 3, 3)]
    assert [name for name, _, _ in table(layers)][2:4] == ["maxpool 2 stride 1, tanh", "flatten, sigmoid"]


def test_multiply_adds_are_those_of_convolutions_and_dense_layers() -> None:
    layers = read_layers(["conv 2 3", "maxpool 2", "flatten", "dense 10"])
    assert count_multiplications(layers) == 2 * 26 * 26 * 9 + 2 * 13 * 13 * 10


def test_shared_weights_count_once_and_their_work_each_time() -> None:
    layers = read_layers(["repeat 3 [", "conv 1 3 same nobias", "]", "flatten", "dense 10"])
    assert count_parameters(layers) == 9 + 7850
    assert count_multiplications(layers) == 3 * 784 * 9 + 7840


def test_a_depthwise_convolution_has_one_filter_a_channel() -> None:
    layers = read_layers(["conv 8 3", "depthwise 5 pad 1 stride 2", "globalpool both", "dense 10"])
    assert (layers[1].output_shape, layers[1].parameters) == ((8, 12, 12), 8 * 26)
    assert layers[2].output_shape == (16,)
    assert count_multiplications(layers) == 8 * 26 * 26 * 9 + 8 * 12 * 12 * 25 + 160


def test_squeeze_and_excite_is_two_dense_layers() -> None:
    layer = read_layers(["conv 8 3", "se 4", "flatten", "dense 10"])[1]
    assert (layer.size, layer.parameters) == (2, 8 * 2 + 2 + 2 * 8 + 8)


def test_the_table_shows_what_lies_in_a_block() -> None:
    lines = ["conv 4 3", "residual [", "relu", "conv 4 3 same", "shortcut", "se 2", "]", "relu", "flatten", "dense 10"]
    names = [name for name, _, _ in table(read_layers(lines))]
    assert names[1:6] == ["residual [", "  relu", "  conv 4 3 same", "shortcut", "  se 2"]
    assert names[6:] == ["], relu", "flatten", "dense 10"]


@pytest.mark.parametrize("name", bundled_names())
def test_counts_are_those_of_the_torch_module(name: str) -> None:
    networks = pytest.importorskip("digitlab.networks")
    recipe = Recipe.load(name)
    networks_of = [member.recipe.layers for member in recipe.members] or [recipe.layers]
    state = [entry for layers in networks_of for entry in networks.Network(layers).state_dict().items()]
    assert sum(value.numel() for key, value in state if not key.endswith("num_batches_tracked")) == recipe.parameters


@pytest.mark.parametrize("answers", [10, 11, 13])
def test_a_network_gives_ten_answers_and_perhaps_what_is_no_digit(answers: int) -> None:
    assert read_layers(["flatten", f"dense {answers}"])[-1].output_shape == (answers,)


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (["conv 8 3", "dense 10"], ['layer 2 "dense 10"', "flat", "(8, 26, 26)", 'put "flatten" before it']),
        (["flatten", "conv 8 3"], ["layer 2", "(784,)", 'before "flatten"']),
        (["conv 8 3", "maxpol 2"], ['unknown layer "maxpol"', 'did you mean "maxpool"']),
        (["conv 8"], ["conv FILTERS KERNEL"]),
        (["conv 8 x"], ["conv FILTERS KERNEL"]),
        (["conv -8 3"], ["above zero"]),
        (["conv 8 3 pad -1"], ["conv FILTERS KERNEL"]),
        (["maxpool 2 pad 1"], ["maxpool SIZE [stride S]"]),
        (["maxpool 2 stride 0"], ["maxpool SIZE [stride S]"]),
        (["dense 8 stride 2"], ["dense UNITS"]),
        (["conv 8 3 sideways"], ["conv FILTERS KERNEL"]),
        (["conv 8 31"], ["(1, 28, 28)", "too small"]),
        (["flatten", "dropout 1.5", "dense 10"], ["dropout rate", "below 1"]),
        (["flatten", "dropout nan", "dense 10"], ["dropout rate"]),
        (["flatten", "dense 12"], ["(12,)", 'end the list with "dense 10"', '"dense 11"', '"dense 13"']),
        (["flatten", "dense 14"], ["(14,)", 'end the list with "dense 10"']),
        (["flatten", "dense 10", "softmax"], ["leave the softmax out"]),
        (["flatten", "dense 10", "relu"], ['end it with "dense 10"']),
        ([""], ["unknown layer"]),
        ([3], ["a layer is a line of text"]),
        (["depthwise 3 3"], ["depthwise KERNEL"]),
        (["depthwise 2 same"], ["depthwise KERNEL"]),
        (["globalpool mean"], ["globalpool [max | both]"]),
        (["flatten", "se 4"], ["layer 2", "(784,)", 'before "flatten"']),
        (["se"], ["se RATIO"]),
        (["residual"], ['write it as "residual ["']),
        (["residual [", "conv 8 3", "relu"], ['layer 1 "residual ["', "never closed", 'put "]"']),
        (["residual [", "]"], ['layer 2 "]"', 'right after "residual ["', "put layers between"]),
        (["residual [", "relu", "shortcut", "]"], ['layer 4 "]"', 'right after "shortcut"']),
        (["relu", "]"], ['layer 2 "]"', "none is open"]),
        (["relu", "shortcut"], ['layer 2 "shortcut"', "none is open"]),
        (["repeat 2 [", "relu", "shortcut"], ["parts a residual block", '"repeat 2 ["']),
        (["residual [", "relu", "shortcut", "relu", "shortcut"], ["layer 5", "parts a residual block"]),
        (["residual [", "conv 8 3", "]"], ["(8, 26, 26)", "(1, 28, 28)", 'put "shortcut"']),
        (["residual [", "conv 8 3", "shortcut", "conv 9 3", "]"], ["(8, 26, 26)", "(9, 26, 26)", "make them alike"]),
        (["repeat 2 [", "maxpool 2", "]"], ["(1, 14, 14)", "(1, 28, 28)", "cannot go round again"]),
        (["repeat 0 [", "relu", "]"], ["repeat TIMES ["]),
        (["repeat 2", "relu", "]"], ["repeat TIMES ["]),
        (["repeat 8 [", "repeat 8 [", "relu"], ["layer 2", "pass 64 times", "up to 32"]),
        (["residual ["] * 5, ["layer 5", "lies in 4 blocks", "close one"]),
        (["flatten", "residual [", "dense 784", "]"], ["(784,), not ten logits"]),
        (["flatten", "dense 10", "residual [", "relu", "]"], ['ends in "]"']),
    ],
)
def test_errors_name_the_layer_and_the_fix(lines: list[str], words: list[str]) -> None:
    with pytest.raises(RecipeError) as caught:
        read_layers(lines, "recipe mine")
    for word in ["recipe mine", *words]:
        assert word in str(caught.value)


PAGE = Path(__file__).parents[2] / "docs" / "layers.md"


def test_the_page_lists_every_layer_as_it_is_written() -> None:
    rows = re.findall(r"^\| `([^`]+)` \|.*\| `([^`]+)` \|$", PAGE.read_text().replace("\\|", "|"), re.MULTILINE)
    assert [usage for usage, _ in rows] == list(USAGE.values())
    for usage, example in rows:
        assert example.split()[0] == usage.split()[0]


def test_the_networks_on_the_page_are_networks() -> None:
    lists = re.findall(r"^    layers = (\[.*?^    \])$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    assert lists
    for text in lists:
        Recipe.parse(f"layers = {text}".encode(), "page", "docs/layers.md")


def test_a_crop_takes_the_middle_and_costs_nothing() -> None:
    layers = read_layers(["crop 24", "conv 16 5 whitened", "flatten", "dense 10"])
    assert [layer.output_shape for layer in layers[:2]] == [(1, 24, 24), (16, 20, 20)]
    assert [layer.parameters for layer in layers[:2]] == [0, 16 * 26]


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (["crop 29", "flatten", "dense 10"], ["layer 1", "use 28 or less"]),
        (["flatten", "crop 5", "dense 10"], ["layer 2", 'before "flatten"']),
        (["relu", "conv 8 3 whitened", "flatten", "dense 10"], ["layer 2", "put it first"]),
        (["conv 7 3 whitened", "flatten", "dense 10"], ["layer 1", "even number up to 18"]),
        (["conv 20 3 whitened", "flatten", "dense 10"], ["layer 1", "even number up to 18"]),
        (["conv 8 3 whitened nobias", "flatten", "dense 10"], ["layer 1", 'no "nobias"']),
        (["conv 8 3 pad 1 whitened", "flatten", "dense 10 whitened"], ["layer 3", "dense UNITS [nobias]"]),
    ],
)
def test_errors_about_crops_and_whitened_filters_name_the_fix(lines: list[str], words: list[str]) -> None:
    with pytest.raises(RecipeError) as caught:
        read_layers(lines)
    for word in words:
        assert word in str(caught.value)
