"""Times as hosts write them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hydria_plugin.exchange import ago, iso_utc, moment, moments

YEARS = st.datetimes(datetime(1900, 1, 2), datetime(2199, 12, 30))  # noqa: DTZ001 (a zone is put on each)


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2026-12-31T24:00:00", "2027-01-01T00:00:00"),
        ("2026-12-31T24:00", "2027-01-01T00:00:00"),
        ("2026-12-31 24:00:00.000Z", "2027-01-01T00:00:00"),
        ("2026-12-31T24:00:00+01:00", "2026-12-31T23:00:00"),
        ("2026-12-31T23:00:24", "2026-12-31T23:00:24"),
        ("2026-12-31T12:00:00-24:00", ""),
        ("2026-12-31T24:00:01", ""),
        ("2026-12-31T24:30:00", ""),
        ("9999-12-31T24:00:00", ""),
    ],
)
def test_the_day_ends_at_24(text: str, utc: str) -> None:
    assert str(moments([text])[0].astype("M8[s]")) == (utc or "NaT")


def test_the_day_ends_at_24_of_its_own_clock() -> None:
    """A day of 23 hours too."""
    assert moment("2026-03-29T24:00", ZoneInfo("Europe/Paris")) == np.datetime64("2026-03-29T22:00")


@given(YEARS, st.integers(-14 * 60, 14 * 60), st.sampled_from("T "))
@settings(max_examples=40)
def test_an_offset_is_taken_off_to_the_microsecond(time: datetime, minutes: int, sign: str) -> None:
    """Before 1970 too, and whatever zone the host is of."""
    aware = time.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    told = np.datetime64(aware.astimezone(UTC).replace(tzinfo=None), "us")
    assert moment(aware.isoformat(sign), ZoneInfo("Europe/Paris")) == told
    assert moment(f" {time.isoformat(sign)}Z\n") == moment(time.isoformat(sign)) == np.datetime64(time, "us")


@given(YEARS)
@settings(max_examples=40)
def test_what_is_written_is_read_back_to_the_second(time: datetime) -> None:
    stamp = np.datetime64(time, "us")
    assert moment(iso_utc(stamp)) == stamp.astype("datetime64[s]") <= stamp


@pytest.mark.parametrize(
    ("text", "utc"),
    [("2026-03-29T01:59", "00:59"), ("2026-03-29T03:00", "01:00"), ("2026-10-25T02:30", "00:30"),
     ("2026-10-25T03:00", "02:00"), ("2026-07-01T12:00Z", "12:00")],
)  # fmt: skip
def test_a_clock_that_changes_is_read_as_its_zone_has_it(text: str, utc: str) -> None:
    assert moment(text, ZoneInfo("Europe/Paris")) == np.datetime64(f"{text[:10]}T{utc}")


@pytest.mark.parametrize("text", ["", "now", "2026-02-30", "2026-13-01", "2026-03-01T25:00", "01/03/2026", "١", "0"])
def test_what_is_no_time_is_none_among_those_that_are(text: str) -> None:
    found = moments([text, "2026-03-01", text])
    assert found.dtype == "datetime64[us]"
    assert np.isnat(found).tolist() == [True, False, True] and found[1] == np.datetime64("2026-03-01")
    with pytest.raises(ValueError):
        moment(text)


def test_no_texts_are_no_times() -> None:
    assert moments([]).shape == (0,) and moments([]).dtype == "datetime64[us]"


@pytest.mark.parametrize(
    ("minutes", "told"),
    [(0, "0 min"), (0.99, "0 min"), (7, "7 min"), (119, "119 min"), (120, "2 h 0 min"), (200, "3 h 20 min"),
     (48 * 60 - 1, "47 h 59 min"), (48 * 60, "2 d"), (72 * 60 - 1, "2 d"), (12.5 * 1440, "12 d")],
)  # fmt: skip
def test_how_long_ago_is_told_as_coarsely_as_people_do(minutes: float, told: str) -> None:
    assert ago(np.timedelta64(round(60e6 * minutes), "us")) == told
