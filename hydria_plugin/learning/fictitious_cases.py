"""A fictitious basin as a platform would hold it: a History of one station, and the split of the study by events."""

from __future__ import annotations

import numpy as np

from hydria_plugin import History, Layout, Signal, Split
from hydria_plugin.values import Floats

from .fictitious_basin import Record

STATION = "outlet"
STOP, TEST = 6, 6  # events; all others fit


def history_of(record: Record, quantity: str = "discharge", past: int = 24, horizon: int = 6) -> History:
    """What was measured, as discharge in m3/s or as level in m; one rain slot per zone, no running totals."""
    zones = [zone.name for zone in record.basin.zones]
    step = np.timedelta64(round(record.step_hours * 3600), "s")
    layout = Layout(
        stations=(STATION,),
        targets=("h" if quantity == "level" else "q",),
        quantities=(quantity,),
        units=("m" if quantity == "level" else "m3/s",),
        slots=tuple(f"rain.{z + 1}" for z in range(len(zones))),
        kinds=("rain",) * len(zones),
        series=np.array([zones]),
        step=step,
        past=past,
        horizon=horizon,
        quantiles=(0.1, 0.5, 0.9),
    )
    target = record.measured_level if quantity == "level" else record.measured
    none: Floats = np.empty((1, len(record.times), len(zones), 0))
    return History(layout, record.times, Signal.measured(target[None]), Signal.measured(record.gauges[None]), none)


def study_split(record: Record, rng: np.random.Generator) -> Split:
    """Whole events dealt at random: six to stop at, six to test on, the others to fit."""
    events = rng.permutation(record.basin.events)
    parts = [np.isin(record.events, some)[None] for some in np.split(events, [STOP, STOP + TEST])]
    return Split(fit=parts[2], stop=parts[0], test=parts[1], events=record.events[None].astype(np.int32))
