"""Figures show what they are given: so many panels, cells, points and words."""

from __future__ import annotations

import io
import math

import numpy as np
import pytest
from PIL import Image

from digitlab.data.digits import Digits
from digitlab.errors import UsageError
from digitlab.evaluation import canvas, contact, evaluate_probabilities, figures, samples
from digitlab.evaluation.refusal import Refusal, apply_threshold

from .conftest import blobs, softmax

Judged = tuple[Digits, np.ndarray]
EPOCHS = [
    {
        "epoch": 1,
        "train_loss": 0.9,
        "validation_loss": 0.4,
        "validation_accuracy": 0.9,
        "learning_rate": 1e-3,
    },
    {
        "epoch": 2,
        "train_loss": 0.01,
        "validation_loss": 0.2,
        "validation_accuracy": 0.98,
        "learning_rate": 1e-4,
    },
]


def words(figure: object) -> list[str]:
    from matplotlib.text import Text

    return [text.get_text() for text in figure.findobj(Text) if text.get_text()]  # type: ignore[attr-defined]


def test_learning_curves_have_a_panel_for_each_quantity_that_was_recorded() -> None:
    assert [ax.get_title() for ax in figures.learning_curves(EPOCHS).axes] == [
        "loss, nats",
        "accuracy",
        "learning rate",
    ]
    loss_alone = figures.learning_curves([{"train_loss": 1.0}, {"train_loss": math.nan}, {"train_loss": 0.5}])
    (ax,) = loss_alone.axes
    assert ax.lines[0].get_xydata().tolist() == [
        [1, 1],
        [3, 0.5],
    ]  # epochs are counted where they are not given
    canvas.to_png(loss_alone)


def test_a_history_without_anything_to_draw_is_refused() -> None:
    with pytest.raises(UsageError, match="train for one epoch"):
        figures.learning_curves([{"epoch": 1, "validation_loss": None}])


def test_the_confusion_matrix_writes_every_count_and_colours_errors_alone(judged: Judged) -> None:
    e = evaluate_probabilities(judged[1], judged[0])
    (ax,) = figures.confusion(e).axes
    assert len(ax.patches) == 100
    written = {tuple(map(int, text.get_position()[::-1])): int(text.get_text()) for text in ax.texts}
    assert written == {(i, j): n for i, row in enumerate(e.confusion) for j, n in enumerate(row) if n}
    faces = [patch.get_facecolor() for patch in ax.patches]
    assert len({faces[11 * i] for i in range(10)}) == 1  # the diagonal is one quiet colour
    assert max(range(100), key=lambda c: faces[c][3]) % 11  # the strongest cell is an error


def test_the_reliability_diagram_has_a_point_and_a_bar_for_each_bin_with_digits(judged: Judged) -> None:
    e = evaluate_probabilities(judged[1], judged[0])
    diagram, below = figures.reliability_diagram(e).axes
    filled = [row for row in e.reliability if row.n]
    assert len(below.patches) == len(filled)
    points = diagram.containers[0].lines[0].get_xydata()
    assert points == pytest.approx(np.array([(row.confidence, row.accuracy) for row in filled]))
    assert below.get_yscale() == "log"


def test_the_risk_curve_marks_the_coverage_without_error(judged: Judged) -> None:
    e = evaluate_probabilities(judged[1], judged[0])
    figure = figures.risk_coverage_curve(e, *judged)
    assert f"no error up to {e.coverage_without_error * 100:.1f} %" in words(figure)
    assert figure.axes[0].lines[0].get_ydata()[-1] == pytest.approx(1 - e.accuracy)


def test_the_risk_curve_has_a_line_by_the_annotators_and_a_point_for_a_rule(doubted: Judged) -> None:
    digits, probabilities = doubted
    rule = Refusal(0.5, 0.9, *[apply_threshold(0.9, digits, probabilities)] * 2)
    figure = figures.risk_coverage_curve(evaluate_probabilities(probabilities, digits), digits, probabilities, rule)
    (ax,) = figure.axes
    drawn = {line.get_label(): line.get_ydata()[-1] for line in ax.lines if not line.get_label().startswith("_")}
    assert drawn["labels as given"] == pytest.approx(2 / 3)
    assert drawn["labels corrected"] == pytest.approx(1 / 2)
    assert drawn["at most 50 % wrong, as chosen"] == pytest.approx(2 / 3)
    canvas.to_png(figure)


