"""How the work is cut up, and in which order stations stand, changes no verdict; short ways say what long ones do."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hydria_plugin import METHODS, Flag, History, Signal, Split, Window
from hydria_plugin.correctors.quality import feeds as feeds_module
from hydria_plugin.correctors.quality import verdicts
from hydria_plugin.correctors.quality.corrector import Quality
from hydria_plugin.correctors.quality.feeds import columns, last_sum, shifted, throughout, within
from hydria_plugin.correctors.quality.limits import CODES, is_code
from hydria_plugin.correctors.quality.rivers import LEAST_STAND, carried, standing, swings, that_stood
from hydria_plugin.testing.samples import sample_history, sample_layout, window_of
from hydria_plugin.values import Floats
from tests.correctors.threads import threads

STATIONS, STEPS = 11, 700
MANUAL = METHODS.index("manual")
SEEDS = st.integers(0, 10**6)


@cache
def record() -> History:
    """Two stations each share their first rain gauge."""
    found = sample_history(sample_layout(STATIONS, 4, past=36), STEPS, seed=5)
    series, inputs = np.array(found.layout.series), np.array(found.inputs.values)
    pair = np.arange(STATIONS) // 2 * 2
    series[:, 0], inputs[:, :, 0] = series[pair, 0], inputs[pair, :, 0]
    return replace(found, layout=replace(found.layout, series=series), inputs=Signal.measured(inputs))


@cache
def trained() -> Quality:
    fit = np.ones(record().target.shape, dtype=bool)
    return Quality().fit(record(), Split(fit, ~fit, ~fit, np.zeros(fit.shape, np.int32)))


def spoilt(seed: int) -> Window:
    """A window with gaps, spikes, zeros, codes and new datums, some values flagged by the host and by a person."""
    rng, window = np.random.default_rng(seed), window_of(record(), int(np.random.default_rng(seed).integers(40, STEPS)))
    target, inputs = np.array(window.observed.values), np.array(window.past.values)
    for array, share in ((target, 0.02), (inputs, 0.01)):
        hit = rng.random(array.shape) < share
        array[hit] *= rng.choice([0.0, 7.0, -1.0, np.nan], hit.sum())
        array[rng.random(array.shape) < 0.002] = -999.0
    rows = rng.random(STATIONS) < 0.3
    target[rows, 0, -int(rng.integers(1, 30)) :] += rng.choice([0.5, 3.0, -0.4])
    inputs[:, :, :, 0] = inputs[np.arange(STATIONS) // 2 * 2, :, :, 0]
    observed = Signal.measured(target, np.where(rng.random(target.shape) < 0.01, Flag.FAIL, Flag.GOOD).astype(np.uint8))
    told = np.where(rng.random(target.shape) < 0.02, MANUAL, 0).astype(np.uint16)
    return replace(window, observed=replace(observed, method=told), past=Signal.measured(inputs))


def same(one: Window, other: Window) -> None:
    for name in ("observed", "past"):
        for part in ("values", "flags", "method", "sigma", "raw"):
            found, expected = (getattr(getattr(w, name), part) for w in (one, other))
            np.testing.assert_array_equal(found, expected, err_msg=f"{name}.{part}")


@pytest.mark.parametrize(("block", "together"), [(1, 1), (2, 3), (3, 4000), (400, 2)])
def test_the_size_of_the_blocks_changes_nothing(monkeypatch: pytest.MonkeyPatch, block: int, together: int) -> None:
    usual = [trained().correct_inputs(spoilt(seed)) for seed in range(8)]
    monkeypatch.setattr(feeds_module, "BLOCK", block)
    monkeypatch.setattr(verdicts, "TOGETHER", together)
    corrector = Quality()
    corrector.names, corrector.learned = trained().names, trained().learned
    for seed, expected in enumerate(usual):
        same(corrector.correct_inputs(spoilt(seed)), expected)
    assert sum(int((w.past.flags == Flag.FAIL).sum() + (w.observed.method > MANUAL).sum()) for w in usual) > 100


@settings(max_examples=10, deadline=None)
@given(SEEDS, st.integers(2, 5))
def test_the_number_of_threads_changes_nothing(seed: int, many: int) -> None:
    corrector = Quality()
    corrector.names, corrector.learned = trained().names, trained().learned
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(feeds_module, "BLOCK", 2)
        patch.setattr(verdicts, "TOGETHER", 3)
        with threads(many):
            same(corrector.correct_inputs(spoilt(seed)), trained().correct_inputs(spoilt(seed)))


@settings(max_examples=25, deadline=None)
@given(SEEDS, st.permutations(range(STATIONS)))
def test_the_order_of_the_stations_changes_nothing(seed: int, order: list[int]) -> None:
    window = spoilt(seed)
    same(trained().correct_inputs(window.only(order)), trained().correct_inputs(window).only(order))


@settings(max_examples=25, deadline=None)
@given(SEEDS, st.integers(2, 4))
def test_every_scenario_has_the_verdicts_and_what_a_person_said_stands(seed: int, scenarios: int) -> None:
    window = spoilt(seed)
    many = replace(
        window,
        **{
            name: getattr(window, name).each(lambda a: np.repeat(a, scenarios, axis=1))
            for name in ("observed", "past", "future")
        },
    )
    found, one = trained().correct_inputs(many), trained().correct_inputs(window)
    for r in range(scenarios):
        same(found_scenario(found, r), one)
    person = window.observed.method == MANUAL
    np.testing.assert_array_equal(one.observed.flags[person], window.observed.flags[person])
    assert (one.observed.method[person] == MANUAL).all()
    assert np.isnan(one.observed.values[one.observed.flags == Flag.FAIL]).all()


def found_scenario(window: Window, r: int) -> Window:
    parts = {name: getattr(window, name).each(lambda a: a[:, [r]]) for name in ("observed", "past", "future")}
    return replace(window, **parts)


def with_gaps(seed: int, shape: tuple[int, int] = (30, 5)) -> Floats:
    rng = np.random.default_rng(seed)
    x = np.round(rng.normal(size=shape), rng.integers(0, 3))
    x[rng.random(shape) < rng.choice([0.0, 0.1, 0.6, 1.0])] = np.nan
    return x


@given(SEEDS, st.integers(1, 40))
def test_runs_of_flags_are_what_sums_say(seed: int, steps: int) -> None:
    flags = np.random.default_rng(seed).random((30, 4)) < 0.7
    sums = last_sum(flags.astype(float), steps)
    np.testing.assert_array_equal(within(flags, steps), sums > 0)
    np.testing.assert_array_equal(throughout(flags, steps), sums == steps)


@given(SEEDS)
def test_each_gap_has_the_last_value_before_it(seed: int) -> None:
    x = with_gaps(seed)
    expected = x.copy()
    for t in range(1, len(x)):
        expected[t] = np.where(np.isnan(expected[t]), expected[t - 1], expected[t])
    np.testing.assert_array_equal(carried(x), expected)


@given(SEEDS, st.integers(1, 8))
def test_swings_are_four_changes_in_turn(seed: int, steps: int) -> None:
    for x in (with_gaps(seed), with_gaps(seed, (steps, 3))):
        changes = [shifted(x, k) - shifted(x, k + 1) for k in range(4)]
        in_turn = np.all([a * b < 0 for a, b in pairwise(changes)], axis=0)
        expected = np.where(in_turn, np.min(np.abs(changes), axis=0), 0.0)
        np.testing.assert_array_equal(swings(x), np.where(np.isnan(changes).any(axis=0), np.nan, expected))


@given(SEEDS)
def test_a_gauge_stands_for_as_long_as_its_value_is_one(seed: int) -> None:
    x = with_gaps(seed)
    found = standing(x, 20)
    for t, k in np.ndindex(*x.shape):
        begun = t
        while begun > 0 and x[begun - 1, k] == x[t, k]:
            begun -= 1
        np.testing.assert_equal(found[t, k], np.nan if np.isnan(x[t, k]) else min(t - begun, 19))


def test_codes_are_codes() -> None:
    values = np.array([*CODES, -989.9, -1e9, 0.0, np.nan, np.inf, -np.inf])
    np.testing.assert_array_equal(is_code(values), [True] * len(CODES) + [False] * 6)


def test_columns_lie_step_after_step() -> None:
    x = np.arange(12.0).reshape(3, 4)
    found = columns(x, np.array([2, 0]))
    np.testing.assert_array_equal(found, x[:, [2, 0]])
    assert found.flags.c_contiguous


@given(SEEDS)
def test_gauges_that_stood_are_found_by_the_count_of_their_equal_steps(seed: int) -> None:
    rng, x = np.random.default_rng(seed), np.arange(40.0)[:, None] + np.zeros((1, 6))
    for k, first, length in zip(range(6), rng.integers(0, 20, 6), rng.integers(1, 15, 6), strict=True):
        x[first : first + length, k] = first
    x[rng.random(x.shape) < 0.02] = np.nan
    stand = rng.choice([0.0, 3.0, 6.0, 11.0, np.inf], 6)
    stands = standing(x, 30)
    expected = ((stands >= LEAST_STAND) | (stands > stand)).any(axis=0)
    np.testing.assert_array_equal(that_stood(x, stand, 30), np.flatnonzero(expected))
