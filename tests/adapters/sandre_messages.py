"""Sandre messages made up for tests, and how they are read."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from hydria_plugin import Problem, Wanted
from hydria_sandre.archive import parse
from hydria_sandre.collecting import Collector
from hydria_sandre.faults import Faults
from hydria_sandre.form import FORECAST, SERIES, Form, checked
from hydria_sandre.rows import Rows, Stream
from hydria_sandre.source import SandreSource

PLACES = [up / "shared" / "samples" / "sandre-hydrometrie" for up in Path(__file__).resolve().parents]
SAMPLES = next((place for place in PLACES if place.is_dir()), PLACES[-1])
with_samples = pytest.mark.skipif(not SAMPLES.is_dir(), reason="../shared/samples is not beside this checkout")

DEFAULTS: dict[str, Any] = {
    "series": SERIES,
    "forecast": FORECAST,
    "names": None,
    "units": None,
    "csv_units": None,
    "timezone": "UTC",
    "flags": None,
    "forecast_value": "moy",
    "received": "production",
}
SPACE = ' xmlns="http://xml.sandre.eaufrance.fr/scenario/hydrometrie/1.1"'


def form(**options: Any) -> Form:
    return checked("source", **{**DEFAULTS, **options})


def parsed(data: bytes, **options: Any) -> tuple[Rows, list[Stream], list[Problem]]:
    """What the reader makes of one file."""
    made = form(**options)
    collector = Collector(made.zone, made.trust(), {}, Faults("m"))
    parse(io.BytesIO(data), "m", collector, made)
    return collector.rows(), list(collector.streams), collector.faults.problems()


def message(data: str, version: str = "1.1", space: str = "", part: str = "Donnees") -> str:
    head = f"<CodeScenario>hydrometrie</CodeScenario><VersionScenario>{version}</VersionScenario>"
    return f"<hydrometrie{space}><Scenario>{head}</Scenario><{part}>{data}</{part}></hydrometrie>"


def level(*points: str, code: str = "A123456701", quantity: str = "H", more: str = "") -> str:
    """A v1.1 series; a point is "time value quality"."""
    made = []
    for point in points:
        time, value, *quality = point.split()
        judged = f"<QualifObsHydro>{quality[0]}</QualifObsHydro>" if quality else ""
        made.append(f"<ObsHydro><DtObsHydro>{time}</DtObsHydro><ResObsHydro>{value}</ResObsHydro>{judged}</ObsHydro>")
    tag = {8: "CdSiteHydro", 10: "CdStationHydro", 12: "CdCapteur"}[len(code)]
    head = f"<{tag}>{code}</{tag}><GrdSerie>{quantity}</GrdSerie>{more}"
    return f"<Series><Serie>{head}<ObssHydro>{''.join(made)}</ObssHydro></Serie></Series>"


def rain(*points: str, code: str = "01033002", minutes: int = 60, quantity: str = "RR") -> str:
    """A v1.1 list; a point is "time value"."""
    head = f"<CdGrdMeteo>{quantity}</CdGrdMeteo><CdSiteMeteo>{code}</CdSiteMeteo>"
    end = f"<DureeObsMeteo>{minutes}</DureeObsMeteo>"
    made = [point.split() for point in points]
    rows = [f"<DtObsMeteo>{t}</DtObsMeteo><ResObsMeteo>{v}</ResObsMeteo>" for t, v in made]
    return f"<ObssMeteo>{''.join(f'<ObsMeteo>{head}{row}{end}</ObsMeteo>' for row in rows)}</ObssMeteo>"


def asked(
    series: Sequence[str], start: str = "2010-02-26T00:00", issued_at: str = "2010-02-27T00:00", **more: Any
) -> Wanted:
    """Wanted, known a day later, 24 hours ahead."""
    issued = np.datetime64(issued_at, "s")
    known = np.datetime64(more.get("known_at", issued + np.timedelta64(1, "D")), "us")
    step = more.get("step", np.timedelta64(3600, "s"))
    return Wanted(tuple(series), np.datetime64(start, "s"), issued, known, issued + 24 * step, step)


def read(folder: Path, *series: str, wanted: Wanted | None = None, **options: Any) -> pd.DataFrame:
    """The table of a folder."""
    return SandreSource(path=folder.name, folder=folder.parent, **options).read(wanted or asked(series))


def said(table: pd.DataFrame) -> list[str]:
    return [problem.error for problem in table.attrs["problems"]]
