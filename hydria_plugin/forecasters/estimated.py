"""A forecast that starts from an estimated value: its quantiles are wider by the error of the estimate.

The forecast is the newest value and a change; the error of the value stays in all leads, and is taken to be independent
of that of the change. Where the window holds scenarios (``input-error``), they carry that error already.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import NormalDist

import numpy as np

from hydria_plugin import Flag, Signal, Window
from hydria_plugin.values import Floats, Ints


def newest_sigma(values: Floats, sigma: Floats, max_age: int) -> Floats:
    """(N) standard error of the newest of (N, P) values that is at most ``max_age`` steps old; 0 without one."""
    last = values[:, ::-1][:, : max_age + 1]
    place = np.isfinite(last).argmax(axis=1)[:, None]
    found = np.take_along_axis(sigma[:, ::-1], place, axis=1)[:, 0]
    return np.where(np.isfinite(last).any(axis=1), np.nan_to_num(found), 0.0)


def base_sigma(window: Window, max_age: int) -> Floats:
    """(S) standard error of the value that forecasts of a window start from."""
    target = window.observed.each(lambda a: a[:, 0])
    sound = (target.flags != Flag.FAIL) | (np.asarray(target.sigma) > 0)
    return newest_sigma(np.where(sound, target.values, np.nan), target.sigma, max_age)


def sigma_at(signal: Signal, at: Ints, max_age: int) -> Floats:
    """(N) the same at the steps ``at`` of a record (T)."""
    steps = np.maximum(np.asarray(at)[:, None] + np.arange(-max_age, 1), 0)
    sound = (signal.flags != Flag.FAIL) | (np.asarray(signal.sigma) > 0)
    values = np.where(sound, signal.values, np.nan)
    return newest_sigma(values[steps], np.asarray(signal.sigma)[steps], max_age)


def less_sure(values: Floats, sigma: Floats, levels: Sequence[float]) -> Floats:
    """(N, H, Q) quantiles whose distance from the middle grows by ``sigma`` (N), in the root of the sum of squares; the
    middle stays."""
    if not (sigma > 0).any():
        return values
    middle = values[..., [list(levels).index(0.5)]]
    normal = np.asarray([NormalDist().inv_cdf(level) for level in levels])
    away = np.hypot(values - middle, normal * sigma[:, None, None])
    return np.asarray(middle + np.sign(normal) * away)
