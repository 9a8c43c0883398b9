"""The report stands alone, says what was measured, and lets nothing in that it was not meant to show."""

from __future__ import annotations

import base64
import html.parser
import io
import json
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from digitlab.data import strokes
from digitlab.data.digits import Digits
from digitlab.errors import OutputError, UsageError
from digitlab.evaluation import (
    evaluate_probabilities,
    judge,
    measure_rejection,
    measure_robustness,
    write_report,
)
from digitlab.evaluation.findings import Findings
from digitlab.evaluation.refusal import Refusal, apply_threshold

from .conftest import blobs

Judged = tuple[Digits, np.ndarray]
HOSTILE = "<script>alert('x')</script> & \"friends\""
VOID = {"meta", "img", "br", "link", "input", "hr"}


class Outline(html.parser.HTMLParser):
    """Notes elements, headings and text, and complains where a tag is closed that is not open."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture(scope="module")
def written(judged: Judged, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report with everything in it, and each name in it hostile."""
    digits, probabilities = judged
    return write_report(
        tmp_path_factory.mktemp("report") / "new" / "folder",
        evaluate_probabilities(probabilities, digits.renamed(HOSTILE), model=HOSTILE, temperature=1.25),
        digits.renamed(HOSTILE),
        probabilities,
        history=[{"epoch": 1, "train_loss": 0.5, "validation_accuracy": 0.9}],
        facts={"command": HOSTILE, "versions": {HOSTILE: "1"}, "seeds": [1, 2], "nothing": None},
        layers=[("conv 32 3x3", "(26, 26, 32)", 320), (HOSTILE, "(10,)", 1290)],
        plan=[("optimiser", HOSTILE)],
        title=HOSTILE,
    )


def test_the_page_is_well_formed_and_each_picture_has_words_for_it(written: Path) -> None:
    outline = Outline(written.read_text(encoding="utf-8"))
    assert outline.open == []
    tags = [tag for tag, _ in outline.tags]
    assert tags.count("h1") == tags.count("main") == 1
    assert tags.count("h2") >= 8
    assert all(attributes.get("alt") for tag, attributes in outline.tags if tag == "img")
    assert all(a.get("aria-label") for _, a in outline.tags if a.get("role") == "img")
    ids = [attributes["id"] for _, attributes in outline.tags if "id" in attributes]
    assert len(ids) == len(set(ids))


def test_the_page_needs_nothing_from_anywhere(written: Path) -> None:
    page = written.read_text(encoding="utf-8")
    assert not re.search(r"https?:|//\w|@import|<link|<script|<iframe", page)
    sources = re.findall(r'(?:src|href)="([^"]*)"', page)
    assert sources
    assert all(source.startswith(("data:image/png;base64,", "#")) for source in sources)
    assert all(target.startswith("#") for target in re.findall(r"url\(([^)]*)\)", page))
    assert "default-src 'none'" in page


def test_references_within_the_figures_lead_somewhere(written: Path) -> None:
    page = written.read_text(encoding="utf-8")
    targets = set(re.findall(r'href="#([^"]+)"', page)) | set(re.findall(r"url\(#([^)]+)\)", page))
    assert targets
    assert targets <= set(re.findall(r' id="([^"]+)"', page))


def test_names_are_shown_and_never_obeyed(written: Path) -> None:
    page = written.read_text(encoding="utf-8")
    assert "<script" not in page
    text = Outline(page).text
    # title, heading, name of the data, layer, plan, model, judged on, command, and a version's name
    assert text.count(HOSTILE) >= 9


def test_the_page_tells_the_key_figures(written: Path, judged: Judged) -> None:
    e = evaluate_probabilities(judged[1], judged[0])
    text = Outline(written.read_text(encoding="utf-8")).text.replace("\N{NO-BREAK SPACE}", " ")
    shares = (e.accuracy, *e.interval, e.ece, e.per_class[3]["recall"])
    for figure in [f"{share * 100:.2f} %" for share in shares]:
        assert figure in text
    assert f"{e.nll:.4f}" in text
    assert "1,610" in text  # parameters in all
    assert "seeds" in text
    assert "nothing" not in text.split("Where these figures come from")[1]
    assert "Corrected accuracy" not in text


