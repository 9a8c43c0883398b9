"""Judges that know where the digits of a page stand."""

from collections.abc import Callable

import numpy as np
import pytest

from digitlab.finding.candidate import Candidate
from digitlab.reading import asking
from digitlab.recognizer import Verdict
from judges import Box, Fake, overlap, verdict

NOWHERE = (-9, -9, -8, -8)


@pytest.fixture
def by_box(monkeypatch) -> Callable[[Callable[[list[Box]], Verdict]], Fake]:
    """Make judges that are told the boxes of the pieces that they are shown; those of turned ones lie nowhere."""
    monkeypatch.setattr(asking, "UNSURE", -np.inf)

    def make(say: Callable[[list[Box]], Verdict]) -> Fake:
        seen: dict[bytes, list[Box]] = {}  # pieces may look alike
        plain = Candidate.seen

        def seen_and_told(candidate: Candidate) -> np.ndarray:
            image = plain(candidate)
            seen.setdefault(image.tobytes(), []).append(candidate.box)
            return image

        monkeypatch.setattr(Candidate, "seen", seen_and_told)

        def answer(images: np.ndarray) -> Verdict:
            assert images.shape[1:] == (3, 28, 28)
            looks = [seen.get(image.tobytes()) for image in images]
            return say([look.pop(0) if look else NOWHERE for look in looks])

        return Fake(answer)

    return make


@pytest.fixture
def knowing(by_box) -> Callable[[list[Box]], Fake]:
    """Make judges that take for digits what fits one of some boxes, labelled by its place among them."""

    def make(boxes: list[Box]) -> Fake:
        def say(asked: list[Box]) -> Verdict:
            fits = np.array([[overlap(box, known) for known in boxes] for box in asked])
            return verdict(fits.argmax(axis=1) % 10, np.where(fits.max(axis=1) > 0.8, 8.0, -8.0))

        return by_box(say)

    return make


@pytest.fixture
def shy() -> Fake:
    """A recogniser that does not know which digit: the judge decides."""
    return Fake(
        lambda images: verdict([0] * len(images), [0.0] * len(images))._replace(
            probabilities=np.full((len(images), 10), 0.1, np.float32)
        )
    )
