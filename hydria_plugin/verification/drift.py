"""Has a model got worse? A sequential test on what was verified, by station, with a stated rate of false alarms.

Verified steps are gathered into blocks of a day or more, longer than errors hang together. Of each block three numbers
are kept: the error (CRPS) and the movement (the error of holding the last value), in logarithms, and how much truth lay
outside the band. Floods raise error and movement alike: what counts is the error beyond a line through the station's
blocks of error on movement, the new block among them.

Each number is ranked among those of the model's earlier blocks. As long as nothing changes all ranks are equally
likely, whatever the errors' distribution, and each is a fresh draw, so that 1 / (share of ranks) to a power is a bet
whose expected value is at most 1 (a conformal e-value; Vovk, Gammerman and Shafer 2005). Bets are multiplied as by
Shiryaev and Roberts, R = (1 + R) e; R less the number of blocks is a supermartingale, so the chance that R passes
``LIMIT`` within n blocks is at most n / LIMIT (Doob; Shin, Ramdas and Rinaldo 2023), for each of the two numbers.
"""

from __future__ import annotations

import numpy as np

from ..roles import State
from ..values import Bools, Floats, Ints, Verified
from .scores import level_weights

NAME = "watch.drift"  # of its state in bulletins; no plug-in can be called so
ERROR, BAND = 0, 1  # the two numbers that are ranked
LIMIT = 5000.0  # of the evidence of each; together at most one false alarm in 2500 blocks on average
POWER = 0.6  # of the bet: (1 - POWER) * share ** -POWER
FIRST = 14  # blocks before the first bet
MOST, KEPT = 64, 32  # blocks remembered; when full, the oldest go on being what is compared with
LET_GO = 0.01  # times LIMIT: evidence below this ends an alarm
RECENT = 0.3  # weight of the newest block in what is told of late
SMALLEST = 1e-4  # of a mean error or movement, in the station's unit
NEVER = -(2**40)  # seconds
NEAR = 0.01  # of the levels that are taken for those of the band
HORIZONS = 2  # a block has so many, and a day at least


class Drift:
    """Learns as forecasters do, from the forecasts that were issued. ``model``: which models made them; with others,
    all begins anew. Per station about 450 bytes of state."""

    def __init__(self, step: np.timedelta64, horizon: int, model: int = 0) -> None:
        self.length = max(HORIZONS * horizon, int(np.ceil(np.timedelta64(1, "D") / step)))
        self.model = model

    def learn(self, verified: Verified, state: State) -> State:
        stations = len(verified.stations)
        known = (
            begun(self.model, stations)
            if self.is_other(state, stations)
            else {k: np.array(v) for k, v in state.items()}
        )
        *sums, there = measured(verified)
        added = np.stack([*sums, np.ones(stations)], axis=1)
        known["open"] += np.where(there[:, None], added, 0.0)
        known["newest"][there] = verified.valid_at.astype("datetime64[s]").astype(np.int64)
        if (closed := np.flatnonzero(known["open"][:, 3] >= self.length)).size:
            judge(known, closed)
        return known

    def is_other(self, state: State, stations: int) -> bool:
        """Whether what was learned is of other models or stations."""
        return "open" not in state or len(state["open"]) != stations or int(state["model"][0]) != self.model


def begun(model: int, stations: int) -> dict[str, np.ndarray]:
    """Nothing met yet."""
    return {
        "model": np.array([model], dtype=np.int64),
        "newest": np.full(stations, NEVER, np.int64),  # valid time of the newest truth that was met
        "open": np.zeros((stations, 4), np.float32),  # of the block: error, movement, share outside the band, steps
        "bag": np.full((stations, MOST, 3), np.nan, np.float16),  # log error, log movement, share outside
        "evidence": np.zeros((stations, 2), np.float32),  # R
        "recent": np.full((stations, 2), np.nan, np.float32),  # log error beyond the line, share outside: of late
        "blocks": np.zeros(stations, np.int32),
        "drifted": np.zeros((stations, 2), np.uint8),
    }


