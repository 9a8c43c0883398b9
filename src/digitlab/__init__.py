"""Handwritten digits: train, measure and use recognisers.

    import digitlab

    reading = digitlab.read("seven.png")            # path, bytes, PIL image or array
    reading.text                                    # "7"
    recognizer = digitlab.load("default")           # or a run folder, or an .onnx or Keras file
    recognizer.predict_proba(images)                # (N, 28, 28) -> (N, 10)
    run = digitlab.train("conv3")                   # needs: pip install 'digitlab[train]'
    digitlab.evaluate(run.folder).accuracy

Names are imported when they are first used, so `import digitlab` costs next to nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from digitlab.data import Digits
    from digitlab.errors import DigitlabError
    from digitlab.evaluation import Evaluation, compare, evaluate
    from digitlab.exchange import export_model, import_model
    from digitlab.exchange import open_model as load
    from digitlab.reading import Reader, read
    from digitlab.readings import Digit, Line, Reading
    from digitlab.recipes import Recipe
    from digitlab.recognizer import Recognizer
    from digitlab.training import Run, resume, train

__version__ = "0.1.0"

_HOME = {  # the module, and after a colon the name in it where that is another one
    "Digit": "readings",
    "DigitlabError": "errors",
    "Digits": "data",
    "Evaluation": "evaluation",
    "Line": "readings",
    "Reader": "reading",
    "Reading": "readings",
    "Recipe": "recipes",
    "Recognizer": "recognizer",
    "Run": "training",
    "compare": "evaluation",
    "evaluate": "evaluation",
    "export_model": "exchange",
    "import_model": "exchange",
    "load": "exchange:open_model",
    "read": "reading",
    "resume": "training",
    "train": "training",
}

__all__ = [
    "Digit",
    "DigitlabError",
    "Digits",
    "Evaluation",
    "Line",
    "Reader",
    "Reading",
    "Recipe",
    "Recognizer",
    "Run",
    "compare",
    "evaluate",
    "export_model",
    "import_model",
    "load",
    "read",
    "resume",
    "train",
]


def __getattr__(name: str) -> Any:
    """Import a public name from its home. Raises AttributeError for unknown names."""
    if name in _HOME:
        home, _, there = _HOME[name].partition(":")
        return getattr(importlib.import_module(f"digitlab.{home}"), there or name)
    raise AttributeError(f"module 'digitlab' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
