"""Train what tells digits apart that hang together, and make it the one that ships. 45 minutes on two cores.

    python benchmarks/parter.py

It learns from pieces of synthetic pages, with MNIST's training digits and the pen's; another thousand pages, with
validation digits, are held out. Writes src/digitlab/weights/finding/parter.onnx and parter.md, and results/parter.json.
"""

from __future__ import annotations

import finders
import record
from digitlab.data import joined
from digitlab.finding.parter import FILE
from digitlab.finding.parting import ROWS
from digitlab.training.parting import RIGHT, judged, train

FIRST, HELD_OUT = 8_000_000, 8_900_000  # seeds of the first pages
CARD = """# parter

Tells digits apart that hang together: touching, overlapping, written in one go, joined to a line.

It has {parameters:,} parameters, sees a piece of ink and says of every pixel where the middle of its digit lies. Pixels
that point to one place are proposed as one digit; whether they are is for the judge of pieces to say.

## Figures

Of the inked pixels of {held_out:,} held-out pieces, {right:.2%} point to within {near:.0%} of the piece's height of
their digit's middle. What it is worth to the reader stands in `docs/reader.md`.

## How it was made

{{made}}

## Limits

It learned from synthetic pages alone. Pieces longer than sixteen times their height are not parted, nor are those of
digits less than six pixels high.
"""


def main() -> None:
    asked = finders.parser(__doc__, FILE, pages=8000, held_out=1000, epochs=10).parse_args()
    network, facts, figures = finders.make(asked, (FIRST, HELD_OUT), joined.generate, train, judged)
    finders.ship(asked, network, facts, figures, CARD.format(near=RIGHT, **figures), ROWS)


if __name__ == "__main__":
    record.run(main)
