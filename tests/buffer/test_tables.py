"""Tables in: what sources really give. Tables out: the contract's columns."""

from __future__ import annotations

import datetime as dt
import time

import numpy as np
import pandas as pd
import pytest

from hydria_plugin.errors import FeedError
from hydria_plugin.tables import Gridding, forecast_table, grid
from hydria_plugin.testing.samples import sample_layout
from hydria_plugin.values import Flag, Forecast, Observations, Problem, Wanted

HOUR = np.timedelta64(3600, "s")
NOON = np.datetime64("2026-03-01T12:00:00", "s")
SERIES, KINDS = ("r", "q", "p", "sim"), ("rain", "level", "pet", "simulation")


def wanted(issued_at: np.datetime64 = NOON, step: np.timedelta64 = HOUR) -> Wanted:
    return Wanted(SERIES, issued_at - 24 * step, issued_at, issued_at.astype("M8[us]"), issued_at + 6 * step, step)


def utc(*texts: str | None) -> pd.DatetimeIndex:
    return pd.to_datetime([None if t is None else f"2026-03-01T{t}Z" for t in texts], format="ISO8601", utc=True)


def gridded(table: pd.DataFrame, label: str = "end") -> tuple[Observations, tuple[Problem, ...]]:
    return grid(table, Gridding.of(SERIES, KINDS, HOUR, label), wanted())


def frame(series: list[str], times: pd.DatetimeIndex, values: list[float], **more: object) -> pd.DataFrame:
    return pd.DataFrame({"series": series, "time": times, "value": values, **more})


def cells(observations: Observations) -> list[tuple[str, str, float]]:
    names = [observations.series[i] for i in observations.index]
    hours = [str(t)[11:16] for t in observations.times]
    return list(zip(names, hours, observations.values.tolist(), strict=True))


def test_rain_is_summed_and_levels_are_the_last() -> None:
    table = frame(list("rrrqqq"), utc("10:15", "10:30", "11:00", "10:15", "10:59", "11:01"), [1, 2, 4, 5, 6, 7])
    assert cells(gridded(table)[0]) == [("r", "11:00", 7.0), ("q", "11:00", 6.0), ("q", "12:00", 7.0)]


def test_rain_label_moves_rain_and_nothing_else() -> None:
    table = frame(list("rrqq"), utc("10:00", "10:59:59", "10:00", "11:00"), [1, 2, 5, 6])
    assert cells(gridded(table, "start")[0]) == [("q", "10:00", 5.0), ("r", "11:00", 3.0), ("q", "11:00", 6.0)]
    with pytest.raises(ValueError, match="rain_label 'middle' is not one of end, start"):
        Gridding.of(SERIES, KINDS, HOUR, "middle")


def test_start_labelled_rain_is_not_seen_before_its_interval_ends() -> None:
    assert len(gridded(frame(["r"], utc("12:00"), [9.0]), "start")[0]) == 0
    assert len(gridded(frame(["r"], utc("12:00"), [9.0]), "end")[0]) == 1


def test_of_two_rows_with_one_stamp_the_later_received_counts_then_the_later_row() -> None:
    received = utc("10:30", "10:10", "10:30", None)
    table = frame(list("qqqq"), utc("10:00", "10:00", "10:00", "11:00"), [1, 2, 3, 4], received_at=received)
    observations = gridded(table)[0]
    assert cells(observations) == [("q", "10:00", 3.0), ("q", "11:00", 4.0)]
    assert observations.received_at.astype("M8[s]").tolist() == [NOON.astype(dt.datetime).replace(hour=10, minute=30),
                                                                 NOON.astype(dt.datetime)]  # fmt: skip


def test_what_was_received_after_the_moment_is_not_there() -> None:
    table = frame(list("qq"), utc("10:00", "11:00"), [1, 2], received_at=utc("12:01", "12:00"))
    assert cells(gridded(table)[0]) == [("q", "11:00", 2.0)]


def test_gaps_within_a_step() -> None:
    nan = float("nan")
    table = frame(list("rrrrqq"), utc("10:15", "10:30", "10:45", "11:00", "10:30", "11:00"), [1, nan, 2, nan, 5, nan])
    assert cells(gridded(table)[0]) == [("r", "11:00", 6.0), ("q", "11:00", 5.0)]
    table = frame(list("rrrq"), utc("10:15", "10:30", "10:45", "11:00"), [1, nan, nan, nan])
    observations = gridded(table)[0]
    assert np.isnan(observations.values).all() and (observations.flags == Flag.MISSING).all()


