"""Outages planted in a record, in its test part only, each with the seed it comes from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from hydria_plugin import History, Signal
from hydria_plugin.totals import steps_in, totals_over
from hydria_plugin.values import SUMMED, Bools, Floats, Ints

SHARE = 0.2  # of the values, in the random outages
STREAK_H = 6.0
Plan = Callable[[History, np.random.Generator], tuple[Bools, Bools]]  # (T) target lost, (T, V) inputs lost


def rain_slots(history: History) -> Ints:
    return np.flatnonzero([kind == "rain" for kind in history.layout.kinds])


def nothing(history: History) -> tuple[Bools, Bools]:
    return np.zeros(len(history), dtype=bool), np.zeros(history.inputs.shape[1:], dtype=bool)


def gauges(count: Callable[[int], int]) -> Plan:
    """``count`` of the rain gauges, drawn, are lost throughout."""

    def plan(history: History, rng: np.random.Generator) -> tuple[Bools, Bools]:
        target, inputs = nothing(history)
        rain = rain_slots(history)
        inputs[:, rng.permutation(rain)[: count(len(rain))]] = True
        return target, inputs

    return plan


def level(history: History, rng: np.random.Generator) -> tuple[Bools, Bools]:
    target, inputs = nothing(history)
    target[:] = True
    return target, inputs


def scattered(also_level: bool) -> Plan:
    """A fifth of all values, each by itself."""

    def plan(history: History, rng: np.random.Generator) -> tuple[Bools, Bools]:
        target, inputs = nothing(history)
        inputs[:] = rng.random(inputs.shape) < SHARE
        target[:] = (rng.random(len(target)) < SHARE) & also_level
        return target, inputs

    return plan


def streaks(history: History, rng: np.random.Generator) -> tuple[Bools, Bools]:
    """Every series is silent for six hours at a time, a fifth of the time."""
    length = max(1, round(STREAK_H * 3600 / float(history.layout.step / np.timedelta64(1, "s"))))
    target, inputs = nothing(history)
    for column in [target, *inputs.T]:
        count = rng.poisson(len(column) * -np.log(1 - SHARE) / length)
        for first in rng.integers(1 - length, len(column), count):
            column[max(0, first) : max(0, first + length)] = True
    return target, inputs


PLANS: dict[str, Plan] = {
    "none": lambda history, rng: nothing(history),
    "one gauge": gauges(lambda n: 1 if n > 1 else 0),
    "half the gauges": gauges(lambda n: (n + 1) // 2 if n > 1 else 0),
    "all rain": gauges(lambda n: n),
    "level lost": level,
    "20 % of the inputs": scattered(False),
    "20 % of all": scattered(True),
    "streaks of 6 h": streaks,
}


def planted(history: History, name: str, first: int, seed: int) -> History:
    """The record with the outage from step ``first`` on; its running totals leave the gaps out, as the buffer does."""
    rng = np.random.default_rng([seed, list(PLANS).index(name)])
    target_lost, inputs_lost = PLANS[name](history, rng)
    target_lost[:first], inputs_lost[:first] = False, False
    target = np.where(target_lost[None], np.nan, history.target.values)
    inputs = np.where(inputs_lost[None], np.nan, history.inputs.values)
    return with_values(history, target, inputs)


def with_values(history: History, target: Floats, inputs: Floats) -> History:
    """The record with other values, its running totals taken of them."""
    return replace(
        history, target=Signal.measured(target), inputs=Signal.measured(inputs), totals=totals_of(history, inputs)
    )


def totals_of(history: History, inputs: Floats) -> Floats:
    summed = np.array([kind in SUMMED for kind in history.layout.kinds])
    steps = [steps_in(d, history.layout.step) for d in history.durations]
    return totals_over(inputs[0], 0, np.arange(inputs.shape[1]), steps, summed)[None]
