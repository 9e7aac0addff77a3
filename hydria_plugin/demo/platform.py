"""A small platform on disk: what an admin would have written, and feeds as a telemetry would have left them."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ..values import Floats, Times

THRESHOLDS = {"en": ("yellow", "orange", "red"), "fr": ("jaune", "orange", "rouge")}
RATE = {"en": "fast rise", "fr": "montée rapide"}
PIPELINE = "demo"
ARCHIVE, LIVE = "archive.csv", "live.csv"


@dataclass(frozen=True)
class Site:
    """One line of stations.csv; ``limits`` for yellow, orange and red."""

    station: str
    name: str
    target: str
    quantity: str
    unit: str
    limits: tuple[float, float, float]
    rise: float = float("nan")  # within an hour, that is too fast; NaN = no such alert


@dataclass(frozen=True)
class Late:
    """The values of a series for steps ``first`` to ``last`` arrive ``minutes`` late."""

    series: str
    first: int
    last: int
    minutes: int


@dataclass(frozen=True, eq=False)
class Case:
    """A basin, its record, and the flood to be replayed. Steps are places in ``times``."""

    basin: str  # what it is, in a few words
    label: str  # at the head of every feed: SIMULATED, or where the data are from
    sites: tuple[Site, ...]  # the first is the one the account is about
    inputs: tuple[tuple[str, str, str, str], ...]  # lines of inputs.csv: station, slot, series, kind
    times: Times  # (T)
    step: str
    past: str
    horizon: str
    series: Mapping[str, Floats]  # (T) as the gauges read
    truth: Mapping[str, Floats]  # (T) by station, what the river really did
    first_trained: int
    first: int  # of the flood to be replayed
    last: int
    late: tuple[Late, ...] = ()
    of: tuple[str, ...] = ("boosting", "ridge", "persistence")  # the members of the blend
    truth_is_known: bool = False  # as only a simulation knows it; else it is what the gauge read
    shares: Mapping[str, float] = field(default_factory=dict)  # of the first site's flow, by rain series; where known
    longer: Callable[[], Case] | None = None  # more years of the same basin: what KnoX reads; None = these

    @property
    def to_read(self) -> Case:
        """The record that the networks which explain are fitted on."""
        return self.longer() if self.longer else self

    @property
    def days(self) -> int:
        """Of the record before the flood."""
        return int((self.times[self.first] - self.times[self.first_trained]) / np.timedelta64(1, "D"))

    def rain(self, steps: slice) -> tuple[Times, Floats] | None:
        """Times and the mean of the rain gauges that work, mm per step; None where there are no gauges."""
        names = dict.fromkeys(series for _, _, series, kind in self.inputs if kind == "rain")
        if not names:
            return None
        gauges = np.stack([self.series[name][steps] for name in names])
        known = np.isfinite(gauges)
        mean = np.where(known, gauges, 0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
        return self.times[steps], mean


def write_platform(folder: Path, case: Case, language: str) -> Path:
    """Configuration and archive; gives the configuration's path. The live feed grows later."""
    (folder / "feeds").mkdir(parents=True, exist_ok=True)
    names = THRESHOLDS[language]
    write_rows(
        folder / "stations.csv",
        ("station", "name", "target", "quantity", "unit", *names, "rise"),
        ((s.station, s.name, s.target, s.quantity, s.unit, *s.limits, shown(s.rise)) for s in case.sites),
    )
    write_rows(folder / "inputs.csv", ("station", "slot", "series", "kind"), case.inputs)
    series = list(case.series)
    rows = ((stamp(case.times[t]), *(shown(case.series[s][t]) for s in series)) for t in range(case.first))
    write_rows(folder / "feeds" / ARCHIVE, ("time_utc", *series), rows, case.label)
    write_rows(folder / "feeds" / LIVE, ("time_utc", "series", "value", "received_at"), (), case.label)
    config = folder / "hydria.toml"
    config.write_text(toml(case, language), encoding="utf-8")
    return config


def toml(case: Case, language: str) -> str:
    return f"""# Written by `hydria demo`.
[platform]
name = {quoted(case.basin)}
store = "sqlite:///hydria.db"
models = "models"
language = "{language}"
timezone = "Europe/Paris"               # for display; UTC inside

[pipelines.{PIPELINE}]
step = "{case.step}"
past = "{case.past}"
horizon = "{case.horizon}"
delay = "3min"                          # the cycle for 10:00 starts at 10:03
stations = "stations.csv"
inputs = "inputs.csv"
source = {{ use = "csv", path = "feeds", time = "time_utc" }}
forecasters = ["blend", "persistence"]  # in order: the next fills what is missing
correct_inputs = ["quality", "gaps", "input-error"]     # feeds are judged, filled, and their error carried along
correct_forecast = ["error-model", "conformal"]         # bands follow what is verified
sinks = [{{ use = "csv", path = "out" }}]

[pipelines.{PIPELINE}.forecaster.blend]
of = {quoted(case.of)}

{boosting(case)}[pipelines.{PIPELINE}.alerts]
thresholds = {quoted(THRESHOLDS[language])}
probability = 0.5                       # of exceedance within the horizon
hold = "3h"                             # lower or clear only after this long below threshold - tolerance
tolerance = 0.05
{rates(case, language)}"""


def quoted(words: str | tuple[str, ...]) -> str:
    """A text, or a list of texts, as TOML: of what JSON writes so, TOML reads all."""
    return json.dumps(words, ensure_ascii=False).replace("\x7f", "\\u007F")


def boosting(case: Case) -> str:
    if "boosting" not in case.of:
        return ""
    return f"""[pipelines.{PIPELINE}.forecaster.boosting]
rounds = 40                             # all of these are for a demonstration in a hurry; without them: better, slower
learning_rate = 0.15
leaves = 7
folds = 2
max_rows = 3000
num_threads = 1

"""


def rates(case: Case, language: str) -> str:
    """The rate of rise, where a site has one."""
    if all(np.isnan(site.rise) for site in case.sites):
        return ""
    return f'rates = [{{ name = "{RATE[language]}", column = "rise", over = "1h" }}]\n'


def write_rows(path: Path, header: Iterable[object], rows: Iterable[Iterable[object]], label: str = "") -> None:
    """A CSV file; ``label`` goes before the header as a comment."""
    with path.open("w", newline="", encoding="utf-8") as file:
        if label:
            file.write(f"# {' '.join(label.split())}\n")
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def stamp(time: np.datetime64) -> str:
    return f"{time.astype('datetime64[s]')}Z"


def shown(value: float) -> str:
    return "" if np.isnan(value) else f"{value:.3f}".rstrip("0").rstrip(".")
