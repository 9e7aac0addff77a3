"""The importer: sites and stations, thresholds in bands and in force, gauges, what is told instead of taken."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sandre_messages import SPACE, message

from hydria_plugin import ConfigError, FeedError, FoundStation, Inventory
from hydria_plugin.workshop.inventory_files import write_inventory
from hydria_sandre.importer import SandreImporter

PLACE = (
    "<CoordSiteHydro><CoordXSiteHydro>700000</CoordXSiteHydro><CoordYSiteHydro>6600000</CoordYSiteHydro>"
    "<ProjCoordSiteHydro>26</ProjCoordSiteHydro></CoordSiteHydro>"
)
SITE = (
    "<SitesHydro><SiteHydro><CdSiteHydro>O2000040</CdSiteHydro><LbSiteHydro>La Garonne à Toulouse</LbSiteHydro>"
    f"{PLACE}<StationsHydro><StationHydro><CdStationHydro>O200004001</CdStationHydro><Capteurs><Capteur>"
    "<CdCapteur>O20000400101</CdCapteur><LbCapteur>Radar</LbCapteur><TypMesureCapteur>H</TypMesureCapteur></Capteur>"
    "</Capteurs></StationHydro><StationHydro><CdStationHydro>O200004002</CdStationHydro><LbStationHydro>Vieille"
    "</LbStationHydro><DtFermetureStationHydro>2009-01-01T00:00:00</DtFermetureStationHydro></StationHydro>"
    "</StationsHydro></SiteHydro></SitesHydro>"
)
GAUGE = (
    "<SitesMeteo><SiteMeteo><CdSiteMeteo>01072001</CdSiteMeteo><LbSiteMeteo>CEYZERIAT</LbSiteMeteo><GrdsMeteo>"
    "<GrdMeteo><CdGrdMeteo>RR</CdGrdMeteo></GrdMeteo><GrdMeteo><CdGrdMeteo>TA</CdGrdMeteo>"
    "<DtFermetureServiceGrdMeteo>2008-01-01T00:00:00</DtFermetureServiceGrdMeteo></GrdMeteo></GrdsMeteo></SiteMeteo>"
    "<SiteMeteo><CdSiteMeteo>01072002</CdSiteMeteo></SiteMeteo></SitesMeteo>"
)


def threshold(severity: int, *values: str, code: str = "1", nature: int = 22, kind: int = 1) -> str:
    """v2; a value is "entity value [tolerance [since [until]]]"."""
    made = ""
    for text in values:
        entity, value, *more = text.split()
        tag = {8: "SiteHydro", 10: "StationHydro", 12: "Capteur"}[len(entity)]
        name = {8: "CdSiteHydro", 10: "CdStationHydro", 12: "CdCapteur"}[len(entity)]
        ends = ("Tolerance", "DtActivation", "DtDesactivation")
        rest = "".join(f"<{e}ValSeuilHydro>{m}</{e}ValSeuilHydro>" for e, m in zip(ends, more, strict=False))
        whose = f"<{tag}><{name}>{entity}</{name}></{tag}>"
        made += f"<ValSeuilHydro><ValValSeuilHydro>{value}</ValValSeuilHydro>{rest}{whose}</ValSeuilHydro>"
    head = f"<CdSeuilHydro>{code}</CdSeuilHydro><TypSeuilHydro>{kind}</TypSeuilHydro>"
    judged = (
        f"<NatureSeuilHydro>{nature}</NatureSeuilHydro><IndiceGraviteSeuilHydro>{severity}</IndiceGraviteSeuilHydro>"
    )
    values_ = f"<DureeSeuilHydro>60</DureeSeuilHydro><ValsSeuilHydro>{made}</ValsSeuilHydro>"
    return f"<SeuilHydro>{head}{judged}{values_}</SeuilHydro>"


def survey(folder: Path, *parts: str, version: str = "2", space: str = "", **options: object) -> Inventory:
    thresholds = "".join(p for p in parts if p.startswith("<SeuilHydro>"))
    rest = "".join(p for p in parts if not p.startswith("<SeuilHydro>"))
    text = message(f"{rest}<SeuilsHydro>{thresholds}</SeuilsHydro>", version, space, "RefHyd")
    made = "<DateHeureCreationFichier>2012-06-04T09:22:44</DateHeureCreationFichier></Scenario>"
    (folder / "ref.xml").write_text(text.replace("</Scenario>", made))
    return SandreImporter(path="ref.xml", folder=folder, **options).survey()  # type: ignore[arg-type]


def limits(found: Inventory, station: str = "O2000040") -> dict[str, float]:
    return dict(next(s for s in found.stations if s.station == station).thresholds)


@pytest.mark.parametrize("space", ["", SPACE])
def test_sites_stations_and_gauges(tmp_path: Path, space: str) -> None:
    found = survey(tmp_path, SITE, GAUGE, space=space)
    site, station = found.stations
    assert (site.station, site.target, site.quantity, site.unit) == ("O2000040", "O2000040.Q", "discharge", "m3/s")
    assert (site.latitude, site.longitude) == pytest.approx((46.5, 3.0), abs=1e-9)
    assert station == FoundStation(
        "O200004001", "La Garonne à Toulouse", "O200004001.H", "level", "m", site.latitude, site.longitude
    )
    assert [(i.series, i.kind, i.station) for i in found.inputs] == [
        ("O20000400101.H", "level", "O200004001"), ("01072001.RR", "rain", ""), ("01072002.RR", "rain", "")
    ]  # fmt: skip
    assert "closed: O200004002" in found.remarks


def test_a_sensor_is_closed_with_its_station(tmp_path: Path) -> None:
    closed = "<DtFermetureStationHydro>2009-01-01T00:00:00</DtFermetureStationHydro>"
    text = SITE.replace("O200004001</CdStationHydro>", f"O200004001</CdStationHydro>{closed}", 1)
    found = survey(tmp_path, text)
    assert [s.station for s in found.stations] == ["O2000040"] and not found.inputs
    assert "closed: O200004001, O20000400101, O200004002" in found.remarks


def test_a_station_that_is_only_named_elsewhere_does_not_hide_what_is_known(tmp_path: Path) -> None:
    found = survey(tmp_path, threshold(26, "O2000040 100"), SITE)
    assert found.stations[0].name == "La Garonne à Toulouse" and limits(found) == {"jaune": 0.1}


@pytest.mark.parametrize(
    ("severity", "band"),
    [(24, ""), (25, "jaune"), (26, "jaune"), (48, "jaune"), (49, ""), (50, "orange"), (51, "orange"), (74, ""),
     (75, "rouge"), (76, "rouge"), (100, "rouge"), (65, "orange")],
)  # fmt: skip
def test_severities_of_producers_and_bands(tmp_path: Path, severity: int, band: str) -> None:
    assert list(limits(survey(tmp_path, threshold(severity, "O2000040 7000465")))) == ([band] if band else [])


def test_levels_in_mm_and_discharges_in_litres(tmp_path: Path) -> None:
    found = survey(tmp_path, threshold(26, "O2000040 7000465", "O200004001 3200"))
    assert limits(found) == {"jaune": 7000.465} and limits(found, "O200004001") == {"jaune": 3.2}


def test_the_lowest_in_force_counts(tmp_path: Path) -> None:
    values = (
        "O2000040 900 0 2010-01-01T00:00:00 2011-01-01T00:00:00",  # no more
        "O2000040 950 0 2013-01-01T00:00:00",  # not yet
        "O2000040 2000 0 2010-01-01T00:00:00 2038-01-01T00:00:00",
        "O2000040 1500 0 2011-01-01T00:00:00",
    )
    assert limits(survey(tmp_path, threshold(26, *values))) == {"jaune": 1.5}
    assert limits(survey(tmp_path, threshold(26, *values), at="2010-06-01")) == {"jaune": 0.9}
    later = survey(tmp_path, threshold(26, *values), clock=lambda: np.datetime64("2014-01-01", "us"))
    assert limits(later) == {"jaune": 0.95}
    assert "2 thresholds are not in force on 2012-06-04" in survey(tmp_path, threshold(26, *values)).remarks


def test_without_any_date_what_ended_once_has_ended(tmp_path: Path) -> None:
    values = "O2000040 900 0 2010-01-01T00:00:00 2011-01-01T00:00:00", "O2000040 1500 0 2011-01-01T00:00:00"
    (tmp_path / "m.xml").write_text(message(f"<SeuilsHydro>{threshold(26, *values)}</SeuilsHydro>", part="RefHyd"))
    assert limits(SandreImporter(path="m.xml", folder=tmp_path).survey()) == {"jaune": 1.5}


def test_bands_and_natures_of_the_admin(tmp_path: Path) -> None:
    parts = threshold(65, "O2000040 1000", nature=32), threshold(10, "O2000040 500", code="2", nature=32)
    found = survey(tmp_path, *parts, natures=[32], bands={"alerte": [1, 20], "crue": [60, 70]})
    assert limits(found) == {"alerte": 0.5, "crue": 1.0}
    assert "2 thresholds of natures [32] are in no band: see `natures` and `bands`" in survey(tmp_path, *parts).remarks


def test_what_does_not_rise_is_left_out(tmp_path: Path) -> None:
    found = survey(tmp_path, threshold(26, "O2000040 1000"), threshold(51, "O2000040 900", code="2"))
    assert limits(found) == {"jaune": 1.0}
    assert "O2000040: threshold orange = 900 is not above 1000; it is left out" in found.remarks


def test_tolerances_rates_and_sensors_are_told(tmp_path: Path) -> None:
    found = survey(
        tmp_path,
        threshold(26, "O2000040 1000 100", "O20000400101 500"),
        threshold(26, "O200004001 4380", code="2", kind=2),
    )
    assert "O2000040: tolerance of its thresholds 0.1: see [alerts] tolerance" in found.remarks
    assert "O200004001: 4380 mm in 60 min is a rate of rise: see [alerts] rates" in found.remarks
    assert "thresholds of sensors are not taken: O20000400101" in found.remarks


V1 = (
    "<SitesHydro><SiteHydro><CdSiteHydro>O2000040</CdSiteHydro><ValeursSeuilsSiteHydro>"
    "<{one}><CdSeuilSiteHydro>19</CdSeuilSiteHydro><TypSeuilSiteHydro>1</TypSeuilSiteHydro>"
    "<NatureSeuilSiteHydro>22</NatureSeuilSiteHydro><IndiceGraviteSeuilSiteHydro>26</IndiceGraviteSeuilSiteHydro>"
    "<ValDebitSeuilSiteHydro>1000</ValDebitSeuilSiteHydro>"
    "<DtDesactivationSeuilSiteHydro>2010-12-31T23:59:59</DtDesactivationSeuilSiteHydro><ValeursSeuilsStationHydro>"
    "<ValeursSeuilStationHydro><CdStationHydro>O200004001</CdStationHydro>"
    "<ValHauteurSeuilStationHydro>3200.0</ValHauteurSeuilStationHydro><ToleranceSeuilStationHydro>20"
    "</ToleranceSeuilStationHydro></ValeursSeuilStationHydro></ValeursSeuilsStationHydro></{one}>"
    "<{one}><CdSeuilSiteHydro>19</CdSeuilSiteHydro><ValDebitSeuilSiteHydro>4000</ValDebitSeuilSiteHydro>"
    "<DtActivationSeuilSiteHydro>2011-01-01T00:00:00</DtActivationSeuilSiteHydro></{one}>"
    "</ValeursSeuilsSiteHydro></SiteHydro></SitesHydro>"
)


@pytest.mark.parametrize("one", ["ValeursSeuilSiteHydro", "ValeurSeuilSiteHydro"])
def test_v1_tells_type_and_nature_with_the_first_value_only(tmp_path: Path, one: str) -> None:
    found = survey(tmp_path, V1.format(one=one), version="1.1")
    assert limits(found) == {"jaune": 4.0} and limits(found, "O200004001") == {"jaune": 3.2}
    assert "O200004001: tolerance of its thresholds 0.02: see [alerts] tolerance" in found.remarks
    assert limits(survey(tmp_path, V1.format(one=one), at="2010-06-01")) == {"jaune": 1.0}


def test_what_is_imported_is_taken_by_the_house(tmp_path: Path) -> None:
    parts = (
        threshold(26, "O2000040 100000", "O200004001 3200"),
        threshold(51, "O2000040 200000", "O200004001 4200", code="2"),
    )
    found = survey(tmp_path, SITE, GAUGE, *parts)
    paths, remarks = write_inventory(found, tmp_path / "site")
    assert {p.name for p in paths} >= {"stations.csv", "inputs.csv"}
    text = (tmp_path / "site" / "stations.csv").read_text()
    assert "O200004001,La Garonne à Toulouse,46.5,3,O200004001.H,level,m,3.2,4.2" in text
    assert remarks == found.remarks, "the house has nothing to add"


def test_csv_drops_of_sites(tmp_path: Path) -> None:
    text = (
        "<CdSiteHydro>;<LbSiteHydro>;<CoordXSiteHydro>;<CoordYSiteHydro>;<ProjCoordSiteHydro>;<CdStationHydro>;"
        "<LbStationHydro>;<DtFermetureStationHydro>;<FLG>\n"
        "D0137010;L'Helpe à Étroeungt;700000,0;6600000;26;D013701001;rive droite;;FLG\n"
        "W8230456;Le Meu;10;20;1;W823460101;La stâtion;10/04/1964;FLG\n"
    )
    (tmp_path / "sites.csv").write_bytes(text.encode("iso-8859-1"))
    found = SandreImporter(path="sites.csv", folder=tmp_path, at="2026-01-01").survey()
    assert [s.station for s in found.stations] == ["D0137010", "D013701001", "W8230456"]
    assert found.stations[0].name == "L'Helpe à Étroeungt"
    assert found.stations[1].latitude == pytest.approx(46.5)
    assert set(found.remarks) == {"closed: W823460101", "without a place (projection 1): W8230456"}


def test_broken_files_are_remarks_and_nothing_at_all_an_error(tmp_path: Path) -> None:
    (tmp_path / "bad.xml").write_text("<hydrometrie><RefHyd>")
    (tmp_path / "cap.xml").write_text("<alert/>")
    importer = SandreImporter(path=".", folder=tmp_path)
    with pytest.raises(FeedError, match=r"bad\.xml: is not well-formed XML .*; cap\.xml: its root is <alert>"):
        importer.survey()
    (tmp_path / "good.xml").write_text(message(SITE, part="RefHyd"))
    assert len(importer.survey().remarks) >= 2 and len(importer.survey().stations) == 2
    with pytest.raises(FeedError, match="no file matches"):
        SandreImporter(path=".", folder=tmp_path, pattern="*.zip").survey()
    with pytest.raises(FeedError, match="cannot be listed"):
        SandreImporter(path="nowhere", folder=tmp_path).survey()


def test_all_faults_of_the_options_at_once() -> None:
    with pytest.raises(ConfigError) as told:
        SandreImporter(path="", natures=["22"], bands={"a": [3]}, power_curves="cm", at="soon")  # type: ignore[list-item]
    text = "\n".join(told.value.faults)
    assert all(f"importer sandre: {part}" in text for part in ("path", "natures", "bands.a", "power_curves", "at ="))
    with pytest.raises(ConfigError, match="series ="):
        SandreImporter(path="x", series="{x}")
