"""A recipe: a page of TOML that says which network to train, how, and what it is to reach."""

from __future__ import annotations

import dataclasses
import difflib
import hashlib
import json
import tomllib
from dataclasses import dataclass, field
from functools import cached_property
from importlib import resources
from pathlib import Path
from typing import Any

from digitlab.errors import RecipeError
from digitlab.recipes.committee import Member, read_members
from digitlab.recipes.layer import Layer
from digitlab.recipes.layers import count_multiplications, count_parameters, read_layers, table
from digitlab.recipes.settings import Augmentation, Claim, Plan, Source, filled, refuse_unknown


@dataclass(frozen=True)
class Recipe:
    """A network and how to train it, or a committee of such; `Recipe.load` reads one by name or from a file.

    Attributes:
        name: how it is asked for.
        title, description: for people.
        lines: the network in the layer language (digitlab.recipes.layers); none of a committee.
        plan, augmentation, data, claim: see there; `claim` is None where nothing is claimed. A committee's plan has
            the epochs of all members together, and nothing else.
        choices: what the source left open, and what was chosen and why.
        minutes: roughly how long a training takes on two processor cores.
        members: of a committee (digitlab.recipes.committee); else none.
    """

    name: str
    lines: tuple[str, ...]
    title: str = ""
    description: str = ""
    minutes: float = 0.0
    plan: Plan = field(default_factory=Plan)
    augmentation: Augmentation = field(default_factory=Augmentation)
    data: Source = field(default_factory=Source)
    claim: Claim | None = None
    choices: dict[str, str] = field(default_factory=dict)
    members: tuple[Member, ...] = ()

    @cached_property
    def layers(self) -> tuple[Layer, ...]:
        """The network, read and checked; empty for a committee."""
        return () if self.members else read_layers(list(self.lines), f"recipe {self.name}", self.data.channels)

    @property
    def parameters(self) -> int:
        """How many numbers the network has, as Keras counts them; all members' together."""
        return sum(m.recipe.parameters for m in self.members) or count_parameters(self.layers)

    @property
    def multiplications(self) -> int:
        """Multiply-adds for one image, in convolutions and dense layers; all members' together."""
        return sum(m.recipe.multiplications for m in self.members) or count_multiplications(self.layers)

    @property
    def can_reject(self) -> bool:
        """Whether the network can say "not a digit"; a committee cannot."""
        return not self.members and self.layers[-1].size > 10

    @property
    def rows(self) -> list[tuple[str, str, int]]:
        """Rows of (layer, output shape, parameters), or of (member, its epochs, parameters), to be shown."""
        return table(self.layers) or [
            (f"{m.recipe.name}, seed {m.seed}", f"{m.recipe.plan.epochs} epochs", m.recipe.parameters)
            for m in self.members
        ]

    @property
    def digest(self) -> str:
        """Eight hex digits that change with anything that changes the training, and with nothing else."""
        matters: dict[str, Any] = {"layers": list(self.lines)}
        if self.members:
            matters = {"members": [[member.recipe.digest, member.seed] for member in self.members]}
        for part in (self.plan, self.augmentation, self.data):
            # Settings at their defaults are left out, so that a setting that is added later changes no digest.
            settings = dataclasses.asdict(part)
            matters |= {e.name: settings[e.name] for e in dataclasses.fields(part) if settings[e.name] != e.default}
        return hashlib.sha256(json.dumps(matters, sort_keys=True).encode()).hexdigest()[:8]

    @classmethod
    def load(cls, name: str | Path) -> Recipe:
        """Read a bundled recipe by its name, or any recipe from a .toml file.

        Raises:
            RecipeError: there is no such recipe, or it has an error; the message names the place and the fix.
        """
        path = Path(name)
        if path.suffix == ".toml":
            try:
                content = path.read_bytes()
            except OSError as error:
                raise RecipeError(f"cannot read recipe {path}: {(error.strerror or str(error)).lower()}") from error
            return cls.parse(content, path.stem, str(path), path.parent)
        known = bundled_names()
        if str(name) not in known:
            close = difflib.get_close_matches(str(name), known, 1)
            hint = f"did you mean {close[0]}?" if close else f"there are: {', '.join(known)}"
            raise RecipeError(f"no recipe is named {str(name)!r}; {hint} (a file of your own ends in .toml)")
        return cls.parse((_folder() / f"{name}.toml").read_bytes(), str(name), f"recipe {name}")

    @classmethod
    def parse(cls, content: bytes, name: str, where: str, folder: Path | None = None) -> Recipe:
        """Read a recipe from TOML text; it may name files in `folder`, if that is given. Raises RecipeError."""
        try:
            page = tomllib.loads(content.decode())
        except UnicodeDecodeError:
            raise RecipeError(f"{where}: this is not text; a recipe is a page of TOML in UTF-8") from None
        except tomllib.TOMLDecodeError as error:
            raise RecipeError(f"{where}: this is not valid TOML: {error}") from None
        return cls.from_dict(page, name, where, folder)

    @classmethod
    def from_dict(cls, page: dict[str, Any], name: str, where: str | None = None, folder: Path | None = None) -> Recipe:
        """Make a recipe from plain values, as TOML or JSON give them. Raises RecipeError."""
        where = where or f"recipe {name}"
        parts = {"training": Plan, "augmentation": Augmentation, "data": Source, "claim": Claim}
        refuse_unknown(page, {"title", "description", "minutes", "layers", "members", "choices", *parts}, where)
        committee = "members" in page
        for key in ("layers", "training", "augmentation") if committee else ():
            if key in page:
                raise RecipeError(f'{where}: members have "{key}" of their own; leave it out, or leave out "members"')
        if not committee and not (isinstance(page.get("layers"), list) and page["layers"]):
            raise RecipeError(f'{where}: a recipe needs a list named "layers", like ["flatten", "dense 10"]')
        if not isinstance(page.get("choices", {}), dict):
            raise RecipeError(f"{where}: [choices] is a table of what was left open and what was chosen")
        minutes = page.get("minutes", 0)
        if isinstance(minutes, bool) or not isinstance(minutes, int | float):
            raise RecipeError(f"{where}: minutes = {minutes!r} must be a number")
        read = {key: filled(kind, page[key], f"{where}: [{key}]") for key, kind in parts.items() if key in page}
        data = read.get("data", Source())
        members = read_members(page["members"], data, where, folder) if committee else ()
        together = Plan(epochs=sum(member.recipe.plan.epochs for member in members))
        recipe = cls(
            name=name,
            lines=tuple(page.get("layers", ())),
            title=str(page.get("title", "")),
            description=str(page.get("description", "")).strip(),
            minutes=float(minutes),
            plan=together if committee else read.get("training", Plan()),
            augmentation=read.get("augmentation", Augmentation()),
            data=data,
            claim=read.get("claim"),
            choices={key: str(value) for key, value in page.get("choices", {}).items()},
            members=members,
        )
        if committee and (data.strokes or data.pieces or data.channels != 1):
            raise RecipeError(f"{where}: [data] of a committee has name, split and train_size; members have the rest")
        if committee:
            return recipe
        layers = read_layers(list(recipe.lines), where, recipe.data.channels)  # so that errors name the file
        if recipe.data.name == "pages" and not recipe.data.pieces:
            raise RecipeError(
                f'{where}: [data] name = "pages" trains on pieces alone; say how many, as in pieces = 60000'
            )
        if recipe.data.name == "pages" and recipe.data.strokes:
            raise RecipeError(f'{where}: [data] name = "pages" trains on pieces alone; leave out strokes')
        if recipe.data.pieces and layers[-1].size < 11:
            raise RecipeError(f'{where}: [data] pieces show what is no digit; end the layers with "dense 11" to say so')
        return recipe

    def to_dict(self) -> dict[str, Any]:
        """Return plain values from which `from_dict` makes the same recipe."""
        page: dict[str, Any] = {
            "title": self.title,
            "description": self.description,
            "minutes": self.minutes,
            "layers": list(self.lines),
            "training": dataclasses.asdict(self.plan),
            "augmentation": dataclasses.asdict(self.augmentation),
            "data": dataclasses.asdict(self.data),
            "choices": dict(self.choices),
        }
        if self.members:
            for key in ("layers", "training", "augmentation"):
                del page[key]
            page["members"] = [member.to_dict() for member in self.members]
        if self.claim:
            page["claim"] = dataclasses.asdict(self.claim)
        return page

    def changed(self, **changes: Any) -> Recipe:
        """Return a copy with fields of `plan` or `data` changed; None leaves a field as it is. Raises RecipeError.

        Of a committee the plans of all members are changed. With fewer epochs there are fewer rounds, each about as
        long as it was; the last epochs, in which a round settles, keep their share of it, rounded down: a short trial
        is one round, and not all settling.
        """
        page = self.to_dict()
        for key, value in changes.items():
            if value is not None:
                of_plan = key in {entry.name for entry in dataclasses.fields(Plan)}
                for part in page.get("members", [page]) if of_plan else [page]:
                    plan = part.get("training", {})
                    if key == "epochs" and isinstance(value, int):
                        plan |= {name: kept for name, kept in _shared_out(plan, value).items() if name not in changes}
                    part["training" if of_plan else "data"][key] = value
        return Recipe.from_dict(page, self.name)


def _shared_out(plan: dict[str, Any], epochs: int) -> dict[str, int]:
    """Return a plan's rounds, and the epochs in which each settles, once it has other epochs."""
    rounds = min(plan["rounds"], max(1, round(plan["rounds"] * epochs / plan["epochs"])))
    return {
        "rounds": rounds,
        "settle_epochs": max(0, plan["settle_epochs"] * epochs * plan["rounds"] // (plan["epochs"] * rounds)),
    }


def bundled_names() -> list[str]:
    """Return the names of the recipes in the package, sorted."""
    return sorted(entry.name[:-5] for entry in _folder().iterdir() if entry.name.endswith(".toml"))


def _folder() -> Any:
    return resources.files("digitlab") / "recipes"


def measured() -> dict[str, dict[str, Any]]:
    """Return our own figures by recipe name: mean, low, high, runs, epochs, and a text that says them.

    They come from results/classics.json, of which the package carries what the table of recipes shows.
    """
    file = _folder() / "measured.json"
    figures: dict[str, dict[str, Any]] = json.loads(file.read_text()) if file.is_file() else {}
    return figures
