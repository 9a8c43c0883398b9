"""A recogniser is pushed with card, weights and recipe, and is opened again from where it was pushed to."""

import json
import re

import numpy as np
import pytest

from digitlab import publishing
from digitlab.cards import model_card
from digitlab.errors import OutputError
from digitlab.evaluation.metrics import wilson_interval
from digitlab.manifest import Manifest
from digitlab.recipes import Recipe
from digitlab.recognizer import load, read_file

pytest.importorskip("safetensors", reason="needs safetensors: pip install 'digitlab[push]'")


def header_of(card):
    yaml = pytest.importorskip("yaml", reason="needs PyYAML, which huggingface_hub brings")
    return yaml.safe_load(card.split("---\n")[1])


def test_a_pushed_recogniser_is_opened_by_its_folder_and_its_address(tmp_path, run, cache) -> None:
    code, out, err = run("push", "default", tmp_path / "pushed")
    assert (code, out) == (0, f"{tmp_path}/pushed\n")
    assert "digitlab models" in err
    assert sorted(file.name for file in (tmp_path / "pushed").iterdir()) == sorted(publishing.NAMES)
    assert (tmp_path / "pushed" / "recognizer.onnx").read_bytes() == read_file("default")[0]
    for where in (tmp_path / "pushed", (tmp_path / "pushed").as_uri()):
        assert load(where).manifest == load("default").manifest
    recipe = Recipe.load(tmp_path / "pushed" / "recipe.toml")
    assert recipe.to_dict() == Recipe.from_dict(load("default").manifest.recipe, "recipe").to_dict()


def test_an_address_is_opened_by_the_one_it_was_pushed_to(memory) -> None:
    publishing.push("default", "memory://models/mine")
    assert load("memory://models/mine").name == "default"
    assert load("memory://models/mine/recognizer.onnx").name == "default"
    publishing.push("memory://models/mine", "memory://models/again")
    assert memory.cat("/models/again/recognizer.onnx") == read_file("default")[0]


def test_a_model_in_a_bucket_is_pushed_to_a_repository_with_its_card(memory, monkeypatch) -> None:
    import sys
    import types

    commits = {}

    class Api:
        def __init__(self, token):
            pass

        def list_repo_files(self, name):
            return [".gitattributes"]

        def create_repo(self, name, exist_ok):
            pass

        def create_commit(self, name, operations, commit_message):
            commits[name] = {o.path_in_repo: o.path_or_fileobj for o in operations}

    publishing.push("default", "memory://models/mine")
    fake = types.SimpleNamespace(HfApi=Api, CommitOperationAdd=types.SimpleNamespace)
    monkeypatch.setitem(sys.modules, "huggingface_hub", fake)
    assert publishing.push("memory://models/mine", "hf://user/name") == "hf://user/name"
    assert sorted(commits["user/name"]) == sorted(publishing.NAMES)
    assert b'digitlab.load("hf://user/name")' in commits["user/name"]["README.md"]


def test_what_was_pushed_before_is_replaced_and_nothing_else_is(tmp_path) -> None:
    place = tmp_path / "pushed"
    publishing.push("default", place)
    publishing.push("reader", place)
    assert load(place).name == "reader"
    (place / "thesis.txt").write_text("mine")
    with pytest.raises(OutputError, match=r"holds something else \(thesis.txt\); choose another place, or add --force"):
        publishing.push("default", place)
    assert load(place).name == "reader"
    publishing.push("default", place, force=True)
    assert load(place).name == "default"
    assert (place / "thesis.txt").read_text() == "mine"


def test_a_readme_of_someone_else_is_not_replaced(tmp_path) -> None:
    (tmp_path / "README.md").write_text("mine")
    with pytest.raises(OutputError, match="something else"):
        publishing.push("default", tmp_path)
    assert (tmp_path / "README.md").read_text() == "mine"


def test_the_cards_header_is_hugging_faces() -> None:
    hub = pytest.importorskip("huggingface_hub", reason="needs huggingface_hub: pip install 'digitlab[hf]'")
    manifest = load("default").manifest
    card = hub.ModelCard(model_card(manifest, "hf://user/name"))
    assert (card.data.license, card.data.pipeline_tag) == ("mit", "image-classification")
    assert (card.data.library_name, card.data.datasets) == ("digitlab", ["ylecun/mnist"])
    (result,) = card.data.eval_results
    assert (result.dataset_type, result.metric_type) == ("ylecun/mnist", "accuracy")
    assert result.metric_value == pytest.approx(manifest.figures["test"]["accuracy"], abs=5e-5)


def test_names_cannot_break_out_of_the_header() -> None:
    page = load("default").manifest
    card = model_card(
        Manifest('x"\n---\nlicense: evil', page.recipe, figures={"test": {"accuracy": 0.5, "n": 4}}), "x", "a: [b"
    )
    header = header_of(card)
    assert header["license"] == "a: [b"
    assert header["model-index"][0]["name"] == 'x"\n---\nlicense: evil'


def test_without_a_test_figure_none_is_claimed() -> None:
    pytest.importorskip("scipy", reason="compares with SciPy's interval")
    page = load("default").manifest
    card = model_card(Manifest("new", page.recipe, figures={"validation": {"accuracy": 0.99, "n": 5000}}), "x")
    assert "model-index" not in header_of(card)
    low, high = wilson_interval(4950, 5000)
    assert f"| validation | 99.00 % | {100 * low:.2f} to {100 * high:.2f} % | 5,000 |" in card


def test_the_figures_of_a_run_on_its_test_digits_are_on_its_card(tmp_path) -> None:
    page = load("reader").manifest  # which has no such figure of its own
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "recognizer.onnx").write_bytes(read_file("reader")[0])
    figures = {"accuracy": 0.7, "n": 200, "data": "mine test"}
    (tmp_path / "run" / "evaluation.json").write_text(json.dumps(figures))
    publishing.push(tmp_path / "run", tmp_path / "pushed")
    card = (tmp_path / "pushed" / "README.md").read_text()
    assert "test" not in page.figures
    assert "| test | 70.00 % | 63." in card
    assert header_of(card)["model-index"][0]["results"][0]["dataset"]["name"] == "mine test"


@pytest.mark.parametrize("name", ["default", "reader"])
def test_the_cards_own_code_gives_the_recognisers_probabilities(tmp_path, monkeypatch, name) -> None:
    publishing.push(name, tmp_path / "pushed")
    monkeypatch.chdir(tmp_path / "pushed")
    with_digitlab, without = re.findall(r"```python\n(.*?)```", (tmp_path / "pushed" / "README.md").read_text(), re.S)
    shape = (3, 28, 28) if name == "default" else (3, 3, 28, 28)
    names = {"images": np.random.default_rng(0).integers(0, 256, shape, np.uint8)}
    exec(without, names)
    np.testing.assert_allclose(names["probabilities"], load(name).predict_proba(names["images"]), atol=1e-5)
    exec(with_digitlab.replace("photo.jpg", "README.md").split("digitlab.read")[0], names)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["nosuch", "out"], "there is no recogniser 'nosuch'"),
        (["default", "https://host/x?token=secret"], "nothing can be written to https://host/x;"),
        (["default", "hf://name"], "name it as in hf://user/name"),
    ],
)
def test_what_cannot_be_pushed_is_one_sentence(run, words, message) -> None:
    code, _, err = run("push", *words)
    assert code == 2
    assert message in err
    assert "secret" not in err
    assert err.count("\n") == 1
