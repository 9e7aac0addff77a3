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
from hydria_plugin.values import Floats, Ints

from .gauges import Record
from .made_faults import AFTER, FAULTS, RAIN, RIVER, TRIES, WITNESSES, Planted, swing_of

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


@dataclass(frozen=True, eq=False)
class Sown:
    """A fault in its place."""

    i: int  # its series
    kind: str
    at: int  # its first step
    planted: Planted
    values: Floats  # (P + AFTER, N) of the record around it, without it

    def windows(self, past: int) -> Floats:
        """(last + 1, P, N) that end from its first step to the last in time."""
        y = self.values.copy()
        y[:, self.i] = self.planted.values
        return np.stack([y[k + 1 : past + k + 1] for k in range(self.planted.last + 1)])


def cases(record: Record, each: int, seed: int, kinds: Sequence[str] = tuple(FAULTS)) -> list[Case]:
    """``each`` faults of every one of ``kinds`` per series of the record."""
    found: list[Case] = []
    for i, rain in enumerate(record.rain):
        some: list[Sown] = []
        for kind in (k for k in (RAIN if rain else RIVER) if k in kinds):
            name = zlib.crc32(f"{record.name} {record.names[i]} {kind}".encode())
            rng = np.random.default_rng([seed, name])
            some += [one for _ in range(each) if (one := sown(record, i, kind, rng)) is not None]
        found += judged(record, some)
    return found


def sown(record: Record, i: int, kind: str, rng: np.random.Generator) -> Sown | None:
    """None where there is no place for such a fault."""
    past = record.history.layout.past
    for _ in range(TRIES):
        if record.cut + past >= len(record.x) - AFTER:
            return None
        at = int(rng.integers(record.cut + past, len(record.x) - AFTER))
        y = record.x[at - past : at + AFTER]
        if np.isfinite(y[past - 6 : past + 30, i]).mean() < 0.95:
            continue
        planted = FAULTS[kind](y[:, i].copy(), past, record.x[:, i], rng)
        if planted is not None and kind in WITNESSES:
            planted = WITNESSES[kind](record, i, at, planted)
        if planted is not None:
            return Sown(i, kind, at, planted, y)
    return None


def judged(record: Record, some: Sequence[Sown]) -> list[Case]:
    """What became of them, all of their windows judged at once."""
    if not some:
        return []
    past = record.history.layout.past
    flags, first, found = record.flags(np.concatenate([one.windows(past) for one in some])), 0, []
    for one in some:
        many = one.planted.last + 1
        found.append(described(record, one, flags[first : first + many, :, one.i]))
        first += many
    return found


def described(record: Record, one: Sown, flags: Ints) -> Case:
    """``flags`` (last + 1, P) of the series in the windows that end from the fault's first step on."""
    past, x = record.history.layout.past, record.x[:, one.i]
    fault = slice(past, past + one.planted.last + 1)
    away = np.nan_to_num(one.planted.values[fault] - one.values[fault, one.i])
    largest = float(away[np.argmax(np.abs(away))])
    rain = record.x[max(0, one.at - round(24 / record.hours)) : one.at + 1, list(record.rain)]
    worst = [of_fault(flags[k], k, one.planted.length) for k in range(len(flags))]
    return Case(
        record.name, record.names[one.i], one.kind, record.history.times[one.at],
        largest / max(surprise_of(x), 1e-12), largest / max(swing_of(x), 1e-12),
        float(np.nansum(rain) / rain.shape[1]) if rain.shape[1] else np.nan,
        max(worst) == Flag.FAIL, max(worst) >= Flag.SUSPECT,
    )  # fmt: skip


def of_fault(flags: Ints, after: int, length: int) -> int:
    """The worst flag on a value of the fault, in the window (P) that ends ``after`` steps from its first."""
    first = len(flags) - 1 - after
    return int(flags[max(0, first) : first + length].max(initial=0))


def surprise_of(x: Floats) -> float:
    """What all but a thousandth of a series' changes in one step stay below."""
    return float(np.nanquantile(np.abs(np.diff(x)), SURPRISE))


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
