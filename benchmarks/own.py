"""Our own recipes over several seeds, beside the marks that they are to pass: `classics.py` has those of others.

Runs lie in runs/compare/ and are used again, so the script can be stopped and started. Writes results/own.json, and
what `digitlab recipes` shows; of `fast` and `fast-99.4`, fast_training.py does.

    python benchmarks/own.py --only tiny     # five trainings, an hour or so on two cores
    python benchmarks/own.py --finished-only # what the runs so far give; trains nothing
"""

from __future__ import annotations

import json
from pathlib import Path

import record
from classics import LIBRARIES, RUNS, Setting, gather, in_words, measure, measured_by_recipe, write_measured

# The marks: what is published, or where nothing is, what was set out for.
SETTINGS = (
    Setting("tiny", 5, 99.40, "99.40 % below 5,000 parameters; nothing clean is published there"),
    Setting("student", 3, 99.75, "99.75 % in a megabyte, and 30,000 images/s on two cores"),
    Setting("best", 5, 99.75, "99.75 %, the published means of one network"),
)


def main() -> None:
    options = record.parser(__doc__)
    options.add_argument("--finished-only", action="store_true", help="train nothing, take what is finished")
    options.add_argument("--only", action="append", choices=[s.name for s in SETTINGS], help="all if not given")
    options.add_argument("--runs", type=Path, default=RUNS, metavar="DIR", help="where the runs lie")
    asked = options.parse_args()
    path = asked.results / "own.json"
    known = {row["name"]: row for row in json.loads(path.read_text())["rows"]} if path.exists() else {}
    for setting in SETTINGS:
        runs = gather(setting, asked.runs, asked.finished_only) if setting.name in (asked.only or setting.name) else []
        if runs:
            row = known[setting.name] = measure(setting, runs, asked.results)
            print(f"{setting.title:20s} {in_words(row)}, {len(runs)} of {setting.seeds} runs", flush=True)
    write_measured(measured_by_recipe(list(known.values())), asked.results)
    print(record.write("own", {"rows": list(known.values())}, libraries=LIBRARIES, results=asked.results))


if __name__ == "__main__":
    record.run(main)
