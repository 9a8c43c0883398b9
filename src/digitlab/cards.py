"""Cards: what a recogniser is, how it came about, what it reaches and where it ends, from its own manifest."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from digitlab.errors import ModelError
from digitlab.recipes import Recipe
from digitlab.recognizer import Manifest, bundled, load


def at_hand(folder: Path) -> list[dict[str, Any]]:
    """Return the bundled recognisers and those of finished runs in `folder`, ready for JSON.

    Each has model (the name or path that opens it), recipe, parameters, bytes, and test and validation
    accuracy (0 to 1, or None). Files that cannot be opened are left out; opening one by name says why.
    """
    files = [(name, _bundled_file(name)) for name in bundled()]
    files += [(str(file.parent), file) for file in sorted(folder.rglob("recognizer.onnx"))]
    rows = []
    for model, file in files:
        try:
            manifest = load(model).manifest
        except ModelError:
            continue
        rows.append(
            {
                "model": model,
                "recipe": manifest.name,
                "parameters": Recipe.from_dict(manifest.recipe, manifest.name).parameters,
                "bytes": file.stat().st_size,
                "test": manifest.figures.get("test", {}).get("accuracy"),
                "validation": manifest.figures.get("validation", {}).get("accuracy"),
            }
        )
    return rows


def card(manifest: Manifest) -> str:
    """Return a recogniser's card as Markdown."""
    recipe = Recipe.from_dict(manifest.recipe, manifest.name)
    training = manifest.training
    lines = [f"# {manifest.name}", "", recipe.title + ".", "", recipe.description, ""]
    lines += ["## Figures", "", "| on | accuracy | digits |", "|---|---|---|"]
    for name, figure in manifest.figures.items():
        lines.append(f"| {name} | {100 * figure['accuracy']:.2f} % | {figure['n']:,} |")
    lines += ["", "## How it was made", "", f"- parameters: {recipe.parameters:,}"]
    for key in ("seed", "epochs", "seconds", "precision", "hardware", "command"):
        if key in training:
            lines.append(f"- {key}: {training[key]}")
    for part, facts in training.get("data", {}).items():
        lines.append(f"- {part} digits: {facts['n']:,} of {facts['name']}, SHA-256 {facts['sha256'][:16]}…")
    lines.append(f"- temperature: {manifest.temperature:.4f}, fitted on the validation digits")
    lines.append("- versions: " + ", ".join(f"{name} {version}" for name, version in manifest.versions.items()))
    if recipe.choices:
        lines += ["", "## Choices", "", *(f"- {what}: {chosen}" for what, chosen in recipe.choices.items())]
    lines += [
        "",
        "## Limits",
        "",
        "It names one of ten digits whatever it is shown: it cannot say that something is no digit.",
        "Its confidence is calibrated on MNIST's validation digits; on other handwriting it is less certain to hold.",
    ]
    return "\n".join(lines)


def _bundled_file(name: str) -> Path:
    from importlib import resources

    return Path(str(resources.files("digitlab") / "weights" / f"{name}.onnx"))
