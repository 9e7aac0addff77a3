"""Running totals that are unknown because less than half of their values came: from the neighbours' totals by the same
weights as their rain, or else the usual ones.

What was filled within the window counts in the totals by itself, after all correctors (recounting.py).
"""

from __future__ import annotations

import numpy as np

from hydria_plugin.values import Floats

from .model import Model
from .neighbours import estimate
from .series import ABSENT, Series
from .web import Web


def completed(totals: Floats, model: Model, web: Web) -> Floats:
    """(N, A) with the unknown ones of the series that the model knows."""
    out = np.array(totals)
    b, a = np.nonzero(np.isnan(totals) & (web.rows != ABSENT)[:, None])
    rows = web.rows[b]
    out[b, a] = model.totals[rows, a]
    rain = web.is_rain[b]
    b, a, rows = b[rain], a[rain], rows[rain]
    near = web.near[b]
    beside = np.where(near == ABSENT, np.nan, totals[np.maximum(near, 0), a[:, None]])
    found, _ = estimate(model.neighbours, rows, beside)
    out[b, a] = np.where(np.isnan(found), out[b, a], found)
    return out


def gathered(antecedent: Floats, series: Series) -> Floats:
    """(N, A) of (S, V, A); NaN for a series that is no slot."""
    out = np.full((len(series.names), antecedent.shape[2]), np.nan)
    s, v = np.nonzero(series.places[:, 1:] != ABSENT)
    out[series.places[s, v + 1]] = antecedent[s, v]
    return out


def scattered(antecedent: Floats, totals: Floats, series: Series) -> Floats:
    """(S, V, A) with the (N, A) totals in their slots."""
    slots = series.places[:, 1:]
    return np.where((slots != ABSENT)[:, :, None], totals[np.maximum(slots, 0)], antecedent)
