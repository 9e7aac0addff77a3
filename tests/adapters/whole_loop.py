"""A whole loop through a host: its history trains, three cycles run while a flood comes, and what left is given back to
be compared with what the host itself holds.

    def test_whole_loop(tmp_path):
        loop = run_loop(tmp_path, Hosted(put=..., source='{ use = "sql", ... }', sinks=('{ use = "sql", ... }',),
                                         modules={"sql": "hydria_sql"}))
        # read the host: are loop.bulletins, loop.news and loop.reports there?
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint
from pathlib import Path

import numpy as np

from hydria_plugin import Alert, Bulletin, Host, Report
from hydria_plugin.config import open_store, read_config
from hydria_plugin.plugins import Registry, load_plugins
from hydria_plugin.workshop.training import train_one

STEP = np.timedelta64(3600, "s")
BEGIN = np.datetime64("2026-08-20T00:00:00", "s")
DAYS, CYCLES, RISE = 40, 3, 5  # the flood begins RISE steps before the first cycle
SERIES = ("q_up", "h_down", "r1", "r2", "r3")  # discharge m3/s, level m, three rain gauges mm per hour
STATIONS = {"up": ("q_up", "discharge", "m3/s"), "down": ("h_down", "level", "m")}
LIMITS = {"up": (30.0, 300.0), "down": (1.2, 9.0)}  # yellow is passed by the flood, red is not
INPUTS = (
    ("up", "rain.1", "r1"),
    ("up", "rain.2", "r2"),
    ("down", "rain.1", "r3"),
    ("down", "discharge.upstream", "q_up"),
)

TOML = """
[platform]
name = "Whole loop"
store = "sqlite:///hydria.db"
models = "models"

[pipelines.loop]
step = "1h"
past = "12h"
horizon = "6h"
stations = "stations.csv"
inputs = "inputs.csv"
delay = "3min"
quantiles = [0.1, 0.5, 0.9]
source = {source}
forecasters = ["ridge", "persistence"]
explainers = ["attribution"]
sinks = [{sinks}]

[pipelines.loop.forecaster.ridge]
folds = 2

