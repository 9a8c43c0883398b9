"""Expected forms: the best labels that satisfy a pattern, exactly, as trying them all finds them."""

import itertools
import math
import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digitlab.errors import UsageError
from digitlab.reading.expect import LEAST, Pattern
from digitlab.readings import Digit, Line

BOX = (0, 0, 1, 1)


def digit(*chances: tuple[int, float]) -> Digit:
    return Digit(*chances[0], BOX, tuple(chances[1:]))


def read(text: str, confidence: float = 0.9) -> Line:
    """A line read as `text`; every other label shares what is left, the smaller ones a little more."""
    rest = (1 - confidence) / 9
    return Line(
        tuple(
            digit((int(c), confidence), *((n, rest * (1 - n / 1000)) for n in range(10) if n != int(c))) for c in text
        )
    )


@pytest.mark.parametrize(
    ("pattern", "text", "result", "expected"),
    [
        (r"\d{4}-\d{2}", "202411", "202411", "as read"),
        ("4", "2024", "2024", "as read"),
        ("10", "0123456789", "0123456789", "as read"),
        ("[0-57]{2}", "86", "00", "changed"),
        (r"20\d\d", "2024", "2024", "as read"),
        (r"20\d\d", "7024", "2024", "changed"),
        (r"(19|20)\d{2}", "1845", "1945", "changed"),
        (r"\d{2}[./]\d{2}", "1234", None, None),
        (r"\d{1,2}\.\d{1,2}", "123", "123", "as read"),
        (r"\d{1,2}:\d{2}", "12", "12", "unmet"),
        (r"-?\d, \d", "12", "12", "as read"),
        (r"(|5)\d", "7", "7", "as read"),
        ("3", "12", "12", "unmet"),
    ],
)
def test_patterns_mean_what_they_look_like(pattern, text, result, expected) -> None:
    if result is None:
        with pytest.raises(UsageError):
            Pattern(pattern)
        return
    line = Pattern(pattern).apply(read(text))
    assert (line.text, line.expected) == (result, expected)


def test_the_most_probable_alternative_that_fits_is_taken() -> None:
    doubtful = digit((7, 0.6), (1, 0.35), (2, 0.05))
    line = Pattern("[12]{2}").apply(Line((digit((1, 0.99)), doubtful)))
    assert (line.text, line.expected) == ("11", "changed")
    assert line.digits[1].confidence == 0.35
    assert line.digits[1].alternatives == ((7, 0.6), (2, 0.05))
    assert line.confidence == pytest.approx(0.99 * 0.35)


def test_of_too_many_digits_the_least_sure_is_left_out() -> None:
    digits = [digit((d, p), (8, 1 - p)) for d, p in ((4, 0.999), (1, 0.55), (2, 0.98))]
    line = Pattern("2").apply(Line(tuple(digits)))
    assert (line.text, line.expected) == ("42", "changed")
    assert line.confidence == pytest.approx(0.999 * 0.98 * (1 - 0.55))
    assert Pattern("0?").apply(Line((digit((7, 0.5)),))).expected == "unmet"  # a line is not made to vanish


@settings(max_examples=200, deadline=None)
@given(st.lists(st.floats(0.01, 1), min_size=3, max_size=5))
def test_a_line_that_fits_is_never_changed(confidences) -> None:
    # Three to five digits fit: none of them is left out, however doubtful, and none is changed for a less likely one.
    line = Line(tuple(digit((i, p), (9, p / 2)) for i, p in enumerate(confidences)))
    assert Pattern(r"\d{3,5}").apply(line).expected == "as read"


def test_as_read_keeps_confidence_and_digits() -> None:
    line = Line((digit((4, 0.5)),), confidence=0.45)
    assert Pattern("1").apply(line) == Line((digit((4, 0.5)),), confidence=0.45, expected="as read")


leaves = st.sampled_from([r"\d", "0", "3", "7", "[0-4]", "[13579]", "[0-57]", " ", "/"])
patterns = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.tuples(inner, inner).map("".join),
        st.tuples(inner, inner).map(lambda p: f"({p[0]}|{p[1]})"),
        inner.map(lambda p: f"({p})?"),
        st.tuples(inner, st.integers(1, 2)).map(lambda p: f"({p[0]}){{{p[1]}}}"),
        inner.map(lambda p: f"({p}){{0,2}}"),
        inner.map(lambda p: f"({p}){{1,3}}"),
    ),
    max_leaves=5,
)
chances = st.lists(
    st.tuples(st.permutations(range(10)), st.lists(st.floats(0.001, 1), min_size=1, max_size=4)), max_size=4
)


@settings(max_examples=300, deadline=None)
@given(pattern=patterns, line=chances)
def test_nothing_better_is_found_by_trying_everything(pattern: str, line) -> None:
    digits = []
    for labels, weights in line:
        total = sum(weights)
        digits.append(digit(*sorted(zip(labels, (w / total for w in weights), strict=False), key=lambda c: -c[1])))
    pattern = f"({pattern})"  # a bare number would count digits
    fits = re.compile(re.sub("[ /]", "", pattern))

    def score(labels) -> float:
        total = 0.0
        for read, label in zip(digits, labels, strict=True):
            offered = dict([(read.label, read.confidence), *read.alternatives])
            p = read.confidence * (1 - read.confidence) if label is None else offered[label]
            total += math.log(max(p, LEAST))
        return total

    offers = [[None, d.label, *(label for label, _ in d.alternatives)] for d in digits]
    good = [
        labels
        for labels in itertools.product(*offers)
        if fits.fullmatch("".join(str(label) for label in labels if label is not None))
    ]
    found = Pattern(pattern).best(digits)
    assert (found is None) == (not good)
    if found is not None:
        assert fits.fullmatch("".join(str(label) for label in found if label is not None))
        assert score(found) == pytest.approx(max(map(score, good)))


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("", "empty"),
        ("  ", "empty"),
        ("0", "counts digits"),
        ("99999999999999999999", "counts digits"),
        ("[0-9", "without digits"),
        ("[]", "without digits"),
        ("[9-0]", "backwards"),
        ("[a]", "'a'"),
        (r"\w", r"\\w means nothing"),
        ("\\", "means nothing"),
        (r"\d*", "'\\*' is no digit"),
        (r"\d+", "'\\+' is no digit"),
        (r"\d{", "without counts"),
        (r"\d{,3}", "without counts"),
        (r"\d{3,1}", "no range"),
        (r"\d{0}", "no range"),
        ("(1", "without its \\)"),
        ("1)2", "without its \\("),
        ("?", "'\\?' is no digit"),
        ("x1", "'x' is no digit \\(character 1\\)"),
        (r"(\d{99}){99}{99}", "more than"),
        ("(" * 150, "without its|longer"),
        ("1-" * 150, "longer than"),
        ("٣", "no digit"),
    ],
)
def test_what_is_no_pattern_is_told_in_a_sentence(pattern: str, words: str) -> None:
    with pytest.raises(UsageError, match=words) as caught:
        Pattern(pattern)
    assert "\n" not in str(caught.value)


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="\\d0123456789[]-(){}|?.,x ", max_size=220))
def test_any_text_is_a_pattern_or_a_usage_error(text: str) -> None:
    try:
        pattern = Pattern(text)
    except UsageError:
        return
    pattern.apply(read("123"))


def test_long_lines_and_patterns_take_no_time() -> None:
    start = time.process_time()
    assert Pattern(r"(\d?-){250}").apply(read("7" * 250)).expected == "as read"
    assert Pattern("(" * 60 + r"\d" + ")?" * 60).apply(read("7")).expected == "as read"
    assert time.process_time() - start < 5
