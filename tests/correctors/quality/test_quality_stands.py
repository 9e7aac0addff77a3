"""A gauge that never stands still, and stands: doubted; failed where rain or others contradict it."""

from __future__ import annotations

import numpy as np
from rivers_made import CUT, SERIES, calm, columns, flags, flood, seen, spoilt, trained

from hydria_plugin import Flag
from hydria_plugin.correctors.quality.flat import happened_since
from hydria_plugin.correctors.quality.limits import Limits
from hydria_plugin.correctors.quality.rivers import standing

TARGET = SERIES.index("target")


def stand() -> float:
    """Steps for which the record's target may stand."""
    return float(trained().learned.stand[trained().names.index("target")])


def stood(at: int, steps: int) -> tuple[list[int], list[str]]:
    """Flags and methods when the target has stood for ``steps`` since ``at``."""
    x = spoilt("target", at, [columns()[at, TARGET]] * (steps + 1))
    return flags(seen(x, at + steps), "target")


def test_steps_are_counted_from_the_first_value_and_gaps_end_them() -> None:
    y = np.array([1.0, 1.0, 1.0, 2.0, 2.0, np.nan, 2.0, 2.0])[:, None]
    np.testing.assert_array_equal(standing(y, 30)[:, 0], [0, 1, 2, 0, 1, np.nan, 0, 1])
    assert standing(np.ones((40, 1)), 30).max() == 29, "as far as a window shows"


def test_the_limit_is_above_what_the_record_did() -> None:
    longest = np.nanmax(standing(columns()[:CUT, TARGET : TARGET + 1], 48))
    assert longest / 2 < stand() < 20


def test_in_calm_water_it_is_doubted_and_used() -> None:
    steps, at = int(stand()) + 1, calm()
    flag, method = stood(at, steps)
    assert (flag[-1], method[-1]) == (Flag.SUSPECT, "flat") and Flag.FAIL not in flag
    assert flag[-6] == Flag.GOOD, "not before it has stood longer than ever"


def test_while_it_rains_and_others_move_it_fails() -> None:
    steps, at = int(stand()) + 1, flood() - 6
    flag, method = stood(at, steps)
    assert (flag[-1], method[-1]) == (Flag.FAIL, "flat")


def test_what_was_told_before_it_stood_says_nothing() -> None:
    told = np.array([True, False, False, False, True, False])[:, None]
    stands = np.array([0, 0, 1, 2, 3, 4.0])[:, None]
    assert happened_since(told, stands)[:, 0].tolist() == [True, False, False, False, True, True]


def test_an_unknown_series_may_stand_for_ever() -> None:
    assert np.isinf(Limits.unknown(1).stand[0])
