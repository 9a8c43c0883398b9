"""A name or a path becomes train, validation and test: disjoint, complete, and the same every time."""

import json
import os
from pathlib import Path

import numpy as np
import pytest

from digitlab.data import Digits, Splits, describe, export, load, load_all, sources
from digitlab.data.digits import fixed_ranks
from digitlab.errors import DataError, UsageError

needs_mnist = pytest.mark.skipif(
    not (Path(os.environ.get("DIGITLAB_DATA", "")) / "mnist").is_dir() or "DIGITLAB_DATA" not in os.environ,
    reason="needs MNIST in $DIGITLAB_DATA/mnist",
)


@needs_mnist
def test_mnists_splits_have_their_sizes_and_fixed_members():
    standard, kaggle = load("mnist"), load("mnist", split="kaggle")
    assert [len(part) for part in standard] == [55_000, 5_000, 10_000]
    assert [len(part) for part in load("mnist", split="full")] == [60_000, 0, 10_000]
    assert [len(part) for part in kaggle] == [40_000, 2_000, 28_000]
    assert set(standard.validation.origin) == set(fixed_ranks(60_000, "mnist validation")[-5_000:])
    ranks = fixed_ranks(70_000, "mnist kaggle")
    assert set(kaggle.validation.origin) == set(ranks[40_000:42_000])
    assert set(kaggle.test.origin) == set(ranks[42_000:])
    # Written down once, so that a change of the splits, which would void every published figure, is seen.
    digests = [part.digest[:8] for part in (standard.train, standard.validation, standard.test)]
    assert digests == ["4d28e5d9", "8477cb76", "a0863a96"]


@pytest.mark.parametrize("split", sources.SPLITS)
def test_a_split_is_disjoint_complete_and_in_the_files_order(cached_mnist, split):
    parts = load("mnist", split=split)
    origins = np.concatenate([part.origin for part in parts])
    assert sorted(origins) == list(range(70))
    for part in parts:
        assert (np.diff(part.origin) > 0).all()
        assert part.name.startswith("mnist")
    if split != "kaggle":
        assert parts.test.origin.tolist() == list(range(60, 70))
    again = load("mnist", split=split, seed=5)
    assert [part.digest for part in parts] == [part.digest for part in again]


def test_small_mnist_is_split_in_the_same_proportions(cached_mnist):
    assert [len(part) for part in load("mnist")] == [55, 5, 10]
    assert [len(part) for part in load("mnist", split="kaggle")] == [40, 2, 28]
    assert [len(part) for part in load("mnist", split="full")] == [60, 0, 10]
    assert load_all("mnist").origin.tolist() == list(range(60, 70))


def test_the_pen_writes_the_same_validation_and_test_digits_for_every_seed(monkeypatch):
    strokes = pytest.importorskip("digitlab.data.strokes")
    asked = []

    def generate(count, seed=0):
        asked.append((count, seed))
        return Digits(np.full((count, 28, 28), seed % 251, np.uint8), np.zeros(count, int), "strokes")

    monkeypatch.setattr(strokes, "generate", generate)
    load("strokes", seed=0)
    load("strokes", seed=3)
    rest = [(2_000, 1_000_001), (5_000, 2_000_001)]
    assert asked == [(20_000, 1), *rest, (20_000, 4), *rest]
    assert load_all("strokes").name == "strokes test"


def test_one_part_is_split_80_10_10(tmp_path, random_digits):
    digits = random_digits(50)
    path = export(digits, "csv", tmp_path / "d.csv")
    parts = load(path)
    assert [len(part) for part in parts] == [40, 5, 5]
    seen = {image.tobytes() for part in parts for image in part.images}
    assert seen == {image.tobytes() for image in digits.images}
    assert load(path).test.digest == parts.test.digest
    assert [len(part) for part in load(path, split="full")] == [50, 0, 0]
    assert load_all(path).digest == digits.digest


@pytest.mark.parametrize(("count", "sizes"), [(1, [1, 0, 0]), (2, [2, 0, 0]), (3, [1, 1, 1]), (12, [10, 1, 1])])
def test_even_few_digits_are_split(tmp_path, random_digits, count, sizes):
    path = export(random_digits(count), "npz", tmp_path / "d.npz")
    assert [len(part) for part in load(path)] == sizes


