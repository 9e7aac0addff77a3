"""The whole loop through a folder of Sandre XML: observations in, forecasts, an alert and its report out, read back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from lxml import etree
from whole_loop import Hosted, Rows, run_loop

CODES = {"q_up": "Y1612020.Q", "h_down": "Y161203001.H", "r1": "01033002.RR", "r2": "01033003.RR", "r3": "01033004.RR"}
OUT = '{ use = "sandre", path = "out", sender = "1520", contact = "26", model = "hydria", values = "both" }'


def hydro(code: str, quantity: str, times: np.ndarray, values: np.ndarray) -> str:
    """A v1.1 series in the host's units."""
    tag = "CdSiteHydro" if quantity == "Q" else "CdStationHydro"
    points = "".join(
        f"<ObsHydro><DtObsHydro>{t}</DtObsHydro><ResObsHydro>{1000 * v:.3f}</ResObsHydro>"
        "<QualifObsHydro>20</QualifObsHydro></ObsHydro>"
        for t, v in zip(times, values, strict=True)
    )
    return f"<Serie><{tag}>{code}</{tag}><GrdSerie>{quantity}</GrdSerie><ObssHydro>{points}</ObssHydro></Serie>"


def rain(code: str, times: np.ndarray, values: np.ndarray) -> str:
    """A flat v1.1 list, one hour each."""
    return "".join(
        f"<ObsMeteo><CdGrdMeteo>RR</CdGrdMeteo><CdSiteMeteo>{code}</CdSiteMeteo><DtObsMeteo>{t}</DtObsMeteo>"
        f"<ResObsMeteo>{v}</ResObsMeteo><DureeObsMeteo>60</DureeObsMeteo></ObsMeteo>"
        for t, v in zip(times, values, strict=True)
    )


def test_whole_loop_through_a_folder_of_sandre_xml(tmp_path: Path) -> None:
    drop = tmp_path / "drop"
    drop.mkdir()

    def put(rows: Rows) -> None:
        series = "".join(hydro(*CODES[name].split("."), *rows.of(name)) for name in ("q_up", "h_down"))
        gauges = "".join(rain(CODES[name].split(".")[0], *rows.of(name)) for name in ("r1", "r2", "r3"))
        text = (
            "<hydrometrie><Scenario><CodeScenario>hydrometrie</CodeScenario><VersionScenario>1.1</VersionScenario>"
            f"</Scenario><Donnees><Series>{series}</Series><ObssMeteo>{gauges}</ObssMeteo></Donnees></hydrometrie>"
        )
        (drop / f"{str(rows.times.max()).replace(':', '')}.xml").write_text(text)

    source = '{ use = "sandre", path = "drop" }'
    loop = run_loop(tmp_path, Hosted(put, source, [OUT], {"sandre": "hydria_sandre"}, CODES))
    scale = 1000.0  # m to mm, m3/s to l/s
    entity = {"up": ("CdSiteHydro", "Y1612020"), "down": ("CdStationHydro", "Y161203001")}
    for bulletin in loop.bulletins:
        stamp = f"{bulletin.issued_at}Z".replace("-", "").replace(":", "")
        root = etree.parse(tmp_path / "out" / f"loop_{stamp}_r0.xml").getroot()
        for row, station in enumerate(bulletin.forecast.stations):
            tag, code = entity[station]
            simulation = next(s for s in root.iter("Simul") if s.findtext(tag) == code)
            assert simulation.findtext("DtProdSimul") == str(bulletin.issued_at)
            points = simulation.findall("Prevs/Prev")
            assert [p.findtext("DtPrev") for p in points] == [str(t) for t in bulletin.forecast.valid_times()]
            told = [[float(p.findtext(f"Res{n}Prev")) for n in ("Min", "Moy", "Max")] for p in points]
            np.testing.assert_allclose(np.array(told) / scale, bulletin.forecast.values[row], atol=5.1e-7)
            percents = [[int(q.text) for q in p.iter("PProbPrev")] for p in points]
            assert percents == [[10, 50, 90]] * len(points)
    comments = "".join(
        str(s.text) for f in (tmp_path / "out").glob("loop_*.xml") for s in etree.parse(f).iter("ComSimul")
    )
    assert all(f"événement {alert.event}" in comments for alert in loop.news)
    assert "ALERTE seuil yellow 30 m3/s" in comments
    events = [next(etree.parse(f).iter("Evenement")) for f in (tmp_path / "out").glob("evenement_*.xml")]
    texts = "".join(str(e.findtext("DescEvenement")) for e in events)
    assert all(r.headline in texts and r.event in texts for r in loop.reports)
    assert {e.findtext("DtEvenement") for e in events} <= {str(b.issued_at) for b in loop.bulletins}
