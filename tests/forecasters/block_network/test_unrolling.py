"""Unrolling the network that forecasts: answers whose total effects are known beforehand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hydria_plugin import History, Signal, Split
from hydria_plugin.forecasters.block_network.unrolling import (
    MORE_MM,
    PULSES,
    carried,
    pulse_steps,
    rained,
    total_effects,
    unroll,
)
from hydria_plugin.forecasters.cases import Cases
from hydria_plugin.learning.basin_cases import A
from hydria_plugin.learning.fictitious_basin import Record, simulate
from hydria_plugin.learning.fictitious_cases import history_of, study_split
from hydria_plugin.values import Floats

LAGS = 12


@pytest.fixture(scope="module")
def record() -> Record:
    return simulate(replace(A, events=14), np.random.default_rng(8))


@pytest.fixture(scope="module")
def history(record: Record) -> History:
    return history_of(record)


@pytest.fixture(scope="module")
def split(record: Record) -> Split:
    return study_split(record, np.random.default_rng(9))


def reservoir(keeps: float, gains: Floats) -> object:
    """One step ahead: what stays of the river, and a part of the rain that falls until then."""

    def answer(raw: Cases) -> Floats:
        return np.asarray(keeps * raw.base + raw.future[:, 0] @ gains)

    return answer


def of(answer: object, history: History, split: Split, slots: int = 4) -> Floats:
    rng = np.random.default_rng(1)
    return total_effects(answer, history, split, 0, np.arange(slots), LAGS, 6, rng, 0)  # type: ignore[arg-type]


@settings(max_examples=8, deadline=None)
@given(keeps=st.floats(0.0, 0.95), gain=st.floats(0.1, 3.0))
def test_a_reservoir_that_is_told_its_river_answers_for_many_steps(
    keeps: float, gain: float, history: History, split: Split
) -> None:
    """Its network sees the rain of one step only, and the river of one step: the total is the whole recession."""
    gains = gain * np.array([1.0, 0.5, 0.0, 0.25])
    found = of(reservoir(keeps, gains), history, split)
    np.testing.assert_allclose(found, gains[:, None] * keeps ** np.arange(LAGS), atol=1e-9)


def test_a_network_that_is_not_told_the_river_has_its_direct_effect_only(history: History, split: Split) -> None:
    def answer(raw: Cases) -> Floats:
        return np.asarray(raw.inputs[:, -2, 1] + 0.5 * raw.inputs[:, -3, 1])

    found = of(answer, history, split)
    assert not found[[0, 2, 3]].any()
    np.testing.assert_allclose(found[1, :5], [0, 0, 1, 0.5, 0], atol=1e-9)


def test_a_bent_answer_is_followed_along_the_measured_river(history: History, split: Split) -> None:
    """q(k+1) = sqrt(q(k)^2 + u): the effect fades as the river rises and lasts for ever; checked against itself run
    with and without the rain."""

    def answer(raw: Cases) -> Floats:
        return np.asarray(np.sqrt(raw.base**2 + raw.future[:, 0, 0]))

    at = pulse_steps(history, split, 0, LAGS, np.random.default_rng(1))
    found = unroll(answer, history, 0, at, 0, LAGS, 6, 0)
    river, rain = history.target.values[0].astype(float), history.inputs.values[0, :, 0].astype(float)
    first = np.sqrt(river[at - 1] ** 2 + rain[at] + MORE_MM) - np.sqrt(river[at - 1] ** 2 + rain[at])
    np.testing.assert_allclose(found[:, 0], first, rtol=1e-5)
    second = np.sqrt((river[at] + first) ** 2 + rain[at + 1]) - np.sqrt(river[at] ** 2 + rain[at + 1])
    np.testing.assert_allclose(found[:, 1], second, rtol=1e-5)


def test_pulses_lie_in_floods_that_may_be_learned_from(history: History, split: Split) -> None:
    at = pulse_steps(history, split, 0, LAGS, np.random.default_rng(3))
    river, inside = history.target.values[0], (split.fit | split.stop)[0]
    assert len(at) == PULSES == len(np.unique(at)) and inside[at].all()
    assert river[at].min() >= np.median(river[inside][1:]) * 0.99
    assert at.min() >= 1 and at.max() + LAGS <= len(river)
    again = pulse_steps(history, split, 0, LAGS, np.random.default_rng(3))
    np.testing.assert_array_equal(at, again)


def test_gaps_in_the_river_are_passed_over(history: History, split: Split) -> None:
    values = np.array(history.target.values, dtype=float)
    values[:, ::7] = np.nan
    gappy = replace(history, target=Signal.measured(values))
    found = of(reservoir(0.5, np.ones(4)), gappy, split)
    assert np.isfinite(found).all() and (found[:, 0] > 0).all()
    river = values[0][pulse_steps(gappy, split, 0, LAGS, np.random.default_rng(1))]
    assert np.isfinite(river).all()


def test_without_a_step_to_use_nothing_is_said(history: History, split: Split) -> None:
    none = replace(split, fit=np.zeros_like(split.fit), stop=np.zeros_like(split.stop))
    assert not of(reservoir(0.5, np.ones(4)), history, none).any()
    assert of(reservoir(0.5, np.ones(4)), history, split, slots=0).shape == (0, LAGS)


def raw_of(n: int = 3, past: int = 6, horizon: int = 2, slots: int = 2) -> Cases:
    target = np.arange(n * past, dtype=float).reshape(n, past)
    none = np.zeros((n, past, slots))
    return Cases(("rain",) * slots, target, none, np.zeros((n, horizon, slots)), np.zeros((n, slots, 2)),
                 np.zeros(n, np.int64), target[:, -1],
                 np.full(n, np.datetime64("2020-06-01T00:00")))  # fmt: skip


def test_the_river_carries_what_it_gained() -> None:
    raw = raw_of()
    gains = np.array([[1.0, 2.0, 3.0]] * 3)
    found = carried(raw, gains, 6)
    np.testing.assert_array_equal(found.target - raw.target, [[0, 0, 0, 1, 2, 3]] * 3)
    np.testing.assert_array_equal(found.base - raw.base, [3, 3, 3])
    assert carried(raw, gains[:, :0], 6) is raw
    long = carried(raw, np.arange(24.0).reshape(3, 8), 6)
    np.testing.assert_array_equal((long.target - raw.target)[0], [2, 3, 4, 5, 6, 7])


def test_more_rain_falls_once_and_grows_old() -> None:
    raw = raw_of()
    coming = rained(raw, 1, 0, [2, 12])
    assert coming.future[:, 0, 1].tolist() == [MORE_MM] * 3 and coming.future.sum() == 3 * MORE_MM
    assert not coming.inputs.any() and not coming.totals.any()
    newest = rained(raw, 1, 1, [2, 12])
    assert newest.inputs[:, -1, 1].tolist() == [MORE_MM] * 3 and newest.inputs.sum() == 3 * MORE_MM
    np.testing.assert_array_equal(newest.totals[0], [[0, 0], [MORE_MM, MORE_MM]])
    older = rained(raw, 1, 4, [2, 12])
    assert older.inputs[:, -4, 1].all() and older.totals[0].tolist() == [[0, 0], [0, MORE_MM]]
    oldest = rained(raw, 1, 9, [2, 12])
    assert not oldest.inputs.any() and oldest.totals[0, 1, 1] == MORE_MM
    assert not raw.inputs.any() and not raw.totals.any() and not raw.future.any()  # the given ones are left alone
