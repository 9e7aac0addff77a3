"""Which quantiles a forecast is told by: min, mean and max, or probabilities of not being exceeded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from hydria_plugin.values import Floats

VALUES = ("range", "probabilities", "both")
VERSIONS = ("1.1", "2")
STATUSES = (4, 16)  # nomenclature 516: raw, reviewed


@dataclass(frozen=True, slots=True)
class Levels:
    """``bounds``: three quantiles; ``asked``: quantiles told by their probability, empty = all of the pipeline that are
    whole percents, which is all that PProbPrev takes."""

    values: str
    bounds: tuple[float, ...]
    asked: tuple[float, ...]

    def faults(self, quantiles: Sequence[float] | None) -> list[str]:
        """What is wrong, with the quantiles of the pipeline where they are known."""
        numbers = all(isinstance(q, int | float) and not isinstance(q, bool) for q in (*self.bounds, *self.asked))
        if not numbers:
            return [f"min_mean_max = {list(self.bounds)!r} and probabilities = {list(self.asked)!r} must hold numbers"]
        faults = []
        if len(self.bounds) != 3 or list(self.bounds) != sorted(set(self.bounds)):
            faults.append(f"min_mean_max = {list(self.bounds)!r} must be three quantiles that rise: [0.1, 0.5, 0.9]")
        if list(self.asked) != sorted(set(self.asked)) or not all(is_percent(q) for q in self.asked):
            faults.append(f"probabilities = {list(self.asked)!r} must be quantiles of whole percents that rise")
        wanted = [*(self.bounds if self.has_bounds else ()), *(self.asked if self.has_probabilities else ())]
        if quantiles is not None and (lost := [q for q in wanted if at(q, quantiles) < 0]):
            faults.append(f"the pipeline has no quantile {', '.join(map(str, lost))}; it has {list(quantiles)!r}")
        if quantiles is not None and self.has_probabilities and not any(is_percent(q) for q in quantiles):
            faults.append(f"probabilities are whole percents; the pipeline's quantiles {list(quantiles)!r} are not")
        return faults

    @property
    def has_bounds(self) -> bool:
        return self.values in ("range", "both")

    @property
    def has_probabilities(self) -> bool:
        return self.values in ("probabilities", "both")

    def taken(self, values: Floats, quantiles: Sequence[float]) -> tuple[Floats | None, list[int], Floats]:
        """Bounds (H, 3), percents, and their values (H, P), of (H, Q)."""
        bounds = values[:, [at(q, quantiles) for q in self.bounds]] if self.has_bounds else None
        asked = [q for q in (self.asked or quantiles) if is_percent(q)] if self.has_probabilities else []
        return bounds, [round(100 * q) for q in asked], values[:, [at(q, quantiles) for q in asked]]

    def told(self) -> str:
        low, middle, high = self.bounds
        bounds = f"min, mean and max = {low:g}, {middle:g} and {high:g}" if self.has_bounds else ""
        return " and ".join(filter(None, [bounds, "probabilities" if self.has_probabilities else ""]))


def is_percent(quantile: float) -> bool:
    return abs(100 * quantile - round(100 * quantile)) < 1e-9 and 0 <= quantile <= 1


def at(quantile: float, quantiles: Sequence[float]) -> int:
    """Its place; -1 where it is not there."""
    near = np.flatnonzero(np.isclose(quantiles, quantile, rtol=0, atol=1e-9))
    return int(near[0]) if len(near) else -1


def option_faults(
    texts: Mapping[str, object],
    switches: Mapping[str, object],
    version: object,
    values: object,
    status: object,
    codes: object,
) -> list[str]:
    """Faults of the sink's other options."""
    faults = [f"{n} = {v!r} must be a text, and not empty" for n, v in texts.items() if not isinstance(v, str) or not v]
    faults += [f"{n} = {v!r} must be true or false" for n, v in switches.items() if not isinstance(v, bool)]
    choices = (("version", version, VERSIONS), ("values", values, VALUES), ("status", status, STATUSES))
    for name, given, allowed in choices:
        if given not in allowed or isinstance(given, bool):
            faults.append(f"{name} = {given!r} must be {' or '.join(map(repr, allowed))}")
    if codes is not None and not isinstance(codes, Mapping):
        faults.append(f"codes = {codes!r} must be a table: station = code of 8 or 10 characters")
    return faults
