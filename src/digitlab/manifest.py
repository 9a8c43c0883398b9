"""What a recogniser's file says about itself: JSON in its metadata, so that nothing can get separated from it."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field
from typing import Any

from digitlab.errors import ModelError

KEY = "digitlab"  # of the manifest in the file's metadata
FORMAT = 1


@dataclass(frozen=True)
class Manifest:
    """What a recogniser knows about itself.

    Attributes:
        name: of the recogniser.
        recipe: the recipe it was trained by, as `Recipe.to_dict` gives it.
        temperature: divides the logits before the softmax, so that confidence is calibrated.
        digit_temperature: divides the log odds of being a digit, likewise.
        digit_offset: is taken from those log odds first.
        framing: how images are brought to 28x28; always "mnist" so far.
        labels: what the ten outputs mean.
        training: seed, epochs, data digest, command, hardware, seconds.
        figures: what was measured, with how many images.
        versions: of the libraries that made it.
    """

    name: str
    recipe: dict[str, Any] = field(default_factory=dict)
    temperature: float = 1.0
    digit_temperature: float = 1.0
    digit_offset: float = 0.0
    framing: str = "mnist"
    labels: tuple[int, ...] = tuple(range(10))
    training: dict[str, Any] = field(default_factory=dict)
    figures: dict[str, Any] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)

    def to_json(self) -> str:
        """Return the manifest as it stands in the file's metadata."""
        return json.dumps({"format": FORMAT, **dataclasses.asdict(self)}, indent=1)

    @classmethod
    def from_json(cls, text: str, where: str) -> Manifest:
        """Read a manifest. Raises ModelError naming `where` if it is damaged or newer than this program."""
        try:
            page = json.loads(text)
            if page.pop("format") > FORMAT:
                raise ModelError(f"{where} was made by a newer digitlab; upgrade with: pip install -U digitlab")
            manifest = cls(**{**page, "labels": tuple(page["labels"])})
            sound = isinstance(manifest.name, str) and manifest.labels == tuple(range(10))
            sound = sound and 0.01 <= float(manifest.temperature) <= 100
            tables = (manifest.recipe, manifest.training, manifest.figures, manifest.versions)
            sound = sound and all(isinstance(table, dict) for table in tables)
            sound = sound and 0.01 <= float(manifest.digit_temperature) <= 100 and abs(manifest.digit_offset) <= 100
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise ModelError(f"{where} has a damaged manifest ({error}); export the recogniser again") from None
        if not sound:
            raise ModelError(f"{where} has an impossible manifest; export the recogniser again")
        return manifest
