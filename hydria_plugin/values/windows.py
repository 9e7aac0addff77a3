"""What is known at one issue time (Window), and over a record (History)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .arrays import Bools, Floats, Ints, Times, expect, freeze
from .feeds import Flag, Layout, Signal


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """All that is known at one issue time, dense over stations. ``future`` is NaN where nothing is known."""

    issued_at: np.datetime64
    known_at: np.datetime64
    layout: Layout
    observed: Signal  # (S, R, P) the target's past, the last value at issued_at
    past: Signal  # (S, R, P, V)
    future: Signal  # (S, R, H, V) known or forecast inputs, lead 1 first; scenario 0 is the best estimate
    antecedent: Floats  # (S, V, A) causal sums (rain, pet) or means over ``durations``
    durations: tuple[np.timedelta64, ...] = ()  # A
    learned: Mapping[str, Mapping[str, NDArray[Any]]] = field(default_factory=dict)  # plug-in name -> its state

    def __post_init__(self) -> None:
        a = self.layout
        s, v, r = len(a.stations), len(a.slots), self.observed.values.shape[1]
        expect("Window.observed", self.observed.values, (s, r, a.past), "(S, R, P)")
        expect("Window.past", self.past.values, (s, r, a.past, v), "(S, R, P, V)")
        expect("Window.future", self.future.values, (s, r, a.horizon, v), "(S, R, H, V)")
        expect("Window.antecedent", self.antecedent, (s, v, len(self.durations)), "(S, V, A)")
        freeze(self)

    @property
    def stations(self) -> tuple[str, ...]:
        return self.layout.stations

    @property
    def step(self) -> np.timedelta64:
        return self.layout.step

    @property
    def quantiles(self) -> tuple[float, ...]:
        return self.layout.quantiles

    @property
    def scenarios(self) -> int:
        return int(self.observed.values.shape[1])

    @property
    def believed(self) -> Bools:
        """(S) False where the newest value of the target is suspected, or known to be wrong; one that is missing is
        not, and may come late."""
        flags = np.asarray(self.observed.flags[:, 0, -1])
        return np.asarray((flags != Flag.SUSPECT) & (flags != Flag.FAIL))

    def only(self, rows: Sequence[int] | Ints) -> Window:
        """The window of some stations."""
        pick = np.asarray(rows, dtype=int)
        return replace(
            self,
            layout=self.layout.only(pick),
            observed=self.observed.each(lambda a: a[pick]),
            past=self.past.each(lambda a: a[pick]),
            future=self.future.each(lambda a: a[pick]),
            antecedent=self.antecedent[pick],
        )


@dataclass(frozen=True, slots=True, eq=False)
class History:
    """The same signals over T steps, for learning; arrays may be memory-mapped. ``inputs`` of an absent slot is NaN."""

    layout: Layout
    times: Times  # (T) datetime64[s], regular
    target: Signal  # (S, T)
    inputs: Signal  # (S, T, V)
    totals: Floats  # (S, T, V, A) running totals at each step, as ``Window.antecedent``
    durations: tuple[np.timedelta64, ...] = ()  # A
    forecasts: Mapping[str, Floats] = field(default_factory=dict)  # slot -> (S, T, H) archived, as known at each step

    def __post_init__(self) -> None:
        s, v, t = len(self.layout.stations), len(self.layout.slots), len(self.times)
        expect("History.target", self.target.values, (s, t), "(S, T)")
        expect("History.inputs", self.inputs.values, (s, t, v), "(S, T, V)")
        expect("History.totals", self.totals, (s, t, v, len(self.durations)), "(S, T, V, A)")
        for slot, known in self.forecasts.items():
            expect(f"History.forecasts[{slot}]", known, (s, t, self.layout.horizon), "(S, T, H)")
        freeze(self)

    def __len__(self) -> int:
        return len(self.times)

    def between(self, first: int, last: int) -> History:
        """Steps ``first`` to ``last - 1``, as views."""
        return replace(
            self,
            times=self.times[first:last],
            target=self.target.each(lambda a: a[:, first:last]),
            inputs=self.inputs.each(lambda a: a[:, first:last]),
            totals=self.totals[:, first:last],
            forecasts={k: a[:, first:last] for k, a in self.forecasts.items()},
        )

    def only(self, rows: Sequence[int] | Ints) -> History:
        """Some stations."""
        pick = np.asarray(rows, dtype=int)
        return replace(
            self,
            layout=self.layout.only(pick),
            target=self.target.each(lambda a: a[pick]),
            inputs=self.inputs.each(lambda a: a[pick]),
            totals=self.totals[pick],
            forecasts={k: a[pick] for k, a in self.forecasts.items()},
        )

    def blocks(self, size: int) -> Iterator[History]:
        """Blocks of at most ``size`` stations, in order."""
        for first in range(0, len(self.layout.stations), size):
            yield self.only(range(first, min(first + size, len(self.layout.stations))))
