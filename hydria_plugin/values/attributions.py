"""Why a forecaster's median is what it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Self

import numpy as np

from .arrays import Floats, Ints, expect, freeze

ENSEMBLE_MEDIAN = "ensemble median"  # the median of several paths less the mean of them, which is what is explained
LIMITS = "limits"  # what is cut off where inputs or changes leave what the model has seen, or the river its bed
USUAL = "usual"  # what the model says of a usual day without rain
ESTIMATED = "estimated"  # what inputs that are missing are expected to have said


@dataclass(frozen=True, slots=True, eq=False)
class Attribution:
    """A forecaster's median, lead by lead, as a sum of parts in the unit of the forecast. NaN = no forecast."""

    stations: tuple[str, ...]
    base: Floats  # (S, H) the last value, held
    own: Floats  # (S, H, P) what the target's own past adds, by the step it comes from
    inputs: Floats  # (S, H, P + H, V) what past and future inputs add
    before: Floats  # (S, H, V) what inputs add through running totals, whose steps are not told apart
    lines: Mapping[str, Floats] = field(default_factory=dict)  # (S, H) what no single input made, by name

    def __post_init__(self) -> None:
        s = len(self.stations)
        expect("Attribution.base", self.base, (s, -1), "(S, H)")
        h = self.base.shape[1]
        expect("Attribution.own", self.own, (s, h, -1), "(S, H, P)")
        v = self.inputs.shape[-1]
        expect("Attribution.inputs", self.inputs, (s, h, self.own.shape[2] + h, v), "(S, H, P + H, V)")
        expect("Attribution.before", self.before, (s, h, v), "(S, H, V)")
        for name, line in self.lines.items():
            expect(f"Attribution.lines[{name}]", line, (s, h), "(S, H)")
        freeze(self)

    @classmethod
    def mixed(cls, parts: Sequence[tuple[Floats, Attribution]]) -> Self:
        """The weighted sum of one or more; weights (S, H)."""
        first = parts[0][1]
        names = dict.fromkeys(name for _, one in parts for name in one.lines)
        nothing = np.zeros_like(first.base)
        return cls(
            first.stations,
            np.sum([w * one.base for w, one in parts], axis=0),
            np.sum([w[..., None] * one.own for w, one in parts], axis=0),
            np.sum([w[..., None, None] * one.inputs for w, one in parts], axis=0),
            np.sum([w[..., None] * one.before for w, one in parts], axis=0),
            {n: np.sum([w * one.lines.get(n, nothing) for w, one in parts], axis=0) for n in names},
        )

    @property
    def median(self) -> Floats:
        """(S, H) the sum of all parts."""
        added = self.own.sum(axis=2) + self.inputs.sum(axis=(2, 3)) + self.before.sum(axis=2)
        return np.asarray(self.base + added + sum(self.lines.values(), np.zeros_like(self.base)))

    def adding(self, name: str, line: Floats) -> Self:
        """With ``line`` (S, H) added to the line ``name``."""
        return replace(self, lines={**self.lines, name: self.lines.get(name, 0.0) + line})

    def closed(self, name: str, median: Floats) -> Self:
        """With what is missing to ``median`` (S, H) on the line ``name``."""
        return self.adding(name, median - self.median)

    def only(self, rows: Sequence[int] | Ints) -> Self:
        """Some stations."""
        pick = np.asarray(rows, dtype=int)
        return replace(
            self,
            stations=tuple(self.stations[i] for i in pick),
            base=self.base[pick],
            own=self.own[pick],
            inputs=self.inputs[pick],
            before=self.before[pick],
            lines={name: line[pick] for name, line in self.lines.items()},
        )
