"""Reading the host's tables: times of every kind, late and doubled rows, flags, units, own queries; both databases."""

from __future__ import annotations

import numpy as np
import pytest
from sql_places import Place, asked, cells, problems

from hydria_plugin import ConfigError, FeedError
from hydria_plugin.testing import check_source, sample_layout

HOURS = [("a", f"2026-03-01T{h:02}:00:00Z", float(h)) for h in range(24)]


def test_the_promises_of_a_source(place: Place) -> None:
    rows = [(s, t, v, t, None, None, 1) for s, t, v in HOURS] + [
        ("a", f"2026-03-01T{h:02}:00:00Z", 1.0 * m, "2026-03-01T06:00:00Z", "2026-03-01T06:00:00Z", m, 2)
        for h in range(7, 15)
        for m in (0, 1)
    ]
    kinds = f"received_at {place.stamp}, issued_at {place.stamp}, member integer, flag integer"
    place.observations(rows, kinds)
    wanted = asked("a", "b", issued_at="2026-03-01T08:00", known_at="2026-03-01T07:30")
    source = place.source()
    check_source(source, wanted)
    table = source.read(wanted)
    observed, forecast = table[table["issued_at"].isna()], table[table["issued_at"].notna()]
    assert observed["value"].tolist() == [0, 1, 2, 3, 4, 5, 6, 7]
    assert sorted(set(forecast["member"])) == [0, 1] and len(forecast) == 16
    assert set(forecast["flag"]) == {2} and not problems(table)


def test_only_what_was_asked_for(place: Place) -> None:
    place.observations([*HOURS, ("b", "2026-03-01T05:00:00Z", 1.0), ("", "2026-03-01T05:00:00Z", 1.0)])
    table = place.read("a", wanted=asked("a", start="2026-03-01T05:00", issued_at="2026-03-01T07:00"))
    assert cells(table) == [("a", f"2026-03-01T0{h}:00", h) for h in (5, 6, 7)]
    ten = place.read("a", wanted=asked("a", start="2026-03-01T05:00", issued_at="2026-03-01T07:00", step=180))
    assert len(ten) == 5, "the first step takes all of its own rows"
    assert place.read("nobody").empty and not problems(place.read("nobody"))


@pytest.mark.parametrize(
    ("kind", "form", "stamps"),
    [
        ("timestamptz", "auto", ["2026-03-01T05:00:00Z", "2026-03-01T08:00:00+02:00"]),
        ("timestamp", "auto", ["2026-03-01 05:00:00", "2026-03-01 06:00:00"]),
        ("text", "auto", ["2026-03-01T05:00:00Z", "2026-03-01 06:00:00"]),
        ("text", "auto", ["2026-03-01T06:00:00.000+01:00", "2026-03-01T01:00:00-05:00"]),
        ("varchar(40)", "text", ["2026-03-01T05:00:00+00:00", "2026-03-01T06:00Z"]),
        ("bigint", "unix", [1772341200, 1772344800]),
        ("bigint", "unix_ms", [1772341200000, 1772344800000]),
        ("double precision", "unix", [1772341200.0, 1772344800.0]),
    ],
)
def test_times_of_every_kind(place: Place, kind: str, form: str, stamps: list[object]) -> None:
    if not place.is_postgresql and kind.startswith("timestamp"):
        kind = "datetime"
    place.run(f"CREATE TABLE obs (series text, time {kind}, value real)")
    place.add([("a", stamps[0], 1.0), ("a", stamps[1], 2.0)])
    wanted = asked("a", start="2026-03-01T05:00", issued_at="2026-03-01T06:00")
    assert cells(place.read("a", wanted=wanted, time_form=form)) == [
        ("a", "2026-03-01T05:00", 1.0),
        ("a", "2026-03-01T06:00", 2.0),
    ]
    assert cells(place.read("a", wanted=asked("a", issued_at="2026-03-01T05:30"), time_form=form)) == [
        ("a", "2026-03-01T05:00", 1.0)
    ]


def test_local_times_and_the_hours_when_clocks_change(place: Place) -> None:
    kind = "timestamp" if place.is_postgresql else "datetime"
    place.run(f"CREATE TABLE obs (series text, time {kind}, value real)")
    local = ["2026-03-29 01:30:00", "2026-03-29 02:30:00", "2026-03-29 03:30:00", "2026-10-25 02:30:00"]
    place.add([("a", t, float(i)) for i, t in enumerate(local)])
    table = place.read(wanted=asked("a", start="2026-03-28", issued_at="2026-12-01"), timezone="Europe/Paris")
    assert cells(table) == [("a", "2026-03-29T00:30", 0), ("a", "2026-03-29T01:30", 2), ("a", "2026-10-25T00:30", 3)]
    said = problems(table)
    assert len(said) == 2 and "2026-03-29 02:30:00" in said[0] and "is no time" in said[0]
    assert "comes twice" in said[1] and "2026-10-25 02:30:00" in said[1]
    fixed = place.read(wanted=asked("a", start="2026-03-28", issued_at="2026-12-01"), timezone="+05:30")
    assert cells(fixed)[0] == ("a", "2026-03-28T20:00", 0) and not problems(fixed)


