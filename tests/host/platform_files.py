"""Writes the configuration of a small platform over the made-up river."""

from __future__ import annotations

from pathlib import Path

import numpy as np

TOML = """
[platform]
name = "Trial"
store = "{store}"
timezone = "{timezone}"

[pipelines.river]
step = "15min"
past = "3h"
horizon = "{horizon}"
stations = "stations.csv"
source = {{ use = "river", late = {late} }}
forecasters = [{forecasters}]
sinks = [{{ use = "diary", path = "diary.jsonl" }}{sinks}]
{more}
"""
STATIONS = """station,name,lat,lon,target,quantity,unit,yellow,orange,red
upper,Upper bridge,44.1,4.1,q.upper,level,m,1.5,2.5,3.5
lower,Lower bridge,44.0,4.2,q.lower,level,m,2.0,3.0,
"""


def write_platform(
    folder: Path,
    *,
    store: str = "sqlite:///hydria.db",
    timezone: str = "UTC",
    late: int = 0,
    horizon: str = "6h",
    forecasters: str = '"persistence"',
    sinks: str = "",
    more: str = "",
) -> Path:
    """The path of the configuration, in ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "stations.csv").write_text(STATIONS)
    path = folder / "hydria.toml"
    form = {"store": store, "timezone": timezone, "late": late, "horizon": horizon}
    path.write_text(TOML.format(**form, forecasters=forecasters, sinks=sinks, more=more))
    return path


class SimulatedClock:
    """Stands still until told: ``clock()`` is UTC now as datetime64[us]."""

    def __init__(self, now: str) -> None:
        self.now = np.datetime64(now, "us")

    def __call__(self) -> np.datetime64:
        return self.now

    def advance(self, minutes: float) -> None:
        self.now = self.now + np.timedelta64(round(minutes * 60e6), "us")

    def set(self, now: str) -> None:
        self.now = np.datetime64(now, "us")
