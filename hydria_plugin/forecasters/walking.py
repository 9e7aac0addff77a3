"""A blend in operation, over past steps: it forecasts, truth arrives, it learns, it forecasts. The members' hindcasts
are made many steps at once; mixing and learning are those of the cycle, step by step."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

import numpy as np

from hydria_plugin import Flag, History, State, Verified
from hydria_plugin.values import Floats, Ints

if TYPE_CHECKING:
    from .blend import Blend

Issue = tuple[Floats, Floats]  # (S, H, Q) and (S, J, H) of one step, in single precision as the cycle keeps them


def walked(blend: Blend, history: History, at: Ints, future: bool) -> Floats:
    """(N, S, H, Q) the forecasts of a cycle that begins at the first of the contiguous steps ``at`` with nothing
    learned, and at each learns from what was forecast for it. Raises ValueError where steps are left out: what was
    issued on them would be missing."""
    if (np.diff(at) != 1).any():
        raise ValueError(f"learning goes from step to step, asked were steps {at[0]} to {at[-1]} with some left out")
    state: State = {}
    issued: deque[Issue] = deque(maxlen=history.layout.horizon)  # newest first
    out = []
    for some, quantiles, known in blend.pieces(history, at, future):
        for n, step in enumerate(some):
            verified = met_at(history, int(step), issued, blend.part_names)
            if verified is not None:
                state = blend.learn(verified, state)
            values, parts = blend.answer(quantiles[n], known[n], history.layout, state)
            whole = np.asarray(np.isfinite(values).all(axis=(1, 2)))[:, None, None]
            out.append(np.where(whole, values, np.nan))
            issued.appendleft((out[-1].astype(np.float32), np.where(whole, parts, np.nan).astype(np.float32)))
    return np.stack(out)


def met_at(history: History, step: int, issued: deque[Issue], part_names: tuple[str, ...]) -> Verified | None:
    """What was forecast for ``step`` met its truth; None where there is neither."""
    layout, flags = history.layout, np.asarray(history.target.flags[:, step])
    truth = np.where(flags == Flag.FAIL, np.nan, history.target.values[:, step]).astype(np.float64)
    if not issued or not np.isfinite(truth).any():
        return None
    s, h = len(layout.stations), layout.horizon
    forecast = np.full((s, h, len(layout.quantiles)), np.nan)
    parts = np.full((s, len(part_names), h), np.nan)
    for f, (values, its) in enumerate(issued):
        forecast[:, f], parts[:, :, f] = values[:, f], its[:, :, f]
    return Verified(history.times[step], layout.stations, layout.quantiles, forecast, truth, flags, parts, part_names)
