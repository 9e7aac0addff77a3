"""A made-up FEWS for tests: it exports PI-XML and a run info, and reads back what a run left."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib.metadata import entry_points
from pathlib import Path

import numpy as np
from lxml import etree
from whole_loop import SERIES, Rows

from hydria_fews.pi_reading import read_pi
from hydria_fews.pi_series import PiHeader, PiSeries, TimeStep
from hydria_fews.pi_writing import pi_xml

HOUR = np.timedelta64(3600, "s")
UNITS = {"q_up": "m3/s", "h_down": "m", "r1": "mm", "r2": "mm", "r3": "mm"}
PARAMETER = {"m3/s": "Q.obs", "m": "H.obs", "mm": "P.obs"}
NAMES = {name: f"{name.upper()}/{PARAMETER[UNITS[name]]}" for name in SERIES}
MODULES = {"fews": "hydria_fews"}


def header_of(name: str, **more: object) -> PiHeader:
    unit = UNITS[name]
    made = PiHeader(name.upper(), PARAMETER[unit], units=unit, step=TimeStep.of(HOUR), missing=-999.0)
    return replace(made, kind="accumulative" if unit == "mm" else "instantaneous", **more)  # type: ignore[arg-type]


def series_of(rows: Rows) -> list[PiSeries]:
    found = []
    for name in SERIES:
        times, values = rows.of(name)
        if len(times):
            ends = {"start": times[0].astype("M8[ms]"), "end": times[-1].astype("M8[ms]")}
            found.append(PiSeries.of(header_of(name, **ends), times, values, np.zeros(len(times), int)))
    return found


def put_file(path: Path, series: Sequence[PiSeries], zone: float = 1.0) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"".join(pi_xml(series, zone=zone)))


def run_info(
    folder: Path,
    time0: np.datetime64,
    properties: Mapping[str, str],
    more: str = "",
    zone: int = 1,
    level: str = "info",
) -> Path:
    """As exportRunFileActivity writes it on Windows: local times, doubled separators."""
    local = str(time0 + zone * HOUR).split("T")
    given = "".join(f'<string key="{k}" value="{v}"/>' for k, v in properties.items())
    path = folder / "run_info.xml"
    path.write_text(
        f"""<?xml version="1.0" encoding="UTF-8"?>
<Run xmlns="http://www.wldelft.nl/fews/PI" version="1.5"><logLevel>{level}</logLevel><timeZone>{zone}.0</timeZone>
<time0 date="{local[0]}" time="{local[1]}"/><workDir>.</workDir>{more}
<inputTimeSeriesFile>.\\\\input\\\\levels.xml</inputTimeSeriesFile>
<inputTimeSeriesFile>.\\\\input\\\\rain.xml</inputTimeSeriesFile>
<outputDiagnosticFile>.\\\\log\\\\diag.xml</outputDiagnosticFile>
<outputTimeSeriesFile>.\\\\output\\\\forecast.xml</outputTimeSeriesFile>
<properties>{given}</properties></Run>"""
    )
    return path


def export(folder: Path, rows: Rows) -> None:
    """The exported series of a run, in two files."""
    series = series_of(rows)
    put_file(folder / "input" / "levels.xml", [s for s in series if s.header.units != "mm"])
    put_file(folder / "input" / "rain.xml", [s for s in series if s.header.units == "mm"])


def imported(folder: Path, name: str = "forecast.xml") -> dict[tuple[str, str, tuple[str, ...], int | None], PiSeries]:
    """What a run left, by location, parameter, qualifiers and member."""
    found = read_pi((folder / "output" / name).read_bytes(), name)
    assert not found.faults
    return {(h.location, h.parameter, h.qualifiers, h.member): s for s in found.series for h in [s.header]}


def diag(folder: Path) -> list[tuple[int, str]]:
    root = etree.fromstring((folder / "log" / "diag.xml").read_bytes())
    return [(int(e.get("level", "")), e.get("description", "")) for e in root]


def installed() -> bool:
    return any(point.value == "hydria_fews" for point in entry_points(group="hydria"))


def announce(folder: Path) -> None:
    """A distribution that names the entry point, for processes of their own that run before it is installed."""
    info = folder / "hydria_fews_here-0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: hydria-fews-here\nVersion: 0\n")
    (info / "entry_points.txt").write_text("[hydria]\nfews = hydria_fews\n")