[pipelines.loop.alerts]
thresholds = ["yellow", "red"]
probability = 0.5
"""


@dataclass(frozen=True)
class Rows:
    """Values on their way into the host: N rows; times end the step, UTC."""

    series: tuple[str, ...]
    times: np.ndarray  # (N) datetime64[s]
    values: np.ndarray  # (N)

    def of(self, series: str) -> tuple[np.ndarray, np.ndarray]:
        """Times and values of one series."""
        mine = np.array([s == series for s in self.series], dtype=bool)
        return self.times[mine], self.values[mine]


@dataclass(frozen=True)
class Hosted:
    """How a host takes part. ``names``: what the source calls our series, where it is something else; ``table``: lines
    of the configuration that come last."""

    put: Callable[[Rows], None]
    source: str
    sinks: Sequence[str] = ()
    modules: Mapping[str, str] = field(default_factory=dict)  # entry-point name -> module
    names: Mapping[str, str] = field(default_factory=dict)
    table: str = ""


@dataclass(frozen=True)
class Loop:
    """What happened."""

    folder: Path
    bulletins: tuple[Bulletin, ...]  # as the store gives them back
    reports: tuple[Report, ...]

    @property
    def news(self) -> tuple[Alert, ...]:
        return tuple(alert for bulletin in self.bulletins for alert in bulletin.alerts if alert.is_news)


class Clock:
    def __init__(self) -> None:
        self.now = BEGIN.astype("datetime64[us]")

    def __call__(self) -> np.datetime64:
        return self.now


def flood_record() -> dict[str, np.ndarray]:
    """(T) by series: storms through linear reservoirs, seeded, and one flood at the end."""
    rng, steps = np.random.default_rng(20260820), DAYS * 24 + CYCLES
    storm = np.where(rng.random(steps) < 0.05, rng.gamma(0.8, 8.0, steps), 0.0)
    storm[-CYCLES - RISE : -CYCLES] = 25.0
    rain = {name: np.round(storm * rng.gamma(8.0, 1 / 8, steps), 1) for name in ("r1", "r2", "r3")}
    flow = 3.0 + 2.5 * routed((rain["r1"] + rain["r2"]) / 2, 0.8)
    level = 0.5 + 0.03 * routed(flow, 0.6)
    return {"q_up": np.round(flow, 3), "h_down": np.round(level, 3), **rain}


def routed(inflow: np.ndarray, memory: float) -> np.ndarray:
    held, out = float(inflow[0]), np.empty(len(inflow))
    for t, new in enumerate(inflow):
        held = memory * held + (1 - memory) * new
        out[t] = held
    return out


def rows_between(first: int, last: int) -> Rows:
    """Steps ``first`` to ``last - 1`` of every series."""
    record, steps = flood_record(), np.arange(first, last)
    series = tuple(name for name in SERIES for _ in steps)
    return Rows(series, np.tile(BEGIN + steps * STEP, len(SERIES)), np.concatenate([record[n][steps] for n in SERIES]))


def write_files(folder: Path, hosted: Hosted) -> Path:
    """hydria.toml, stations.csv and inputs.csv."""
    name = {s: hosted.names.get(s, s) for s in SERIES}
    sites = [
        f"{s},Station {s},44.1,4.1,{name[t]},{q},{u},{LIMITS[s][0]},{LIMITS[s][1]}" for s, (t, q, u) in STATIONS.items()
    ]
    gauges = [f"{s},{slot},{name[series]},{slot.split('.')[0]}" for s, slot, series in INPUTS]
    folder.mkdir(parents=True, exist_ok=True)
    head = "station,name,lat,lon,target,quantity,unit,yellow,red"
    (folder / "stations.csv").write_text("\n".join([head, *sites, ""]))
    (folder / "inputs.csv").write_text("\n".join(["station,slot,series,kind", *gauges, ""]))
    path = folder / "hydria.toml"
    path.write_text(TOML.format(source=hosted.source, sinks=", ".join(hosted.sinks)) + hosted.table)
    return path


def registry_with(modules: Mapping[str, str]) -> Registry:
    """Built-ins, the csv adapter and ``modules``, whether they are installed or not."""
    named = {"csv": "hydria_csv", **modules}
    return load_plugins(points=[EntryPoint(name=n, value=m, group="hydria") for n, m in named.items()])


def run_loop(folder: Path, hosted: Hosted) -> Loop:
    """Put the history in, train, run the cycles."""
    path, registry = write_files(folder, hosted), registry_with(hosted.modules)
    hosted.put(rows_between(0, DAYS * 24))
    settings = read_config(path, registry=registry)
    outcomes = train_one(settings, "loop", registry, (None, None), 0, lambda what, share: None)
    assert outcomes, "nothing was trained"
    clock = Clock()
    host = Host(settings, registry, open_store(settings, registry), clock)
    with host:
        made = []
        for n in range(CYCLES):
            issued_at = BEGIN + (DAYS * 24 + n) * STEP
            clock.now = (issued_at + np.timedelta64(200, "s")).astype("datetime64[us]")
            hosted.put(rows_between(DAYS * 24 + n, DAYS * 24 + n + 1))
            host.run_once("loop", issued_at)
            made.append(host.store.bulletin("loop", issued_at))
            check_whole(made[-1])
        assert not undelivered(host, clock.now), "something did not leave"
    bulletins = tuple(b for b in made if b is not None)
    loop = Loop(folder, bulletins, tuple(r for b in bulletins for r in b.reports))
    assert {a.station for a in loop.news} == set(STATIONS), "the flood must be news at both stations"
    assert loop.reports, "the news must have been explained"
    return loop


def check_whole(bulletin: Bulletin | None) -> None:
    """Everything that the host was given was seen."""
    assert bulletin is not None
    assert not bulletin.problems, bulletin.problems
    assert set(bulletin.forecast.made_by) == {"ridge"}, bulletin.forecast.made_by
    assert np.isfinite(bulletin.summary.observed).all(), "the past has gaps: the host did not give all that was put in"
    assert (bulletin.summary.availability[bulletin.layout.present] == 1).all(), "an input has gaps"


def undelivered(host: Host, now: np.datetime64) -> list[object]:
    later = now + np.timedelta64(1, "D")
    return [d for sink in host.pipelines["loop"].sinks for d in host.store.undelivered("loop", sink, later)]
