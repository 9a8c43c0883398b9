"""The layer language: shapes, counts, and errors that name the fix."""

import pytest

from digitlab.errors import RecipeError
from digitlab.recipes import Recipe, bundled_names, count_multiplications, count_parameters, read_layers, table

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


@pytest.mark.parametrize("name", bundled_names())
def test_counts_are_those_of_the_torch_module(name: str) -> None:
    networks = pytest.importorskip("digitlab.networks")
    layers = Recipe.load(name).layers
    state = networks.Network(layers).state_dict()
    assert sum(v.numel() for k, v in state.items() if not k.endswith("num_batches_tracked")) == count_parameters(layers)


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
    ],
)
def test_errors_name_the_layer_and_the_fix(lines: list[str], words: list[str]) -> None:
    with pytest.raises(RecipeError) as caught:
        read_layers(lines, "recipe mine")
    for word in ["recipe mine", *words]:
        assert word in str(caught.value)