@pytest.mark.filterwarnings("error")
def test_what_is_left_of_the_axes_is_not_drawn() -> None:
    labels = np.arange(500) % 10
    probabilities = softmax(np.random.default_rng(1).normal(8, 2, (500, 1)) * np.eye(10)[labels])
    probabilities[0] = 0.1  # one that is wrong, and least sure
    digits = blobs((labels + (np.arange(500) == 0)) % 10)
    figure = figures.risk_coverage_curve(evaluate_probabilities(probabilities, digits), digits, probabilities)
    canvas.to_png(figure)
    (ax,) = figure.axes
    assert ax.get_xlim()[0] > 0.5
    assert all(line.get_clip_on() for line in ax.lines)


def test_a_contact_sheet_has_a_name_and_a_note_a_row() -> None:
    sheet = np.random.default_rng(0).integers(0, 256, (3, 4, 28, 28), np.uint8)
    figure = contact.contact_sheet(sheet, ["clean", "fog", "zigzag"], ["99 %", "12 %", "3 %"])
    (ax,) = figure.axes
    pixels = ax.images[0].get_array()
    assert pixels.shape == (3 * 32, 4 * 32)
    assert np.array_equal(pixels[34:62, 66:94], sheet[1, 2])
    assert [label.get_text() for label in ax.get_yticklabels()] == ["clean", "fog", "zigzag"]
    assert [text.get_text() for text in ax.texts] == ["99 %", "12 %", "3 %"]
    canvas.to_png(figure)


def test_random_results_are_a_grid_and_the_same_for_the_same_seed(judged: Judged) -> None:
    titles = [[ax.get_title() for ax in samples.random_results(*judged, seed=s).axes] for s in (0, 0, 1)]
    assert len(titles[0]) == 25
    assert all(titles[0])
    assert titles[0] == titles[1] != titles[2]
    assert len(samples.random_results(judged[0][:3], judged[1][:3]).axes) == 3


def test_wrong_ones_come_worst_first_with_what_people_say(doubted: Judged) -> None:
    captions = [ax.get_title().splitlines() for ax in samples.wrong_ones(*doubted).axes]
    assert captions == [["8 read as 9", "91.0 %", "people say 9"], ["5 read as 4", "91.0 %", " "]]


def test_as_many_wrong_ones_are_shown_as_asked_for() -> None:
    labels = np.arange(60) % 10
    probabilities = np.eye(10)[(labels + 1) % 10]
    assert sum(bool(ax.images) for ax in samples.wrong_ones(blobs(labels), probabilities).axes) == 49
    assert sum(bool(ax.images) for ax in samples.wrong_ones(blobs(labels), probabilities, count=9).axes) == 9
    assert "none is read wrong" in words(samples.wrong_ones(blobs(labels), np.eye(10)[labels]))


def test_the_comparison_draws_means_intervals_and_runs() -> None:
    rows = [
        {"name": "a", "mean": 0.99, "low": 0.985, "high": 0.995, "values": [0.988, 0.992]},
        {"name": "b", "mean": 0.98, "low": None, "high": None, "values": [0.98]},
    ]
    (ax,) = figures.comparison(rows).axes
    assert [label.get_text() for label in ax.get_yticklabels()] == ["a", "b"]
    assert [len(line.get_xdata()) for line in ax.lines if line.get_alpha()] == [2, 1]
    bar = ax.containers[0].lines[2][0].get_segments()[0]
    assert bar[:, 0].tolist() == pytest.approx([0.985, 0.995])
    canvas.to_png(figures.comparison(rows))


def test_the_comparison_draws_a_curve_a_name_where_there_is_an_x() -> None:
    rows = [
        {"name": name, "x": x, "mean": 0.9 + x / 1e6, "low": 0.89, "high": 0.97, "values": [0.9]}
        for name in ("one", "two")
        for x in (60_000, 18_000)
    ]
    (ax,) = figures.comparison(rows, x_label="training images").axes
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["one", "two"]
    assert ax.containers[0].lines[0].get_xdata().tolist() == [18_000, 60_000]
    assert [label.get_text() for label in ax.get_xticklabels()] == ["18,000", "60,000"]
    with pytest.raises(UsageError, match="nothing to compare"):
        figures.comparison([])


def test_figures_become_png_and_svg_and_the_same_figure_the_same_bytes(judged: Judged) -> None:
    e = evaluate_probabilities(judged[1], judged[0])
    assert Image.open(io.BytesIO(canvas.to_png(figures.confusion(e)))).format == "PNG"
    svg = canvas.to_svg(figures.confusion(e))
    assert svg == canvas.to_svg(figures.confusion(e))
    assert b"<text" in svg  # words stay words
    assert b"metadata" not in svg


@pytest.mark.parametrize(
    ("share", "written"),
    [(1.0, "100 %"), (0.99999, "99.99 %"), (0.995, "99.50 %"), (0.8567, "85.6 %"), (0.0, "0.0 %")],
)
def test_no_doubt_is_rounded_away(share: float, written: str) -> None:
    assert samples.percent(share) == written
