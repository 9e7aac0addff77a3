"""PI-XML: a million events read by us and by fewsxml, and a million written.

    python -m benchmarks.adapters.pi_xml [--events N] [--repeats N] [--shapes even,prefix,...]

Files are made up (pi_documents.py) in the shapes that FEWS exports. Each measurement is a process of its own, its
imports done before the clock starts; "peak" is all that the process ever held, imports included; the files are made in
a process of their own, too, as a process counts what its parent held when it began. "reader" is ``series_in`` to
arrays; "source" the table that the source ``fews`` gives for every series at once; "fewsxml" the independent reader to
its objects, once per file. Of the repeats the best wall clock counts, with its processor time, which is what is
compared: other work on the machine slows the one and not the other. Every reader must find the same number of events
and of values, and the same sum. The real files that are at hand are told at the end (pi_samples.py).
"""

from __future__ import annotations

import argparse
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np

from benchmarks.adapters.pi_documents import HOUR, MISSING, SHAPES, START, document
from benchmarks.adapters.pi_samples import samples

ROOT = Path(__file__).resolve().parents[2]
EVENTS = 1_000_000
ASKED = {"read_s": 4.0, "read_mb": 500.0, "times": 5.0, "write_s": 6.0}


# ---- one measurement, in its process ----


@dataclass(frozen=True)
class Found:
    """What a reader found: for each the same."""

    events: int
    values: int
    total: float


def reader(file: Path) -> Callable[[], Found]:
    from lxml import etree

    from hydria_fews.pi_reading import series_in

    assert etree is not None

    def read() -> Found:
        faults: list[str] = []
        with file.open("rb") as opened:
            series = list(series_in(opened, str(file), faults))
        assert not faults, faults[:3]
        value = np.concatenate([one.value for one in series])
        return Found(len(value), int(np.isfinite(value).sum()), float(np.nansum(value)))

    return read


def source(file: Path) -> Callable[[], Found]:
    import pandas as pd
    from lxml import etree

    from hydria_fews.files import FewsFiles
    from hydria_plugin import Wanted

    assert pd is not None and etree is not None
    until = START + 10_000_000 * HOUR
    names = tuple(f"L{n:04d}/Q.obs" for n in range(1000))
    wanted = Wanted(names, START - 24 * HOUR, until, until.astype("datetime64[us]"), until, HOUR)

    def read() -> Found:
        table = FewsFiles(path=str(file)).read(wanted)
        assert not table.attrs["problems"], table.attrs["problems"][:3]
        value = table["value"].to_numpy()
        return Found(len(value), int(np.isfinite(value).sum()), float(np.nansum(value)))

    return read


def independent(file: Path) -> Callable[[], Found]:
    import fewsxml

    def read() -> Found:
        series = fewsxml.read(str(file)).series
        value = np.array([float(e.value) for one in series for e in one.event])
        value[value == float(MISSING)] = np.nan
        return Found(len(value), int(np.isfinite(value).sum()), float(np.nansum(value)))

    return read


def writer(file: Path) -> Callable[[], Found]:
    """Writes beside ``file`` what was read of it; the reading is not counted."""
    from hydria_fews.drop import write_series
    from hydria_fews.pi_reading import read_pi

    series = read_pi(file.read_bytes(), str(file)).series
    value = np.concatenate([one.value for one in series])

    def write() -> Found:
        write_series(file.with_suffix(".out"), series, 1.0)
        return Found(len(value), int(np.isfinite(value).sum()), float(np.nansum(value)))

    return write


WAYS = {"reader": reader, "source": source, "fewsxml": independent, "writer": writer}


def measure(way: str, file: Path) -> None:
    work = WAYS[way](file)
    wall, cpu = time.perf_counter(), time.process_time()
    found = work()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(wall, cpu, peak, found.events, found.values, repr(found.total))


# ---- all of them ----


@dataclass(frozen=True)
class Took:
    wall: float  # s
    cpu: float  # s
    peak: float  # MB
    found: Found


def make(name: str, file: Path, events: int) -> None:
    with file.open("w") as opened:
        opened.writelines(document(SHAPES[name], events))


def in_a_process(*words: str) -> list[str]:
    """What it printed."""
    command = [sys.executable, "-m", "benchmarks.adapters.pi_xml", *words]
    return subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout.split()


def best(way: str, file: Path, repeats: int) -> Took:
    """The repeat of the least wall clock."""
    tries = []
    for _ in range(repeats):
        said = in_a_process("--one", way, str(file))
        wall, cpu, peak = map(float, said[:3])
        tries.append(Took(wall, cpu, peak, Found(int(said[3]), int(said[4]), float(said[5]))))
    return min(tries, key=lambda took: took.wall)


def compared(name: str, file: Path, repeats: int) -> bool:
    """One shape, every way; whether what was asked for is met."""
    theirs = best("fewsxml", file, 1)
    met = True
    print(f"{name}: {theirs.found.events:,} events, {theirs.found.values:,} values, {file.stat().st_size / 1e6:.0f} MB")
    for way in ("reader", "source", "writer", "fewsxml"):
        took = theirs if way == "fewsxml" else best(way, file, repeats)
        same = (took.found.events, took.found.values) == (theirs.found.events, theirs.found.values)
        if not same or abs(took.found.total - theirs.found.total) > 1e-6 * theirs.found.total:
            raise SystemExit(f"{way} found {took.found}, fewsxml {theirs.found}")
        is_read, ratio = way in ("reader", "source"), theirs.cpu / took.cpu
        line = f"  {way:<8} {took.wall:7.2f} s  {took.cpu:7.2f} s cpu  {took.peak:6.0f} MB"
        print(line + f"  {theirs.wall / took.wall:6.1f} x  {ratio:6.1f} x cpu" * is_read, flush=True)
        most = ASKED["write_s"] if way == "writer" else ASKED["read_s"]
        met &= not is_read or (took.peak <= ASKED["read_mb"] and ratio >= ASKED["times"])
        met &= way == "fewsxml" or took.wall <= most
    return met


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--events", type=int, default=EVENTS)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--shapes", default=",".join(SHAPES))
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("--make", nargs=2, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.make:
        make(given.make[0], Path(given.make[1]), given.events)
        return
    if given.one:
        measure(given.one[0], Path(given.one[1]))
        return
    versions = ", ".join(f"{name} {version(name)}" for name in ("numpy", "lxml", "pandas", "fewsxml"))
    load = f"load {os.getloadavg()[0]:.1f} at the start"
    print(f"Python {platform.python_version()}, {versions}; {os.cpu_count()} cores, {platform.machine()}, {load}\n")
    met = {}
    with tempfile.TemporaryDirectory() as folder:
        for name in given.shapes.split(","):
            file = Path(folder) / f"{name}.xml"
            in_a_process("--events", str(given.events), "--make", name, str(file))
            met[name] = compared(name, file, given.repeats)
            file.unlink()
    missed = ", ".join(name for name, is_met in met.items() if not is_met)
    print("\nasked: read in 4 s, 500 MB, 5 times faster than fewsxml; written in 6 s:", end=" ")
    print(f"missed by {missed}\n" if missed else "all met\n")
    samples()


if __name__ == "__main__":
    main()
