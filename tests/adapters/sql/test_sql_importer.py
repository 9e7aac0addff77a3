"""What is found in the platform's own tables: by the admin's words, or by the names people use."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from sql_places import Place

from hydria_plugin import ConfigError, FeedError, Importer, Inventory
from hydria_sql.importer import SqlImporter


@pytest.fixture
def french(place: Place) -> Iterator[Place]:
    """A platform with stations, thresholds in mm, a rating curve, sensors, and tables that are none of our business."""
    place.run("CREATE TABLE stations (code_station text, libelle text, grandeur text, lat real, lon real, geom text)")
    stations = [
        ("Y161", "Anduze", "H", 44.05, 3.98, "x"),
        ("Y162", "Ners", "débit", None, None, None),
        ("", "", "", 1, 1, ""),
    ]
    place.add(stations, ("code_station", "libelle", "grandeur", "lat", "lon", "geom"), "stations")
    place.run("CREATE TABLE seuils_vigilance (station_id text, nom text, valeur real, unite text)")
    limits = [("Y161", "orange", 5000, "mm"), ("Y161", "jaune", 3000, "mm"), ("Y161", "rouge", 9, "furlong")]
    limits += [("Y162", "jaune", 300, "m3/s"), ("Y162", "vert", 2, "m"), ("Y162", "rouge", None, "m3/s")]
    limits += [("Y199", "jaune", 1, "m")]
    place.add(limits, ("station_id", "nom", "valeur", "unite"), "seuils_vigilance")
    place.run("CREATE TABLE courbes_tarage (code_station text, hauteur real, debit real, date_debut text)")
    points = [("Y161", 1.0, 20.0, "2024-01-01"), ("Y161", 0.5, 5.0, "2024-01-01"), ("Y161", 0.5, 4.0, None)]
    points += [("Y161", None, 4.0, None)]
    place.add(points, ("code_station", "hauteur", "debit", "date_debut"), "courbes_tarage")
    place.run(
        "CREATE TABLE capteurs (code_capteur text, grandeur text, code_station text, latitude real, longitude real)"
    )
    gauges = [("P1", "pluie", "Y161", 44.1, 4.0), ("T1", "TA", None, None, None), ("W", "wind", None, None, None)]
    place.add(gauges, ("code_capteur", "grandeur", "code_station", "latitude", "longitude"), "capteurs")
    place.run("CREATE TABLE users (name text)")
    yield place


def survey(place: Place, **options: Any) -> Inventory:
    importer = SqlImporter(database=place.url, **options)
    try:
        assert isinstance(importer, Importer)
        return importer.survey()
    finally:
        importer.close()


def test_found_by_the_names_people_use(french: Place) -> None:
    found = survey(french)
    first, second = found.stations
    assert (first.station, first.name, first.target, first.quantity, first.unit) == (
        "Y161",
        "Anduze",
        "Y161",
        "level",
        "m",
    )
    assert (first.latitude, first.longitude) == pytest.approx((44.05, 3.98), abs=1e-5)
    assert dict(first.thresholds) == {"jaune": 3.0, "orange": 5.0} and first.threshold_unit == "m"
    assert list(first.thresholds) == ["jaune", "orange"], "rising"
    assert (second.quantity, second.unit, dict(second.thresholds)) == ("discharge", "m3/s", {"jaune": 300.0})
    assert np.isnan(second.latitude)
    assert [(g.series, g.kind, g.station) for g in found.inputs] == [
        ("P1", "rain", "Y161"),
        ("T1", "temperature", ""),
        ("W", "other", ""),
    ]
    curves = {str(c.valid_from): c.points for c in found.ratings}
    assert curves == {"2024-01-01T00:00:00": ((0.5, 5.0), (1.0, 20.0)), "NaT": ((0.5, 4.0),)}
    said = " | ".join(found.remarks)
    for words in (
        "was taken for the stations, by its name",
        "threshold 'rouge' of Y161 is in 'furlong', which is not known: left out",
        "threshold 'vert' of Y162 is in another unit than its others",
        "threshold 'rouge' of Y162 has no value",
        "a station without id was left out",
        "a point of the rating curve of Y161 cannot be read",
        "tables that were not looked at",
        "says no target, unit of the stations",
        "thresholds of Y199 are left out: none of the stations is called so",
    ):
        assert words in said, said
    assert "users" in said


def test_named_by_the_admin(french: Place) -> None:
    names = {"stations": {"name": "geom", "target": "libelle"}}
    found = survey(
        french, stations="stations", thresholds="-", ratings="-", inputs="-", columns=names, quantity="discharge"
    )
    assert [(s.name, s.target, s.quantity) for s in found.stations] == [
        ("x", "Anduze", "level"),
        ("Y162", "Ners", "discharge"),
    ]
    assert not found.inputs and not found.ratings and not found.stations[0].thresholds
    with pytest.raises(FeedError, match=r"no column 'nom' for the stations; it has: code_station"):
        survey(french, stations="stations", columns={"stations": {"name": "nom"}})
    with pytest.raises(FeedError, match=r"no column 'station' for the stations \(name it in columns.stations\)"):
        survey(french, stations="users")
    with pytest.raises(FeedError, match="there is no table nothing"):
        survey(french, stations="nothing")


def test_an_empty_database(place: Place) -> None:
    found = survey(place)
    assert not found.stations and "no table looks like stations; name it as stations=TABLE" in found.remarks


def test_a_table_in_a_schema_of_its_own(pg: Place) -> None:
    pg.run('CREATE SCHEMA "Réseau"')
    pg.run('CREATE TABLE "Réseau"."Gauge Sites" ("Site" text, "Label" text)')
    pg.run("""INSERT INTO "Réseau"."Gauge Sites" VALUES ('g', 'Gardon')""")
    found = survey(pg)
    assert [(s.station, s.name) for s in found.stations] == [("g", "Gardon")]
    assert any('"Gauge Sites" was taken' in remark for remark in found.remarks)


def test_wrong_options() -> None:
    with pytest.raises(ConfigError) as caught:
        SqlImporter(database="sqlite:///x", stations="a b", columns={"x": {}, "ratings": {"q": "d"}}, quantity="rain")
    for word in (
        "stations: 'a b'",
        "columns.x: allowed",
        "columns.ratings.q: allowed are station, stage",
        "quantity = 'rain'",
    ):
        assert f"importer sql: {word}" in str(caught.value)