def test_the_page_shows_the_digits_themselves(written: Path, judged: Judged) -> None:
    digits, probabilities = judged
    page = written.read_text(encoding="utf-8")
    wrong = int((probabilities.argmax(axis=1) != digits.labels).sum())
    shown = re.findall(r'src="data:image/png;base64,([^"]+)"[^>]*alt="digit (\d+): given (\d), read as (\d)"', page)
    assert len(shown) == min(wrong, 49) + 25
    for content, index, given, read in shown:
        pixels = np.asarray(Image.open(io.BytesIO(base64.b64decode(content))))
        assert np.array_equal(255 - pixels, digits.images[int(index)])
        assert (int(given), int(read)) == (digits.labels[int(index)], probabilities[int(index)].argmax())


def test_figures_and_json_lie_beside_the_page(written: Path) -> None:
    names = sorted(path.name for path in (written.parent / "figures").iterdir())
    expected = "confusion learning-curves random reliability risk-coverage wrong"
    assert names == [f"{name}.png" for name in expected.split()]
    content = json.loads((written.parent / "evaluation.json").read_text())
    assert content["temperature"] == 1.25
    assert content["model"] == HOSTILE
    assert sorted(path.name for path in written.parent.iterdir()) == [
        "evaluation.json",
        "figures",
        "report.html",
    ]


def test_people_who_disagree_with_a_label_are_heard(doubted: Judged, tmp_path: Path) -> None:
    digits, probabilities = doubted
    text = Outline(
        write_report(tmp_path, evaluate_probabilities(probabilities, digits), digits, probabilities).read_text()
    ).text
    assert "people say 9" in text
    assert "Corrected accuracy" in text
    assert "1 errors of 2" in text


def test_a_perfect_recogniser_gets_a_report_too(tmp_path: Path) -> None:
    digits, probabilities = blobs(np.arange(10)), np.eye(10)
    page = write_report(tmp_path, evaluate_probabilities(probabilities, digits), digits, probabilities).read_text()
    assert "None is read wrong." in page
    assert "Learning curves" not in page
    assert "Layers" not in page


def test_probabilities_of_other_digits_are_refused_before_anything_is_written(judged: Judged, tmp_path: Path) -> None:
    e = evaluate_probabilities(judged[1], judged[0])
    with pytest.raises(UsageError, match="must be \\(400, 10\\)"):
        write_report(tmp_path / "out", e, judged[0], judged[1][:9])
    assert not (tmp_path / "out").exists()


def test_a_place_that_cannot_be_written_is_named(judged: Judged, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    e = evaluate_probabilities(judged[1], judged[0])
    with pytest.raises(OutputError, match="file"):
        write_report(tmp_path / "file", e, *judged)


def test_findings_get_sections_pictures_and_json(template, tmp_path: Path) -> None:
    digits = strokes.generate(60, seed=4)
    recognizer = template()
    evaluation, probabilities = judge(recognizer, digits)
    rule = Refusal(0.02, 0.7, *[apply_threshold(0.7, digits, probabilities)] * 2)
    findings = Findings(measure_robustness(recognizer, digits), measure_rejection(recognizer, digits, count=12), rule)
    written = write_report(tmp_path / "all", evaluation, digits, probabilities, findings=findings)
    page = written.read_text()
    outline = Outline(page)
    assert outline.open == []
    strips = {a["alt"]: a["src"] for tag, a in outline.tags if tag == "img" and a.get("class") == "strip"}
    assert len(strips) == 16 + 7
    source = strips["the same digits, fog"].removeprefix("data:image/png;base64,")
    pixels = np.asarray(Image.open(io.BytesIO(base64.b64decode(source))))
    assert np.array_equal(255 - pixels[2:30, 2:30], findings.robustness.sheet[11, 0])
    text = " ".join(outline.text.split())
    assert f"{100 * findings.robustness.mean:.2f} % are read right on average" in text
    assert "it cannot say that something is no digit" in text
    assert f"answers {100 * rule.judged.coverage:.2f} % of the digits here" in text
    content = json.loads((tmp_path / "all" / "evaluation.json").read_text())
    assert content == json.loads(json.dumps(evaluation.to_dict() | findings.to_dict()))
    assert {"corruptions.png", "outliers.png"} <= {path.name for path in (tmp_path / "all" / "figures").iterdir()}
    plain = write_report(tmp_path / "plain", evaluation, digits, probabilities).read_text()
    assert "Corrupted digits" not in plain
    assert "What is no digit" not in plain
