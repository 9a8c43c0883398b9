"""The tables of README and documents, written from results/ so that no figure is ever typed by hand.

A table stands between markers, on lines of their own, in README.md or docs/*.md:

    <!-- classics -->
    <!-- /classics -->

    python benchmarks/tables.py             # fill them in
    python benchmarks/tables.py --check     # exit with 1 where one differs from what results give
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path

import reader_tables
import record
import record_tables
import robustness_tables
import speed_tables
import training_tables
from cells import Results, markdown
from digitlab import storage
from digitlab.console import interval, percent
from digitlab.errors import UsageError

MARKED = re.compile(r"^<!-- (?P<name>[\w-]+) -->\n(?P<body>.*?)^<!-- /(?P<end>[\w-]+) -->$", re.DOTALL | re.MULTILINE)
MARKER = re.compile(r"^<!-- /?([\w-]+) -->$", re.MULTILINE)
FEWEST_RUNS = 3  # that a claim is judged by


def with_spread(row: Results) -> str:
    """Return "99.21 % (99.15 to 99.27)"; a single run leaves no interval."""
    return f"{percent(row['mean'])} ({'one run' if row['low'] is None else interval(row['low'], row['high'])})"


def runs_of(row: Results) -> str:
    """Return how many runs there are, and of how many where some are still to come."""
    done, wanted = len(row["values"]), row.get("seeds_wanted", len(row["values"]))
    return str(done) if done >= wanted else f"{done} of {wanted}"


def met(row: Results) -> str:
    """Return whether the mean meets the claim; fewer runs than a mean needs decide nothing."""
    if len(row["values"]) < FEWEST_RUNS:
        return "too few runs"
    return "yes" if row["mean"] >= row["claim"] else "no"


def classics(page: Results) -> str:
    columns = ("recipe", "claim", "measured: mean (95 % interval)", "met", "runs", "epochs", "s a run", "parameters")
    rows = [
        (f"`{row['name']}`" + ("" if row["all_images"] else f", {row['train_size']:,} images"), row["said"],
         with_spread(row), met(row), runs_of(row), row["epochs"],
         f"{row['seconds']:.0f}", f"{row['parameters']:,}")
        for row in page["rows"] if row["claim"] is not None
    ]  # fmt: skip
    return markdown(columns, rows, left=2)


def own(page: Results) -> str:
    columns = ("recipe", "parameters", "measured: mean (95 % interval)", "mark to pass", "passed", "runs", "epochs",
               "minutes a run", "on")  # fmt: skip
    rows = [
        (f"`{row['name']}`", f"{row['parameters']:,}", with_spread(row), row["said"], met(row), runs_of(row),
         row["epochs"], f"{row['seconds'] / 60:.0f}", row["hardware"])
        for row in page["rows"]
    ]  # fmt: skip
    return markdown(columns, rows)


def lenet50(page: Results) -> str:
    columns = ("network", "training images", "epochs", "parameters", "measured: mean (95 % interval)", "runs")
    rows = [
        (f"`{r['name']}`", f"{r['train_size']:,}", r["epochs"], f"{r['parameters']:,}", with_spread(r), runs_of(r))
        for r in page["rows"]
    ]
    differences = [
        (answer["question"], f"{100 * answer['difference']:+.2f}", _points(answer["low"], answer["high"]))
        for answer in page["answers"]
    ]
    asked = markdown(("question", "difference, points", "95 % interval"), differences)
    return markdown(columns, rows) + ("\n" + asked if differences else "")


def _points(low: float | None, high: float | None) -> str:
    return "–" if low is None or high is None else f"{100 * low:+.2f} to {100 * high:+.2f}"


def throughput(page: Results) -> str:
    rows = []
    ratios = {"keras": page["times_keras"], page["plain_torch"]: page["times_plain_torch"]}
    names = {"digitlab": "digitlab", "keras": "Keras on TensorFlow", page["plain_torch"]: "plain torch loop"}
    for side, name in names.items():
        if side not in page["sides"]:
            continue
        rate, times = page["sides"][side]["images_per_second"], ratios.get(side)
        shown = f"{times['median']:.1f} x ({times['least']:.1f} to {times['greatest']:.1f})" if times else "–"
        rows.append((name, page["sides"][side]["precision"], f"{rate['median']:,.0f}", shown))
    told = markdown(("training `conv3`", "precision", "images/s, median", "digitlab is faster by"), rows)
    images, peak = page["memory"]["images"], page["memory"]["peak_mb"]
    return told + f"\nPeak memory of one epoch of `digitlab train` on {images:,} images: {peak:,} MB.\n"


def cold_start(page: Results) -> str:
    rows = [
        (f"`{name}`", f"{taken['seconds']['median']:.3f}", f"{taken['peak_mb']:.0f}")
        for name, taken in page["processes"].items()
    ]
    told = markdown(("whole process", "seconds, median", "peak memory, MB"), rows)
    if page["download"]:
        told += f"\n`pip install .` downloads {page['download']['mb']:.0f} MB.\n"
    return told


def strokes_only(page: Results) -> str:
    columns = ("trained on", "images", "judged on", "measured: mean (95 % interval)", "runs")
    row = (
        "digits by the pen alone",
        f"{page['train_size']:,}",
        "MNIST's test images",
        with_spread(page),
        runs_of(page),
    )
    return markdown(columns, [row])


def framing(page: Results) -> str:
    given = page["originals"]
    rows = [("as they are given", percent(given), "", "")]
    for name, setting in page["settings"].items():
        change = f"{100 * (setting['accuracy'] - given):+.2f}"
        found = percent(setting["found"]["accuracy"])
        rows.append((name.replace("_", " "), percent(setting["accuracy"]), change, found))
    some = next(iter(page["settings"].values()))["found"]["n"]
    any_picture = "as any picture" + (f", the first {some:,}" if some < page["n"] else "")
    columns = (f"{page['n']:,} of MNIST's test digits", "with `--single`", "change, points", any_picture)
    return markdown(columns, rows)


def round_trips(page: Results) -> str:
    named = {"onnx": "in ONNX", "keras": "in Keras", "recogniser": "back again"}
    columns = ("recipe", f"labels changed, of {page['n']:,}", *(f"probabilities {name}" for name in named.values()))
    rows = []
    for row in page["rows"]:
        stops = row["stops"]
        changed = max(stop["labels_changed"] for stop in stops.values())
        differences = (f"{stops[name]['greatest_difference']:.1e}" for name in named)
        rows.append((f"`{row['recipe']}`", changed, *differences))
    return markdown(columns, rows)


def default(page: Results) -> str:
    test, photos = page["test"], page["singles"]
    rows = [("MNIST's test images", percent(test["accuracy"]), f"{interval(*test['interval'])} %", f"{test['n']:,}")]
    if test["corrected_accuracy"] is not None:
        corrected = ("the same, labels as most annotators give them", percent(test["corrected_accuracy"]))
        rows.append((*corrected, "", f"{test['corrected_n']:,}"))
    if photos:
        rows.append(("pictures of single digits", percent(photos["accuracy"]), "", f"{photos['n']:,}"))
    if pieces := page.get("digit_or_not"):
        rows.append(("pieces of synthetic pages: digit or not", percent(pieces["accuracy"]), "", f"{pieces['n']:,}"))
    told = markdown(("`default` on", "accuracy", "95 % interval", "of"), rows)
    return told + f"\n{page['parameters']:,} parameters, {page['bytes'] / 1e6:.1f} MB.\n"


def judge(page: Results) -> str:
    named = {"digit_or_not": "digit or not", "which_digit": "digits: which"}
    rows = [(name, percent(page[key]["accuracy"]), f"{page[key]['n']:,}") for key, name in named.items()]
    told = markdown(("the judge on held-out pieces", "accuracy", "of"), rows)
    return told + f"\n{page['parameters']:,} parameters, {page['bytes'] / 1e6:.1f} MB.\n"


# What a marker stands for: the file in results/ without its ending, what draws it, and the script that measures.
TABLES: dict[str, tuple[str, Callable[[Results], str], str]] = {
    "classics": ("classics", classics, "classics.py"),
    "own": ("own", own, "own.py"),
    "committees": ("committees", record_tables.committees, "committees.py"),
    "lenet50": ("lenet50", lenet50, "classics.py"),
    "throughput": ("throughput", throughput, "throughput.py"),
    "cold-start": ("cold_start", cold_start, "cold_start.py"),
    "photos": ("photos", reader_tables.photos, "photos.py"),
    "photo-subsets": ("photos", reader_tables.photo_subsets, "photos.py"),
    "photo-sources": ("photos", reader_tables.photo_sources, "photos.py"),
    "retaken": ("retaken", reader_tables.retaken, "retaken.py"),
    "strips": ("strips", reader_tables.strips, "strips.py"),
    "pages": ("pages", reader_tables.pages, "pages.py"),
    "parter": ("parter", reader_tables.parter, "parter.py"),
    "penmap": ("penmap", reader_tables.penmap, "penmap.py"),
    "peers": ("peers", reader_tables.peers, "peers.py"),
    "reading-speed": ("reading_speed", reader_tables.reading_speed, "reading_speed.py"),
    "strokes": ("strokes_only", strokes_only, "strokes_only.py"),
    "framing": ("framing", framing, "framing.py"),
    "round-trips": ("round_trips", round_trips, "round_trips.py"),
    "default": ("default", default, "bundle.py"),
    "corruptions": ("robustness", robustness_tables.corruptions, "robustness.py"),
    "others": ("others", robustness_tables.others, "others.py"),
    "outliers": ("robustness", robustness_tables.outliers, "robustness.py"),
    "calibration": ("robustness", robustness_tables.calibration, "robustness.py"),
    "refusals": ("robustness", robustness_tables.refusals, "robustness.py"),
    "judge": ("reader", judge, "bundle.py"),
    "judge-int8": ("reader-int8", judge, "bundle.py --int8 reader"),
    "recognition": ("recognition", speed_tables.recognition, "recognition.py"),
    "latency": ("recognition", speed_tables.latency, "recognition.py"),
    "stages": ("stages", speed_tables.stages, "stages.py"),
    "low-data": ("low_data", record_tables.low_data, "low_data.py"),
    "growth": ("growth", speed_tables.growth, "growth.py"),
    "fast": ("fast_training", training_tables.fast, "fast_training.py"),
    "fast-peers": ("fast_training", training_tables.peers, "fast_training.py"),
    "fast-card": ("fast_training", training_tables.card, "fast_training.py --only cuda"),
    "fast-work": ("fast_training", training_tables.work, "fast_training.py"),
    "augmentation": ("fast_training", training_tables.augmentation, "fast_training.py"),
}


def table(name: str, results: Path) -> str:
    """Return a table as it must stand between its markers; one line that says so where nothing is measured yet."""
    file, draw, script = TABLES[name]
    path = results / f"{file}.json"
    if not path.exists():
        return f"*Not measured yet: `python benchmarks/{script}`*\n"
    return draw(json.loads(path.read_text()))


def filled(text: str, results: Path, where: str) -> tuple[str, list[str]]:
    """Return a page with its tables as results give them, and the names of those that were different.

    Raises UsageError for a marker that is unknown, not closed, or closed by another.
    """
    stale: list[str] = []

    def fill(match: re.Match[str]) -> str:
        body = "\n" + table(match["name"], results) + "\n"
        if match["body"] != body:
            stale.append(match["name"])
        return f"<!-- {match['name']} -->\n{body}<!-- /{match['name']} -->"

    unknown = sorted(set(MARKER.findall(text)) - set(TABLES))
    if unknown:
        raise UsageError(f"{where}: no table is named {unknown[0]!r}; there are: {', '.join(TABLES)}")
    pairs = list(MARKED.finditer(text))
    if any(pair["name"] != pair["end"] or MARKER.search(pair["body"]) for pair in pairs) or (
        len(MARKER.findall(text)) != 2 * len(pairs)
    ):
        raise UsageError(f"{where}: a table's marker is not closed by its own; write <!-- NAME --> and <!-- /NAME -->")
    return MARKED.sub(fill, text), stale


def main() -> None:
    options = record.parser(__doc__)
    options.add_argument("--check", action="store_true", help="write nothing; exit with 1 where a table differs")
    options.add_argument("pages", nargs="*", type=Path, metavar="PAGE", help="README.md and docs/*.md if not given")
    asked = options.parse_args()
    pages = asked.pages or [record.ROOT / "README.md", *sorted((record.ROOT / "docs").glob("*.md"))]
    differ = False
    for page in pages:
        text, stale = filled(page.read_text(), asked.results, page.name)
        if stale and not asked.check:
            storage.write_text(page, text)
        for name in stale:
            print(f"{page.name}: table {name} {'differs from what results give' if asked.check else 'is written'}")
        differ = differ or bool(stale)
    if asked.check and differ:
        sys.exit(1)


if __name__ == "__main__":
    record.run(main)
