"""Which steps serve for fitting, for stopping and for the test: whole blocks between events, the largest flood held
out, a gap of one horizon wherever two parts touch.

Blocks are cut where no station, or the fewest, is in flood, and are common to all stations: a storm seen in fitting at
one station is then not the test of its neighbour. Only each station's own largest flood goes to the test wherever it
stands.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from hydria_plugin import History, Split
from hydria_plugin.values import Bools, Floats, Ints

from .events import Events, numbered, runs, station_events

FIT, STOP, TEST = 0, 1, 2
DEAL = (TEST, FIT, STOP, FIT, FIT)  # blocks in falling order of flood are dealt so: 60 % fit, 20 % stop, 20 % test
FEWEST = 3  # events below which the parts are plain stretches of time


def split(history: History, events: tuple[Events, ...] | None = None) -> Split:
    """Fit, stop and test steps of ``history``. With fewer than three blocks (see :func:`why_degraded`) the first 60 %
    of the record fit, the next 20 % stop and the last 20 % test, cut beside a flood rather than in it."""
    events = station_events(history) if events is None else events
    blocks, sizes = ranked_blocks(history, events)
    count = len(sizes)
    if count < FEWEST:
        bounds = [quiet_near(len(history) * fifths // 5, len(history), events) for fifths in (3, 4)]
        dealt = np.array([FIT, STOP, TEST])[np.searchsorted(bounds, np.arange(len(history)), side="right")]
    else:
        dealt = np.resize(DEAL, count)[rank_of(sizes)][blocks]
    parts = np.repeat(dealt[None], len(events), axis=0)
    if count >= FEWEST:
        hold_out_largest(parts, events, history.layout.horizon)
    return masks(history, parts, numbered(events, len(history), history.layout.horizon))


def why_degraded(history: History, events: tuple[Events, ...] | None = None) -> str:
    """ "" or a sentence: why the largest flood could not be held out."""
    _, sizes = ranked_blocks(history, station_events(history) if events is None else events)
    if len(sizes) >= FEWEST:
        return ""
    return (
        f"{len(sizes)} independent flood events in the record, {FEWEST} are needed to hold the largest out: "
        "the last fifth of the record is the test instead"
    )


def everything(history: History, before: Split) -> Split:
    """For the last fit before service: the stop part stays, all the rest fits, nothing is tested."""
    n = len(history)
    parts = np.where(before.stop, STOP, FIT)
    for row, fit in zip(parts, before.stop, strict=True):  # the gap after a stop block belongs to it
        for _, last in zip(*runs(fit), strict=True):
            row[last : min(n, last + 1 + history.layout.horizon)] = STOP
    return masks(history, parts, before.events)


def folds(history: History, whole: Split, k: int) -> list[Split]:
    """At most ``k`` splits of the fit and stop steps of ``whole``: each holds out (as test) every k-th block in falling
    order of flood, so that all folds have floods alike. With fewer than two blocks: halves in time."""
    if k < 2:
        raise ValueError(f"cross-validation needs at least 2 folds, not {k}")
    pool = whole.fit | whole.stop
    blocks, sizes = ranked_blocks(history, station_events(history))
    inside = np.unique(blocks[pool.any(axis=0)])
    if len(inside) < 2:
        steps = np.flatnonzero(pool.any(axis=0))
        blocks = (np.arange(len(history)) > np.median(steps)).astype(int) if len(steps) else blocks
        inside, sizes = np.arange(2), np.zeros(2)
    order = inside[np.argsort(-sizes[inside], kind="stable")]
    fold = np.full(len(sizes), -1)
    fold[order] = np.arange(len(order)) % k
    return [held_out(whole, fold[blocks] == i, history.layout.horizon) for i in range(min(k, len(order)))]


def held_out(whole: Split, out: Bools, horizon: int) -> Split:
    """``whole`` with the steps ``out`` (T) as the test, one horizon left free where the two touch."""
    calm = steady(out[None].astype(np.int64), horizon)
    rest = ~out[None] & calm
    return replace(
        whole,
        fit=whole.fit & rest,
        stop=whole.stop & rest,
        test=(whole.fit | whole.stop) & out[None] & calm,
    )


def masks(history: History, parts: Ints, numbers: np.ndarray) -> Split:
    """The split for (S, T) ``parts``: only steps that have a past, and whose whole horizon lies in their own part."""
    usable = steady(parts, history.layout.horizon)
    usable[:, : history.layout.past - 1] = False
    usable[:, len(history) - 1 :] = False
    return Split(usable & (parts == FIT), usable & (parts == STOP), usable & (parts == TEST), numbers)


def steady(parts: Ints, horizon: int) -> Bools:
    """(S, T) True where the part does not change within the next ``horizon`` steps: the targets of two parts' forecasts
    then never overlap."""
    steps = parts.shape[1]
    change = np.diff(parts, axis=1) != 0
    ahead = np.concatenate([np.zeros((len(parts), 1), int), np.cumsum(change, axis=1)], axis=1)
    return np.asarray(ahead[:, np.minimum(np.arange(steps) + horizon, steps - 1)] == ahead)


def hold_out_largest(parts: Ints, events: tuple[Events, ...], horizon: int) -> None:
    """Each station's largest flood, and the horizon before it, into the test."""
    for row, station in zip(parts, events, strict=True):
        if len(station):
            i = station.largest
            row[max(0, int(station.starts[i]) - horizon) : int(station.stops[i]) + 1] = TEST


