"""Cases whose silent gauges are still silent, and copies in which gauges are out."""

from __future__ import annotations

import numpy as np
import pytest

from hydria_plugin.forecasters.block_network.columns import filled_in
from hydria_plugin.forecasters.block_network.knowledge import (
    COPIES,
    OUT,
    outages,
    raw_of_history,
    raw_of_window,
    with_outages,
)
from hydria_plugin.forecasters.cases import cases_of_history, cases_of_window
from hydria_plugin.testing.samples import window_of

from .made import cases, one_station, with_inputs

HISTORY = one_station(slots=4)


@pytest.mark.parametrize("future", [False, True])
def test_filled_in_they_are_everybody_s_cases(future: bool) -> None:
    at = np.arange(100, 160)
    ours = filled_in(raw_of_history(HISTORY, 0, at, future, 0, 6))
    theirs = cases_of_history(HISTORY, 0, at, future, 0, 6)
    for name in ("target", "inputs", "future", "totals", "rows", "base"):
        np.testing.assert_array_equal(getattr(ours, name), getattr(theirs, name), err_msg=name)


def test_of_a_window_too() -> None:
    window = window_of(HISTORY, 300, future=True)
    ours = filled_in(raw_of_window(window, 0, np.array([0]), 6))
    theirs = cases_of_window(window, 0, np.array([0]), 6)
    for name in ("target", "inputs", "future", "totals", "rows", "base"):
        np.testing.assert_array_equal(getattr(ours, name), getattr(theirs, name), err_msg=name)


def test_a_silent_gauge_is_still_silent() -> None:
    dead = with_inputs(HISTORY, 1, np.nan)
    raw = raw_of_history(dead, 0, np.arange(100, 110), True, 0, 6)
    assert np.isnan(raw.inputs[:, :, 1]).all()
    assert np.isfinite(filled_in(raw).inputs[:, :, 1]).mean() > 0.9


def test_outages_are_streaks() -> None:
    out = outages(20_000, 3, 48, np.random.default_rng(1))
    share = out.mean(axis=0)
    assert (np.abs(share - OUT) < 0.08).all(), share
    begun = (np.diff(out.astype(int), axis=0) == 1).sum(axis=0)
    assert (out.sum(axis=0) / np.maximum(begun, 1) > 24).all(), "real outages are long"


def test_a_short_record_has_outages_too() -> None:
    assert outages(30, 2, 48, np.random.default_rng(2)).shape == (30, 2)
    assert any(outages(30, 2, 48, np.random.default_rng(seed)).any() for seed in range(10))


def test_copies_are_their_originals_but_for_the_silence() -> None:
    raw, at = cases(HISTORY, True, 30, 430), np.arange(30, 430)
    copies, of = with_outages(raw, at, len(HISTORY), np.random.default_rng(3))
    assert 0 < len(copies) == len(of) <= COPIES * len(raw)
    gone = np.isnan(copies.inputs) & np.isfinite(raw.inputs[of])
    assert gone.any(axis=(1, 2)).mean() > 0.9
    still = np.isfinite(copies.inputs)
    np.testing.assert_array_equal(copies.inputs[still], raw.inputs[of][still])
    for name in ("target", "future", "base", "rows"):
        np.testing.assert_array_equal(getattr(copies, name), getattr(raw, name)[of], err_msg=name)


def test_a_streak_is_the_same_in_all_cases_that_see_it() -> None:
    raw, at = cases(HISTORY, True, 30, 430), np.arange(30, 430)
    copies, of = with_outages(raw, at, len(HISTORY), np.random.default_rng(3))
    silent: dict[tuple[int, int], bool] = {}
    for case, step in zip(copies.inputs, at[of], strict=True):
        for lag in range(24):
            for v in range(4):
                if np.isfinite(raw.inputs[np.searchsorted(at, step), 23 - lag, v]):
                    gone = bool(np.isnan(case[23 - lag, v]))
                    assert silent.setdefault((int(step) - lag, v), gone) is gone


def test_the_same_seed_the_same_outages() -> None:
    raw, at = cases(HISTORY, True, 30, 430), np.arange(30, 430)
    one, two = (with_outages(raw, at, len(HISTORY), np.random.default_rng(4)) for _ in range(2))
    np.testing.assert_array_equal(one[1], two[1])
    np.testing.assert_array_equal(one[0].inputs, two[0].inputs)
