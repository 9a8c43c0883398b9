"""Recipes: pages of TOML that are checked before anything is trained."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digitlab.errors import RecipeError
from digitlab.recipes import Recipe, bundled_names

PAGE = """
layers = ["flatten", "dense 10"]
[training]
epochs = 2
"""


def parse(text: str) -> Recipe:
    return Recipe.parse(text.encode(), "mine", "my.toml")


@pytest.mark.parametrize("name", bundled_names())
def test_every_bundled_recipe_loads_and_survives_a_round_trip(name: str) -> None:
    recipe = Recipe.load(name)
    assert recipe.title
    assert recipe.description
    assert recipe.minutes > 0
    assert Recipe.from_dict(recipe.to_dict(), name) == recipe


@pytest.mark.parametrize("name", ["conv3", "dense784", "conv2-rotated", "vgg-bn", "lenet50"])
def test_the_classic_recipes_state_their_claim_and_what_was_left_open(name: str) -> None:
    recipe = Recipe.load(name)
    assert recipe.claim is not None
    assert recipe.claim.source
    assert recipe.choices


def test_a_file_of_ones_own_is_a_recipe_too(tmp_path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(PAGE)
    recipe = Recipe.load(file)
    assert (recipe.name, recipe.plan.epochs, recipe.parameters) == ("mine", 2, 7850)


def test_an_unknown_recipe_suggests_the_nearest() -> None:
    with pytest.raises(RecipeError, match="did you mean conv3"):
        Recipe.load("conv33")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("layers = [", ["my.toml", "not valid TOML"]),
        ("title = 'x'", ["needs a list named"]),
        ("layers = []", ["needs a list named"]),
        (PAGE + "learning_rat = 1", ["[training]", 'unknown key "learning_rat"', '"learning_rate"']),
        (PAGE + "learning_rate = -1.0", ["learning_rate = -1.0", "out of range"]),
        (PAGE + "learning_rate = 'fast'", ["must be a number"]),
        (PAGE + "learning_rate = nan", ["out of range"]),
        (PAGE + "batch_size = 1.5", ["must be a whole number"]),
        (PAGE + "batch_size = true", ["must be a whole number"]),
        (PAGE + "batch_size = 0", ["out of range"]),
        (PAGE + "optimizer = 'adm'", ["'adm'", "adam"]),
        ("layers = ['flatten', 'dense 10']\n[training]\nepochs = 0", ["trains nothing"]),
        ("layers = ['dense 10']", ["my.toml", 'put "flatten" before it']),
        ("layers = ['flatten', 'dense 10']\ntraning = 1", ['did you mean "training"']),
        ("layers = ['flatten', 'dense 10']\ntraining = 1", ["table of settings"]),
        ("layers = ['flatten', 'dense 10']\n[claim]\naccuracy = 98.0", ['"text" is missing']),
        ("layers = ['flatten', 'dense 10']\nminutes = 'few'", ["minutes"]),
        ("layers = ['flatten', 'dense 10']\nchoices = 3", ["[choices]"]),
    ],
)
def test_errors_name_the_file_the_key_and_the_fix(text: str, words: list[str]) -> None:
    with pytest.raises(RecipeError) as caught:
        parse(text)
    for word in words:
        assert word in str(caught.value)


@given(st.binary(max_size=200))
def test_no_bytes_raise_anything_but_a_recipe_error(content: bytes) -> None:
    with pytest.raises(RecipeError, match=r"my\.toml"):
        Recipe.parse(content, "mine", "my.toml")


def test_changes_leave_what_is_not_named() -> None:
    recipe = Recipe.load("conv3")
    changed = recipe.changed(epochs=3, batch_size=None, train_size=1000)
    assert (changed.plan.epochs, changed.plan.batch_size, changed.data.train_size) == (3, 128, 1000)
    with pytest.raises(RecipeError, match="out of range"):
        recipe.changed(batch_size=-5)


def test_a_short_training_settles_for_as_small_a_share_of_it() -> None:
    default = Recipe.load("default").changed(epochs=45, rounds=1, settle_epochs=5)
    assert default.changed(epochs=9).plan.settle_epochs == 1
    assert default.changed(epochs=4).plan.settle_epochs == 0
    assert default.changed(batch_size=64).plan.settle_epochs == 5
    assert default.changed(epochs=9, settle_epochs=3).plan.settle_epochs == 3
    assert default.changed(settle_epochs=3, epochs=9).plan.settle_epochs == 3
    assert Recipe.load("committee").changed(epochs=15).members[0].recipe.plan.settle_epochs == 1
    with pytest.raises(RecipeError, match="epochs"):
        default.changed(epochs=-5)


def test_a_short_training_has_fewer_rounds_as_long_as_they_were() -> None:
    whole = Recipe.load("default").changed(epochs=60, rounds=3, settle_epochs=4)
    plans = {epochs: whole.changed(epochs=epochs).plan for epochs in (5, 20, 40, 60, 120)}
    assert {epochs: (plan.rounds, plan.settle_epochs) for epochs, plan in plans.items()} == {
        5: (1, 1), 20: (1, 4), 40: (2, 4), 60: (3, 4), 120: (3, 8),
    }  # fmt: skip
    assert whole.changed(epochs=5, rounds=2).plan.rounds == 2


def test_the_digest_follows_the_training_and_nothing_else() -> None:
    recipe = Recipe.load("conv3")
    page = recipe.to_dict() | {"description": "in other words", "minutes": 99.0}
    assert Recipe.from_dict(page, "conv3").digest == recipe.digest
    assert recipe.changed(epochs=3).digest != recipe.digest


@pytest.mark.parametrize(
    ("data", "layers", "words"),
    [
        ({"name": "pages"}, ["flatten", "dense 11"], "say how many"),
        ({"name": "pages", "pieces": 100, "strokes": 100}, ["flatten", "dense 11"], "leave out strokes"),
        ({"pieces": 100}, ["flatten", "dense 10"], "dense 11"),
    ],
)
def test_pieces_of_pages_need_a_number_and_an_eleventh_answer(data, layers, words: str) -> None:
    with pytest.raises(RecipeError, match=words):
        Recipe.from_dict({"layers": layers, "data": data}, "mine")
