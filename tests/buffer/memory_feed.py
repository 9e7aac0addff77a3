"""A source over rows in memory, and the window worked out the slow way: row by row, from the definition."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from hydria_plugin.values import Flag, Layout, Wanted

QUANTILES = (0.1, 0.5, 0.9)
EPOCH = np.datetime64("2020-03-28T00:00:00", "s")  # the clocks of Europe change the night after


START = int(EPOCH.astype("M8[us]").astype(np.int64))
NEVER = int(np.iinfo(np.int64).min)


@dataclass(frozen=True)
class Row:
    """One line of a feed; times are seconds after EPOCH."""

    series: str
    time: float
    value: float
    received: float
    issued: float | None = None
    member: int = 0
    flag: int = int(Flag.GOOD)


def moment(seconds: float) -> np.datetime64:
    return np.datetime64(micros(seconds), "us")


def step_at(number: int, step: int) -> np.datetime64:
    return (EPOCH + np.timedelta64(number * step, "s")).astype("M8[s]")


def micros(seconds: float | None) -> int:
    """Microseconds since 1970; NaT for None."""
    return NEVER if seconds is None else START + round(seconds * 1e6)


def table_of(rows: list[Row]) -> pd.DataFrame:
    def utc(values: list[int]) -> pd.DatetimeIndex:
        return pd.DatetimeIndex(np.asarray(values, dtype=np.int64).view("M8[us]")).tz_localize("UTC")

    return pd.DataFrame(
        {
            "series": pd.Series([r.series for r in rows], dtype=object),
            "time": utc([micros(r.time) for r in rows]),
            "value": np.asarray([r.value for r in rows], dtype=float),
            "flag": np.asarray([r.flag for r in rows], dtype=float),
            "received_at": utc([micros(r.received) for r in rows]),
            "issued_at": utc([micros(r.issued) for r in rows]),
            "member": np.asarray([r.member for r in rows], dtype=int),
        }
    )


@dataclass
class MemoryFeed:
    """Answers as a host does: what was known, of the series, stamped in the span. Counts what it gave."""

    rows: list[Row]
    asked: list[Wanted] = field(default_factory=list)
    given: int = 0

    def read(self, wanted: Wanted) -> pd.DataFrame:
        self.asked.append(wanted)
        asked = (wanted.start - wanted.step, wanted.issued_at, wanted.end, wanted.known_at)
        first, issued, end, known = (int(t.astype("M8[us]").astype(np.int64)) for t in asked)
        names = set(wanted.series)
        rows = [
            r
            for r in self.rows
            if r.series in names
            and micros(r.received) <= known
            and first < micros(r.time)
            and (micros(r.time) <= issued if r.issued is None else micros(r.issued) <= issued and micros(r.time) <= end)
        ]
        self.given += len(rows)
        return table_of(rows)


def layout_of(
    series: list[list[str]],
    kinds: tuple[str, ...],
    *,
    step: int = 3600,
    past: int = 6,
    horizon: int = 4,
    targets: tuple[str, ...] | None = None,
) -> Layout:
    stations = tuple(f"s{i}" for i in range(len(series)))
    counted: dict[str, int] = {}
    slots = []
    for kind in kinds:
        counted[kind] = counted.get(kind, 0) + 1
        slots.append(f"{kind}.{counted[kind]}")
    return Layout(
        stations,
        targets or tuple(f"level@{s}" for s in stations),
        ("level",) * len(stations),
        ("m",) * len(stations),
        tuple(slots),
        kinds,
        np.asarray(series, dtype=str).reshape(len(stations), len(kinds)),
        np.timedelta64(step, "s"),
        past,
        horizon,
        QUANTILES,
    )


def value_of(rows: list[Row], number: int, step: int, kind: str, label: str) -> float:
    """The value of one step from the rows of one series, in the order they stand."""
    newest: dict[float, Row] = {}
    for r in rows:
        mine = (
            math.floor(r.time / step) + 1 if label == "start" and kind in ("rain", "pet") else math.ceil(r.time / step)
        )
        if mine == number and (r.time not in newest or newest[r.time].received <= r.received):
            newest[r.time] = r
    values = [newest[t].value for t in sorted(newest)]
    there = [v for v in values if math.isfinite(v)]
    if not there:
        return math.nan
    if kind in ("rain", "pet"):
        return sum(there) * len(values) / len(there) if 2 * len(there) >= len(values) else math.nan
    return there[-1]


def observations_known(feed: MemoryFeed, series: str, number: int, step: int, known: float) -> list[Row]:
    """Rows that a cycle for step ``number`` may see."""
    return [
        r
        for r in feed.rows
        if r.series == series and r.issued is None and r.received <= known and r.time <= number * step
    ]


def past_of(
    feed: MemoryFeed, layout: Layout, series: str, kind: str, number: int, known: float, label: str
) -> np.ndarray:
    """(P) the newest steps of a series, the slow way."""
    step = int(layout.step.astype(int))
    rows = observations_known(feed, series, number, step, known)
    steps = range(number - layout.past + 1, number + 1)
    return np.asarray([value_of(rows, k, step, kind, label) if series else math.nan for k in steps])


def changed(feed: MemoryFeed, which: list[int], by: float) -> MemoryFeed:
    """The same feed, the values of some rows moved."""
    rows = [replace(r, value=r.value + by) if i in which else r for i, r in enumerate(feed.rows)]
    return MemoryFeed(rows)


def future_of(feed: MemoryFeed, layout: Layout, series: str, number: int, known: float) -> dict[int, np.ndarray]:
    """Member -> (H) the newest issue known of a series, the slow way; the steps of rows lie on the grid."""
    step = int(layout.step.astype(int))
    rows = [
        r
        for r in feed.rows
        if r.series == series and r.issued is not None and r.received <= known and r.issued // step <= number
    ]
    rows = [r for r in rows if r.issued is not None and r.issued <= number * step]
    ahead = [r for r in rows if math.ceil(r.time / step) > (r.issued or 0) // step and r.time <= known + 1e9]
    if not ahead:
        return {}
    newest = max((r.issued or 0) // step for r in ahead)
    out: dict[int, np.ndarray] = {}
    for r in sorted((r for r in ahead if (r.issued or 0) // step == newest), key=lambda r: r.received):
        h = math.ceil(r.time / step) - number
        if 1 <= h <= layout.horizon:
            out.setdefault(r.member, np.full(layout.horizon, math.nan))[h - 1] = r.value
    return out


@dataclass(frozen=True)
class Made:
    """A made-up feed and the cycles that will ask it."""

    layout: Layout
    feed: MemoryFeed
    step: int
    overlap: np.timedelta64
    cycles: list[tuple[int, float]]  # step number, seconds known at

    def at(self, cycle: tuple[int, float]) -> tuple[np.datetime64, np.datetime64]:
        return step_at(cycle[0], self.step), moment(cycle[1])


def made_up(seed: int, step: int, *, forecasts: bool = False, members: int = 1, cycles: int = 6) -> Made:
    """Irregular, finer, late, corrected, flagged and missing rows for two or three stations; some share a series."""
    rng = np.random.default_rng(seed)
    kinds = ("rain", "level", "simulation") if forecasts else ("rain", "pet", "level")
    series = [["r", "", "c"], ["r", "b1", ""], ["r2", "b2", "c"]][: int(rng.integers(2, 4))]
    layout = layout_of(series, kinds, step=step, past=int(rng.integers(1, 9)), horizon=int(rng.integers(1, 5)))
    overlap, span = 3, 40
    rows: list[Row] = []
    for name in layout.all_series():
        for _ in range(int(rng.integers(0, 90))):
            at = rng.integers(-span * 4, 40) * step / 4 if rng.random() < 0.8 else rng.integers(-span, 10) * step * 1.0
            late = rng.integers(0, overlap * 4) * step / 4 if rng.random() < 0.4 else 0.0
            value = math.nan if rng.random() < 0.05 else float(rng.integers(0, 50)) / 8
            rows.append(Row(name, at, value, at + late, flag=int(rng.choice([1, 1, 1, 2, 3, 4]))))
    if forecasts:
        rows += issued(rng, ("r", "r2", "c", "b1"), step, layout.horizon, members)
    first, known, asked = int(rng.integers(-3, 2)), -math.inf, []
    for n in range(first, first + cycles):
        known = max(known, n * step) + float(rng.integers(0, 5)) * step / 4
        asked.append((n, known))
    return Made(layout, MemoryFeed(rows), step, np.timedelta64(overlap * step, "s"), asked)


def issued(rng: np.random.Generator, series: tuple[str, ...], step: int, horizon: int, members: int) -> list[Row]:
    """Forecasts of some series, of different reach, some late."""
    rows = []
    for name in series:
        for issue in range(-20, 10):
            if rng.random() < 0.4:
                late = float(rng.integers(0, 4)) * step / 2
                for lead in range(1, int(rng.integers(1, horizon + 3)) + 1):
                    for member in range(members if name.startswith("r") else 1):
                        value = float(rng.integers(0, 99)) / 4
                        valid, at = (issue + lead) * step * 1.0, issue * step * 1.0
                        rows.append(Row(name, valid, value, at + late, at, member))
    return rows
