"""Make the pictures of docs/robustness.md: corrupted digits, and what is no digit. All by the pen, no data is needed.

python examples/make_robustness.py        # writes docs/figures/corruptions.png and outliers.png
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from digitlab import storage
from digitlab.data import strokes
from digitlab.evaluation.canvas import to_png
from digitlab.evaluation.contact import contact_sheet, in_words
from digitlab.evaluation.corruptions import CORRUPTIONS, corrupt
from digitlab.evaluation.outliers import SETS, make_outliers

FIGURES = Path(__file__).parent.parent / "docs" / "figures"
COLUMNS = 10
LARGEST = 150_000  # bytes of a file


def main() -> None:
    """Draw both."""
    digits = strokes.generate(COLUMNS, seed=5, labels=np.arange(COLUMNS)).images
    corrupted = np.stack([digits, *(corrupt(name, digits) for name in CORRUPTIONS)])
    outliers = np.stack([make_outliers(name, COLUMNS) for name in SETS])
    names = {"corruptions": ["clean", *map(in_words, CORRUPTIONS)], "outliers": list(SETS)}
    for name, sheet in (("corruptions", corrupted), ("outliers", outliers)):
        content = to_png(contact_sheet(sheet, names[name]), 110)
        assert len(content) <= LARGEST
        storage.write_bytes(FIGURES / f"{name}.png", content)
        print(f"docs/figures/{name}.png, {len(content):,} bytes")


if __name__ == "__main__":
    main()
