"""The source against a real server: pages, names, units, zones, late and doubled values, a server that is away."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest
from csv_feeds import asked, cells, instant, problems
from sensorthings_server import PASSWORD, USER, SensorThings

from hydria_plugin import FeedError, Layout, Secret
from hydria_plugin.testing import check_source, sample_layout
from hydria_sensorthings.source import SensorThingsSource


def source_of(server: SensorThings, **options: Any) -> SensorThingsSource:
    given = {"series": "{name}", "user": USER, "password": Secret(PASSWORD), **options}
    return SensorThingsSource(url=server.address, **given)


def hours(first: int, last: int, day: str = "2020-01-01") -> list[tuple[str, float]]:
    start = np.datetime64(day)
    return [(f"{start + np.timedelta64(60 * h, 'm')}:00Z", float(h)) for h in range(first, last)]


def day(series: Sequence[str], until: str = "2020-01-02T00:00", **more: Any):
    return asked(series, "2020-01-01T00:00", until, step=60, **more)


def test_keeps_the_promises_of_a_source(server: SensorThings) -> None:
    ids = server.station("Anduze", {"H": ("m", "Stage"), "P": ("mm", "Rain")})
    for stream in ids.values():
        server.observe(stream, hours(-30, 50))
    source = source_of(server)
    check_source(source, day(["H", "P"]))
    table = source.read(day(["H", "P"]))
    assert len(table) == 2 * 25 and table["value"].min() == 0 and problems(table) == []


def test_many_pages_of_either_form(server: SensorThings) -> None:
    """The server's next links are unescaped, and its pages overlap by one: each row is there once."""
    stream = server.station("Anduze", {"H": ("m", "Stage")})["H"]
    minutes = [(f"{np.datetime64('2020-01-01') + np.timedelta64(m, 'm')}:00Z", m / 100) for m in range(150)]
    server.observe(stream, minutes[::-1])
    for page in (1000, 37):
        table = source_of(server, page=page).read(day(["H"], "2020-01-01T02:29"))
        assert [float(v) for v in table["value"]] == [m / 100 for m in range(150)]
    plain = source_of(server, page=90)
    plain._service.has_data_arrays = lambda: False  # type: ignore[method-assign]
    assert list(plain.read(day(["H"], "2020-01-01T02:29"))["value"]) == [m / 100 for m in range(150)]
    assert plain._dialect is not None and not plain._dialect.data_array and plain._dialect.top == 90


def test_what_the_server_cannot_do_is_found_out(server: SensorThings) -> None:
    """It fails at $orderby=phenomenonTime, and takes no more than 10000 rows a page."""
    server.observe(server.station("Anduze", {"H": ("m", "Stage")})["H"], hours(0, 3))
    source = source_of(server, page=50_000)
    source.read(day(["H"]))
    assert source._dialect is not None
    assert (source._dialect.order, source._dialect.top, source._dialect.data_array) == ("id asc", 100, False)


@pytest.mark.parametrize(
    ("template", "series"),
    [
        ("{thing}/{property}", ["Anduze/Stage", "Alès/Stage", "Alès/Rain"]),
        ("{thing.properties.code}-{name}", ["V714-H", "V715-H", "V715-P"]),
    ],
)
def test_series_by_names_of_things_and_properties(server: SensorThings, template: str, series: list[str]) -> None:
    """This server writes one and the same Thing into all Datastreams of a page: which is whose is found out all the
    same."""
    first = server.station("Anduze", {"H": ("m", "Stage")}, properties={"code": "V714"})
    second = server.station("Alès", {"H": ("m", "Stage"), "P": ("mm", "Rain")}, properties={"code": "V715"})
    for value, stream in enumerate([first["H"], second["H"], second["P"]]):
        server.observe(stream, [("2020-01-01T06:00:00Z", float(value))])
    table = source_of(server, series=template).read(day(series))
    assert {s: v for s, _, v in cells(table)} == dict(zip(series, (0.0, 1.0, 2.0), strict=True))


def test_series_by_id_and_by_the_admins_names(server: SensorThings) -> None:
    ids = server.station("Anduze", {"H": ("m", "Stage"), "P": ("mm", "Rain")})
    server.observe(ids["H"], [("2020-01-01T06:00:00Z", 1.5)])
    server.observe(ids["P"], [("2020-01-01T06:00:00Z", 2.5)])
    named = source_of(server, series="{id}", names={ids["P"]: "rain"})
    assert cells(named.read(day([ids["H"], "rain"]))) == [
        (ids["H"], "2020-01-01T06:00", 1.5), ("rain", "2020-01-01T06:00", 2.5),
    ]  # fmt: skip


