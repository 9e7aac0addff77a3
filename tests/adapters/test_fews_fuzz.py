"""Broken messages of FEWS, for every parser of the folder: refused or read, never a traceback, a hang or a bomb.

What hydria reads of FEWS: time series (XML, JSON, with a .bin), run info, parameters, states, rating curves, and what
an admin imports (headers with thresholds, locations of the web service). Diagnostics are written only.
"""

from __future__ import annotations

import json
import re
import struct
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import numpy as np
import pytest
from fews_platform import NAMES, header_of, series_of
from fews_samples import REST, XML
from fews_service import failing, serving
from mutations import MOST_BYTES, MOST_S, NASTY, check_survives
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
from hydria_plugin import ConfigError, FeedError, Wanted

Parse = Callable[[bytes], object]
COUNTS = [300, pytest.param(10_000, marks=pytest.mark.soak)]
WANTED = Wanted(tuple(NAMES.values()), BEGIN, BEGIN + 20 * STEP, BEGIN + 20 * STEP, BEGIN + 26 * STEP, STEP)
TEXTS = (
    *NASTY,
    b"-999.0",
    b"3600",
    b"second",
    b"month",
    b"Q_UP",
    b"mm",
    b"furlong",
    b"2026-02-30",
    b"1",
    b"-1",
    b"C:\\a",
)
ODD = (None, [], {}, [[]], [None], {"value": "2"}, True, 10**400, 1.79e308, -1, 0, "", "NaN", "Infinity", "1e999", "\0",
       "9" * 400, "4294967296", "2026-02-30", "25:00", "\ud800")  # fmt: skip
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


def well_formed(message: bytes, count: int, seed: int) -> list[bytes]:
    """Most breaks of XML are seen by the parser at once. These are not: one to three of its texts are something
    nasty."""
    rng, found = np.random.default_rng(seed), []
    texts = [m.span(1 if m[1] is not None else 2) for m in re.finditer(rb'"([^"]*)"|>([^<>]+)<', message)]
    for _ in range(count):
        data = message
        for a, b in sorted((texts[i] for i in rng.choice(len(texts), rng.integers(1, 4), replace=False)), reverse=True):
            word = escape(TEXTS[int(rng.integers(len(TEXTS)))].decode("utf-8", "replace").replace("\0", ""))
            data = data[:a] + word.replace('"', "&quot;").encode() + data[b:]
        found.append(data)
    return found


def well_formed_json(message: bytes, count: int, seed: int) -> Iterator[bytes]:
    """One to three of its nodes are something else."""
    rng, whole = np.random.default_rng(seed), json.loads(message)
    places = list(nodes(whole))
    for _ in range(count):
        data = json.loads(message)
        for i in rng.choice(len(places), rng.integers(1, 4), replace=False):
            *way, last = places[i]
            node = data
            for step in way:
                node = node[step] if isinstance(node, dict | list) and has(node, step) else None
            if node is not None and isinstance(node, dict | list) and has(node, last):
                node[last] = ODD[int(rng.integers(len(ODD)))]
        yield json.dumps(data).encode()


def nodes(tree: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    inner = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for step, node in inner:
        yield (*way, step)
        yield from nodes(node, (*way, step))


def has(node: Any, step: Any) -> bool:
    return step in node if isinstance(node, dict) else isinstance(step, int) and step < len(node)


def check_well_formed(parse: Parse, message: bytes, count: int, seed: int) -> None:
    for data in (well_formed if message.startswith(b"<") else well_formed_json)(message, count, seed):
        begun = time.process_time()
        try:
            parse(data)
        except (FeedError, ConfigError):
            pass
        except Exception as error:
            raise AssertionError(f"{type(error).__name__}: {error}, for {data[:4000]!r}") from error
        assert time.process_time() - begun < MOST_S, data[:2000]


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


class modest:
    """What is done within takes no more memory at its peak than is allowed, above what was held before. On Linux,
    which can say so; elsewhere it is the process's whole peak, in check_survives."""

    def __enter__(self) -> None:
        self.before = self.told("VmRSS") if self.reset() else None

    def __exit__(self, *_: Any) -> None:
        if self.before is not None:
            grown = self.told("VmHWM") - self.before
            assert grown < MOST_BYTES, f"{grown / 1e6:.0f} MB more at the peak"

    @staticmethod
    def reset() -> bool:
        try:
            Path("/proc/self/clear_refs").write_text("5")  # the peak is from here on
        except OSError:
            return False
        return True

    @staticmethod
    def told(name: str) -> int:
        lines: Iterator[str] = iter(Path("/proc/self/status").read_text().splitlines())
        return 1024 * int(next(line for line in lines if line.startswith(name)).split()[1])


def test_the_peak_of_memory_is_seen() -> None:
    with pytest.raises(AssertionError, match="MB more at the peak"), modest():
        bytearray(MOST_BYTES + 50_000_000)[::4096] = b"x" * len(range(0, MOST_BYTES + 50_000_000, 4096))
