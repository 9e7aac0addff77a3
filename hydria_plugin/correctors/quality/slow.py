"""The tests of what takes its time on rivers: oscillation, drift, straight climbs, flat lines, second datums."""

from __future__ import annotations

import numpy as np

from hydria_plugin.values import Bools, Floats, Ints

from .context import Pace
from .datums import at_second_datum
from .docket import SUSPECT, Docket
from .feeds import Feeds, columns, shifted
from .flat import LEAST_RAIN_MM, flat_evidence, happened_since, least_told, told_since
from .limits import Limits
from .others import company
from .rivers import (
    FLAT,
    GIVE,
    PATIENCE,
    SLOW_HOURS,
    climbs,
    creep_steps,
    creeps,
    height_of,
    moved_by,
    standing,
    stands_by_nature,
    stood_still,
    swings,
    that_stood,
)


def slow_tests(
    docket: Docket, feeds: Feeds, x: Floats, limits: Limits, rivers: Ints, active: Bools, quiet: Bools, pace: Pace
) -> None:
    """Oscillation, drift, flat lines, second datums."""
    lim, y = limits.take(rivers), columns(x, rivers)
    with np.errstate(invalid="ignore"):
        height = height_of(y, lim.floor)
        swing = np.where(active, lim.swing_active, lim.swing_quiet)
        docket.add(rivers, swings(y) > np.maximum(swing, np.where(active, *GIVE[::-1]) * height), "oscillation")
        drift_tests(docket, feeds, x, limits, rivers, quiet, pace)
        climb_tests(docket, feeds, x, limits, rivers, pace)
        docket.add(rivers, at_second_datum(y, lim.second, lim.resolution, pace.past), "shift", SUSPECT)
        at = that_stood(y, lim.stand, pace.past)
    if len(at):
        flat_tests(docket, feeds, x, limits, rivers[at], pace)


def drift_tests(
    docket: Docket, feeds: Feeds, x: Floats, limits: Limits, rivers: Ints, quiet: Bools, pace: Pace
) -> None:
    """Of the gauges that all was quiet around for long; after rain there is none."""
    creep = creeps(columns(x, rivers), quiet, pace)
    at = np.flatnonzero(np.isfinite(creep).any(axis=0))
    if len(at):
        rivers, lim, creep = rivers[at], limits.take(rivers[at]), columns(creep, at)
        before = columns(x, rivers) - creep
        up = (creep > lim.creep_up) & (before < lim.stage)
        if up.any():  # slowly, with another that does: water that no rain gauge saw
            docket.add(rivers, up & ~company(feeds, x, limits, rivers, pace)[1], "shift")
            docket.add(rivers, up, "shift", SUSPECT)
        docket.add(rivers, -creep > np.maximum(lim.creep_down, 0.9 * height_of(before, lim.floor)), "shift")


def climb_tests(docket: Docket, feeds: Feeds, x: Floats, limits: Limits, rivers: Ints, pace: Pace) -> None:
    """Of the gauges that climb straight up by more than they ever did: failed where a flood cannot be why, for it lasts
    too long, or no other rises; else doubted."""
    climb = climbs(columns(x, rivers), limits.climb[rivers], pace)
    at = np.flatnonzero(np.fmax.reduce(climb, axis=0) > 0)
    if len(at):
        which, climb = rivers[at], columns(climb, at)
        low = columns(x, which) - climb < limits.stage[which]
        slow = low & (creep_steps(pace) * pace.hours >= SLOW_HOURS)
        docket.add(which, (climb > 0) & (slow | company(feeds, x, limits, which, pace)[0]), "shift")
        docket.add(which, climb > 0, "shift", SUSPECT)


def flat_tests(docket: Docket, feeds: Feeds, x: Floats, limits: Limits, which: Ints, pace: Pace) -> None:
    """Of the gauges ``which``, that stood still for a while."""
    lim, y = limits.take(which), columns(x, which)
    with np.errstate(invalid="ignore"):
        rain, others = flat_evidence(feeds, x, limits, which)
        stopped = moved_by(shifted(y, FLAT + PATIENCE)) > 5 * lim.resolution  # it moved before it stood still
        why = (rain > lim.flat_rain) | ((others > lim.flat_others) & (stopped | np.isfinite(lim.leap)))
        stands, told = standing(y, pace.past), (rain > LEAST_RAIN_MM) | (others > least_told(lim))
        long = stands > lim.stand
        since, crest = told_since(feeds, x, limits, which, stands, pace)
    stood = (stood_still(y) & why) | (long & happened_since(told, stands)) | since
    again = stands_by_nature(stood, pace)
    docket.add(which, stood & ~again, "flat")
    docket.add(which, (stood & again) | long | crest, "flat", SUSPECT)
