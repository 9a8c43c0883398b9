"""How well a recogniser reads: figures, their uncertainty, and a report to look at."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from digitlab.evaluation.metrics import Evaluation, evaluate_probabilities, mean_interval

if TYPE_CHECKING:
    from digitlab.evaluation.comparison import Compared, compare
    from digitlab.evaluation.corruptions import corrupt
    from digitlab.evaluation.judging import evaluate, held_out, judge
    from digitlab.evaluation.outliers import make_outliers
    from digitlab.evaluation.refusal import find_refusal
    from digitlab.evaluation.rejection import measure_rejection
    from digitlab.evaluation.report import write_report
    from digitlab.evaluation.robustness import measure_robustness

__all__ = [
    "Compared",
    "Evaluation",
    "compare",
    "corrupt",
    "evaluate",
    "evaluate_probabilities",
    "find_refusal",
    "held_out",
    "judge",
    "make_outliers",
    "mean_interval",
    "measure_rejection",
    "measure_robustness",
    "write_report",
]

# Imported when asked for: the report brings Pillow along, comparisons bring torch.
_LATER = {
    "Compared": "comparison",
    "compare": "comparison",
    "corrupt": "corruptions",
    "make_outliers": "outliers",
    "measure_rejection": "rejection",
    "measure_robustness": "robustness",
    "find_refusal": "refusal",
    "evaluate": "judging",
    "judge": "judging",
    "held_out": "judging",
    "write_report": "report",
}


def __getattr__(name: str) -> Any:
    """Import what is asked for. Raises AttributeError for unknown names."""
    if name in _LATER:
        return getattr(importlib.import_module(f"digitlab.evaluation.{_LATER[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
