"""Train what tells the pen from the lines of a page, and make it the one that ships.

    python benchmarks/penmap.py

It learns from crops of synthetic notebooks, tables and forms, with MNIST's training digits and the pen's; other pages,
with validation digits, are held out. On two cores with AVX-512 that takes a quarter of an hour. Writes
src/digitlab/weights/finding/penmap.onnx and penmap.md, and results/penmap.json.
"""

from __future__ import annotations

import finders
import record
from digitlab.data import ruled
from digitlab.finding.penmap import FILE
from digitlab.training.penning import judged, train

FIRST, HELD_OUT = 8_100_000, 8_950_000  # seeds of the first pages
CARD = """# penmap

Tells the pen from the lines of a page: of notebooks, squared paper, tables and forms.

It has {parameters:,} parameters, sees how dark each pixel of a page is, and its colour against what is around, and says
how likely it is the pen's. It is asked only where lines were found.

## Figures

On {held_out:,} held-out crops, what it says is the pen's and what is overlap by {right:.2%} of their union. What it is
worth to the reader stands in `docs/reader.md`.

## How it was made

{{made}}

## Limits

It learned from synthetic pages with digits alone; how it takes words and drawings on ruled paper was not measured.
"""


def main() -> None:
    asked = finders.parser(__doc__, FILE, pages=5000, held_out=300, epochs=11).parse_args()
    network, facts, figures = finders.make(asked, (FIRST, HELD_OUT), ruled.generate, train, judged)
    finders.ship(asked, network, facts, figures, CARD.format(**figures), halved=True)


if __name__ == "__main__":
    record.run(main)
