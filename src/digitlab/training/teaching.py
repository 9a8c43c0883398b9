"""One network's training, from its first epoch or its last checkpoint to its recogniser."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from digitlab import storage
from digitlab.data.digits import NO_DIGIT, Material
from digitlab.errors import RunError
from digitlab.manifest import Manifest
from digitlab.networks import to_onnx
from digitlab.recipes import Recipe
from digitlab.recognizer import Recognizer
from digitlab.training import checkpoint
from digitlab.training.augment import varied_copies
from digitlab.training.calibration import fit_odds, fit_temperature
from digitlab.training.device import describe_hardware, fast_bfloat16, keep_memory, pick_device
from digitlab.training.loop import Listener, Training, deterministic
from digitlab.training.run import Run, command, facts_about, load_material
from digitlab.training.start import Start, find_start
from digitlab.training.teacher import Teacher, find_teacher

APART = 5.0  # seconds between checkpoints on a graphics card


def load(recipe: Recipe, seed: int, listen: Listener) -> Material:
    """Return the digits that a recipe asks for, and tell that they are loaded. Raises as `load_material`."""
    find_teacher(recipe)  # before pages are made, which takes minutes
    listen({"event": "loading", "source": recipe.data.name, "strokes": recipe.data.strokes})
    return load_material(recipe, seed, listen)


def begin(recipe: Recipe, seed: int, folder: Path, device: str, material: Material) -> Run:
    """Make the folder of a new run, with run.json in it. Raises OutputError, UsageError."""
    place, named = pick_device(device), {"teacher": find_teacher(recipe), "start": find_start(recipe)}
    storage.make_folder(folder)
    wanted = recipe.plan.precision
    facts = facts_about(material) | {
        "command": command(recipe, seed),
        "device": place.type,
        "precision": ("bf16" if fast_bfloat16(place) else "fp32") if wanted == "auto" else wanted,
        "hardware": describe_hardware(place),
    }
    facts |= {role: found.facts for role, found in named.items() if found}
    run = Run(folder, recipe, seed, facts)
    run.save()
    return run


def refuse_others(run: Run, material: Material) -> None:
    """Raise RunError where a run would go on with other digits than it began with."""
    begun, now = run.facts.get("data", {}), facts_about(material)["data"]
    for part, what in (("train", "digits"), ("pieces", "pieces")):
        if begun.get(part, {}).get("sha256") != now.get(part, {}).get("sha256"):
            raise RunError(f"the training {what} of {run.folder} have changed since it began; start a new run instead")


def asked_teacher(run: Run) -> Teacher | None:
    """Return the teacher that a run began with. Raises ModelError, and RunError where it is another one by now."""
    teacher = find_teacher(run.recipe)
    if teacher and teacher.facts != run.facts.get("teacher"):
        raise RunError(f"the teacher {run.recipe.plan.teacher} has changed since {run.folder} began; start a new run")
    return teacher


def asked_start(run: Run) -> Start | None:
    """Return what a run starts with, if it still matters: no checkpoint yet, rounds to come, or some of it is to stay.

    Raises as `asked_teacher` does.
    """
    if (run.folder / checkpoint.FILE).exists() and not run.recipe.plan.start_share and run.recipe.plan.rounds == 1:
        return None
    start = find_start(run.recipe)
    if start and start.facts != run.facts.get("start"):
        raise RunError(f"{run.recipe.plan.start} has changed since {run.folder} was begun with it; start a new run")
    return start


def go_on(run: Run, material: Material, listen: Listener) -> Run:
    """Train the epochs that are missing, each with a checkpoint, then write the recogniser."""
    keep_memory()
    place, teacher, start = pick_device(run.facts["device"]), asked_teacher(run), asked_start(run)
    with deterministic():
        training = Training(run.recipe, material, run.seed, place, run.facts["precision"] == "bf16", teacher, start)
        training.resume(run.folder)
        written = time.monotonic()
        run.keep_history(training.epoch)
        if training.epoch:
            listen({"event": "resumed", "epoch": training.epoch})
        while training.epoch < run.recipe.plan.epochs:
            run.add_metrics(training.run_epoch(listen))
            # On a graphics card an epoch may take less than writing it down: a few seconds may be lost then.
            last = training.epoch == run.recipe.plan.epochs
            if place.type == "cpu" or last or time.monotonic() - written > APART:
                training.save(run.folder)
                written = time.monotonic()
    run.facts["seconds"] = round(sum(epoch["seconds"] for epoch in run.history), 2)
    run.save()
    layers, weights = run.recipe.layers, training.weights()
    if start and run.recipe.plan.start_share:
        weights = start.mix(weights, run.recipe.plan.start_share)
    if run.recipe.plan.norm_images:
        weights = training.with_new_norms(weights)
    write_recognizer(run, lambda manifest: to_onnx(layers, weights, manifest), material)
    return run


def write_recognizer(run: Run, make: Callable[[Manifest], bytes], material: Material) -> None:
    """Write recognizer.onnx, calibrated on the validation digits.

    Args:
        run: it belongs to.
        make: gives the file's bytes, given its manifest.
        material: whose validation digits and held-out pieces it is calibrated on.

    Raises:
        OutputError: it cannot be written.
    """
    facts = {"seed": run.seed, "epochs": run.recipe.plan.epochs, **run.facts}
    manifest = Manifest(run.recipe.name, run.recipe.to_dict(), training=facts, versions=facts.pop("versions", {}))
    plain = Recognizer(make(manifest), trusted=True)
    storage.write_bytes(run.recognizer, make(calibrated(plain, material)))


def calibrated(plain: Recognizer, material: Material) -> Manifest:
    """Return the manifest of a recogniser, calibrated and measured on validation digits and held-out pieces.

    Args:
        plain: with a manifest whose temperatures are 1 and whose offset is 0, as they are by default.
        material: has the digits and the pieces; what there is none of is left as it is.
    """
    manifest, pieces = plain.manifest, material.held_out
    images, labels = material.validation.images, material.validation.labels
    if plain.channels > 1:
        images, labels = pieces.images[pieces.labels < NO_DIGIT], pieces.labels[pieces.labels < NO_DIGIT]
    if len(labels):
        logits = plain.logits(images)
        accuracy, count = float((logits.argmax(1) == labels).mean()), len(labels)
        recipe = Recipe.from_dict(manifest.recipe, manifest.name)
        if share := recipe.plan.calibrate_share:
            images = varied_copies(images, recipe.augmentation.lessened(share))
            logits, labels = plain.logits(images), np.tile(labels, len(images) // len(labels))
        manifest = dataclasses.replace(
            manifest,
            temperature=fit_temperature(logits, labels),
            figures={"validation": {"accuracy": accuracy, "n": count}},
        )
    if len(pieces.labels) and plain.can_reject:
        shown = pieces.images if plain.channels > 1 else pieces.images[:, 0]
        odds, is_digit = plain.judge(shown).odds, pieces.labels < NO_DIGIT
        temperature, offset = fit_odds(odds, is_digit)
        right = float(((odds > offset) == is_digit).mean())
        figures = manifest.figures | {"digit or not": {"accuracy": right, "n": len(odds)}}
        manifest = dataclasses.replace(manifest, digit_temperature=temperature, digit_offset=offset, figures=figures)
    return manifest
