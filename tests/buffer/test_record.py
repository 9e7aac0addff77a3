"""The record that forecasters learn from is made of the windows they will be given."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from memory_feed import MemoryFeed, Row, layout_of, made_up, moment, step_at

from hydria_plugin.buffer import SeriesBuffer
from hydria_plugin.learning import record
from hydria_plugin.learning.record import read_history
from hydria_plugin.values import Flag, History, Layout

HOUR = 3600
DURATIONS = [np.timedelta64(h, "h") for h in (1, 6, 80)]


def one_gauge() -> Layout:
    return layout_of([["rain1", "sim"]], ("rain", "simulation"), past=5, horizon=4)


def issues(late: float) -> list[Row]:
    """Every third hour a run of two members, delivered ``late`` hours after."""
    return [
        Row(name, (issue + lead) * HOUR, issue + lead / 10 + member, (issue + late) * HOUR, issue * HOUR, member)
        for name in ("rain1", "sim")
        for issue in range(-12, 60, 3)
        for lead in range(1, 6)
        for member in ((0, 1) if name == "rain1" else (0,))
    ]


def observed() -> list[Row]:
    rng = np.random.default_rng(5)
    return [Row(s, h * HOUR, float(rng.gamma(1.0)), h * HOUR) for h in range(-100, 60) for s in ("level@s0", "rain1")]


def history(rows: list[Row], first: int, last: int, **more: np.timedelta64) -> History:
    layout = one_gauge()
    return read_history(
        MemoryFeed(rows), layout, step_at(first, HOUR), step_at(last, HOUR), durations=DURATIONS, **more  # type: ignore[arg-type]
    )  # fmt: skip


@pytest.mark.parametrize(("late", "delay"), [(0.0, 0.0), (0.5, 0.0), (1.0, 0.0), (2.5, 0.0), (0.5, 0.5), (1.5, 0.5)])
def test_every_step_holds_the_forecast_that_was_known_then(late: float, delay: float) -> None:
    rows = [*observed(), *issues(late)]
    whole = history(rows, 0, 40, delay=np.timedelta64(int(delay * 3600), "s"))
    buffer = SeriesBuffer(one_gauge(), MemoryFeed(rows), durations=DURATIONS, overlap=np.timedelta64(4, "h"))
    for n in range(5, 41):
        window = buffer.window(step_at(n, HOUR), moment((n + delay) * HOUR))
        for v, slot in enumerate(whole.layout.slots):
            np.testing.assert_array_equal(whole.forecasts[slot][:, n], window.future.values[:, 0, :, v])
        np.testing.assert_array_equal(whole.totals[:, n, 0], window.antecedent[:, 0])
        np.testing.assert_array_equal(whole.target.values[:, n - 4 : n + 1], window.observed.values[:, 0])


def test_no_forecasts_no_entry() -> None:
    assert history(observed(), 0, 40).forecasts == {}


def test_read_in_pieces_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [*observed(), *issues(0.5)]
    whole = history(rows, 0, 50)
    monkeypatch.setattr(record, "ROWS_AT_ONCE", 30)
    pieces = history(rows, 0, 50)
    for a, b in ((whole.target, pieces.target), (whole.inputs, pieces.inputs)):
        np.testing.assert_array_equal(a.values, b.values)
        np.testing.assert_array_equal(a.flags, b.flags)
    np.testing.assert_array_equal(whole.totals, pieces.totals)
    for slot, known in whole.forecasts.items():
        np.testing.assert_array_equal(known, pieces.forecasts[slot])


def test_large_records_are_mapped_to_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = history(observed(), 0, 50)
    monkeypatch.setattr(record, "IN_MEMORY", 100)
    mapped = history(observed(), 0, 50)
    assert mapped.inputs.values.dtype == np.float32 and mapped.totals.dtype == np.float32
    np.testing.assert_allclose(mapped.inputs.values, whole.inputs.values, rtol=1e-6)
    np.testing.assert_allclose(mapped.totals, whole.totals, rtol=1e-6)


def test_as_known_at_a_moment() -> None:
    rows = [*observed(), Row("level@s0", 30 * HOUR, 99.0, 45 * HOUR)]
    assert history(rows, 0, 40).target.values[0, 30] == 99.0
    assert history(rows, 0, 40, known_at=moment(44 * HOUR)).target.values[0, 30] != 99.0  # type: ignore[arg-type]


def test_absent_slots_gaps_and_flags() -> None:
    layout = layout_of([["rain1", ""], ["", "up"]], ("rain", "level"))
    rows = [Row("rain1", h * HOUR, 1.0, h * HOUR, flag=4 if h == 7 else 1) for h in range(20) if h != 9]
    h = read_history(MemoryFeed(rows), layout, step_at(5, HOUR), step_at(12, HOUR), durations=DURATIONS[:1])
    assert np.isnan(h.inputs.values[:, :, 1]).all() and np.isnan(h.inputs.values[1]).all()
    assert h.inputs.flags[0, :5, 0].tolist() == [Flag.GOOD, Flag.GOOD, Flag.FAIL, Flag.GOOD, Flag.MISSING]
    np.testing.assert_array_equal(h.totals[0, :5, 0, 0], [1, 1, np.nan, 1, np.nan])
    assert len(h) == 8 and h.times[0] == step_at(5, HOUR)


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.integers(0, 2**32 - 1), st.integers(1, 30))
def test_where_the_record_begins_changes_nothing(seed: int, later: int) -> None:
    made = made_up(seed, HOUR, forecasts=True)
    layout, end = made.layout, step_at(20, HOUR)
    long, short = (
        read_history(made.feed, layout, step_at(start, HOUR), end, durations=DURATIONS) for start in (-40, -40 + later)
    )
    np.testing.assert_array_equal(long.inputs.values[:, later:], short.inputs.values)
    np.testing.assert_array_equal(long.totals[:, later:], short.totals)
