"""Writing into the host's tables: repeated, revised, half done, in other units and other columns; on both databases."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import sqlalchemy as sa
from csv_bulletins import bulletin
from sql_places import Place

from hydria_plugin import Bulletin, ConfigError, FeedError, Reason, Report
from hydria_plugin.testing import check_sink, sample_alert, sample_layout

KEY = "PRIMARY KEY (pipeline, station, issued_at, valid_at, quantile)"


def state(place: Place) -> list[Any]:
    """All that stands in the three tables, in an order of its own."""
    tables = set(sa.inspect(place.engine).get_table_names())
    return [
        sorted(place.all(f"SELECT * FROM {t}"), key=repr) for t in ("forecasts", "alerts", "reports") if t in tables
    ]


def without(made: Bulletin, station: str, **changes: Any) -> Bulletin:
    """The bulletin with no forecast for ``station``."""
    values = made.forecast.values.copy()
    values[made.forecast.stations.index(station)] = np.nan
    rung = np.where([s == station for s in made.forecast.stations], -1, 0).astype(np.int16)
    return replace(made, forecast=replace(made.forecast, values=values, rung=rung), **changes)


def test_the_promises_of_a_sink(place: Place) -> None:
    check_sink(place.sink(create=True), lambda: state(place))


def test_every_number_is_there(place: Place) -> None:
    made, sink = bulletin(), place.sink(create=True)
    sink.write(made)
    f = made.forecast
    rows = place.all("SELECT station, lead, quantile, value, unit, made_by, pipeline, revision FROM forecasts")
    assert len(rows) == f.values.size
    for station, lead, quantile, value, *rest in rows:
        assert value == f.values[f.stations.index(station), lead - 1, f.quantiles.index(quantile)]
        assert rest == ["m", "sample", "sample", 0]
    first = place.all("SELECT min(issued_at), min(valid_at), max(valid_at) FROM forecasts")[0]
    times = np.array([np.datetime64(str(t)[:19].replace(" ", "T")) for t in first])
    assert times.tolist() == [made.issued_at, *(f.valid_times()[[0, -1]])]
    alert = made.alerts[0]
    told = place.all("SELECT event, station, reason, threshold, limit_value, probability, peak, note FROM alerts")
    assert told == [(alert.event, "s1", "FIRST", "yellow", 1.0, 0.7, 1.2, "")]


def test_a_revision_replaces_and_a_late_earlier_one_changes_nothing(place: Place) -> None:
    first, sink = bulletin(), place.sink(create=True)
    calm = without(replace(first, revision=1, alerts=()), "s2")
    sink.write(first)
    sink.write(calm)
    revised = state(place)
    assert {row[0] for row in place.all("SELECT DISTINCT station FROM forecasts")} == {"s1", "s3"}
    assert place.all("SELECT DISTINCT revision FROM forecasts") == [(1,)] and revised[1] == []
    sink.write(first)
    assert place.all("SELECT DISTINCT revision FROM forecasts") == [(1,)], "an earlier revision came late"
    assert state(place)[0] == revised[0]
    sink.write(replace(first, issued_at=first.issued_at + np.timedelta64(1, "h")))
    sink.write(replace(first, pipeline="other"))
    assert len(state(place)[0]) == len(revised[0]) + 2 * first.forecast.values.size, "others are left alone"


def test_only_news_unless_all_is_asked_for(place: Place) -> None:
    quiet = replace(sample_alert(), reason=Reason.NOTHING_NEW)
    place.sink(create=True).write(bulletin(alerts=(quiet,)))
    assert place.all("SELECT count(*) FROM alerts") == [(0,)]
    place.sink(tell="all").write(bulletin(alerts=(quiet,)))
    assert place.all("SELECT reason FROM alerts") == [("NOTHING_NEW",)]


def test_an_alert_without_forecast_has_nulls(place: Place) -> None:
    blind = replace(sample_alert(), probability=float("nan"), crosses_at=np.datetime64("NaT"), peak=float("nan"))
    place.sink(create=True).write(bulletin(alerts=(blind,)))
    assert place.all("SELECT probability, crosses_at, peak FROM alerts") == [(None, None, None)]


def test_alerts_are_in_the_unit_of_the_forecast(place: Place) -> None:
    place.sink(create=True, units={"level": "mm", "discharge": "l/s"}).write(bulletin())
    told = place.all("SELECT unit, limit_value, peak, observed, probability FROM alerts")
    assert told == [("mm", 1000.0, 1200.0, 800.0, 0.7)]
    assert place.all("SELECT DISTINCT unit FROM forecasts") == [("mm",)]


def test_reports_once_whatever_brings_them(place: Place) -> None:
    body = {"shares": np.array([0.5, np.nan]), "svg": "<svg/>", "text": "crue\0 à l'aube \u0000"}
    report = Report("knox", "s1", "s1-event", "Why: ' OR 1=1", body)
    sink = place.sink(create=True)
    sink.write_reports([report, report])
    sink.write_reports([report, replace(report, kind="attribution")])
    rows = place.all("SELECT kind, station, event, headline, body FROM reports ORDER BY kind DESC")
    assert [row[:4] for row in rows] == [
        ("knox", "s1", "s1-event", "Why: ' OR 1=1"),
        ("attribution", "s1", "s1-event", "Why: ' OR 1=1"),
    ]
    assert json.loads(rows[0][4])["shares"] == [0.5, None]
    sink.write_reports([])


def test_the_hosts_own_table_other_names_units_and_types(place: Place) -> None:
    number = "numeric(10,1)" if place.is_postgresql else "real"
    schema = "" if not place.is_postgresql else "model."
    if place.is_postgresql:
        place.run("CREATE SCHEMA model")
    place.run(
        f'CREATE TABLE {schema}"Prévisions" (poste integer, "émise" bigint, valide bigint, q real, h {number}, '
        'PRIMARY KEY (poste, "émise", valide, q))'
    )
    columns = {"station": "poste", "issued_at": "émise", "valid_at": "valide", "quantile": "q", "value": "h"}
    made = numbered(bulletin())
    sink = place.sink(
        forecasts=f'{schema}"Prévisions"',
        alerts="",
        reports="",
        forecast_columns=columns,
        units={"level": "mm"},
        time_form="unix",
    )
    for _ in range(2):
        sink.write(made)
        sink.write_reports([Report("knox", "1", "", "")])
    rows = place.all(f'SELECT poste, "émise", valide, h FROM {schema}"Prévisions" WHERE q > 0.49 AND q < 0.51')
    assert len(rows) == 3 * 6 and {row[0] for row in rows} == {1, 2, 3}
    issued = int(made.issued_at.astype("datetime64[s]").astype(int))
    assert {row[1] for row in rows} == {issued} and min(row[2] for row in rows) == issued + 3600
    told = sorted(float(row[3]) for row in rows)
    np.testing.assert_allclose(told, np.sort(1000 * made.forecast.median.ravel()), atol=0.051)


def numbered(made: Bulletin) -> Bulletin:
    """Its stations are called 1, 2, 3, as where ids are numbers."""
    names = ("1", "2", "3")
    return replace(
        made, forecast=replace(made.forecast, stations=names), layout=replace(made.layout, stations=names), alerts=()
    )


def test_a_column_for_each_quantile(place: Place) -> None:
    place.run(
        f"CREATE TABLE wide (station text, issued_at {place.stamp}, valid_at {place.stamp}, p10 real, p50 real, "
        "PRIMARY KEY (station, issued_at, valid_at))"
    )
    quantiles, made = {"p10": 0.1, "p50": 0.5}, bulletin()
    sink = place.sink(forecasts="wide", alerts="", reports="", quantiles=quantiles, layout=made.layout)
    sink.write(made)
    sink.write(made)
    rows = place.all("SELECT p10, p50 FROM wide WHERE station = 's2' ORDER BY valid_at")
    np.testing.assert_allclose(np.array(rows, float), made.forecast.values[1][:, [1, 3]], rtol=1e-6)
    sink.write(without(made, "s2", revision=1))
    assert place.all("SELECT DISTINCT station FROM wide ORDER BY 1") == [("s1",), ("s3",)]
    with pytest.raises(ConfigError, match=r"quantiles.p99 = 0.99 is not forecast; the pipeline's quantiles: 0.05"):
        place.sink(quantiles={"p99": 0.99}, layout=sample_layout())


def test_a_uuid_an_enum_and_jsonb_take_texts(pg: Place) -> None:
    pg.run("CREATE TYPE colour AS ENUM ('yellow', 'red')")
    pg.run(
        "CREATE TABLE alerts (pipeline text, event text, issued_at timestamp, station text, threshold colour, "
        "crosses_at timestamptz, PRIMARY KEY (pipeline, event, issued_at))"
    )
    pg.run("CREATE TABLE reports (digest uuid PRIMARY KEY, event varchar(80), body jsonb)")
    sink = pg.sink(forecasts="", timezone="+02:00")
    sink.write(bulletin())
    sink.write_reports([Report("knox", "s1", "e", "h", {"a": [1, 2]})])
    told = pg.all("SELECT threshold::text, issued_at::text, crosses_at AT TIME ZONE 'UTC' FROM alerts")
    assert told[0][:2] == ("yellow", "2026-03-01 08:00:00") and str(told[0][2]) == "2026-03-01 08:00:00"
    assert pg.all("SELECT event, body->'a'->>1 FROM reports") == [("e", "2")]


def test_the_keys_hold_the_time_column_as_hypertables_want(pg: Place) -> None:
    pg.sink(create=True).write(bulletin())
    keys = pg.all(
        "SELECT tc.table_name, kcu.column_name FROM information_schema.table_constraints tc "
        "JOIN information_schema.key_column_usage kcu USING (constraint_name) WHERE constraint_type = 'PRIMARY KEY'"
    )
    assert {("forecasts", "issued_at"), ("forecasts", "valid_at"), ("alerts", "issued_at")} <= set(keys)


def test_a_table_partitioned_by_time_as_hypertables_are(pg: Place) -> None:
    """Not TimescaleDB itself, which is not to be had here: PostgreSQL's own partitions want the same of a key."""
    pg.run(
        "CREATE TABLE forecasts (pipeline text, station text, issued_at timestamptz, valid_at timestamptz, "
        f"quantile float8, value float8, {KEY}) PARTITION BY RANGE (valid_at)"
    )
    pg.run("CREATE TABLE early PARTITION OF forecasts FOR VALUES FROM ('2026-01-01') TO ('2026-03-01 09:30Z')")
    pg.run("CREATE TABLE late PARTITION OF forecasts FOR VALUES FROM ('2026-03-01 09:30Z') TO ('2027-01-01')")
    check_sink(pg.sink(alerts="", reports=""), lambda: state(pg), bulletin())
    assert pg.all("SELECT count(*) > 0 FROM early") == pg.all("SELECT count(*) > 0 FROM late") == [(True,)]


