"""Reading the limits off a record."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from hydria_plugin.values import Bools, Floats, Ints

from .context import LATELY, Context, Pace, own_move, rising
from .datums import second_datum
from .feeds import Feeds, shifted, within
from .flat import LEAST_RAIN_MM, STAYED, Since, flat_evidence, height_of_high_water, least_told
from .limits import MARGIN, Limits, most_of, physical_most, sound
from .rains import Beside, dry_while, repeats, wet_while
from .rivers import FLAT, LEAST_STAND, PATIENCE, climbs, creeps, moved_by, shifts, spikes, standing, stood_still, swings

FEWEST = 200  # values below which nothing is learned of a series
A_SEASON = 90.0  # days of record from which its highest value says how high a river can be
NOISE = 3.0  # times what 99 of 100 changes in quiet stay below: less is never asked about
COARSE = 0.25  # of the range from the usual to the high: a new datum or a drift of less is borne; of a short record,
# which does not know what gates and floods do there, half of its whole range
FAR = 10.0  # times the largest change that a short record allows in quiet: a quarter of its range is enough then
LEAST_MM = 10.0  # of rain that others must have for a dry gauge to be doubted, and the reverse


def learn(feeds: Feeds, x: Floats, use: Bools, pace: Pace) -> Limits:
    """Limits of the N series of a record ``x`` (T, N), from the steps ``use`` (T, N)."""
    seen = sound(np.where(use, x, np.nan))
    seen = np.where(feeds.is_rain, np.where(use, x, np.nan), seen)
    limits = Limits.unknown(len(feeds))
    enough = np.isfinite(seen).sum(axis=0) >= FEWEST
    rivers, rains = np.flatnonzero(~feeds.is_rain & enough), np.flatnonzero(feeds.is_rain & enough)
    if len(rivers):
        limits = limits.put(rivers, river_limits(feeds, x, seen, limits, rivers, pace))
    if len(rains):
        limits = limits.put(rains, rain_limits(feeds, x, seen, limits.take(rains), rains, pace))
    return limits


def quantile(values: Floats, q: float) -> Floats:
    """(N) of (T, N), gaps left out; NaN where there is nothing else."""
    none = np.isnan(values).all(axis=0)
    return np.where(none, np.nan, np.nanquantile(np.where(none, 0.0, values), q, axis=0))


def resolution_of(x: Floats) -> Floats:
    """(N) the least change that is one: the fifth percentile of those that are."""
    d = np.abs(np.diff(x, axis=0))
    d = np.where(d > 1e-9, d, np.nan)
    none = np.isnan(d).all(axis=0)
    d[0, none] = 0.0
    return quantile(d, 0.05)


def river_limits(feeds: Feeds, x: Floats, seen: Floats, limits: Limits, which: Ints, pace: Pace) -> Limits:
    """Of the K river gauges ``which``."""
    y = seen[:, which]
    ranges = ranges_of(y, discharges(feeds, which), pace)
    everyone = np.full(len(feeds), np.inf)
    everyone[which] = ranges["rise"]
    context = Context.of(feeds, x, rising(x, everyone, pace.move), which, pace)
    moved = own_move(x[:, which], ranges["rise"], ranges["stage"], pace.move)
    active, quiet = lately(context.wet | context.others | moved), (context.dry | context.still) & ~context.others
    found = Limits(**{**vars(limits.take(which)), **ranges, **changes_of(y, ranges, active, quiet, pace)})
    rain, others = flat_evidence(feeds, x, limits.put(which, found), which)
    still, long = stood_still(y), np.isfinite(found.leap)
    flat_rain = np.where(long, at_least(np.where(still, rain, np.nan), LEAST_RAIN_MM), np.inf)
    flat_others = at_least(np.where(still, others, np.nan), least_told(found))
    stand = np.maximum(most_of(standing(y, pace.past)) + PATIENCE, FLAT)
    second = second_datum(y, found.resolution)
    second = np.where(np.isnan(second), np.inf, second)
    found = replace(found, flat_rain=flat_rain, flat_others=flat_others, stand=stand, second=second)
    return replace(found, **since_limits(feeds, x, y, limits.put(which, found), which, pace))


def since_limits(feeds: Feeds, x: Floats, y: Floats, limits: Limits, which: Ints, pace: Pace) -> dict[str, Floats]:
    """What went on while K gauges ``y`` (T, K) stood, by the names of :class:`Limits`."""
    stands, found = standing(y, pace.past), limits.take(which)
    since = Since.of(feeds, x, limits, which, stands)
    stood = (stands >= LEAST_STAND) & (stands < pace.past - 1)
    with np.errstate(invalid="ignore", divide="ignore"):
        tick = np.nan_to_num(5 * found.resolution / height_of_high_water(found))
    rain, first, second = (np.where(stood, a, np.nan) for a in (since.rain, since.first, since.second))
    return {
        "stood_rain": np.where(np.isfinite(found.leap), at_least(rain, LEAST_RAIN_MM), np.inf),
        "stood_first": at_least_seen(first, at_least(first, np.maximum(STAYED, tick))),
        "stood_second": at_least_seen(second, at_least(second, np.maximum(STAYED, tick))),
    }


def ranges_of(y: Floats, discharge: Bools, pace: Pace) -> dict[str, Floats]:
    """Between what K gauges (T, K) move, by the names of :class:`Limits`."""
    resolution, low, high = resolution_of(y), np.nanmin(y, axis=0), np.nanmax(y, axis=0)
    floor, middle, stage, top = (quantile(y, q) for q in (0.1, 0.5, 0.98, 0.99))
    long = np.isfinite(y).sum(axis=0) * pace.hours / 24 >= A_SEASON
    return {
        "low": lower_bound(low, np.maximum(high - low, 3 * resolution), discharge),
        "high": np.where(long, high + 3 * (high - low), np.inf),
        "leap": np.where(long, high - low, np.inf),
        "lowest": low,
        "resolution": resolution,
        "rise": usual_rise(y, resolution, pace),
        "stage": stage,
        "floor": floor,
        "coarse": np.where(long, COARSE * (top - middle), 0.5 * (high - low)),
        "spread": quantile(moved_by(y), 0.99),
    }


def changes_of(y: Floats, ranges: dict[str, Floats], active: Bools, quiet: Bools, pace: Pace) -> dict[str, Floats]:
    """How K gauges (T, K) change, in quiet and in flood, by the names of :class:`Limits`."""
    change, coarse = y - shifted(y, 1), ranges["coarse"]
    noise = np.nan_to_num(quantile(np.where(active, np.nan, np.abs(change)), 0.99))
    least = np.maximum(3 * ranges["resolution"], NOISE * noise)

    def most(statistic: Floats, where: Bools, floor: Floats | float = 0.0) -> Floats:
        return np.asarray(np.maximum(most_of(np.where(where, statistic, np.nan)), np.maximum(least, floor)))

    spike, shift = np.fmax(spikes(y, 1), spikes(y, -1)), shifts(y, ranges["resolution"])
    swing, creep, climb = swings(y), creeps(y, quiet, pace), climbs(y, 0.0, pace)
    up, down = most(change, ~active), most(-change, ~active)
    datum = np.where(np.isfinite(ranges["leap"]), coarse, np.clip(FAR * np.maximum(up, down), 0.5 * coarse, coarse))
    return {
        "up_quiet": up, "up_active": most(change, active),
        "down_quiet": down, "down_active": most(-change, active),
        "spike_quiet": most(spike, ~active), "spike_active": most(spike, active),
        "shift_quiet": most(shift, ~active, datum), "shift_active": most(shift, active, coarse),
        "swing_quiet": most(swing, ~active), "swing_active": most(swing, active),
        "creep_up": most(creep, quiet, coarse), "creep_down": most(-creep, quiet, coarse),
        "climb": at_least_seen(climb, most(climb, np.ones_like(active), coarse)),
    }  # fmt: skip


def usual_rise(y: Floats, resolution: Floats, pace: Pace) -> Floats:
    """(K) what nine of ten rises stay below."""
    rises = y - shifted(y, pace.move)
    with np.errstate(invalid="ignore"):
        rises = np.where(rises > 0, rises, np.nan)
    rises[0, np.isnan(rises).all(axis=0)] = 0.0
    return np.maximum(quantile(rises, 0.9), 3 * resolution)


def lower_bound(low: Floats, span: Floats, discharge: Bools) -> Floats:
    """Below the lowest of the record by half of its range, for beds and low water sink; a discharge that was never
    negative stays so."""
    bound = low - 0.5 * span
    return np.where(discharge & (low >= 0), np.maximum(bound, 0.0), bound)


def at_least(statistic: Floats, floor: Floats | float) -> Floats:
    """The limit that the record sets, ``floor`` where it sets a lower one or none: what never happened is strange."""
    found = most_of(statistic)
    return np.maximum(np.where(np.isfinite(found), found, 0.0), floor)


def at_least_seen(statistic: Floats, limit: Floats) -> Floats:
    """The limit, but nothing that the record did exceeds it: it may have done it in one flood only."""
    return np.asarray(np.maximum(limit, np.max(np.where(np.isfinite(statistic), statistic, -np.inf), axis=0)))


def lately(active: Bools) -> Bools:
    """At this step or one of the LATELY before."""
    return within(active, LATELY + 1)


def discharges(feeds: Feeds, which: Ints) -> Bools:
    return np.asarray([feeds.kinds[i] == "discharge" for i in which], dtype=bool)


def rain_limits(feeds: Feeds, x: Floats, seen: Floats, found: Limits, which: Ints, pace: Pace) -> Limits:
    """Of the K rain gauges ``which``."""
    own, beside, resolution = seen[:, which], Beside.of(feeds, x, which), resolution_of(seen[:, which])
    most = physical_most(pace.hours)
    return Limits(**{
        **vars(found),
        "low": np.full(len(which), -1e-6),
        "high": np.full(len(which), most),
        "resolution": resolution,
        "repeat": np.maximum(most_of(repeats(own, resolution, pace.past)) / MARGIN + 3, 5.0),
        "dry_rain": at_least(dry_while(own, beside.low, pace.past), 2 * LEAST_MM),
        "wet_rain": at_least(wet_while(own, beside.most, pace), LEAST_MM),
        "burst": quantile(own, 0.99),
        "step_rain": np.nanmax(own, axis=0),
    })  # fmt: skip
