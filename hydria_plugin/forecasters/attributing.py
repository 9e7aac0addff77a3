"""What the forecasters' attributions have in common: scenarios, and gauges that speak for silent ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from hydria_plugin import Attribution, Window
from hydria_plugin.values import ENSEMBLE_MEDIAN, ESTIMATED, Bools, Floats, Ints

from .cases import Cases, cases_of_window, usable
from .scenarios import widened

Explain = Callable[[Cases, tuple[str, ...]], Attribution]  # of N cases, one for each of the stations named
Make = Callable[[Window, int, Ints, int], Cases]  # window, scenario, rows, max_age


@dataclass(slots=True, eq=False)
class Parts:
    """An attribution being added up, for N cases: written into by those who explain."""

    own: Floats  # (N, H, P)
    inputs: Floats  # (N, H, P + H, V)
    before: Floats  # (N, H, V)

    @classmethod
    def none(cls, cases: Cases) -> Self:
        (n, p), (h, v) = cases.target.shape, cases.future.shape[1:]
        return cls(np.zeros((n, h, p)), np.zeros((n, h, p + h, v)), np.zeros((n, h, v)))

    def attribution(self, cases: Cases, stations: tuple[str, ...], lines: Mapping[str, Floats]) -> Attribution:
        base = np.repeat(cases.base[:, None], self.own.shape[1], axis=1)
        return Attribution(stations, base, self.own, self.inputs, self.before, lines)


def held(cases: Cases, stations: tuple[str, ...]) -> Attribution:
    """Nothing but the last value."""
    return Parts.none(cases).attribution(cases, stations, {})


def attribute_window(
    window: Window, median: Floats, rows: Ints, max_age: int, explain: Explain, make: Make = cases_of_window
) -> Attribution:
    """The parts of ``median`` (S, H): of the best estimate; where a station's quantiles are a mixture, the mean over
    the scenarios, and what the median differs from that mean as a line of its own. ``make``: as the forecaster makes
    its cases."""

    def of_scenario(r: int) -> Attribution:
        return as_received(explain(make(window, r, rows, max_age), window.stations), window, r)

    wide = widened(window)
    if not wide.any():
        return of_scenario(0)
    equal = np.where(wide[:, None], 1.0 / (window.scenarios - 1), np.zeros_like(median))
    parts = [(1.0 - np.broadcast_to(wide[:, None], median.shape), of_scenario(0))]
    parts += [(equal, of_scenario(r)) for r in range(1, window.scenarios)]
    return Attribution.mixed(parts).closed(ENSEMBLE_MEDIAN, median)


def as_received(found: Attribution, window: Window, scenario: int) -> Attribution:
    """On the values that were received: nothing is made of those that were not."""
    past, future = (usable(signal.each(lambda a: a[:, scenario])) for signal in (window.past, window.future))
    known = np.concatenate([past, future], axis=1)
    found = to_speakers(found, known, window.layout.kinds)
    return without_missing(found, np.isfinite(known), np.asarray(np.isfinite(window.antecedent).any(axis=2)))


def to_speakers(found: Attribution, inputs: Floats, kinds: tuple[str, ...]) -> Attribution:
    """A silent rain gauge was given the mean of the others: what it is said to add, they add, in proportion to what
    they measured. ``inputs`` (S, P + H, V) as received."""
    rain = np.flatnonzero([kind == "rain" for kind in kinds])
    known = np.isfinite(inputs[..., rain])
    fill = ~known & known.any(axis=2, keepdims=True)
    if not fill.any():
        return found
    measured = np.where(known, inputs[..., rain], 0.0)
    shares = found.inputs[..., rain]
    borrowed = np.where(fill[:, None], shares, 0.0).sum(axis=3)
    given = borrowed[..., None] * portions(measured, known, axis=2)[:, None]
    spoken = found.inputs.copy()
    spoken[..., rain] = np.where(fill[:, None], 0.0, shares) + given
    return replace(found, inputs=spoken)


def without_missing(found: Attribution, known: Bools, totalled: Bools) -> Attribution:
    """What a model made of values that are missing is no share of theirs but a line of its own. ``known``
    (S, P + H, V), ``totalled`` (S, V)."""
    inputs = np.where(known[:, None], found.inputs, 0.0)
    before = np.where(totalled[:, None], found.before, 0.0)
    missing = (found.inputs - inputs).sum(axis=(2, 3)) + (found.before - before).sum(axis=2)
    return replace(found, inputs=inputs, before=before).adding(ESTIMATED, missing)


def portions(amounts: Floats, there: Bools, axis: int | tuple[int, ...]) -> Floats:
    """``amounts`` >= 0 as shares of their sum along ``axis``; equal among those ``there`` where the sum is 0."""
    total = amounts.sum(axis=axis, keepdims=True)
    equal = there / np.maximum(there.sum(axis=axis, keepdims=True), 1)
    return np.asarray(np.where(total > 0, amounts / np.where(total > 0, total, 1.0), equal))


def newest_step(values: Floats) -> Ints:
    """(N) the place of the newest known value of (N, P); the last where none is known."""
    known = np.isfinite(values[:, ::-1])
    return np.asarray(values.shape[1] - 1 - known.argmax(axis=1))