def test_days_and_numbers_without_a_unit(place: Place) -> None:
    if place.is_postgresql:
        place.run("CREATE TABLE days (series text, time date, value real)")
        place.add([("a", "2026-03-01", 4.0)], table="days")
        assert cells(place.read("a", table="days", timezone="+02:00", wanted=asked("a", start="2026-02-28"))) == [
            ("a", "2026-02-28T22:00", 4.0)
        ]
    place.run("CREATE TABLE obs (series text, time bigint, value real)")
    with pytest.raises(FeedError, match=r"times are numbers \(bigint\) here: set time_form to 'unix'"):
        place.read("a")


def test_late_out_of_order_and_doubled_rows(place: Place) -> None:
    noon = "2026-03-01T12:00:00Z"
    rows = [
        ("a", "2026-03-01T05:00:00Z", 5.1, "2026-03-01T09:00:00Z"),  # corrected at 9
        ("a", "2026-03-01T06:00:00Z", 6.0, None),  # received when stamped
        ("a", "2026-03-01T05:00:00Z", 5.0, "2026-03-01T05:01:00Z"),
        ("a", "2026-03-01T04:00:00Z", 4.0, noon),  # hours late
        ("a", "2026-03-01T03:00:00Z", 3.0, "2026-03-02T03:00:00Z"),  # the host's clock is a day ahead
        ("a", "2026-03-02T03:00:00Z", 9.0, "2026-03-01T03:00:00Z"),  # stamped in the future
    ]
    place.observations(rows, f"received_at {place.stamp}")
    early = place.read(wanted=asked("a", issued_at="2026-03-01T08:00", known_at="2026-03-01T08:00:30"))
    assert cells(early) == [("a", "2026-03-01T05:00", 5.0), ("a", "2026-03-01T06:00", 6.0)]
    later = place.read(wanted=asked("a", known_at=noon[:-1]))
    assert cells(later) == [
        ("a", "2026-03-01T04:00", 4.0),
        ("a", "2026-03-01T05:00", 5.1),
        ("a", "2026-03-01T06:00", 6.0),
    ]


def test_order_by_says_which_of_doubled_rows_counts(place: Place) -> None:
    time = "2026-03-01T05:00:00Z"
    place.observations([("a", time, 2.0, 2), ("a", time, 1.0, 1)], "version integer")
    assert cells(place.read("a", order_by=["version"])) == [("a", "2026-03-01T05:00", 2.0)]
    with pytest.raises(FeedError, match="no column 'rank' for order_by; it has: series, time, value, version"):
        place.read("a", order_by=["rank"])


def test_what_is_no_value_withdraws_one(place: Place) -> None:
    rows = [("a", f"2026-03-01T0{i}:00:00Z", v) for i, v in enumerate([None, -999.0, float("nan"), 1.5])]
    place.observations(rows if place.is_postgresql else [*rows[:2], rows[0], rows[3]])
    table = place.read("a", missing=[-999])
    assert table["value"].isna().tolist()[:2] == [True, True] and table["value"].iloc[-1] == 1.5
    assert table["flag"].tolist()[:2] == [9, 9] and table["flag"].iloc[-1] == 1 and not problems(table)


def test_what_is_no_measurement_is_told(place: Place) -> None:
    place.run(f"CREATE TABLE obs (series text, time {place.stamp}, value text)")
    values = ["1.5", "1,5", "Infinity", "1e300", " ", "12"]
    place.add([("a", f"2026-03-01T0{i}:00:00Z", v) for i, v in enumerate(values)])
    table = place.read("a")
    assert table["value"].dropna().tolist() == [1.5, 12.0]
    assert problems(table) == [
        "table obs: value '1,5' is no number; the row is not used",
        "table obs: value 'Infinity' cannot be a measurement; the row is not used (and 1 more like it)",
    ]


def test_flags_of_the_host(place: Place) -> None:
    rows = [("a", f"2026-03-01T0{i}:00:00Z", 1.0, f) for i, f in enumerate(["G", "D", None, "weird", "suspect", "4"])]
    place.observations(rows, "quality text")
    table = place.read("a", flag="quality", flags={"G": "good", "D": "suspect"})
    assert table["flag"].tolist() == [1, 3, 1, 2, 3, 4]
    assert problems(table) == ["table obs: flag 'weird' is not in `flags`; it counts as unknown"]


