"""A recurrent network (LSTM) over all stations at once: it remembers how the rain of days fell, and says all leads and
quantiles together.

For each of a few blocks of time a member is trained that has not seen it and is stopped by it; the forecast is the mean
of the members' quantiles. What a member says of the block it has not seen teaches how wide the quantiles must be.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

import numpy as np

from hydria_plugin import Forecast, History, ModelError, Split, Window
from hydria_plugin.learning.workbench import Workbench
from hydria_plugin.values import Floats, Ints

from ..boosting_fit import totals_wanted
from ..cases import forecast_history, forecast_window, rows_of
from ..keeping import check_fit
from .fit import Options, fit_recurrent
from .model import Recurrent, load_recurrent, quantiles, save_recurrent

Clock = Callable[[], np.datetime64]
Progress = Callable[[str, float], None]


class Lstm:
    """``hidden``: neurons. ``folds``: blocks left out in turn, each with a member of its own. ``epochs``, ``patience``,
    ``batch``, ``learning_rate``: the training's. ``max_rows``: cases it learns from at most, over all stations, quiet
    ones thinned first. ``max_minutes``: when time is up, the best so far is taken (what it then is depends on the
    machine). ``max_age``: steps that the newest value may be old. ``num_threads``: torch's while it trains; 0 = as it
    is. The same data, options and seed bring the same model on one machine."""

    name = "lstm"
    by_default = False  # a blend takes it when it is named: it trains for minutes

    def __init__(
        self,
        *,
        hidden: int = 32,
        folds: int = 3,
        epochs: int = 12,
        patience: int = 4,
        batch: int = 256,
        learning_rate: float = 0.003,
        max_rows: int = 20_000,
        max_minutes: float = 10.0,
        max_age: int = 6,
        num_threads: int = 1,
        seed: int = 1,
        clock: Clock | None = None,
    ) -> None:
        self.options = Options(
            hidden, folds, epochs, patience, batch, learning_rate, max_rows, max_minutes, max_age, num_threads, seed
        )
        check_options(self.options)
        self.clock = clock
        self.model: Recurrent | None = None

    @property
    def antecedent(self) -> tuple[np.timedelta64, ...]:
        """Running totals from half a day to a month: the wetness of the basin beyond the reach of the sequence."""
        return totals_wanted()

    def forecast(self, window: Window) -> Forecast:
        model = self.fitted(window)
        rows = rows_of(window.layout, model.fit.stations)
        values = forecast_window(window, rows, model.max_age, lambda cases: quantiles(model, cases))
        return Forecast.of(window, values, self.name)

    def hindcast(self, history: History, at: Ints, future: bool) -> Floats:
        return self.hindcast_by(self.fitted(history), history, at, future)

    @staticmethod
    def hindcast_by(model: Recurrent, history: History, at: Ints, future: bool) -> Floats:
        rows = rows_of(history.layout, model.fit.stations)
        return forecast_history(history, at, future, rows, model.max_age, lambda cases: quantiles(model, cases))

    def out_of_sample(self, history: History, at: Ints, future: bool) -> Floats:
        """(N, S, H, Q); see :class:`~hydria_plugin.forecasters.cases.OutOfSample`. Raises ModelError after ``load``."""
        model = self.fitted(history)
        fold = model.fold_at(history.times[at])
        layout = history.layout
        values = np.full((len(at), len(layout.stations), layout.horizon, len(layout.quantiles)), np.nan)
        for k in np.unique(fold):
            mine = fold == k
            values[mine] = self.hindcast_by(model.only_fold(int(k)), history, np.asarray(at)[mine], future)
        return values

    def fitted(self, asked: Window | History) -> Recurrent:
        if self.model is None:
            raise ModelError("lstm is not trained: run `hydria train`")
        check_fit(self.name, self.model.fit, asked.layout)
        held = tuple(int(d / np.timedelta64(1, "s")) for d in asked.durations)
        if self.model.durations != held:
            raise ModelError(f"lstm was trained on running totals over {self.model.durations} s, given are {held} s")
        return self.model

    def fit(self, history: History, split: Split) -> Self:
        return self.fit_on(Workbench(), history, split)

    def fit_on(
        self, bench: Workbench, history: History, split: Split, progress: Progress = lambda what, share: None
    ) -> Self:
        """``fit`` that tells how far it is and keeps finished members on the ``bench``."""
        new = type(self)(**self.options._asdict(), clock=self.clock)
        with threads(self.options.num_threads):
            new.model = fit_recurrent(bench, history, split, self.options, stopwatch(self.clock), progress)
        return new

    def save(self, folder: Path) -> None:
        if self.model is None:
            raise ModelError("lstm was asked to save, but it was not trained")
        save_recurrent(folder, self.model, self.options._asdict())

    def load(self, folder: Path) -> Self:
        model, options = load_recurrent(folder)
        new = type(self)(**options, clock=self.clock)
        new.model = model
        return new


def check_options(options: Options) -> None:
    """Raise ValueError for what cannot be trained."""
    least = {
        "hidden": 1,
        "folds": 2,
        "epochs": 1,
        "patience": 1,
        "batch": 1,
        "max_rows": 1,
        "max_age": 0,
        "num_threads": 0,
    }
    for name, low in least.items():
        if (given := getattr(options, name)) < low:
            raise ValueError(f"{name} is {given}; it must be at least {low}")
    for name in ("learning_rate", "max_minutes"):
        if not (given := getattr(options, name)) > 0:
            raise ValueError(f"{name} is {given}; it must be above 0")


def stopwatch(clock: Clock | None) -> Callable[[], float]:
    """Minutes since now; without a clock no time passes."""
    if clock is None:
        return lambda: 0.0
    start = clock()
    return lambda: float((clock() - start) / np.timedelta64(1, "m"))


@contextmanager
def threads(number: int) -> Iterator[None]:
    """torch's threads, set back afterwards."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(number or before)
    try:
        yield
    finally:
        torch.set_num_threads(before)
