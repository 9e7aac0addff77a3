"""The basins: real records with hourly or finer rain, read into a History, split 60/20/20 in time."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd

from hydria_plugin import History, Layout, Signal, Split
from hydria_plugin.learning.events import find_events
from hydria_plugin.totals import steps_in, totals_over
from hydria_plugin.values import SUMMED, Floats

PAST, HORIZON = 72, 24
QUANTILES = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95)
DURATIONS = tuple(np.timedelta64(h, "h").astype("timedelta64[s]") for h in (12, 24, 72, 168, 336, 720))


@dataclass(frozen=True)
class Station:
    """A gauge to forecast and what feeds it: slot -> column."""

    name: str
    target: str
    inputs: tuple[tuple[str, str], ...]
    area_km2: float | None = None  # known where GR4H can run


@dataclass(frozen=True)
class Basin:
    name: str
    file: str
    minutes: int
    stations: tuple[Station, ...]
    quantity: str = "discharge"
    pet: str | None = None

    @property
    def unit(self) -> str:
        return "m3/s" if self.quantity == "discharge" else "m"


def cance(code: str, upstream: tuple[str, ...]) -> Station:
    """The catchment's mean rain and two single gauges in it, and the discharge upstream."""
    rain = (("rain.1", f"rain_mm_mean_{code}"), ("rain.2", "rain_mm_px1"), ("rain.3", "rain_mm_px4"))
    return Station(code, f"discharge_m3s_{code}", (*rain, *up("discharge", "m3s", upstream)))


def up(quantity: str, unit: str, codes: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    return tuple((f"{quantity}.{i + 1}", f"{quantity}_{unit}_{code}") for i, code in enumerate(codes))


def wangsuk(code: str, upstream: tuple[str, ...]) -> Station:
    rain = (("rain.1", "rain_mm_10184110"), ("rain.2", "rain_mm_10184220"))
    return Station(code, f"level_m_{code}", (*rain, *up("level", "m", upstream)))


WALNUT = (
    ("rain.1", "rain_mm_354546078422045"),
    *up("discharge", "m3s", ("02087337", "0208734210", "0208734795")),
)
HAN = (
    *((f"rain.{i + 1}", f"rain_mm_{code}") for i, code in enumerate(("10184100", "10184110", "10184140"))),
    ("level.1", "level_cm_1018662"),
    ("discharge.1", "dam_outflow_m3s"),
)

BASINS = (
    Basin(
        "airgr_L0123003",
        "airgr_L0123003_hourly/L0123003.csv.gz",
        60,
        (Station("L0123003", "discharge_m3s", (("rain.1", "rain_mm"), ("pet.1", "pet_mm")), 920.0),),
        pet="pet_mm",
    ),
    Basin(
        "cance",
        "smash_cance_hourly/cance_rain_discharge.csv.gz",
        60,
        (
            cance("V3524010", ("V3515010", "V3517010")),
            cance("V3515010", ("V3517010",)),
            cance("V3517010", ()),
        ),
    ),
    Basin(
        "wangsuk",
        "korea_wangsuk_hourly/wangsuk.csv.gz",
        60,
        (
            wangsuk("1018630", ("1018625", "1018620")),
            wangsuk("1018625", ("1018620",)),
            wangsuk("1018620", ()),
        ),
        quantity="level",
    ),
    Basin(
        "usgs_03567500",
        "usgs_asos_hourly/usgs_03567500.csv.gz",
        60,
        (Station("03567500", "discharge_m3s", (("rain.1", "rain_mm_asos"), ("temperature.1", "temp_c_asos"))),),
    ),
    Basin(
        "walnut_creek",
        "usgs_walnut_creek_5min/walnut_creek.csv.gz",
        5,
        (Station("0208735460", "level_m_0208735460", WALNUT),),
        quantity="level",
    ),
    Basin(
        "han_seoul",
        "korea_han_seoul_10min/han_seoul.csv.gz",
        10,
        (Station("1018683", "level_cm_1018683", HAN),),
        quantity="level",
    ),
)


def read(basin: Basin, data: Path) -> tuple[History, ...]:
    """One History per station, on the regular grid of the basin; missing rows are gaps."""
    table = pd.read_csv(data / basin.file, index_col="time_utc")
    table.index = pd.to_datetime(table.index, utc=True).tz_localize(None)
    grid = pd.date_range(table.index[0], table.index[-1], freq=f"{basin.minutes}min")
    table = table[~table.index.duplicated(keep="last")].reindex(grid)
    for column in [c for c in table if c.startswith("dam_")]:
        table[column] = table[column].where(table[column] > -900)  # -990 is the source's sign for a fault
    return tuple(history_of(basin, station, table) for station in basin.stations)


def history_of(basin: Basin, station: Station, table: pd.DataFrame) -> History:
    slots = tuple(slot for slot, _ in station.inputs)
    kinds = tuple(slot.split(".")[0] for slot in slots)
    scale = 0.01 if "_cm_" in station.target else 1.0
    layout = Layout(
        (station.name,), (station.target,), (basin.quantity,), (basin.unit,), slots, kinds,
        np.array([[column for _, column in station.inputs]]), np.timedelta64(basin.minutes * 60, "s"),
        PAST, HORIZON, QUANTILES,
    )  # fmt: skip
    inputs = table[[column for _, column in station.inputs]].to_numpy(dtype=np.float64)
    target = table[station.target].to_numpy(dtype=np.float64)[None] * scale
    summed = np.array([kind in SUMMED for kind in kinds])
    steps = [steps_in(d, layout.step) for d in DURATIONS]
    totals = totals_over(inputs, 0, np.arange(len(inputs)), steps, summed)
    times = table.index.to_numpy().astype("datetime64[s]")
    return History(layout, times, Signal.measured(target), Signal.measured(inputs[None]), totals[None], DURATIONS)


def first_part(history: History, share: float = 0.8) -> History:
    """What may be used for development."""
    return history.between(0, step_at(history, share))


def step_at(history: History, share: float) -> int:
    """The step by which ``share`` of the target's values have come: seasons without data count for nothing."""
    known = np.cumsum(np.isfinite(history.target.values[0]))
    return int(np.searchsorted(known, share * known[-1], side="right"))


def split_in_time(history: History) -> Split:
    """First 60 % to fit, next 20 % to stop, last 20 % to test, with a horizon left free at the borders."""
    n, steps = len(history), np.arange(len(history))
    borders = [0, step_at(history, 0.6), step_at(history, 0.8), n]
    parts = []
    for first, last in pairwise(borders):
        parts.append(((steps >= max(PAST - 1, first)) & (steps < last - HORIZON))[None])
    return Split(*parts, events=np.full((1, n), -1, dtype=np.int32))


def test_events(history: History, split: Split) -> int:
    """Independent events in the test part, above the threshold of the whole record."""
    values = np.asarray(history.target.values[0], dtype=np.float64)
    limit = float(np.nanquantile(values, 0.9))
    inside = np.where(split.test[0], values, np.nan)
    separation = max(HORIZON, int(np.timedelta64(1, "D") / history.layout.step))
    return len(find_events(inside, separation, limit))


def with_events(history: History, split: Split) -> Split:
    """The split with its events numbered, for the product's own training."""
    from hydria_plugin.learning.events import numbered, station_events

    return replace(split, events=numbered(station_events(history), len(history), HORIZON))


def truth_at(history: History, at: np.ndarray, lead: int) -> Floats:
    values = history.target.values[0]
    return np.where(at + lead < len(values), values[np.minimum(at + lead, len(values) - 1)], np.nan)
