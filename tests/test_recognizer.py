"""The recogniser: what it accepts, what it gives, and the files it refuses."""

import json
import os
import threading
from collections.abc import Callable
from types import SimpleNamespace

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

import digitlab
from digitlab.data.digits import PART, SEVERAL
from digitlab.errors import ModelError
from digitlab.manifest import KEY, Manifest
from digitlab.networks.onnx_graph import to_onnx
from digitlab.recipes import read_layers
from digitlab.recognizer import BATCH, LEAST, Recognizer, load

LAYERS = read_layers(["flatten", "dense 10"])


def content(manifest: Manifest | None = None) -> bytes:
    weight = np.random.default_rng(0).normal(size=(10, 784)).astype(np.float32)
    weights = {"stages.1.weight": weight, "stages.1.bias": np.zeros(10, np.float32)}
    return to_onnx(LAYERS, weights, manifest or Manifest("tiny", {"layers": ["flatten", "dense 10"]}))


@pytest.fixture
def images() -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (1300, 28, 28), dtype=np.uint8)


def test_probabilities_are_the_softmax_of_logits_over_temperature(images) -> None:
    recognizer = Recognizer(content(Manifest("warm", temperature=2.0)))
    logits = recognizer.logits(images).astype(np.float64) / 2
    expected = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    probabilities = recognizer.predict_proba(images)
    assert probabilities.shape == (1300, 10)
    assert probabilities.dtype == np.float32
    np.testing.assert_allclose(probabilities, expected, atol=1e-5)
    assert (recognizer.predict(images) == expected.argmax(1)).all()


def rejecting(
    channels: int = 1, manifest: Manifest | None = None, answers: int = 11
) -> tuple[bytes, np.ndarray, np.ndarray]:
    """A recogniser with more than ten answers, and its weights (answers, channels * 784) and biases (answers,)."""
    layers = read_layers(["flatten", f"dense {answers}"], channels=channels)
    rng = np.random.default_rng(0)
    weight = rng.normal(0, 0.05, size=(answers, channels * 784)).astype(np.float32)
    bias = rng.normal(size=answers).astype(np.float32)
    weights = {"stages.1.weight": weight, "stages.1.bias": bias}
    return to_onnx(layers, weights, manifest or Manifest("unsure")), weight, bias


@pytest.mark.parametrize(("channels", "answers"), [(1, 11), (3, 11), (1, 13), (3, 13)])
def test_judging_tells_which_digit_and_the_log_odds_of_being_one(channels: int, answers: int) -> None:
    manifest = Manifest("unsure", temperature=2.0, digit_temperature=1.5, digit_offset=0.7)
    file, weight, bias = rejecting(channels, manifest, answers)
    recognizer = Recognizer(file)
    shape = (600, 28, 28) if channels == 1 else (600, channels, 28, 28)
    shown = np.random.default_rng(1).integers(0, 256, shape, dtype=np.uint8)
    logits = shown.reshape(600, -1) / 255 @ weight.T.astype(np.float64) + bias
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)  # (600, answers)
    verdict = recognizer.judge(shown)
    assert [part.shape for part in verdict] == [(600, 10), (600,), (600,), (600,)]
    assert {part.dtype for part in verdict} == {np.dtype(np.float32)}
    np.testing.assert_allclose(verdict.probabilities, recognizer.predict_proba(shown), atol=1e-5)
    np.testing.assert_allclose(verdict.probabilities.sum(axis=1), 1, atol=1e-5)
    log_odds = np.log(shares[:, :10].sum(axis=1) / shares[:, 10:].sum(axis=1))
    np.testing.assert_allclose(verdict.odds, (log_odds - 0.7) / 1.5, atol=1e-3)
    np.testing.assert_allclose(recognizer.is_digit(shown), 1 / (1 + np.exp(-(log_odds - 0.7) / 1.5)), atol=1e-4)
    assert (recognizer.predict(shown) == logits[:, :10].argmax(axis=1)).all()
    assert [part.shape for part in recognizer.judge(shown[:0])] == [(0, 10), (0,), (0,), (0,)]


