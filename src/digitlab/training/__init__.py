"""Training: from a recipe and labelled digits to a recogniser. Needs the extra "train"."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from digitlab import recognizer as recognizers
from digitlab import remote, storage
from digitlab.data.digits import NO_DIGIT, Material, Splits
from digitlab.errors import RunError
from digitlab.networks import to_onnx
from digitlab.recipes import Recipe
from digitlab.training.calibration import fit_odds, fit_temperature
from digitlab.training.device import describe_hardware, fast_bfloat16, keep_memory, pick_device
from digitlab.training.loop import Listener, Training, deterministic
from digitlab.training.run import Run, command, facts_about, load_material, new_folder, pinned

__all__ = [
    "Listener",
    "Run",
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
    """Train a recipe and write its recogniser.

    Args:
        recipe: a bundled name, a .toml file, or a Recipe (`Recipe.load("conv3").changed(epochs=3)`).
        seed: of all randomness; the same seed on the same machine gives the same bits.
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
        KeyboardInterrupt: the run was stopped; its last whole epoch is kept, and `resume` goes on from there.
    """
    recipe = recipe if isinstance(recipe, Recipe) else Recipe.load(recipe)
    place = pick_device(device)
    folder = Path(out) if out else new_folder(recipe, seed)
    if (folder / "run.json").exists():
        raise RunError(f"{folder} already holds a run; go on with --resume {folder}, or choose another --out")
    recipe = recipe.changed(name=remote.shown(recipe.data.name)) if splits else pinned(recipe)
    material = Material(*(splits or _load(recipe, seed, listen)))
    storage.make_folder(folder)
    wanted = recipe.plan.precision
    facts = facts_about(material) | {
        "command": command(recipe, seed),
        "device": place.type,
        "precision": ("bf16" if fast_bfloat16(place) else "fp32") if wanted == "auto" else wanted,
        "hardware": describe_hardware(place),
    }
    run = Run(folder, recipe, seed, facts)
    run.save()
    return _train(run, material, listen)


def resume(
    folder: str | Path, *, splits: Splits | Material | None = None, listen: Listener = lambda event: None
) -> Run:
    """Go on with a run that was stopped; one that is finished is returned as it is.

    Raises:
        RunError: the folder holds no run, its checkpoint is damaged, or what it learns from has changed.
    """
    run = Run.open(folder)
    if run.finished:
        return run
    material = Material(*(splits or _load(run.recipe, run.seed, listen)))
    begun, now = run.facts.get("data", {}), facts_about(material)["data"]
    for part, what in (("train", "digits"), ("pieces", "pieces")):
        if begun.get(part, {}).get("sha256") != now.get(part, {}).get("sha256"):
            raise RunError(f"the training {what} of {folder} have changed since it began; start a new run instead")
    return _train(run, material, listen)


def _load(recipe: Recipe, seed: int, listen: Listener) -> Material:
    listen({"event": "loading", "source": recipe.data.name, "strokes": recipe.data.strokes})
    return load_material(recipe, seed, listen)


def _train(run: Run, material: Material, listen: Listener) -> Run:
    """Train the epochs that are missing, each with a checkpoint, then write the recogniser."""
    keep_memory()
    place = pick_device(run.facts["device"])
    with deterministic():
        training = Training(run.recipe, material, run.seed, place, run.facts["precision"] == "bf16")
        training.resume(run.folder)
        run.keep_history(training.epoch)
        if training.epoch:
            listen({"event": "resumed", "epoch": training.epoch})
        while training.epoch < run.recipe.plan.epochs:
            run.add_metrics(training.run_epoch(listen))
            training.save(run.folder)
    run.facts["seconds"] = round(sum(epoch["seconds"] for epoch in run.history), 2)
    run.save()
    write_recognizer(run, training, material)
    return run


def write_recognizer(run: Run, training: Training, material: Material) -> None:
    """Write recognizer.onnx, calibrated on the validation digits. Raises OutputError."""
    facts = {"seed": run.seed, "epochs": training.epoch, **run.facts}
    manifest = recognizers.Manifest(
        run.recipe.name, run.recipe.to_dict(), training=facts, versions=facts.pop("versions", {})
    )
    layers, weights = run.recipe.layers, training.weights()
    content = to_onnx(layers, weights, manifest)
    plain = recognizers.Recognizer(content, trusted=True)
    pieces = material.held_out
    images, labels = material.validation.images, material.validation.labels
    if run.recipe.data.channels > 1:
        images, labels = pieces.images[pieces.labels < NO_DIGIT], pieces.labels[pieces.labels < NO_DIGIT]
    if len(labels):
        logits = plain.logits(images)
        accuracy = float((logits.argmax(1) == labels).mean())
        manifest = dataclasses.replace(
            manifest,
            temperature=fit_temperature(logits, labels),
            figures={"validation": {"accuracy": accuracy, "n": len(logits)}},
        )
    if len(pieces.labels) and plain.can_reject:
        shown = pieces.images if run.recipe.data.channels > 1 else pieces.images[:, 0]
        odds, is_digit = plain.judge(shown).odds, pieces.labels < NO_DIGIT
        temperature, offset = fit_odds(odds, is_digit)
        right = float(((odds > offset) == is_digit).mean())
        figures = manifest.figures | {"digit or not": {"accuracy": right, "n": len(odds)}}
        manifest = dataclasses.replace(manifest, digit_temperature=temperature, digit_offset=offset, figures=figures)
    content = to_onnx(layers, weights, manifest)
    storage.write_bytes(run.recognizer, content)
