"""The benchmarks of speed time what they say, and compare the same work."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from digitlab.errors import UsageError
from digitlab.manifest import Manifest
from digitlab.reading import Reader, page
from digitlab.reading.open import Document
from digitlab.recognizer import load

IMAGES = np.random.default_rng(0).integers(0, 256, (40, 28, 28), dtype=np.uint8)


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A folder with the file of a small recogniser, small.onnx."""
    pytest.importorskip("torch")
    from digitlab.networks import to_onnx
    from digitlab.recipes import read_layers

    lines = ["conv 8 5 stride 2", "relu", "flatten", "dense 10"]
    rng = np.random.default_rng(0)
    shapes = {"0.weight": (8, 1, 5, 5), "0.bias": (8,), "3.weight": (10, 1152), "3.bias": (10,)}
    weights = {f"stages.{name}": rng.normal(0, 0.1, shape).astype(np.float32) for name, shape in shapes.items()}
    recipe = {"layers": lines}
    (tmp_path / "small.onnx").write_bytes(to_onnx(read_layers(lines), weights, Manifest("small", recipe)))
    return tmp_path


def test_the_sides_recognise_the_same_images_with_the_same_weights(scripts: Any, small: Path) -> None:
    sides, wanted = scripts.recognition_sides, load(small / "small.onnx").logits(IMAGES)
    for name in ("onnxruntime", "torch"):
        works, inputs, facts = sides.SIDES[name](small, ["small"], IMAGES)
        found = np.concatenate([np.asarray(part).reshape(-1, 10) for part in works["small"](inputs)])
        np.testing.assert_allclose(found, wanted, atol=1e-4)
        assert facts["batch"]["small"] in sides.BATCHES
    works, inputs, _ = sides.SIDES["digitlab"](small, ["small"], IMAGES)
    np.testing.assert_array_equal(works["small"](inputs).argmax(axis=1), wanted.argmax(axis=1))


def test_a_side_answers_with_seconds_for_many_and_microseconds_for_each_single_image(scripts: Any) -> None:
    seen: list[tuple[int, ...]] = []
    side = ({"m": lambda part: seen.append(part.shape)}, IMAGES, {})
    assert 0 < scripts.recognition_sides.answer(side, ["many", "m", 30]) < 1
    assert len(scripts.recognition_sides.answer(side, ["one", "m", 50])) == 50
    assert seen == [(30, 28, 28), *[(1, 28, 28)] * 50]


def test_figures_of_recognition_are_ratios_round_by_round(scripts: Any) -> None:
    taken = {
        "rates": {"digitlab": {"m": [100, 200, 300]}, "keras": {"m": [10, 10, 10]}, "matmul": {"m": [20, 20, 20]}},
        "single": {"digitlab": {"m": [5.0, 7.0, 6.0]}, "keras": {"m": [50.0]}},
    }
    known = {"m": {"multiplications": 10_000_000}}
    figures = scripts.recognition.told(taken, {"matmul": {"operations": 4e9}}, known, 10)
    assert figures["matmul_gflops"]["median"] == 8
    row = figures["models"]["m"]
    assert row["keras"]["times"] == {"median": 20, "least": 10, "greatest": 30}
    assert (row["gflops"]["median"], row["share_of_matmul"], row["us"]["median"]) == (4, 0.5, 6)
    assert "onnxruntime" not in row


@pytest.mark.parametrize("text", ["mine", "=path", "mine=", "a b=path"])
def test_a_model_without_name_or_path_is_refused(scripts: Any, text: str) -> None:
    with pytest.raises(UsageError, match="NAME=PATH"):
        scripts.recognition.wanted([text])


def test_models_are_those_that_ship_and_those_that_are_named(scripts: Any) -> None:
    models = scripts.recognition.wanted(["mine=runs/mine-0"])
    assert (models["default"], models["mine"]) == ("default", "runs/mine-0")


def test_a_stage_within_another_is_taken_off_it(scripts: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([0.0, 0.001, 0.004, 0.010])  # outer starts, inner starts, inner ends, outer ends
    monkeypatch.setattr(scripts.stages, "time", argparse.Namespace(perf_counter=lambda: next(clock)))
    watch = scripts.stages.Stopwatch()
    inner = watch.wrap("frame", lambda: "framed")
    assert watch.wrap("label", inner)() == "framed"
    assert (watch.ms["frame"], watch.ms["label"]) == (pytest.approx(3), pytest.approx(7))


def test_stages_add_up_and_leave_reading_as_it_is(scripts: Any) -> None:
    before = (Document.page, page.choose)
    reader = Reader(load("default", threads=1), load("reader", threads=1))
    picture = Path(__file__).resolve().parent.parent / "examples" / "seven.png"
    if not picture.exists():
        pytest.skip("the examples are not part of this copy")
    stages = scripts.stages.one(reader, picture)
    assert set(stages) == set(scripts.stages.STAGES)
    assert min(stages.values()) >= 0
    assert min(stages[name] for name in ("open", "find", "judge", "label", "keep", "draw")) > 0
    assert (Document.page, page.choose) == before
    assert reader.read(picture).text == "7"


@settings(deadline=None)
@given(power=st.floats(0, 3), factor=st.floats(0.01, 100), constant=st.floats(0, 1000))
def test_the_exponent_is_that_of_the_last_rows(scripts: Any, power: float, factor: float, constant: float) -> None:
    counts = [1, 10, 100, 1000, 10_000]
    ms = [constant + 1, constant + 1, *(factor * count**power for count in counts[2:])]
    assert scripts.growth.exponent(counts, ms) == pytest.approx(power, abs=0.006)


def test_the_pages_of_growing_count_have_that_many_digits(scripts: Any) -> None:
    assert len(Reader(picture=0).read(scripts.growth.page_of(49)).digits) == 49


def test_the_sheet_of_print_is_full_of_letters_within_its_margins(scripts: Any, tmp_path: Path) -> None:
    speed = scripts.reading_speed
    sheet = np.asarray(Image.open(speed.print_page(tmp_path)))
    assert sheet.shape == (speed.A4[1], speed.A4[0])
    inked = (sheet < 120).astype(np.uint8)
    assert cv2.connectedComponents(inked)[0] > 2000
    y, x = np.nonzero(inked)
    assert x.min() >= speed.MARGIN - 2
    assert x.max() < speed.A4[0] - speed.MARGIN + 2
    assert y.min() >= speed.MARGIN - 2
    assert y.max() < speed.A4[1] - speed.MARGIN + speed.PRINT


def test_memory_that_grows_is_told_from_memory_that_only_starts(scripts: Any) -> None:
    flat = [(n, 50.0 if n < 20 else 90.0) for n in range(1, 101)]
    assert scripts.processes.slope(flat) == pytest.approx(0)
    assert scripts.processes.slope([(n, 0.5 * n) for n in range(1, 101)]) == pytest.approx(0.5)


def test_what_others_take_of_the_machine_is_a_share(scripts: Any) -> None:
    with scripts.processes.Watch() as watch:
        sum(range(1_000_000))
    assert 0 <= watch.others <= 1
