"""Pictures of one thing as people take them: the ink is where it is said to be, whatever lies and falls around it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digitlab.data import closeups
from digitlab.data.closeups import closeup
from digitlab.data.things import larger, one_thing, tilted

SHARES = "BOXED", "RINGED", "UNDERLINED", "FRAMED", "LIT"


def shown(seed: int, ways: tuple[str, ...], monkeypatch: pytest.MonkeyPatch):
    for share in SHARES:
        monkeypatch.setattr(closeups, share, float(share in ways))
    rng = np.random.default_rng(seed)
    ink = tilted(larger(one_thing(rng, None)[0], rng), rng)
    return ink, *closeup(ink, rng)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000), ways=st.sets(st.sampled_from(SHARES)))
def test_ink_stands_out_from_the_paper_beside_it_where_it_is_said_to_be(seed: int, ways: set[str]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        ink, picture, (left, top) = shown(seed, tuple(ways), patch)
    within = picture[top : top + ink.shape[0], left : left + ink.shape[1]].astype(float)
    assert within.shape == ink.shape
    if "LIT" not in ways and (ink > 250).any() and (ink < 5).any():
        assert abs(within[ink > 250].mean() - within[ink < 5].mean()) > 40


def test_a_frame_is_of_one_grey_but_for_its_grain(monkeypatch) -> None:
    for seed in range(20):
        _, picture, _ = shown(seed, ("FRAMED",), monkeypatch)
        border = np.concatenate([picture[0], picture[-1], picture[:, 0], picture[:, -1]]).astype(float)
        assert border.std() < 2 * closeups.GRAIN


def test_light_only_takes_light_away(monkeypatch) -> None:
    darker = 0
    for seed in range(20):
        _, flat, _ = shown(seed, (), monkeypatch)
        _, lit, _ = shown(seed, ("LIT",), monkeypatch)
        assert lit.shape == flat.shape
        assert (lit.astype(int) <= flat + 1).all()
        darker += lit.mean() < 0.97 * flat.mean()
    assert darker > 10
