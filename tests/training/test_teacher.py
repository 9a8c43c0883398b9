"""Teachers: a student learns from what another recogniser says of the very images that it sees."""

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from digitlab import training  # noqa: E402
from digitlab.data import strokes  # noqa: E402
from digitlab.data.digits import Material, Pieces, Splits  # noqa: E402
from digitlab.errors import ModelError, RecipeError, RunError  # noqa: E402
from digitlab.recipes import Recipe  # noqa: E402
from digitlab.recognizer import load  # noqa: E402
from digitlab.training.loop import Training  # noqa: E402
from digitlab.training.teacher import Choir, Teacher, find_teacher  # noqa: E402

LAYERS = ["avgpool 4", "flatten", "dense 10"]


def page(teacher: str, share: float = 0.9, **plan: object) -> Recipe:
    settings = {"epochs": 3, "batch_size": 20, "learning_rate": 0.02, "teacher": teacher, "teacher_share": share}
    return Recipe.from_dict({"layers": LAYERS, "training": settings | plan}, "small")


def splits(seed: int = 1) -> Splits:
    digits = strokes.generate(400, seed=seed)
    return Splits(digits[:300], digits[300:], digits[:0])


def test_an_answer_is_the_label_and_what_the_teacher_says() -> None:
    images = strokes.generate(30, seed=2).images
    teacher = Teacher(load("default"), "default", 0.75)
    labels = torch.arange(30) % 12  # some are no digit, and one of them is a part of one
    said = torch.from_numpy(load("default").predict_proba(images))
    answers = teacher.answers(torch.from_numpy(images)[:, None] / 255, labels, 13)
    for label, answer, opinion in zip(labels, answers, said, strict=True):
        expected = torch.zeros(13)
        expected[label] = 0.25 if label < 10 else 1
        if label < 10:
            expected[:10] += 0.75 * opinion
        torch.testing.assert_close(answer, expected, atol=1e-5, rtol=0)


def test_of_what_it_is_not_asked_about_the_label_counts_alone() -> None:
    images = torch.from_numpy(strokes.generate(6, seed=2).images)[:, None] / 255
    asked = torch.tensor([True, False] * 3)
    answers = Teacher(load("default"), "default", 0.75).answers(images, torch.arange(6), 10, asked)
    torch.testing.assert_close(answers[1::2], torch.eye(10)[1:6:2])
    said = torch.from_numpy(load("default").predict_proba(images[::2, 0].numpy()))
    torch.testing.assert_close(answers[::2], 0.75 * said + 0.25 * torch.eye(10)[:6:2], atol=1e-5, rtol=0)


def test_the_pens_digits_and_pieces_are_not_put_to_the_teacher(monkeypatch: pytest.MonkeyPatch) -> None:
    """Their labels are true by construction."""
    digits = strokes.generate(60, seed=2)
    others = Pieces(np.zeros((20, 3, 28, 28), np.uint8), np.full(20, 3))
    recipe = page("default", epochs=1)
    teacher = Teacher(load("default"), "default", 0.9)
    counts = []
    plain = Teacher.answers

    def answers(self, images, labels, count, asked):
        counts.append((len(labels), int(asked.sum())))
        return plain(self, images, labels, count, asked)

    monkeypatch.setattr(Teacher, "answers", answers)
    material = Material(digits, digits[:10], digits[:0], others, drawn=25)
    Training(recipe, material, 0, torch.device("cpu"), False, teacher).run_epoch(lambda event: None)
    assert counts == [(80, 35)]


@pytest.mark.parametrize("kind", ["one that rejects", "committee"])
def test_in_torch_a_teacher_says_what_its_file_says(kind: str, tmp_path: Path) -> None:
    """Of a committee's member that can say "not a digit", the ten digits vote."""
    recognizer = load("default")
    if kind == "committee":
        learns = {"epochs": 1, "learning_rate": 0.01}
        members = [{"name": "plain", "layers": LAYERS, "training": learns},
                   {"name": "rejects", "layers": ["maxpool 4", "flatten", "dense 11"], "training": learns}]  # fmt: skip
        recipe = Recipe.from_dict({"members": members, "data": {"name": "strokes"}}, "all")
        recognizer = load(training.train(recipe, splits=splits(), out=tmp_path / "run").folder)
    images = strokes.generate(50, seed=4).images
    said = Choir(recognizer, torch.device("cpu"), False)(torch.from_numpy(images)[:, None] / 255)
    np.testing.assert_allclose(said, recognizer.predict_proba(images), atol=1e-5)


def test_a_student_learns_what_its_teacher_says_and_not_only_the_labels(tmp_path: Path) -> None:
    """Its labels are all wrong, each by one, and yet it answers as its teacher does."""
    digits = splits()
    wrong = [type(part)(part.images, (part.labels + 1) % 10, part.name) for part in digits]
    run = training.train(page("default", 0.9, epochs=20), splits=Splits(*wrong), out=tmp_path / "run")
    student = load(run.folder)
    images = digits.train.images
    assert (student.predict(images) == load("default").predict(images)).mean() > 0.6
    assert (student.predict(images) == wrong[0].labels).mean() < 0.2


def test_a_student_that_was_stopped_goes_on_to_the_same_bits(tmp_path: Path) -> None:
    whole = training.train(page("default"), splits=splits(), out=tmp_path / "whole")

    def stop(event: dict) -> None:
        if event["event"] == "progress" and event["epoch"] == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        training.train(page("default"), splits=splits(), out=tmp_path / "stopped", listen=stop)
    stopped = training.resume(tmp_path / "stopped", splits=splits())
    images = splits().train.images
    np.testing.assert_array_equal(load(whole.folder).logits(images), load(stopped.folder).logits(images))


def test_a_run_does_not_go_on_with_another_teacher(tmp_path: Path) -> None:
    teacher = tmp_path / "teacher.onnx"
    first = training.train(page("default", epochs=1), splits=splits(), out=tmp_path / "first")
    teacher.write_bytes(first.recognizer.read_bytes())

    def stop(event: dict) -> None:
        if event["event"] == "epoch":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        training.train(page(str(teacher)), splits=splits(), out=tmp_path / "run", listen=stop)
    second = training.train(page("default", epochs=2), splits=splits(), out=tmp_path / "second")
    teacher.write_bytes(second.recognizer.read_bytes())
    with pytest.raises(RunError, match="start a new run"):
        training.resume(tmp_path / "run", splits=splits())


def test_a_missing_teacher_is_told_with_what_makes_it(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="train it first with: digitlab train conv3"):
        find_teacher(page(str(tmp_path / "conv3-0")))
    with pytest.raises(ModelError, match="the teacher of recipe small cannot be opened"):
        find_teacher(page(str(tmp_path / "mine.onnx")))
    with pytest.raises(ModelError, match="judges pieces"):
        find_teacher(page("reader"))


@pytest.mark.parametrize("settings", [{"teacher": "default"}, {"teacher_share": 0.5}])
def test_a_teacher_and_its_share_are_named_together(settings: dict) -> None:
    with pytest.raises(RecipeError, match="name both"):
        Recipe.from_dict({"layers": LAYERS, "training": settings}, "small")
