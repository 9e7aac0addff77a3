"""What `hydria check` and `hydria import` see, and that nothing secret is seen."""

from __future__ import annotations

import csv
import json
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hubeau_host import NOW, ROOT, Hubeau, answered, row, wanted
from test_hubeau_names import layout_of
from test_hubeau_reading import H, source
from test_vigicrues import AHEAD, NONE, POINTS, SEEN, by_station, observed
from test_vigicrues import source as vigicrues
from typer.testing import CliRunner
from web_server import Server, text

from hydria_hubeau.hubeau import HubeauSource
from hydria_hubeau.importing import HubeauImporter
from hydria_hubeau.vigicrues import VigicruesSource
from hydria_plugin import ConfigError, FeedError, Importer, Source, plugins
from hydria_plugin.cli import app

CANARY = "canary-7f3a"


@pytest.fixture
def hubeau(web_server: Server) -> Hubeau:
    rows = [row("V714401001", "H", f"2026-11-26T0{h}:00:00Z", 1000 + h) for h in range(6)]
    return Hubeau(web_server, rows)


# ---- hydria check


def test_the_newest_value_its_delay_unit_and_zone(hubeau: Hubeau) -> None:
    layout = layout_of(H, "level", "cm", "level", "V711501001.H")
    said = source(hubeau, layout=layout).probe()
    assert said == (
        f"Hub'Eau at 127.0.0.1:{hubeau.server.port}: 1 of 2 series have values; the newest is V714401001.H = 100.5 cm "
        "of 2026-11-26T05:00:00Z, 60 min late; it comes in mm and l/s, in UTC."
    )
    hubeau.is_dated, hubeau.now = True, NOW + np.timedelta64(2, "h")
    assert "120 min behind the host's" in source(hubeau, layout=layout).probe()


def test_without_stations_it_says_that_the_service_answers(hubeau: Hubeau) -> None:
    assert source(hubeau).probe().startswith("Hub'Eau Hydrométrie 2.0.1 at 127.0.0.1:")
    assert hubeau.asked == [{"size": "1"}]


def test_stations_that_give_nothing(hubeau: Hubeau) -> None:
    with pytest.raises(FeedError, match="none of 2 series has a value of the last hours: are the codes right"):
        source(hubeau, layout=layout_of("V999999999.H", "level", "m", "level", "V999999998.H")).probe()


def test_vigicrues(web_server: Server) -> None:
    web_server.says[SEEN] = [by_station({("K490003010", "H"): observed("K490003010", "H", POINTS)})]
    web_server.says[AHEAD] = [lambda handler: answered(handler, 200, NONE)]
    said = vigicrues(web_server, layout=layout_of("K490003010.H", "level", "m")).probe()
    assert "1 of 2 series have values; the newest is K490003010.H = 0.45 m of 2026-11-26T05:00:00Z, 60 min late" in said
    assert said.endswith("Not right: Vigicrues has no forecast of K490003010 H at present.")
    web_server.says[SEEN] = [text(200, b'[{"CdStationHydro": "K490003010", "DtObsHydro": "2026-11-26T05:00:00Z"}]')]
    assert vigicrues(web_server).probe().startswith("Vigicrues at 127.0.0.1:")


# ---- hydria import


def station(code: str, **more: Any) -> dict[str, Any]:
    plain = {"code_site": code[:8], "code_station": code, "libelle_station": f"Le Gardon à {code}", "en_service": True,
             "longitude_station": 4.1, "latitude_station": 44.1, "altitude_ref_alti_station": 120.5,
             "code_systeme_alti_site": 3, "commentaire_station": None}  # fmt: skip
    return {**plain, **more}


def surveyed(hubeau: Hubeau, stations: list[Any], **options: Any) -> Any:
    """In pages of one."""

    def say(handler: Any) -> None:
        page = int(handler.path.partition("page=")[2] or 1)
        link = f"https://hubeau.eaufrance.fr/x?code_station=V7*&page={page + 1}" if page < len(stations) else None
        message = {"count": len(stations), "next": link, "data": stations[page - 1 : page]}
        answered(handler, 206 if link else 200, json.dumps(message).encode())

    hubeau.server.says[f"{ROOT}/referentiel/stations"] = [say]
    made = HubeauImporter(url=hubeau.url, stations=["V7*"], pause_s=0, clock=lambda: NOW, **options)
    assert isinstance(made, Importer)
    return made.survey()


def test_stations_that_deliver_are_found_and_others_told(hubeau: Hubeau) -> None:
    hubeau.rows.append(row("V714401001", "Q", "2026-11-26T05:00:00Z", 5.0))
    hubeau.rows.append(row(None, "Q", "2026-11-26T05:00:00Z", 5.0, site="V7144010"))
    stations = [
        station("V714401001", commentaire_station="Sous influence\n d'un barrage"),
        station("V711501001", altitude_ref_alti_station=13318.0),
        station("V799999901", en_service=False),
        "no station",
    ]
    found = surveyed(hubeau, stations)
    (one,) = found.stations
    assert (one.station, one.target, one.quantity, one.unit, one.latitude) == ("V714401001", H, "level", "m", 44.1)
    mine = {(i.series, i.kind, i.station) for i in found.inputs}
    assert mine == {(H, "level", "V714401001"), ("V714401001.Q", "discharge", "V714401001")}
    told = "\n".join(found.remarks)
    assert "1 stations in service gave no H in the last 6 hours and are left out: V711501001" in told
    assert "zero at 120.5 m in NGF-IGN69" in told and "Sous influence d'un barrage" in told and "no thresholds" in told
    assert hubeau.asked[0] == {"code_station": "V7*", "en_service": "true", "size": "10000"}
    assert hubeau.asked[-1]["date_debut_obs"] == "2026-11-26T00:00:00Z"


