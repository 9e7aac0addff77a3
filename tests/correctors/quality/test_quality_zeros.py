"""Zeros of a gauge: a dead one reads 0 at once, a river that falls dry comes by what lies between."""

from __future__ import annotations

import numpy as np
from rivers_made import PAST, SERIES, calm, columns, failed, first_part, flags, history, seen, spoilt

from hydria_plugin import Flag
from hydria_plugin.correctors.quality.corrector import Quality

TARGET = SERIES.index("target")


def low_bound(low: float) -> Quality:
    """The valley's corrector with the range of the target reaching down to ``low``."""
    return Quality(limits={"target": {"low": low}}).fit(history(), first_part(history()))


def test_a_zero_inside_the_range_is_found_where_the_river_never_stood_there() -> None:
    at = calm()
    for n in (1, 3, 12):
        after = seen(spoilt("target", at, [0.0] * n), at + n - 1, low_bound(-9.0))
        assert [failed(after, "target", back) for back in range(n)] == ["drop-to-zero"] * n


def test_a_river_that_falls_dry_is_believed() -> None:
    at, x = calm(dry=90), columns().copy()
    x[at - 40 : at, TARGET] = np.linspace(x[at - 40, TARGET], 0.01, 40).round(3)
    x[at : at + 8, TARGET] = 0.0
    for step in (at, at + 3):
        assert failed(seen(x, step, low_bound(-9.0)), "target") == ""


def test_zeros_that_fill_the_window_are_doubted_only() -> None:
    at = calm()
    after = seen(spoilt("target", at, [0.0] * PAST), at + PAST - 1, low_bound(-9.0))
    assert flags(after, "target")[0][-1] == Flag.SUSPECT and flags(after, "target")[1][-1] == "drop-to-zero"
