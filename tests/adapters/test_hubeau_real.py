"""Every real message of ../shared/samples of these hosts: read, or refused with a sentence that is right about why."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hubeau_host import ROOT, Hubeau, errors, wanted
from test_vigicrues import AHEAD, SEEN
from web_server import Server, text

from hydria_hubeau import bulletins
from hydria_hubeau.hubeau import HubeauSource
from hydria_hubeau.names import Key
from hydria_hubeau.observations import Place, observations, page
from hydria_hubeau.referential import gauges, remarks
from hydria_hubeau.telling import Tally
from hydria_hubeau.vigicrues import VigicruesSource
from hydria_plugin import FeedError, Flag
from hydria_plugin.exchange import moment

PLACES = [up / "shared" / "samples" for up in Path(__file__).resolve().parents]
SAMPLES = next((place for place in PLACES if place.is_dir()), PLACES[-1])
HUBEAU, VIGICRUES = SAMPLES / "hubeau-hydrometrie", SAMPLES / "vigicrues"
FILES = sorted([*HUBEAU.glob("*.json"), *VIGICRUES.glob("*json")]) if SAMPLES.is_dir() else []

pytestmark = pytest.mark.skipif(not FILES, reason="../shared/samples is not beside this checkout")


def message(path: Path) -> Any:
    return json.loads(path.read_bytes())


def test_four_rows_of_version_2_through_the_source(web_server: Server) -> None:
    """A doubtful value, a site row that doubles a station's, and a level."""
    body = (HUBEAU / "v2_observations_tr_4rows.json").read_bytes()
    web_server.says[f"{ROOT}/observations_tr"] = [text(200, body)]
    now = np.datetime64("2026-08-26T07:40:00", "us")
    made = HubeauSource(url=Hubeau(web_server).url, clock=lambda: now, pause_s=0)
    web_server.says[f"{ROOT}/observations_tr"] = [text(200, body)]
    series = ["F447000302.Q", "F459000101.Q", "F490000105.H"]
    table = made.read(wanted(series, "2026-08-26T00:00", "2026-08-26T07:40")).set_index("series")
    assert table["value"].to_dict() == {series[0]: 42.6, series[1]: 5.09, series[2]: 29.98}
    assert table["flag"].to_dict() == {series[0]: Flag.UNKNOWN, series[1]: Flag.SUSPECT, series[2]: Flag.UNKNOWN}
    assert str(table.loc[series[2], "time"]) == "2026-08-26 07:30:01+00:00"
    assert [
        e for e in errors(made.read(wanted(series, "2026-08-26T00:00", "2026-08-26T07:40"))) if "clock" not in e
    ] == []


def test_the_site_row_is_the_sites() -> None:
    rows = page(message(HUBEAU / "v2_observations_tr_4rows.json"), "sample").rows
    places = {Key("F4470003", "Q"): (Place("site", 0.001, "m3/s"),)}
    assert observations(rows, places, Tally()).value.tolist() == [42.6]


def test_version_1_is_read_too() -> None:
    one = page(message(HUBEAU / "v1_observations_tr_1row.json"), "sample")
    places = {Key("O588251001", "Q"): (Place("q", 0.001, "m3/s"),)}
    found = observations(one.rows, places, Tally())
    assert (one.count, len(one.rows), found.value.tolist(), found.status.tolist()) == (10, 1, [147.629], [4])
    assert found.time[0] == moment("2021-02-16T10:00:00Z")


def test_a_station_of_the_referential() -> None:
    rows = page(message(HUBEAU / "v2_referentiel_station_excerpt.json"), "sample").rows
    (gauge,) = gauges(rows)
    assert (gauge.code, gauge.zero, gauge.datum) == ("B540001001", 140.43, 3)
    assert gauge.name == "La Meuse à Charleville-Mézières" and 49 < gauge.latitude < 50 < 51
    told = "\n".join(remarks([gauge], [gauge], "H"))
    assert "zero at 140.43 m in NGF-IGN69\n" in told and "barrage" in told


def test_observations_and_forecast_of_vigicrues_through_the_source(web_server: Server) -> None:
    web_server.says[SEEN] = [text(200, (VIGICRUES / "observations_F700000103_H_simple.json").read_bytes())]
    web_server.says[AHEAD] = [text(200, (VIGICRUES / "prevision_K490003010_excerpt.json").read_bytes())]
    now = np.datetime64("2021-03-17T06:00:00", "us")
    made = VigicruesSource(url=f"{web_server.address}/services", clock=lambda: now, pause_s=0)
    table = made.read(wanted(["F700000103.H"], "2021-03-15T00:00", "2021-03-17T06:00"))
    assert len(table) == 20 and (table["value"].iloc[0], table["value"].iloc[-1]) == (1.27, 1.19)
    assert str(table["time"].iloc[0]) == "2021-03-15 23:00:00+00:00"
    asked = wanted([f"K490003010.H.{t}" for t in ("min", "moy", "max")], "2026-09-23T00:00", "2026-09-23T20:00")
    table = made.read(asked).set_index("series")
    assert table["value"].tolist() == [0.44, 0.42, 0.43] and set(map(str, table["time"])) == {
        "2026-09-23 21:00:00+00:00"
    }
    assert set(map(str, table["issued_at"])) == {"2026-09-23 06:26:26+00:00"}


@pytest.mark.parametrize(
    ("name", "held"),
    [
        ("InfoVigiCru_2026_3reaches.geojson", "type, name, RefInfoVigiCru"),
        ("v1_InfoVigiCru_CdEntVigiCru1.json", "vic:InfoVigiCru"),
        ("v1_InfoVigiCru_CdEntVigiCruAP1.json", "vic:InfoVigiCru"),
        ("v1_StaEntVigiCru_CdEntVigiCruE351122001.json", "vic:StaEntVigiCru"),
        ("v1_TerEntVigiCru.json", "vic:TerEntVigiCru"),
        ("v1_TronEntVigiCru_CdEntVigiCruAP1.json", "vic:TronEntVigiCru"),
    ],
)
def test_colours_and_lists_of_reaches_are_refused_by_what_they_hold(name: str, held: str) -> None:
    for read in (bulletins.observations, bulletins.forecasts):
        with pytest.raises(FeedError, match=f"{name}: holds no (Serie|Simul) but .*{held}"):
            read(message(VIGICRUES / name), Key("K490003010", "H"), name, {}, Tally())


def test_no_sample_is_forgotten() -> None:
    source = Path(__file__).read_text()
    assert [f.name for f in FILES if f.name not in source] == []
