"""Committees: several networks that answer together, each with a recipe and a seed of its own.

    members = ["best", "best 1", "vgg-bn 2", "mine.toml"]     # a recipe's name or file, and its seed, 0 by default

Which digits they learn from is the committee's business: its [data] name, split and train_size hold for all members, so
that none has learned from what another is judged by.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from digitlab.errors import RecipeError

if TYPE_CHECKING:
    from digitlab.recipes.recipe import Recipe
    from digitlab.recipes.settings import Source

MOST = 64  # members
APART = 1000  # by so much the seeds of members differ from one of the committee's own seeds to the next


@dataclass(frozen=True)
class Member:
    """One of a committee's networks: how it is trained, and its seed beside the committee's own."""

    recipe: Recipe
    seed: int = 0

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, of which `read_members` makes the same member."""
        return {"name": self.recipe.name, "seed": self.seed, **self.recipe.to_dict()}


def read_members(entries: Any, source: Source, where: str, folder: Path | None) -> tuple[Member, ...]:
    """Return the members that a page names.

    Args:
        entries: of the page: texts as above, or tables with name, seed and the recipe's own keys.
        source: of the committee; which digits all learn from.
        where: what to call the page in errors.
        folder: in which files are looked for; None where no file may be named, as in a model of someone else's.

    Raises:
        RecipeError: a member cannot be; names it and the fix.
    """
    if not isinstance(entries, list) or not 2 <= len(entries) <= MOST:
        raise RecipeError(
            f'{where}: members is a list of 2 to {MOST} recipes with their seeds, like ["conv3", "conv3 1"]'
        )
    members: list[Member] = []
    for number, entry in enumerate(entries, 1):
        here = f"{where}: member {number}"
        member = _read(entry, here, folder)
        if member.recipe.data.channels != 1:
            raise RecipeError(f"{here}: {member.recipe.name} trains a judge of pieces, which reads no single digits")
        recipe = member.recipe.changed(name=source.name, split=source.split, train_size=source.train_size)
        member = Member(recipe, member.seed)
        if member in members:
            first = members.index(member) + 1
            raise RecipeError(f"{here} is the same as member {first}; give it another seed")
        members.append(member)
    return tuple(members)


def _read(entry: Any, here: str, folder: Path | None) -> Member:
    from digitlab.recipes.recipe import Recipe

    if isinstance(entry, dict):
        page = dict(entry)
        name, seed = page.pop("name", ""), page.pop("seed", 0)
        # A name becomes a part of its run's folder.
        named = isinstance(name, str) and name not in ("", ".", "..") and not set(name) & set("/\\\0")
        if not named or type(seed) is not int or not 0 <= seed < APART:
            raise RecipeError(
                f"{here}: a member's table needs a name without slashes, and a seed from 0 to {APART - 1}"
            )
        if "members" in page:
            raise RecipeError(f"{here}: {name} is a committee itself; name its members instead")
        return Member(Recipe.from_dict(page, name, f"{here}, {name}"), seed)
    words = entry.split() if isinstance(entry, str) else []
    if not 1 <= len(words) <= 2 or not all(word.isascii() and word.isdigit() and len(word) < 5 for word in words[1:]):
        raise RecipeError(f'{here}: {entry!r} is not understood; write a recipe and perhaps its seed, as in "conv3 1"')
    if int(words[1] if len(words) == 2 else 0) >= APART:
        raise RecipeError(f"{here}: {entry!r} has a seed that is too large; use 0 to {APART - 1}")
    name = words[0]
    if name.endswith(".toml"):
        if folder is None:
            raise RecipeError(f"{here}: {name} is a file, which cannot be named here; name a bundled recipe")
        name = str(folder / name)
        if _names_members(Path(name)):  # asked before it is read, since it might name itself
            raise RecipeError(f"{here}: {words[0]} is a committee itself; name its members instead")
    try:
        recipe = Recipe.load(name)
    except RecipeError as error:
        raise RecipeError(f"{here}: {error}") from None
    if recipe.members:
        raise RecipeError(f"{here}: {recipe.name} is a committee itself; name its members instead")
    return Member(recipe, int(words[1]) if len(words) == 2 else 0)


def _names_members(file: Path) -> bool:
    try:
        return "members" in tomllib.loads(file.read_text())
    except (OSError, ValueError):  # which is told when it is read as a recipe
        return False
