"""The rain of a station's gauges over a record, as its twin is shown it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hydria_plugin import History, ModelError, Split
from hydria_plugin.values import Bools, Floats, Ints, Times

from ..cases import usable, with_neighbours

WET_MM = 0.1  # per step


@dataclass(frozen=True, slots=True, eq=False)
class Gauges:
    """Z gauges over T steps. A silent one reads what the others read on average; where all are silent it is dry."""

    slots: tuple[str, ...]
    series: tuple[str, ...]
    rain: Floats  # (T, Z) mm per step
    made: Bools  # (T, Z) where the gauge itself did not say it
    times: Times  # (T) the ends of the steps
    step: np.timedelta64
    learned: np.timedelta64  # from the first to the last of the steps to learn from
    scale: float  # mm; one divisor for all
    mean: Floats  # (Z) of the steps to learn from
    std: Floats  # (Z)
    alike: Floats  # (Z, Z) correlation; 0 where a gauge never changes
    speaking: Floats  # (Z) share of the steps with a value of its own
    wet: Floats  # (Z) share of the steps with rain, of those with a value of its own


def gauges_of(history: History, split: Split, station: int) -> Gauges:
    """The rain gauges of a station. Raises ModelError when it has none that ever rained."""
    layout, inside = history.layout, (split.fit | split.stop)[station]
    at = [v for v, kind in enumerate(layout.kinds) if kind == "rain" and layout.present[station, v]]
    name = layout.stations[station]
    if not at:
        raise ModelError(f"{name} has no rain gauge: there is nothing to read")
    signal = history.inputs.each(lambda a: a[station][:, at])
    read, known = usable(signal), signal.trusted
    rain = np.nan_to_num(with_neighbours(read, ("rain",) * len(at)))
    seen = rain[inside]
    scale = float(seen.std())
    if not scale > 0:
        raise ModelError(f"{name}: no rain gauge ever changes in the {len(seen)} steps to learn from")
    std, learned = seen.std(axis=0), history.times[inside][[0, -1]]
    return Gauges(
        tuple(layout.slots[v] for v in at), tuple(str(layout.series[station, v]) for v in at), rain, ~known,
        history.times, layout.step, learned[1] - learned[0], scale, seen.mean(axis=0), std, correlations(seen, std),
        known[inside].mean(axis=0),
        (np.where(known, read, 0.0)[inside] > WET_MM).sum(axis=0) / np.maximum(known[inside].sum(axis=0), 1),
    )  # fmt: skip


def correlations(rain: Floats, std: Floats) -> Floats:
    """(Z, Z) of (T, Z)."""
    z = (rain - rain.mean(axis=0)) / np.where(std > 0, std, 1.0)
    return np.asarray(z.T @ z / max(1, len(z)))


def lagged(gauges: Gauges, at: Ints, lags: int) -> Floats:
    """(B, Z, L) the rain of the ``lags`` steps up to ``at``, newest first, in units of ``scale``; dry before the
    record."""
    dry = np.zeros((lags - 1, gauges.rain.shape[1]))
    views = np.lib.stride_tricks.sliding_window_view(np.concatenate([dry, gauges.rain]), lags, axis=0)
    return np.asarray(views[at][:, :, ::-1] / gauges.scale)
