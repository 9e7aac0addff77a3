"""Gradient boosting (LightGBM) on designed rain features: the strongest single model on most basins.

For each of a few leads (knots; what lies between is interpolated) the change from the last value, in units of the
station's own movement, is forecast by the mean of as many models as there are blocks of time, each stopped early on
the block it did not see. Their errors there, which no model has seen, teach a second model how large an error to
expect now; quantiles are past errors in units of that size. Where held-out blocks speak for it, it looks at the clock
and further back. See docs/decisions/0011-boosting-centre-and-spread.md, 0101-what-follows-the-clock.md.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Self

import numpy as np

from hydria_plugin import Attribution, Forecast, History, ModelError, Split, Window
from hydria_plugin.values import Floats, Ints

from . import attributing_boosting
from .attributing import attribute_window
from .boosting_fit import Options, fit_boosting, totals_wanted
from .boosting_model import Boosted, load_boosted, quantiles, save_boosted
from .cases import forecast_history, forecast_window, rows_of
from .keeping import check_fit


class Boosting:
    """``regional``: one model for all stations (default: from 9 stations on), else one for each. ``rounds``,
    ``leaves``, ``learning_rate``, ``folds``: LightGBM's and the cross-validation's. ``max_rows``: cases a model is
    fitted on at most, quiet ones thinned first. ``num_threads``: 0 = all cores; the model does not depend on it."""

    name = "boosting"

    def __init__(
        self,
        *,
        regional: bool | None = None,
        rounds: int = 400,
        leaves: int = 31,
        learning_rate: float = 0.05,
        folds: int = 3,
        max_rows: int = 60_000,
        max_age: int = 6,
        num_threads: int = 0,
        seed: int = 1,
    ) -> None:
        self.options = Options(regional, rounds, leaves, learning_rate, folds, max_rows, max_age, num_threads, seed)
        self.model: Boosted | None = None

    @property
    def antecedent(self) -> tuple[np.timedelta64, ...]:
        """Running totals of rain from half a day to a month: the wetness of the basin."""
        return totals_wanted()

    def forecast(self, window: Window) -> Forecast:
        model = self.fitted(window)
        rows = rows_of(window.layout, model.fit.stations)
        threads = self.options.num_threads
        values = forecast_window(window, rows, self.options.max_age, lambda cases: quantiles(model, cases, threads))
        return Forecast.of(window, values, self.name)

    def attribute(self, window: Window) -> Attribution:
        model, median = self.fitted(window), self.forecast(window).median
        rows = rows_of(window.layout, model.fit.stations)
        explain = partial(attributing_boosting.explain, model, num_threads=self.options.num_threads)
        return attribute_window(window, median, rows, self.options.max_age, explain)

    def hindcast(self, history: History, at: Ints, future: bool) -> Floats:
        return self.hindcast_by(self.fitted(history), history, at, future)

    def hindcast_by(self, model: Boosted, history: History, at: Ints, future: bool) -> Floats:
        rows = rows_of(history.layout, model.fit.stations)
        threads = self.options.num_threads
        return forecast_history(
            history, at, future, rows, self.options.max_age, lambda cases: quantiles(model, cases, threads)
        )

    def out_of_sample(self, history: History, at: Ints, future: bool) -> Floats:
        """(N, S, H, Q); see :class:`~hydria_plugin.forecasters.cases.OutOfSample`. Raises ModelError after ``load``."""
        model = self.fitted(history)
        fold = model.fold_at(history.times[at])
        values = np.full(
            (len(at), len(history.layout.stations), history.layout.horizon, len(model.fit.quantiles)), np.nan
        )
        for k in np.unique(fold):
            mine = fold == k
            values[mine] = self.hindcast_by(model.only_fold(int(k)), history, np.asarray(at)[mine], future)
        return values

    def fitted(self, asked: Window | History) -> Boosted:
        if self.model is None:
            raise ModelError("boosting is not trained: run `hydria train`")
        check_fit(self.name, self.model.fit, asked.layout)
        if self.model.durations != (held := seconds(asked.durations)):
            raise ModelError(
                f"boosting was trained on running totals over {self.model.durations} s, given are {held} s"
            )
        return self.model

    def fit(self, history: History, split: Split) -> Self:
        return self.fit_on(None, history, split)

    def fit_on(
        self, bench: object, history: History, split: Split, progress: Callable[[str, float], None] | None = None
    ) -> Self:
        """``fit`` that tells how far it is. ``bench``, where others keep half-finished work, is not used."""
        new = type(self)(**self.options._asdict())
        tell = progress or (lambda what, share: None)
        new.model = fit_boosting(history, split, self.options, lambda share: tell("trees", share))
        return new

    def save(self, folder: Path) -> None:
        if self.model is None:
            raise ModelError("boosting was asked to save, but it was not trained")
        save_boosted(folder, self.model, self.options._asdict())

    def load(self, folder: Path) -> Self:
        model, options = load_boosted(folder)
        new = type(self)(**options)
        new.model = model
        return new


def seconds(durations: tuple[np.timedelta64, ...]) -> tuple[int, ...]:
    return tuple(int(d / np.timedelta64(1, "s")) for d in durations)