def test_units_by_row_by_kind_and_by_series(place: Place) -> None:
    layout = sample_layout()  # level@s1 in m, rain.1@s1 in mm
    time = "2026-03-01T05:00:00Z"
    rows = [("level@s1", time, 1234.0, "mm"), ("level@s2", time, 100.0, "cm"), ("level@s3", time, 5.0, "l/s")]
    rows += [("rain.1@s1", time, 0.5, "inch"), ("rain.1@s2", time, 2.0, None)]
    place.observations(rows, "unit text")
    series = tuple(row[0] for row in rows)
    table = place.source(layout=layout).read(asked(*series))
    assert dict(zip(table["series"], table["value"], strict=True)) == pytest.approx(
        {"level@s1": 1.234, "level@s2": 1.0, "rain.1@s1": 12.7, "rain.1@s2": 2.0}
    )
    assert "'level@s3': unit 'l/s' measures a discharge" in problems(table)[0] and len(problems(table)) == 1
    options = {"unit": "", "units": {"level": "cm", "level@s3": "mm"}, "scale": {"level@s1": 2.0}}
    table = place.source(layout=layout, **options).read(asked(*series))
    assert dict(zip(table["series"], table["value"], strict=True)) == pytest.approx(
        {"level@s1": 2468.0, "level@s2": 1.0, "level@s3": 0.005, "rain.1@s1": 0.5, "rain.1@s2": 2.0}
    )


def test_other_names_schemas_and_quoted_identifiers(place: Place) -> None:
    schema = "main" if not place.is_postgresql else "Hydro Data"
    if place.is_postgresql:
        place.run('CREATE SCHEMA "Hydro Data"')
    place.run(f'CREATE TABLE "{schema}"."Obs.of""all" ("Ts Id" integer, "order" {place.stamp}, "Värde" numeric)')
    place.run(f"""INSERT INTO "{schema}"."Obs.of""all" VALUES (17, '2026-03-01T05:00:00Z', 2.50)""")
    table = place.read(
        "anduze",
        "other",
        table=f'"{schema}"."Obs.of""all"',
        series="Ts Id",
        time="order",
        value="Värde",
        names={"17": "anduze"},
    )
    assert cells(table) == [("anduze", "2026-03-01T05:00", 2.5)]


@pytest.mark.parametrize("kind", ["char(12)", "varchar(12)", "uuid", "numeric(8,0)", "citext", "name"])
def test_ids_of_any_type(pg: Place, kind: str) -> None:
    if kind == "citext":
        pg.run("CREATE DOMAIN citext AS text CHECK (value <> '')")  # a domain, as platforms make for their codes
    series = {"uuid": "6f1c1b4e-0000-4000-8000-000000000001", "numeric(8,0)": "1234567"}.get(kind, "Y1612020")
    pg.run(f"CREATE TABLE obs (series {kind}, time timestamptz, value float8)")
    pg.run(f"INSERT INTO obs VALUES ('{series}', '2026-03-01T05:00Z', 1)")
    assert cells(pg.read(series)) == [(series, "2026-03-01T05:00", 1.0)]


def test_times_that_never_come(pg: Place) -> None:
    pg.observations([("a", "infinity", 1.0), ("a", "2026-03-01T05:00Z", 2.0), ("a", "-infinity", 3.0)])
    assert cells(pg.read("a")) == [("a", "2026-03-01T05:00", 2.0)]
    with pytest.raises(FeedError, match="a row holds a time"):
        pg.read("a", query="SELECT * FROM obs")


def test_ten_thousand_series_are_one_parameter(place: Place) -> None:
    names = [f"gauge-{i}" for i in range(12_000)]
    place.observations([(n, "2026-03-01T05:00:00Z", 1.0) for n in names])
    table = place.source().read(asked(*names[:10_000]))
    assert set(table["series"]) == set(names[:10_000])


OWN = """
SELECT station || '.' || parameter AS series, at AS time, reading AS value FROM readings
WHERE station || '.' || parameter IN :series AND at >= :start AND at <= :issued_at
"""


def test_a_query_of_the_admins_own(place: Place) -> None:
    kind = "timestamptz" if place.is_postgresql else "datetime"
    place.run(f"CREATE TABLE readings (station text, parameter text, at {kind}, reading real)")
    names = ("station", "parameter", "at", "reading")
    place.add([("s1", "H", f"2026-03-01 0{h}:00:00", h) for h in range(8)], names, "readings")
    zone = {"timezone": "UTC"}
    if place.is_postgresql:
        place.run("UPDATE readings SET at = at AT TIME ZONE current_setting('timezone') AT TIME ZONE 'UTC'")
    wanted = asked("s1.H", "s1.Q", start="2026-03-01T03:00", issued_at="2026-03-01T05:00")
    source = place.source(query=OWN, **zone)
    assert cells(source.read(wanted)) == [("s1.H", f"2026-03-01T0{h}:00", h) for h in (3, 4, 5)]
    check_source(source, wanted)
    if place.is_postgresql:
        by_array = OWN.replace("IN :series", "= ANY(:series)")
        assert len(place.source(query=by_array).read(wanted)) == 3


