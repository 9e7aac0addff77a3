"""What comes of bad input: dead series, flagged gauges, new sensors, clocks (the table in docs/admin.md)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from rivers_made import calm, columns, first_part, flood, history, seen, spoilt, trained, window

from hydria_plugin import Flag, Signal
from hydria_plugin.correctors.quality.corrector import Quality

SHAPES = ("values", "sigma", "flags", "method", "raw")


def same(a: Signal, b: Signal) -> None:
    for name in SHAPES:
        np.testing.assert_array_equal(getattr(a, name), getattr(b, name), err_msg=name)


def test_a_series_that_is_all_gaps_says_nothing_and_stops_nothing() -> None:
    x = columns().copy()
    x[:, 3] = np.nan
    record = history(x)
    new = Quality().fit(record, first_part(record))
    at = flood()
    after = new.correct_inputs(window(spoilt("target", at, 0.0), at))
    assert (after.past.flags[0, 0, :, 2] == Flag.MISSING).sum() == 0, "only this window has it"
    assert after.observed.flags[0, 0, -1] == Flag.FAIL
    silent = new.correct_inputs(window(x, at))
    assert (silent.past.flags[0, 0, :, 2] == Flag.MISSING).all() and (silent.past.method[0, 0, :, 2] == 0).all()


def test_a_gauge_whose_every_value_is_failed_is_all_gaps() -> None:
    at = calm()
    dead = window(columns(), at)
    flags = np.full(dead.observed.flags.shape, np.uint8(Flag.FAIL))
    after = trained().correct_inputs(replace(dead, observed=replace(dead.observed, flags=flags)))
    assert np.isnan(after.observed.values).all() and (after.observed.flags == Flag.FAIL).all()
    np.testing.assert_array_equal(after.observed.raw, dead.observed.raw)


def test_a_sensor_replaced_in_the_middle_of_a_flood() -> None:
    """Up: believed, doubted only at its first value, for nobody can tell it from water. Down: doubted, and believed
    once it moves on; never failed for longer than it takes to settle."""
    at, level = flood(), columns()[:, 0]
    for datum in (0.8, -0.3):
        x = columns().copy()
        x[at:, 0] = level[at:] + datum
        found = [seen(x, at + k).observed for k in range(30)]
        assert not any(signal.flags[0, 0, -1] == Flag.FAIL for signal in found[14:])
        if datum > 0:
            assert not any((signal.flags == Flag.FAIL).any() for signal in found)


def test_a_clock_that_stands_still_in_a_flood_is_a_gap_and_what_comes_after_is_believed() -> None:
    """Every value comes under one stamp, the last received counts; then the clock is set right."""
    at, x = flood() - 6, columns().copy()
    x[at - 3, 0] = x[at, 0]  # three steps late under the stamp at which it stopped
    x[at - 2 : at + 1, 0] = np.nan
    for back in range(3):
        held = seen(x, at - back).observed
        assert held.flags[0, 0, -1] == Flag.MISSING and not (held.flags == Flag.FAIL).any()
    for after in range(1, 5):
        assert not (seen(x, at + after).observed.flags == Flag.FAIL).any(), f"{after} steps after the clock was set"


def test_values_stamped_ahead_are_gaps_for_the_tests_of_all_others() -> None:
    """The tables fail them before quality sees them: neither they nor a neighbour is judged by them."""
    at = calm()
    x = spoilt("up", at - 2, [3.0, 3.2, 3.4])
    ahead = window(x, at)
    flags = np.array(ahead.past.flags)
    flags[0, 0, -3:, 2] = Flag.FAIL
    after = trained().correct_inputs(replace(ahead, past=replace(ahead.past, flags=flags)))
    assert np.isnan(after.past.values[0, 0, -3:, 2]).all() and (after.past.method[0, 0, -3:, 2] == 0).all()
    x[at - 2 : at + 1, 3] = np.nan
    same(after.observed, seen(x, at).observed)
