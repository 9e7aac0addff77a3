"""Where an alert applies: the admin's polygons and codes, else a circle."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from channel_bulletins import bulletin
from mutations import check_survives
from test_cap_sink import messages, sink

from hydria_cap.areas import around, read_areas
from hydria_cap.message import Area
from hydria_plugin import ConfigError

SQUARE = [[3.9, 44.0], [4.1, 44.0], [4.1, 44.2], [3.9, 44.2], [3.9, 44.0]]


def feature(geometry: Any, **properties: Any) -> dict[str, Any]:
    return {"type": "Feature", "properties": {"station": "s1", **properties}, "geometry": geometry}


def put(folder: Path, *features: Any) -> Path:
    file = folder / "areas.geojson"
    file.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    return file


def test_longitude_first_becomes_latitude_first(tmp_path: Path) -> None:
    read = read_areas(put(tmp_path, feature({"type": "Polygon", "coordinates": [SQUARE]}, area="Gardon d'Anduze")))
    assert read["s1"] == (Area("Gardon d'Anduze", (tuple((lat, lon) for lon, lat in SQUARE),)),)


def test_an_open_ring_is_closed_and_holes_are_left_out(tmp_path: Path) -> None:
    hole = [[4.0, 44.05], [4.05, 44.05], [4.05, 44.1], [4.0, 44.05]]
    (area,) = read_areas(put(tmp_path, feature({"type": "Polygon", "coordinates": [SQUARE[:-1], hole]})))["s1"]
    (ring,) = area.polygons
    assert ring[0] == ring[-1] == (44.0, 3.9) and len(ring) == 5


def test_several_polygons_features_and_codes(tmp_path: Path) -> None:
    many = {"type": "MultiPolygon", "coordinates": [[SQUARE], [SQUARE]]}
    file = put(
        tmp_path,
        feature(many, geocodes={"EMMA_ID": "FR030", "INSEE": ["30010", "30319"]}),
        feature(None, area="by code", geocodes={"UGC": 14}),
        feature({"type": "Point", "coordinates": [4.0, 44.0]}, radius_km=7.5),
    )
    first, second, third = read_areas(file)["s1"]
    assert len(first.polygons) == 2
    assert first.geocodes == (("EMMA_ID", "FR030"), ("INSEE", "30010"), ("INSEE", "30319"))
    assert second == Area("by code", geocodes=(("UGC", "14"),)) and third.circles == ((44.0, 4.0, 7.5),)


def test_in_a_message(tmp_path: Path) -> None:
    put(tmp_path, feature({"type": "Polygon", "coordinates": [SQUARE]}, geocodes={"EMMA_ID": "FR030"}))
    sink(tmp_path, areas="areas.geojson").write(bulletin())
    (area,) = messages(tmp_path)[0].infos[0].areas
    assert area.polygons[0][0] == (44.0, 3.9) and area.geocodes == (("EMMA_ID", "FR030"),)
    assert "areas of 1 stations" in sink(tmp_path, areas="areas.geojson").probe()


def test_a_station_without_area_has_a_circle_and_one_without_place_its_name(tmp_path: Path) -> None:
    sink(tmp_path, radius_km=3).write(bulletin())
    assert messages(tmp_path)[0].infos[0].areas == (Area("s1", circles=((44.05, 3.98, 3.0),)),)
    assert around("x", None, 5.0) == Area("x")


@pytest.mark.parametrize(
    ("broken", "says"),
    [
        (feature({"type": "Polygon", "coordinates": [[[44, 94], [44, 95], [45, 95]]]}), "longitude and latitude"),
        (feature({"type": "Polygon", "coordinates": [[[4, 44], [5, 44]]]}), "no area"),
        (feature({"type": "LineString", "coordinates": SQUARE}), "LineString"),
        (feature({"type": "Polygon", "coordinates": []}), "feature 1"),
        (feature({"type": "Point", "coordinates": [4, 44]}, radius_km=-1), "no radius"),
        (feature({"type": "Polygon", "coordinates": [[["a", "b"]]]}), "feature 1"),
        ({"type": "Feature", "properties": {}, "geometry": None}, "'station' is missing"),
        ({"type": "Feature", "geometry": None}, "'properties' is missing"),
        (7, "feature 1"),
    ],
)  # fmt: skip
def test_each_fault_names_its_feature(tmp_path: Path, broken: Any, says: str) -> None:
    with pytest.raises(ConfigError, match=says) as caught:
        read_areas(put(tmp_path, broken, broken))
    assert len(caught.value.faults) == 2


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"features": 7}', "[" * 100_000])
def test_what_is_no_such_file(tmp_path: Path, content: str) -> None:
    file = tmp_path / "areas.geojson"
    file.write_text(content)
    with pytest.raises(ConfigError, match="FeatureCollection"):
        read_areas(file)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        sink(tmp_path, areas="none.geojson").probe()


def broken(folder: Path, count: int) -> int:
    file = put(
        folder,
        feature({"type": "MultiPolygon", "coordinates": [[SQUARE], [SQUARE]]}, geocodes={"EMMA_ID": ["FR030", 1]}),
        feature({"type": "Polygon", "coordinates": [SQUARE]}, area="Gardon d'Anduze"),
        feature({"type": "Point", "coordinates": [4.0, 44.0]}, radius_km=7.5),
        feature(None, station="s2"),
    )
    whole, once = file.read_bytes(), folder / "once.geojson"

    def read(data: bytes) -> None:
        once.write_bytes(data)
        for area in (area for areas in read_areas(once).values() for area in areas):
            assert all(ring[0] == ring[-1] and abs(ring[0][0]) <= 90 for ring in area.polygons)

    return check_survives(read, [whole], count, seed=23)


@pytest.mark.parametrize("count", [300, pytest.param(10_000, marks=pytest.mark.soak)])
def test_broken_files_of_areas(tmp_path: Path, count: int) -> None:
    assert count // 3 < broken(tmp_path, count) < count
