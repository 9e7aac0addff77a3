"""Times to and from columns: what is written in any form is read back the same."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hydria_plugin import FeedError
from hydria_sql.tables import parts_of
from hydria_sql.times import Times, aware

FORMS = [
    ("timestamp with time zone", "auto", "UTC"),
    ("timestamp without time zone", "auto", "+05:30"),
    ("timestamp without time zone", "auto", "UTC"),
    ("text", "auto", "UTC"),
    ("bigint", "unix", "UTC"),
    ("bigint", "unix_ms", "UTC"),
]
SECONDS = st.integers(-2_000_000_000, 4_000_000_000)


@pytest.mark.parametrize(("kind", "form", "zone"), FORMS)
@given(seconds=st.lists(SECONDS, min_size=1, max_size=5))
def test_round_trip(kind: str, form: str, zone: str, seconds: list[int]) -> None:
    times = np.array(seconds, dtype="datetime64[s]").astype("datetime64[us]")
    back, bad, twice = Times(zone, form).read(Times(zone, form).written(times, kind))
    assert back.tolist() == times.tolist() and not bad.any() and not twice.any()


@given(seconds=st.lists(SECONDS, min_size=1, max_size=5), hours=st.integers(-14, 14))
def test_any_offset_is_the_same_instant(seconds: list[int], hours: int) -> None:
    where = timezone(timedelta(hours=hours))
    moments = [aware(np.datetime64(s, "s")).astimezone(where) for s in seconds]
    for cells in (moments, [m.isoformat() for m in moments]):
        assert Times("Europe/Paris").read(cells)[0].astype("datetime64[s]").astype(int).tolist() == seconds


FROM, TO = datetime.fromisoformat("1971-01-01"), datetime.fromisoformat("2037-01-01")


@given(st.datetimes(FROM, TO))
def test_local_times_are_those_of_the_zone(wall: datetime) -> None:
    """Against Python's own zone: fold 0 is the first of the two hours; a skipped hour is no time."""
    times = Times("Europe/Paris")
    (found,), (bad,), _ = times.read([wall.replace(microsecond=0)])
    expected = wall.replace(microsecond=0, tzinfo=times.zone)
    if expected.astimezone(UTC).astimezone(times.zone).replace(tzinfo=None) != wall.replace(microsecond=0):
        assert bad and np.isnat(found)
    else:
        assert not bad and aware(found) == expected


@given(st.integers(0, 200_000), st.sampled_from(["text", "timestamp without time zone", "bigint"]), SECONDS)
def test_a_rough_bound_never_loses_a_row(_: int, kind: str, seconds: int) -> None:
    """A bound with a day's slack lets every row through that the exact one lets through."""
    times = Times("-03:00", "unix" if kind == "bigint" else "auto")
    moment = np.datetime64(seconds, "s").astype("datetime64[us]")
    cell = times.written(np.array([moment]), kind)[0]
    assert times.bound(moment, kind, -24) <= _like(cell, kind) <= times.bound(moment, kind, 24)


def _like(cell: object, kind: str) -> object:
    return datetime.fromisoformat(str(cell)) if kind.startswith("timestamp") else cell


@pytest.mark.parametrize("cell", ["", "yesterday", "2026-13-01", "0000-00-00T25:61:61", b"\xff", [], {}])
def test_what_is_no_time(cell: object) -> None:
    found, bad, _ = Times().read([cell, "2026-03-01T05:00Z", None])
    assert np.isnat(found).tolist() == [True, False, True] and bad.tolist() == [True, False, False]


def test_numbers_need_a_unit() -> None:
    with pytest.raises(FeedError, match="set time_form to 'unix'"):
        Times().read([5, None])
    assert np.isnat(Times().read([None, None])[0]).all()
    found, bad, _ = Times(form="unix").read([1e300, float("nan"), 1.5])
    assert bad.tolist() == [True, False, False] and str(found[2]) == "1970-01-01T00:00:01.500000"


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("a", (None, "a")),
        ("Hydro.Obs", ("Hydro", "Obs")),
        ('"a.b"."c ""d"""', ("a.b", 'c "d"')),
        ('"a b"', (None, "a b")),
        ("é_1", (None, "é_1")),
    ],
)
def test_names_of_tables(name: str, parts: tuple[str | None, str]) -> None:
    assert parts_of(name) == parts


@pytest.mark.parametrize("name", ["", "a.b.c", "a b", 'a"b', "a;b c", ".a", "a.", '""'])
def test_what_is_no_name_of_a_table(name: str) -> None:
    with pytest.raises(ValueError, match="is no name of a table; allowed: observations"):
        parts_of(name)
