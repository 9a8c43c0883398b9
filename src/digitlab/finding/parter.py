"""The bundled network that tells digits apart which hang together, as `digitlab.finding.parting` asks it."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from digitlab.sessions import open_session

FILE = Path(__file__).parent.parent / "weights" / "finding" / "parter.onnx"


def votes(ink: np.ndarray) -> np.ndarray:
    """Return what the network says of pieces of ink; for shapes see `digitlab.finding.parting.Votes`."""
    return np.asarray(_session().run(["said"], {"seen": ink})[0])


@cache
def _session() -> Any:
    """Return the network, opened when it is first needed: most pages have no digits that hang together."""
    return open_session(FILE.read_bytes(), any_size=True)