def test_absent_and_doubled_series_are_told_once(server: SensorThings) -> None:
    server.observe(server.station("Anduze", {"H": ("m", "Stage")})["H"], hours(0, 3))
    server.station("Alès", {"P": ("mm", "Rain")})
    server.station("Uzès", {"P": ("mm", "Rain")})
    source = source_of(server)
    table = source.read(day(["H", "Q"]))
    assert len(table) == 3 and problems(table) == [
        "no Datastream is 'Q'; there are 1, such as 'H'; see `series` and `names` of the source"
    ]
    assert problems(source.read(day(["H", "Q"]))) == []
    (said,) = problems(source.read(day(["H", "P"])))
    assert said.startswith("several Datastreams are called 'P' by series = '{name}': none is read")
    narrower = source_of(server, filter="Thing/name eq 'Alès'")
    assert problems(narrower.read(day(["P"]))) == []


def test_a_datastream_that_comes_later_is_found_within_the_hour(server: SensorThings) -> None:
    server.station("Anduze", {"H": ("m", "Stage")})
    source = source_of(server)
    assert len(source.read(day(["H", "P"], "2020-01-02T00:00"))) == 0
    server.observe(server.station("Alès", {"P": ("mm", "Rain")})["P"], hours(0, 3))
    assert len(source.read(day(["H", "P"], "2020-01-02T00:10"))) == 0
    assert len(source.read(day(["H", "P"], "2020-01-02T01:00"))) == 3


def layout_of(unit: str, quantity: str = "level") -> Layout:
    made = sample_layout(1, 1)
    return Layout(
        ("s1",),
        ("x",),
        (quantity,),
        (unit,),
        ("rain.1",),
        ("rain",),
        np.array([["r"]]),
        made.step,
        24,
        6,
        made.quantiles,
    )


@pytest.mark.parametrize(
    ("host", "unit", "quantity", "value"),
    [("cm", "m", "level", 1.23), ("m", "cm", "level", 12300.0), ("ft", "m", "level", 37.4904),
     ("l/s", "m3/s", "discharge", 0.123), ("m³/s", "l/s", "discharge", 123_000.0), ("mm", "m", "level", 0.123)],
)  # fmt: skip
def test_units_of_the_host(server: SensorThings, host: str, unit: str, quantity: str, value: float) -> None:
    ids = server.station("Anduze", {"x": (host, "X"), "r": ("mm", "Rain")})
    for stream in ids.values():
        server.observe(stream, [("2020-01-01T06:00:00Z", 123.0)])
    table = source_of(server, layout=layout_of(unit, quantity)).read(day(["x", "r"]))
    assert {s: v for s, _, v in cells(table)} == {"x": pytest.approx(value), "r": 123.0}


def test_a_unit_that_is_not_known_is_told_and_may_be_said(server: SensorThings) -> None:
    ids = server.station("Anduze", {"x": ("pouce d'eau", "X"), "r": ("µg/m3", "Dust")})
    server.observe(ids["x"], [("2020-01-01T06:00:00Z", 123.0)])
    table = source_of(server, layout=layout_of("m")).read(day(["x", "r"]))
    assert len(table) == 0 and len(problems(table)) == 2
    assert problems(table)[0].startswith('x: unit "pouce d\'eau" is not known')
    said = source_of(server, layout=layout_of("m"), units={"x": "cm", "r": "mm"})
    assert cells(said.read(day(["x", "r"]))) == [("x", "2020-01-01T06:00", pytest.approx(1.23))]


def test_offsets_are_of_the_times(server: SensorThings) -> None:
    stream = server.station("Anduze", {"H": ("m", "Stage")})["H"]
    server.observe(stream, [("2020-01-01T08:00:00+02:00", 1.0), ("2020-01-01T02:00:00-05:00", 2.0)])
    assert cells(source_of(server).read(day(["H"]))) == [("H", "2020-01-01T06:00", 1.0), ("H", "2020-01-01T07:00", 2.0)]


def test_a_shift_for_series_that_are_stamped_when_they_begin(server: SensorThings) -> None:
    stream = server.station("Anduze", {"P": ("mm", "Rain")})["P"]
    server.observe(stream, hours(-2, 30))
    table = source_of(server, shift={"P": "1h"}).read(day(["P"], "2020-01-01T12:00"))
    assert cells(table)[0] == ("P", "2020-01-01T00:00", -1.0) and cells(table)[-1] == ("P", "2020-01-01T12:00", 11.0)


def test_a_result_that_came_late_is_known_late(server: SensorThings) -> None:
    """In hindsight; of two results for one time the later counts, once it was known."""
    stream = server.station("Anduze", {"H": ("m", "Stage")})["H"]
    server.observe(stream, [("2020-01-01T06:00:00Z", "2020-01-01T06:05:00Z", 1.0),
                            ("2020-01-01T06:00:00Z", "2020-01-01T09:00:00Z", 1.1)])  # fmt: skip
    source = source_of(server)
    known = {at: cells(source.read(day(["H"], "2020-01-01T10:00", known_at=at)))
             for at in ("2020-01-01T06:04", "2020-01-01T06:05", "2020-01-01T10:00")}  # fmt: skip
    assert [[v for *_, v in rows] for rows in known.values()] == [[], [1.0], [1.1]]


