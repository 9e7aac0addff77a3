"""What the network reads of a case: its past as a sequence (fine near now, block means before), its context, and what
is known of the horizon. The same code serves training and forecast; training puts gaps in between the two steps."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import NamedTuple, Self

import numpy as np

from hydria_plugin.values import Bools, Floats, Ints

from ..cases import FORESEEN, Cases, newest
from .norms import Norms, totals_by_kind

FINE = 24  # newest steps that stand alone
BLOCKS = 24  # at most, of equal length, before them
MOST = 50.0  # units beyond which nothing is believed on the straight path


@dataclass(frozen=True, slots=True, eq=False)
class Sequences:
    """N cases standardised; NaN = not known. T tokens, newest last."""

    inputs: Floats  # (N, T, V)
    target: Floats  # (N, T) above the station's mean, in its units
    around: Floats  # (N, C) running totals, and what is known of the basin
    future: Floats  # (N, H, V) of the kinds that a weather service can give
    foreseen: Bools  # (N, H) the rain is known up to here
    simulated: Floats  # (N, J) newest value of each simulation, in the target's unit above the station's mean
    announced: Floats  # (N, H, J) what the simulations say of the horizon, alike
    move: Floats  # (N, H) how far the target moves within each lead

    def __len__(self) -> int:
        return len(self.target)

    def take(self, pick: Ints | Bools) -> Self:
        return replace(self, **{f.name: getattr(self, f.name)[pick] for f in fields(self)})


class Read(NamedTuple):
    """What goes into the network, without NaN."""

    tokens: Floats  # (N, T, F)
    around: Floats  # (N, C)
    straight: Floats  # (N, D) level, changes and inputs again, for the straight path: not squeezed
    coming: Floats  # (N, H, G)
    announced: Floats  # (N, H, 2 J) changes that the simulations announce
    base: Floats  # (N) newest value


def sequences(cases: Cases, norms: Norms, max_age: int) -> Sequences:
    rows = np.maximum(cases.rows, 0)
    centre, unit = norms.centre[rows], norms.unit[rows]
    slot_centre, slot_unit = norms.slot_centre[rows][:, None], norms.slot_unit[rows][:, None]
    simulations = [v for v, kind in enumerate(cases.kinds) if kind == "simulation"]
    told = np.array([kind in FORESEEN for kind in cases.kinds], dtype=bool)
    held = np.stack([newest(cases.inputs[:, :, v], max_age) for v in simulations] or [np.empty((0, len(cases)))[:0]])
    totals = totals_by_kind(cases.totals, cases.kinds) / norms.total_unit[rows]
    return Sequences(
        blocked((cases.inputs - slot_centre) / slot_unit, max_age),
        blocked((cases.target - centre[:, None]) / unit[:, None], max_age),
        np.concatenate([totals.reshape(len(cases), -1), norms.basin[rows]], axis=1),
        np.where(told, (cases.future - slot_centre) / slot_unit, np.nan),
        cases.foreseen,
        (held.reshape(len(simulations), len(cases)).T - centre[:, None]) / unit[:, None],
        (cases.future[:, :, simulations] - centre[:, None, None]) / unit[:, None, None],
        norms.move[rows],
    )


def blocked(values: Floats, max_age: int) -> Floats:
    """(N, T, ...) of (N, P, ...): the newest steps, and before them means over blocks; a block's mean is over what is
    known of it."""
    fine = min(values.shape[1], max(FINE, max_age + 1))
    older = values[:, : values.shape[1] - fine]
    if not older.shape[1]:
        return values
    size = -(-older.shape[1] // BLOCKS)
    count = -(-older.shape[1] // size)
    pad = np.full((len(values), count * size - older.shape[1], *values.shape[2:]), np.nan)
    parts = np.concatenate([pad, older], axis=1).reshape(len(values), count, size, *values.shape[2:])
    known = np.isfinite(parts)
    there = known.sum(axis=2)
    mean = np.where(there > 0, np.where(known, parts, 0.0).sum(axis=2) / np.maximum(there, 1), np.nan)
    return np.concatenate([mean, values[:, values.shape[1] - fine :]], axis=1)


def read(s: Sequences, max_age: int) -> Read:
    """Gaps become 0, the mean, beside a flag; the target is told as its distance from its newest value."""
    base = newest(s.target, max_age)
    below = s.target - base[:, None]
    step = s.move[:, :1]
    tokens = np.concatenate([*flagged(s.inputs), *flagged(np.stack([below, below / step], axis=2), flags=1)], axis=2)
    heard = np.isfinite(s.target[:, ::-1])
    age = heard.argmax(axis=1) / max(1, max_age)
    around = np.concatenate([np.stack([base, age], axis=1), s.around], axis=1)
    n, h = s.foreseen.shape
    lead = np.broadcast_to(np.arange(1, h + 1)[None, :, None] / h, (n, h, 1))
    change = np.concatenate([s.announced - s.simulated[:, None], s.announced - base[:, None, None]], axis=2)
    return Read(
        tokens,
        np.arcsinh(np.nan_to_num(around)),
        np.clip(np.nan_to_num(straight(base, s)), -MOST, MOST),
        np.concatenate([*flagged(s.future), lead], axis=2),
        np.clip(np.nan_to_num(change / s.move[:, :, None]), -MOST, MOST),
        base,
    )


def flagged(values: Floats, flags: int | None = None) -> tuple[Floats, Floats]:
    """Squeezed values (logarithmic far out: no input can shout the others down), and flags: 1 = known."""
    known = np.isfinite(values)
    return np.arcsinh(np.where(known, values, 0.0)), known[:, :, :flags].astype(np.float64)


def straight(base: Floats, s: Sequences) -> Floats:
    """(N, D) the level, its changes from token to token, newest first, in units of what moves within a step, and the
    inputs."""
    moved = np.diff(s.target, axis=1)[:, ::-1] / s.move[:, :1]
    return np.concatenate([base[:, None], moved, s.inputs.reshape(len(base), -1)], axis=1)