def test_a_table_without_its_key_is_told(place: Place) -> None:
    columns = f"pipeline text, station text, issued_at {place.stamp}, valid_at {place.stamp}, quantile real, value real"
    place.run(f"CREATE TABLE forecasts ({columns})")
    with pytest.raises(FeedError, match="the table needs a unique index on its key"):
        place.sink(alerts="", reports="").write(bulletin())
    assert place.all("SELECT count(*) FROM forecasts") == [(0,)]


def test_what_is_not_there_is_told(place: Place) -> None:
    with pytest.raises(FeedError, match="there is no table forecasts: create it .*or write create = true"):
        place.sink().write(bulletin())
    place.run("CREATE TABLE forecasts (station text)")
    with pytest.raises(FeedError, match="table forecasts has no column 'issued_at' for the forecasts; it has: station"):
        place.sink().write(bulletin())
    with pytest.raises(FeedError, match="no column 'site' for the forecasts"):
        place.sink(forecast_columns={"station": "site"}).write(bulletin())


def test_half_a_bulletin_is_never_there(place: Place) -> None:
    """The alerts cannot be written: the forecasts, which were, are taken back; then all is well."""
    columns = f"station text, event text, issued_at {place.stamp}, pipeline text, note text NOT NULL CHECK (note <> '')"
    place.run(f"CREATE TABLE alerts ({columns}, PRIMARY KEY (pipeline, event, issued_at))")
    place.sink(alerts="", reports="", create=True).write(bulletin(revision=0, pipeline="old"))
    before, sink = state(place), place.sink(reports="")
    with pytest.raises(FeedError, match="failed writing the bulletin of 2026-03-01T06:00:00: .*CHECK|check"):
        sink.write(bulletin())
    assert state(place) == before
    sink.write(bulletin(alerts=(replace(sample_alert(), note="mended"),)))
    assert place.all("SELECT note FROM alerts") == [("mended",)]


