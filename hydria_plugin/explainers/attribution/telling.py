"""One station's forecast taken apart at its peak: which input moved it most, and when."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hydria_plugin import Attribution, Layout
from hydria_plugin.values import Floats, Times

MOST = 0.8  # of what a gauge's hours add, that the hours named in the headline hold
STILL = 1e-3  # of the largest value: a change below is none


@dataclass(frozen=True, slots=True)
class Cause:
    """One thing that moves the forecast away from the last value."""

    what: str  # rain, river, other, own, before or line
    name: str  # the series, or the line
    part: float  # in the unit of the forecast, over the steps named
    first: int = 0  # steps of past and future together, the issue time being step P - 1
    last: int = -1  # the last one included; before ``first`` where no steps are named
    ahead: bool = False  # of the horizon


@dataclass(frozen=True, slots=True, eq=False)
class Telling:
    """One station and lead."""

    station: str
    title: str  # its name, or the id where it has none
    unit: str
    lead: int  # 0 = one step ahead
    rising: bool
    base: float
    median: float
    times: Times  # (P + H) ends of the steps
    own: Floats  # (P)
    inputs: Floats  # (P + H, V)
    before: Floats  # (V)
    lines: dict[str, float]
    series: tuple[str, ...]  # V, "" = no such slot
    slots: tuple[str, ...]  # V
    kinds: tuple[str, ...]  # V

    @property
    def change(self) -> float:
        return self.median - self.base

    @property
    def still(self) -> bool:
        """Is there nothing to explain?"""
        return abs(self.change) <= STILL * max(abs(self.base), abs(self.median))

    @property
    def past(self) -> int:
        return len(self.own)

    def causes(self) -> list[Cause]:
        """What moves the forecast, the strongest in the direction of the change first; their parts add up to it."""
        found = [cause for v, name in enumerate(self.series) if name for cause in self.of_slot(v, name)]
        found.append(Cause("own", "", float(self.own.sum()), 0, self.past - 1))
        found += [Cause("line", name, part) for name, part in self.lines.items()]
        sign = 1.0 if self.change >= 0 else -1.0
        return sorted(found, key=lambda cause: -sign * cause.part)

    def of_slot(self, v: int, name: str) -> list[Cause]:
        what = {"rain": "rain", "level": "river", "discharge": "river"}.get(self.kinds[v], "other")
        p, end = self.past, len(self.times) - 1
        here = self.inputs[:, v]
        return [
            Cause(what, name, float(here[:p].sum()), 0, p - 1),
            Cause(what, name, float(here[p:].sum()), p, end, ahead=True),
            Cause("before", name, float(self.before[v])),
        ]

    def main(self) -> tuple[Cause, float]:
        """The strongest cause, narrowed to the steps that hold most of it; and its share of all that drives the
        forecast the way it goes, 0 to 1."""
        causes, sign = self.causes(), 1.0 if self.change >= 0 else -1.0
        driving = sum(max(sign * cause.part, 0.0) for cause in causes)
        best = causes[0]
        if best.what in ("rain", "river", "other"):
            best = self.narrowed(best, sign)
        return best, float(np.clip(sign * best.part / driving, 0.0, 1.0)) if driving > 0 else 0.0

    def narrowed(self, cause: Cause, sign: float) -> Cause:
        """The shortest run of its steps that holds most of what it adds."""
        v = self.series.index(cause.name)
        parts = sign * self.inputs[cause.first : cause.last + 1, v]
        first, last = shortest_run(parts, MOST)
        part = float(sign * parts[first : last + 1].sum())
        return Cause(cause.what, cause.name, part, cause.first + first, cause.first + last, cause.ahead)


def shortest_run(parts: Floats, share: float) -> tuple[int, int]:
    """First and last of the fewest neighbouring ``parts`` that sum to ``share`` of the positive ones' sum; of several
    as short, the one that sums to most. Negative ones count as nothing."""
    total = np.concatenate([[0.0], np.cumsum(np.maximum(parts, 0.0))])
    if total[-1] <= 0:
        return 0, len(parts) - 1
    for length in range(1, len(parts) + 1):
        sums = total[length:] - total[:-length]
        if sums.max() >= share * total[-1] * (1 - 1e-12):
            first = int(sums.argmax())
            return first, first + length - 1
    return 0, len(parts) - 1


def peak_of(median: Floats, base: float) -> tuple[int, bool]:
    """The lead of the highest value of (H), and True; where nothing rises, that of the lowest, and False."""
    high = int(np.argmax(median))
    if median[high] - base > STILL * max(abs(base), abs(float(median[high]))):
        return high, True
    return int(np.argmin(median)), False


def telling_of(found: Attribution, layout: Layout, row: int, times: Times) -> Telling:
    """The station ``row`` at the lead of its peak. ``times`` (P + H)."""
    median, base = found.median[row], float(found.base[row, 0])
    lead, rising = peak_of(median, base)
    title = layout.names[row] if layout.names and layout.names[row] else found.stations[row]
    return Telling(
        found.stations[row], title, layout.units[row], lead, rising,
        float(found.base[row, lead]), float(median[lead]), times,
        found.own[row, lead], found.inputs[row, lead], found.before[row, lead],
        {name: float(line[row, lead]) for name, line in found.lines.items()},
        tuple(layout.series[row].tolist()), layout.slots, layout.kinds,
    )  # fmt: skip
