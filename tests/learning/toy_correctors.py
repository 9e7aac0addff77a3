"""A real, small corrector for the tests of training: it knows the largest value it was fitted on, and fails what is
far above it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Self

import numpy as np

from hydria_plugin import METHODS, Flag, Forecast, History, Signal, Split, Window


class Ceiling:
    """Fails inputs of more than ``times`` the largest of the fit part; untrained it fails nothing, or cannot work."""

    works_untrained = True

    def __init__(self, *, times: float = 2.0, fail: bool = False) -> None:
        self.times, self.broken, self.most = times, fail, np.inf

    def fit(self, history: History, split: Split) -> Self:
        if self.broken:
            raise RuntimeError("this corrector cannot be fitted")
        new = type(self)(times=self.times)
        inside = np.where(split.fit[:, :, None], np.asarray(history.inputs.values), np.nan)
        new.most = float(np.nanmax(inside))
        return new

    def corrected(self, signal: Signal) -> Signal:
        bad = signal.values > self.times * self.most
        return replace(
            signal,
            values=np.where(bad, np.nan, signal.values),
            flags=np.where(bad, np.uint8(Flag.FAIL), signal.flags).astype(np.uint8),
            method=np.where(bad, np.uint16(METHODS.index("range")), signal.method).astype(np.uint16),
        )

    def correct_inputs(self, window: Window) -> Window:
        return replace(window, past=self.corrected(window.past))

    def correct_history(self, history: History) -> History:
        return replace(history, inputs=self.corrected(history.inputs))

    def save(self, folder: Path) -> None:
        (folder / "ceiling.json").write_text(json.dumps([self.times, self.most]))

    def load(self, folder: Path) -> Self:
        new = type(self)()
        new.times, new.most = json.loads((folder / "ceiling.json").read_text())
        return new


class Needy(Ceiling):
    """Cannot work without its model."""

    works_untrained = False


class Wider:
    """A corrector of forecasts that learns from the record by how much to widen them."""

    works_untrained = False

    def __init__(self) -> None:
        self.by = 0.0

    def fit(self, history: History, split: Split) -> Self:
        new = type(self)()
        new.by = float(np.nanstd(history.target.told))
        return new

    def correct_forecast(self, forecast: Forecast, window: Window) -> Forecast:
        away = np.sign(np.asarray(forecast.quantiles) - 0.5)
        return replace(forecast, values=forecast.values + self.by * away)

    def save(self, folder: Path) -> None:
        (folder / "wider.json").write_text(json.dumps(self.by))

    def load(self, folder: Path) -> Self:
        new = type(self)()
        new.by = json.loads((folder / "wider.json").read_text())
        return new
