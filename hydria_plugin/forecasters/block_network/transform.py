"""The target as a network is shown it: as it is, its logarithm, or a power of it (Box and Cox 1964)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hydria_plugin.values import Floats

LEAST = 0.01  # of a unit above the shift: values below count as this
ROOM = 0.1  # of a unit that the shift lies below the lowest value seen


@dataclass(frozen=True, slots=True, eq=False)
class Transform:
    """``power`` 1 leaves values as they are, 0 is the logarithm; shift and unit per row make stations alike."""

    power: float
    shift: Floats  # (N), or a number
    unit: Floats

    def forward(self, values: Floats) -> Floats:
        """Of (N) or (N, ...); NaN stays NaN."""
        if self.power == 1.0:
            return values
        shift, unit = self.like(values)
        x = np.maximum((values - shift) / unit, LEAST)
        return np.asarray(np.log(x) if self.power == 0 else (x**self.power - 1.0) / self.power)

    def back(self, values: Floats) -> Floats:
        """What :meth:`forward` was given."""
        if self.power == 1.0:
            return values
        shift, unit = self.like(values)
        x = np.exp(values) if self.power == 0 else np.maximum(1.0 + self.power * values, 0.0) ** (1.0 / self.power)
        return np.asarray(shift + unit * x)

    def like(self, values: Floats) -> tuple[Floats, Floats]:
        """Shift and unit, ready to meet ``values``."""
        more = (1,) * (np.ndim(values) - 1)
        shift, unit = np.asarray(self.shift), np.asarray(self.unit)
        return (shift, unit) if not shift.ndim else (shift.reshape(-1, *more), unit.reshape(-1, *more))


def shift_of(seen: Floats, unit: float) -> float:
    """A little below the lowest value seen; 0 without any."""
    return float(np.min(seen)) - ROOM * unit if len(seen) else 0.0
