"""The network's arithmetic in numpy: serving needs no torch, and a case's answer does not depend on its neighbours.

    read   h, c = LSTM(tokens with context)                                    up to the issue time
    say    raw = head(h, context) + straight path + announced changes          all leads at once
    go on  h, c = LSTM'(what is known of the horizon), lead by lead            the form with rain forecast:
           raw += head'(h)                                                     what it adds
    speak  median = raw_0, others = median -/+ cumulative softplus             never crossing

Hochreiter and Schmidhuber (1997); for rivers Kratzert et al. (2018, HESS 22, 6005).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Self

import numpy as np

from hydria_plugin.values import Floats

from .sequences import Read


@dataclass(frozen=True, slots=True, eq=False)
class Cell:
    """One LSTM layer; gates in the order input, forget, cell, output."""

    inward: Floats  # (F, 4 N)
    around: Floats  # (C, 4 N) of the context, the same at every step
    back: Floats  # (N, 4 N)
    bias: Floats  # (4 N)

    def step(self, x: Floats, steady: Floats, h: Floats, c: Floats) -> tuple[Floats, Floats]:
        """One step for x (B, F); ``steady`` (B, 4 N) is what the context and the bias add."""
        n = h.shape[1]
        gates = x @ self.inward + steady + h @ self.back
        take, keep, give = (sigmoid(gates[:, i * n : (i + 1) * n]) for i in (0, 1, 3))
        c = keep * c + take * np.tanh(gates[:, 2 * n : 3 * n])
        return give * np.tanh(c), c

    def steady(self, around: Floats) -> Floats:
        return np.asarray(around @ self.around + self.bias)


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """One trained member."""

    reader: Cell
    goer: Cell
    head: Floats  # (N + C, H Q)
    head_bias: Floats  # (H Q)
    straight: Floats  # (D, H) of the median: linear, so that a flood larger than any seen can still rise
    announced: Floats  # (H, 2 J)
    further: Floats  # (N, Q) what each step into the horizon adds
    further_bias: Floats  # (Q)

    def raw(self, r: Read) -> tuple[Floats, Floats]:
        """(2, N, H, Q): without and with what is known of the horizon. The first of Q is the median."""
        n, horizon = len(r.base), r.coming.shape[1]
        h: Floats = np.zeros((n, self.reader.back.shape[0]))
        c = h
        steady = self.reader.steady(r.around)
        for t in range(r.tokens.shape[1]):
            h, c = self.reader.step(r.tokens[:, t], steady, h, c)
        say = (np.concatenate([h, r.around], axis=1) @ self.head + self.head_bias).reshape(n, horizon, -1)
        say[:, :, 0] += r.straight @ self.straight + (r.announced * self.announced).sum(axis=2)
        more = np.empty_like(say)
        steady = self.goer.steady(r.around)
        for lead in range(horizon):
            h, c = self.goer.step(r.coming[:, lead], steady, h, c)
            more[:, lead] = h @ self.further + self.further_bias
        return say, say + more

    def arrays(self) -> dict[str, Floats]:
        """By the names of :func:`names_of_arrays`."""
        parts = {"reader": self.reader, "goer": self.goer}
        flat = {name: getattr(self, name) for name in PLAIN}
        return flat | {f"{p}.{f.name}": getattr(cell, f.name) for p, cell in parts.items() for f in fields(Cell)}

    @classmethod
    def of(cls, arrays: Mapping[str, Floats]) -> Self:
        """What :meth:`arrays` gave, in double precision: batches of any size then agree to the last digits."""
        exact = {k: np.asarray(a, dtype=np.float64) for k, a in arrays.items()}
        reader, goer = (Cell(*(exact[f"{cell}.{f.name}"] for f in fields(Cell))) for cell in ("reader", "goer"))
        return cls(reader, goer, *(exact[name] for name in PLAIN))


PLAIN = ("head", "head_bias", "straight", "announced", "further", "further_bias")


def names_of_arrays() -> list[str]:
    return [*PLAIN, *(f"{cell}.{f.name}" for cell in ("reader", "goer") for f in fields(Cell))]


def sigmoid(x: Floats) -> Floats:
    return np.asarray(0.5 * np.tanh(0.5 * x) + 0.5)


def softplus(x: Floats) -> Floats:
    return np.logaddexp(0.0, x)


def spoken(raw: Floats, median: int) -> Floats:
    """(..., Q) rising quantiles of raw outputs (..., Q): the median first, then the gaps below it, nearest first, then
    those above."""
    centre, below, above = raw[..., :1], raw[..., 1 : median + 1], raw[..., median + 1 :]
    down = centre - np.cumsum(softplus(below), axis=-1)
    up = centre + np.cumsum(softplus(above), axis=-1)
    return np.concatenate([down[..., ::-1], centre, up], axis=-1)
