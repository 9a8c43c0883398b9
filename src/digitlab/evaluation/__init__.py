"""How well a recogniser reads: figures, their uncertainty, and a report to look at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from digitlab.evaluation.metrics import Evaluation, evaluate_probabilities, mean_interval

if TYPE_CHECKING:
    from digitlab.evaluation.report import write_report

__all__ = ["Evaluation", "evaluate_probabilities", "mean_interval", "write_report"]


def __getattr__(name: str) -> Any:
    """Import the report only when it is asked for: it brings Pillow along."""
    if name == "write_report":
        from digitlab.evaluation.report import write_report

        return write_report
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
