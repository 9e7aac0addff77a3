"""The sink: forecasts written, read back by ourselves and by plain lxml; revisions, repeats, refusals, reports."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree
from sandre_messages import asked, read

from hydria_plugin import Alert, Bulletin, ConfigError, FeedError, Reason, Report
from hydria_plugin.testing import check_sink, sample_bulletin, sample_layout
from hydria_sandre.sink import SandreSink

HOUR = np.timedelta64(3600, "s")
CODES = ("Y1612020", "A123456701")
OPTIONS: dict[str, Any] = {"path": "out", "sender": "1520", "contact": "26", "model": "hydria"}


def layout(units: tuple[str, str] = ("m3/s", "m")) -> Any:
    made = sample_layout()
    assert len(made.stations) >= 2
    two = made.only([0, 1])
    return replace(two, targets=("Y1612020.Q", "A123456701.H"), quantities=("discharge", "level"), units=units)


def bulletin(values: np.ndarray | None = None, revision: int = 0, units: tuple[str, str] = ("m3/s", "m")) -> Bulletin:
    made = replace(sample_bulletin(layout=layout(units), revision=revision), window=None, received=None)
    if values is None:
        return made
    forecast = replace(made.forecast, values=values)
    return replace(made, forecast=forecast, raw=forecast)


def sink(folder: Path, **options: Any) -> SandreSink:
    return SandreSink(folder=folder, **{**OPTIONS, **options})


def state(folder: Path) -> dict[str, bytes]:
    there = folder / "out"
    return {f.name: f.read_bytes() for f in sorted(there.iterdir())} if there.is_dir() else {}


def root_of(folder: Path) -> etree._Element:
    return etree.fromstring(next(content for name, content in state(folder).items() if name.startswith("sample_")))


def words(element: etree._Element) -> list[str]:
    return [str(child.tag).rpartition("}")[2] for child in element]


def test_the_checks_of_the_house(tmp_path: Path) -> None:
    check_sink(sink(tmp_path), lambda: state(tmp_path), bulletin())


@pytest.mark.parametrize("version", ["1.1", "2"])
@pytest.mark.parametrize("namespace", [False, True])
def test_the_shape_of_a_message(tmp_path: Path, version: str, namespace: bool) -> None:
    sink(tmp_path, version=version, namespace=namespace, values="both").write(bulletin())
    root = root_of(tmp_path)
    space = f"http://xml.sandre.eaufrance.fr/scenario/hydrometrie/{version}" if namespace else None
    assert {etree.QName(e).namespace for e in root.iter()} == {space}
    find = root.find
    assert find("{*}Scenario/{*}VersionScenario").text == version
    assert find("{*}Scenario/{*}Emetteur/{*}CdIntervenant").attrib == {"schemeAgencyID": "SANDRE"}
    simulations = root.findall("{*}Donnees/{*}Simuls/{*}Simul")
    assert words(simulations[0]) == [
        "GrdSimul", "DtProdSimul", "StatutSimul", "PubliSimul", "ComSimul", "CdSiteHydro", "CdModelePrevision",
        "CdContact", "CdIntervenant", "Prevs",
    ]  # fmt: skip
    assert "CdStationHydro" in words(simulations[1]) and "CdSiteHydro" not in words(simulations[1])
    point = simulations[0].find("{*}Prevs/{*}Prev")
    assert words(point) == ["DtPrev", "ResMoyPrev", "ResMinPrev", "ResMaxPrev", "ProbsPrev"]
    assert simulations[0].findtext("{*}PubliSimul") == "false" and simulations[0].findtext("{*}StatutSimul") == "4"


def test_settings_of_the_host(tmp_path: Path) -> None:
    sink(tmp_path, status=16, publish=True, recipient="14", comments=False).write(bulletin())
    root = root_of(tmp_path)
    assert root.findtext(".//Destinataire/CdIntervenant") == "14"
    assert root.findtext(".//PubliSimul") == "true" and root.findtext(".//StatutSimul") == "16"
    assert root.find(".//ComSimul") is None and root.find(".//ProbsPrev") is None


def rising(draw: st.DrawFn, shape: tuple[int, int, int]) -> np.ndarray:
    number = st.floats(-50, 20_000, allow_nan=False)
    flat = draw(st.lists(number, min_size=math.prod(shape), max_size=math.prod(shape)))
    return np.sort(np.array(flat).reshape(shape), axis=2)


@given(st.data(), st.sampled_from(["range", "probabilities", "both"]), st.sampled_from(["1.1", "2"]), st.booleans())
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_written_and_read_back(tmp_path: Path, data: st.DataObject, values: str, version: str, space: bool) -> None:
    """By ourselves through the source, and by lxml alone: within half of the last digit, 0.5e-3 mm or l/s."""
    units = data.draw(st.sampled_from([("m3/s", "m"), ("l/s", "cm"), ("m3/s", "mm")]))
    made = bulletin(units=units)
    made = bulletin(rising(data.draw, made.forecast.values.shape), units=units)
    sink(tmp_path, values=values, version=version, namespace=space).write(made)
    to_host = np.array([{"m3/s": 1e3, "l/s": 1.0, "m": 1e3, "cm": 10.0, "mm": 1.0}[u] for u in units])
    wanted = made.forecast.values * to_host[:, None, None]
    root, q = root_of(tmp_path), list(made.forecast.quantiles)
    for row, simulation in enumerate(root.findall(".//{*}Simul")):
        points = simulation.findall("{*}Prevs/{*}Prev")
        assert [p.findtext("{*}DtPrev") for p in points] == [str(t) for t in made.forecast.valid_times()]
        for lead, point in enumerate(points):
            for tag, level in (("Min", 0.1), ("Moy", 0.5), ("Max", 0.9)) if values != "probabilities" else ():
                told = float(point.findtext(f"{{*}}Res{tag}Prev"))
                assert abs(told - wanted[row, lead, q.index(level)]) <= 5.1e-4
            if values != "range":
                told = [float(e.text) for e in point.iter("{*}ResProbPrev")]
                assert [int(e.text) for e in point.iter("{*}PProbPrev")] == [round(100 * level) for level in q]
                assert np.abs(told - wanted[row, lead]).max() <= 5.1e-4 and told == sorted(told)
    read_back(tmp_path, made, wanted / 1e3)


def read_back(folder: Path, made: Bulletin, wanted: np.ndarray) -> None:
    """The median, through our own source; Q in m3/s, H in m."""
    series = ("Y1612020.Q.hydria", "A123456701.H.hydria")
    start, issued = str(made.issued_at - 24 * HOUR), str(made.issued_at)
    table = read(folder / "out", *series, wanted=asked(series, start, issued, step=HOUR))
    assert (table["issued_at"].dt.tz_localize(None).to_numpy("datetime64[s]") == made.issued_at).all()
    for row, name in enumerate(series):
        mine = table[table["series"] == name].sort_values("time")
        np.testing.assert_allclose(mine["value"], wanted[row, :, made.layout.median], atol=5.1e-7, rtol=0)


def test_a_later_revision_takes_the_place_of_an_earlier_one(tmp_path: Path) -> None:
    first, second = bulletin(), bulletin(revision=1)
    out = sink(tmp_path)
    out.write(first)
    out.write(second)
    after = state(tmp_path)
    assert [name[-6:] for name in after] == ["r1.xml"]
    out.write(first)
    assert state(tmp_path) == after, "an earlier revision that comes late is left out"
    next((tmp_path / "out").iterdir()).unlink()  # the host took it
    out.write(second)
    assert state(tmp_path) == after, "a delivery repeated after the host took the file is the same file again"


def test_an_alert_of_a_station_without_forecast_is_not_lost(tmp_path: Path) -> None:
    values = bulletin().forecast.values.copy()
    values[0] = np.nan
    made = bulletin(values)
    assert made.alerts[0].station == made.layout.stations[0]
    sink(tmp_path, values="both").write(made)
    alone, whole = root_of(tmp_path).findall(".//Simul")
    assert made.alerts[0].event in alone.findtext("ComSimul") and alone.find("Prevs") is None
    assert len(whole.findall("Prevs/Prev")) == made.forecast.horizon
    assert len(read(tmp_path / "out", "Y1612020.Q.hydria")) == 0


def test_a_station_without_forecast_has_no_simulation(tmp_path: Path) -> None:
    values = bulletin().forecast.values.copy()
    values[0] = np.nan
    sink(tmp_path).write(replace(bulletin(values), alerts=()))
    assert [s.findtext("CdStationHydro") for s in root_of(tmp_path).iter("Simul")] == ["A123456701"]


def test_codes_of_the_admin_and_of_targets(tmp_path: Path) -> None:
    made = replace(bulletin(), layout=replace(layout(), targets=("q_up", "h_down")))
    with pytest.raises(FeedError, match=r"station 's1' has no Sandre code, a site's of 8 characters: write codes"):
        sink(tmp_path).write(made)
    sink(tmp_path, codes={made.layout.stations[0]: "O2000040", made.layout.stations[1]: "O200004001"}).write(made)
    assert root_of(tmp_path).findtext(".//CdSiteHydro") == "O2000040"


def test_a_discharge_belongs_to_the_site_of_its_station(tmp_path: Path) -> None:
    made = replace(bulletin(), layout=replace(layout(), targets=("Y161202001.Q", "A123456701.H")))
    sink(tmp_path).write(made)
    assert root_of(tmp_path).findtext(".//CdSiteHydro") == "Y1612020"


def test_all_faults_of_the_options_at_once(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as told:
        sink(
            tmp_path, sender="", version="3", values="all", status=5, min_mean_max=[0.9, 0.5, 0.1],
            probabilities=[0.025], publish="no",
        )  # fmt: skip
    text = "\n".join(told.value.faults)
    for part in ("sender =", "version =", "values =", "status =", "min_mean_max =", "probabilities =", "publish ="):
        assert f"sink sandre: {part}" in text, part
    with pytest.raises(ConfigError, match=r"the pipeline has no quantile 0\.2"):
        sink(tmp_path, min_mean_max=[0.2, 0.5, 0.9], layout=layout())
    with pytest.raises(ConfigError, match=r"are both Y1612020: give one of them another code"):
        sink(tmp_path, layout=replace(layout(), targets=("Y1612020.Q",) * 2, quantities=("discharge",) * 2,
                                      units=("m3/s",) * 2))  # fmt: skip
    with pytest.raises(ConfigError, match="has no Sandre code"):
        sink(tmp_path, layout=replace(layout(), targets=("a", "b")))


def test_quantiles_that_are_no_whole_percents(tmp_path: Path) -> None:
    made = bulletin()
    odd = replace(made.forecast, quantiles=(0.025, 0.05, 0.1, 0.5, 0.9, 0.95, 0.975))
    sink(tmp_path, values="probabilities").write(replace(made, forecast=odd))
    point = root_of(tmp_path).find(".//Prev")
    assert [e.text for e in point.iter("PProbPrev")] == ["5", "10", "50", "90", "95"]


def test_the_alert_stands_in_the_comment(tmp_path: Path) -> None:
    made = bulletin()
    alert = made.alerts[0]
    sink(tmp_path).write(made)
    text = root_of(tmp_path).findtext(".//ComSimul")
    assert text.startswith("ALERTE seuil yellow 1 m3/s, dépassement prévu au moins à 70 % vers 2026-03-01T08:00:00 UTC")
    assert f"(événement {alert.event})" in text and "maximum 1,2 m3/s" in text
    cleared = replace(alert, reason=Reason.CLEARED, rank=-1)
    sink(tmp_path).write(replace(made, alerts=(cleared,), revision=1))
    assert root_of(tmp_path).findtext(".//ComSimul").startswith("FIN D'ALERTE yellow")


def test_text_that_xml_cannot_hold(tmp_path: Path) -> None:
    made = bulletin()
    nasty: Alert = replace(made.alerts[0], threshold="<a>&\0\x1b\ud800")
    sink(tmp_path).write(replace(made, alerts=(nasty,)))
    assert "<a>&" in root_of(tmp_path).findtext(".//ComSimul")


def test_reports_are_events_of_their_station(tmp_path: Path) -> None:
    report = Report(
        "attribution", "s1", "s1-2026-03-01T12:00:00", "La pluie, surtout", {"issued_at": "2026-03-01T12:00:00Z"}
    )
    for version, tag in (("1.1", "TypPublicationEvenement"), ("2", "TypPubliEvenement")):
        out = sink(tmp_path, version=version, layout=layout())
        out.write_reports([report])
        before = state(tmp_path)
        out.write_reports([report])
        assert state(tmp_path) == before and len(before) == 1
        event = etree.fromstring(next(iter(before.values()))).find("Donnees/Evenements/Evenement")
        assert words(event) == ["CdContact", "CdSiteHydro", "DtEvenement", "DescEvenement", tag]
        assert event.findtext("CdSiteHydro") == "Y1612020" and event.findtext("DtEvenement") == "2026-03-01T12:00:00"
        assert event.findtext("DescEvenement") == "La pluie, surtout (événement s1-2026-03-01T12:00:00)"


def test_a_report_too_long_keeps_its_event(tmp_path: Path) -> None:
    out = sink(tmp_path, layout=layout())
    out.write_reports([Report("knox", "s2", "s2-2026-03-01T12:00", "x" * 5000, {})])
    event = etree.fromstring(next(iter(state(tmp_path).values())))
    text = event.findtext(".//DescEvenement")
    assert len(text) == 1000 and text.endswith("... (événement s2-2026-03-01T12:00)")
    assert event.findtext(".//DtEvenement") == "2026-03-01T12:00:00"


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file stands where the folder should be")
    out = sink(tmp_path, layout=layout())
    for act in (lambda: out.write(bulletin()), lambda: out.write_reports([Report("k", "s1", "", "h", {})]), out.probe):
        with pytest.raises(FeedError, match=r"out cannot be written .*: make room, or let the user"):
            act()
    (tmp_path / "out").unlink()
    out.write(bulletin())
    assert state(tmp_path)


def test_what_the_probe_says(tmp_path: Path) -> None:
    told = sink(tmp_path, values="both").probe()
    assert told == (
        f"{tmp_path / 'out'}: can be written; Sandre 1.1, min, mean and max = 0.1, 0.5 and 0.9 and probabilities, "
        "mm and l/s, not published."
    )
    assert list(tmp_path.iterdir()) == [], "a probe changes nothing"
