"""Planted faults one by one: where, how large beside what the series does by itself, and whether they were found.

Every draw comes from the seed, the record, the series and the kind alone, so that the same faults are planted whatever
else is looked at, and whatever the rules are."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from hydria_plugin import Flag
from hydria_plugin.values import Floats

from .gauges import Record
from .made_faults import AFTER, FAULTS, RAIN, RIVER, TRIES, Planted, swing_of, witnessed

SURPRISE = 0.999  # quantile of a series' own changes in one step: what is less is no surprise in two steps to anybody
CLASSES = (1.0, 2.0, 5.0)  # of a fault's size in surprises


@dataclass(frozen=True)
class Case:
    """One planted fault."""

    record: str
    series: str
    kind: str
    time: np.datetime64
    size: float  # the most that it changes a value by, in surprises of the series
    of_swing: float  # the same in the series' swing
    rain: float  # mm on the mean of the rain gauges over a day before; NaN without any
    failed: bool  # in time
    doubted: bool  # failed or doubted in time

    def __str__(self) -> str:
        verdict = "failed" if self.failed else "doubted" if self.doubted else "missed"
        return (
            f"{verdict} {self.kind} {self.record} {self.series} {self.time}: {self.size:+.2f} surprises, "
            f"{self.of_swing:+.2f} of the swing, {self.rain:.1f} mm in a day"
        )


def cases(record: Record, each: int, seed: int, kinds: Sequence[str] = tuple(FAULTS)) -> list[Case]:
    """``each`` faults of every one of ``kinds`` per series of the record."""
    found: list[Case] = []
    for i, rain in enumerate(record.rain):
        for kind in (k for k in (RAIN if rain else RIVER) if k in kinds):
            name = zlib.crc32(f"{record.name} {record.names[i]} {kind}".encode())
            rng = np.random.default_rng([seed, name])
            for _ in range(each):
                one = case(record, i, kind, rng)
                found += [] if one is None else [one]
    return found


def case(record: Record, i: int, kind: str, rng: np.random.Generator) -> Case | None:
    """None where there is no place for such a fault."""
    past = record.history.layout.past
    for _ in range(TRIES):
        if record.cut + past >= len(record.x) - AFTER:
            return None
        at = int(rng.integers(record.cut + past, len(record.x) - AFTER))
        y = record.x[at - past : at + AFTER].copy()
        if np.isfinite(y[past - 6 : past + 30, i]).mean() < 0.95:
            continue
        planted = FAULTS[kind](y[:, i].copy(), past, record.x[:, i], rng)
        if planted is not None and kind == "flat":
            planted = witnessed(record, i, at, planted)
        if planted is not None:
            return described(record, i, kind, at, y, planted)
    return None


def described(record: Record, i: int, kind: str, at: int, y: Floats, planted: Planted) -> Case:
    """With what became of it: ``y`` is the window without the fault, and what follows."""
    past, x = record.history.layout.past, record.x[:, i]
    away = np.nan_to_num(planted.values[past : past + planted.last + 1] - y[past : past + planted.last + 1, i])
    largest = float(away[np.argmax(np.abs(away))])
    rain = record.x[max(0, at - round(24 / record.hours)) : at + 1, list(record.rain)]
    y[:, i] = planted.values
    failed, doubted = verdict(record, i, y, past, planted)
    return Case(
        record.name, record.names[i], kind, record.history.times[at], largest / max(surprise_of(x), 1e-12),
        largest / max(swing_of(x), 1e-12), float(np.nansum(rain) / rain.shape[1]) if rain.shape[1] else np.nan,
        failed, doubted,
    )  # fmt: skip


def surprise_of(x: Floats) -> float:
    """What all but a thousandth of a series' changes in one step stay below."""
    return float(np.nanquantile(np.abs(np.diff(x)), SURPRISE))


def verdict(record: Record, i: int, y: Floats, begin: int, planted: Planted) -> tuple[bool, bool]:
    """Whether a window that ends in time calls a value of the fault failed; and failed or doubted."""
    past, doubted = record.history.layout.past, False
    for end in range(begin, begin + planted.last + 1):
        flags = record.flags(y[end - past + 1 : end + 1])[:, i]
        first = begin - (end - past + 1)
        of_fault = flags[max(0, first) : first + planted.length]
        doubted |= bool((of_fault >= Flag.SUSPECT).any())
        if (of_fault == Flag.FAIL).any():
            return True, True
    return False, doubted


def by_size(found: Sequence[Case]) -> list[str]:
    """A line per kind: found of planted, by classes of size in surprises."""
    bounds = (0.0, *CLASSES, np.inf)
    names = [f"< {CLASSES[0]:g}", *(f"{a:g} to {b:g}" for a, b in pairwise(CLASSES))]
    lines = [f"| kind | {' | '.join([*names, f'> {CLASSES[-1]:g}'])} | doubted or failed |", "|---" * 6 + "|"]
    for kind in ("spike", "drop", "shift", "oscillation", "drift"):
        every = [c for c in found if c.kind == kind]
        cells = []
        for low, high in pairwise(bounds):
            some = [c.failed for c in every if low <= abs(c.size) < high]
            cells.append(f"{sum(some)}/{len(some)}" if some else "")
        lines.append(f"| {kind} | {' | '.join(cells)} | {sum(c.doubted for c in every)}/{len(every)} |")
    return lines
