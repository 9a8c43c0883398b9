"""A recipe: a page of TOML that says which network to train, how, and what it is to reach."""

from __future__ import annotations

import dataclasses
import difflib
import hashlib
import json
import tomllib
import typing
from dataclasses import dataclass, field
from functools import cached_property
from importlib import resources
from pathlib import Path
from typing import Any, Literal

from digitlab.errors import RecipeError
from digitlab.recipes.committee import Member, read_members
from digitlab.recipes.layer import Layer
from digitlab.recipes.layers import count_multiplications, count_parameters, read_layers, table


@dataclass(frozen=True)
class Claim:
    """What the system is said to reach."""

    accuracy: float  # on the test images, percent
    text: str  # the claim in words
    source: str  # who says so
    epochs: int = 0  # after how many epochs; 0 where it is not said


@dataclass(frozen=True)
class Plan:
    """How to train. Every field has a default, so a recipe names only what matters to it."""

    epochs: int = 10  # passes over the training images
    batch_size: int = 128  # images a step
    optimizer: Literal["adam", "adamw", "sgd", "rmsprop", "muon"] = "adam"
    learning_rate: float = 1e-3  # at the schedule's peak
    schedule: Literal["constant", "linear", "cosine"] = "constant"  # the last two end at zero
    warmup: float = 0.0  # share of all steps in which the rate rises to its peak
    momentum: float = 0.9  # of sgd, rmsprop and muon
    weight_decay: float = 0.0
    label_smoothing: float = 0.0
    averaging: float = 0.0  # decay of the moving average of weights that is kept; 0: the last weights are kept
    settle_epochs: int = 0  # last epochs without augmentation, or with little of it
    settle_share: float = 0.0  # of the augmentation that stays in those; 0: none
    settle_rate: float = 0.0  # learning rate at which those begin, the schedule having ended before; 0: it goes on
    teacher: str = ""  # a recogniser to learn from beside the labels: its run folder, its file, or a bundled name
    teacher_share: float = 0.0  # of what is learned from each digit, the teacher's
    precision: Literal["auto", "fp32", "bf16"] = "auto"  # auto: bf16 where the processor is fast at it


@dataclass(frozen=True)
class Augmentation:
    """How training images vary. Ranges are symmetric and uniform; all zero means the images as they are."""

    rotation: float = 0.0  # degrees
    shear: float = 0.0  # degrees
    zoom: float = 0.0  # share of the size, each axis by itself
    shift: float = 0.0  # pixels
    elastic: float = 0.0  # pixels, of a smooth random field
    thickness: float = 0.0  # pixels by which strokes grow on each side; they shrink by up to half of it
    blur: float = 0.0  # largest sigma, pixels
    contrast: float = 0.0  # share by which the ink's level varies
    noise: float = 0.0  # largest standard deviation, share of full ink
    appearance: float = 1.0  # share of the images that thickness, blur, contrast and noise are for
    disturbance: float = 0.0  # share of the images that one of the kinds below is for, each of them alike
    outline: float = 0.0  # share by which strokes become their edges
    scratches: float = 0.0  # ink of bent or dotted lines that are drawn over the image, share of full ink
    blots: float = 0.0  # ink of small blots, share of full ink
    paper: float = 0.0  # how light uneven paper is, share of full ink
    inversion: float = 0.0  # share by which light and dark change places in a part of the image
    jitter: float = 0.0  # pixels that each pixel moves by itself
    grain: float = 0.0  # largest standard deviation of noise, share of full ink
    specks: float = 0.0  # share of the pixels that take a grey of their own

    def lessened(self, share: float) -> Augmentation:
        """Return it with the ranges of shape, and the numbers of images that look different, times `share`."""
        if not share:
            return Augmentation()
        names = ("rotation", "shear", "zoom", "shift", "elastic", "appearance", "disturbance")
        return dataclasses.replace(self, **{name: share * getattr(self, name) for name in names})


