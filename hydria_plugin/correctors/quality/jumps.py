"""Sudden changes of a river gauge, step by step, causally: is it water, or the gauge?

Each value is held against the gauge's own forecast, the last value believed, with as much give as the record, the rain
and the others allow. What goes too far is doubted; what comes next decides. It comes back: a spike. It stays, and stood
still before and after: another datum, doubted until it has settled. It goes on moving, or it rained, or others rise:
water. At first sight only a fall fails that is faster than any of the record and below all of it, and a rise of more
than the whole range of a long record where rain gauges work and are dry; all else is doubted, and used, until more is
known.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hydria_plugin import METHODS, Flag
from hydria_plugin.values import Bools, Floats, Ints

from .context import Pace
from .limits import Limits
from .rivers import CALM, GIVE, RETURNS, height_of, triggered

EBB = 0.05  # of a rise: a river that rose so is still higher by more when it has come back
ALIVE = 0.02  # of a jump: a river that rises so goes on moving by more, and not as before it rose
TICKS = 3  # resolutions: less is no movement
COURSE = 20  # resolutions in two steps: more is a course that a gauge keeps though its datum changes
FALL_HOURS = 0.3  # a flood loses more than two thirds of its height within this only where gates close
RESTLESS = 3  # doubts in a window, after which a gauge jumps by nature, as gates do: doubted, no more failed at once
LONGEST_AGE = 16  # steps without a value over which the give still grows
SPIKE, RATE, SHIFT, DROP = (np.uint16(METHODS.index(m)) for m in ("spike", "rate", "shift", "drop-to-zero"))
GOOD, SUSPECT, FAIL = np.uint8(0), np.uint8(Flag.SUSPECT), np.uint8(Flag.FAIL)


@dataclass(frozen=True, eq=False)
class Verdicts:
    """(T, K): flag 0 where there is nothing to say."""

    flag: NDArray[np.uint8]
    method: NDArray[np.uint16]


class Walk:
    """What is believed of K gauges while their values come in."""

    def __init__(self, x: Floats, limits: Limits, active: Bools, weather: Bools, strict: Bools, pace: Pace) -> None:
        k = active.shape[1]
        self.x, self.seen = x, np.full(k, -1)  # seen: the step up to which each gauge has been taken in
        self.last = np.maximum.accumulate(np.where(np.isfinite(x), np.arange(len(x))[:, None], -1), axis=0)
        self.limits, self.active, self.weather, self.strict = limits, active, weather, strict
        self.fall, self.settle = min(0.9, 1 - np.exp(-pace.hours / FALL_HOURS)), pace.settle
        self.flag, self.method = np.zeros(active.shape, np.uint8), np.zeros(active.shape, np.uint16)
        self.held, self.before = np.full(k, np.nan), np.full(k, np.nan)  # the last value believed, the one before
        self.age = np.zeros(k, dtype=np.int64)  # steps since
        self.length = np.zeros(k, dtype=np.int64)  # values doubted since; 0: none
        self.begun = np.zeros(k, dtype=np.int64)  # the step of the first of them
        self.doubts = np.zeros(k, dtype=np.int64)  # how often they began
        self.jump, self.least, self.most = (np.zeros(k) for _ in range(3))
        self.wet = np.zeros(k, dtype=bool)  # water may have moved meanwhile
        self.fixed = np.zeros(k, dtype=bool)  # doubted for good, until it settles or comes back

    def believe_up_to(self, t: int, at: Ints) -> None:
        """Take in all values before step ``t`` of gauges ``at``, of which none is in doubt or needs a look."""
        if not t:
            return
        old, seen = self.held[at], self.seen[at]
        newest = self.last[t - 1, at]
        second = np.where(newest > 0, self.last[np.maximum(newest - 1, 0), at], -1)
        new = newest > seen
        self.before[at] = np.where(
            new, np.where(second > seen, self.x[np.maximum(second, 0), at], old), self.before[at]
        )
        self.held[at] = np.where(new, self.x[np.maximum(newest, 0), at], old)
        age = np.where(new, t - 1 - newest, self.age[at] + t - 1 - seen)
        self.age[at] = np.minimum(age, LONGEST_AGE)

    def step(self, t: int, at: Ints) -> None:
        """Take in the values of step ``t`` of the gauges ``at``."""
        value, there = self.x[t], np.isfinite(self.x[t, at])
        self.age[at] = np.minimum(self.age[at] + 1, LONGEST_AGE)
        self.seen[at] = t
        first = there & np.isnan(self.held[at])
        self.believe_at(at[first], value)
        at = at[there & ~first]
        if not len(at):
            return
        away = value[at] - self.held[at]
        gate_up, gate_down = self.gates(t, at)
        inside = (away <= gate_up) & (away >= -gate_down)
        back = inside | ((self.length[at] > 0) & (np.abs(away) <= 0.3 * np.abs(self.jump[at])))
        turned = (self.length[at] > 0) & ~back & (np.sign(away) != np.sign(self.jump[at]))
        self.come_back(t, at[back | turned], value)
        self.believe_at(at[back], value)
        rest = at[~back]
        self.doubt(t, rest, value, away[~back])

    def gates(self, t: int, at: Ints) -> tuple[Floats, Floats]:
        """Up to which change (up, down) nothing is doubted."""
        active, lim, grown = self.moves(t, at), self.limits, np.sqrt(np.maximum(self.age[at], 1))
        least = np.minimum(
            np.where(active, lim.spike_active[at], lim.spike_quiet[at]),
            np.where(active, lim.shift_active[at], lim.shift_quiet[at]),
        )
        up = np.where(active, lim.up_active[at], lim.up_quiet[at])
        trend = np.abs(np.nan_to_num(self.held[at] - self.before[at])) * np.minimum(self.age[at], 4)
        both, give = least * grown + trend, self.give(at, active)
        return np.maximum(np.minimum(both, up * grown + trend), give), np.maximum(
            np.minimum(both, self.down(t, at)), give
        )

    def moves(self, t: int, at: Ints) -> Bools:
        """Whether water may be moving; of a gauge in doubt its own word does not count."""
        return np.asarray(np.where(self.length[at] > 0, self.weather[t, at] | self.wet[at], self.active[t, at]))

    def give(self, at: Ints, active: Bools) -> Floats:
        """What the height of the water excuses."""
        return np.where(active, GIVE[1], GIVE[0]) * height_of(self.held[at], self.limits.floor[at])

    def down(self, t: int, at: Ints) -> Floats:
        """A fall that no river of the record made."""
        lim, active, age = self.limits, self.moves(t, at), np.maximum(self.age[at], 1)
        share = np.where(active, 1 - (1 - self.fall) ** age, GIVE[0])
        flood = share * height_of(self.held[at], lim.floor[at])
        return np.asarray(np.maximum(np.where(active, lim.down_active[at], lim.down_quiet[at]) * np.sqrt(age), flood))

    def believe_at(self, at: Ints, value: Floats) -> None:
        self.before[at], self.held[at] = self.held[at], value[at]
        self.age[at], self.length[at], self.wet[at], self.fixed[at] = 0, 0, False, False

    def come_back(self, t: int, at: Ints, value: Floats) -> None:
        """What was doubted was a spike, if it was short and stood out; what failed stays failed."""
        at = at[(self.length[at] > 0) & (t - self.begun[at] <= RETURNS)]
        wet, lim = self.wet[at], self.limits
        spike = np.maximum(np.where(wet, lim.spike_active[at], lim.spike_quiet[at]), self.give(at, wet))
        up = self.least[at] - np.maximum(self.held[at], value[at])
        stood_out = np.where(self.jump[at] > 0, up, np.minimum(self.held[at], value[at]) - self.most[at])
        ebbs = value[at] - self.held[at] > EBB * np.abs(self.jump[at])  # a wave leaves water behind
        restless = self.doubts[at] > RESTLESS
        self.mark(at[(stood_out > spike) & ~ebbs & ~restless], t - 1, FAIL, SPIKE)
        self.mark(at[(stood_out > spike) & np.where(ebbs, self.jump[at] > 0, restless)], t - 1, SUSPECT, SPIKE)
        self.length[at] = 0

    def doubt(self, t: int, at: Ints, value: Floats, away: Floats) -> None:
        """Begin to doubt, or go on."""
        if not len(at):
            return
        new = at[self.length[at] == 0]
        self.begun[new], self.wet[new], self.fixed[new] = t, False, False
        self.doubts[new] += 1
        fresh = self.length[at] == 0
        self.jump[new] = away[fresh]
        self.least[new] = self.most[new] = value[new]
        self.length[at] += 1
        self.age[at] -= 1  # a doubted value gives no more room than the last believed one
        self.wet[new] = self.active[t, new]
        self.wet[at] |= self.weather[t, at]
        self.least[at], self.most[at] = np.minimum(self.least[at], value[at]), np.maximum(self.most[at], value[at])
        self.at_first_sight(t, at, value, away)
        self.decide(t, at[(self.length[at] == RETURNS) & ~self.fixed[at]], value)
        self.mark(at[self.fixed[at]], t, FAIL, SHIFT, only=t)
        settled = at[self.length[at] > self.settle]
        self.mark(settled, t, GOOD, np.uint16(0), only=t)
        self.believe_at(settled, value)

    def at_first_sight(self, t: int, at: Ints, value: Floats, away: Floats) -> None:
        """Falls, and rises in dry weather, beyond what the record holds."""
        lim, active = self.limits, self.moves(t, at)
        falls = -away > self.down(t, at)
        drops = falls & self.at_zero(at, value[at])
        grown = np.sqrt(np.maximum(self.age[at], 1))
        rises = away > np.where(active, lim.up_active[at], lim.up_quiet[at]) * grown
        dry = rises & self.strict[t, at] & (away > lim.leap[at])
        below = falls & (value[at] < lim.lowest[at])
        fails = (dry | below) & (self.doubts[at] <= RESTLESS)
        self.mark(at[(rises | falls) & ~fails], t, SUSPECT, RATE, only=t)
        self.mark(at[fails], t, FAIL, RATE, only=t)
        self.mark(at[drops], t, FAIL, DROP, only=t)

    def at_zero(self, at: Ints, value: Floats) -> Bools:
        """What a dead gauge reads: its zero, where that is below low water, or less than it ever read."""
        return np.asarray((value <= self.limits.low[at]) | ((value == 0) & (self.limits.floor[at] > 0)))

    def decide(self, t: int, at: Ints, value: Floats) -> None:
        """The third value: did it stand still after, and before? Then it is not water, unless it rains."""
        if not len(at):
            return
        lim, size = self.limits, np.abs(self.jump[at])
        moved, before = self.most[at] - self.least[at], np.abs(self.held[at] - self.before[at])
        calm = (moved <= np.maximum(CALM * size, lim.resolution[at])) & ~(
            before > np.maximum(CALM * size, lim.resolution[at])
        )
        limit = np.where(self.wet[at], lim.shift_active[at], lim.shift_quiet[at])
        limit = np.maximum(limit, self.give(at, self.wet[at]))
        low = (self.jump[at] < 0) & self.at_zero(at, self.most[at])
        alive = self.leaves_its_course(at, value, moved) > np.maximum(ALIVE * size, TICKS * lim.resolution[at])
        other = (calm & (size > limit) & ~(self.wet[at] & (self.jump[at] > 0) & alive)) | low
        self.fixed[at[other]] = True
        self.mark(at[other & ~low], t, FAIL, SHIFT)
        water = at[~other]
        self.mark(water, t, GOOD, np.uint16(0))
        self.believe_at(water, value)

    def leaves_its_course(self, at: Ints, value: Floats, moved: Floats) -> Floats:
        """How far the values since the jump went: from where the course before it, if there was one, had led."""
        course = (RETURNS - 1) * np.nan_to_num(self.held[at] - self.before[at])
        left = np.abs(value[at] - self.held[at] - self.jump[at] - course)
        return np.where(np.abs(course) > COURSE * self.limits.resolution[at], np.minimum(moved, left), moved)

    def mark(self, at: Ints, last: int, flag: np.uint8, method: np.uint16, only: int | None = None) -> None:
        """The values since the doubt began (or ``only`` one step)."""
        if not len(at):
            return
        if only is not None:
            keeps = self.flag[only, at] == FAIL if flag == FAIL and method == SHIFT else np.zeros(len(at), dtype=bool)
            self.flag[only, at], self.method[only, at] = flag, np.where(keeps, self.method[only, at], method)
            return
        begun = self.begun[at]
        for step in range(int(begun.min()), last + 1):
            inside = at[begun <= step]
            self.flag[step, inside], self.method[step, inside] = flag, method


def judge_jumps(
    x: Floats, limits: Limits, active: Bools, weather: Bools, strict: Bools, pace: Pace, moved: Bools | None = None
) -> Verdicts:
    """Verdicts on (T, K) values. ``active``: water may be moving; ``weather``: rain or others say so; ``strict``: rain
    gauges say that it cannot be. Only gauges in doubt, or with a change that may be doubted, are walked with: where
    they are :func:`triggered`, ``moved``."""
    walk = Walk(x, limits, active, weather, strict, pace)
    moved = triggered(x, limits, active) if moved is None else moved
    some = set(np.flatnonzero(moved.any(axis=1)).tolist())
    with np.errstate(invalid="ignore"):
        for t in range(len(x)):
            doubted = walk.length > 0
            if t in some or doubted.any():
                walk.believe_up_to(t, np.flatnonzero(moved[t] & ~doubted))
                walk.step(t, np.flatnonzero(moved[t] | doubted))
    missing = np.isnan(x)
    return Verdicts(
        np.where(missing, 0, walk.flag).astype(np.uint8), np.where(missing, 0, walk.method).astype(np.uint16)
    )
