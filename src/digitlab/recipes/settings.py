"""The settings of a recipe: its claim, its plan, how its images vary, and which digits it learns from.

Every setting is checked where it is read: its name, its type and its range, so that a slip is told with the fix.
"""

from __future__ import annotations

import dataclasses
import difflib
import typing
from dataclasses import dataclass
from typing import Any, Literal

from digitlab.errors import RecipeError


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
    start: str = ""  # a recogniser with whose weights to begin: its run folder, its file, or a bundled name
    start_share: float = 0.0  # of the weights in the end, those begun with; the rest are what was learned
    rounds: int = 1  # the epochs are so many trainings, each from the start anew; their weights' mean is kept
    norm_images: int = 0  # training images by which averaged weights find batch norm's means anew; 0: none
    teacher: str = ""  # a recogniser to learn from beside the labels: its run folder, its file, or a bundled name
    teacher_share: float = 0.0  # of what is learned from each digit, the teacher's
    calibrate_share: float = 0.0  # of the augmentation in which validation digits tell how sure to be; 0: none
    precision: Literal["auto", "fp32", "bf16"] = "auto"  # auto: bf16 where the processor is fast at it


@dataclass(frozen=True)
class Augmentation:
    """How training images vary. Ranges are symmetric and uniform; all zero means the images as they are."""

    rotation: float = 0.0  # degrees
    shear: float = 0.0  # degrees
    zoom: float = 0.0  # share of the size, each axis by itself
    shift: float = 0.0  # pixels
    elastic: float = 0.0  # pixels, of a smooth random field
    interpolation: Literal["bilinear", "bicubic"] = "bilinear"  # of all that moves pixels; bicubic keeps edges sharp
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


def refuse_unknown(given: dict[str, Any], known: set[str], where: str) -> None:
    """Raise RecipeError for a key that is not known; it suggests the nearest."""
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
    "settle_rate": (0, 100), "start_share": (0, 0.99), "calibrate_share": (0, 1), "rounds": (1, 100),
    "norm_images": (0, 10_000_000), "teacher_share": (0, 1), "train_size": (0, 10_000_000),
    "strokes": (0, 10_000_000), "pieces": (0, 10_000_000), "rotation": (0, 180), "shear": (0, 60),
    "zoom": (0, 0.9), "shift": (0, 14), "elastic": (0, 14), "thickness": (0, 2), "blur": (0, 10), "contrast": (0, 1),
    "noise": (0, 1), "appearance": (0, 1), "disturbance": (0, 1), "outline": (0, 1), "scratches": (0, 1),
    "blots": (0, 1), "paper": (0, 1), "inversion": (0, 1), "jitter": (0, 14), "grain": (0, 1), "specks": (0, 1),
}  # fmt: skip


def filled(kind: Any, given: Any, where: str) -> Any:
    """Make a dataclass from a table, checking names, types and ranges. Raises RecipeError."""
    if not isinstance(given, dict):
        raise RecipeError(f"{where} is a table of settings, not {given!r}")
    hints = typing.get_type_hints(kind)
    refuse_unknown(given, set(hints), where)
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
        raise RecipeError(
            f"{where}: a teacher needs a share, and a share a teacher; name both, as in teacher_share = 0.7"
        )
    if kind is Plan and values.get("start_share") and not values.get("start"):
        raise RecipeError(f"{where}: start_share = {values['start_share']} of nothing; name a start, or leave it out")
    if kind is Plan and values.get("rounds", 1) > 1 and not values.get("start"):
        raise RecipeError(
            f"{where}: rounds = {values['rounds']} need a start to begin with, or their weights have no mean; name it"
        )
    return kind(**values)