@pytest.mark.parametrize(("to", "name"), [("folder", "d"), ("csv", "d"), ("npz", "d.npz"), ("idx", "d")])
def test_own_parts_are_kept_and_a_twelfth_becomes_validation(tmp_path, random_digits, to, name):
    whole = Splits(random_digits(24), random_digits(0), random_digits(5, seed=1))
    path = export(whole, to, tmp_path / name)
    parts = load(path)
    assert [len(part) for part in parts] == [22, 2, 5]
    assert parts.test.digest == whole.test.digest
    assert [len(part) for part in load(path, split="full")] == [24, 0, 5]
    assert len(load_all(path)) == 29
    assert [part.name for part in parts] == [f"{name} train", f"{name} validation", f"{name} test"]


def test_an_idx_images_file_is_a_source(tmp_path, random_digits):
    digits = random_digits(20)
    export(digits, "idx", tmp_path / "d")
    assert load_all(tmp_path / "d" / "images-idx3-ubyte.gz").digest == digits.digest
    with pytest.raises(DataError, match="possible are"):
        load_all(tmp_path / "d" / "labels-idx1-ubyte.gz")


def test_a_description_is_json_with_counts_and_digests(cached_mnist):
    about = json.loads(json.dumps(describe("mnist")))
    parts = load("mnist")
    assert about["parts"]["test"] == {
        "count": 10,
        "per_class": np.bincount(parts.test.labels, minlength=10).tolist(),
        "digest": parts.test.digest,
    }
    assert [Path(file["path"]).parent for file in about["files"]] == [cached_mnist] * 4
    assert all(file["verified"] for file in about["files"])


def test_a_file_of_ones_own_is_described_as_not_verified(tmp_path, random_digits):
    path = export(random_digits(10), "npz", tmp_path / "d.npz")
    about = describe(path)
    assert [part["count"] for part in about["parts"].values()] == [8, 1, 1]
    assert about["files"][0]["verified"] is False
    assert len(about["files"][0]["sha256"]) == 64
    assert describe(export(random_digits(10), "folder", tmp_path / "d"))["files"] == []


@pytest.mark.parametrize(
    ("source", "nearest"),
    [
        ("mnits", "mnist"),
        ("stroke", "strokes"),
        ("digit.csv", "digits.csv"),
        ("qqqqq", None),
        ("q" * 5000, None),
    ],
)
def test_an_unknown_source_is_told_what_is_possible_and_what_is_near(
    tmp_path, monkeypatch, source, nearest, random_digits
):
    monkeypatch.chdir(tmp_path)
    export(random_digits(3), "csv", "digits.csv")
    with pytest.raises(DataError, match=r"possible are mnist, strokes, a folder") as caught:
        load(source)
    assert (f"did you mean {nearest}?" in str(caught.value)) == (nearest is not None)


def test_a_file_of_another_kind_an_unknown_split_and_a_lone_test_part_are_refused(tmp_path, random_digits):
    (tmp_path / "x.txt").write_text("1 2 3")
    with pytest.raises(DataError, match=r"x\.txt is no file of labelled digits"):
        load(tmp_path / "x.txt")
    with pytest.raises(UsageError, match=r"standard, kaggle, full, submission \(did you mean kaggle\?\)"):
        load("mnist", split="kagle")
    export(random_digits(3), "csv", tmp_path / "d" / "test.csv")
    with pytest.raises(DataError, match="no part to train on, only test"):
        load(tmp_path / "d")
    assert len(load_all(tmp_path / "d")) == 3


def test_two_files_for_one_part_are_refused(tmp_path, random_digits):
    export(random_digits(3), "csv", tmp_path / "train.csv")
    export(random_digits(3), "csv", tmp_path / "train.csv.gz")
    with pytest.raises(DataError, match="are the same part"):
        load(tmp_path)


def test_kaggles_own_folder_says_which_file_has_no_labels(tmp_path, random_digits):
    export(random_digits(3), "csv", tmp_path / "train.csv")
    lines = (tmp_path / "train.csv").read_text().splitlines()
    (tmp_path / "test.csv").write_text("\n".join(line.partition(",")[2] for line in lines))
    (tmp_path / "sample_submission.csv").write_text("ImageId,Label\n1,0\n")
    with pytest.raises(DataError, match=r"test\.csv has no labels"):
        load(tmp_path)
    assert len(load_all(tmp_path / "train.csv")) == 3
