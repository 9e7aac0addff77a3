"""The importer: what FEWS has, from files and from the web service, as an admin would use it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from fews_platform import put_file, series_of
from fews_samples import REST, XML, real
from fews_service import failing, serving
from whole_loop import rows_between

from hydria_fews.naming import Naming
from hydria_fews.pi_json import pi_json
from hydria_fews.pi_series import PiHeader, PiSeries, PiThreshold
from hydria_fews.survey import FewsSurvey, inventory, kind_of
from hydria_plugin import ConfigError, FeedError

YELLOW, RED = PiThreshold("y", 80.0, "yellow"), PiThreshold("r", 200.0, "red")
LOW = PiThreshold("l", 10.0, "drought", is_high=False)


def with_thresholds() -> list[PiSeries]:
    found = series_of(rows_between(0, 24))
    places = {"station_name": "Upper bridge", "latitude": 44.1, "longitude": 3.9}
    found[0] = replace(found[0], header=replace(found[0].header, thresholds=(RED, LOW, YELLOW), **places))
    return found


def test_a_folder(tmp_path: Path) -> None:
    put_file(tmp_path / "a.xml", with_thresholds())
    (tmp_path / "b.xml").write_text("<html/>")
    found = FewsSurvey(path=str(tmp_path)).survey()
    (station,) = found.stations
    assert (station.station, station.target, station.quantity, station.unit) == (
        "Q_UP",
        "Q_UP/Q.obs",
        "discharge",
        "m3/s",
    )
    assert station.name == "Upper bridge" and (station.latitude, station.longitude) == (44.1, 3.9)
    assert list(station.thresholds.items()) == [("yellow", 80.0), ("red", 200.0)]
    assert {(i.series, i.kind) for i in found.inputs} == {
        ("H_DOWN/H.obs", "level"), ("R1/P.obs", "rain"), ("R2/P.obs", "rain"), ("R3/P.obs", "rain")
    }  # fmt: skip
    assert any("b.xml" in r for r in found.remarks) and any("drought" in r for r in found.remarks)


def test_without_thresholds_every_gauge_is_a_station(tmp_path: Path) -> None:
    put_file(tmp_path / "a.xml", series_of(rows_between(0, 24)))
    found = FewsSurvey(path="a.xml", folder=tmp_path).survey()
    assert {s.station for s in found.stations} == {"Q_UP", "H_DOWN"} and len(found.inputs) == 3
    assert any("no series has thresholds" in r for r in found.remarks)


@pytest.mark.parametrize("form", ["json", "xml"])
def test_the_web_service(form: str) -> None:
    with serving() as host:
        series = with_thresholds()
        series[0] = replace(series[0], header=replace(series[0].header, station_name="", latitude=np.nan))
        host.keep("application/json", json.dumps(pi_json(series)).encode())
        found = FewsSurvey(url=host.url, filter="f", form=form).survey()
        (station,) = found.stations
        assert station.name == "Q_Up" and (station.latitude, station.longitude) == (44.1, 4.1)
        assert station.thresholds == {"yellow": 80.0, "red": 200.0} and len(found.inputs) == 4
        (path, query), _ = host.questions
        assert path == "timeseries" and query["onlyHeaders"] == query["showThresholds"] == ["true"]
        assert "startTime" in query and "endTime" in query
        host.trouble = [
            lambda handler: failing(200, json.dumps(pi_json(series)).encode())(handler),
            failing(404, b"no"),
        ]
        assert any("places are taken from the series" in r for r in FewsSurvey(url=host.url).survey().remarks)


def test_thresholds_are_in_the_unit_of_the_station() -> None:
    header = PiHeader("L", "H", units="cm", thresholds=(replace(YELLOW, value=250.0),))
    (station,) = inventory([header], Naming()).stations
    assert (station.unit, station.thresholds) == ("m", {"yellow": 2.5})


def test_a_second_quantity_of_a_station_is_its_input() -> None:
    level = PiHeader("L", "H", units="m + MSL", thresholds=(YELLOW,))
    found = inventory(
        [level, PiHeader("L", "Q", units="m3/s"), PiHeader("R", "P", "accumulative", units="mm")], Naming()
    )
    assert [s.quantity for s in found.stations] == ["level"]
    assert [(i.kind, i.station) for i in found.inputs] == [("discharge", "L"), ("rain", "")]


@pytest.mark.parametrize(
    ("header", "kind"),
    [
        (PiHeader("a", "b", units="mm"), "level"),
        (PiHeader("a", "b", "accumulative", units="mm"), "rain"),
        (PiHeader("a", "b", units="m3/s"), "discharge"),
        (PiHeader("a", "b", units="oC"), "temperature"),
        (PiHeader("a", "b", units="%"), "other"),
        (PiHeader("a", "b", units="m3/s", issued_at=np.datetime64("2026-01-01", "ms")), "simulation"),
    ],
)
def test_kinds(header: PiHeader, kind: str) -> None:
    assert kind_of(header) == kind


def test_nothing_to_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FeedError, match="holds no PI time series"):
        FewsSurvey(path=str(tmp_path)).survey()
    with pytest.raises(FeedError, match="cannot be read"):
        FewsSurvey(path=str(tmp_path / "none.xml")).survey()


@pytest.mark.parametrize("options", [{}, {"path": "a", "url": "https://h.example"}, {"path": "a", "id": "{x}"}])
def test_wrong_options(options: dict[str, str]) -> None:
    with pytest.raises(ConfigError, match="importer fews"):
        FewsSurvey(**options)  # type: ignore[arg-type]


@real
def test_real_locations() -> None:
    """As a service describes its places: name and position of those that have series."""
    data = (REST / "pirequests_locations.json").read_bytes()
    place = next(one for one in json.loads(data)["locations"] if one.get("lat"))
    header = PiHeader(place["locationId"], "H", units="m", thresholds=(YELLOW,))
    with serving() as host:
        series = json.dumps(pi_json([PiSeries.of(header, [], [])])).encode()
        host.trouble = [failing(200, series), failing(200, data)]
        (station,) = FewsSurvey(url=host.url).survey().stations
    assert (station.latitude, station.longitude) == (float(place["lat"]), float(place["lon"]))
    assert station.name == (place.get("shortName") or place.get("description") or place["locationId"])


@real
def test_real_headers() -> None:
    found = FewsSurvey(path=str(XML)).survey()
    assert found.stations and all(s.quantity in ("level", "discharge") for s in found.stations)
    assert any(i.kind == "other" and "vullingsgraad" in i.series for i in found.inputs)
