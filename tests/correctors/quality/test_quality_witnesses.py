"""Who contradicts a flat line in the benchmark: told from the record, by nothing of the corrector's."""

from __future__ import annotations

import ast
from pathlib import Path

import numpy as np
import pytest
from rivers_made import CUT, SERIES, calm, columns, flood, history, trained

from benchmarks.correction import witnesses
from benchmarks.correction.gauges import Record
from benchmarks.correction.witnesses import contradicted, fell_before, foretold, much, resolution_of, ridge
from hydria_plugin.values import Floats

TARGET = SERIES.index("target")


def record(x: Floats) -> Record:
    return Record("made", history(x), trained(), x, SERIES, tuple(name.startswith("r") for name in SERIES))


def test_nobody_contradicts_a_gauge_in_calm_water() -> None:
    assert contradicted(record(columns()), TARGET, calm(), 20) is None


def test_others_that_move_contradict_a_line_that_lies() -> None:
    at, x = flood() - 4, columns()
    first = contradicted(record(x), TARGET, at, 20)
    assert first is not None and abs(x[at + first, TARGET] - x[at, TARGET]) > much(x[:, TARGET])
    assert first == 0 or abs(x[at + first - 1, TARGET] - x[at, TARGET]) <= much(x[:, TARGET])


@pytest.mark.parametrize("silent", ["others", "rain"])
def test_rain_or_others_are_enough_and_without_both_nobody_speaks(silent: str) -> None:
    at, x = flood() - 4, columns().copy()
    x[at : at + 20, 1:3] = 0.0 if silent == "rain" else 4.0
    x[at : at + 20, 3:] = x[at, 3:] if silent == "others" else x[at : at + 20, 3:]
    assert contradicted(record(x), TARGET, at, 20) is not None
    x[at : at + 20, 1:3], x[at : at + 20, 3:] = 0.0, x[at, 3:]
    assert contradicted(record(x), TARGET, at, 20) is None


def test_a_line_that_says_the_truth_is_not_contradicted() -> None:
    at, x = flood() - 4, columns().copy()
    x[at : at + 20, TARGET] = x[at, TARGET]
    assert contradicted(record(x), TARGET, at, 20) is None


def test_more_than_five_resolutions_and_a_fiftieth_of_the_swing() -> None:
    steps = np.tile([0.0, 0.1], 200)
    assert resolution_of(steps) == pytest.approx(0.1) and much(steps) == pytest.approx(0.5)
    assert much(columns()[:CUT, TARGET]) >= 5 * resolution_of(columns()[:CUT, TARGET])


def test_it_uses_no_code_of_the_corrector() -> None:
    tree = ast.parse(Path(witnesses.__file__).read_text(encoding="utf-8"))
    used = [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    assert not [name for name in used if "correctors" in name]


def test_the_others_foretell_a_flood_and_no_calm() -> None:
    at, x = flood() - 4, columns()
    first = foretold(record(x), TARGET, at, 20)
    assert first is not None and abs(x[at + first, TARGET] - x[at, TARGET]) > much(x[:, TARGET])
    assert foretold(record(x), TARGET, calm(), 20) is None


def test_a_gauge_without_others_or_without_a_first_part_is_foretold_nothing() -> None:
    y = np.arange(30.0)
    assert not ridge(np.zeros((30, 0)), y, 20).any()
    assert not ridge(y[:, None], np.where(y < 20, np.nan, y), 20).any()
    np.testing.assert_allclose(np.diff(ridge(np.column_stack([y, y * np.nan]), 3 * y, 20)), 3.0, rtol=0.01)


def test_others_tell_of_a_dump_where_it_rained_and_half_of_it_fell_before() -> None:
    x, at = columns().copy(), 4000
    x[at - 6 : at, 1:3], x[at, 1:3] = 1.0, 2.0
    assert fell_before(record(x), 1, at, 6, 8.0)
    assert not fell_before(record(x), 1, at, 6, 3.5), "most of it fell in its step"
    x[at - 6 : at, 2] = 0.5
    assert not fell_before(record(x), 1, at, 6, 8.0)
