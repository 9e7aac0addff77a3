"""A survey of a real server: stations, inputs, thresholds and places; what a person should look at."""

from __future__ import annotations

import math
from typing import Any

import pytest
from csv_feeds import asked, cells
from sensorthings_bulletins import few_quantiles
from sensorthings_server import PASSWORD, USER, SensorThings

from hydria_plugin import ConfigError, Secret
from hydria_sensorthings.importer import SensorThingsImporter, kind_of, point_in, slug
from hydria_sensorthings.sink import SensorThingsSink
from hydria_sensorthings.source import SensorThingsSource

ACCESS: dict[str, Any] = {"user": USER, "password": Secret(PASSWORD)}


def importer(server: SensorThings, **options: Any) -> SensorThingsImporter:
    return SensorThingsImporter(url=server.address, **ACCESS, **options)


def test_a_survey(server: SensorThings) -> None:
    thing = server.create("Things", {"name": "Nowhere", "description": "d"})
    server.datastream(thing, "h2", "cm", "Wasserstand", properties={"limits": {"orange": 120, "yellow": 80, "x": "?"}})
    server.station(
        "Anduze (Gardon)",
        {"q1": ("m3/s", "Débit"), "h1": ("m", "Hauteur"), "r1": ("mm", "Pluie"), "n1": ("NTU", "Turbidity")},
        properties={"limits": {"red": 4.5, "yellow": 2.0}},
    )
    found = importer(server, series="{name}", thresholds="limits").survey()
    by_series = {s.target: s for s in found.stations}
    assert sorted(by_series) == ["h1", "h2", "q1"]
    assert (by_series["h1"].station, by_series["q1"].station) == ("anduze-gardon", "anduze-gardon-discharge")
    first, second = by_series["h1"], by_series["h2"]
    assert (first.latitude, first.longitude, first.unit, first.quantity) == (44.1, 4.1, "m", "level")
    assert dict(first.thresholds) == {"yellow": 2.0, "red": 4.5} and list(first.thresholds) == ["yellow", "red"]
    assert first.name == "Anduze (Gardon), Hauteur, h1"
    assert dict(second.thresholds) == pytest.approx({"yellow": 0.8, "orange": 1.2})  # cm, in the unit that is read
    assert math.isnan(second.latitude) and second.station == "nowhere"
    kinds = {i.series: i.kind for i in found.inputs}
    assert kinds == {"h1": "level", "h2": "level", "q1": "discharge", "r1": "rain", "n1": "other"}
    assert "n1: its unit 'NTU' is not known" in found.remarks
    assert "h2: threshold 'x' is '?', no number; it is left out" in found.remarks


def test_what_was_found_is_what_the_source_reads(server: SensorThings) -> None:
    ids = server.station("Anduze", {"H": ("m", "Stage")})
    server.observe(ids["H"], [("2020-01-01T06:00:00Z", 1.5)])
    (station,) = importer(server).survey().stations
    assert station.target == ids["H"]
    source = SensorThingsSource(url=server.address, **ACCESS)
    assert cells(source.read(asked([station.target], "2020-01-01", "2020-01-02"))) == [
        (ids["H"], "2020-01-01T06:00", 1.5)
    ]


def test_our_own_forecasts_are_no_stations(server: SensorThings) -> None:
    made = few_quantiles()
    server.station("s1", {"H": ("m", "Stage"), "double": ("m", "Stage")})
    server.station("s2", {"double": ("m", "Stage")})
    SensorThingsSink(url=server.address, layout=made.layout, **ACCESS).write(made)
    found = importer(server, series="{name}").survey()
    assert [s.target for s in found.stations] == ["H"] and [i.series for i in found.inputs] == ["H"]
    assert found.remarks == ("several Datastreams are called 'double': none is listed; see `series`",)


@pytest.mark.parametrize(
    ("unit", "name", "kind", "remark"),
    [
        ("m", "Stage", "level", ""),
        ("m", "Distance", "level", "is taken for a level by its unit 'm' alone"),
        ("m", "Rain", "other", "is called rain and has the unit 'm'"),
        ("mm", "Pluie", "rain", ""),
        ("mm", "Hauteur d'eau", "level", ""),
        ("mm", "X", "rain", "is taken for rain by its unit 'mm' alone"),
        ("mm", "ETP", "pet", ""),
        ("l/s", "X", "discharge", ""),
        ("°C", "Temperature", "temperature", ""),
        ("", "X", "other", "its unit '' is not known"),
    ],
)
def test_what_kind_a_datastream_is(unit: str, name: str, kind: str, remark: str) -> None:
    found, why = kind_of({"name": name, "unitOfMeasurement": {"symbol": unit}})
    assert found == kind and (remark in why if remark else why == "")


@pytest.mark.parametrize(
    ("geometry", "point"),
    [
        ({"type": "Point", "coordinates": [4.1, 44.1]}, (44.1, 4.1)),
        ({"type": "Feature", "geometry": {"type": "Polygon", "coordinates": [[[4.1, 44.1], [4, 44]]]}}, (44.1, 4.1)),
        ({"type": "Feature", "geometry": None}, None),
        ({"type": "Point", "coordinates": [44.1, 400.0]}, None),
        ("44.1 4.1", None),
    ],
)
def test_where_a_thing_is(geometry: Any, point: Any) -> None:
    assert point_in(geometry) == point


def test_names_and_options() -> None:
    assert slug("  L'Alès / Gardon ") == "l-alès-gardon" and slug("//") == "station"
    with pytest.raises(ConfigError, match="importer sensorthings: series"):
        SensorThingsImporter(url="https://a", series="H")
