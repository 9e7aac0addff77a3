"""Broken messages of FEWS, for every parser of the folder: refused or read, never a traceback, a hang or a bomb.

What hydria reads of FEWS: time series (XML, JSON, with a .bin), run info, parameters, states, rating curves, and what
an admin imports (headers with thresholds, locations of the web service). Diagnostics are written only.
"""

from __future__ import annotations

import json
import struct
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from fews_breaks import Parse, check_well_formed, modest
from fews_platform import NAMES, header_of, series_of
from fews_samples import REST, XML
from fews_service import failing, serving
from mutations import MOST_BYTES, check_survives
from test_fews_pi_traps import EVENT, document
from test_fews_rating_curves import CURVES
from test_fews_run_info import PARAMETERS, WHOLE
from test_fews_states import STATE
from whole_loop import BEGIN, STEP, rows_between

from hydria_fews.documents import pi_element
from hydria_fews.files import FewsFiles
from hydria_fews.parameters import parameters_of
from hydria_fews.pi_bin import with_values
from hydria_fews.pi_json import pi_json, read_pi_json
from hydria_fews.pi_reading import read_pi
from hydria_fews.pi_series import PiSeries, PiThreshold
from hydria_fews.pi_writing import pi_xml
from hydria_fews.rating_curves import ratings_of
from hydria_fews.run_info import run_of
from hydria_fews.states import state_of
from hydria_fews.survey import FewsSurvey
from hydria_plugin import Wanted

COUNTS = [300, pytest.param(10_000, marks=pytest.mark.soak)]
WANTED = Wanted(tuple(NAMES.values()), BEGIN, BEGIN + 20 * STEP, BEGIN + 20 * STEP, BEGIN + 26 * STEP, STEP)
SMALL = 60_000  # bytes of a real file that is broken 10,000 times


def real(folder: Path, pattern: str) -> list[bytes]:
    files = sorted(folder.glob(pattern)) if folder.is_dir() else []
    return [p.read_bytes() for p in files if p.stat().st_size < SMALL]


def exported() -> list[PiSeries]:
    """As FEWS exports it: measured with thresholds, and a member of a forecast."""
    found = series_of(rows_between(0, 12))
    low, high = PiThreshold("l", 0.1, "low", is_high=False), PiThreshold("y", 80.0, "yellow")
    found[0] = replace(found[0], header=replace(found[0].header, thresholds=(high, low), station_name="Bridge"))
    issue, ahead = (BEGIN + 12 * STEP).astype("M8[ms]"), BEGIN + STEP * np.arange(11, 16)
    member = header_of("h_down", ensemble="GR", member=3, issued_at=issue, start=ahead[0], end=ahead[-1])
    return [*found, PiSeries.of(member, ahead, np.arange(5.0), [0, 3, 6, 9, 14])]


def as_xml() -> bytes:
    return b"".join(pi_xml(exported(), zone=1.0))


def as_json() -> bytes:
    return json.dumps(pi_json(exported())).encode()


MIXED = document(
    '<missVal>-999.0</missVal><thresholds><highLevelThreshold id="y" value="2"/></thresholds>',
    EVENT * 20 + EVENT.replace("/>", ' flagSource="HX" comment="ice"/>') * 9 + EVENT.replace(' flag="0"', "") * 9,
    prefix="pi",
)
HEADERS = (
    b'<TimeSeries xmlns="http://www.wldelft.nl/fews/PI" version="1.24"><timeZone>0.0</timeZone><series><header>'
    b'<locationId>a</locationId><parameterId>H</parameterId><timeStep unit="second" multiplier="3600"/>'
    b'<startDate date="2026-03-01" time="00:00:00"/><endDate date="2026-03-01" time="09:00:00"/>'
    b"<missVal>-999.0</missVal></header></series></TimeSeries>"
)
VALUES = struct.pack("<10f", *range(9), -999.0)


def run_info(data: bytes) -> object:
    return run_of(pi_element(data, "run.xml", "Run"), Path("/run.xml"))


def parameters(data: bytes) -> object:
    return parameters_of(pi_element(data, "p.xml", "ModelParameters", "parameters"), "p.xml")


