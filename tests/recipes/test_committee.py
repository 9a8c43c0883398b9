"""Committees as recipes: their members, the digits they share, and errors that name the member and the fix."""

import pytest

from digitlab.errors import RecipeError
from digitlab.recipes import Recipe, to_toml

PAGE = """
members = ["conv3", "conv3 1", "vgg-bn 2", "mine.toml"]
[data]
train_size = 500
"""


@pytest.fixture
def file(tmp_path):
    (tmp_path / "mine.toml").write_text('layers = ["flatten", "dense 10"]\n[training]\nepochs = 3\n')
    (tmp_path / "all.toml").write_text(PAGE)
    return tmp_path / "all.toml"


def test_members_are_recipes_with_seeds_and_share_their_digits(file) -> None:
    committee = Recipe.load(file)
    assert [(m.recipe.name, m.seed) for m in committee.members] == [
        ("conv3", 0), ("conv3", 1), ("vgg-bn", 2), ("mine", 0),
    ]  # fmt: skip
    assert {(m.recipe.data.split, m.recipe.data.train_size) for m in committee.members} == {("standard", 500)}
    assert committee.members[2].recipe.lines == Recipe.load("vgg-bn").lines
    assert committee.parameters == 2 * 93_962 + 408_522 + 7_850
    assert committee.plan.epochs == 12 + 12 + 10 + 3
    assert not committee.can_reject


def test_changes_hold_for_all_members(file) -> None:
    changed = Recipe.load(file).changed(epochs=2, train_size=100, name="strokes")
    assert {m.recipe.plan.epochs for m in changed.members} == {2}
    assert {(m.recipe.data.name, m.recipe.data.train_size) for m in changed.members} == {("strokes", 100)}
    assert changed.plan.epochs == 8


def test_a_committee_survives_a_round_trip_without_its_files(file) -> None:
    committee = Recipe.load(file)
    for member in ("mine.toml", "all.toml"):
        (file.parent / member).unlink()
    assert Recipe.from_dict(committee.to_dict(), "all") == committee
    assert Recipe.parse(to_toml(committee).encode(), "all", "all") == committee


def test_the_digest_follows_members_and_seeds(file) -> None:
    committee = Recipe.load(file)
    file.write_text(PAGE.replace("conv3 1", "conv3 2"))
    assert Recipe.load(file).digest != committee.digest
    assert committee.changed(epochs=1).digest != committee.digest


def test_a_model_of_someone_else_opens_no_files(file) -> None:
    with pytest.raises(RecipeError, match="cannot be named here"):
        Recipe.from_dict({"members": ["conv3", str(file.parent / "mine.toml")]}, "foreign")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('members = "conv3"', ["a list of 2 to 64"]),
        ('members = ["conv3"]', ["a list of 2 to 64"]),
        ('members = ["conv3", "conv33"]', ["member 2", "did you mean conv3"]),
        ('members = ["conv3", "conv3 x"]', ["member 2", "'conv3 x'", '"conv3 1"']),
        ('members = ["conv3", "conv3 1000"]', ["member 2", "0 to 999"]),
        (f'members = ["conv3", "conv3 {"9" * 5000}"]', ["member 2", "not understood"]),
        ('members = ["conv3", 3]', ["member 2", "not understood"]),
        ('members = ["conv3", "vgg-bn", "conv3 0"]', ["member 3 is the same as member 1", "another seed"]),
        ('members = ["conv3", "reader"]', ["member 2", "judge of pieces"]),
        ('members = ["conv3", "committee"]', ["member 2", "is a committee itself"]),
        ('members = ["conv3", {name = "x", members = ["conv3", {name = "y", members = []}]}]', ["x is a committee"]),
        ('members = ["conv3", "mine.toml"]', ["member 2", "is a committee itself"]),
        ('members = ["conv3", "gone.toml"]', ["member 2", "cannot read recipe"]),
        ('members = ["conv3", {name = "../x", layers = ["flatten", "dense 10"]}]', ["member 2", "without slashes"]),
        ('members = ["conv3", {name = "x", layers = ["dense 10"]}]', ["member 2, x", 'put "flatten" before it']),
        ('members = ["conv3", "conv3 1"]\nlayers = ["flatten", "dense 10"]', ['"layers" of their own']),
        ('members = ["conv3", "conv3 1"]\n[training]\nepochs = 2', ['"training" of their own']),
        ('members = ["conv3", "conv3 1"]\n[data]\nstrokes = 5', ["name, split and train_size"]),
    ],
)
def test_errors_name_the_member_and_the_fix(tmp_path, text: str, words: list[str]) -> None:
    (tmp_path / "mine.toml").write_text(text)
    with pytest.raises(RecipeError) as caught:
        Recipe.load(tmp_path / "mine.toml")
    for word in ["mine.toml", *words]:
        assert word in str(caught.value)
