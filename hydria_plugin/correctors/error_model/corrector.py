"""``error-model``: the part of a forecast's error that lasts, taken off, guarded so that it does no harm."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from hydria_plugin import Flag, Forecast, Layout, State, Verified, Window
from hydria_plugin.values import Floats, Ints

from ..lead_knots import leads_of
from .memory import POWERS, Memory, back, shown


class ErrorModel:
    """Autoregressive on the errors of the ladder's forecast, per station and lead, in a power of the discharge; see
    :mod:`~hydria_plugin.correctors.error_model.memory`. It learns from every verified forecast that is not suspected,
    the platform's own (``host-forecast``) included, corrects by at most four usual errors, and is silent wherever it
    has raised the squared error of late. ``layout`` is given by the house. The bulletin keeps the forecast before it
    (``raw``) and after it."""

    name = "error-model"

    def __init__(self, *, layout: Layout) -> None:
        self.powers = dict(zip(layout.stations, (POWERS[q] for q in layout.quantities), strict=True))

    def correct_forecast(self, forecast: Forecast, window: Window) -> Forecast:
        held = Memory.of(window.learned.get(self.name, {}), len(window.stations), forecast.horizon)
        place = {name: i for i, name in enumerate(window.stations)}
        rows = np.array([place[name] for name in forecast.stations], dtype=np.int64)
        shift = held.correction(forecast.horizon)[rows]
        some = np.flatnonzero(shift.any(axis=1))
        if not len(some):
            return forecast
        shift, powers = shift[some], self.powers_of(forecast.stations)[some]
        values, members = with_shift(forecast.values, some, shift[:, :, None], powers), forecast.members
        if members is not None:
            members = with_shift(members, some, shift[:, None, None, :], powers)
        return replace(forecast, values=values, members=members)

    def learn(self, verified: Verified, state: State) -> State:
        """One verified valid time. Suspected truth is none: the memory grows older."""
        s, h = verified.forecast.shape[:2]
        held, at = Memory.of(state, s, h), leads_of(h) - 1
        if verified.raw is None:
            return state
        good = (verified.flags != Flag.SUSPECT) & (verified.flags != Flag.FAIL)
        truth = np.where(good, verified.truth, np.nan)
        powers = self.powers_of(verified.stations)
        median = np.asarray(verified.raw, dtype=np.float64)[:, at, verified.quantiles.index(0.5)]
        errors = shown(truth, powers)[:, None] - shown(median, powers)
        return held.met(errors, h).arrays()

    def powers_of(self, stations: tuple[str, ...]) -> Floats:
        """(S)"""
        return np.array([self.powers.get(name, 1.0) for name in stations])


def with_shift(values: Floats, some: Ints, shift: Floats, powers: Floats) -> Floats:
    """``values`` (S, ...), those of the stations ``some`` (K) :func:`shifted`; ``shift`` and ``powers`` are theirs."""
    if len(some) == len(values):
        return shifted(values, shift, powers)
    out = np.array(values, dtype=np.result_type(values, shift))
    out[some] = shifted(values[some], shift, powers)
    return out


def shifted(values: Floats, shift: Floats, powers: Floats) -> Floats:
    """``values`` (S, ...) after ``shift`` of their power; untouched where that is 0; no water below nothing for
    the sake of a correction."""
    moved = back(shown(values, powers) + shift, powers)
    moved = np.where((values >= 0) & (moved < 0), 0.0, moved)
    return np.where(np.broadcast_to(shift == 0, values.shape), values, moved)