def test_two_at_once_leave_one_state(place: Place) -> None:
    """A call that was late and left behind still writes while the next one does."""
    made = bulletin()
    sinks, errors = [place.sink(create=True) for _ in range(4)], []

    def write(sink: Any) -> None:
        try:
            sink.write(made)
        except FeedError as error:
            errors.append(error)

    threads = [threading.Thread(target=write, args=(sink,)) for sink in sinks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not errors
    assert place.all("SELECT count(*) FROM forecasts") == [(made.forecast.values.size,)]


def test_probe_changes_nothing(place: Place) -> None:
    assert "are made where they are not there" in place.sink(create=True).probe()
    with pytest.raises(FeedError, match="there is no table forecasts"):
        place.sink().probe()
    assert state(place) == []
    maker = place.sink(create=True)
    maker.write(bulletin())
    maker.write_reports([Report("knox", "s1", "", "")])
    before = state(place)
    assert "forecasts (10 columns), alerts (19 columns), reports (6 columns)" in place.sink().probe()
    assert state(place) == before
    place.run("DROP TABLE alerts")
    place.run(f"CREATE TABLE alerts (station text, event text, issued_at {place.stamp}, pipeline text)")
    with pytest.raises(FeedError, match="the table needs a unique index on its key"):
        place.sink().probe()
    place.run("CREATE UNIQUE INDEX one ON alerts (pipeline, event, issued_at)")
    assert "alerts (4 columns)" in place.sink().probe()


@pytest.mark.parametrize("evil", ["s'); DROP TABLE forecasts; --", '"; --', "%(x)s", ":x", "\\", "nul\0", "\ud800"])
def test_names_from_outside_are_values_never_sql(place: Place, evil: str) -> None:
    made = bulletin()
    names = (evil, "b", "c")
    made = replace(made, forecast=replace(made.forecast, stations=names), layout=replace(made.layout, stations=names))
    alerts = (replace(sample_alert(), station=evil, note=evil),)
    sink = place.sink(create=True)
    sink.write(replace(made, pipeline=evil, alerts=alerts))
    sink.write_reports([Report(evil, evil, evil, evil, {evil: evil})])
    clean = evil.replace("\0", "").replace("\ud800", "?")
    assert place.all("SELECT DISTINCT station FROM forecasts WHERE pipeline = :p ORDER BY 1 DESC", p=clean)
    assert place.all("SELECT station, note FROM alerts") == [(clean, clean)]
    assert place.all("SELECT kind FROM reports") == [(clean,)]


def test_wrong_options_are_told_all_at_once(place: Place) -> None:
    with pytest.raises(ConfigError) as caught:
        place.sink(
            forecasts="a.b.c",
            forecast_columns={"sttion": "x", "issued_at": ""},
            units={"level": "l/s", "rain": "mm"},
            tell="none",
            timezone="Europe/Paris",
            time_form="julian",
            create="yes",
        )
    said = str(caught.value)
    for word in (
        "forecasts: 'a.b.c' is no name of a table",
        "forecast_columns.sttion: allowed are pipeline, station",
        "forecast_columns.issued_at must name a column",
        "units.level: unit 'l/s' measures a discharge",
        "units.rain: allowed are level and discharge",
        "tell = 'none' must be 'news' or 'all'",
        "timezone = 'Europe/Paris' has an hour that comes twice",
        "time_form = 'julian' must be one of auto, text, unix, unix_ms",
        "create = 'yes' must be true or false",
    ):
        assert f"sink sql: {word}" in said
