"""Members side by side: each in a process of its own, its epochs told as they come, none left running."""

from pathlib import Path

import pytest

pytest.importorskip("torch")

from digitlab import training
from digitlab.data import export, strokes
from digitlab.data.digits import Material, Splits
from digitlab.errors import RunError
from digitlab.recipes import Recipe
from digitlab.recognizer import load
from digitlab.training import committee, side_by_side, teaching

PAGE = {"layers": ["avgpool 4", "flatten", "dense 10"], "training": {"epochs": 2, "learning_rate": 0.01}}


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    digits = strokes.generate(400, seed=7)
    return export(Splits(digits[:300], digits[300:], digits[:0]), "npz", tmp_path_factory.mktemp("d") / "digits.npz")


def begun(file: Path, folder: Path, seed: int) -> training.Run:
    recipe = Recipe.from_dict(PAGE | {"data": {"name": str(file)}}, "plain")
    return teaching.begin(recipe, seed, folder / str(seed), "cpu", Material(*teaching.load(recipe, seed, print)))


def test_all_are_trained_as_they_would_be_alone(file: Path, tmp_path: Path) -> None:
    runs = [begun(file, tmp_path, seed) for seed in (0, 1)]
    told = []
    side_by_side.train_together(runs, lambda run, event: told.append((run.seed, event["epoch"])))
    assert sorted(told) == [(0, 1), (0, 2), (1, 1), (1, 2)]
    images = strokes.generate(50, seed=1).images
    for run in runs:
        alone = training.train(run.recipe, seed=run.seed, out=tmp_path / f"alone-{run.seed}")
        assert (load(run.folder).logits(images) == load(alone.folder).logits(images)).all()


def test_one_that_fails_is_named_and_the_others_are_stopped(file: Path, tmp_path: Path) -> None:
    runs = [begun(file, tmp_path, seed) for seed in (0, 1)]
    (runs[1].folder / "checkpoint.safetensors").write_bytes(b"cut")
    with pytest.raises(RunError, match=r"member in .*1 failed .*damaged.*--resume goes on"):
        side_by_side.train_together(runs, lambda run, event: None)


def test_a_committee_on_a_card_trains_its_members_so(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    members = [{"name": "plain", "seed": seed, **PAGE} for seed in (0, 1, 2)]
    recipe = Recipe.from_dict({"members": members, "data": {"name": str(file)}}, "all")
    together = []

    def train_together(runs, listen) -> None:
        together.extend(run.folder.name for run in runs)
        for run in runs:
            for epoch in training.resume(run.folder).history:
                listen(run, {"event": "epoch", **epoch})

    monkeypatch.setattr(committee, "train_together", train_together)
    monkeypatch.setattr(committee, "beside", lambda run: True)  # as if on a card
    told = []
    run = training.train(recipe, device="cpu", out=tmp_path / "run", listen=told.append)
    assert together == ["1-plain-0", "2-plain-1", "3-plain-2"]
    assert [event["epoch"] for event in told if event["event"] == "epoch"] == [1, 2, 3, 4, 5, 6]
    assert all(event["finished"] for event in told if event["event"] == "member")
    assert run.finished