@dataclass(frozen=True)
class Source:
    """Which digits to train on."""

    name: str = "mnist"
    split: Literal["standard", "kaggle", "full", "submission"] = "standard"
    train_size: int = 0  # how many of the training images to use; 0: all
    strokes: int = 0  # digits by the pen that join the training images
    pieces: int = 0  # pieces of synthetic pages that join them, about half of them no digit

    @property
    def channels(self) -> int:
        """What an image has: its ink, and for pieces of pages two pictures of their surroundings."""
        return 3 if self.name == "pages" else 1


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
        _refuse_unknown(page, {"title", "description", "minutes", "layers", "members", "choices", *parts}, where)
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
        read = {key: _fill(kind, page[key], f"{where}: [{key}]") for key, kind in parts.items() if key in page}
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

        Of a committee the plans of all members are changed.
        """
        page = self.to_dict()
        for key, value in changes.items():
            if value is not None:
                of_plan = key in {entry.name for entry in dataclasses.fields(Plan)}
                for part in page.get("members", [page]) if of_plan else [page]:
                    part["training" if of_plan else "data"][key] = value
        return Recipe.from_dict(page, self.name)


def bundled_names() -> list[str]:
    """Return the names of the recipes in the package, sorted."""
    return sorted(entry.name[:-5] for entry in _folder().iterdir() if entry.name.endswith(".toml"))


def _folder() -> Any:
    return resources.files("digitlab") / "recipes"


def _refuse_unknown(given: dict[str, Any], known: set[str], where: str) -> None:
    for key in given:
        if key not in known:
            close = difflib.get_close_matches(key, known, 1)
            hint = f'did you mean "{close[0]}"?' if close else f"known: {', '.join(sorted(known))}"
            raise RecipeError(f'{where}: unknown key "{key}"; {hint}')


# Beyond these a value is a slip, not a choice: (lowest, highest), highest excluded where a share is meant.
LIMITS: dict[str, tuple[float, float]] = {
    "accuracy": (0, 100), "epochs": (0, 100_000), "batch_size": (1, 65_536), "learning_rate": (1e-9, 100),
    "warmup": (0, 0.99), "momentum": (0, 0.9999), "weight_decay": (0, 10), "label_smoothing": (0, 0.99),
    "averaging": (0, 0.999999), "settle_epochs": (0, 100_000), "settle_share": (0, 1),
    "settle_rate": (0, 100), "teacher_share": (0, 1), "train_size": (0, 10_000_000),
    "strokes": (0, 10_000_000), "pieces": (0, 10_000_000), "rotation": (0, 180), "shear": (0, 60),
    "zoom": (0, 0.9), "shift": (0, 14), "elastic": (0, 14), "thickness": (0, 2), "blur": (0, 10), "contrast": (0, 1),
    "noise": (0, 1), "appearance": (0, 1), "disturbance": (0, 1), "outline": (0, 1), "scratches": (0, 1),
    "blots": (0, 1), "paper": (0, 1), "inversion": (0, 1), "jitter": (0, 14), "grain": (0, 1), "specks": (0, 1),
}  # fmt: skip


def _fill(kind: Any, given: Any, where: str) -> Any:
    """Make a dataclass from a table, checking names, types and ranges."""
    if not isinstance(given, dict):
        raise RecipeError(f"{where} is a table of settings, not {given!r}")
    hints = typing.get_type_hints(kind)
    _refuse_unknown(given, set(hints), where)
    for entry in dataclasses.fields(kind):
        if entry.name not in given and entry.default is dataclasses.MISSING:
            raise RecipeError(f'{where}: "{entry.name}" is missing')
    values = {}
    for key, value in given.items():
        expected = hints[key]
        options = typing.get_args(expected)
        if options and value not in options:
            raise RecipeError(f"{where}: {key} = {value!r} is not one of {', '.join(options)}")
        if expected is float and isinstance(value, int) and not isinstance(value, bool):
            value = float(value)
        if not options and type(value) is not expected:
            article = {"int": "a whole number", "float": "a number", "str": "a text"}[expected.__name__]
            raise RecipeError(f"{where}: {key} = {value!r} must be {article}")
        low, high = LIMITS.get(key, (float("-inf"), float("inf")))
        if expected in (int, float) and not low <= value <= high:
            raise RecipeError(f"{where}: {key} = {value} is out of range; use {low:g} to {high:g}")
        values[key] = value
    if kind is Plan and values.get("epochs", 1) < 1:
        raise RecipeError(f"{where}: epochs = {values['epochs']} trains nothing; use 1 or more")
    if kind is Plan and bool(values.get("teacher")) != bool(values.get("teacher_share")):
        raise RecipeError(f"{where}: a teacher needs a teacher_share, and a share a teacher; name both, as in 0.7")
    return kind(**values)


def measured() -> dict[str, dict[str, Any]]:
    """Return our own figures by recipe name: mean, low, high, runs, epochs, and a text that says them.

    They come from results/classics.json, of which the package carries what the table of recipes shows.
    """
    file = _folder() / "measured.json"
    figures: dict[str, dict[str, Any]] = json.loads(file.read_text()) if file.is_file() else {}
    return figures
