"""Times: naive is UTC, every offset seen in real files, day first in CSV drops, nothing guessed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hydria_sandre.times import day_first, french, instant, instants, sandre_time, zone_of

FIRST, LAST = datetime.fromisoformat("1701-01-01"), datetime.fromisoformat("2099-12-30")
WALL_CLOCKS = st.datetimes(FIRST, LAST)


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2010-02-26T11:10:00", "2010-02-26T11:10:00"),
        ("2010-02-26T11:10:00Z", "2010-02-26T11:10:00"),
        ("2010-02-26T11:10:00+02", "2010-02-26T09:10:00"),
        ("2010-02-26T11:10:00+02:00", "2010-02-26T09:10:00"),
        ("2010-02-26T11:10:00+05", "2010-02-26T06:10:00"),
        ("2010-02-26T11:10:00-0330", "2010-02-26T14:40:00"),
        ("2010-02-26T11:10+02", "2010-02-26T09:10:00"),  # as long as one without offset
        (" 2010-02-26T11:10:00 ", "2010-02-26T11:10:00"),
        ("2010-02-26 11:10:00", "2010-02-26T11:10:00"),
        ("2010-02-26T11:10:00.250", "2010-02-26T11:10:00.250"),
        ("2010-02-26", "2010-02-26T00:00:00"),
        ("2010-02-28T24:00:00", "2010-03-01T00:00:00"),
        ("2010-02-28T24:00+02", "2010-02-28T22:00:00"),
    ],
)
def test_what_is_a_time(text: str, utc: str) -> None:
    assert instant(text) == np.datetime64(utc, "us")
    assert instants([text, "2010-01-01T00:00:00"])[0] == np.datetime64(utc, "us")


@pytest.mark.parametrize(
    "text",
    ["", "now", "today", "NaT", "2010", "2010-W08", "20100226", "2010-13-01T00:00:00", "2010-02-30T00:00:00",
     "2010-02-26T25:00:00", "0001-01-01T00:00:00", "9999-12-31T23:59:59", "2010-02-26T11:10:0x", "9" * 400],
)  # fmt: skip
def test_what_is_none(text: str) -> None:
    assert np.isnat(instant(text))
    assert np.isnat(instants([text, "2010-01-01T00:00:00"])).tolist() == [True, False]


@given(
    WALL_CLOCKS.map(lambda t: t.replace(microsecond=0)),
    st.integers(-14, 14),
    st.sampled_from(["", ":00", "00"]),
)
def test_every_offset(wall: datetime, hours: int, minutes: str) -> None:
    text = f"{wall.isoformat()}{hours:+03d}{minutes}"
    aware = wall.replace(tzinfo=timezone(timedelta(hours=hours))).astimezone(UTC).replace(tzinfo=None)
    assert instant(text) == np.datetime64(aware, "us")


@given(st.lists(WALL_CLOCKS, min_size=1, max_size=5))
def test_written_and_read_back(times: list[datetime]) -> None:
    whole = [np.datetime64(t.replace(microsecond=0), "s") for t in times]
    assert instants([sandre_time(t) for t in whole]).tolist() == np.array(whole, "datetime64[us]").tolist()


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("13/02/1999 05:22:10", "1999-02-13T05:22:10"),
        ("02/10/2010 06:30", "2010-10-02T06:30:00"),
        ("2/3/2010  6:30", "2010-03-02T06:30:00"),
        ("10/04/1964", "1964-04-10T00:00:00"),
        ("1968-10-05 12:12:12", "1968-10-05T12:12:12"),
    ],
)
def test_day_first(text: str, iso: str) -> None:
    assert day_first(text) == iso
    assert french([text])[0] == np.datetime64(iso, "us")


def test_the_month_is_never_first() -> None:
    assert np.isnat(french(["02/13/2010 06:30"])[0])


def test_a_zone_for_times_without_offset() -> None:
    paris = zone_of("Europe/Paris")
    assert instant("2010-07-01T12:00:00", paris) == np.datetime64("2010-07-01T10:00:00", "us")
    assert instant("2010-07-01T12:00:00Z", paris) == np.datetime64("2010-07-01T12:00:00", "us")
    assert instant("2010-07-01T12:00:00", zone_of("+01:00")) == np.datetime64("2010-07-01T11:00:00", "us")
    with pytest.raises(ValueError, match="'Mars' is not a time zone"):
        zone_of("Mars")
