"""Digits of another collection, which no recogniser here has learned from: optdigits, written by 43 other people.

Its test images, 1,797 of 8 x 8 pixels and 17 grey levels, come with scikit-learn. They are enlarged tenfold and framed
as any picture is, then recognised. Writes results/others.json.

    python benchmarks/others.py

Source: Alpaydin and Kaynak, "Optical Recognition of Handwritten Digits", UCI Machine Learning Repository, 1998.
"""

from __future__ import annotations

import cv2
import numpy as np
from sklearn.datasets import load_digits

import record
from digitlab.data.digits import Digits
from digitlab.evaluation import judge
from digitlab.framing import frame
from digitlab.recognizer import bundled, load

ENLARGED = 80  # pixels a side
LEVELS = 16  # full ink


def optdigits() -> Digits:
    """Return the collection, each image framed to 28 x 28."""
    given = load_digits()
    pictures = (given.images * (255 / LEVELS)).astype(np.uint8)  # light on dark
    framed = [frame(cv2.resize(picture, (ENLARGED, ENLARGED), interpolation=cv2.INTER_CUBIC)) for picture in pictures]
    return Digits(np.stack(framed), given.target.astype(np.int64), "optdigits")


def main() -> None:
    options = record.parser(__doc__)
    options.add_argument("--model", action="append", metavar="M", help="recognisers; those that ship if not given")
    asked = options.parse_args()
    digits = optdigits()
    rows = []
    for name in asked.model or [name for name in bundled() if load(name).channels == 1]:
        figures, _ = judge(load(name), digits)
        summary = figures.summary()
        rows.append({"name": name} | {key: summary[key] for key in ("accuracy", "errors", "n", "interval", "ece")})
        print(f"{name:20s} {100 * summary['accuracy']:.2f} %, {summary['errors']} wrong of {summary['n']:,}")
    libraries = ("scikit-learn", "opencv-python-headless", "onnxruntime", "numpy")
    print(record.write("others", {"rows": rows}, libraries=libraries, results=asked.results))


if __name__ == "__main__":
    record.run(main)
