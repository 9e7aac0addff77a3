"""Response times from lag distributions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hydria_plugin.explainers.knox.response import (
    OVER,
    SLOWEST,
    beyond,
    lag_shares,
    lopsided,
    passed_by,
    response,
    responses,
    run_about,
)
from hydria_plugin.learning.production import nash


def test_a_unit_hydrograph_gives_its_times_back() -> None:
    truth = nash(5.0, 4, 1.0, 1e-4)
    row = np.zeros(40)
    row[: len(truth)] = truth
    found = response(lag_shares(row[None])[0])
    assert found.mode == truth.argmax()
    assert found.centroid == pytest.approx(np.arange(len(truth)) @ truth, abs=0.2)
    assert found.p10 < found.mode < found.p90


def test_noise_far_from_the_response_does_not_count() -> None:
    hill = np.exp(-0.5 * (np.arange(48) - 6.0) ** 2 / 4)
    noise = 0.01 * np.sin(np.arange(48) * 2.1)
    clean, noisy = (response(lag_shares((hill + n)[None])[0]).centroid for n in (0.0, noise))
    floor = np.maximum(hill + noise, 0)
    assert abs(noisy - clean) < 0.1 < abs(floor @ np.arange(48) / floor.sum() - clean)


def test_a_slow_path_after_a_fast_one_is_kept() -> None:
    both = 0.5 * np.pad(nash(3.0, 4, 1.0, 1e-4), (0, 60))[:60] + 0.5 * np.pad(nash(20.0, 2, 1.0, 1e-4), (0, 60))[:60]
    kept = lag_shares(both[None])[0]
    assert kept.sum() == pytest.approx(1) and kept[45] > 0
    assert response(kept).centroid > 10


def test_a_zone_without_a_say_has_no_response() -> None:
    shares = lag_shares(np.array([[0.0, 0.0, 0.0], [-1.0, -2.0, -0.5], [0.0, 1.0, 0.0]]))
    assert not shares[:2].any() and shares[2].tolist() == [0.0, 1.0, 0.0]
    found = responses(shares)
    assert found[0] is None and found[1] is None and found[2] is not None
    assert (found[2].mode, found[2].centroid) == (1.0, 1.0) and 0 <= found[2].p10 <= found[2].p90 <= 1


@given(row=st.lists(st.floats(-1, 1), min_size=1, max_size=30))
@settings(max_examples=80, deadline=None)
def test_laws(row: list[float]) -> None:
    shares = lag_shares(np.array([row]))[0]
    assert shares.min() >= 0 and (shares.sum() == pytest.approx(1) or not shares.any())
    if shares.any():
        found, inside = response(shares), np.flatnonzero(shares)
        assert (np.diff(inside) == 1).all()
        assert inside[0] <= found.mode <= inside[-1] and inside[0] <= found.centroid <= inside[-1] + 1e-9
        assert 0 <= found.p10 <= found.p90 <= len(row) - 1
        assert np.array(row)[inside].min() > OVER * max(row)


def test_runs() -> None:
    there = np.array([True, False, True, True, True, False, True])
    assert run_about(there, 3) == (2, 5)
    assert run_about(np.ones(4, bool), 0) == (0, 4)


# ---- what bears on times ------------------------------------------------------------------------------------------


FADING = [(k, w) for k in (0.5, 0.8, 0.9, 0.95) for w in (12, 24, 48) if k ** (w // 4) < SLOWEST]


@pytest.mark.parametrize(("keeps", "window"), FADING)
def test_what_a_window_cuts_off_a_recession_is_guessed_from_its_tail(keeps: float, window: int) -> None:
    """Exact for a single reservoir, as long as it does not fade more slowly than is believed."""
    assert beyond((1 - keeps) * keeps ** np.arange(window)) == pytest.approx(keeps**window, abs=1e-9)


@pytest.mark.parametrize("mode", [2.0, 5.0, 7.0])
def test_a_window_that_holds_the_response_cuts_nothing_off(mode: float) -> None:
    truth = nash(mode, 4, 1.0, 1e-4)
    for window in (24, 36, 72):
        held = np.pad(truth, (0, 100))[:window]
        assert beyond(held) < 0.02 and lopsided(held / held.sum()) < 2


def test_a_response_that_ends_in_nothing_or_rises_to_the_end() -> None:
    assert beyond(np.array([0.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0, -0.1])) == 0
    assert beyond(-np.ones(8)) == 0
    assert 0.5 < beyond(np.arange(8.0)) < 1
    assert beyond(np.array([1.0])) < 1


def test_a_fast_and_a_slow_path_make_a_lopsided_response() -> None:
    single = 0.9 ** np.arange(80) * 0.1
    both = 0.4 * np.pad(nash(5.0, 4, 1.0, 1e-4), (0, 144))[:144] + 0.6 * np.pad(nash(24.0, 2, 1.0, 1e-4), (0, 99))[:144]
    assert lopsided(single / single.sum()) == pytest.approx(2.74, abs=0.2)
    assert lopsided(both / both.sum()) > 4 > 3.5 > lopsided(single / single.sum())


@given(row=st.lists(st.floats(0.01, 1), min_size=2, max_size=30))
@settings(max_examples=60, deadline=None)
def test_the_lags_by_which_shares_have_passed_rise(row: list[float]) -> None:
    shares = np.array(row) / sum(row)
    passed = [passed_by(shares, p) for p in (0.1, 0.5, 0.9, 1.0)]
    assert passed == sorted(passed) and passed[0] >= 0 and passed[-1] == pytest.approx(len(row) - 1)
    assert lopsided(shares) >= 0
