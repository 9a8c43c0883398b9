"""A recipe as a page of TOML, as people write them: what is at its default is left out."""

from __future__ import annotations

import dataclasses
import json
import re
from typing import Any

from digitlab.recipes.recipe import Recipe


def to_toml(recipe: Recipe) -> str:
    """Return a page from which `Recipe.parse` makes the same recipe, given the same name."""
    return "\n".join(_lines(recipe)).lstrip("\n") + "\n"


def _lines(recipe: Recipe, within: str = "") -> list[str]:
    """Return the lines of a page, or of a part of one: its tables then have `within` before their names."""
    lines = [f"{key} = {_value(value)}" for key in ("title", "description") if (value := getattr(recipe, key))]
    lines += [f"minutes = {_value(recipe.minutes)}"] if recipe.minutes else []
    if not recipe.members:
        lines += ["", "layers = [", *(f"  {_value(line)}," for line in recipe.lines), "]"]
    for heading, part in (
        ("training", None if recipe.members else recipe.plan),
        ("augmentation", recipe.augmentation),
        ("data", recipe.data),
        ("claim", recipe.claim),
    ):
        if part is None:
            continue
        fields = [(entry, getattr(part, entry.name)) for entry in dataclasses.fields(part)]
        changed = [f"{entry.name} = {_value(value)}" for entry, value in fields if value != entry.default]
        lines += ["", f"[{within}{heading}]", *changed] if changed else []
    if recipe.choices:
        lines += ["", f"[{within}choices]", *(f"{_key(key)} = {_value(text)}" for key, text in recipe.choices.items())]
    for member in recipe.members:
        lines += ["", "[[members]]", f"name = {_value(member.recipe.name)}", f"seed = {member.seed}"]
        lines += _lines(member.recipe, "members.")
    return lines


def _value(value: Any) -> str:
    """Return a text, a number, or a list of these, as TOML."""
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_value, value))}]"
    if not isinstance(value, str):
        return repr(value)
    rows = [_escaped(row) for row in value.split("\n")]
    if len(rows) == 1:
        return f'"{rows[0]}"'
    simple = "\\" not in value and '""' not in value and not value.endswith('"')  # quotes may then stay as they are
    text = "\n".join(rows)
    return '"""\n' + (text.replace('\\"', '"') if simple else text) + '"""'


def _escaped(text: str) -> str:
    """Return a text as it stands between quotes; TOML and JSON agree but for one character."""
    return json.dumps(text, ensure_ascii=False)[1:-1].replace("\x7f", "\\u007f")


def _key(text: str) -> str:
    return text if re.fullmatch("[A-Za-z0-9_-]+", text) else f'"{_escaped(text)}"'
