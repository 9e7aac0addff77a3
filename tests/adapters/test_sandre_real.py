"""Every real file of the samples: read as plain lxml reads it, or refused with a reason that is right."""

from __future__ import annotations

import numpy as np
import pytest
from lxml import etree
from sandre_messages import SAMPLES, parsed, with_samples

from hydria_plugin import FeedError
from hydria_sandre.importer import SandreImporter
from hydria_sandre.rows import Stream

pytestmark = with_samples

VALUES = {  # file -> (rows, streams)
    "csv_serieshydro_full.csv": (6, 4),
    "csv_seriesmeteo_full.csv": (6, 2),
    "v1.1_serieshydro.xml": (7, 3),
    "v1.1_seriesmeteo.xml": (3, 2),
    "v1.1_simulations.xml": (10, 2),
    "v2_serieshydro.xml": (2, 2),
    "v2_seriesmeteo.xml": (5, 2),
}
FOUND = {  # file -> (stations, inputs, ratings)
    "csv_siteshydro_full_8859-1.csv": (4, 0, 0),
    "v1.1_courbestarage.xml": (1, 0, 1),
    "v1.1_seuilshydro_expected.xml": (6, 0, 0),
    "v1.1_siteshydro.xml": (9, 2, 0),
    "v1.1_sitesmeteo.xml": (0, 2, 0),
    "v2_courbestarage.xml": (1, 0, 1),
    "v2_seuilshydro.xml": (5, 0, 0),
    "v2_siteshydro.xml": (9, 2, 0),
    "v2_sitesmeteo.xml": (0, 2, 0),
}
NOTHING = ("v1.1_modelesprevision.xml", "v2_modelesprevision.xml")  # read, and nothing for us in it
REFUSED = {
    "shom_LOCMARIAQUER.hfs": "a tide of SHOM's",
    "v2_obsselab.xml": "elaborated series (QmnJ ...), which are not read",
}


def test_no_sample_is_forgotten() -> None:
    assert {f.name for f in SAMPLES.iterdir()} == {*VALUES, *FOUND, *NOTHING, *REFUSED}


@pytest.mark.parametrize("name", VALUES)
def test_files_of_values(name: str) -> None:
    rows, streams, problems = parsed((SAMPLES / name).read_bytes())
    assert (len(rows), len(streams)) == VALUES[name]
    told = [p.error for p in problems]
    assert told == (["m: the forecast for 2010-02-26T09:00:00 lacks the value asked (and 3 more like it)"]
                    if name == "v1.1_simulations.xml" else [])  # fmt: skip


@pytest.mark.parametrize("name", [n for n in VALUES if n.endswith(".xml")])
def test_the_same_values_as_plain_lxml(name: str) -> None:
    """Every result and its time, in the order of the document."""
    rows, _, _ = parsed((SAMPLES / name).read_bytes())
    root = etree.parse(SAMPLES / name).getroot()
    pairs = [("DtObsHydro", "ResObsHydro"), ("DtObsMeteo", "ResObsMeteo"), ("DtPrev", "ResMoyPrev")]
    expected = {
        (np.datetime64(e.findtext(f"{{*}}{time}"), "us"), float(value))
        for time, result in pairs
        for e in root.iter()
        if (value := e.findtext(f"{{*}}{result}")) is not None
    }
    assert set(zip(rows.time, rows.value, strict=True)) == expected


def test_the_min_and_max_of_a_real_forecast() -> None:
    data = (SAMPLES / "v1.1_simulations.xml").read_bytes()
    least, most, fifth = (parsed(data, forecast_value=v)[0].value.tolist() for v in ("min", "max", "p20"))
    assert least == [10.0, 22.0, 44.0] and most == [50.0, 25.0, 33.0, 55.0] and fifth == [25.0]


def test_a_real_sensor_and_its_datum() -> None:
    _, streams, _ = parsed((SAMPLES / "v1.1_serieshydro.xml").read_bytes())
    assert streams[2] == Stream("V71440100103", "H", 31)


@pytest.mark.parametrize("name", FOUND)
def test_files_of_sites_thresholds_and_curves(name: str) -> None:
    assert len(parsed((SAMPLES / name).read_bytes())[0]) == 0, "no values in it"
    found = SandreImporter(path=name, folder=SAMPLES).survey()
    assert (len(found.stations), len(found.inputs), len(found.ratings)) == FOUND[name]


@pytest.mark.parametrize("name", NOTHING)
def test_models_hold_nothing_for_us(name: str) -> None:
    rows, _, problems = parsed((SAMPLES / name).read_bytes())
    assert len(rows) == 0 and not problems
    sites = [s.station for s in SandreImporter(path=name, folder=SAMPLES).survey().stations]
    assert sites == (["A1234567", "Z7654321"] if name.startswith("v2") else []), "those that a model is of"


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused(name: str) -> None:
    data = (SAMPLES / name).read_bytes()
    try:
        rows, _, problems = parsed(data)
        told = problems[0].error
        assert len(rows) == 0
    except FeedError as error:
        told = str(error)
    assert REFUSED[name] in told


def test_real_thresholds_of_both_versions() -> None:
    old = SandreImporter(path="v1.1_seuilshydro_expected.xml", folder=SAMPLES).survey()
    new = SandreImporter(path="v2_seuilshydro.xml", folder=SAMPLES).survey()
    for found, station, limits in (
        (old, "O6793330", {"jaune": 0.1}), (old, "O679333001", {"jaune": 3.2}),
        (new, "O6793330", {"jaune": 0.1}), (new, "O679333001", {"jaune": 0.2}),
    ):  # fmt: skip
        assert next(s for s in found.stations if s.station == station).thresholds == limits
    historic = SandreImporter(
        path="v1.1_seuilshydro_expected.xml", folder=SAMPLES, natures=[32], at="2012-06-01"
    ).survey()
    assert next(s for s in historic.stations if s.station == "O3334020").thresholds == {"orange": 0.003}
