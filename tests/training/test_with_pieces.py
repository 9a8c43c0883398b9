"""Training with pieces of pages: networks that can say that something is no digit."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import digitlab  # noqa: E402
from digitlab import data, training  # noqa: E402
from digitlab.data import Splits, pieces, strokes  # noqa: E402
from digitlab.data.digits import NO_DIGIT, NO_PIECES, PART, SEVERAL, Digits, Material, Pieces  # noqa: E402
from digitlab.errors import RunError, UsageError  # noqa: E402
from digitlab.recipes import Recipe  # noqa: E402
from digitlab.training.calibration import fit_odds  # noqa: E402
from digitlab.training.run import HELD_OUT, facts_about, load_material  # noqa: E402

BODY = ["conv 8 3 stride 2", "batchnorm", "relu", "flatten"]
PAGE = {
    "layers": [*BODY, "dense 11"],
    "training": {"epochs": 2, "batch_size": 32, "learning_rate": 0.01, "optimizer": "adamw"},
    "data": {"name": "strokes", "pieces": 300},
}


def recipe(channels: int, answers: int = 11, **changes) -> Recipe:
    data = {**PAGE["data"], "name": "pages" if channels == 3 else "strokes"}
    page = {**PAGE, "layers": [*BODY, f"dense {answers}"], "data": data}
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


def told_apart(pieces: Pieces) -> Pieces:
    """Give pieces that are no digit all three labels for that, in turn; each has its own look."""
    images, labels = pieces.images.copy(), pieces.labels.copy()
    none = np.flatnonzero(labels == NO_DIGIT)
    several, part = none[1::3], none[2::3]
    labels[several], labels[part] = SEVERAL, PART
    images[several, :, :, 13:15] = 0
    images[part, :, 14:] = 0
    return Pieces(images, labels)


def answers_of(run) -> np.ndarray:
    shown = np.random.default_rng(0).integers(0, 256, (20, 3, 28, 28), dtype=np.uint8)
    verdict = digitlab.load(run.folder).judge(shown)
    return np.concatenate([verdict.probabilities, verdict.odds[:, None]], axis=1)


def test_to_eleven_answers_all_that_is_no_digit_is_the_same(material, tmp_path) -> None:
    detailed = material._replace(pieces=told_apart(material.pieces), held_out=told_apart(material.held_out))
    plain = detailed._replace(
        pieces=Pieces(detailed.pieces.images, detailed.pieces.labels.clip(max=NO_DIGIT)),
        held_out=Pieces(detailed.held_out.images, detailed.held_out.labels.clip(max=NO_DIGIT)),
    )
    runs = [
        training.train(recipe(3), splits=splits, out=tmp_path / name, device="cpu")
        for name, splits in (("detailed", detailed), ("plain", plain))
    ]
    np.testing.assert_array_equal(*map(answers_of, runs))
    figures = [digitlab.load(run.folder).manifest.figures for run in runs]
    assert figures[0] == figures[1]
    assert figures[0]["validation"]["n"] == 60


def test_thirteen_answers_learn_to_tell_several_and_parts_apart(material, tmp_path) -> None:
    detailed = material._replace(pieces=told_apart(material.pieces), held_out=told_apart(material.held_out))
    run = training.train(recipe(3, 13, epochs=4), splits=detailed, out=tmp_path / "run", device="cpu")
    images, labels = detailed.held_out
    verdict = digitlab.load(run.folder).judge(images)
    for label, shares in ((SEVERAL, verdict.several), (PART, verdict.part)):
        assert shares[labels == label].mean() > 0.8
        assert shares[labels != label].mean() < 0.1
    assert ((verdict.odds > 0) == (labels < NO_DIGIT)).mean() > 0.95
    assert run.history[-1]["validation_accuracy"] > 0.5


def test_one_epoch_on_pieces_of_real_pages_ends_in_a_file_that_reads(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(pieces, "CHUNK", 1)  # no more pages than needed
    found = pieces.generate(150, 6)
    material = Material(*Splits(*[strokes.generate(20)] * 3), found, Pieces(found.images[:80], found.labels[:80]))
    run = training.train(recipe(3, epochs=1), splits=material, out=tmp_path / "run", device="cpu")
    recognizer = digitlab.load(run.recognizer)
    verdict = recognizer.judge(found.images)
    assert verdict.probabilities.shape == (len(found.labels), 10)
    assert np.isfinite(verdict.odds).all()


def test_what_is_trained_on_is_remembered(material) -> None:
    about = facts_about(material)["data"]
    assert about["pieces"]["n"] == 400
    assert about["pieces"]["sha256"] == material.pieces.digest
    assert about["held_out"]["sha256"] == material.held_out.digest
    assert "pieces" not in facts_about(Material(*material[:3]))["data"]


@pytest.fixture
def asked(monkeypatch, material) -> list[tuple[int, int, Digits]]:
    """What pieces are asked for: how many, by which seed, with which digits. None are made of pages."""
    asked: list[tuple[int, int, Digits]] = []

    def load(count, seed, bank, listen):
        asked.append((count, seed, bank))
        return made(count, seed)

    monkeypatch.setattr(pieces, "load", load)
    monkeypatch.setattr(data, "load", lambda name, split: Splits(*material[:3]))
    return asked


def test_material_has_pieces_where_the_recipe_asks_for_them(asked, material) -> None:
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


def test_of_pages_the_pieces_trained_on_are_as_many_as_asked_for(asked, material) -> None:
    whole, found = load_material(recipe(3), seed=4), load_material(recipe(3, train_size=100), seed=4)
    assert len(found.pieces.labels) == 100
    rows = {image.tobytes(): label for image, label in zip(*whole.pieces, strict=True)}
    assert all(rows[image.tobytes()] == label for image, label in zip(*found.pieces, strict=True))
    assert found.held_out.digest == whole.held_out.digest
    assert found.train.digest == material.train.digest  # pages are written with all of them
    assert load_material(recipe(3, train_size=100), seed=4).pieces.digest == found.pieces.digest
    assert load_material(recipe(3, train_size=100), seed=5).pieces.digest != found.pieces.digest


def test_of_digits_that_pieces_join_as_many_are_trained_on_as_asked_for(asked) -> None:
    found = load_material(recipe(1, train_size=100), seed=4)
    assert (len(found.train), len(found.pieces.labels)) == (100, 300)


@pytest.mark.parametrize("channels", [1, 3])  # of 300 digits, and of 300 pieces
def test_more_training_images_than_there_are_is_told_before_pieces_are_made(asked, channels: int) -> None:
    with pytest.raises(UsageError, match="--train-size 301 is more than the 300 training images"):
        load_material(recipe(channels, train_size=301), seed=4)
    assert asked == []


def test_a_run_does_not_go_on_with_other_pieces(material, tmp_path) -> None:
    def stop(event) -> None:
        if event["event"] == "progress" and event["epoch"] == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        training.train(recipe(3), splits=material, out=tmp_path / "run", device="cpu", listen=stop)
    for other in (made(400, 7), NO_PIECES):
        with pytest.raises(RunError, match=r"training pieces .* have changed"):
            training.resume(tmp_path / "run", splits=material._replace(pieces=other))
    assert training.resume(tmp_path / "run", splits=material).finished


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
