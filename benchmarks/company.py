"""Fit what a candidate's company says: a logistic regression on synthetic pages, shipped as weights/company.json.

    python benchmarks/company.py --pages 1500

Pages come from seeds that neither the judge nor benchmarks/pages.py uses, with MNIST's validation digits. Whether a
candidate is a digit is known from the page; the regression gives its log odds from the judge's log odds, its row, its
size, and the rest of the page (digitlab.reading.evidence).
"""

from __future__ import annotations

import argparse
import os
from concurrent.futures import ProcessPoolExecutor

import numpy as np

import record
from digitlab import data, storage
from digitlab.data.digits import NO_DIGIT
from digitlab.data.pages import make_page
from digitlab.data.pieces import label
from digitlab.reading.evidence import NAMES, gather
from digitlab.reading.page import judged
from digitlab.recognizer import load

FIRST = 5_000_000  # seed
OUT = record.ROOT / "src" / "digitlab" / "weights" / "company.json"


def evidence_of(seeds: list[int], model: str) -> tuple[np.ndarray, np.ndarray]:
    """Return evidence (N, F) and whether each candidate is a digit, of pages."""
    import cv2

    cv2.setNumThreads(1)
    from digitlab.reading.choose import choose

    bank, judge = data.load("mnist").validation, load(model, threads=1)
    rows, truth = [], []
    for seed in seeds:
        kind = {0: "distractors", 1: "empty", 2: "text"}.get(seed % 16)  # more pages without digits than usual
        page = make_page(seed, bank, kind)
        candidates, labels, odds = judged(page.image, None, judge)
        if not candidates:
            continue
        known = label(candidates, page)
        found = gather(candidates, labels, odds, choose(candidates, odds))
        keep = (known >= 0) & (odds > -6)
        rows.append(found[keep])
        truth.append(known[keep] != NO_DIGIT)
    return np.concatenate(rows), np.concatenate(truth)


def main() -> None:
    """Fit and write."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--pages", type=int, default=1500)
    options.add_argument("--judge", default="reader")
    options.add_argument("--out", default=str(OUT))
    asked = options.parse_args()
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import log_loss

    seeds = range(FIRST, FIRST + asked.pages)
    chunks = [list(seeds[i : i + 25]) for i in range(0, asked.pages, 25)]
    workers = os.cpu_count() or 1
    with ProcessPoolExecutor(workers) as pool:
        parts = list(pool.map(evidence_of, chunks, [asked.judge] * len(chunks)))
    cut = int(0.8 * len(parts))
    fit, held = ([np.concatenate(p) for p in zip(*part, strict=True)] for part in (parts[:cut], parts[cut:]))
    model = LogisticRegression(C=1.0, fit_intercept=False, max_iter=2000).fit(*fit)
    alone = log_loss(held[1], 1 / (1 + np.exp(-held[0][:, 1])))
    together = log_loss(held[1], model.predict_proba(held[0])[:, 1])
    weights = dict(zip(NAMES, np.round(model.coef_[0], 4).tolist(), strict=True))
    print(f"{len(fit[1])} candidates; held out: log loss {alone:.4f} by the judge alone, {together:.4f} with company")
    for name, weight in weights.items():
        print(f"  {name:24s} {weight:8.3f}")
    page = {
        "weights": weights,
        "made": {
            "command": f"python benchmarks/company.py --pages {asked.pages}",
            "seeds from": FIRST,
            "candidates": len(fit[1]),
        },
        "held out": {"log loss, judge alone": round(alone, 5), "log loss": round(together, 5), "n": len(held[1])},
    }
    storage.write_json(asked.out, page)


if __name__ == "__main__":
    main()
