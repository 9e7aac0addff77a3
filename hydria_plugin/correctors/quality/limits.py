"""What a gauge can do: limits per series, learned from the record, or set by the admin.

Each test has a statistic that is small while the gauge is sound; its limit is ``MARGIN`` times the largest value of the
record, the few largest left out for the faults that any record holds. So a river that does rise metres in an hour has
limits that let it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Self

import numpy as np

from hydria_plugin.values import Floats

MARGIN = 2.0
FAULTS = 2e-4  # share of a record that is set aside as its own faults
LEAST_SET_ASIDE = 3
CODES = (-990.0, -999.0, -999.9, -9990.0, -9999.0, -99999.0, -999999.0)  # of loggers: no value
MOST_MM = 420.0  # the world's most in an hour; over h hours it grows with h ** 0.475 (WMO, greatest known point rain)


@dataclass(frozen=True, eq=False)
class Limits:
    """Of N series, in the series' unit; infinite where nothing is known: the test is silent. ``active``: after rain,
    while others rise, or with the river on the move or high."""

    low: Floats  # below, the gauge cannot read
    high: Floats
    resolution: Floats
    coarse: Floats  # less than which no shift and no drift is called
    rise: Floats  # over Pace.move steps, more than which only a few in a hundred rises are
    stage: Floats  # above, the river is high
    floor: Floats  # where the river stands when it is low
    leap: Floats  # between the highest and the lowest
    lowest: Floats  # of the record
    up_quiet: Floats  # in one step
    up_active: Floats
    down_quiet: Floats
    down_active: Floats
    spike_quiet: Floats  # up, or down, and back
    spike_active: Floats
    shift_quiet: Floats  # a step between two calms
    shift_active: Floats
    swing_quiet: Floats  # up and down, four times in a row
    swing_active: Floats
    creep_up: Floats  # in quiet over Pace.creep steps
    creep_down: Floats
    climb: Floats  # straight up over Pace.creep steps, in any weather
    flat_rain: Floats  # mm on the station while the gauge stood still
    flat_others: Floats  # what the others' movement foretold while it stood still
    stand: Floats  # river: steps in a row with one value
    stood_rain: Floats  # mm on the station since it began to stand
    stood_first: Floats  # how far the most moved of the others went since, in its own height of high water
    stood_second: Floats  # and the second
    second: Floats  # where a second datum lies beside the first, infinite where there is none
    spread: Floats  # of the movement over FLAT steps
    repeat: Floats  # rain: steps in a row with one value
    dry_rain: Floats  # rain: mm on the others while it stayed dry
    wet_rain: Floats  # rain: mm while the others stayed dry
    burst: Floats  # rain: mm in a step that a hundredth of the steps exceeds
    step_rain: Floats  # rain: mm in a step, the most

    @classmethod
    def unknown(cls, n: int) -> Self:
        """Nothing learned."""
        return cls(**{f.name: np.full(n, -np.inf if f.name in ("low", "floor") else np.inf) for f in fields(cls)})

    @classmethod
    def physical(cls, is_rain: np.ndarray, hours: float) -> Self:
        """Of series nothing was learned of: rain is neither negative nor more than the earth has seen."""
        n = len(is_rain)
        unknown = cls.unknown(n)
        return replace(
            unknown,
            low=np.where(is_rain, -1e-6, -np.inf),
            high=np.where(is_rain, physical_most(hours), np.inf),
        )

    def take(self, which: Sequence[int] | np.ndarray) -> Limits:
        return Limits(**{f.name: getattr(self, f.name)[which] for f in fields(self)})

    def put(self, which: np.ndarray, found: Limits) -> Limits:
        """With ``found`` at the places ``which``."""
        arrays = {f.name: np.array(getattr(self, f.name)) for f in fields(self)}
        for name, array in arrays.items():
            array[which] = getattr(found, name)
        return Limits(**arrays)

    def overridden(self, names: Sequence[str], by: Mapping[str, Mapping[str, float]]) -> Limits:
        """With the admin's limits: series -> limit -> value. Series that are not among ``names`` are passed over."""
        place = {name: i for i, name in enumerate(names)}
        arrays: dict[str, Floats] = {}
        for series, chosen in by.items():
            for limit, value in chosen.items():
                array = arrays.setdefault(limit, np.array(getattr(self, limit)))
                if series in place:
                    array[place[series]] = value
        return replace(self, **arrays)


NAMES = tuple(f.name for f in fields(Limits))
LATER = ("climb", "stood_rain", "stood_first", "stood_second")  # that a model kept before them does not hold


def most_of(values: Floats) -> Floats:
    """(N) the limit that a statistic (T, N) of the record sets: MARGIN times its largest, faults set aside. Infinite
    where there is too little of it."""
    finite = np.where(np.isfinite(values), values, -np.inf)
    t = len(finite)
    aside = min(t - 1, max(LEAST_SET_ASIDE, int(FAULTS * t)))
    if t <= 2 * LEAST_SET_ASIDE:
        return np.full(values.shape[1], np.inf)
    largest = np.partition(finite, t - 1 - aside, axis=0)[t - 1 - aside]
    enough = np.isfinite(values).sum(axis=0) > 2 * LEAST_SET_ASIDE
    return np.where(enough & np.isfinite(largest), MARGIN * np.maximum(largest, 0.0), np.inf)


def physical_most(hours: float) -> float:
    """No gauge on earth has seen more, in mm per step."""
    return float(MOST_MM * hours**0.475)


def is_code(values: Floats) -> np.ndarray:
    """Where a value is one that loggers write for none."""
    found = np.asarray(values <= max(CODES))  # few are so low
    found[found] = np.isin(values[found], CODES)
    return found


def sound(values: Floats) -> Floats:
    """(T, N) without what stands apart from a record as faults do: codes, and zeros far below all other values."""
    with np.errstate(invalid="ignore"):
        rest = np.where(is_code(values) | (values == 0), np.nan, values)
        nothing = np.isnan(rest).all(axis=0)
        rest[0, nothing] = 0.0
        least, middle = np.nanmin(rest, axis=0), np.nanmedian(rest, axis=0)
        apart = (is_code(values) & (values < least)) | ((values == 0) & (least > 0.1 * middle) & (least > 0))
        rare = (values == 0).sum(axis=0) <= 0.005 * len(values)
        return np.where(apart & (rare | (values != 0)) & ~nothing, np.nan, values)