def ranked_blocks(history: History, events: tuple[Events, ...]) -> tuple[Ints, Floats]:
    """(T) the block of each step, and (B) the largest relative flood peak of each block over the stations."""
    steps = len(history)
    cuts = block_cuts(steps, events)
    blocks = np.searchsorted(cuts, np.arange(steps), side="right")
    sizes = np.zeros(len(cuts) + 1)
    for station in events:
        if len(station):
            np.maximum.at(sizes, blocks[station.peaks], station.heights / station.heights.max())
    return blocks, sizes if any(len(e) for e in events) else np.zeros(0 if len(cuts) == 0 else len(sizes))


def block_cuts(steps: int, events: tuple[Events, ...]) -> Ints:
    """The steps at which blocks begin, but the first. Midway between floods; where the floods of many stations leave no
    quiet time, at the quietest steps of an even division."""
    busy = in_flood(steps, events)
    typical = int(np.median([len(e) for e in events])) if events else 0
    starts, stops = runs(busy > 0)
    if len(starts) * 2 >= typical:
        return np.asarray((stops[:-1] + starts[1:] + 1) // 2)
    reach = max(1, steps // (2 * typical) - 1)
    even = np.arange(1, typical) * steps // typical
    near = [(max(0, c - reach // 2), min(steps, c + reach // 2 + 1)) for c in even.tolist()]
    return np.unique([a + int(np.argmin(busy[a:b])) for a, b in near])


def in_flood(steps: int, events: tuple[Events, ...]) -> Ints:
    """(T) how many stations are in flood."""
    busy = np.zeros(steps + 1, dtype=np.int64)
    for station in events:
        np.add.at(busy, station.starts, 1)
        np.add.at(busy, station.stops + 1, -1)
    return np.asarray(np.cumsum(busy)[:steps])


def quiet_near(cut: int, steps: int, events: tuple[Events, ...]) -> int:
    """The step nearest to ``cut``, and no farther than a tenth of the record, at which none is in flood; ``cut`` itself
    where there is no such."""
    low, high = max(1, cut - steps // 10), min(steps, cut + steps // 10 + 1)
    calm = low + np.flatnonzero(in_flood(steps, events)[low:high] == 0)
    return int(calm[np.argmin(np.abs(calm - cut))]) if len(calm) else cut


def rank_of(sizes: Floats) -> Ints:
    """The place of each in falling order."""
    ranks = np.empty(len(sizes), dtype=np.int64)
    ranks[np.argsort(-sizes, kind="stable")] = np.arange(len(sizes))
    return ranks
