"""What an admin may say of the inputs' errors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from hydria_plugin.values import Floats

from .curves import Rating
from .fields import Place
from .rain import GaugeError

FULL = 20  # scenarios where they are affordable
FEWEST = 6  # and where they are not
AFFORDABLE = 20_000  # stations by scenarios; see benchmarks/uncertainty/DECOMPOSITION.md


@dataclass(frozen=True, eq=False)
class Options:
    """See :class:`~hydria_plugin.correctors.input_error.corrector.InputError`."""

    scenarios: int | None
    gauge: GaugeError
    memory_h: float
    reach_km: float
    common: float
    dropout: float
    forecast: float
    seed: int
    places: Mapping[str, Place] = field(default_factory=dict)  # by series
    ratings: Sequence[Rating] = ()
    learned: Floats | None = None  # (H) size of the error of rain forecasts

    def __post_init__(self) -> None:
        """Raises ValueError for what cannot be meant."""
        g = self.gauge
        for name, value in (
            ("relative", g.relative),
            ("floor_mm", g.floor_mm),
            ("tail", g.tail),
            ("forecast", self.forecast),
        ):
            if not (np.isfinite(value) and 0 <= value <= 10):
                raise ValueError(f"{name} is {value!r}; allowed: a number from 0 to 10")
        for name, value in (("memory_h", self.memory_h), ("reach_km", self.reach_km)):
            if not (np.isfinite(value) and value > 0):
                raise ValueError(f"{name} is {value!r}; allowed: a number above 0")
        for name, value in (("common", self.common), ("dropout", self.dropout), ("own", g.own)):
            if not 0 <= value <= 1:
                raise ValueError(f"{name} is {value!r}; allowed: a number from 0 to 1")
        if self.scenarios is not None and not 1 <= self.scenarios <= 1000:
            raise ValueError(
                f"scenarios is {self.scenarios!r}; allowed: a whole number from 1 (none but the best) to 1000"
            )
        if self.seed < 0:
            raise ValueError(f"seed is {self.seed!r}; allowed: a whole number from 0")

    def count(self, stations: int) -> int:
        """Scenarios with the best estimate, for so many stations."""
        return self.scenarios or int(np.clip(AFFORDABLE // max(stations, 1), FEWEST, FULL))