def test_thirteen_answers_tell_what_is_several_and_what_is_a_part() -> None:
    file, weight, bias = rejecting(3, Manifest("unsure", digit_temperature=1.5, digit_offset=0.7), 13)
    shown = np.random.default_rng(1).integers(0, 256, (600, 3, 28, 28), dtype=np.uint8)
    logits = shown.reshape(600, -1) / 255 @ weight.T.astype(np.float64) + bias
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    verdict = Recognizer(file).judge(shown)
    np.testing.assert_allclose(verdict.several, shares[:, SEVERAL], atol=1e-4)
    np.testing.assert_allclose(verdict.part, shares[:, PART], atol=1e-4)


@pytest.mark.parametrize("file", [content(), rejecting()[0]])
def test_where_a_recogniser_cannot_tell_anything_may_be_several_or_a_part(file: bytes, images) -> None:
    verdict = Recognizer(file).judge(images)
    np.testing.assert_array_equal(verdict.several, np.ones(len(images)))
    np.testing.assert_array_equal(verdict.part, np.ones(len(images)))


def test_a_recogniser_of_ten_answers_takes_everything_for_a_digit(images) -> None:
    plain = Recognizer(content())
    assert not plain.can_reject
    verdict = plain.judge(images)
    np.testing.assert_array_equal(verdict.probabilities, plain.predict_proba(images))
    assert np.isposinf(verdict.odds).all()
    np.testing.assert_array_equal(plain.is_digit(images), np.ones(len(images)))


def test_a_recogniser_knows_what_it_takes_and_whether_it_can_reject() -> None:
    assert [Recognizer(rejecting(channels)[0]).channels for channels in (1, 3)] == [1, 3]
    assert Recognizer(content()).channels == 1
    assert all(Recognizer(rejecting(answers=answers)[0]).can_reject for answers in (11, 13))


def test_the_bundled_reader_judges_pieces_and_the_default_recogniser_digits() -> None:
    judge, default = load("reader", threads=1), load("default", threads=1)
    assert (judge.channels, judge.can_reject) == (3, True)
    assert default.channels == 1


@pytest.mark.parametrize("ask", ["judge", "is_digit", "predict_proba", "predict"])
def test_images_with_other_channels_are_refused_with_the_fix(ask: str) -> None:
    pieces = getattr(Recognizer(rejecting(3)[0]), ask)
    with pytest.raises(ModelError, match=r"\(N, 3, 28, 28\), not \(2, 28, 28\); frame and stack"):
        pieces(np.zeros((2, 28, 28), np.uint8))
    with pytest.raises(ModelError, match=r"images\[None\]"):
        pieces(np.zeros((3, 28, 28), np.uint8))
    with pytest.raises(ModelError, match=r"\(N, 28, 28\), not \(2, 3, 28, 28\)"):
        getattr(Recognizer(rejecting()[0]), ask)(np.zeros((2, 3, 28, 28), np.uint8))


@pytest.mark.parametrize("answers", [11, 13])
@pytest.mark.parametrize("sign", [1, -1])
def test_extreme_answers_keep_finite_odds_and_sure_probabilities(sign: int, answers: int) -> None:
    layers = read_layers(["flatten", f"dense {answers}"])
    weight = np.full((answers, 784), 5 * sign, np.float32)
    weight[10:] *= -1
    weights = {"stages.1.weight": weight, "stages.1.bias": np.arange(answers, dtype=np.float32)}
    recognizer, white = Recognizer(to_onnx(layers, weights, Manifest("loud"))), np.full((2, 28, 28), 255, np.uint8)
    with np.errstate(all="raise", under="ignore"):
        verdict, is_digit = recognizer.judge(white), recognizer.is_digit(white)
    assert np.isfinite(verdict.odds).all()
    assert (sign * verdict.odds > 1000).all()
    assert is_digit.tolist() == [max(sign, 0)] * 2
    if answers == 13:  # the biases of the last three count up by one
        shares = np.exp([-2, -1, 0]) / np.exp([-2, -1, 0]).sum() * (sign < 0)
        np.testing.assert_allclose([verdict.several[0], verdict.part[0]], shares[1:], atol=1e-4)


