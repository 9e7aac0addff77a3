"""What a block network is told: the rain of each zone by lag, and the state of the basin.

Older lags are joined into blocks that widen with age. A block is its mean times the root of its width, so that one
divisor for all zones and lags leaves blocks of like size. With the rain to come, lags count back from the valid time.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from hydria_plugin.values import Bools, Floats, Ints

from ..arx import block_means, blocks
from ..cases import Cases, newest, with_neighbours

RECENT = 6  # steps over which a gauge that says nothing counts as silent
CHANGES = (1, 2, 3, 6, 12, 24)  # steps back to which a river upstream is compared
SUMMED = ("rain", "pet")


@dataclass(frozen=True, slots=True)
class Roles:
    """Which slots of a station are zones, and which others tell of its state."""

    zones: tuple[int, ...]
    others: tuple[int, ...]
    kinds: tuple[str, ...]  # of the others
    directed: bool = True  # is the measured target an input?
    power: float = 1.0  # of the target, as the networks are shown it
    recurrent: bool = False  # is the output fed back?

    @property
    def key(self) -> tuple[int, tuple[str, ...], float]:
        """Stations with the same key can be asked together."""
        return len(self.zones), self.kinds, self.power


@dataclass(frozen=True, slots=True, eq=False)
class Told:
    """Cases with only the slots of one kind of station, in its own order; gauges that are silent still so."""

    rain: Floats  # (N, P, Z) a silent gauge is given the mean of the others
    coming: Floats  # (N, H, Z)
    other: Floats  # (N, P, O)
    rain_totals: Floats  # (N, Z, A)
    other_totals: Floats  # (N, O, A)
    silent: Floats  # (N, Z + O) share of the newest steps without a value
    target: Floats  # (N, P)
    base: Floats  # (N)


def told(raw: Cases, zones: Ints, others: Ints) -> Told:
    """The slots ``zones`` (N, Z) and ``others`` (N, O) of each row of ``raw``, whose inputs nobody has filled yet."""
    silent = 1.0 - np.isfinite(raw.inputs[:, -RECENT:]).mean(axis=1)
    slots = np.concatenate([zones, others], axis=1)
    filled = filled_in(raw)
    return Told(
        of_slots(filled.inputs, zones, 2),
        of_slots(filled.future, zones, 2),
        of_slots(filled.inputs, others, 2),
        of_slots(raw.totals, zones, 1),
        of_slots(raw.totals, others, 1),
        of_slots(silent, slots, 1),
        raw.target,
        raw.base,
    )


def filled_in(raw: Cases) -> Cases:
    """A silent rain gauge is given the mean of the others."""
    return replace(raw, inputs=with_neighbours(raw.inputs, raw.kinds), future=with_neighbours(raw.future, raw.kinds))


def of_slots(array: Floats, slots: Ints, axis: int) -> Floats:
    """``array`` (N, ..) with the slots (N, J) of each row along ``axis``."""
    if len(slots) and (slots == slots[0]).all():
        return np.asarray(np.take(array, slots[0], axis=axis))
    where = slots.reshape((len(slots),) + (1,) * (axis - 1) + (-1,) + (1,) * (array.ndim - axis - 1))
    shape = (*array.shape[:axis], slots.shape[1], *array.shape[axis + 1 :])
    return np.asarray(np.take_along_axis(array, np.broadcast_to(where, shape), axis=axis))


def lagged(series: Floats, lags: Ints) -> Floats:
    """(N, Z, L) blocks of lags of (N, P, Z), newest lag first; nothing known of a block counts as no rain. A station
    without zones is given one on which it never rains."""
    series = series if series.shape[2] else np.zeros((*series.shape[:2], 1))
    widths = (lags[:, 1] - lags[:, 0] + 1)[:, None]
    return np.asarray(np.nan_to_num(np.moveaxis(block_means(series, lags) * np.sqrt(widths), 1, 2)))


def fallen(view: Told) -> Floats:
    """(N, Z, L) the rain until now."""
    return lagged(view.rain, blocks(view.rain.shape[1]))


def fallen_by(view: Told, lead: int) -> Floats:
    """(N, Z, L') the rain until ``lead`` steps from now, by lag counted back from then."""
    n, past, z = view.rain.shape
    horizon = view.coming.shape[1]
    before = np.full((n, horizon - lead, z), np.nan)
    return lagged(np.concatenate([before, view.rain, view.coming[:, :lead]], axis=1), blocks(past + horizon))


def state(view: Told, kinds: tuple[str, ...], centre: Floats, unit: Floats, directed: bool) -> Floats:
    """(N, K) the target's past (where it is an input), wetness, rivers upstream, weather, and which gauges are
    silent. NaN = not known."""
    parts = target_columns(view, centre, unit) if directed else []
    parts.append(np.log1p(mean_over_zones(view.rain_totals)))
    for o, kind in enumerate(kinds):
        parts += other_columns(view, o, kind)
    parts.append(view.silent)
    return np.concatenate(parts, axis=1)


def target_columns(view: Told, centre: Floats, unit: Floats) -> list[Floats]:
    """Changes to the newest value by lag, and the level itself, straight and bent."""
    lags = blocks(view.target.shape[1])
    change = (block_means(view.target, lags)[:, 1:] - view.base[:, None]) / unit[:, None]
    level = ((view.base - centre) / unit)[:, None]
    return [change, level, np.arcsinh(10.0 * level)]


def mean_over_zones(totals: Floats) -> Floats:
    """(N, A) of (N, Z, A)."""
    return np.asarray(totals.sum(axis=1) / max(1, totals.shape[1]))


def other_columns(view: Told, o: int, kind: str) -> list[Floats]:
    """Evaporation by its totals; what is a state by its newest value and how it moved."""
    series = view.other[:, :, o]
    if kind in SUMMED:
        return [view.other_totals[:, o]]
    now = newest(series, RECENT)[:, None]
    moved = [now - series[:, -1 - k][:, None] for k in CHANGES if k < series.shape[1]]
    return [now, *moved, view.other_totals[:, o]]


def foreseen(raw: Cases, zones: Ints) -> Bools:
    """(N, H) True where the rain of some zone is known up to this lead."""
    known = np.isfinite(of_slots(raw.future, zones, 2)).any(axis=2) if zones.shape[1] else raw.future[:, :, :0].any(2)
    return np.asarray(np.logical_and.accumulate(known, axis=1))
