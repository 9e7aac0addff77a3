"""Ridge regression (ARX), per station and lead: the change from the last value, linear in lags and totals, with one
penalty per lead by cross-validation over blocks of time. An infinite penalty is persistence, so that is where a
short record ends; and no forecast leaves the changes that were seen by more than a margin."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Self

import numpy as np

from hydria_plugin import Attribution, Forecast, History, ModelError, Split, Window
from hydria_plugin.values import Floats, Ints, Times

from . import attributing_ridge
from .arx import gauges_of
from .attributing import attribute_window
from .boosting_fit import totals_wanted
from .cases import forecast_history, forecast_window, rows_of
from .fitting import fold_of_steps, unit_of
from .keeping import Fit, check_fit, load_arrays, read_fit, save_arrays, write_fit
from .ridge_model import BY_FORM, SHARED, Model, assemble, model_of, quantiles
from .ridge_station import fit_station


@dataclass(frozen=True, slots=True, eq=False)
class Folds:
    """The models that did not see one fold; only in memory, after a fit."""

    times: Times  # (T) of the training record
    fold: Ints  # (T)
    models: tuple[Model, ...]


class Ridge:
    """``folds``: blocks in time for choosing the penalty; ``max_age``: steps the last value may be old."""

    name = "ridge"

    def __init__(self, *, folds: int = 5, max_age: int = 6) -> None:
        self.folds, self.max_age = folds, max_age
        self.model: Model | None = None
        self.held_out: Folds | None = None

    @property
    def antecedent(self) -> tuple[np.timedelta64, ...]:
        """The same running totals as the boosting: the wetness of the basin."""
        return totals_wanted()

    def forecast(self, window: Window) -> Forecast:
        model = self.fitted(window)
        rows = rows_of(window.layout, model.fit.stations)
        values = forecast_window(window, rows, self.max_age, lambda cases: quantiles(model, cases))
        return Forecast.of(window, values, self.name)

    def attribute(self, window: Window) -> Attribution:
        model, median = self.fitted(window), self.forecast(window).median
        rows = rows_of(window.layout, model.fit.stations)
        explain = partial(attributing_ridge.explain, model)
        return attribute_window(window, median, rows, self.max_age, explain)

    def hindcast(self, history: History, at: Ints, future: bool) -> Floats:
        return self.hindcast_by(self.fitted(history), history, at, future)

    def hindcast_by(self, model: Model, history: History, at: Ints, future: bool) -> Floats:
        rows = rows_of(history.layout, model.fit.stations)
        return forecast_history(history, at, future, rows, self.max_age, lambda cases: quantiles(model, cases))

    def out_of_sample(self, history: History, at: Ints, future: bool) -> Floats:
        """(N, S, H, Q); see :class:`~hydria_plugin.forecasters.cases.OutOfSample`. Raises ModelError after ``load``."""
        if self.held_out is None:
            raise ModelError("ridge: what each fold's model would have forecast is known only right after a fit")
        values = self.hindcast(history, at, future)
        place = np.searchsorted(self.held_out.times, history.times[at])
        place = np.minimum(place, len(self.held_out.times) - 1)
        known = self.held_out.times[place] == history.times[at]
        fold = np.where(known, self.held_out.fold[place], -1)
        for k, model in enumerate(self.held_out.models):
            if (mine := fold == k).any():
                values[mine] = self.hindcast_by(model, history, np.asarray(at)[mine], future)
        return values

    def fitted(self, asked: Window | History) -> Model:
        if self.model is None:
            raise ModelError("ridge is not trained: run `hydria train`")
        check_fit(self.name, self.model.fit, asked.layout)
        now = len(gauges_of(asked.layout.kinds, asked.layout.past, len(asked.durations)))
        if now != (was := self.model.mean.shape[1]):
            raise ModelError(
                f"ridge was trained on {was} columns, with {len(asked.durations)} running totals there are {now}: "
                "run `hydria train` again"
            )
        return self.model

    def fit(self, history: History, split: Split) -> Self:
        fold = fold_of_steps(history, split, self.folds)
        unit = unit_of(history, split)
        stations = [
            fit_station(history, split, s, float(unit[s]), fold, self.folds, self.max_age)
            for s in range(len(history.layout.stations))
        ]
        new = type(self)(folds=self.folds, max_age=self.max_age)
        fit = Fit.of(history.layout)
        new.model = assemble(fit, [models[-1] for models in stations])
        by_fold = tuple(assemble(fit, [models[k] for models in stations]) for k in range(self.folds))
        new.held_out = Folds(history.times, fold, by_fold)
        return new

    def save(self, folder: Path) -> None:
        if self.model is None:
            raise ModelError("ridge was asked to save, but it was not trained")
        write_fit(folder, self.model.fit, {"folds": self.folds, "max_age": self.max_age})
        arrays = {name: getattr(self.model, name) for name in SHARED}
        for i, form in enumerate(self.model.forms):
            arrays |= {f"{name}.{i}": getattr(form, name) for name in BY_FORM}
        save_arrays(folder, arrays)

    def load(self, folder: Path) -> Self:
        fit, options = read_fit(self.name, folder)
        names = [f"{name}.{i}" for i in (0, 1) for name in BY_FORM]
        arrays = load_arrays(self.name, folder, [*SHARED, *names])
        new = type(self)(folds=int(options["folds"]), max_age=int(options["max_age"]))
        new.model = model_of(fit, arrays)
        return new
