"""All tests on all series: verdicts on a window, and on every step of a record as the window of that step would have
judged it. Only series, or windows, with something to look at are looked at."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hydria_plugin.values import Bools, Floats, Ints

from ..side_by_side import side_by_side
from .context import Context, Pace, own_move, rising
from .docket import SUSPECT, Docket
from .feeds import Feeds, around, columns
from .jumps import Verdicts, judge_jumps
from .learning import lately
from .limits import Limits, is_code
from .rains import Beside, dry_while, dumps, repeats, wet_while
from .rivers import triggered, zeros
from .screening import worth_a_look
from .slow import slow_tests

TOGETHER = 4000  # series judged at once
WINDOWS = 4_000_000  # values of windows walked at once


def judge_window(feeds: Feeds, x: Floats, limits: Limits, pace: Pace) -> Verdicts:
    """On the values ``x`` (P, N) of one window: of those that are worth a look, among the others of their stations."""
    whole, looked, stations = Docket((len(x), len(feeds))), np.zeros(len(feeds), dtype=bool), len(feeds.member)

    def screened(block: tuple[Feeds, Ints, Bools]) -> Ints:
        near, there, mine = block
        return np.asarray(there[mine & worth_a_look(near, columns(x, there), limits.take(there), pace)])

    def judged(some: Ints) -> tuple[Ints, Ints, np.ndarray, np.ndarray]:
        near, there = around(feeds, some)
        at = np.searchsorted(there, np.sort(some))
        found = judge_all(near, columns(x, there), limits.take(there), pace, at)
        flagged = at[found.flag[:, at].any(axis=0)]
        t, k = np.nonzero(found.flag[:, flagged])
        return t, there[flagged[k]], found.flag[t, flagged[k]], found.method[t, flagged[k]]

    for worth in side_by_side(screened, feeds.blocks, stations):
        looked[worth] = True
    for found in side_by_side(judged, batches(feeds, looked), stations):
        whole.put(*found)
    return whole.verdicts


def batches(feeds: Feeds, looked: Bools) -> list[Ints]:
    """Those ``looked`` at (N) in parts that are judged at once, rain and rivers apart: a walk over few costs as much as
    over many."""
    found: list[Ints] = []
    for which in (np.flatnonzero(looked & ~feeds.is_rain), np.flatnonzero(looked & feeds.is_rain)):
        which = which[np.argsort(feeds.row[which], kind="stable")]  # neighbours together: fewer stations at a time
        found += [which[first : first + TOGETHER] for first in range(0, len(which), TOGETHER)]
    return found


def judge_all(feeds: Feeds, x: Floats, limits: Limits, pace: Pace, which: Ints) -> Verdicts:
    """Every test on the series ``which`` of one window (P, N), among all others."""
    docket, x = in_range(x, limits, pace.past)
    rivers, rains = which[~feeds.is_rain[which]], which[feeds.is_rain[which]]
    rain_tests(docket, feeds, x, limits, rains, pace)
    if not len(rivers):
        return docket.verdicts
    active, weather, strict, quiet = circumstances(feeds, x, limits, rivers, pace)
    lim, y = limits.take(rivers), columns(x, rivers)
    moved = triggered(y, lim, active)
    at = np.flatnonzero(moved.any(axis=0))
    if len(at):
        y, active_at, weather, strict, moved = (columns(a, at) for a in (y, active, weather, strict, moved))
        found = judge_jumps(y, lim.take(at), active_at, weather, strict, pace, moved)
        t, k = np.nonzero(found.flag > 0)
        docket.put(t, rivers[at[k]], found.flag[t, k], found.method[t, k])
    slow_tests(docket, feeds, x, limits, rivers, active, quiet, pace)
    return docket.verdicts


def judge_newest(feeds: Feeds, x: Floats, limits: Limits, pace: Pace) -> Verdicts:
    """On the values ``x`` (T, N) of a record, each as its own window's newest."""
    docket, x = in_range(x, limits, pace.past)
    rivers, rains = np.flatnonzero(~feeds.is_rain), np.flatnonzero(feeds.is_rain)
    rain_tests(docket, feeds, x, limits, rains, pace)
    active, weather, strict, quiet = circumstances(feeds, x, limits, rivers, pace)
    lim, y = limits.take(rivers), columns(x, rivers)
    step = np.arange(len(y))[:, None]
    last = np.maximum.accumulate(np.where(triggered(y, lim, active), step, -len(y)), axis=0)
    steps, series = np.nonzero(step - last < pace.past)
    some = max(1, WINDOWS // pace.past)
    for first in range(0, len(steps), some):
        t, k = steps[first : first + some], series[first : first + some]
        found = judge_jumps(
            windows_of(y, t, k, pace.past, np.nan),
            lim.take(k),
            from_window_start(windows_of(active, t, k, pace.past, True), pace),
            from_window_start(windows_of(weather, t, k, pace.past, True), pace),
            windows_of(strict, t, k, pace.past, False),
            pace,
        )
        flagged = np.flatnonzero(found.flag[-1])
        docket.put(t[flagged], rivers[k[flagged]], found.flag[-1, flagged], found.method[-1, flagged])
    slow_tests(docket, feeds, x, limits, rivers, active, quiet, pace)
    return docket.verdicts


def from_window_start(active: Bools, pace: Pace) -> Bools:
    """Wet, as long as a window cannot tell."""
    active = active.copy()
    active[: pace.unseen] = True
    return active


def windows_of(values: NDArray[Any], t: Ints, k: Ints, past: int, before: Any) -> NDArray[Any]:
    """(P, n) the columns ``k`` of ``values`` (T, K) over the ``past`` steps up to ``t``; ``before`` the record."""
    at = t[None] - np.arange(past - 1, -1, -1)[:, None]
    return np.asarray(np.where(at >= 0, values[np.maximum(at, 0), k[None]], before))


def in_range(x: Floats, limits: Limits, past: int) -> tuple[Docket, Floats]:
    """What no gauge of this kind can read is failed, and a gap to all other tests."""
    docket, every = Docket((len(x), x.shape[1])), np.arange(x.shape[1])
    with np.errstate(invalid="ignore"):
        out = (x < limits.low) | (x > limits.high) | (is_code(x) & (x < limits.lowest) & np.isfinite(limits.lowest))
    fallen, ever = zeros(x, limits, past)
    docket.add(every, out & (x != 0), "range")
    docket.add(every, (out & (x == 0)) | fallen, "drop-to-zero")
    docket.add(every, ever, "drop-to-zero", SUSPECT)
    return docket, np.where(out | fallen, np.nan, x) if out.any() or fallen.any() else x


def circumstances(
    feeds: Feeds, x: Floats, limits: Limits, rivers: Ints, pace: Pace
) -> tuple[Bools, Bools, Bools, Bools]:
    """(T, K) four times of the K gauges ``rivers``: water may be moving; so rain or others say; it cannot be, the rain
    gauges say; all is quiet."""
    rise = np.where(np.isfinite(limits.rise), limits.rise, np.inf)
    rises = rising(x, np.where(feeds.is_rain, np.inf, rise), pace.move)
    context = Context.of(feeds, x, rises, rivers, pace)
    lim = limits.take(rivers)
    weather = from_window_start(lately(context.wet | context.others), pace)
    active = weather | lately(own_move(columns(x, rivers), lim.rise, lim.stage, pace.move))
    quiet = (context.dry | context.still) & ~context.others
    quiet[: pace.unseen] = False
    return active, weather, context.dry & ~active, quiet


def rain_tests(docket: Docket, feeds: Feeds, x: Floats, limits: Limits, rains: Ints, pace: Pace) -> None:
    """Of the rain gauges ``rains``."""
    if not len(rains):
        return
    own, beside, lim = columns(x, rains), Beside.of(feeds, x, rains), limits.take(rains)
    with np.errstate(invalid="ignore"):
        docket.add(rains, dumps(own, beside, lim.dry_rain, lim.burst, pace) > 0, "dump")
        docket.add(rains, repeats(own, lim.resolution, pace.past) > lim.repeat, "stuck")
        docket.add(rains, dry_while(own, beside.low, pace.past) > lim.dry_rain, "dry-gauge")
        wet = wet_while(own, beside.most, pace)
        docket.add(rains, wet > np.maximum(lim.wet_rain, 3 * lim.step_rain), "wet-gauge")
        docket.add(rains, wet > lim.wet_rain, "wet-gauge", SUSPECT)
