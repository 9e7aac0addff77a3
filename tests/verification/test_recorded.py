"""A record played again never shows what was not known, whatever the files hold."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hydria_plugin import Wanted
from hydria_plugin.buffer import SeriesBuffer
from hydria_plugin.testing import check_source, sample_layout
from hydria_plugin.verification.recorded import RecordedSource

HOUR = np.timedelta64(3600, "s")
FIRST = np.datetime64("2026-01-01T00:00:00", "s")
LAYOUT = sample_layout(stations=1, slots=2, past=6, horizon=3)
STEPS = 48


class Archive:
    """A source that holds everything and honours nothing: what RecordedSource must be safe against."""

    def __init__(self, table: pd.DataFrame) -> None:
        self.table, self.reads = table, 0

    def read(self, wanted: Wanted) -> pd.DataFrame:
        self.reads += 1
        return self.table


def table(late: int = 0) -> pd.DataFrame:
    time = pd.DatetimeIndex(FIRST + HOUR * np.arange(STEPS)).tz_localize("UTC")
    rows = [
        pd.DataFrame({"series": name, "time": time, "value": np.arange(STEPS, dtype=float) + 100 * i})
        for i, name in enumerate(LAYOUT.all_series())
    ]
    whole = pd.concat(rows, ignore_index=True)
    whole["received_at"] = whole["time"] + pd.to_timedelta(late, unit="h")
    return whole


def asked(at: int, known: int | None = None) -> Wanted:
    issued = FIRST + at * HOUR
    known_at = FIRST + (at if known is None else known) * HOUR
    series = LAYOUT.all_series()
    return Wanted(series, issued - 5 * HOUR, issued, known_at.astype("datetime64[us]"), issued + 3 * HOUR, HOUR)


def source(future: str = "none", late: int = 0, frame: pd.DataFrame | None = None) -> RecordedSource:
    last = FIRST + STEPS * HOUR
    archive = Archive(table(late) if frame is None else frame)
    return RecordedSource(archive, LAYOUT, FIRST, last, future)  # type: ignore[arg-type]


def test_it_conforms_and_reads_once() -> None:
    archive = Archive(table())
    recorded = RecordedSource(archive, LAYOUT, FIRST, FIRST + STEPS * HOUR)
    check_source(recorded, asked(20))
    assert archive.reads == 1


def test_rows_of_the_window_only() -> None:
    rows = source().read(asked(20))
    assert len(rows) == 6 * len(LAYOUT.all_series())
    assert rows["value"].max() == 220.0


@given(at=st.integers(6, STEPS - 5), late=st.integers(0, 5), lag=st.integers(0, 5))
@settings(max_examples=40, deadline=None)
def test_nothing_unknown_is_served(at: int, late: int, lag: int) -> None:
    rows = source(late=late).read(asked(at, at + lag))
    assert (rows["received_at"] <= pd.Timestamp(FIRST + (at + lag) * HOUR, tz="UTC")).all()
    assert (rows["time"] <= pd.Timestamp(FIRST + at * HOUR, tz="UTC")).all()
    hours = 6 - max(0, late - lag)
    assert len(rows) == max(0, hours) * len(LAYOUT.all_series())


def test_without_reception_time_a_row_counts_as_received_when_stamped() -> None:
    rows = source(frame=table().drop(columns="received_at")).read(asked(20))
    assert len(rows) == 18


def test_perfect_future_is_the_weather_of_the_horizon_and_nothing_else() -> None:
    rows = source("perfect").read(asked(20))
    ahead = rows[rows["issued_at"].notna()]
    assert set(ahead["series"]) == {"rain.1@s1"}
    assert ahead["value"].tolist() == [121.0, 122.0, 123.0]
    assert (ahead["issued_at"] == pd.Timestamp(FIRST + 20 * HOUR, tz="UTC")).all()


def archived() -> pd.DataFrame:
    frame = table()
    issue = pd.Timestamp(FIRST + 18 * HOUR, tz="UTC")
    forecast = pd.DataFrame(
        {"series": "rain.1@s1", "time": issue + pd.to_timedelta([1, 2, 3, 4], unit="h"), "value": 9.0}
    )
    forecast["received_at"] = issue + pd.Timedelta(hours=1)
    return pd.concat([frame, forecast.assign(issued_at=issue)], ignore_index=True)


def forecasts_in(rows: pd.DataFrame) -> int:
    return int(rows["issued_at"].notna().sum()) if "issued_at" in rows else 0


@pytest.mark.parametrize(("future", "known", "found"), [("archived", 20, 4), ("archived", 18, 0), ("none", 20, 0)])
def test_archived_forecasts_are_served_once_received(future: str, known: int, found: int) -> None:
    rows = source(future, frame=archived()).read(asked(20, known))
    assert forecasts_in(rows) == found


def test_a_forecast_issued_later_is_not_known_yet() -> None:
    rows = source("archived", frame=archived()).read(replace(asked(17), known_at=FIRST + 40 * HOUR))
    assert len(rows) and forecasts_in(rows) == 0


def test_a_forecast_without_reception_time_is_known_from_its_issue_on() -> None:
    frame = archived().drop(columns="received_at")
    assert int(source("archived", frame=frame).read(asked(18))["issued_at"].notna().sum()) == 3  # of its horizon
    assert forecasts_in(source("archived", frame=frame).read(asked(17))) == 0


def test_observations_alone_come_without_the_columns_of_forecasts() -> None:
    assert list(source().read(asked(20))) == ["series", "value", "time", "received_at"]
    assert list(source(late=1).read(asked(20))) == ["series", "value", "time", "received_at"]
    assert {"issued_at", "member"} < set(source("perfect").read(asked(20)))


def test_flags_come_with_what_they_flag() -> None:
    flagged = table().assign(flag=np.nan)
    flagged.loc[(flagged["series"] == "rain.1@s1") & (flagged["value"] == 119.0), "flag"] = 4.0
    rows = source(frame=flagged).read(asked(20))
    assert rows.loc[rows["flag"] == 4, "value"].tolist() == [119.0] and rows["flag"].notna().sum() == 1


@pytest.mark.parametrize("columns", [("series", "time", "value"), ("series", "time", "value", "received_at")])
def test_a_source_that_holds_nothing_is_a_record_of_gaps(columns: tuple[str, ...]) -> None:
    assert source(frame=pd.DataFrame({name: [] for name in columns})).read(asked(20)).empty


def test_columns_of_python_times_are_read_as_the_buffer_reads_them() -> None:
    frame = table()
    frame["received_at"] = pd.Series([None] * len(frame), dtype=object)
    frame["time"] = frame["time"].astype(object)
    pd.testing.assert_frame_equal(source(frame=frame).read(asked(20)), source().read(asked(20)))


@pytest.mark.parametrize("part", [1, 2])  # rows per step
def test_a_perfect_future_is_whole_where_stamps_begin_their_sums(part: int) -> None:
    """The stamps of rain moved to where its sums begin: the same window, the first step of the horizon included."""
    steps = np.arange(STEPS * part)
    time = pd.DatetimeIndex(FIRST + HOUR // part * steps).tz_localize("UTC")
    rain = pd.DataFrame({"series": "rain.1@s1", "time": time, "value": 1.0 + steps})
    begun = rain.assign(time=time - pd.Timedelta(hours=1) / part)
    level = table().drop(columns="received_at")
    others = level[level["series"] != "rain.1@s1"]
    windows = []
    for frame, label in ((rain, "end"), (begun, "start")):
        held = Archive(pd.concat([frame, others], ignore_index=True))
        recorded = RecordedSource(held, LAYOUT, FIRST, FIRST + STEPS * HOUR, "perfect", label)
        buffer = SeriesBuffer(LAYOUT, recorded, overlap=6 * HOUR, rain_label=label)
        windows.append(buffer.window(FIRST + 20 * HOUR, (FIRST + 20 * HOUR).astype("datetime64[us]")))
    stamped_at_end, stamped_at_start = windows
    ahead = stamped_at_end.future.values[0, 0, :, LAYOUT.slots.index("rain.1")]
    whole = 1.0 + steps
    assert ahead.tolist() == [whole[(21 + h) * part - part + 1 : (21 + h) * part + 1].sum() for h in range(3)]
    np.testing.assert_array_equal(stamped_at_start.future.values, stamped_at_end.future.values)
    np.testing.assert_array_equal(stamped_at_start.past.values, stamped_at_end.past.values)
