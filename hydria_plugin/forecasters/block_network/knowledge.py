"""Cases whose silent gauges are still silent: a block network wants to know which they are."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from hydria_plugin import History, Window
from hydria_plugin.values import Bools, Ints

from ..cases import Cases, ahead, newest, strided, usable

OUT = 0.2  # of the time a gauge is silent in the copies that teach a network to do without
COPIES = 0.5  # of the cases have such a copy at most


def raw_of_window(window: Window, scenario: int, rows: Ints, max_age: int) -> Cases:
    """One case per station."""
    target = usable(window.observed.each(lambda a: a[:, scenario]))
    return Cases(
        window.layout.kinds,
        target,
        usable(window.past.each(lambda a: a[:, scenario])),
        usable(window.future.each(lambda a: a[:, scenario])),
        np.asarray(window.antecedent, dtype=np.float64),
        rows,
        newest(target, max_age),
        np.full(len(rows), window.issued_at),
    )


def raw_of_history(history: History, station: int, at: Ints, future: bool, row: int, max_age: int) -> Cases:
    """One case per step of ``at``, for one station."""
    target = strided(usable(history.target.each(lambda a: a[station])), at, history.layout.past)
    inputs = usable(history.inputs.each(lambda a: a[station]))
    return Cases(
        history.layout.kinds,
        target,
        strided(inputs, at, history.layout.past),
        ahead(history, station, inputs, at, future),
        np.asarray(history.totals[station, at], dtype=np.float64),
        np.full(len(at), row, dtype=np.int64),
        newest(target, max_age),
        history.times[at],
    )


def outages(steps: int, slots: int, length: int, rng: np.random.Generator) -> Bools:
    """(T, V) True where a gauge is out: streaks of ``length`` steps on average, a share OUT of the time for each."""
    out = np.zeros((steps, slots), dtype=bool)
    for v in range(slots):
        for _ in range(max(1, round(OUT * steps / length))):
            first = int(rng.integers(-length, steps))
            out[max(0, first) : max(0, first + int(rng.geometric(1 / length))), v] = True
    return out


def with_outages(raw: Cases, at: Ints, steps: int, rng: np.random.Generator) -> tuple[Cases, Ints]:
    """Copies of some of the cases (made at steps ``at``) with gauges out of work, and which cases they are of."""
    past = raw.inputs.shape[1]
    out = outages(steps, raw.inputs.shape[2], past, rng)
    hit = np.flatnonzero(out[at].any(axis=1))
    pick = np.sort(rng.permutation(hit)[: int(COPIES * len(at))])
    copies = raw.take(pick)
    gone = np.stack([out[np.clip(at[pick] - k, 0, None)] for k in range(past - 1, -1, -1)], axis=1)
    return replace(copies, inputs=np.where(gone, np.nan, copies.inputs)), pick