def test_flags_go_with_the_value() -> None:
    table = frame(list("rrqq"), utc("10:30", "11:00", "10:30", "11:00"), [1, 1, 2, 2], flag=[1.0, 3.0, 4.0, np.nan])
    assert gridded(table)[0].flags.tolist() == [Flag.SUSPECT, Flag.GOOD]


def test_infinities_and_fault_codes_are_problems() -> None:
    table = frame(list("qqqr"), utc("09:00", "10:00", "11:00", "11:00"), [np.inf, 1e31, 3.0, -np.inf])
    observations, problems = gridded(table)
    assert cells(observations) == [("q", "11:00", 3.0)]
    assert len(problems) == 2
    assert "series 'q': 2 values dropped, the first inf at 2026-03-01T09:00:00Z" in problems[1].error


def test_unknown_series_missing_times_and_the_future_are_ignored() -> None:
    table = frame(["q", "nobody", "q", "q"], utc("11:00", "11:00", None, "13:00"), [1, 2, 3, 4])
    assert cells(gridded(table)[0]) == [("q", "11:00", 1.0)]


def test_forecasts_have_a_lead_and_their_members() -> None:
    table = frame(
        ["r", "r", "r", "sim", "sim", "r", "q"],
        utc("13:00", "14:00", "13:00", "12:00", "14:00", "12:00", "12:00"),
        [1, 2, 3, 4, 5, 6, 7],
        issued_at=utc("12:00", "12:00", "12:00", "12:00", "11:20", "12:00", None),
        member=[0, 0, 1, 0, 0, 0, 5],
    )
    observations = gridded(table)[0]
    rows = sorted(zip(observations.index.tolist(), observations.lead.tolist(), observations.member.tolist(),
                      observations.values.tolist(), strict=True))  # fmt: skip
    assert rows == [(0, 1, 0, 1.0), (0, 1, 1, 3.0), (0, 2, 0, 2.0), (1, 0, 0, 7.0), (3, 0, 0, 4.0), (3, 3, 0, 5.0)]


def test_forecasts_issued_later_or_too_far_ahead_are_not_there() -> None:
    table = frame(["r", "r", "r"], utc("14:00", "14:00", "19:00"), [1, 2, 3], issued_at=utc("12:01", "13:00", "12:00"))
    assert len(gridded(table)[0]) == 0


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_any_resolution_and_zone(unit: str) -> None:
    times = utc("10:00", "11:00").tz_convert("Europe/Paris").as_unit(unit)  # type: ignore[arg-type]
    assert cells(gridded(frame(["q", "q"], times, [1, 2]))[0]) == [("q", "10:00", 1.0), ("q", "11:00", 2.0)]


def test_python_datetimes_and_categories() -> None:
    zone = dt.timezone(dt.timedelta(hours=2))
    table = pd.DataFrame(
        {
            "series": pd.Categorical(["q", "other", "r"]),
            "time": pd.Series([dt.datetime(2026, 3, 1, 12 + k, tzinfo=zone) for k in range(3)], dtype=object),
            "value": [1, 2, 3],
            "issued_at": [None, None, None],
        }
    )
    assert cells(gridded(table)[0]) == [("q", "10:00", 1.0), ("r", "12:00", 3.0)]


def test_times_without_zone_and_missing_columns_are_refused() -> None:
    naive = pd.DataFrame({"series": ["q"], "time": pd.to_datetime(["2026-03-01T10:00"]), "value": [1.0]})
    with pytest.raises(FeedError, match="times with a zone"):
        gridded(naive)
    with pytest.raises(FeedError, match="it lacks time, value"):
        gridded(pd.DataFrame({"series": ["q"]}))


def test_an_empty_table() -> None:
    observations, problems = gridded(frame([], utc(), []))
    assert len(observations) == 0 and problems == ()


