"""Training: from a recipe and labelled digits to a recogniser. Needs the extra "train"."""

from __future__ import annotations

from pathlib import Path

from digitlab import remote
from digitlab.data.digits import Material, Splits
from digitlab.errors import RunError
from digitlab.recipes import Recipe
from digitlab.training import teaching
from digitlab.training.calibration import fit_temperature
from digitlab.training.committee import train_members
from digitlab.training.device import pick_device
from digitlab.training.loop import Listener, Training
from digitlab.training.run import Run, load_material, new_folder, pinned
from digitlab.training.start import find_start

__all__ = [
    "Listener",
    "Run",
    "Training",
    "fit_temperature",
    "load_material",
    "new_folder",
    "pick_device",
    "pinned",
    "resume",
    "train",
]


def train(
    recipe: str | Path | Recipe,
    *,
    seed: int = 0,
    device: str = "auto",
    out: str | Path | None = None,
    splits: Splits | Material | None = None,
    listen: Listener = lambda event: None,
) -> Run:
    """Train a recipe and write its recogniser; of a committee its members' too, in folders inside its own.

    Args:
        recipe: a bundled name, a .toml file, or a Recipe (`Recipe.load("conv3").changed(epochs=3)`).
        seed: of all randomness; the same seed on the same machine gives the same bits. A committee's members have
            1000 times this, and their own number beside it.
        device: "auto", "cpu" or "cuda".
        out: the run's folder; by default a new one in runs/.
        splits: digits to train on instead of those that the recipe names.
        listen: is called with progress and with each epoch's metrics.

    Returns:
        The finished run; `run.recognizer` is the file, `digitlab.load(run.folder)` opens it.

    Raises:
        RecipeError, DataError, UsageError: something asked for makes no sense.
        DownloadError, MissingExtraError: the digits have an address, from which they cannot be fetched.
        OutputError: the folder cannot be written.
        ModelError: what it starts with, or its teacher, is not at hand or does not fit.
        KeyboardInterrupt: the run was stopped; its last whole epoch is kept, and `resume` goes on from there.
    """
    recipe = recipe if isinstance(recipe, Recipe) else Recipe.load(recipe)
    pick_device(device)
    for one in [member.recipe for member in recipe.members] or [recipe]:
        find_start(one)  # before pages are made, which takes minutes
    folder = Path(out) if out else new_folder(recipe, seed)
    if (folder / "run.json").exists():
        raise RunError(f"{folder} already holds a run; go on with --resume {folder}, or choose another --out")
    recipe = recipe.changed(name=remote.shown(recipe.data.name)) if splits else pinned(recipe)
    material = Material(*(splits or teaching.load(recipe, seed, listen)))
    return _go_on(teaching.begin(recipe, seed, folder, device, material), material, splits, listen)


def resume(
    folder: str | Path, *, splits: Splits | Material | None = None, listen: Listener = lambda event: None
) -> Run:
    """Go on with a run that was stopped; one that is finished, and any such member, is left as it is.

    Raises:
        RunError: the folder holds no run, its checkpoint is damaged, or what it learns from has changed.
    """
    run = Run.open(folder)
    if run.finished:
        return run
    material = Material(*(splits or teaching.load(run.recipe, run.seed, listen)))
    teaching.refuse_others(run, material)
    return _go_on(run, material, splits, listen)


def _go_on(run: Run, material: Material, splits: Splits | Material | None, listen: Listener) -> Run:
    if run.recipe.members:
        return train_members(run, material, splits, listen)
    return teaching.go_on(run, material, listen)
