"""What the network that forecasts makes of a millimetre of rain, also through the river that it is told of.

A directed network answers rain once by its rain inputs, and again through the discharge that the same rain raised and
that it reads at the next step. So it is asked step by step, one step ahead: the rain of one zone at one step is raised,
and what the answer gains is added to the river of the steps that follow. The gain at lag tau is the total effect
T(tau) = d q(k) / d u(k - tau) along the measured river. Only the forecasts are asked for, so it serves every form: what
a network feeds back to itself, or leaves out, is in its answers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from hydria_plugin import History, Split
from hydria_plugin.values import Floats, Ints

from ..cases import Cases, newest, usable
from .knowledge import raw_of_history
from .model import Model, quantiles
from .twin import Twin

PULSES = 24  # steps at which it rains more
MORE_MM = 1.0
RIVERS = ("level", "discharge")  # kinds that rain reaches too: what comes through them is not in the total effect
Answer = Callable[[Cases], Floats]  # (N) the river one step ahead


def with_total(twin: Twin, model: Model, history: History, split: Split, station: int, max_age: int, seed: int) -> Twin:
    """The twin, with what the ``model`` that forecasts makes of the same gauges."""
    layout = history.layout
    slots = np.array([layout.slots.index(slot) for slot in twin.slots], dtype=np.int64)
    rivers = [k in RIVERS and bool(there) for k, there in zip(layout.kinds, layout.present[station], strict=True)]
    row, rng = model.fit.stations.index(twin.station), np.random.default_rng([seed, station])
    total = total_effects(one_step(model), history, split, station, slots, twin.lags, max_age, rng, row)
    return replace(twin, total=total, rivers=any(rivers))


def one_step(model: Model) -> Answer:
    """The median of the ``model`` one step ahead."""
    middle = model.fit.quantiles.index(0.5)
    return lambda raw: np.asarray(quantiles(model, raw)[:, 0, middle])


def total_effects(
    answer: Answer, history: History, split: Split, station: int, slots: Ints, lags: int, max_age: int,
    rng: np.random.Generator, row: int,
) -> Floats:  # fmt: skip
    """(Z, L) rise of the river, in its unit, 0, 1, ... steps after a millimetre more at each of the ``slots`` (Z): mean
    over some steps of the floods. ``row``: the station as the network numbers it. All 0 where no step can be used."""
    at = pulse_steps(history, split, station, lags, rng)
    if not len(at) or not len(slots):
        return np.zeros((len(slots), lags))
    rises = [unroll(answer, history, station, at, int(slot), lags, max_age, row) for slot in slots]
    return np.stack([rise.mean(axis=0) for rise in rises])


def pulse_steps(history: History, split: Split, station: int, lags: int, rng: np.random.Generator) -> Ints:
    """Up to PULSES steps to learn from that have the whole response before the end of the record: the river's higher
    half, since small flows say little of a flood."""
    river = usable(history.target.each(lambda a: a[station]))
    after = np.arange(1, len(river) + 1) + lags <= len(river)
    use = (split.fit | split.stop)[station] & np.isfinite(river) & after & (np.arange(len(river)) >= 1)
    at = np.flatnonzero(use)
    at = at[river[at] >= np.median(river[at])] if len(at) else at
    return np.sort(rng.permutation(at)[:PULSES])


def unroll(
    answer: Answer, history: History, station: int, at: Ints, slot: int, lags: int, max_age: int, row: int
) -> Floats:
    """(B, L) gains after more rain of ``slot`` at steps ``at`` (B)."""
    gains = np.zeros((len(at), lags))
    spans = [max(1, round(float(duration / history.layout.step))) for duration in history.durations]
    for lag in range(lags):
        raw = raw_of_history(history, station, at + lag - 1, True, row, max_age)
        raised = rained(carried(raw, gains[:, :lag], max_age), slot, lag, spans)
        gains[:, lag] = np.nan_to_num(answer(raised) - answer(raw))
    return gains


def carried(raw: Cases, gains: Floats, max_age: int) -> Cases:
    """With what the river gained so far: ``gains`` (N, G), the newest last, at the newest steps."""
    held = min(gains.shape[1], raw.target.shape[1])
    if not held:
        return raw
    target = raw.target.copy()
    target[:, -held:] += gains[:, -held:]
    return replace(raw, target=target, base=newest(target, max_age))


def rained(raw: Cases, slot: int, lag: int, spans: list[int]) -> Cases:
    """With more rain in ``slot``, ``lag`` steps before the step that is forecast; ``spans``: of the running totals."""
    if lag == 0:
        future = raw.future.copy()
        future[:, 0, slot] += MORE_MM
        return replace(raw, future=future)
    inputs, totals = raw.inputs.copy(), raw.totals.copy()
    if lag <= inputs.shape[1]:
        inputs[:, -lag, slot] += MORE_MM
    for a, span in enumerate(spans):
        if lag <= span:
            totals[:, slot, a] += MORE_MM
    return replace(raw, inputs=inputs, totals=totals)
