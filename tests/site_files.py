"""A small platform on disk, for tests of configuration and commands: two gauges on a river, hourly."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

TOML = """\
[platform]
name = "Two gauges"
store = "sqlite:///hydria.db"
models = "models"
language = "fr"
timezone = "Europe/Paris"

[pipelines.river]
step = "1h"
past = "24h"
horizon = "6h"
stations = "stations.csv"
inputs = "inputs.csv"
source = { use = "csv", path = "feeds", time = "time_utc" }
forecasters = ["ridge", "persistence"]
delay = "3min"
quantiles = [0.1, 0.5, 0.9]
sinks = [{ use = "csv", path = "out" }]

[pipelines.river.forecaster.ridge]
folds = 4

[pipelines.river.alerts]
thresholds = ["yellow", "red"]
probability = 0.5
hold = "2h"
tolerance = 0.1
repeat = "12h"
rates = [{ name = "fast rise", column = "rise", over = "2h" }]
"""
STATIONS = """\
station,name,lat,lon,target,quantity,unit,yellow,red,rise,area_km2
up,Upper bridge,44.1,3.9,q_up,discharge,m3/s,40,80,15,120
down,Lower bridge,44.0,4.0,h_down,level,m,2,3.5,,300
"""
INPUTS = """\
station,slot,series,kind
up,rain.1,r1,rain
down,rain.1,r1,rain
down,discharge.upstream,q_up,discharge
"""
RATINGS = """\
station,valid_from,stage,discharge,sigma
down,2020-01-01,0.5,2,0.2
down,2020-01-01,1.5,20,1
down,2020-01-01,3,90,5
"""
FILES = {"hydria.toml": TOML, "stations.csv": STATIONS, "inputs.csv": INPUTS, "ratings.csv": RATINGS}


def write_site(folder: Path, changes: Mapping[str, str | bytes | None] | None = None, days: int = 40) -> Path:
    """Write the platform into ``folder``; ``changes`` replace files by name (None: left out). Gives the config."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "feeds").mkdir(exist_ok=True)
    (folder / "feeds" / "river.csv").write_text(feed(days))
    for name, text in {**FILES, **(changes or {})}.items():
        if text is None:
            continue
        content = text if isinstance(text, bytes) else text.encode()
        (folder / name).write_bytes(content)
    return folder / "hydria.toml"


def feed(days: int) -> str:
    """Hourly rain, discharge and level from 1 March 2021: storms through two linear reservoirs, seeded."""
    rng = np.random.default_rng(20210301)
    steps = 24 * days
    rain = np.where(rng.random(steps) < 0.06, rng.gamma(0.8, 12.0, steps), 0.0)
    flow = routed(rain, 0.85) * 2.0 + 3.0
    level = 0.5 + 0.03 * routed(np.roll(flow, 2), 0.7)
    times = np.datetime64("2021-03-01T00:00", "s") + np.arange(steps) * np.timedelta64(3600, "s")
    rows = (f"{t}Z,{r:.1f},{q:.3f},{h:.3f}" for t, r, q, h in zip(times, rain, flow, level, strict=True))
    return "\n".join(["time_utc,r1,q_up,h_down", *rows]) + "\n"


def routed(inflow: np.ndarray, memory: float) -> np.ndarray:
    """A linear reservoir that keeps ``memory`` of its content every step."""
    held, out = 0.0, np.empty(len(inflow))
    for t, new in enumerate(inflow):
        held = memory * held + (1 - memory) * new
        out[t] = held
    return out
