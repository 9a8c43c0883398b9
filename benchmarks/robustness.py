"""How sure and how robust a recogniser is: MNIST-C's corruptions, what is no digit, calibration, refusing.

Choices are made on the validation digits, by training and by the thresholds here; the 10,000 test images are read
once, to judge by. Writes results/robustness.json.

    python benchmarks/robustness.py        # about four minutes on two cores
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import record
from digitlab.console import percent
from digitlab.evaluation import find_refusal, held_out, judge, measure_rejection, measure_robustness
from digitlab.evaluation.robustness import sample
from digitlab.recognizer import load

WEIGHTS = record.ROOT / "src" / "digitlab" / "weights"
RISKS = (0.0, 0.0005, 0.001, 0.005)  # wrong answers that a rule may allow
LIBRARIES = ("numpy", "onnxruntime", "opencv-python-headless", "scipy", "scikit-learn")


def sha256(model: str) -> str | None:
    """Return the digest of a bundled recogniser's file, so that figures can be told from those of another one."""
    file = WEIGHTS / f"{model}.onnx"
    return hashlib.sha256(file.read_bytes()).hexdigest() if file.exists() and not Path(model).exists() else None


def main() -> None:
    options = record.parser(__doc__)
    options.add_argument("--model", default="default")
    options.add_argument("--digits", type=int, metavar="N", help="on this many test digits only; for a trial")
    asked = options.parse_args()
    recognizer = load(asked.model)
    digits, indices = sample(held_out(recognizer, "mnist"), asked.digits)
    evaluation, probabilities = judge(recognizer, digits)
    corrupted = measure_robustness(recognizer, digits, indices=indices, listen=lambda name: print(name, flush=True))
    outliers = measure_rejection(recognizer, digits)
    rules = [find_refusal(recognizer, risk, digits, probabilities).to_dict() for risk in RISKS]
    figures: dict[str, Any] = {"sha256": sha256(asked.model), "evaluation": evaluation.summary()}
    figures |= {"robustness": corrupted.to_dict(), "outliers": outliers.to_dict(), "refusals": rules}
    print(f"mean of the corruptions {percent(corrupted.mean)}, AUROC {outliers.overall.auroc_in_words}")
    print(record.write("robustness", figures, libraries=LIBRARIES, results=asked.results))


if __name__ == "__main__":
    record.run(main)
