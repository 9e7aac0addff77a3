"""CAP messages: a bulletin with 1,000 alerts written, checked by an independent reader, written again, and updated.

    python -m benchmarks.adapters.cap [--alerts N] [--repeats N]

One bulletin of N stations, an alert each; every message in French and English, with its circle, in the folder for
receivers and in the sink's memory. "valid": lxml with the XSD of OASIS (../shared/samples/xsd), which is not our code.
Wall clock and processor time, the least of the repeats; "per message" is of the processor time.
"""

from __future__ import annotations

import argparse
import os
import platform
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from lxml import etree

from hydria_cap.markup import read_message
from hydria_cap.sink import CapSink
from hydria_plugin import Bulletin, Reason
from hydria_plugin.testing import sample_alert, sample_bulletin, sample_layout

ROOT = Path(__file__).resolve().parents[2]
XSD = next((p for up in ROOT.parents if (p := up / "shared/samples/xsd/CAP-v1.2.xsd").is_file()), None)
HOUR = np.timedelta64(3600, "s")


def bulletin_of(stations: int, hour: int = 0) -> Bulletin:
    """An alert at every station: its first news, an hour later a higher one."""
    made = replace(sample_bulletin(layout=sample_layout(stations=stations, slots=1)), window=None, received=None)
    at = made.issued_at + hour * HOUR
    reason = Reason.HIGHER if hour else Reason.FIRST
    alerts = tuple(
        replace(sample_alert(at, station), event=f"{station}-e", sequence=hour, reason=reason)
        for station in made.layout.stations
    )
    forecast = replace(made.forecast, issued_at=at)
    return replace(made, issued_at=at, known_at=made.known_at + hour * HOUR, forecast=forecast, alerts=alerts)


def sink_in(folder: Path, bulletin: Bulletin) -> CapSink:
    places = dict.fromkeys(bulletin.layout.targets, (44.0, 4.0))
    return CapSink(path="cap", folder=folder, sender="crues@exemple.fr", status="Test", places=places)


def took(what: Callable[[], Any]) -> tuple[float, float]:
    wall, processor = time.perf_counter(), time.process_time()
    what()
    return time.perf_counter() - wall, time.process_time() - processor


def once(alerts: int) -> dict[str, tuple[float, float]]:
    """Each step on a folder of its own."""
    first, higher = bulletin_of(alerts), bulletin_of(alerts, 1)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sink = sink_in(folder, first)
        measured = {"written": took(lambda: sink.write(first))}
        texts = [file.read_bytes() for file in sorted((folder / "cap").glob("*.xml"))]
        assert len(texts) == alerts, len(texts)
        measured["read back by us"] = took(lambda: [read_message(text, "benchmark") for text in texts])
        if XSD:
            schema = etree.XMLSchema(etree.parse(XSD))
            measured["valid by lxml and the XSD"] = took(
                lambda: [schema.assertValid(etree.fromstring(t)) for t in texts]
            )
        measured["the same bulletin again"] = took(lambda: sink.write(first))
        measured["updates of them all"] = took(lambda: sink.write(higher))
        assert len(list((folder / "cap").glob("*.xml"))) == 2 * alerts
        size = sum(map(len, texts)) / len(texts)
    print(f"{alerts:,} alerts, {size / 1000:.1f} kB each", flush=True)
    return measured


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--alerts", type=int, default=1000)
    parser.add_argument("--repeats", type=int, default=3)
    given = parser.parse_args()
    load = os.getloadavg()[0]
    print(f"Python {platform.python_version()}, lxml {etree.__version__}, {os.cpu_count()} cores, load {load:.1f}")
    if XSD is None:
        print("../shared/samples/xsd is not beside this checkout: nothing is validated")
    runs = [once(given.alerts) for _ in range(given.repeats)]
    print(f"\n{'what':<28} {'wall s':>8} {'processor s':>12} {'per message ms':>15}")
    for what in runs[0]:
        wall, processor = (min(run[what][n] for run in runs) for n in (0, 1))
        print(f"{what:<28} {wall:>8.2f} {processor:>12.2f} {1000 * processor / given.alerts:>15.2f}")


if __name__ == "__main__":
    main()
