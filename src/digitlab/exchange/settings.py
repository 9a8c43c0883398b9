"""A Keras layer's settings, read one by one; what shapes the arithmetic and is not understood is refused."""

from __future__ import annotations

import math
from typing import Any

from digitlab.errors import ModelError
from digitlab.exchange.architecture import SHAPES, Step, shown

LARGEST = 1_000_000  # of any count or size
ACTIVATIONS = ("linear", "relu", "tanh", "sigmoid", "softmax")
HARMLESS = {  # what says nothing about the answer: training, types, bookkeeping
    *SHAPES, "name", "trainable", "dtype", "input_dim", "input_dtype", "momentum", "seed", "noise_shape", "rate",
    "stddev", "l1", "l2", "fused", "virtual_batch_size", "adjustment", "synchronized", "renorm_clipping",
    "renorm_momentum", "sparse", "ragged", "batch_size", "autocast",
}  # fmt: skip
HARMLESS_ENDS = ("_initializer", "_regularizer", "_constraint")


class Settings:
    """What a layer's configuration says, each thing asked for once."""

    def __init__(self, step: Step) -> None:
        self._step, self._rest = step, dict(step.settings)
        self.must("data_format", "channels_last", None)

    def refuse_rest(self) -> None:
        """Refuse what nobody asked for, unless it is off or harmless. Raises ModelError."""
        for name, value in self._rest.items():
            if value and name not in HARMLESS and not name.endswith(HARMLESS_ENDS):
                raise ModelError(
                    f"{self._step.here} has {shown(name)} = {shown(value)}, which a recogniser's layers do not know"
                )

    def must(self, name: str, *allowed: Any) -> None:
        """Refuse any value but these; the setting may be missing. Raises ModelError."""
        if name in self._rest and self._rest.pop(name) not in allowed:
            value = shown(self._step.settings[name])
            raise ModelError(
                f"{self._step.here} has {name} = {value}; a recogniser's layers only know {shown(allowed[0])}"
            )

    def choice(self, name: str, *allowed: str) -> str:
        """Return one of these words, the first by default. Raises ModelError."""
        value = self._rest.pop(name, allowed[0])
        if value not in allowed:
            raise self._wrong(name, value, " or ".join(allowed))
        return str(value)

    def flag(self, name: str, default: bool) -> bool:
        """Return a yes or no. Raises ModelError."""
        value = self._rest.pop(name, default)
        if not isinstance(value, bool):
            raise self._wrong(name, value, "true or false")
        return value

    def number(self, name: str, default: float) -> float:
        """Return a finite number. Raises ModelError."""
        value = self._rest.pop(name, default)
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise self._wrong(name, value, "a number")
        return float(value)

    def count(self, name: str) -> int:
        """Return a whole number from 1 on. Raises ModelError."""
        return self._whole(name, self._rest.pop(name, None), 1)

    def pair(self, name: str, default: int | tuple[int, int] | None = None) -> tuple[int, int]:
        """Return a size for rows and one for columns. Raises ModelError."""
        value = self._rest.pop(name, None)
        value = default if value is None else value
        values = list(value) if isinstance(value, list | tuple) else [value, value]
        if len(values) != 2:
            raise self._wrong(name, value, "two whole numbers")
        return self._whole(name, values[0], 1), self._whole(name, values[1], 1)

    def sides(self, name: str) -> tuple[int, int, int, int]:
        """Return the padding above, below, left and right. Raises ModelError."""
        value = self._rest.pop(name, 1)
        rows_columns = value if isinstance(value, list) and len(value) == 2 else [value, value]
        both = [part if isinstance(part, list) and len(part) == 2 else [part, part] for part in rows_columns]
        return tuple(self._whole(name, side, 0) for part in both for side in part)  # type: ignore[return-value]

    def shape(self, name: str, size: int) -> tuple[int, ...]:
        """Return a shape of `size` values, of which one side may be -1. Raises ModelError."""
        value = self._rest.pop(name, None)
        if not isinstance(value, list) or not all(isinstance(side, int) for side in value):
            raise self._wrong(name, value, "a list of whole numbers")
        known = math.prod(side for side in value if side != -1)
        sides = tuple(size // known if side == -1 and known > 0 else side for side in value)
        if math.prod(sides) != size or min(sides, default=1) < 1:
            raise self._wrong(name, value, f"a shape of {size} values")
        return sides

    def activation(self) -> str:
        """Return the activation's name. Raises ModelError for those that the layer language has no word for."""
        value = self._rest.pop("activation", None)
        if isinstance(value, dict) and value.get("class_name") in ("ReLU", "Softmax"):
            inner = Settings(Step(value["class_name"], "", dict(value.get("config") or {}), self._step.here))
            inner.must("max_value", None)
            inner.must("axis", -1)
            inner.refuse_rest()
            value = value["class_name"].lower()
        name = "linear" if value is None else "softmax" if value == "softmax_v2" else value  # as TensorFlow 1 wrote it
        if name not in ACTIVATIONS:
            raise ModelError(
                f"{self._step.here} has the activation {shown(name)}; a recogniser knows {', '.join(ACTIVATIONS[1:])}"
            )
        return str(name)

    def _whole(self, name: str, value: Any, least: int) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= LARGEST:
            raise self._wrong(name, value, f"a whole number from {least} to {LARGEST:,}")
        return value

    def _wrong(self, name: str, value: Any, wanted: str) -> ModelError:
        return ModelError(f"{self._step.here} has {name} = {shown(value)}, which is not {wanted}; save the model again")
