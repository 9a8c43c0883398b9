"""Training with pieces of pages: networks that can say that something is no digit."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import digitlab  # noqa: E402
from digitlab import data, training  # noqa: E402
from digitlab.data import Splits, pieces, strokes  # noqa: E402
from digitlab.data.digits import NO_DIGIT, Digits, Material, Pieces  # noqa: E402
from digitlab.recipes import Recipe  # noqa: E402
from digitlab.training.calibration import fit_odds  # noqa: E402
from digitlab.training.run import HELD_OUT, facts_about, load_material  # noqa: E402

PAGE = {
    "layers": ["conv 8 3 stride 2", "batchnorm", "relu", "flatten", "dense 11"],
    "training": {"epochs": 2, "batch_size": 32, "learning_rate": 0.01, "optimizer": "adamw"},
    "data": {"name": "strokes", "pieces": 300},
}


def recipe(channels: int, **changes) -> Recipe:
    page = {**PAGE, "data": {**PAGE["data"], "name": "pages" if channels == 3 else "strokes"}}
    return Recipe.from_dict(page, "small").changed(**changes)


def made(count: int, seed: int) -> Pieces:
    """Digits by the pen, as the only ink around; and as many blots that are none."""
    digits = strokes.generate(count // 2, seed=seed)
    rng = np.random.default_rng(seed)
    blots = np.zeros((count - len(digits), 28, 28), np.uint8)
    blots[:, 4:24, 4:24] = rng.integers(100, 256, (len(blots), 20, 20))
    images = np.concatenate([digits.images, blots])
    around = np.repeat(images[:, None], 3, axis=1)
    return Pieces(around, np.concatenate([digits.labels, np.full(len(blots), NO_DIGIT)]))


@pytest.fixture(scope="module")
def material() -> Material:
    digits = strokes.generate(400, seed=5)
    return Material(digits[:300], digits[300:], digits[:0], made(400, 1), made(120, 2))


@pytest.mark.parametrize("channels", [1, 3])
def test_a_network_learns_to_reject(channels: int, material, tmp_path) -> None:
    run = training.train(recipe(channels), splits=material, out=tmp_path / "run", device="cpu")
    recognizer = digitlab.load(run.folder)
    assert recognizer.channels == channels
    assert recognizer.can_reject
    shown = material.held_out.images if channels == 3 else material.held_out.images[:, 0]
    digit = material.held_out.labels != NO_DIGIT
    assert ((recognizer.is_digit(shown) > 0.5) == digit).mean() > 0.95
    assert recognizer.manifest.figures["digit or not"]["accuracy"] > 0.95
    assert recognizer.manifest.figures["digit or not"]["n"] == 120
    judged = 60 if channels == 3 else 100  # pieces alone judge a network for pieces
    assert recognizer.manifest.figures["validation"]["n"] == judged
    assert run.history[-1]["train_loss"] < run.history[0]["train_loss"]
    assert 0 <= run.history[-1]["validation_accuracy"] <= 1


def test_one_epoch_on_pieces_of_real_pages_ends_in_a_file_that_reads(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(pieces, "CHUNK", 1)  # no more pages than needed
    found = pieces.generate(150, 6)
    material = Material(*Splits(*[strokes.generate(20)] * 3), found, Pieces(found.images[:80], found.labels[:80]))
    run = training.train(recipe(3, epochs=1), splits=material, out=tmp_path / "run", device="cpu")
    recognizer = digitlab.load(run.recognizer)
    probabilities, odds = recognizer.judge(found.images)
    assert probabilities.shape == (len(found.labels), 10)
    assert np.isfinite(odds).all()


def test_what_is_trained_on_is_remembered(material) -> None:
    about = facts_about(material)["data"]
    assert about["pieces"]["n"] == 400
    assert about["pieces"]["sha256"] == material.pieces.digest
    assert about["held_out"]["sha256"] == material.held_out.digest
    assert "pieces" not in facts_about(Material(*material[:3]))["data"]


def test_material_has_pieces_where_the_recipe_asks_for_them(monkeypatch, material) -> None:
    asked: list[tuple[int, int, Digits]] = []

    def load(count, seed, bank, listen):
        asked.append((count, seed, bank))
        return made(count, seed)

    monkeypatch.setattr(pieces, "load", load)
    monkeypatch.setattr(data, "load", lambda name, split: Splits(*material[:3]))
    found = load_material(recipe(3), seed=4)
    assert [(count, seed) for count, seed, _ in asked] == [(300, 4), (30, HELD_OUT + 4)]
    assert asked[0][2] is material.train  # pages to judge by are written with other digits
    assert asked[1][2] is material.validation
    assert (len(found.pieces.labels), len(found.held_out.labels)) == (300, 30)
    asked.clear()
    plain = Recipe.from_dict({"layers": ["flatten", "dense 10"], "data": {"name": "strokes"}}, "plain")
    without = load_material(plain, seed=4)
    assert asked == []
    assert len(without.pieces.labels) == len(without.held_out.labels) == 0


def test_odds_are_calibrated_with_scale_and_offset() -> None:
    rng = np.random.default_rng(0)
    true = rng.normal(0, 3, 6000)
    is_digit = rng.random(6000) < 1 / (1 + np.exp(-true))
    temperature, offset = fit_odds((2.5 * true + 4).astype(np.float32), is_digit)
    assert temperature == pytest.approx(2.5, rel=0.1)
    assert offset == pytest.approx(4, abs=0.4)
    sure = 1 / (1 + np.exp(-((2.5 * true + 4) - offset) / temperature))
    for low, high in ((0.1, 0.3), (0.4, 0.6), (0.7, 0.9)):
        within = (sure > low) & (sure < high)
        assert is_digit[within].mean() == pytest.approx(sure[within].mean(), abs=0.05)


def test_odds_with_nothing_to_fit_stay_as_they_are() -> None:
    odds = np.array([1.0, -2.0, 3.0])
    assert fit_odds(odds, np.ones(3, bool)) == (1.0, 0.0)
    assert fit_odds(odds, np.zeros(3, bool)) == (1.0, 0.0)
    assert fit_odds(odds[:0], np.zeros(0, bool)) == (1.0, 0.0)


def test_perfectly_told_odds_leave_a_scale_that_a_manifest_bears() -> None:
    is_digit = np.arange(100) < 50
    temperature, offset = fit_odds(np.where(is_digit, 9.0, -9.0), is_digit)
    assert 0.01 <= temperature <= 100
    assert abs(offset) < 9
