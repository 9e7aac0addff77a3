"""The block network as a forecaster: for each of a few leads (knots; what lies between is interpolated) the change from
the last value, by the median of networks that began at different weights; the members are kept as trajectories.

One linear neuron per rain zone, a small tanh layer and a straight path beside it, so that a flood larger than any seen
can be forecast. See :mod:`~hydria_plugin.forecasters.block_network.network`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import ClassVar, Self

import numpy as np

from hydria_plugin import Attribution, Forecast, History, ModelError, Split, Window
from hydria_plugin.learning.workbench import Workbench
from hydria_plugin.values import Bools, Floats, Ints

from ..attributing import attribute_window
from ..boosting import seconds
from ..boosting_fit import totals_wanted
from ..cases import chunks, rows_of
from ..estimated import base_sigma, less_sure, sigma_at
from ..keeping import check_fit
from ..scenarios import mixture, varied, widened
from .explaining import explain
from .keeping import Kept, load_kept, save_kept
from .knowledge import raw_of_history, raw_of_window
from .learning import Folds, Options, fit_all
from .model import ALL, AT_ONCE, Model, answer, quantiles
from .selection import Trial, chosen_of
from .twin import Twin

logger = logging.getLogger("hydria.block_network")
Progress = Callable[[str, float], None]


class BlockNetwork:
    """``form``: "directed" knows the measured target, "static" does not, "recurrent" is fed its own output where it is
    not measured: over the horizon, and where the river falls silent (trained through time, always by Adam, on 1500
    cases at most; nothing is selected). ``initialisations``: networks per knot, each from other initial weights;
    ``hidden``: tanh neurons; ``decay``: weight decay; ``select``: try others, and shorter windows, by what is held out.
    ``power``: 1 shows the network the target as it is, 0 its logarithm, else that power of it (Box-Cox; default: a
    discharge 0.4, a level 1). ``folds``: blocks of time, on each of which a share of the members stops. ``max_rows``:
    cases a station is fitted on at most, quiet ones thinned first. ``twin``: fit, beside, each station's network made
    for being read. ``num_threads``: networks trained at once, 0 = one per core."""

    name = "block-network"
    by_default = 8  # stations up to which a blend takes it unnamed: it is fitted one station after the other
    in_a_blend: ClassVar = {"initialisations": 8, "max_rows": 4_000, "select": False}  # nearly as good

    def __init__(
        self,
        *,
        form: str = "directed",
        initialisations: int = 40,
        hidden: int = 3,
        decay: float = 1.0,
        power: float | None = None,
        optimiser: str = "levenberg-marquardt",
        folds: int = 4,
        max_rows: int = 6_000,
        max_age: int = 6,
        select: bool = True,
        twin: bool = True,
        num_threads: int = 0,
        seed: int = 1,
    ) -> None:
        self.options = Options(
            form,
            initialisations,
            hidden,
            decay,
            power,
            optimiser,
            folds,
            max_rows,
            max_age,
            select,
            twin,
            num_threads,
            seed,
        )
        self.options.check()
        self.kept: Kept | None = None
        self.folds: Folds | None = None

    @property
    def antecedent(self) -> tuple[np.timedelta64, ...]:
        """The same running totals as the boosting: the wetness of the basin."""
        return totals_wanted()

    @property
    def notes(self) -> tuple[str, ...]:
        """What was done less well than it should be, a sentence each."""
        return self.kept.notes if self.kept else ()

    @property
    def twins(self) -> Mapping[str, Twin]:
        """By station: the networks made for being read, see :mod:`~hydria_plugin.forecasters.block_network.twin`."""
        return self.kept.twins if self.kept else {}

    @property
    def tried(self) -> Mapping[str, tuple[Trial, ...]]:
        """By station: what the selection tried, in order, and how much error it left."""
        return self.kept.tried if self.kept else {}

    @property
    def selected(self) -> dict[str, str]:
        """By station: what the selection chose, a sentence each; for the manifest on the shelf."""
        return {station: chosen_of(trials) for station, trials in self.tried.items() if trials}

    # ---- forecasting

    def forecast(self, window: Window) -> Forecast:
        model = self.fitted(window)
        rows = rows_of(window.layout, model.fit.stations)
        best, paths = answer(model, raw_of_window(window, 0, rows, self.options.max_age), keep=True)
        values, members = best.copy(), np.repeat(paths[:, None], window.scenarios, axis=1)
        if window.scenarios == 1:
            values = less_sure(best, base_sigma(window, self.options.max_age), window.quantiles)
        if len(asked := np.flatnonzero(varied(window))):
            wide, some, each = widened(window)[asked], window.only(asked), []
            for r in range(1, window.scenarios):
                raw = raw_of_window(some, r, rows[asked], self.options.max_age)
                quantile, members[asked, r] = answer(model, raw, keep=True)
                each.append(quantile[wide])
            values[asked[wide]] = mixture(np.stack(each, axis=1), window.quantiles)
        return Forecast.of(window, values, self.name, members=members)

    def attribute(self, window: Window) -> Attribution:
        model, median = self.fitted(window), self.forecast(window).median
        rows = rows_of(window.layout, model.fit.stations)
        return attribute_window(window, median, rows, self.options.max_age, partial(explain, model), raw_of_window)

    def hindcast(self, history: History, at: Ints, future: bool) -> Floats:
        return self.hindcast_by(self.fitted(history), history, np.asarray(at), future, np.full(len(at), ALL))

    def out_of_sample(self, history: History, at: Ints, future: bool) -> Floats:
        """(N, S, H, Q); see :class:`~hydria_plugin.forecasters.cases.OutOfSample`. Raises ModelError after ``load``."""
        if self.folds is None:
            raise ModelError(
                "block-network: what each fold's networks would have forecast is known only right after a fit"
            )
        return self.hindcast_by(self.fitted(history), history, np.asarray(at), future, self.folds.at(history.times[at]))

    def hindcast_by(self, model: Model, history: History, at: Ints, future: bool, fold: Ints) -> Floats:
        """(N, S, H, Q) each step by the members of its ``fold`` (N)."""
        layout = history.layout
        values = np.empty((len(at), len(layout.stations), layout.horizon, len(layout.quantiles)))
        for s, row in enumerate(rows_of(layout, model.fit.stations)):
            for k in np.unique(fold):
                mine = np.flatnonzero(fold == k)
                for part in chunks(len(mine), AT_ONCE):
                    some = mine[part]
                    raw = raw_of_history(history, s, at[some], future, int(row), self.options.max_age)
                    sigma = sigma_at(history.target.each(lambda a, s=s: a[s]), at[some], self.options.max_age)
                    values[some, s] = less_sure(quantiles(model, raw, int(k)), sigma, layout.quantiles)
        whole: Bools = np.asarray(np.isfinite(values).all(axis=(2, 3)))
        return np.where(whole[:, :, None, None], values, np.nan)

    def fitted(self, asked: Window | History) -> Model:
        if self.kept is None:
            raise ModelError("block-network is not trained: run `hydria train`")
        model = self.kept.model
        check_fit(self.name, model.fit, asked.layout)
        if model.durations != (held := seconds(asked.durations)):
            raise ModelError(
                f"block-network was trained on running totals over {model.durations} s, given are {held} s: "
                "run `hydria train` again"
            )
        return model

    # ---- learning

    def fit(self, history: History, split: Split) -> Self:
        return self.fit_on(Workbench(), history, split)

    def fit_on(
        self, bench: Workbench, history: History, split: Split, progress: Progress = lambda what, share: None
    ) -> Self:
        """Fit station by station; a finished one is kept on the ``bench``. One that cannot be learned has no forecast,
        and a note says why. Raises ModelError when none can."""
        new = type(self)(**self.options._asdict())
        new.kept, new.folds = fit_all(bench, history, split, self.options, progress)
        for note in new.kept.notes:
            logger.warning("block-network note=%s", note)
        for station, said in new.selected.items():
            logger.info("block-network station=%s selected=%s", station, said)
        return new

    def to_be_judged(self) -> Self:
        """Without the twins: no forecast depends on them."""
        return type(self)(**self.options._replace(twin=False)._asdict())

    # ---- keeping

    def save(self, folder: Path) -> None:
        if self.kept is None:
            raise ModelError("block-network was asked to save, but it was not trained")
        save_kept(folder, self.kept, self.options)

    def load(self, folder: Path) -> Self:
        kept, options = load_kept(folder)
        new = type(self)(**options)
        new.kept = kept
        return new