def measured(verified: Verified) -> tuple[Floats, Floats, Floats, Bools]:
    """(S) each, of one valid time: the mean CRPS of its forecasts, the mean movement since they were issued, the share
    outside their 10-90 % band, and where there are any."""
    assert verified.base is not None
    levels = np.asarray(verified.quantiles)
    off = verified.truth[:, None, None] - verified.forecast  # (S, H, Q)
    loss = 2 * np.maximum(levels * off, (levels - 1) * off) @ level_weights(verified.quantiles)  # (S, H)
    moved = np.abs(verified.truth[:, None] - verified.base)
    low, high = (int(np.argmin(np.abs(levels - p))) for p in (0.1, 0.9))
    is_band = abs(levels[low] - 0.1) < NEAR and abs(levels[high] - 0.9) < NEAR
    missed = ((off[..., low] < 0) | (off[..., high] > 0)) & is_band  # other quantiles say nothing of that band
    good = np.isfinite(loss) & np.isfinite(moved)
    count = good.sum(axis=1)
    means = [np.where(good, a, 0.0).sum(axis=1) / np.maximum(count, 1) for a in (loss, moved, missed)]
    return means[0], means[1], means[2], count > 0


def judge(known: dict[str, np.ndarray], rows: Ints) -> None:
    """Close the blocks of these stations (C): rank each among the station's earlier ones, bet, remember it."""
    error, moved, missed, steps = known["open"][rows].astype(float).T
    known["open"][rows] = 0.0
    new = np.stack([logarithm(error / steps), logarithm(moved / steps), missed / steps], axis=1).astype(np.float16)
    bag = known["bag"][rows].astype(float)  # (C, MOST, 3)
    filled = np.isfinite(bag[..., 0]).sum(axis=1)
    beyond, here = residuals(bag, new.astype(float))
    earlier = np.stack([beyond, bag[..., 2]], axis=2)  # (C, MOST, 2)
    numbers = np.stack([here, new[:, 2].astype(float)], axis=1)  # (C, 2)
    share = (1 + (earlier >= numbers[:, None]).sum(axis=1)) / (filled + 1)[:, None]
    won = np.where(filled[:, None] >= FIRST, (1 - POWER) * share**-POWER, 0.0)
    bet(known, rows, won)
    known["blocks"][rows] += 1
    recent = known["recent"][rows]
    known["recent"][rows] = np.where(np.isfinite(recent), (1 - RECENT) * recent + RECENT * numbers, numbers)
    remember(known, rows, new, filled)


def remember(known: dict[str, np.ndarray], rows: Ints, new: Floats, filled: Ints) -> None:
    """Add the new blocks (C, 3), but where the model has drifted: what is compared with stays as it was before."""
    free = ~known["drifted"][rows].any(axis=1)
    full = free & (filled == MOST)
    known["bag"][rows[full], KEPT:] = np.nan
    known["evidence"][rows[full]] = 0.0
    filled = np.where(full, KEPT, filled)
    known["bag"][rows[free], filled[free]] = new[free]


def residuals(bag: Floats, new: Floats) -> tuple[Floats, Floats]:
    """(C, MOST) and (C): log errors beyond the least-squares line on log movements through ``bag`` (C, MOST, 3, NaN =
    none) and ``new`` (C, 3). All blocks have the same part in it, so that ranks stay fair."""
    both = np.concatenate([bag, new[:, None]], axis=1)
    there = np.isfinite(both[..., 0])
    y, x = (np.where(there, both[..., i], 0.0) for i in (0, 1))
    count = there.sum(axis=1, keepdims=True)
    x, y = (np.where(there, a - a.sum(axis=1, keepdims=True) / count, 0.0) for a in (x, y))
    slope = (x * y).sum(axis=1) / np.maximum((x * x).sum(axis=1), 1e-9)
    beyond = np.where(there, y - np.clip(slope, 0.0, 1.0)[:, None] * x, np.nan)
    return beyond[:, :-1], beyond[:, -1]


def logarithm(mean: Floats) -> Floats:
    return np.asarray(np.log(np.maximum(mean, SMALLEST)))


def bet(known: dict[str, np.ndarray], rows: Ints, won: Floats) -> None:
    """Multiply the evidence by ``won`` (C, 2); at the limit it is drift, until it has gone to a hundredth."""
    evidence = np.minimum((1 + known["evidence"][rows]) * won, LIMIT)
    known["drifted"][rows] = np.where(known["drifted"][rows] > 0, evidence > LET_GO * LIMIT, evidence >= LIMIT)
    known["evidence"][rows] = evidence
