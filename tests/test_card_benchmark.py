"""`benchmarks/card.py` trains each recipe after the one that it learns from, and goes on where it was stopped."""

import time
from pathlib import Path

import pytest

pytest.importorskip("torch")

ROOT = Path(__file__).resolve().parent.parent
MARK = "import sys, pathlib; f = pathlib.Path(sys.argv[3]); f.mkdir(exist_ok=True); "


@pytest.fixture
def card(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    if not (ROOT / "benchmarks").is_dir():
        pytest.skip("the benchmarks are not part of this copy")
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    import card

    tasks = (card.Task("conv3", 0), card.Task("conv7", 0, "conv3-0"), card.Task("tiny", 0, "conv7-0"))
    monkeypatch.setattr(card, "TASKS", tasks)
    monkeypatch.setattr(card, "LOOK", 0.02)
    monkeypatch.setattr(card, "finished", lambda folder: (folder / "done").exists())
    monkeypatch.setattr(card, "keep", lambda task, folder: None)
    # Each "training" says which of the others were done before it.
    monkeypatch.setattr(card, "TRAIN", MARK + "(f / 'done').write_text(' '.join(sorted("
                        "g.parent.name for g in f.parent.glob('*/done'))))")  # fmt: skip
    return card


def test_what_learns_from_another_waits_for_it(card, tmp_path: Path) -> None:
    assert card.train_all(tmp_path, time.monotonic() + 60) == []
    assert (tmp_path / "conv7-0" / "done").read_text() == "conv3-0"
    assert (tmp_path / "tiny-0" / "done").read_text() == "conv3-0 conv7-0"


def test_what_is_finished_is_left_alone(card, tmp_path: Path) -> None:
    (tmp_path / "conv3-0").mkdir()
    (tmp_path / "conv3-0" / "done").write_text("long ago")
    assert card.train_all(tmp_path, time.monotonic() + 60) == []
    assert (tmp_path / "conv3-0" / "done").read_text() == "long ago"


def test_only_some_are_trained_once_what_they_learn_from_is_there(card, tmp_path: Path) -> None:
    with pytest.raises(card.RunError, match="conv7-0 learns from conv3-0"):
        card.train_all(tmp_path, time.monotonic() + 60, ["conv7"])
    (tmp_path / "conv3-0").mkdir()
    (tmp_path / "conv3-0" / "done").write_text("long ago")
    assert card.train_all(tmp_path, time.monotonic() + 60, ["conv7"]) == []
    assert (tmp_path / "conv7-0" / "done").exists()
    assert not (tmp_path / "tiny-0").exists()


def test_when_the_time_is_up_what_is_left_is_told(card, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(card, "TRAIN", "import time; time.sleep(60)")
    assert card.train_all(tmp_path, time.monotonic() + 0.3) == ["conv3-0", "conv7-0", "tiny-0"]


def test_one_that_fails_is_named(card, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(card, "TRAIN", "raise SystemExit(3)")
    with pytest.raises(card.RunError, match="conv3-0 failed"):
        card.train_all(tmp_path, time.monotonic() + 60)
