"""A submission for Kaggle, from files in its shape made of MNIST: is it valid, in order, as good as its recogniser?

42,000 labelled images and 28,000 to label, as in the recipes' split "kaggle". A recipe learns from the first file and
labels the second; what it writes is read back and compared. Writes results/submission.json.

    python benchmarks/submission.py        # two minutes on two cores
"""

from __future__ import annotations

import csv
import os
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

import digitlab
import record
from digitlab import data, storage
from digitlab.data.digits import Digits, concatenate
from digitlab.data.tables import read_csv, read_images, write_csv
from digitlab.kaggle import HEADER, Entry


def write_tables(folder: Path) -> Digits:
    """Write train.csv and test.csv as Kaggle has them; return the digits of test.csv with their labels."""
    parts = data.load("mnist", split="kaggle")
    write_csv(folder / "train.csv", concatenate([parts.train, parts.validation], "train"))
    write_csv(folder / "labelled.csv", parts.test)
    with open(folder / "labelled.csv") as labelled, open(folder / "test.csv", "w") as bare:
        bare.writelines(line.partition(",")[2] for line in labelled)
    return parts.test


def seconds_to_read(folder: Path) -> float:
    """Return how long both files take from the disk to arrays."""
    start = time.perf_counter()
    read_csv(folder / "train.csv")
    read_images(folder / "test.csv")
    return time.perf_counter() - start


def judged(submission: Path, test: Digits, predicted: np.ndarray) -> dict[str, Any]:
    """Return how a submission compares with what it should say and with what the recogniser itself says."""
    with open(submission, newline="") as file:
        rows = list(csv.DictReader(file))
    labels = np.array([int(row["Label"]) for row in rows])
    return {
        "header": ",".join(rows[0]) == HEADER,
        "in order": [int(row["ImageId"]) for row in rows] == list(range(1, len(test) + 1)),
        "rows": len(rows),
        "accuracy": round(float((labels == test.labels).mean()), 6),
        "accuracy of the recogniser": round(float((predicted == test.labels).mean()), 6),
    }


def main() -> None:
    """Make the files, take part, and compare."""
    options = record.parser(__doc__)
    options.add_argument("--recipe", default="lenet50")
    asked = options.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder, here = Path(scratch), Path.cwd()
        os.chdir(folder)  # runs go into the working directory
        try:
            test = write_tables(folder)
            reading = [seconds_to_read(folder) for _ in range(3)]
            entry = Entry([folder / "train.csv", folder / "test.csv"], asked.recipe, None, folder / "submission.csv")
            run = entry.train()
            entry.write()
            found = judged(folder / "submission.csv", test, digitlab.load(run.folder).predict(test.images))
        finally:
            os.chdir(here)
    figures = {"recipe": asked.recipe, "seconds to read 42,000 + 28,000 rows": record.spread(reading, 2), **found}
    storage.make_folder(asked.results)
    path = record.write("submission", figures, libraries=["numpy", "torch"], results=asked.results)
    print(*(f"{name}: {value}" for name, value in figures.items()), path, sep="\n")


if __name__ == "__main__":
    record.run(main)
