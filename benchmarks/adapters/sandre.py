"""Sandre messages: a million observations read, a large bulletin written.

python -m benchmarks.adapters.sandre [POINTS]

Each reading runs in a process of its own, so that its peak of memory is its own. "tree" is plain lxml: the whole
document as a tree, times and values taken out of it, nothing else. Processor time, once each, one core.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
POINTS, SERIES = 1_000_000, 50
START, STEP = np.datetime64("2020-01-01T00:00:00"), np.timedelta64(300, "s")


def main(points: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for version in ("1.1", "2"):
            file = Path(folder) / f"v{version}.xml"
            many_points(file, points, version)
            print(f"v{version}: {points:,} ObsHydro, {SERIES} series, {file.stat().st_size / 1e6:.0f} MB")
            for reader in ("source", "again", "tree"):
                told = subprocess.run(
                    [sys.executable, "-m", "benchmarks.adapters.sandre", reader, str(file)],
                    cwd=ROOT, check=True, capture_output=True, text=True,
                )  # fmt: skip
                print(f"  {reader:<7}{told.stdout.strip()}")
    written()


def many_points(file: Path, points: int, version: str) -> None:
    """Levels of 5 minutes, with quality and method as real files carry them."""
    end = "" if version == "1.1" else "ObsHydro"
    each = points // SERIES
    times = np.datetime_as_string(START + STEP * np.arange(each))
    values = np.random.default_rng(1).normal(1500, 300, each).round(1)
    rows = "".join(
        f"<ObsHydro><DtObsHydro>{t}</DtObsHydro><ResObsHydro>{v}</ResObsHydro><MethObsHydro>0</MethObsHydro>"
        f"<QualifObsHydro>16</QualifObsHydro><ContObsHydro>{'true' if not end else '0'}</ContObsHydro></ObsHydro>\n"
        for t, v in zip(times, values, strict=True)
    )
    with file.open("w") as out:
        out.write(f"<hydrometrie><Scenario><VersionScenario>{version}</VersionScenario></Scenario><Donnees>")
        out.write(f"<Series{end}>")
        for n in range(SERIES):
            out.write(f"<Serie{end}><CdStationHydro>A{n:07d}01</CdStationHydro><GrdSerie{end}>H</GrdSerie{end}>")
            out.write(f"<ObssHydro>{rows}</ObssHydro></Serie{end}>")
        out.write(f"</Series{end}></Donnees></hydrometrie>")


def read_once(reader: str, file: Path) -> None:
    """One reading: seconds, peak of memory, rows."""
    begun = time.process_time()
    rows, more = by_tree(file) if reader == "tree" else by_source(file, reader == "again")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    took = more if more else time.process_time() - begun
    print(f"{took:6.2f} s  {peak:6.0f} MB peak  {rows:,} rows")


def by_source(file: Path, is_again: bool) -> tuple[int, float]:
    """All of it, through the source; "again": a second question, of which nothing is read anew."""
    from hydria_plugin import Wanted
    from hydria_sandre.source import SandreSource

    names = tuple(f"A{n:07d}01.H" for n in range(SERIES))
    until = START + STEP * 10_000_000
    wanted = Wanted(names, START, until, until.astype("datetime64[us]"), until, STEP)
    source = SandreSource(path=str(file))
    rows = len(source.read(wanted))
    if not is_again:
        return rows, 0.0
    begun = time.process_time()
    recent = replace(wanted, start=START + STEP * (POINTS // SERIES - 288))
    rows = len(source.read(recent))
    return rows, time.process_time() - begun


def by_tree(file: Path) -> tuple[int, float]:
    from lxml import etree

    root = etree.parse(file).getroot()
    found = [(e.findtext("DtObsHydro"), float(e.findtext("ResObsHydro") or "nan")) for e in root.iter("ObsHydro")]
    return len(found), 0.0


def written(stations: int = 1000) -> None:
    """A bulletin of 1,000 stations, 72 leads, min, mean and max and seven probabilities."""
    from hydria_plugin.testing import sample_bulletin, sample_layout
    from hydria_sandre.sink import SandreSink

    made: Any = replace(sample_layout(), horizon=72)
    many = widened(made, stations)
    bulletin = replace(sample_bulletin(layout=many), window=None, received=None)
    with tempfile.TemporaryDirectory() as folder:
        sink = SandreSink(path=folder, sender="1520", contact="26", model="hydria", values="both")
        begun = time.process_time()
        sink.write(bulletin)
        took = time.process_time() - begun
        size = sum(f.stat().st_size for f in Path(folder).iterdir()) / 1e6
    print(f"written: {stations:,} stations, 72 leads, 10 values each: {took:.2f} s, {size:.0f} MB")


def widened(layout: Any, stations: int) -> Any:
    """The first station again and again, under other names."""
    names = tuple(f"s{n}" for n in range(stations))
    return replace(
        layout,
        stations=names,
        targets=tuple(f"A{n:07d}01.H" for n in range(stations)),
        quantities=("level",) * stations,
        units=("m",) * stations,
        names=(),
        series=np.repeat(layout.series[:1], stations, axis=0),
        static=np.repeat(layout.static[:1], stations, axis=0),
    )


if __name__ == "__main__":
    if len(sys.argv) > 2:
        read_once(sys.argv[1], Path(sys.argv[2]))
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else POINTS)