def test_what_is_found_can_be_read_by_the_source(hubeau: Hubeau) -> None:
    found = surveyed(hubeau, [station("V714401001")])
    assert len(source(hubeau).read(wanted([s.target for s in found.stations]))) == 6


def test_discharge_as_the_target_and_zeros_that_cannot_be(hubeau: Hubeau) -> None:
    assert surveyed(hubeau, [station("V714401001")], quantity="Q").stations == ()
    told = surveyed(hubeau, [station("V714401001", altitude_ref_alti_station=13318.0)]).remarks
    assert any("zero at 13318 m in NGF-IGN69, which cannot be" in r for r in told)


def test_no_station_and_no_wish(hubeau: Hubeau) -> None:
    with pytest.raises(FeedError, match="has no station in service for"):
        surveyed(hubeau, [])
    with pytest.raises(ConfigError, match="name stations, departments, river or bbox") as found:
        HubeauImporter(quantity="X", bbox=[])
    assert "quantity = 'X' must be H or Q" in str(found.value)
    for wrong in ([1, 2], ["a", 1, 2, 3]):
        with pytest.raises(ConfigError, match="must be four numbers"):
            HubeauImporter(bbox=wrong, river="Le Gardon")
    one = HubeauImporter(stations="V714*", departments=30, bbox=[1, 2.5, 3, 4])
    assert one._filter["code_station"] == "V714*" and one._filter["code_departement"] == "30"
    assert one._filter["bbox"] == "1,2.5,3,4"


def test_hydria_import_writes_files_to_be_reviewed(
    hubeau: Hubeau, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command has no clock but the machine's: the values here are of a time to come."""
    load, points = plugins.load_plugins, [EntryPoint("hubeau", "hydria_hubeau", "hydria")]
    monkeypatch.setattr(plugins, "load_plugins", lambda: load(points=points))
    hubeau.rows = [row(code, q, "2150-01-01T00:00:00Z", 1) for code in ("V714401001", "V711501001") for q in "HQ"]
    message = {"count": 2, "next": None, "data": [station("V714401001"), station("V711501001", latitude_station=None)]}
    hubeau.server.says[f"{ROOT}/referentiel/stations"] = [text(200, json.dumps(message).encode())]
    words = ["import", "hubeau", f"url={hubeau.url}", 'departments=["30"]', "--out", str(tmp_path)]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output
    with (tmp_path / "stations.csv").open() as file:
        sites = list(csv.DictReader(file))
    assert [(s["station"], s["target"], s["unit"], s["lat"]) for s in sites] == [
        ("V714401001", "V714401001.H", "m", "44.1"),
        ("V711501001", "V711501001.H", "m", ""),
    ]
    inputs = (tmp_path / "inputs.csv").read_text()
    assert "V714401001,discharge.1,V714401001.Q,discharge" in inputs and "V711501001,discharge.1" in inputs
    assert "no thresholds" in done.output and hubeau.asked[0]["code_departement"] == "30"


# ---- the house, and secrets


def test_the_plug_in_offers_two_sources_and_an_importer() -> None:
    registry = plugins.load_plugins(points=[EntryPoint("hubeau", "hydria_hubeau", "hydria")])
    assert registry.problems == []
    for role, name in (("source", "hubeau"), ("source", "vigicrues"), ("importer", "hubeau")):
        offer = registry.offer(role, name)
        assert "url" in offer.options() and "clock" not in offer.options() and offer.required() == ()
    built = registry.build("source", "hubeau", {"record": "r", "pause_s": 1}, {"clock": lambda: NOW, "folder": "."})
    assert isinstance(built, Source)


@pytest.mark.parametrize("factory", [HubeauSource, VigicruesSource])
def test_a_password_in_the_address_is_refused_and_not_shown(factory: Any) -> None:
    with pytest.raises(ConfigError, match="must not hold a user or a password") as found:
        factory(url=f"https://me:{CANARY}@hubeau.eaufrance.fr/api")
    assert CANARY not in str(found.value)


@pytest.mark.parametrize("factory", [HubeauSource, VigicruesSource])
def test_a_key_in_the_address_is_refused_and_not_shown(factory: Any) -> None:
    with pytest.raises(ConfigError, match="url must end with its path") as found:
        factory(url=f"https://hubeau.eaufrance.fr/api?key={CANARY}")
    assert CANARY not in str(found.value)


def test_what_is_asked_is_not_shown_in_errors(hubeau: Hubeau) -> None:
    hubeau.server.says[f"{ROOT}/observations_tr"] = [text(404, b"gone")]
    with pytest.raises(FeedError, match="HTTP 404: 'gone'") as found:
        source(hubeau, names={"V714401001.H": CANARY}).read(wanted([CANARY]))
    assert "V714401001" not in str(found.value) and CANARY not in str(found.value)
