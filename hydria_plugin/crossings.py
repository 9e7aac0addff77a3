"""From a forecast and a window to where every station stands against its thresholds: dense arrays, no loop over
stations. NaN is the trap here: every comparison is written so that what is missing makes it False."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np

from .exceedance import rise, within_horizon
from .standing import AlertRules, RateOfRise, Standing, Thresholds
from .values import Bools, Floats, Forecast, Ints, Times, Window

ROUNDING = 1e-9  # 0.5 passes for 0.5 however it was computed
NO_STEP = np.iinfo(np.int64).min


@dataclass(frozen=True, slots=True, eq=False)
class _Rungs:
    """Some columns of a Standing, all (S, K)."""

    limits: Floats
    probability: Floats
    is_lower_bound: Bools
    seen: Bools
    passed: Bools
    below: Bools
    crosses: Ints  # steps from the issue time, NO_STEP = never


def crossings(forecast: Forecast, window: Window, thresholds: Thresholds, rules: AlertRules) -> Standing:
    """Where every station stands against its rates of rise and thresholds (K: rates first)."""
    trusted = window.observed.each(lambda a: a[:, 0]).told.astype(float)
    observed, age = _newest(trusted, rules.fresh)
    rungs = [_rate(forecast, trusted, rate, rules.fresh) for rate in rules.rates]
    rungs.append(_levels(forecast, trusted, observed, thresholds, rules))
    columns = {f.name: np.concatenate([getattr(r, f.name) for r in rungs], axis=1) for f in fields(_Rungs)}
    crosses = columns.pop("crosses")
    peak, peak_after = _peak(forecast, observed, age)
    return Standing(
        issued_at=window.issued_at,
        step=window.step,
        stations=forecast.stations,
        names=(*(rate.name for rate in rules.rates), *thresholds.names),
        rates=len(rules.rates),
        crosses_at=_times(window, crosses),
        observed=observed,
        peak=peak,
        peak_at=_times(window, peak_after),
        there=forecast.there,
        longest_gap=window.step * rules.fresh,
        **columns,
    )


def worst_only(standing: Standing) -> Standing:
    """Of the thresholds a station has passed, only the worst."""
    worse = np.cumsum(standing.passed[:, ::-1], axis=1)[:, ::-1]
    return replace(standing, passed=standing.passed & (worse == 1))


def _newest(trusted: Floats, fresh: int) -> tuple[Floats, Ints]:
    """The newest trusted value (S) among the last ``fresh`` steps, and how many steps old it is."""
    recent = trusted[:, ::-1][:, :fresh]
    age = np.isfinite(recent).argmax(axis=1)
    return np.take_along_axis(recent, age[:, None], axis=1)[:, 0], age


def _levels(forecast: Forecast, trusted: Floats, observed: Floats, thresholds: Thresholds, rules: AlertRules) -> _Rungs:
    """Against the thresholds: by the probability within the horizon, and by the observation."""
    limits = thresholds.limits.astype(float)
    enough = rules.probability - ROUNDING
    probability, bound = within_horizon(forecast, limits)
    under = limits - np.reshape(rules.tolerance, (-1, 1))
    near = within_horizon(forecast, under)[0] if np.any(under != limits) else probability
    seen = observed[:, None] >= limits
    return _Rungs(
        limits=limits,
        probability=probability,
        is_lower_bound=np.broadcast_to(bound[:, None], limits.shape),
        seen=seen,
        passed=seen | (probability >= enough),
        below=np.isnan(limits) | ((observed[:, None] < under) & (near < enough)),
        crosses=np.where(seen, _since(trusted, limits), _first_lead(forecast.median, limits)),
    )


def _rate(forecast: Forecast, trusted: Floats, rate: RateOfRise, fresh: int) -> _Rungs:
    """Against a rate of rise: by the observed rise and by that of the median, which stands for one chance in two."""
    limits = rate.limits.astype(float)[:, None]
    was = rise(trusted, rate.over, fresh)[:, None] + ROUNDING
    path = np.concatenate([trusted[:, -rate.over :], forecast.median], axis=1)
    will = np.where(forecast.there, rise(path, rate.over, forecast.horizon), np.nan)[:, None] + ROUNDING
    seen, foreseen = was >= limits, will >= limits
    first = np.argmax(_risen(path, rate.over, forecast.horizon) + ROUNDING >= limits, axis=1)[:, None] + 1
    return _Rungs(
        limits=limits,
        probability=np.where(np.isnan(will) | np.isnan(limits), np.nan, np.where(foreseen, 0.5, 0.0)),
        is_lower_bound=np.ones_like(seen),
        seen=seen,
        passed=seen | foreseen,
        below=np.isnan(limits) | ((was < limits) & (will < limits)),
        crosses=np.where(seen, 0, np.where(foreseen, first, NO_STEP)),
    )


def _risen(path: Floats, over: int, newest: int) -> Floats:
    """The rise (S, newest) to each of the last steps."""
    length = path.shape[1]
    return np.stack([rise(path[:, : t + 1], over, 1) for t in range(length - newest, length)], axis=1)


def _since(trusted: Floats, limits: Floats) -> Ints:
    """Since which step (S, K), 0 at the issue time, the observation has been at or above the limit; a gap goes on."""
    lower = trusted[:, ::-1, None] < limits[:, None, :]
    unbroken = np.where(lower.any(axis=1), lower.argmax(axis=1), trusted.shape[1])
    higher = trusted[:, ::-1, None] >= limits[:, None, :]
    steps = np.arange(trusted.shape[1])[None, :, None]
    return np.asarray(-np.where(higher & (steps < unbroken[:, None, :]), steps, 0).max(axis=1))


def _first_lead(median: Floats, limits: Floats) -> Ints:
    """The first lead (S, K) at which the median is at or above the limit."""
    over = median[:, :, None] >= limits[:, None, :]
    return np.where(over.any(axis=1), over.argmax(axis=1) + 1, NO_STEP)


def _peak(forecast: Forecast, observed: Floats, age: Ints) -> tuple[Floats, Ints]:
    """The larger (S) of the median's maximum and the observed value, and its step."""
    median = np.where(forecast.there[:, None], forecast.median, -np.inf)
    lead = median.argmax(axis=1)
    highest = np.take_along_axis(median, lead[:, None], axis=1)[:, 0]
    now = np.where(np.isfinite(observed), observed, -np.inf)
    steps = np.where(now >= highest, -age, lead + 1)
    peak = np.maximum(now, highest)
    return np.where(np.isfinite(peak), peak, np.nan), np.where(np.isfinite(peak), steps, NO_STEP)


def _times(window: Window, steps: Ints) -> Times:
    """Steps from the issue time as times, NaT for NO_STEP."""
    never = steps == NO_STEP
    times = window.issued_at + np.where(never, 0, steps) * window.step
    return np.asarray(np.where(never, np.datetime64("NaT"), times))
