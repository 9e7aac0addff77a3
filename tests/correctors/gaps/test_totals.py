"""Running totals that are unknown: completed from the neighbours, else the usual ones; the known stay as they are."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from hydria_plugin.correctors.gaps.fit import fit_model
from hydria_plugin.correctors.gaps.series import ABSENT, Series
from hydria_plugin.correctors.gaps.totals import completed, gathered, scattered

from .records import basin, first_two_thirds

RECORD = basin(1500)
MODEL = fit_model(RECORD, first_two_thirds(RECORD), 1)
SERIES = Series.of(RECORD.layout)
WEB = MODEL.web(SERIES)
NEWEST = RECORD.totals[:, 1400].astype(np.float64)  # (S, V, A)
GAUGES = [SERIES.names.index(name) for name in ("r1", "r2", "r3")]
UP = SERIES.names.index("up")


def lost(*rows: int) -> np.ndarray:
    """(N, A) all totals, those of ``rows`` unknown."""
    totals = gathered(NEWEST, SERIES)
    totals[SERIES.is_target] = 1.0
    totals[list(rows)] = np.nan
    return totals


@settings(max_examples=30)
@given(st.lists(st.booleans(), min_size=5, max_size=5))
def test_what_is_known_stays_and_nothing_known_to_the_model_is_left_unknown(gone: list[bool]) -> None:
    totals = lost(*np.flatnonzero(gone).tolist())
    before = np.array(totals)
    found = completed(totals, MODEL, WEB)
    there = np.isfinite(before)
    np.testing.assert_array_equal(found[there], before[there])
    assert np.isfinite(found).all()
    np.testing.assert_array_equal(totals, before), "the given array is not written to"
    np.testing.assert_array_equal(completed(found, MODEL, WEB), found)


def test_a_gauge_that_was_silent_has_the_rain_of_its_neighbours_by_their_weights() -> None:
    truth = lost()
    found = completed(lost(GAUGES[0]), MODEL, WEB)[GAUGES[0]]
    np.testing.assert_allclose(found, truth[GAUGES[0]], rtol=0.35, atol=2.0)
    twice = lost(GAUGES[0])
    twice[GAUGES[1:]] *= 2
    np.testing.assert_allclose(completed(twice, MODEL, WEB)[GAUGES[0]], 2 * found, rtol=1e-9)


def test_without_neighbours_and_for_a_river_it_is_the_usual() -> None:
    found = completed(lost(*GAUGES, UP), MODEL, WEB)
    for row in (*GAUGES, UP):
        np.testing.assert_array_equal(found[row], MODEL.totals[WEB.rows[row]])


def test_a_series_that_the_model_does_not_know_is_left() -> None:
    web = replace(WEB, rows=np.where(np.arange(len(WEB.rows)) == UP, ABSENT, WEB.rows))
    found = completed(lost(UP, GAUGES[0]), MODEL, web)
    assert np.isnan(found[UP]).all() and np.isfinite(found[GAUGES[0]]).all()


def test_each_duration_is_completed_by_itself() -> None:
    totals = lost()
    totals[GAUGES[0], 1] = np.nan
    found = completed(totals, MODEL, WEB)
    assert found[GAUGES[0], 0] == totals[GAUGES[0], 0]
    np.testing.assert_allclose(found[GAUGES[0], 1], completed(lost(GAUGES[0]), MODEL, WEB)[GAUGES[0], 1])


def test_gathered_and_scattered_there_and_back() -> None:
    totals = gathered(NEWEST, SERIES)
    np.testing.assert_array_equal(scattered(np.full_like(NEWEST, -1.0), totals, SERIES), NEWEST)
    assert np.isnan(totals[SERIES.is_target]).all(), "the target is no slot"
    for v, name in enumerate(RECORD.layout.series[0]):
        np.testing.assert_array_equal(totals[SERIES.names.index(name)], NEWEST[0, v])


def test_an_empty_slot_keeps_what_it_had() -> None:
    layout = replace(RECORD.layout, series=np.array([["r1", "", "r3", "up"]]))
    series = Series.of(layout)
    found = scattered(np.full_like(NEWEST, -1.0), np.zeros((len(series.names), NEWEST.shape[2])), series)
    assert (found[0, 1] == -1.0).all() and (found[0, [0, 2, 3]] == 0.0).all()
