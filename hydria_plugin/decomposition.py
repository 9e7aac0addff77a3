"""Where the doubt comes from: the inputs, the model, the rest. Pure, dense over stations.

What the inputs and the model add is how members and scenarios spread (two-way analysis of variance). What is left of
the issued band's variance is the rest: the band is as wide as forecasts have missed, out of sample and, where a
corrector calibrates it, as verified since; so it holds all the doubt there is, and the residual is what of it neither
scenarios nor members explain (docs/decisions/0060-the-rest-is-what-the-band-holds-beyond.md).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from .values import Bools, Floats, Forecast, Window, band_variance, thinned, two_way

MODEL, INPUT, RESIDUAL = range(3)  # along the last axis of Forecast.variance
BLOCK = 256  # stations taken apart at once: bounds the memory that their trajectories need


def apart(raw: Forecast, issued: Forecast, window: Window) -> Forecast:
    """``issued``, its variance told apart: what comes of model and inputs as the ladder's forecast ``raw`` says (by a
    ``variance`` of its own, else by its members), the rest as the issued band says. Trajectories are thinned. Nothing
    is told where ``raw`` knows nothing of either; a share that is not known is NaN, and then part of the rest."""
    found = raw.variance if raw.variance is not None else of_members(raw.members)
    if found is None:
        return issued
    model, inputs = found[..., MODEL], np.where(in_the_dark(window)[:, None], np.nan, found[..., INPUT])
    unknown = (np.isnan(model) & np.isnan(inputs)) | ~issued.there[:, None]
    explained = np.nan_to_num(model) + np.nan_to_num(inputs)
    rest = np.maximum(band_variance(issued.values, issued.quantiles) - explained, 0.0)
    told = np.where(unknown[..., None], np.nan, np.stack([model, inputs, rest], axis=2))
    return replace(issued, variance=told, members=None if issued.members is None else thinned(issued.members))


def of_members(members: Floats | None) -> Floats | None:
    """(S, H, 2) model and input, of trajectories (S, R, M, H)."""
    if members is None:
        return None
    blocks = [two_way(members[first : first + BLOCK]) for first in range(0, len(members), BLOCK)]
    return np.concatenate(blocks) if blocks else np.empty((0, members.shape[3], 2))


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
