"""Where the doubt comes from: the inputs, the model, the rest. Pure, dense over stations.

What the inputs and the model add is how members and scenarios spread (two-way analysis of variance). The rest is what
verified forecasts missed beyond that (decomposition_rest.py); until some were verified, and where nothing learns, what
the issued band holds beyond it (docs/decisions/0106-the-rest-is-learned-from-what-was-missed.md).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from .decomposition_rest import NAME, rest_of
from .values import Bools, Floats, Forecast, Window, band_variance, thinned, two_way

MODEL, INPUT, RESIDUAL = range(3)  # along the last axis of Forecast.variance
BLOCK = 256  # stations taken apart at once: bounds the memory that their trajectories need


def apart(raw: Forecast, issued: Forecast, window: Window) -> Forecast:
    """``issued``, its variance told apart: what comes of model and inputs as the ladder's forecast ``raw`` says (by a
    ``variance`` of its own, else by its members), the rest as was learned. Trajectories are thinned. Nothing
    is told where ``raw`` knows nothing of either; a share that is not known is NaN, and then part of the rest."""
    found = raw.variance if raw.variance is not None else of_members(raw.members)
    if found is None:
        return issued
    model, inputs = found[..., MODEL], np.where(in_the_dark(window)[:, None], np.nan, found[..., INPUT])
    unknown = (np.isnan(model) & np.isnan(inputs)) | ~issued.there[:, None]
    explained = np.nan_to_num(model) + np.nan_to_num(inputs)
    beyond = np.maximum(band_variance(issued.values, issued.quantiles) - explained, 0.0)
    scale = band_variance(raw.values, raw.quantiles)
    rest = rest_of(window.learned.get(NAME, {}), scale, beyond)
    told = np.where(unknown[..., None], np.nan, np.stack([model, inputs, rest], axis=2))
    return replace(issued, variance=told, members=None if issued.members is None else thinned(issued.members))


def of_members(members: Floats | None) -> Floats | None:
    """(S, H, 2) model and input, of trajectories (S, R, M, H)."""
    if members is None:
        return None
    blocks = [two_way(members[first : first + BLOCK]) for first in range(0, len(members), BLOCK)]
    return np.concatenate(blocks) if blocks else np.empty((0, members.shape[3], 2))


def explained_of(variance: Floats | None) -> Floats | None:
    """(S, H) what model and inputs were told to add; NaN where nothing was told."""
    if variance is None:
        return None
    both = variance[..., :RESIDUAL]
    return np.where(np.isnan(both).all(axis=2), np.nan, np.nansum(both, axis=2))


def in_the_dark(window: Window) -> Bools:
    """(S) stations with rain gauges none of which says anything: their scenarios do not differ, but not because the
    inputs are known."""
    rain = np.flatnonzero([kind == "rain" for kind in window.layout.kinds])
    has = window.layout.present[:, rain].any(axis=1)
    speaks = np.isfinite(window.past.values[:, 0][..., rain]).any(axis=(1, 2))
    return np.asarray(has & ~speaks)


def shares(variance: Floats) -> Floats:
    """(S, H, 3) of ``Forecast.variance`` as parts of their sum; what is not known is NaN, and in none. A forecast
    without doubt has none to share."""
    whole = np.nansum(variance, axis=2, keepdims=True)
    return np.asarray(np.divide(variance, whole, out=np.full(variance.shape, np.nan), where=whole > 0))
