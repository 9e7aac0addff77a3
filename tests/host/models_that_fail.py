"""A plug-in with a forecaster that misbehaves on demand, and one whose model is a LightGBM file."""

from __future__ import annotations

import ctypes
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from hydria_plugin import Forecast, Forecaster, History, Split, Window, hookimpl


def flat(window: Window, value: Any, made_by: str) -> Forecast:
    shape = (len(window.stations), window.layout.horizon, 1)
    return Forecast.of(window, np.broadcast_to(value, shape) + np.linspace(-0.1, 0.1, len(window.quantiles)), made_by)


class Moody:
    """Does what the file ``path`` says: raise, abort, segfault, exit, hang; else a forecast."""

    def __init__(self, *, path: str, folder: Path) -> None:
        self.path = folder / path

    def forecast(self, window: Window) -> Forecast:
        mood = self.path.read_text() if self.path.exists() else ""
        {"raise": _raise, "abort": os.abort, "segfault": _segfault, "exit": _exit, "hang": _hang}.get(mood, _nothing)()
        return flat(window, 1.0, "moody")


def _nothing() -> None: ...


def _raise() -> None:
    raise ArithmeticError("the gradient fled")


def _segfault() -> None:
    ctypes.string_at(0)


def _exit() -> None:
    os._exit(3)


def _hang() -> None:
    while True:
        time.sleep(0.05)


class Trees:
    """LightGBM on made-up numbers: what counts is its file."""

    level: ClassVar[float] = 1.0  # of what it learns

    def __init__(self) -> None:
        self.booster: Any = None

    def fit(self, history: History, split: Split) -> Trees:
        import lightgbm

        rng = np.random.default_rng(1)
        data = lightgbm.Dataset(rng.normal(size=(500, 1)), self.level + 0.01 * rng.normal(size=500))
        fitted = Trees()
        fitted.booster = lightgbm.train({"verbose": -1, "num_threads": 1}, data, 20)
        return fitted

    def save(self, folder: Path) -> None:
        (folder / "model.txt").write_text(self.booster.model_to_string())

    def load(self, folder: Path) -> Trees:
        import lightgbm

        loaded = Trees()
        loaded.booster = lightgbm.Booster(model_file=str(folder / "model.txt"))
        return loaded

    def forecast(self, window: Window) -> Forecast:
        last = window.observed.values[:, 0, -1:]
        return flat(window, self.booster.predict(last)[:, None, None], "trees")


@hookimpl
def hydria_forecasters() -> Mapping[str, Callable[..., Forecaster]]:
    return {"moody": Moody, "trees": Trees}
