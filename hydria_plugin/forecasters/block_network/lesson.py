"""What the networks of one station learn from: its cases, standardised, with copies in which gauges are silent."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from hydria_plugin import History, ModelError, Split
from hydria_plugin.values import Bools, Floats, Ints

from ..boosting_rows import thin
from ..cases import Cases, usable
from ..fitting import truth_ahead
from ..ridge_station import mean_of, std
from ..spread import recent_range
from .columns import Roles, Told, state, told
from .knowledge import raw_of_history, with_outages
from .rolling import newest_only
from .transform import Transform, shift_of

MARGIN = 1.0  # of the training range: how far inputs and changes may go beyond it
CEILING = 4.0  # of the target's range above the highest seen: no forecast beyond
FEWEST = 40  # cases
POWER = 0.4  # a discharge spans decades: what is shown is its power


@dataclass(frozen=True, slots=True, eq=False)
class Lesson:
    """N cases of one station; those that copy another are the last."""

    station: str
    roles: Roles
    raw: Cases  # with the target as the network is shown it
    view: Told
    state: Floats  # (N, C) standardised
    change: Floats  # (N, H) from the origin; NaN = no truth
    step: Ints  # (N)
    weight: Floats  # (N)
    copy: Bools  # (N)
    arrays: dict[str, Floats]  # the station's share of what Group holds in common

    @property
    def zones(self) -> Ints:
        return slots_of(self.roles.zones, len(self.raw))


def slots_of(slots: tuple[int, ...], n: int) -> Ints:
    """(N, J) the same slots for every case."""
    return np.broadcast_to(np.array(slots, dtype=np.int64), (n, len(slots)))


def roles_of(history: History, split: Split, s: int, directed: bool, power: float | None) -> tuple[Roles, list[str]]:
    """The slots of a station that tell something, and a sentence for each that does not."""
    layout, inside = history.layout, split.fit[s] | split.stop[s]
    values = usable(history.inputs.each(lambda a: a[s]))[inside]
    zones: list[int] = []
    others: list[int] = []
    notes: list[str] = []
    seen: dict[bytes, str] = {}
    for v, kind in enumerate(layout.kinds):
        if not layout.present[s, v]:
            continue
        known = values[:, v][np.isfinite(values[:, v])]
        if not len(known) or known.min() == known.max():
            said = f"is {float(known[0])!r} throughout" if len(known) else "has no value"
            notes.append(f"{layout.stations[s]}: {layout.slots[v]} {said}: not used")
            continue
        twin = seen.setdefault(values[:, v].tobytes(), layout.slots[v])
        if twin != layout.slots[v]:
            notes.append(f"{layout.stations[s]}: {layout.slots[v]} reads what {twin} reads: not used")
            continue
        (zones if kind == "rain" else others).append(v)
    if not zones:
        notes.append(f"{layout.stations[s]}: no rain gauge tells anything: forecasts rest on levels alone")
    power = (POWER if layout.quantities[s] == "discharge" else 1.0) if power is None else power
    roles = Roles(tuple(zones), tuple(others), tuple(layout.kinds[v] for v in others), directed, power)
    return roles, notes


def lesson_of(history: History, split: Split, s: int, roles: Roles, max_rows: int, max_age: int, seed: int) -> Lesson:
    """The cases of station ``s``, thinned to ``max_rows``: what moves is kept, what rests is sampled and weighs more.
    Raises ModelError with too few."""
    at = np.flatnonzero(split.fit[s] | split.stop[s])
    raw = raw_of_history(history, s, at, True, s, max_age)
    truth = truth_ahead(history, s, at)
    good = np.isfinite(truth).any(axis=1) & (np.isfinite(raw.base) | (not roles.directed))
    if good.sum() < FEWEST:
        raise ModelError(
            f"{history.layout.stations[s]}: {int(good.sum())} steps with a last value and a truth to learn from, "
            f"{FEWEST} are needed"
        )
    raw, truth, at = raw.take(good), truth[good], at[good]
    arrays, transform = scales_of(history, split, s, roles.power)
    shown = replace(raw, target=transform.forward(raw.target), base=transform.forward(raw.base))
    change = transform.forward(truth) - (shown.base[:, None] if roles.directed else arrays["centre"])
    keep, weight = thin(recent_range(shown.target) + np.nan_to_num(np.abs(change)).max(axis=1), max_rows, seed)
    shown, change, at = shown.take(keep), change[keep], at[keep]
    copies, of = with_outages(shown, at, len(history), np.random.default_rng([seed, s]))
    both = joined(shown, copies)
    pick = np.concatenate([np.arange(len(keep)), of])
    view = told(both, slots_of(roles.zones, len(both)), slots_of(roles.others, len(both)))
    view = newest_only(view) if roles.recurrent else view
    centre, unit = (np.full(len(both), arrays[name]) for name in ("centre", "unit"))
    columns = state(view, roles.kinds, centre, unit, roles.directed)
    arrays |= state_scales(columns) | rain_scale(view)
    arrays |= {"zones": np.array(roles.zones, np.int64), "others": np.array(roles.others, np.int64)}
    z = (columns - arrays["mean"]) / arrays["size"]
    inputs = np.clip(np.where(np.isfinite(z), z, 0.0), arrays["low"], arrays["high"])
    copy = np.arange(len(pick)) >= len(keep)
    return Lesson(
        history.layout.stations[s], roles, both, view, inputs, change[pick], at[pick], weight[pick], copy, arrays
    )


def joined(one: Cases, other: Cases) -> Cases:
    names = [f for f in Cases.__dataclass_fields__ if f != "kinds"]
    return Cases(one.kinds, *(np.concatenate([getattr(one, f), getattr(other, f)]) for f in names))


def scales_of(history: History, split: Split, s: int, power: float) -> tuple[dict[str, Floats], Transform]:
    """Centre, unit, floor and ceiling of the target, over the pool."""
    inside = (split.fit[s] | split.stop[s]) & history.target.trusted[s]
    seen = history.target.values[s][inside].astype(np.float64)
    seen = seen[np.isfinite(seen)]
    if not len(seen) or seen.min() == seen.max():
        said = f"is {float(seen[0])!r} throughout" if len(seen) else "has no trusted value"
        raise ModelError(f"{history.layout.targets[s]} {said} in the steps to learn from: there is nothing to learn")
    unit = float(seen.std())
    transform = Transform(power, np.asarray(shift_of(seen, unit)), np.asarray(unit))
    shown = transform.forward(seen)
    flow = history.layout.quantities[s] == "discharge" and seen.min() >= 0
    single = {
        "power": power,
        "centre": shown.mean(),
        "unit": shown.std(),
        "shift": transform.shift,
        "shape_unit": transform.unit,
        "floor": 0.0 if flow else seen.min() - unit,
        "ceiling": seen.max() + CEILING * (seen.max() - seen.min()),
    }
    return {k: np.asarray(v, dtype=np.float64) for k, v in single.items()}, transform


def state_scales(columns: Floats) -> dict[str, Floats]:
    """Mean, size and believed range of the state columns."""
    mean, size = mean_of(columns), std(columns)
    z = np.where(np.isfinite(columns), (columns - mean) / size, 0.0)
    low, high = z.min(axis=0), z.max(axis=0)
    room = MARGIN * (high - low)
    return {"mean": mean, "size": size, "low": low - room, "high": high + room}


def rain_scale(view: Told) -> dict[str, Floats]:
    """One divisor for the rain of all zones at all lags: its standard deviation."""
    known = view.rain[np.isfinite(view.rain)]
    size = float(known.std()) if len(known) else 0.0
    return {"rain_unit": np.asarray(size if size > 0 else 1.0)}
