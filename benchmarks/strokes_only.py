"""How far the pen alone goes: trained on `strokes`, with no real image ever seen, and judged on MNIST's test images.

Runs lie in runs/strokes-only/ and are used again. Writes results/strokes_only.json.

    python benchmarks/strokes_only.py
"""

from __future__ import annotations

from pathlib import Path

import record
from digitlab import console, evaluation
from digitlab.evaluation.comparison import run_once
from digitlab.recipes import Recipe

RECIPE = Path(__file__).with_name("strokes-only.toml")
RUNS = record.ROOT / "runs" / "strokes-only"


def main() -> None:
    options = record.parser(__doc__)
    options.add_argument("--recipe", type=Path, default=RECIPE)
    options.add_argument("--seeds", type=int, default=3)
    options.add_argument("--epochs", type=int, help="instead of the recipe's own; for a trial")
    options.add_argument("--train-size", type=int, help="of the source's digits, and no more of the pen's; for a trial")
    options.add_argument("--runs", type=Path, default=RUNS, metavar="DIR", help="where the runs lie")
    asked = options.parse_args()
    recipe = Recipe.load(asked.recipe).changed(epochs=asked.epochs, train_size=asked.train_size)
    if asked.train_size:
        recipe = recipe.changed(strokes=0)
    values, validation = [], []
    for seed in range(asked.seeds):
        with console.training_display(f"{recipe.name}, seed {seed}", recipe.plan.epochs) as listen:
            run = run_once(recipe, seed, asked.runs, "auto", lambda name, listen=listen: listen)
        values.append(evaluation.evaluate(run.folder, "mnist").accuracy)
        validation.append(run.history[-1]["validation_accuracy"])
        print(f"seed {seed}: {console.percent(values[-1])} on MNIST's test images", flush=True)
    mean, low, high = evaluation.mean_interval(values)
    figures = {"name": recipe.name, "parameters": recipe.parameters, "epochs": recipe.plan.epochs}
    figures |= {"train_size": run.facts["data"]["train"]["n"], "test": "mnist test", "values": values}
    figures |= {"mean": mean, "low": low, "high": high, "validation": sum(validation) / len(validation)}
    print(f"mean {console.percent(mean)}, 95 % interval {console.interval(low, high)}")
    print(record.write("strokes_only", figures, libraries=("torch", "numpy", "onnxruntime"), results=asked.results))


if __name__ == "__main__":
    record.run(main)