@pytest.mark.parametrize("step", [60, 300, 86400])
def test_steps_from_a_minute_to_a_day_begin_at_multiples_since_1970(step: int) -> None:
    length = np.timedelta64(step, "s")
    issued = np.datetime64("2026-03-30T00:00:00", "s")  # the day after Europe changed its clocks
    stamps = pd.DatetimeIndex((issued - np.arange(200) * length / 2).astype("M8[us]")).tz_localize("UTC")
    table = frame(["r"] * 200, stamps, [1.0] * 200)
    observations, _ = grid(table, Gridding.of(SERIES, KINDS, length), wanted(issued, length))
    assert (observations.times.astype(np.int64) % step == 0).all() and (np.diff(observations.times) == length).all()
    assert (observations.values[1:] == 2.0).all()


def shortest(runs: int, work) -> float:  # type: ignore[no-untyped-def]
    took = []
    for _ in range(runs):
        start = time.thread_time()
        work()
        took.append(time.thread_time() - start)
    return min(took)


@pytest.mark.alone
def test_many_rows_and_one_row_are_fast() -> None:
    """Bounds far above what is measured (13 ms and 0.3 ms), so that only a change of kind fails."""
    names = [f"series-{i}" for i in range(50_000)]
    gridding = Gridding.of(names, ["level"] * len(names), HOUR)
    table = frame(names, pd.DatetimeIndex([NOON] * len(names)).tz_localize("UTC"), [1.0] * len(names))
    assert shortest(3, lambda: grid(table, gridding, wanted())) < 0.25
    assert shortest(20, lambda: grid(table.iloc[:1], gridding, wanted())) < 0.005


def forecast_of(stations: int, missing: int) -> Forecast:
    layout = sample_layout(stations)
    values = np.sort(np.random.default_rng(1).random((stations, layout.horizon, 7)), axis=2)
    values[missing] = np.nan
    rung = np.zeros(stations, np.int16)
    return Forecast(NOON, HOUR, layout.stations, layout.quantiles, values, ("blend",) * stations, rung)


def test_forecast_table_has_the_columns_of_the_contract() -> None:
    layout, forecast = sample_layout(3), forecast_of(3, missing=1)
    table = forecast_table(forecast, layout, "gardons")
    expected = ["pipeline", "station", "issued_at", "valid_at", "lead", "quantile", "value", "unit"]
    assert list(table.columns) == expected and len(table) == 3 * layout.horizon * 7
    row = table.iloc[7 * layout.horizon * 2 + 7 * 4 + 3]
    assert row.drop("value").tolist() == [
        "gardons", "s3", "2026-03-01T12:00:00Z", "2026-03-01T17:00:00Z", 5, 0.5, "m",
    ]  # fmt: skip
    assert row["value"] == forecast.values[2, 4, 3]
    assert table["value"].isna().sum() == layout.horizon * 7


def test_forecast_table_of_ten_thousand_stations_costs_its_numbers_only() -> None:
    layout, forecast = sample_layout(10_000), forecast_of(10_000, missing=5)
    assert shortest(1, lambda: forecast_table(forecast, layout, "p")) < 1.0


def test_a_value_stamped_after_it_was_received_fails_and_is_told() -> None:
    """A logger whose clock is two hours ahead: its old value must not pose as the newest."""
    table = frame(
        list("qqr"), utc("10:00", "12:00", "12:00"), [1.0, 2.0, 3.0], received_at=utc("10:01", "10:02", "11:57")
    )
    found, problems = gridded(table)
    told = dict(zip(cells(found), found.flags.tolist(), strict=True))
    assert told == {("q", "10:00", 1.0): Flag.GOOD, ("q", "12:00", 2.0): Flag.FAIL, ("r", "12:00", 3.0): Flag.GOOD}
    (problem,) = problems
    assert "'q': 1 values stamped up to 118 min after they were received" in problem.error


def test_a_clock_that_jumps_back_gives_the_later_received_value() -> None:
    table = frame(
        list("qqq"), utc("10:00", "11:00", "10:00"), [1.0, 2.0, 3.0], received_at=utc("10:01", "11:01", "11:59")
    )
    found, problems = gridded(table)
    assert cells(found) == [("q", "10:00", 3.0), ("q", "11:00", 2.0)] and problems == ()


def test_forecasts_and_rows_without_reception_time_may_lie_ahead() -> None:
    table = frame(
        ["q", "q"], utc("14:00", "12:00"), [1.0, 2.0], issued_at=utc("11:00", None), received_at=utc("11:05", None)
    )
    found, problems = gridded(table)
    assert (found.flags == Flag.GOOD).all() and problems == () and len(found) == 2
