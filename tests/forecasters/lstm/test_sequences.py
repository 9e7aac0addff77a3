"""What the network reads: block means, flags, and nothing that is not a number."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hydria_plugin.forecasters.lstm.sequences import BLOCKS, FINE, MOST, blocked, read, sequences

from .small import MAX_AGE, record, scales, some_cases, some_sequences


@given(st.integers(1, 400), st.integers(0, 40))
def test_a_sequence_is_short_and_its_newest_steps_stand_alone(past: int, max_age: int) -> None:
    values = np.arange(past, dtype=float)[None]
    short = blocked(values, max_age)
    fine = min(past, max(FINE, max_age + 1))
    assert short.shape[1] <= fine + BLOCKS
    np.testing.assert_array_equal(short[:, -fine:], values[:, -fine:])
    assert np.all(np.diff(short[0]) > 0), "time goes on"
    assert np.isfinite(short).all()


def test_blocks_are_means_of_what_is_known() -> None:
    values = np.zeros((1, FINE + 2 * BLOCKS))
    values[0, :4] = [1.0, 3.0, np.nan, 7.0]
    values[0, 4:6] = np.nan
    short = blocked(values, 6)
    np.testing.assert_array_equal(short[0, :3], [2.0, 7.0, np.nan])


def test_blocks_keep_the_mean_of_each_input() -> None:
    values = np.random.default_rng(1).random((2, FINE + 3 * BLOCKS, 4))
    short = blocked(values, 6)
    np.testing.assert_allclose(short[:, :BLOCKS].mean(axis=1), values[:, : 3 * BLOCKS].mean(axis=1))


def test_nothing_read_is_nan_where_there_is_a_value_to_start_from() -> None:
    s = some_sequences()
    nothing = replace(s, inputs=np.full_like(s.inputs, np.nan), future=np.full_like(s.future, np.nan),
                      around=np.full_like(s.around, np.nan))  # fmt: skip
    target = np.full_like(s.target, np.nan)
    target[:, -3] = 1.0
    for cases in (s, nothing, replace(nothing, target=target)):
        seen = read(cases, MAX_AGE)
        for part in seen:
            assert np.isfinite(part).all()


def test_the_target_is_told_from_its_newest_value_and_its_age() -> None:
    s = some_sequences(count=2)
    target = np.linspace(0.0, 2.3, s.target.shape[1])[None].repeat(2, axis=0)
    target[1, -2:] = np.nan
    seen = read(replace(s, target=target), MAX_AGE)
    assert seen.base[0] == pytest.approx(2.3)
    assert seen.base[1] == pytest.approx(2.1)
    v = s.inputs.shape[2]
    below = np.sinh(seen.tokens[0, :, 2 * v])
    np.testing.assert_allclose(below, target[0] - 2.3, atol=1e-12)
    np.testing.assert_allclose(seen.around[:, 1], np.arcsinh([0.0, 2 / MAX_AGE]))
    np.testing.assert_array_equal(seen.tokens[1, -3:, 2 * v + 2], [1.0, 0.0, 0.0])


def test_a_base_too_old_is_no_base() -> None:
    s = some_sequences(count=1)
    target = s.target.copy()
    target[:, -MAX_AGE - 1 :] = np.nan
    assert np.isnan(read(replace(s, target=target), MAX_AGE).base).all()


def test_a_gap_is_flagged_and_reads_as_the_mean() -> None:
    s = some_sequences(count=2)
    inputs = s.inputs.copy()
    inputs[0, 5, 0] = np.nan
    seen = read(replace(s, inputs=inputs), MAX_AGE)
    v = s.inputs.shape[2]
    assert seen.tokens[0, 5, 0] == 0.0
    assert seen.tokens[0, 5, v] == 0.0
    assert seen.tokens[1, 5, v] == 1.0


def test_the_future_of_a_river_is_not_known() -> None:
    """A window may hold what a replay knows; only weather is read ahead."""
    cases = some_cases(record())
    known = cases.future.copy()
    known[:, :, -1] = 9.0
    told = sequences(replace(cases, future=known), scales(record()), MAX_AGE)
    assert np.isnan(told.future[:, :, -1]).all()
    assert np.isfinite(told.future[:, :, 0]).any()


def test_a_simulation_announces_changes() -> None:
    history = record(kind="simulation")
    s = some_sequences(history)
    seen = read(s, MAX_AGE)
    assert seen.announced.shape[2] == 2
    cases, norms = some_cases(history), scales(history)
    expected = (cases.future[:, :, -1] - cases.base[:, None]) / norms.unit[0] / norms.move[0]
    told = np.isfinite(expected)
    np.testing.assert_allclose(seen.announced[:, :, 1][told], np.clip(expected, -MOST, MOST)[told], rtol=1e-9)


def test_without_simulations_nothing_is_announced() -> None:
    assert read(some_sequences(), MAX_AGE).announced.shape[2] == 0


def test_an_absurd_value_is_squeezed() -> None:
    s = some_sequences(count=2)
    inputs = s.inputs.copy()
    inputs[0] = 1e9
    seen = read(replace(s, inputs=inputs), MAX_AGE)
    assert seen.tokens.max() < 30
    assert seen.straight.max() <= MOST


def test_taking_rows_takes_all_of_them() -> None:
    s = some_sequences()
    part = s.take(np.array([3, 1]))
    assert len(part) == 2
    np.testing.assert_array_equal(part.inputs[1], s.inputs[1])
    np.testing.assert_array_equal(part.move[0], s.move[3])
