"""A recipe that is written as TOML is read as the same recipe."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digitlab.recipes import Recipe, bundled_names, to_toml


@pytest.mark.parametrize("name", bundled_names())
def test_every_bundled_recipe_comes_back(name) -> None:
    recipe = Recipe.load(name)
    assert Recipe.parse(to_toml(recipe).encode(), name, name) == recipe


def test_what_is_at_its_default_is_left_out() -> None:
    recipe = Recipe("small", ("flatten", "dense 10"))
    assert to_toml(recipe) == 'layers = [\n  "flatten",\n  "dense 10",\n]\n'


@given(
    title=st.text(), description=st.text(), choices=st.dictionaries(st.text(), st.text(), max_size=3),
    name=st.text(min_size=1).filter(lambda name: name != "pages"),
)  # fmt: skip
def test_any_text_comes_back(title, description, choices, name) -> None:
    recipe = Recipe("small", ("flatten", "dense 10"), title, description.strip(), choices=choices)
    recipe = dataclasses.replace(recipe, data=dataclasses.replace(recipe.data, name=name))
    assert Recipe.parse(to_toml(recipe).encode(), "small", "small") == recipe