def state(data: bytes) -> object:
    return state_of(pi_element(data, "s.xml", "State"), Path("/s.xml"), Path("/"))


def curves(data: bytes) -> object:
    return ratings_of(pi_element(data, "r.xml", "RatingCurves"), "r.xml")


def headers_of_a_bin(data: bytes) -> object:
    return with_values(read_pi(data, "x.xml").series, VALUES, "x.bin")


def values_of_a_bin(data: bytes) -> object:
    return with_values(read_pi(HEADERS, "x.xml").series, data, "x.bin")


CASES: dict[str, tuple[Parse, list[bytes]]] = {
    "pi_xml": (
        lambda data: read_pi(data, "x"),
        [as_xml(), MIXED, *real(XML, "*timeseries*.xml"), *real(XML, "rtc*.xml")],
    ),
    "pi_json": (lambda data: read_pi_json(data, "x"), [as_json(), *real(REST, "*timeseries*.json")]),
    "bin_headers": (headers_of_a_bin, [HEADERS]),
    "bin_values": (values_of_a_bin, [VALUES]),
    "run_info": (run_info, [WHOLE.encode(), *real(XML, "*run*.xml")]),
    "parameters": (parameters, [PARAMETERS.encode()]),
    "state": (state, [STATE.encode()]),
    "rating_curves": (curves, [CURVES.encode(), *real(XML, "*rating*.xml")]),
}


@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize("name", CASES)
def test_a_parser(name: str, count: int) -> None:
    parse, messages = CASES[name]
    for message in messages[:1]:
        parse(message)  # whole it is read: else nothing would be broken
    with modest():
        assert check_survives(parse, messages, count, seed=count) > count // 10
        if name != "bin_values":
            check_well_formed(parse, messages[0], count, seed=count)


@pytest.mark.parametrize("count", COUNTS)
def test_the_table_of_a_file(tmp_path: Path, count: int) -> None:
    """Units, names, members and flags of what was left."""
    file, tables = tmp_path / "a.xml", [0]

    def parse(data: bytes) -> None:
        file.write_bytes(data)
        tables[0] += len(FewsFiles(path=str(file)).read(WANTED)) > 0

    with modest():
        check_survives(parse, [as_xml()], count, seed=count)
        check_well_formed(parse, as_xml(), count, seed=count)
    assert tables[0] > count // 2


@pytest.mark.parametrize("count", COUNTS)
def test_an_import_from_a_file(tmp_path: Path, count: int) -> None:
    file, stations = tmp_path / "a.xml", [0]

    def parse(data: bytes) -> None:
        file.write_bytes(data)
        stations[0] += len(FewsSurvey(path=str(file)).survey().stations)

    with modest():
        check_survives(parse, [as_xml(), CURVES.encode()], count, seed=count)
        check_well_formed(parse, as_xml(), count, seed=count)
    assert stations[0] > count // 2


@pytest.mark.parametrize("count", COUNTS)
def test_an_import_from_locations(count: int) -> None:
    """The locations of the web service; its series are whole."""
    place = {"locationId": "Q_UP", "shortName": "Bridge", "description": "d", "lat": "44.1", "lon": "4.1"}
    whole = json.dumps({"version": "1.34", "locations": [place, {**place, "locationId": "R1"}]}).encode()
    remarks: list[str] = []
    with serving() as host, modest():
        survey = FewsSurvey(url=host.url)

        def parse(data: bytes) -> None:
            host.trouble = [failing(200, as_json()), failing(200, data)]
            found = survey.survey()
            assert [s.station for s in found.stations] == ["Q_UP"], "what the series say is not lost"
            remarks.extend(r for r in found.remarks if "places are taken from the series" in r)

        check_survives(parse, [whole], count, seed=count)
    assert len(remarks) > count // 10


def test_the_peak_of_memory_is_seen() -> None:
    with pytest.raises(AssertionError, match="MB more at the peak"), modest():
        bytearray(MOST_BYTES + 50_000_000)[::4096] = b"x" * len(range(0, MOST_BYTES + 50_000_000, 4096))