def test_out_of_order_values_are_in_order(server: SensorThings) -> None:
    stream = server.station("Anduze", {"H": ("m", "Stage")})["H"]
    rows = hours(0, 20)
    server.observe(stream, rows[10:])
    server.observe(stream, rows[:10][::-1])
    assert [v for *_, v in cells(source_of(server).read(day(["H"])))] == [float(h) for h in range(20)]


def test_a_server_whose_clock_is_ahead_is_believed_to_have_what_it_gives(server: SensorThings) -> None:
    """What is read now was received by now, though its resultTime says that it will be."""
    stream = server.station("Anduze", {"H": ("m", "Stage")})["H"]
    server.observe(stream, [("2020-01-01T06:00:00Z", "2020-01-01T06:17:00Z", 1.0),
                            ("2020-01-01T07:00:00Z", "2020-01-01T07:00:00Z", 9.0)])  # fmt: skip
    question = day(["H"], "2020-01-01T06:00", known_at="2020-01-01T06:03")
    live = source_of(server, clock=lambda: instant("2020-01-01T06:03", "us"))
    assert cells(live.read(question)) == [("H", "2020-01-01T06:00", 1.0)]
    later = source_of(server, clock=lambda: instant("2020-03-01T00:00", "us"))
    assert cells(later.read(question)) == []


def test_forecasts_of_the_host(server: SensorThings) -> None:
    stream = server.station("Anduze", {"P sim": ("mm", "Rain")})["P sim"]
    runs = [(f"2020-01-01T{h + lead:02}:00:00Z", f"2020-01-01T{h:02}:00:00Z", h + lead / 10)
            for h in (0, 6, 12) for lead in range(1, 9)]  # fmt: skip
    server.observe(stream, runs)
    table = source_of(server, forecasts=["* sim"]).read(day(["P sim"], "2020-01-01T06:00", horizon=4))
    issued = table["issued_at"].dt.hour.to_list()
    assert sorted(set(issued)) == [0, 6] and len(table) == 8 + 4
    newest = table[table["issued_at"] == pd.Timestamp("2020-01-01T06:00Z")]
    assert newest["value"].to_list() == pytest.approx([6.1, 6.2, 6.3, 6.4])
    check_source(source_of(server, forecasts="P*"), day(["P sim"], "2020-01-01T06:00", horizon=4))


def test_a_server_that_is_away_and_comes_back(server: SensorThings) -> None:
    stream = server.station("Anduze", {"H": ("m", "Stage")})["H"]
    server.observe(stream, hours(0, 5))
    source = source_of(server, timeout_s=5)
    assert len(source.read(day(["H"], "2020-01-01T04:00"))) == 5
    server.stop()
    try:
        with pytest.raises(FeedError, match="no whole answer"):
            source.read(day(["H"], "2020-01-01T05:00"))
    finally:
        server.start()
    server.observe(stream, hours(5, 8))
    assert len(source.read(day(["H"], "2020-01-01T07:00"))) == 8  # nothing of the gap is lost


def test_probe(server: SensorThings) -> None:
    ids = server.station("Anduze", {"x": ("cm", "X"), "r": ("mm", "Rain")})
    server.observe(ids["x"], hours(0, 5)[::-1])  # written newest first, by a server that sorts by what was written
    source = source_of(server, layout=layout_of("m"), clock=lambda: instant("2020-01-01T04:12", "us"))
    said = source.probe()
    assert "2 of 2 series among 2 Datastreams" in said
    assert "newest value 4 in 'cm' of 2020-01-01T04:00:00Z, 12 min old; times with offset +00:00" in said
    stale = source_of(server, layout=layout_of("m"), clock=lambda: instant("2020-01-01T14:12", "us"))
    assert "newest value 4 in 'cm' of 2020-01-01T04:00:00Z, 10 h 12 min old" in stale.probe()
    missing = source_of(server, layout=layout_of("m"), names={"r": "other"})
    assert "Absent: 'r'" in missing.probe()
    with pytest.raises(FeedError, match="none of the wanted series is there"):
        source_of(server, series="{id}", layout=layout_of("m")).probe()
    with pytest.raises(FeedError, match="has no Datastreams that match filter"):
        source_of(server, filter="Thing/name eq 'nobody'").probe()


def test_an_access_that_is_refused_says_so_without_the_secret(server: SensorThings) -> None:
    wrong = source_of(server, password=Secret("canary-11aa"))
    with pytest.raises(FeedError, match="HTTP 401") as caught:
        wrong.read(day(["H"]))
    assert "canary-11aa" not in f"{caught.value!r} {caught.value} {vars(wrong)}"
