"""Recipes, results, README and documents tell the same figures."""

from __future__ import annotations

import hashlib
import importlib
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from digitlab.data import pieces, strokes
from digitlab.data.digits import Splits
from digitlab.errors import RunError, UsageError
from digitlab.recipes import Recipe, bundled_names, measured
from digitlab.recognizer import Recognizer, bundled, load

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "results"
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
ROW = {
    "setting": "conv3, 12 epochs", "name": "conv3", "parameters": 93_962, "epochs": 12, "train_size": 55_000,
    "seeds": [0, 1], "values": [0.99, 0.992], "mean": 0.991, "low": 0.9783, "high": 1.0037, "validation": 0.99,
    "seconds": 61.4, "test": "mnist test", "hardware": "a processor", "claim": 0.98, "said": "98 %",
    "all_images": True, "seeds_wanted": 5,
}  # fmt: skip


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Return what imports a module of benchmarks/ by its name."""
    if not (ROOT / "benchmarks").is_dir():
        pytest.skip("the benchmarks are not part of this copy")
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    before = set(sys.modules)

    def load(name: str) -> ModuleType:
        return importlib.import_module(name)

    yield load
    for name in set(sys.modules) - before:
        if (
            getattr(sys.modules[name], "__file__", None)
            and Path(sys.modules[name].__file__).parent.name == "benchmarks"
        ):
            del sys.modules[name]


FINDERS = sorted((ROOT / "src" / "digitlab" / "weights" / "finding").glob("*.onnx"))


def results(name: str) -> dict[str, Any]:
    path = RESULTS / f"{name}.json"
    if not path.exists():
        pytest.skip(f"results/{name}.json is not measured yet")
    return json.loads(path.read_text())


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_tables_of_a_page_are_what_results_give(script: Any, page: Path) -> None:
    text, stale = script("tables").filled(page.read_text(), RESULTS, page.name)
    assert not stale, f"run: python benchmarks/tables.py ({page.name}: {', '.join(stale)})"
    assert text == page.read_text()


def test_every_recipe_in_results_is_in_the_package() -> None:
    named = {row["name"] for name in ("classics", "lenet50", "own") for row in results(name)["rows"]}
    assert named <= set(bundled_names())


@pytest.mark.parametrize("name", ["classics", "lenet50", "own"])
def test_results_agree_with_the_recipes_as_they_are(name: str) -> None:
    for row in results(name)["rows"]:
        assert row["parameters"] == Recipe.load(row["name"]).parameters, row["setting"]
        assert row["mean"] == pytest.approx(sum(row["values"]) / len(row["values"])), row["setting"]
        assert len(row["values"]) == len(row["seeds"]) <= row["seeds_wanted"], row["setting"]


def test_what_the_package_shows_is_what_was_measured(script: Any) -> None:
    rows = [*results("classics")["rows"], *results("own")["rows"]]
    fast = script("fast_training").of_recipes(results("fast_training")["accuracy"])
    assert script("classics").measured_by_recipe(rows) | fast == measured()


@pytest.mark.parametrize("name", bundled())
def test_the_figures_of_a_bundled_recogniser_are_of_the_file_that_ships(name: str) -> None:
    page = results(name)
    content = (ROOT / "src" / "digitlab" / "weights" / f"{name}.onnx").read_bytes()
    assert hashlib.sha256(content).hexdigest() == page["sha256"], "run benchmarks/bundle.py for the run that ships"


@pytest.mark.parametrize("file", FINDERS, ids=lambda file: file.stem)
def test_the_figures_of_what_finds_digits_are_of_the_file_that_ships(file: Path) -> None:
    page = results(file.stem)
    assert hashlib.sha256(file.read_bytes()).hexdigest() == page["sha256"], f"run benchmarks/{file.stem}.py"
    assert f"{page['right']:.2%}" in file.with_suffix(".md").read_text()


def test_a_judge_in_eight_bits_is_calibrated_and_measured_on_pieces_that_it_has_not_seen(
    script: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("torch")
    from digitlab.training.run import HELD_OUT

    bundle = script("bundle")
    some, asked = pieces.generate(400, seed=3), []
    written = strokes.generate(20, seed=1)
    monkeypatch.setattr(bundle.data, "load", lambda name: Splits(written, written, written))
    monkeypatch.setattr(bundle.pieces, "load", lambda count, seed, bank: asked.append((count, seed)) or some)
    made = Recognizer(bundle.in_eight_bits(load("reader")))
    assert made.name == "reader-int8"
    assert made.manifest.training["data"]["held_out"]["n"] == len(some.labels)
    assert made.manifest.figures["digit or not"]["n"] == len(some.labels)
    assert made.manifest.figures["digit or not"]["accuracy"] > 0.9
    assert made.manifest.temperature != load("reader").manifest.temperature  # its own
    recipe, seed = Recipe.load("reader"), load("reader").manifest.training["seed"]
    assert (recipe.data.pieces // 10, HELD_OUT + seed) in asked  # those that the other was held to


def test_robustness_is_of_the_file_that_ships_and_agrees_with_its_figures() -> None:
    page, default = results("robustness"), results("default")
    assert page["sha256"] == default["sha256"], "run: python benchmarks/robustness.py"
    assert page["evaluation"]["errors"] == page["robustness"]["clean"]["errors"] == default["test"]["errors"]
    accuracies = [row["accuracy"] for row in page["robustness"]["corruptions"]]
    assert page["robustness"]["mean"] == pytest.approx(sum(accuracies) / 15, abs=1e-6)
    for rule in page["refusals"]:
        assert rule["found"]["data"] == "mnist validation"
        assert rule["found"]["risk"] <= rule["wanted"]


def test_what_ships_is_small_enough_together(script: Any, tmp_path: Path) -> None:
    bundle = script("bundle")
    (tmp_path / "one.onnx").write_bytes(bytes(2_000_000))
    bundle.small_enough("one", bundle.LARGEST, tmp_path)  # it takes the place of the file that is there
    bundle.small_enough("other", bundle.LARGEST - 2_000_000, tmp_path)
    with pytest.raises(RunError, match="train a smaller network"):
        bundle.small_enough("other", bundle.LARGEST - 2_000_000 + 1, tmp_path)
    shipped = {
        file.stem: file.stat().st_size for file in bundle.WEIGHTS.rglob("*") if file.suffix in (".onnx", ".json")
    }
    assert sum(shipped.values()) <= bundle.LARGEST
    finding = {file.stem for file in FINDERS} | {"reader", "reader-int8", "company"}
    assert sum(shipped[name] for name in finding) <= bundle.LARGEST_TO_FIND


def test_a_judge_has_the_figures_of_its_training_and_no_others(script: Any) -> None:
    import digitlab

    figures, detail = script("bundle").measure_judge(digitlab.load("reader"))
    assert figures.keys() == {"validation", "digit or not"}
    assert detail["digit_or_not"] == figures["digit or not"]


@pytest.mark.parametrize(("mean", "told"), [(0.98, "yes"), (0.9799, "no")])
def test_a_claim_is_met_by_the_mean_of_enough_runs(script: Any, mean: float, told: str) -> None:
    met = script("tables").met
    assert met(ROW | {"values": [0.9, 0.9, 0.9], "mean": mean}) == told
    assert met(ROW | {"values": [0.9, 0.9], "mean": mean}) == "too few runs"


def test_rows_of_other_recipes_stay_when_one_is_measured_again(script: Any, tmp_path: Path, monkeypatch) -> None:
    classics = script("classics")
    settings = (classics.Setting("conv3", 5), classics.Setting("dense784", 5))
    other, again = (ROW | {"name": one.name, "setting": one.title} for one in settings)
    (tmp_path / "classics.json").write_text(json.dumps({"rows": [again, other | {"mean": 0.1}]}))
    monkeypatch.setattr(classics, "SETTINGS", settings)
    monkeypatch.setattr(classics, "gather", lambda setting, *_: [setting.name])
    monkeypatch.setattr(classics, "measure", lambda setting, *_: other if setting.name == "conv3" else None)
    monkeypatch.setattr(sys, "argv", ["classics.py", "--only", "conv3", "--results", str(tmp_path)])
    classics.main()
    assert json.loads((tmp_path / "classics.json").read_text())["rows"] == [other, again]


def test_the_classics_come_back_from_keras_as_they_went() -> None:
    rows = results("round_trips")["rows"]
    assert [row["recipe"] for row in rows] == ["conv3", "dense784", "conv2-rotated", "vgg-bn", "lenet50"]
    for row in rows:
        for stop, figures in row["stops"].items():
            assert figures["labels_changed"] == 0, (row["recipe"], stop)
            assert figures["greatest_difference"] < 1e-4, (row["recipe"], stop)


def test_results_name_no_place_and_no_person() -> None:
    for path in RESULTS.glob("*.json"):
        page = path.read_text()
        assert not re.search(r'"(?:[^"\s]*\s)*/(?:home|root|work|tmp|Users|opt|usr)\b', page), path.name
        assert str(ROOT) not in page, path.name


def test_a_table_is_written_between_its_markers_and_nowhere_else(script: Any, tmp_path: Path) -> None:
    tables = script("tables")
    (tmp_path / "classics.json").write_text(json.dumps({"rows": [ROW]}))
    page = "Before.\n\n<!-- classics -->\nold\n<!-- /classics -->\n\nAfter.\n"
    text, stale = tables.filled(page, tmp_path, "page")
    assert stale == ["classics"]
    assert text.startswith("Before.\n\n<!-- classics -->\n")
    assert text.endswith("<!-- /classics -->\n\nAfter.\n")
    assert "| `conv3` | 98 % | 99.10 % (97.83 to 100.37) | too few runs | 2 of 5 | 12 | 61 | 93,962 |" in text
    assert tables.filled(text, tmp_path, "page") == (text, [])


def test_a_table_without_results_says_how_to_measure(script: Any, tmp_path: Path) -> None:
    assert "python benchmarks/cold_start.py" in script("tables").table("cold-start", tmp_path)


@pytest.mark.parametrize(
    "page",
    ["<!-- clasics -->\n<!-- /clasics -->\n", "<!-- classics -->\n", "<!-- classics -->\n<!-- /lenet50 -->\n"],
    ids=["unknown", "not closed", "closed by another"],
)
def test_a_wrong_marker_is_refused(script: Any, tmp_path: Path, page: str) -> None:
    with pytest.raises(UsageError, match="page: "):
        script("tables").filled(page, tmp_path, "page")


def test_the_command_is_told_without_places(script: Any) -> None:
    command = script("record").command
    line = ["/somewhere/benchmarks/x.py", "--python", "/somewhere/bin/python", "--rounds", "3", "--results=../out"]
    assert command(line) == "python benchmarks/x.py --python PATH --rounds 3 --results=PATH"
    assert command(["benchmarks/x.py", str(ROOT / "runs" / "a")]) == "python benchmarks/x.py runs/a"


def test_only_recipes_as_they_stand_are_shown_as_measured(script: Any) -> None:
    fewer, subset = ROW | {"epochs": 3}, ROW | {"all_images": False}
    shown = script("classics").measured_by_recipe([fewer, ROW, subset])
    assert shown["conv3"]["text"] == "99.10 % (97.83 to 100.37)"
    assert (shown["conv3"]["runs"], shown["conv3"]["epochs"]) == (2, 12)
    assert script("classics").measured_by_recipe([fewer, subset]) == {}


def test_a_difference_of_settings_has_the_interval_of_welch(script: Any) -> None:
    classics = script("classics")
    first = ROW | {"setting": "lenet50, 10 epochs", "values": [0.99, 0.992, 0.991], "mean": 0.991}
    second = ROW | {"setting": "lenet50-one-conv, 10 epochs", "values": [0.98, 0.984, 0.982], "mean": 0.982}
    (answer,) = classics.answers([first, second])
    # By hand: standard error sqrt(1e-6/3 + 4e-6/3), 2.9412 degrees of freedom, t = 3.21876.
    assert answer["difference"] == pytest.approx(0.009)
    assert (answer["low"], answer["high"]) == pytest.approx((0.009 - 0.00415539, 0.009 + 0.00415539), abs=1e-7)


def test_what_learning_from_an_image_computes_is_counted_layer_by_layer(script: Any) -> None:
    lines = ["crop 24", "conv 16 5 whitened", "maxpool 2", "conv 8 3", "flatten", "dense 10"]
    found, first, last = 20 * 20 * 16 * 25, 8 * 8 * 8 * 16 * 9, 8 * 8 * 8 * 10
    recipe = Recipe.from_dict({"layers": lines}, "mine")
    # What is found has no gradient, and what feeds the first that learns needs none.
    assert script("fast_training").training_multiplications(recipe) == found + 2 * first + 3 * last


def test_a_peer_that_was_stopped_early_gives_a_lower_bound(script: Any) -> None:
    side = {"runs": 1, "seconds": {"median": 2.0}, "accuracy": {"mean": 0.989}, "epochs": 5}
    page = {
        "keras": {"sides": {"fast": side, "keras": side}, "times": {"median": 90.0, "least": 90.0, "greatest": 90.0}}
    }
    tables = script("training_tables")
    assert "98.90 % after 5 epochs" in tables.peers(page)
    assert "at least 90.0 x" in tables.peers(page)
    side["accuracy"]["mean"] = 0.9901
    assert "at least" not in tables.peers(page)
