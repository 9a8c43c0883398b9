"""What an evaluation finds beside the plain figures, as far as it was asked for."""

from __future__ import annotations

from typing import Any, NamedTuple

from digitlab.evaluation.refusal import Refusal
from digitlab.evaluation.rejection import Rejection
from digitlab.evaluation.robustness import Robustness


class Findings(NamedTuple):
    """Each is None where nobody asked.

    Attributes:
        robustness: on corrupted digits.
        outliers: on what is no digit.
        refusal: a rule for refusing what it is not sure of.
    """

    robustness: Robustness | None = None
    outliers: Rejection | None = None
    refusal: Refusal | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-ready dictionary of those that were asked for, by their names."""
        return {name: found.to_dict() for name, found in self._asdict().items() if found is not None}