def test_floats_and_bytes_are_the_same_image_and_batches_do_not_matter(images) -> None:
    recognizer = Recognizer(content())
    whole = recognizer.predict_proba(images)
    np.testing.assert_allclose(recognizer.predict_proba(images / 255), whole, atol=1e-5)
    np.testing.assert_allclose(recognizer.predict_proba(images[700:701])[0], whole[700], atol=1e-5)
    assert recognizer.predict_proba(images[:0]).shape == (0, 10)
    assert recognizer.predict(images[:0]).shape == (0,)


@pytest.mark.parametrize(
    ("array", "words"),
    [
        (np.zeros((28, 28), np.uint8), "images[None]"),
        (np.zeros((2, 784), np.uint8), "(N, 28, 28)"),
        (np.zeros((2, 28, 28), np.int64), "uint8"),
        (np.full((2, 28, 28), 255.0), "divide by 255"),
        (np.full((2, 28, 28), -0.1), "divide by 255"),
        (np.full((2, 28, 28), np.nan), "NaN"),
    ],
)
def test_other_arrays_are_refused_with_the_fix(array, words: str) -> None:
    with pytest.raises(ModelError, match=r"images") as caught:
        Recognizer(content()).predict_proba(array)
    assert words in str(caught.value)


def test_several_threads_may_use_one_recogniser(images) -> None:
    recognizer = Recognizer(content())
    expected, found = recognizer.predict_proba(images), []
    threads = [threading.Thread(target=lambda: found.append(recognizer.predict_proba(images))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    for one in found:
        np.testing.assert_array_equal(one, expected)


def test_a_few_images_start_no_thread_and_many_are_shared_out_in_bounded_batches(images, monkeypatch) -> None:
    recognizer = Recognizer(content(), threads=3)
    batches, run = [], recognizer._session.run
    session = SimpleNamespace(run=lambda outputs, feed: batches.append(len(feed["images"])) or run(outputs, feed))
    assert recognizer.channels == 1  # known from now on; the stand-in below cannot tell
    monkeypatch.setattr(recognizer, "_session", session)
    with monkeypatch.context() as patch:
        patch.setattr("digitlab.recognizer.at_once", None)
        assert recognizer.predict_proba(images[:1]).shape == (1, 10)
        assert recognizer.predict_proba(images[:LEAST]).shape == (LEAST, 10)
    assert batches == [1, LEAST]
    del batches[:]
    recognizer.predict_proba(images)
    assert sum(batches) == len(images)
    assert max(batches) <= BATCH
    assert max(batches) - min(batches) < len(batches)  # as large as each other: no thread waits for the last one


@pytest.mark.parametrize("wish", [None, "0"])
def test_onnx_runtime_tells_nobody_what_it_runs_unless_the_user_wants_it_to(monkeypatch, wish: str | None) -> None:
    if wish is None:
        monkeypatch.setenv("ORT_DISABLE_TELEMETRY", "")  # so that it is as before after the test
        monkeypatch.delenv("ORT_DISABLE_TELEMETRY")
    else:
        monkeypatch.setenv("ORT_DISABLE_TELEMETRY", wish)
    Recognizer(content())
    assert os.environ["ORT_DISABLE_TELEMETRY"] == (wish or "1")


def test_the_manifest_travels_in_the_file(tmp_path) -> None:
    manifest = Manifest("mine", {"layers": ["flatten", "dense 10"]}, 1.5, figures={"test": {"accuracy": 0.9, "n": 10}})
    (tmp_path / "mine.onnx").write_bytes(content(manifest))
    assert digitlab.load(tmp_path / "mine.onnx").manifest == manifest


def changed(change: Callable[[onnx.ModelProto], None]) -> bytes:
    model = onnx.load_model_from_string(content())
    change(model)
    return model.SerializeToString()


def external(model: onnx.ModelProto) -> None:
    model.graph.initializer[0].data_location = TensorProto.EXTERNAL
    model.graph.initializer[0].external_data.add(key="location", value="../../secret")


def foreign(model: onnx.ModelProto) -> None:
    model.graph.node.append(helper.make_node("Evil", ["logits"], ["out"], domain="com.example"))


def loop(model: onnx.ModelProto) -> None:
    body = helper.make_graph([], "body", [], [])
    model.graph.node.append(helper.make_node("Loop", ["", ""], ["out"], body=body))


def without_manifest(model: onnx.ModelProto) -> None:
    del model.metadata_props[:]


def other_manifest(**changes) -> Callable[[onnx.ModelProto], None]:
    def change(model: onnx.ModelProto) -> None:
        page = json.loads(model.metadata_props[0].value) | changes
        helper.set_model_props(model, {KEY: json.dumps(page)})

    return change


@pytest.mark.parametrize(
    ("file", "words"),
    [
        (b"", "not an ONNX file"),
        (b"hello, I am no model", "not an ONNX file"),
        (content()[:2000], "not an ONNX file, or is cut short"),
        (changed(external), "weights in other files"),
        (changed(foreign), "Evil"),
        (changed(loop), "Loop"),
        (changed(without_manifest), "no digitlab recogniser"),
        (changed(other_manifest(format=99)), "newer digitlab"),
        (changed(other_manifest(temperature=0)), "impossible manifest"),
        (changed(other_manifest(digit_temperature=0)), "impossible manifest"),
        (changed(other_manifest(digit_offset=1e6)), "impossible manifest"),
        (changed(other_manifest(labels=[1, 2])), "impossible manifest"),
        (changed(other_manifest(recipe=3)), "impossible manifest"),
        (changed(other_manifest(surprise=1)), "damaged manifest"),
    ],
)
def test_damaged_foreign_and_unsafe_files_are_refused(tmp_path, file: bytes, words: str) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(file)
    with pytest.raises(ModelError) as caught:
        load(path)
    assert words in str(caught.value)
    assert "model.onnx" in str(caught.value)


def test_large_files_are_refused_before_they_are_read(tmp_path) -> None:
    path = tmp_path / "large.onnx"
    with open(path, "wb") as file:
        file.truncate(300 * 2**20)
    with pytest.raises(ModelError, match="larger than 256 MB"):
        load(path)


def test_names_that_do_not_exist_say_what_there_is(tmp_path) -> None:
    with pytest.raises(ModelError, match="digitlab models"):
        load("nonsense")
    with pytest.raises(ModelError, match="--resume"):
        load(tmp_path)


def test_alone_it_answers_the_same_without_threads_of_its_own(images, monkeypatch) -> None:
    recognizer = Recognizer(content(), threads=3)
    alone = recognizer.alone()
    expected = recognizer.predict_proba(images)
    monkeypatch.setattr("digitlab.jobs._pool", None)
    np.testing.assert_array_equal(alone.predict_proba(images), expected)
    with pytest.raises(TypeError):  # the one it is from still has its own
        recognizer.predict_proba(images)


def test_one_image_gets_the_probabilities_that_it_has_among_many(images) -> None:
    recognizer = Recognizer(content())
    many = recognizer.predict_proba(images)
    for place in range(20):
        one = recognizer.predict_proba(images[place : place + 1])
        assert (one.shape, one.dtype) == ((1, 10), np.float32)
        np.testing.assert_allclose(one[0], many[place], rtol=1e-5, atol=1e-7)


def test_a_folder_that_only_has_the_name_of_a_bundled_recogniser_does_not_hide_it(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "default"
    folder.mkdir()
    assert load("default").name == "default"
    (folder / "recognizer.onnx").write_bytes(b"no recogniser")  # a run of that name is meant, good or bad
    with pytest.raises(ModelError):
        load("default")
