"""Fit what a candidate's company says: a logistic regression on synthetic pages, shipped as weights/company.json.

    python benchmarks/company.py --pages 1500

Pages come from seeds that neither the judge nor benchmarks/pages.py uses, with MNIST's validation digits. Whether a
candidate is a digit is known from the page; the regression gives its log odds from the judge's log odds, its row, its
size, and the rest of the page (digitlab.reading.evidence). Of things that have a picture to themselves, half of them
digits, it learns as well: pages cannot tell that whoever shows one thing most likely means a digit.
"""

from __future__ import annotations

import argparse
import os
from concurrent.futures import ProcessPoolExecutor

import numpy as np

import record
from digitlab import data, storage
from digitlab.data.closeups import closeup
from digitlab.data.digits import NO_DIGIT, PART, SEVERAL, Digits
from digitlab.data.pages import make_page
from digitlab.data.things import larger, one_thing, tilted
from digitlab.reading.choose import choose
from digitlab.reading.evidence import NAMES, gather
from digitlab.reading.judging import judged
from digitlab.reading.page import JUDGE
from digitlab.readings import Box
from digitlab.recognizer import load
from scoring import overlap

FIRST = 5_000_000  # seed
LENIENT = 4.0  # log odds below 0 down to which a piece may still turn out to be a digit
SAME = 0.5  # intersection over union of a piece's box and a digit's: they are the same
# More pages than usual without digits, with one alone, or of figures: one in 16 of each kind, beside those that come
# anyway.
OFTEN = {0: "distractors", 1: "empty", 2: "text", 3: "lone", 4: "single", 5: "figures"}
LONE = 7_000_000  # seed of the first thing that has a picture to itself
OUT = record.ROOT / "src" / "digitlab" / "weights" / "company.json"


Shown = tuple[np.ndarray, list[Box]]  # a picture, and the boxes of the digits on it


def page_shown(seed: int, bank: Digits) -> Shown:
    """Return a page; some kinds come more often than usual."""
    page = make_page(seed, bank, OFTEN.get(seed % 16))
    return page.image, [digit.box for digit in page.digits]


def thing_shown(seed: int, bank: Digits) -> Shown:
    """Return a picture of one thing, of any size, or small on a sheet."""
    rng = np.random.default_rng(seed)
    ink, label = one_thing(rng, bank)
    while label in (SEVERAL, PART):
        ink, label = one_thing(rng, bank)
    ink = tilted(larger(ink, rng), rng)
    image, (left, top) = closeup(ink, rng)
    return image, [(left, top, left + ink.shape[1], top + ink.shape[0])] if label < NO_DIGIT else []


def evidence_of(seeds: list[int], model: str) -> tuple[np.ndarray, np.ndarray]:
    """Return evidence (N, F) and whether each candidate is a digit, of pages and pictures."""
    import cv2

    cv2.setNumThreads(1)
    bank, judge = data.load("mnist").validation, load(model, threads=1)
    rows, truth = [np.empty((0, len(NAMES)))], [np.empty(0, bool)]
    for seed in seeds:
        image, boxes = (thing_shown if seed >= LONE else page_shown)(seed, bank)
        candidates, labels, odds = judged(image, None, judge)
        if not candidates:
            continue
        found = gather(candidates, labels, odds, choose(candidates, odds))
        # One piece for each bit of ink, the most likely one: the others say the same again.
        likely = choose(candidates, odds + LENIENT)
        rows.append(found[likely])
        truth.append(np.array([is_digit(candidates[i].box, boxes) for i in likely], bool))
    return np.concatenate(rows), np.concatenate(truth)


def is_digit(box: Box, digits: list[Box]) -> bool:
    """Whether a box is that of one of a picture's digits."""
    return any(overlap(box, digit) >= SAME for digit in digits)


def main() -> None:
    """Fit and write."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--pages", type=int, default=1500)
    options.add_argument("--things", type=int, default=3000, help="that have a picture to themselves")
    options.add_argument("--judge", default=JUDGE)
    options.add_argument("--out", default=str(OUT))
    asked = options.parse_args()
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import log_loss

    seeds = [*range(FIRST, FIRST + asked.pages), *range(LONE, LONE + asked.things)]
    seeds = np.random.default_rng(0).permutation(seeds).tolist()  # so that what is held back has some of both
    chunks = [seeds[i : i + 25] for i in range(0, len(seeds), 25)]
    workers = os.cpu_count() or 1
    with ProcessPoolExecutor(workers) as pool:
        parts = list(pool.map(evidence_of, chunks, [asked.judge] * len(chunks)))
    cut = int(0.8 * len(parts))
    fit, held = ([np.concatenate(p) for p in zip(*part, strict=True)] for part in (parts[:cut], parts[cut:]))
    model = LogisticRegression(C=1.0, fit_intercept=False, max_iter=2000).fit(*fit)
    alone = log_loss(held[1], 1 / (1 + np.exp(-held[0][:, 1])))
    together = log_loss(held[1], model.predict_proba(held[0])[:, 1])
    # What ships learns from all pages; what it is worth was measured with a fifth of them held back.
    every = [np.concatenate(both) for both in zip(fit, held, strict=True)]
    model = LogisticRegression(C=1.0, fit_intercept=False, max_iter=2000).fit(*every)
    weights = dict(zip(NAMES, np.round(model.coef_[0], 4).tolist(), strict=True))
    print(f"{len(every[1])} candidates; held out: log loss {alone:.4f} by the judge alone, {together:.4f} with company")
    for name, weight in weights.items():
        print(f"  {name:24s} {weight:8.3f}")
    page = {
        "weights": weights,
        "made": {
            "command": f"python benchmarks/company.py --pages {asked.pages} --things {asked.things}",
            "judge": asked.judge,
            "seeds from": [FIRST, LONE],
            "candidates": len(every[1]),
        },
        "held out": {"log loss, judge alone": round(alone, 5), "log loss": round(together, 5), "n": len(held[1])},
    }
    storage.write_json(asked.out, page)


if __name__ == "__main__":
    main()
