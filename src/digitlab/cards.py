"""Cards: what a recogniser is, how it came about, what it reaches and where it ends, from its own manifest."""

from __future__ import annotations

import json
import math
from pathlib import Path
from statistics import NormalDist
from typing import Any

from digitlab.errors import ModelError
from digitlab.manifest import Manifest
from digitlab.recipes import Recipe
from digitlab.recognizer import bundled, load

KINDS = {"digits": "reads digits", "judge": "judge of pieces, used by the reader"}
"""What recognisers do, in words."""

USE = """\
## Use

```python
import digitlab

recognizer = digitlab.load({where})
recognizer.predict_proba(images)  # (N, {axes}28, 28), ink light on dark, framed as MNIST is -> (N, 10){photo}
```

Without digitlab:

```python
import numpy as np
import onnxruntime

session = onnxruntime.InferenceSession("recognizer.onnx")
inputs = {inputs}.astype(np.float32) / 255  # images: (N, {axes}28, 28) uint8
logits = session.run(["logits"], {{"images": inputs}})[0]
scaled = np.exp((logits - logits.max(1, keepdims=True)) / {temperature!r})
probabilities = scaled / scaled.sum(1, keepdims=True)  # (N, 10)
```

`recipe.toml` trains it again: `digitlab train recipe.toml`. `model.safetensors` holds the weights under the names that
digitlab's torch module gives them."""


def at_hand(folder: Path) -> list[dict[str, Any]]:
    """Return the bundled recognisers and those of finished runs in `folder`, ready for JSON.

    Each has model (the name or path that opens it), recipe, kind (a key of KINDS), parameters, bytes, and test,
    validation and digit_or_not accuracy (0 to 1, or None). Files that cannot be opened are left out; opening one by
    name says why.
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
                "kind": "judge" if _is_judge(manifest) else "digits",
                "parameters": Recipe.from_dict(manifest.recipe, manifest.name).parameters,
                "bytes": file.stat().st_size,
                "test": manifest.figures.get("test", {}).get("accuracy"),
                "validation": manifest.figures.get("validation", {}).get("accuracy"),
                "digit_or_not": manifest.figures.get("digit or not", {}).get("accuracy"),
            }
        )
    return rows


def card(manifest: Manifest, use: str = "") -> str:
    """Return a recogniser's card as Markdown; `use` is a section that comes before its figures."""
    recipe = Recipe.from_dict(manifest.recipe, manifest.name)
    training = manifest.training
    lines = [f"# {manifest.name}", "", f"{recipe.title or 'A recogniser of handwritten digits'}.", ""]
    lines += [recipe.description, ""] if recipe.description else []
    lines += [use, ""] if use else []
    if manifest.figures:
        lines += ["## Figures", "", "| on | accuracy | 95 % interval | of |", "|---|---:|---:|---:|"]
    for name, figure in manifest.figures.items():
        low, high = _interval(figure["accuracy"], figure["n"])
        share, interval = f"{100 * figure['accuracy']:.2f} %", f"{100 * low:.2f} to {100 * high:.2f} %"
        lines.append(f"| {figure_name(manifest, name)} | {share} | {interval} | {figure['n']:,} |")
    lines += [*([""] if manifest.figures else []), "## How it was made", "", f"- parameters: {recipe.parameters:,}"]
    for key in ("origin", "seed", "epochs", "seconds", "precision", "hardware", "command"):
        if key in training:
            lines.append(f"- {key}: {training[key]}")
    for part, facts in training.get("data", {}).items():
        what = {"pieces": "pieces", "held_out": "held-out pieces"}.get(part, f"{part} digits")
        name = "synthetic pages" if "pieces" in what else facts["name"]
        lines.append(f"- {what}: {facts['n']:,} of {name}, SHA-256 {facts['sha256'][:16]}…")
    for role, what in (("start", "began with the weights of"), ("teacher", "taught by")):
        if role in training:
            lines.append(f"- {what}: {training[role]['name']}, SHA-256 {training[role]['sha256'][:16]}…")
    if "quantised" in training:
        of = training["quantised"]
        digest, images = f"SHA-256 {of['sha256'][:16]}…", f"ranges from {of['images']:,} images"
        lines.append(f"- in eight bits, made of: {of['name']}, {digest}, {images}")
    for number, member in enumerate(training.get("members", []), 1):
        reached = member["validation"]
        share = "" if reached is None else f": {100 * reached:.2f} % on the validation digits"
        lines.append(f"- member {number}: {member['name']}, seed {member['seed']}{share}")
    judged_by = "digits among the held-out pieces" if _is_judge(manifest) else "validation digits"
    if recipe.plan.calibrate_share:
        judged_by += f", varied by {recipe.plan.calibrate_share:g} of the augmentation"
    fitted_on = "taken as it came" if "origin" in training else f"fitted on the {judged_by}"
    lines.append(f"- temperature: {manifest.temperature:.4f}, {fitted_on}")
    if _can_reject(recipe):
        fitted = f"{manifest.digit_temperature:.4f}, offset {manifest.digit_offset:.4f}"
        lines.append(f"- temperature of being a digit: {fitted}, fitted on the held-out pieces")
    lines.append("- versions: " + ", ".join(f"{name} {version}" for name, version in manifest.versions.items()))
    if recipe.choices:
        lines += ["", "## Choices", "", *(f"- {what}: {chosen}" for what, chosen in recipe.choices.items())]
    lines += ["", "## Limits", "", *_limits(manifest, recipe)]
    return "\n".join(lines)


