"""The one place that says what is missing when the training extra is not installed."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from digitlab.errors import MissingExtraError


@contextlib.contextmanager
def needs_extra(what: str = "evaluating") -> Iterator[None]:
    """Import optional libraries inside this; where one is absent, MissingExtraError says how to install it.

    Args:
        what: the activity that needs the library, the beginning of the message.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        raise MissingExtraError(what, "train") from error