@pytest.mark.parametrize(("zone", "first"), [("UTC", 3), ("Europe/Paris", 4), ("+05:30", 9), ("-03:00", 0)])
def test_a_query_compares_local_times_in_their_zone(place: Place, zone: str, first: int) -> None:
    """A column without zone, and parameters that have one: the first row at or after 03:00 UTC, by its local hour."""
    kind = "timestamp" if place.is_postgresql else "datetime"
    place.run(f"CREATE TABLE obs (series text, time {kind}, value real)")
    place.add([("a", f"2026-03-01 {h:02}:00:00", h) for h in range(24)])
    query = "SELECT * FROM obs WHERE series IN :series AND time >= :start AND time <= :issued_at ORDER BY time"
    wanted = asked("a", start="2026-03-01T03:00", issued_at="2026-03-01T12:00", step=1)
    table = place.read(query=query, timezone=zone, wanted=wanted)
    assert table["value"].iloc[0] == first and not problems(table)


def test_a_query_that_gives_something_else(place: Place) -> None:
    place.observations(HOURS)
    with pytest.raises(FeedError, match="the query gives no column 'value'; it gives: series, time"):
        place.read("a", query="SELECT series, time FROM obs")
    with pytest.raises(FeedError, match="the query gives no column 'q'; it gives: series, time, value"):
        place.read("a", query="SELECT series, time, value FROM obs", flag="q")
    with pytest.raises(FeedError, match="failed reading the query"):
        place.read("a", query="SELEKT * FROM obs")
    with pytest.raises(ConfigError, match=r":mi is not known; allowed: :series, :start"):
        place.source(query="SELECT to_char(time, 'HH :mi') FROM obs")


def test_a_query_must_not_write(place: Place) -> None:
    place.observations(HOURS)
    with pytest.raises(FeedError, match="only reading is allowed here|it is only read here"):
        place.read("a", query="DELETE FROM obs RETURNING series, time, value")
    assert place.all("SELECT count(*) FROM obs") == [(24,)]


@pytest.mark.parametrize(
    "evil", ["a'; DROP TABLE obs; --", 'a" OR "1"="1', "a\\", "%s", ":series", "a'||'b", "ü\u202e"]
)
def test_names_from_outside_are_values_never_sql(place: Place, evil: str) -> None:
    place.observations([*HOURS, (evil, "2026-03-01T05:00:00Z", 7.0)])
    assert cells(place.read(evil)) == [(evil, "2026-03-01T05:00", 7.0)]
    query = "SELECT series, time, value FROM obs WHERE series IN :series"
    assert cells(place.read(evil, query=query)) == [(evil, "2026-03-01T05:00", 7.0)]
    assert place.all("SELECT count(*) FROM obs") == [(25,)]
    with pytest.raises((FeedError, ConfigError)):
        place.read("a", table=evil)
    with pytest.raises(FeedError, match="has no column"):
        place.read("a", value=evil)
    assert place.all("SELECT count(*) FROM obs") == [(25,)]


def test_what_is_not_there_is_named(place: Place) -> None:
    with pytest.raises(FeedError, match="there is no table obs: create it, or correct its name"):
        place.read("a")
    place.observations(HOURS)
    with pytest.raises(FeedError, match="table obs has no column 'gauge' for the source; it has: series, time, value"):
        place.read("a", series="gauge")


def test_probe_says_what_it_saw(place: Place) -> None:
    layout = sample_layout(stations=2, slots=0)
    place.observations([("level@s1", "2026-03-01T05:00:00Z", 1.25)])
    clock = lambda: np.datetime64("2026-03-01T05:20:00", "us")  # noqa: E731
    said = place.source(layout=layout, clock=clock).probe()
    assert "1 of 2 series, the last value 1.25 m of level@s1 at 2026-03-01T05:00:00Z (20 min ago)" in said
    assert "None of: level@s2." in said and "times without offset are UTC" in said
    early = place.source(layout=layout, clock=lambda: np.datetime64("2026-03-01T04:00:00", "us")).probe()
    assert "60 min ahead of this clock" in early
    long_ago = place.source(layout=layout, clock=lambda: np.datetime64("2026-03-21T04:00:00", "us")).probe()
    assert "1 of 2 series" in long_ago, "a host that has been silent for days is still seen"
    with pytest.raises(FeedError, match="no value of 2 series in the last 60 days"):
        place.source(layout=layout, clock=lambda: np.datetime64("2027-03-01T04:00:00", "us")).probe()
    assert "its series are known once a pipeline asks" in place.source().probe()
