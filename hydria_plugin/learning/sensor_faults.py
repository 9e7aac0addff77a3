"""What goes wrong with gauges, and the record of it: gaps, stuck values, spikes, clogged rain gauges."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ..values import Floats

KINDS = ("gap", "stuck", "spike", "clogged")


@dataclass(frozen=True)
class Fault:
    """Steps ``first`` to ``last`` (inclusive) of a series are not what the gauge should have said."""

    series: str
    kind: str
    first: int
    last: int


@dataclass(frozen=True)
class FaultRates:
    """Faults per year and series, and how many hours they last on average; a spike lasts one step."""

    gaps: float = 6.0
    gap_hours: float = 6.0
    stuck: float = 2.0
    stuck_hours: float = 8.0
    spikes: float = 6.0
    clogged: float = 0.7  # rain gauges only: they read 0
    clogged_hours: float = 60.0


def spoil(
    series: Mapping[str, Floats], step_hours: float, rates: FaultRates, rng: np.random.Generator
) -> tuple[dict[str, Floats], tuple[Fault, ...]]:
    """Each series (T) with faults, and what they were; ``rain...`` series get the faults of rain gauges."""
    spoilt, faults = {}, []
    for name, values in series.items():
        rain, years = name.startswith("rain"), len(values) * step_hours / 8766
        plan = _plan(name, rain, len(values), years, step_hours, rates, rng)
        spoilt[name] = _apply(values, plan, rain, rng)
        faults += plan
    return spoilt, tuple(faults)


def _plan(
    name: str, rain: bool, steps: int, years: float, step_hours: float, rates: FaultRates, rng: np.random.Generator
) -> list[Fault]:
    kinds = (
        ("gap", rates.gaps, rates.gap_hours),
        ("clogged", rates.clogged, rates.clogged_hours) if rain else ("stuck", rates.stuck, rates.stuck_hours),
        ("spike", rates.spikes, 0.0),
    )
    found = []
    for kind, per_year, hours in kinds:
        for first in np.sort(rng.integers(0, steps, rng.poisson(per_year * years))):
            length = 1 if kind == "spike" else 1 + int(rng.exponential(hours / step_hours))
            found.append(Fault(name, kind, int(first), min(int(first) + length, steps) - 1))
    return found


def _apply(values: Floats, plan: list[Fault], rain: bool, rng: np.random.Generator) -> Floats:
    """The faults in order of their kind: a gap hides what else happens in it."""
    spoilt = np.array(values, dtype=float)
    swing = float(np.nanquantile(values, 0.999) - np.nanquantile(values, 0.5)) or 1.0
    for fault in sorted(plan, key=lambda f: KINDS.index(f.kind), reverse=True):
        where = slice(fault.first, fault.last + 1)
        if fault.kind == "clogged":
            spoilt[where] = 0.0
        elif fault.kind == "stuck":
            spoilt[where] = spoilt[fault.first]
        elif fault.kind == "spike":
            spoilt[where] += swing * rng.uniform(0.5, 2.0) * (1 if rain or rng.random() < 0.7 else -1)
        else:
            spoilt[where] = np.nan
    return spoilt
