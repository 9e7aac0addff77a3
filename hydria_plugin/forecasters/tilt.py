"""How a blend goes on learning: its trained weights are tilted, w * exp(tilt), as truth arrives.

Exponentiated gradient around the trained weights (Kivinen and Warmuth 1997) with forgetting, per station and band of
leads. The gradient is measured against the mean squared movement of the training record, so that months of quiet water
hardly count and a flood does; it is clipped, and the tilt never more than doubles or halves a weight. A member without
trained weight gets none.
"""

from __future__ import annotations

import numpy as np

from hydria_plugin import Flag, State, Verified
from hydria_plugin.values import Floats, Ints

RATE = 0.02  # per verified valid time, of a clipped gradient
FORGETTING = 0.0005  # per verified valid time: half is forgotten after 1,400 steps
BOUND = float(np.log(2.0))
BANDS = 4


def band_of_leads(horizon: int) -> Ints:
    """(H) band of each lead, narrower at the start: 1, 2-3, 4-8, 9-24 of 24."""
    edges = horizon ** (np.arange(1, BANDS) / BANDS)
    return np.searchsorted(edges, np.arange(1, horizon + 1), side="left")


def tilted(weights: Floats, state: State, rows: Ints) -> Floats:
    """(S, H, J) weights after what was learned; unchanged where nothing was, or by another set of members."""
    tilt = state.get("tilt")
    if tilt is None or tilt.shape[1:] != (BANDS, weights.shape[2]) or rows.max(initial=-1) >= len(tilt):
        return weights
    per_lead = np.where((rows >= 0)[:, None, None], tilt[rows], 0.0)[:, band_of_leads(weights.shape[1])]
    return weights * np.exp(per_lead)


def learn_tilt(verified: Verified, state: State, names: tuple[str, ...], rows: Ints, energy: Floats) -> State:
    """The state after one verified valid time. ``energy`` (S', H) is the trained scale of the stations at ``rows``."""
    held = state.get("tilt")
    tilt = np.zeros((len(energy), BANDS, len(names)), np.float32) if held is None else held
    if verified.parts is None or verified.part_names != names or tilt.shape != (len(energy), BANDS, len(names)):
        return state
    known = np.flatnonzero((rows >= 0) & np.isfinite(verified.truth) & (verified.flags != Flag.FAIL))
    new = tilt * np.float32(1.0 - FORGETTING)
    push = pushes(verified, known, energy[rows[known]])
    new[rows[known]] = np.clip(new[rows[known]] + RATE * push, -BOUND, BOUND)
    return {**state, "tilt": new.astype(np.float32)}


def pushes(verified: Verified, known: Ints, energy: Floats) -> Floats:
    """(S, B, J) the clipped negative gradient of the squared error by each member's weight, mean over each band."""
    parts = np.asarray(verified.parts)[known]  # (S, J, H)
    centre = verified.forecast[known][:, :, verified.quantiles.index(0.5)]
    miss = verified.truth[known][:, None] - centre
    slope = np.clip((miss / energy)[:, None] * (parts - centre[:, None]), -1.0, 1.0)
    band = band_of_leads(parts.shape[2])
    out = np.zeros((len(known), BANDS, parts.shape[1]))
    for b in range(BANDS):
        if (band == b).any():
            out[:, b] = np.where(np.isfinite(slope), slope, 0.0)[:, :, band == b].mean(axis=2)
    return out
