"""`digitlab evaluate` with --robust, --ood and --refuse: figures in tables and JSON, a report, and sentences."""

import json

import numpy as np
import pytest

from digitlab.data import Digits, Splits, export, strokes
from digitlab.evaluation import corrupt
from digitlab.manifest import Manifest
from digitlab.networks.onnx_graph import to_onnx
from digitlab.recipes import read_layers
from digitlab.recognizer import load

LAYERS = ["flatten", "dense 10"]


@pytest.fixture(scope="module")
def digits() -> Digits:
    return strokes.generate(260, seed=31)


@pytest.fixture(scope="module")
def place(tmp_path_factory, digits):
    """A folder with digits.npz in three parts, and template.onnx, whose recipe names it; whole.onnx keeps none back."""
    folder = tmp_path_factory.mktemp("evaluate")
    export(Splits(digits[:100], digits[100:180], digits[180:]), "npz", folder / "digits.npz")
    export(Splits(digits[:100], digits[:0], digits[180:]), "npz", folder / "two.npz")
    means = np.stack([digits.images[:100][digits.labels[:100] == k].mean(axis=0).ravel() / 255 for k in range(10)])
    weights = {"stages.1.weight": (means * 0.6).astype(np.float32)}
    weights["stages.1.bias"] = (-0.3 * (means**2).sum(axis=1)).astype(np.float32)
    for name, source, split in (("template", "digits", "standard"), ("whole", "two", "full")):
        recipe = {"layers": LAYERS, "data": {"name": str(folder / f"{source}.npz"), "split": split}}
        (folder / f"{name}.onnx").write_bytes(to_onnx(read_layers(LAYERS), weights, Manifest(name, recipe)))
    return folder


def test_json_holds_what_was_asked_for_beside_the_plain_figures(place, run, digits) -> None:
    words = ("evaluate", place / "template.onnx", "--json")
    plain = json.loads(run(*words)[1])
    code, out, err = run(*words, "--robust", "--ood", "--refuse", 0.1, "--report", place / "report")
    page = json.loads(out)
    assert code == 0
    assert {key: page[key] for key in plain} == plain
    assert page.keys() - plain.keys() == {"robustness", "outliers", "refusal"}
    assert page["robustness"]["clean"]["errors"] == page["errors"]
    stripes = corrupt("stripe", digits.images[180:])
    right = (load(place / "template.onnx").predict(stripes) == digits.labels[180:]).mean()
    assert page["robustness"]["corruptions"][9] == {
        "name": "stripe", "n": 80, "errors": round(80 * (1 - right)), "accuracy": pytest.approx(right),
        "interval": page["robustness"]["corruptions"][9]["interval"], "refused": None,
    }  # fmt: skip
    assert page["outliers"]["overall"]["n"] == 7 * 80
    assert page["refusal"]["found"]["n"] == page["refusal"]["judged"]["n"] == 80
    assert "report.html" in err
    assert json.loads((place / "report" / "evaluation.json").read_text()) == page
    assert (place / "report" / "figures" / "corruptions.png").stat().st_size > 1000


def test_tables_name_every_corruption_and_every_set(place, run) -> None:
    code, out, err = run("evaluate", place / "template.onnx", "--robust", "--ood", "--refuse", 0, "--digits", 30)
    assert (code, err) == (0, "")
    for name in ("shot noise", "canny edges", "mean of the fifteen", "letters", "garments", "refused by default"):
        assert name in out
    for name in ("Brier", "ECE", "answered with 0.1 % wrong", "at most 0 % of the answers wrong", "judged on"):
        assert name in out
    assert "of 30" in out


def test_fewer_digits_are_spread_over_all_and_always_the_same(place, run) -> None:
    pages = [json.loads(run("evaluate", place / "template.onnx", "--json", "--digits", 25)[1]) for _ in range(2)]
    assert pages[0] == pages[1]
    assert pages[0]["n"] == 25


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--refuse", "2"], "--refuse 2 is no share of wrong answers"),
        (["--refuse", "nan"], "such as 0.001"),
        (["--robust", "--digits", "0"], "name 1 or more"),
        (["--robust", "--data", "nowhere"], "nowhere"),
        (["--robust", "--report", "taken"], "taken"),
    ],
)
def test_what_is_wrong_is_said_before_anything_is_done(words, message, place, run, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "taken").write_text("a file")
    code, out, err = run("evaluate", place / "template.onnx", *words)
    assert (code, out) == (2, "")
    assert message in err
    assert err.startswith("digitlab: ")
    assert err.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]


def test_a_rule_needs_validation_digits(place, run) -> None:
    code, out, err = run("evaluate", place / "whole.onnx", "--refuse", 0.01)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "keeps no validation digits" in err


def test_a_judge_of_pieces_is_refused(run) -> None:
    for option in ("--robust", "--ood"):
        code, _, err = run("evaluate", "reader", option)
        assert (code, err.count("\n")) == (2, 1)
        assert "judge of pieces" in err


def test_ctrl_c_leaves_nothing_behind(place, run, monkeypatch, tmp_path) -> None:
    from digitlab.evaluation import robustness

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(robustness, "corrupt", interrupted)
    code, out, err = run("evaluate", place / "template.onnx", "--robust", "--report", tmp_path / "report")
    assert (code, out) == (130, "")
    assert "stopped" in err
    assert not (tmp_path / "report" / "report.html").exists()