def model_card(manifest: Manifest, where: str, licence: str = "mit") -> str:
    """Return a recogniser's card in Hugging Face's form: a header of YAML, then Markdown.

    Args:
        manifest: of the recogniser; its figure "test", where there is one, is told in the header.
        where: the folder or address that opens it.
        licence: its name, as Hugging Face writes it.
    """
    recipe = Recipe.from_dict(manifest.recipe, manifest.name)
    header: dict[str, Any] = {
        "license": licence,
        "library_name": "digitlab",
        "pipeline_tag": "image-classification",
        "tags": ["digitlab", "onnx", "safetensors", "handwriting", "digits", "mnist"],
    }
    on_mnist = recipe.data.name == "mnist"
    if on_mnist:
        header["datasets"] = ["ylecun/mnist"]
    header["metrics"] = ["accuracy"]
    test = manifest.figures.get("test")
    if test:
        name = test.get("data", manifest.training.get("data", {}).get("test", {}).get("name", "test"))
        dataset = {"type": "ylecun/mnist" if on_mnist else "digits", "name": name, "split": "test"}
        task = {"type": "image-classification", "name": "Which digit"}
        metric = {"type": "accuracy", "value": test["accuracy"]}
        header["model-index"] = [
            {"name": manifest.name, "results": [{"task": task, "dataset": dataset, "metrics": [metric]}]}
        ]
    # YAML takes JSON for values, so that nothing in a name can break out of its place.
    rows = [f"{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in header.items()]
    return "\n".join(["---", *rows, "---", "", card(manifest, _use(manifest, recipe, where)), ""])


def _use(manifest: Manifest, recipe: Recipe, where: str) -> str:
    """Return how to use a recogniser, with digitlab and without."""
    plain = recipe.data.channels == 1
    return USE.format(
        where=json.dumps(where),
        axes="" if plain else f"{recipe.data.channels}, ",
        photo=f'\ndigitlab.read("photo.jpg", {json.dumps(where)}).text' if plain else "",
        inputs="images[:, None]" if plain else "images",
        temperature=manifest.temperature,
    )


def figure_name(manifest: Manifest, name: str) -> str:
    """Return what a figure of a manifest is on, for people."""
    shown = {"digit or not": "held-out pieces of pages: digit or not"}
    if _is_judge(manifest):
        shown["validation"] = "digits among held-out pieces: which"
    return shown.get(name, name)


def _limits(manifest: Manifest, recipe: Recipe) -> list[str]:
    if _is_judge(manifest):
        return [
            "It judges pieces that the reader cuts out of a page, with what lies around them; it is no recogniser of"
            " single digits.",
            "It learned from synthetic pages alone; on real ones its confidence is less certain to hold.",
        ]
    rejects = (
        "It was shown what is no digit as pieces of synthetic pages; other things may still look like digits to it."
        if _can_reject(recipe)
        else "It names one of ten digits whatever it is shown: it cannot say that something is no digit."
    )
    calibrated = "calibrated on MNIST's validation digits; on other handwriting it is less certain to hold"
    if "origin" in manifest.training:
        calibrated = "as it was when it was imported, and was not calibrated"
    return [rejects, f"Its confidence is {calibrated}."]


def _interval(share: float, n: int) -> tuple[float, float]:
    """Return Wilson's 95 % score interval of a share of n."""
    z = NormalDist().inv_cdf(0.975)
    middle, half = share + z * z / (2 * n), z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return (middle - half) / (1 + z * z / n), (middle + half) / (1 + z * z / n)


def _is_judge(manifest: Manifest) -> bool:
    return Recipe.from_dict(manifest.recipe, manifest.name).data.channels != 1


def _can_reject(recipe: Recipe) -> bool:
    return recipe.can_reject


def _bundled_file(name: str) -> Path:
    from importlib import resources

    return Path(str(resources.files("digitlab") / "weights" / f"{name}.onnx"))
