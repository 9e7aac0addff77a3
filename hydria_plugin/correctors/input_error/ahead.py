"""How wrong a rain forecast may be: as archived forecasts were, or, without an archive, as is usual.

The error of a scenario is one number per gauge, held over all leads and alike over a region; how much it does grows
with the lead. It multiplies the rain plus a little, so that a forecast of showers can bring rain where it said none.
"""

from __future__ import annotations

import numpy as np

from hydria_plugin import History
from hydria_plugin.values import Floats, Ints

LITTLE_MM_H = 0.5
WET_MM = 1.0  # a forecast, or what came of it, that counts
AROUND = 1  # steps before and after that are summed: an hour's delay is no error of the amount
FEWEST = 30  # cases at a lead, below which it keeps the usual error
LEAST, MOST = 0.1, 1.2


def usual(horizon: int, step_hours: float) -> Floats:
    """(H) standard deviation of the logarithm of observed over forecast rain where no archive tells: 0.4 at once,
    rising to 0.8 within a day. A reasoned default, no measurement: weather services differ."""
    hours = np.arange(1, horizon + 1) * step_hours
    return np.asarray(0.4 + 0.4 * np.minimum(hours, 24.0) / 24.0)


def fitted(history: History, fit: np.ndarray, step_hours: float) -> Floats | None:
    """(H) the same of the archived rain forecasts of a record, over the steps ``fit`` (S, T), all gauges pooled; None
    without an archive. From the quartiles: the worst forecasts are missed storms, which no multiplier makes."""
    slots = [
        (v, history.forecasts[slot])
        for v, (slot, kind) in enumerate(zip(history.layout.slots, history.layout.kinds, strict=True))
        if kind == "rain" and slot in history.forecasts
    ]
    if not slots:
        return None
    horizon = history.layout.horizon
    found = usual(horizon, step_hours)
    for lead in range(1, horizon + 1):
        logs = np.concatenate([ratios(history, v, archived, fit, lead, step_hours) for v, archived in slots])
        if len(logs) >= FEWEST:
            low, high = np.quantile(logs, (0.25, 0.75))
            found[lead - 1] = np.clip((high - low) / 1.349, LEAST, MOST)
    return found


def ratios(history: History, v: int, archived: Floats, fit: np.ndarray, lead: int, step_hours: float) -> Floats:
    """(N) log of observed over forecast rain around a lead, where either counts."""
    horizon, steps = history.layout.horizon, len(history)
    leads = np.arange(max(1, lead - AROUND), min(horizon, lead + AROUND) + 1)
    observed = history.inputs.told[:, :, v]
    at: Ints = np.arange(steps - int(leads[-1]))
    came = np.stack([observed[:, at + k] for k in leads]).sum(axis=0)
    said = np.asarray(archived[:, at][:, :, leads - 1]).sum(axis=2)
    with np.errstate(invalid="ignore"):
        counts = fit[:, at] & (np.maximum(came, said) >= WET_MM)
    little = LITTLE_MM_H * step_hours * len(leads)
    return np.asarray(np.log((came[counts] + little) / (said[counts] + little)))


def perturbed(mm: Floats, logarithms: Floats, step_hours: float) -> Floats:
    """(N, R, H) of forecast rain (N, H) and the logarithms (N, R, H) of what multiplies it; dry stays dry."""
    said, little = mm[:, None], LITTLE_MM_H * step_hours
    wet = np.nansum(mm, axis=1)[:, None, None] > 0
    return np.where(wet, np.maximum((said + little) * np.exp(logarithms) - little, 0.0), said)
