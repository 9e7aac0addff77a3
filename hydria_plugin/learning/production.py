"""From rain to runoff to the outlet: production stores, slow reservoirs, cascades. Water is neither made nor lost."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ..values import Floats, Times


@dataclass(frozen=True, eq=False)
class Water:
    """What became of the rain, in mm: per step (T, Z) or over the record (Z)."""

    direct: Floats  # (T, Z) runs off at once
    slow: Floats  # (T, Z) leaves the base-flow reservoir
    evaporated: Floats  # (Z)
    stored: Floats  # (Z) more than at the start, in soil and reservoir


def soil(times: Times, rain: Floats, step_hours: float, capacity_mm: float, slow_hours: float) -> Water:
    """A production store per zone (T, Z), after GR4J (Perrin et al. 2003), and a linear reservoir under it.

    GR4J's percolation is written for a day; its constant grows with the fourth root of the steps in a day so that the
    store drains alike at every step.
    """
    steep = 2.25 * (24 / step_hours) ** 0.25
    kept = math.exp(-step_hours / slow_hours)
    demand = evaporation(times, step_hours)
    store = np.full(rain.shape[1], 0.45 * capacity_mm)
    reservoir = np.full(rain.shape[1], 6.0)
    before = store + reservoir
    direct, slow, evaporated = np.zeros_like(rain), np.zeros_like(rain), np.zeros(rain.shape[1])
    for t, fallen in enumerate(rain):
        wet, dry = np.maximum(fallen - demand[t], 0.0), np.maximum(demand[t] - fallen, 0.0)
        full, in_, out = store / capacity_mm, np.tanh(wet / capacity_mm), np.tanh(dry / capacity_mm)
        taken = capacity_mm * (1 - full**2) * in_ / (1 + full * in_)
        lost = store * (2 - full) * out / (1 + (1 - full) * out)
        store = store + taken - lost
        drained = store * (1 - (1 + (store / (steep * capacity_mm)) ** 4) ** -0.25)
        store = store - drained
        direct[t] = wet - taken
        reservoir = reservoir + drained
        slow[t] = reservoir * (1 - kept)
        reservoir = reservoir * kept
        evaporated += np.minimum(fallen, demand[t]) + lost
    return Water(direct, slow, evaporated, store + reservoir - before)


def evaporation(times: Times, step_hours: float, mean_mm_day: float = 2.8) -> Floats:
    """Potential evaporation (T) in mm per step: a sine over the year, highest in July, and daylight hours."""
    days = (times - times.astype("datetime64[Y]")) / np.timedelta64(1, "D")
    hours = (times - times.astype("datetime64[D]")) / np.timedelta64(1, "h") - step_hours / 2
    season = 1 - 0.8 * np.cos((days - 15) / 365.25 * 2 * np.pi)
    light = np.pi * np.maximum(np.sin((hours - 6) / 12 * np.pi), 0.0) if step_hours < 24 else 1.0
    return np.asarray(mean_mm_day * step_hours / 24 * season * light)


def nash(mode_hours: float, reservoirs: int, step_hours: float, tail: float = 1e-4) -> Floats:
    """(L) unit hydrograph of a cascade of equal linear reservoirs (Nash 1957) whose peak is ``mode_hours`` after
    the rain; lag 0 is the step of the rain itself. What is left after ``tail`` is cut and the rest made to sum 1."""
    residence = mode_hours / (reservoirs - 1)
    last = math.ceil(_erlang_end(reservoirs, tail) * residence / step_hours) + 1
    passed = _erlang(np.maximum(np.arange(last + 1) - 0.5, 0.0) * step_hours / residence, reservoirs)
    shares = np.diff(passed)
    return np.asarray(shares / shares.sum())


def _erlang(x: Floats, n: int) -> Floats:
    """Share of a unit pulse that has left a cascade of ``n`` reservoirs after ``x`` residence times."""
    terms = sum(x**i / math.factorial(i) for i in range(n))
    return np.asarray(1 - np.exp(-x) * terms)


def _erlang_end(n: int, tail: float) -> float:
    return next(x for x in range(1, 1000) if 1 - _erlang(np.array([float(x)]), n)[0] < tail)


def route(runoff: Floats, responses: Floats) -> tuple[Floats, Floats]:
    """Runoff (T, Z) through unit hydrographs (L, Z): what passes the outlet (T, Z), the sum on its way (Z)."""
    whole = [np.convolve(runoff[:, z], responses[:, z]) for z in range(runoff.shape[1])]
    out = np.stack(whole, axis=1)
    return out[: len(runoff)], out[len(runoff) :].sum(axis=0)
