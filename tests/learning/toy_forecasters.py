"""Real, small forecasters for the tests of learning: quick to fit, and of a skill that is known."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Self

import numpy as np

from hydria_plugin import Forecast, History, Split, Window
from hydria_plugin.values import Floats, Ints

NORMAL = np.array([-1.645, -1.282, -0.674, 0.0, 0.674, 1.282, 1.645])


class Drift:
    """The last value plus ``gain`` times its last change, damped over the leads; the gain and the spread are fitted.
    ``noise`` of the target's unit spoils it: with enough of it, it is worse than holding the last value."""

    name = "drift"
    fits = 0  # over all instances: how often anybody was fitted

    def __init__(self, *, noise: float = 0.0, fail: bool = False) -> None:
        self.noise, self.fail = noise, fail
        self.gain = self.scale = float("nan")

    def fit(self, history: History, split: Split) -> Self:
        if self.fail:
            raise RuntimeError("this member cannot be fitted")
        type(self).fits += 1
        new = type(self)(noise=self.noise)
        y = history.target.values
        before, ahead = y[:, 1:-1] - y[:, :-2], y[:, 2:] - y[:, 1:-1]
        use = (split.fit | split.stop)[:, 1:-1] & np.isfinite(before) & np.isfinite(ahead)
        new.gain = float((before * ahead)[use].sum() / max((before[use] ** 2).sum(), 1e-12))
        new.scale = float(np.std((ahead - new.gain * before)[use]) + self.noise + 1e-6)
        return new

    def paths(self, last: Floats, change: Floats, horizon: int, at: np.ndarray) -> Floats:
        leads = np.arange(1, horizon + 1)
        grown = np.cumsum(np.clip(self.gain, 0.0, 0.95) ** leads)
        wobble = self.noise * np.sin(37.0 * at.astype(np.float64)[..., None] + leads)
        centre = last[..., None] + np.nan_to_num(change)[..., None] * grown + wobble
        return centre[..., None] + self.scale * np.sqrt(leads)[:, None] * NORMAL

    def forecast(self, window: Window) -> Forecast:
        seen = window.observed.values[:, 0]
        at = np.full(len(seen), int(window.issued_at.astype("datetime64[s]").astype(np.int64)) // 3600 % 1000)
        values = self.paths(seen[:, -1], seen[:, -1] - seen[:, -2], window.layout.horizon, at)
        return Forecast.of(window, values, self.name)

    def hindcast(self, history: History, at: Ints, future: bool) -> Floats:
        y = history.target.values
        stamps = history.times[at].astype("datetime64[s]").astype(np.int64) // 3600 % 1000
        stamps = np.repeat(stamps[:, None], len(y), axis=1)
        values = self.paths(y[:, at].T, (y[:, at] - y[:, np.maximum(at - 1, 0)]).T, history.layout.horizon, stamps)
        return np.where(np.isfinite(values).all(axis=(2, 3))[:, :, None, None], values, np.nan)

    def save(self, folder: Path) -> None:
        (folder / "drift.json").write_text(json.dumps([self.gain, self.scale, self.noise]))

    def load(self, folder: Path) -> Self:
        gain, scale, noise = json.loads((folder / "drift.json").read_text())
        new = type(self)(noise=noise)
        new.gain, new.scale = gain, scale
        return new


class Still(Drift):
    """The last value, with the spread of its changes: no better and no worse than persistence."""

    name = "still"

    def fit(self, history: History, split: Split) -> Self:
        new = super().fit(history, split)
        new.gain = 0.0
        return new
