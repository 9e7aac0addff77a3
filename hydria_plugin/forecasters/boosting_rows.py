"""The rows a boosting learns from: gathered over a group's stations, scaled, thinned."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hydria_plugin import History, Split
from hydria_plugin.values import Floats, Ints

from .cases import Cases
from .features import Scales
from .fitting import masked_std, pool, truth_ahead, unit_of
from .spread import recent_range


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """What one group of stations learns from. N rows."""

    cases: Cases
    change: Floats  # (N, H) in units
    step: Ints  # (N)
    weight: Floats  # (N) of rows that stand for thinned ones

    def every(self, nth: int) -> Rows:
        """Every ``nth`` row."""
        return Rows(self.cases.take(slice(None, None, nth)), self.change[::nth], self.step[::nth], self.weight[::nth])


def scales_of(history: History, split: Split) -> Scales:
    """Means and standard deviations over the pool."""
    inside = split.fit | split.stop
    target = np.where(inside & history.target.trusted, history.target.values, np.nan)
    inputs = np.where(inside[:, :, None], history.inputs.values, np.nan)
    states = np.array([kind not in ("rain", "pet") for kind in history.layout.kinds], dtype=bool)
    known = np.isfinite(inputs)
    mean = np.where(known, inputs, 0.0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    centre = np.where(np.isfinite(target), target, 0.0).sum(axis=1) / np.maximum(np.isfinite(target).sum(axis=1), 1)
    slot_unit = np.where(states, masked_std(inputs, axis=1), 1.0)
    return Scales(
        centre,
        unit_of(history, split),
        np.where(states, mean, 0.0),
        slot_unit,
        np.asarray(history.layout.static, float),
    )


def floors(history: History, split: Split, scales: Scales) -> Floats:
    """(S) the lowest value that is believed: 0 for discharge, a unit below the lowest seen otherwise."""
    seen = np.where((split.fit | split.stop) & history.target.trusted, history.target.values, np.inf)
    lowest = np.where(np.isfinite(seen).any(axis=1), seen.min(axis=1, initial=np.inf), 0.0)
    flows = np.array([q == "discharge" for q in history.layout.quantities])
    return np.where(flows & (lowest >= 0), 0.0, lowest - scales.unit)


def gather(history: History, split: Split, stations: Ints, scales: Scales, most: int, max_age: int, seed: int) -> Rows:
    """The rows of a group, thinned to ``most``: what moves is kept, what rests is sampled and weighs more."""
    share = most // len(stations)
    parts = [gather_station(history, split, int(s), scales, share, max_age, seed) for s in stations]
    cases = parts[0].cases
    if len(parts) > 1:
        names = [f for f in Cases.__dataclass_fields__ if f != "kinds"]
        cases = Cases(cases.kinds, *(np.concatenate([getattr(p.cases, f) for p in parts]) for f in names))
    rest = (np.concatenate([getattr(p, f) for p in parts]) for f in ("change", "step", "weight"))
    return Rows(cases, *rest)


def gather_station(history: History, split: Split, s: int, scales: Scales, share: int, max_age: int, seed: int) -> Rows:
    cases, at = pool(history, split, s, max_age, future=True)
    change = (truth_ahead(history, s, at) - cases.base[:, None]) / scales.unit[s]
    keep, weight = thin(recent_range(cases.target) + np.nan_to_num(np.abs(change)).max(axis=1), share, seed + s)
    return Rows(cases.take(keep), change[keep], at[keep], weight)


def thin(activity: Floats, share: int, seed: int) -> tuple[Ints, Floats]:
    """Indices of at most ``share`` rows and their weights: the more active half of the share is kept whole."""
    if len(activity) <= share:
        return np.arange(len(activity)), np.ones(len(activity))
    order = np.argsort(-activity, kind="stable")
    active, quiet = order[: share // 2], order[share // 2 :]
    sampled = np.random.default_rng(seed).choice(quiet, share - len(active), replace=False)
    keep = np.sort(np.concatenate([active, sampled]))
    weight = np.where(np.isin(keep, active), 1.0, len(quiet) / len(sampled))
    return keep, weight
