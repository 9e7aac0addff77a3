"""The recurrent form's answer: a network of one step ahead, rolled out. It is fed the measured river where it is
measured, and its own output where it is not: over the horizon, and through a gap before it.

    y(t) = y(t - 1) + scale * network(rain by lag until t, y(t - 1), y(t - 2), y(t - 3), the basin as of the issue time)
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np

from hydria_plugin.values import Floats, Ints

from ..arx import blocks
from .columns import Told
from .serving import Stack, in_order

ORDER = 3  # own values that are fed back


@dataclass(frozen=True, slots=True, eq=False)
class Bounds:
    """What a roll keeps to, for N cases: C state columns, the own values' first. In the target as it is shown."""

    centre: Floats  # (N)
    unit: Floats  # (N)
    mean: Floats  # (N, C)
    size: Floats  # (N, C)
    low: Floats  # (N, C)
    high: Floats  # (N, C)
    scale: Floats  # (N) change per unit of output
    least: Floats  # (N) of the change of one step
    most: Floats  # (N)
    floor: Floats  # (N)
    ceiling: Floats  # (N)

    def take(self, pick: Ints) -> Bounds:
        return Bounds(*(getattr(self, f.name)[pick] for f in fields(self)))

    def own(self, fed: Floats) -> Floats:
        """(N, E, J) standardised columns of the own values (N, R, J), newest first: as
        :func:`~hydria_plugin.forecasters.block_network.columns.target_columns` makes them."""
        newest = fed[:, :1]
        level = (newest - self.centre[:, None, None]) / self.unit[:, None, None]
        changes = (fed[:, 1:] - newest) / self.unit[:, None, None]
        columns = np.concatenate([changes, level, np.arcsinh(10.0 * level)], axis=1)
        e = columns.shape[1]
        mean, size, low, high = (a[:, :e, None] for a in (self.mean, self.size, self.low, self.high))
        return np.clip((columns - mean) / size, low, high)


def order_of(past: int) -> int:
    """Own values that are fed back with ``past`` steps of a window."""
    return min(ORDER, past)


def newest_only(view: Told) -> Told:
    """With the target's newest values alone: one that is missing is as the one after it."""
    return replace(view, target=held(view.target[:, -order_of(view.target.shape[1]) :], view.base))


def held(target: Floats, base: Floats) -> Floats:
    """(N, R) of which each gap is as what comes after it, the last as ``base``."""
    filled = target.copy()
    filled[:, -1] = np.where(np.isfinite(filled[:, -1]), filled[:, -1], base)
    for r in range(target.shape[1] - 2, -1, -1):
        filled[:, r] = np.where(np.isfinite(filled[:, r]), filled[:, r], filled[:, r + 1])
    return filled


def rain_by_step(rain: Floats, coming: Floats, leads: Ints) -> Floats:
    """(N, F, Z, L) the rain until each of ``leads`` (F; 0 = the newest step), by blocks of lags counted back from it,
    as :func:`~hydria_plugin.forecasters.block_network.columns.lagged`; ``rain`` (N, P, Z), ``coming`` (N, H, Z)."""
    past, whole = rain.shape[1], rain.shape[1] + coming.shape[1]
    series = np.concatenate([rain, coming], axis=1)
    series = series if series.shape[2] else np.zeros((*series.shape[:2], 1))
    known = np.isfinite(series)
    none = np.zeros((len(series), 1, series.shape[2]))
    total = np.concatenate([none, np.cumsum(np.where(known, series, 0.0), axis=1)], axis=1)
    count = np.concatenate([none, np.cumsum(known, axis=1)], axis=1)
    lags = blocks(whole)
    upper = np.clip(past + leads[:, None] - lags[:, 0], 0, whole)
    lower = np.clip(past + leads[:, None] - lags[:, 1] - 1, 0, whole)
    width = np.sqrt(lags[:, 1] - lags[:, 0] + 1)[:, None]
    mean = (total[:, upper] - total[:, lower]) / np.maximum(count[:, upper] - count[:, lower], 1)
    return np.asarray(np.moveaxis(mean * width, 3, 2))


def roll(
    stack: Stack, rows: Ints, rain: Floats, state: Floats, start: Floats, measured: Floats, bounds: Bounds
) -> tuple[Floats, Floats]:
    """(N, F, J) each network's path, and (N, R, J) what it feeds back after: for ``rain`` (N, F, Z, L) in units, the
    standardised ``state`` (N, C) of which the own columns are not looked at, the own values ``start`` (N, R, J) newest
    first, and the ``measured`` (N, F) that take the place of outputs, NaN where there is none. Cases are of the
    stations ``rows`` (N)."""
    alone = bool(len(rows)) and bool((rows == rows[0]).all())
    some = slice(rows[0], rows[0] + 1) if alone else in_order(rows)
    _, neurons, _, j = stack.mix.shape
    push = stack.push[some].reshape(-1, stack.push.shape[1], neurons, j)
    e = start.shape[1] + 1
    mixed = rain_pushes(stack, some, rain) + constant_pushes(push[:, e:], state[:, e:])[:, None]
    paths = np.empty((len(rows), rain.shape[1], j))
    fed, (scale, least, most) = start, (a[:, None] for a in (bounds.scale, bounds.least, bounds.most))
    for f in range(rain.shape[1]):
        pushed = mixed[:, f] + np.einsum(
            "nej,neuj->nuj", bounds.own(fed), np.broadcast_to(push[:, :e], (len(rows), e, neurons, j))
        )
        out = (np.tanh(pushed[:, :-1]) * stack.out[some]).sum(axis=1) + pushed[:, -1]
        value = np.clip(fed[:, 0] + np.clip(scale * out, least, most), bounds.floor[:, None], bounds.ceiling[:, None])
        value = np.where(np.isfinite(measured[:, f, None]), measured[:, f, None], value)
        paths[:, f] = value
        fed = np.concatenate([value[:, None], fed[:, :-1]], axis=1)
    return paths, fed


def rain_pushes(stack: Stack, some: Ints | slice, rain: Floats) -> Floats:
    """(N, F, U, J) of the rain on the tanh neurons, and last on the straight path."""
    kernel, mix = stack.kernel[some], stack.mix[some]
    said = np.moveaxis(rain, 2, 1) @ kernel  # (N, Z, F, J)
    whole = np.broadcast_to(mix, (len(rain), *mix.shape[1:]))
    return np.asarray(np.einsum("nuzj,nzfj->nfuj", whole, said))


def constant_pushes(push: Floats, state: Floats) -> Floats:
    """(N, U, J) of what stays as it is all the way: ``push`` (N or 1, K + 1, U, J) on the ``state`` (N, K) and on 1."""
    with_one = np.concatenate([state, np.ones((len(state), 1))], axis=1)
    flat = push.reshape(len(push), push.shape[1], -1)
    return np.asarray((with_one[:, None] @ flat)[:, 0].reshape(len(state), *push.shape[2:]))
