"""The corrector ``gaps``: every gap of a window filled, with how, and how sure; a filled value is never truth."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Self

import numpy as np

from hydria_plugin import History, Layout, ModelError, Signal, Split, Window
from hydria_plugin.values import Floats

from .filling import Told, fill
from .fit import fit_model, told_of
from .model import Model, load_model, save_model, unfitted
from .series import Fills, Series, known, needed, put
from .totals import completed, gathered, scattered
from .web import Web


class Gaps:
    """Rain from its neighbours; levels and discharges from the rivers beside, the rain and their own last values; at
    last the climatology. A target of which nothing at all is known stays a gap, so that there is no forecast rather
    than a made-up one. ``seed``: of the thinning of long records."""

    name = "gaps"
    works_untrained = True

    def __init__(self, *, seed: int = 1) -> None:
        self.seed = seed
        self.model: Model | None = None
        self.seen: tuple[Layout, Series, Web] | None = None

    def correct_inputs(self, window: Window) -> Window:
        """The window without gaps. Raises ValueError where scenarios differ already: their spread would be filled
        over."""
        past, observed = first_scenario(window.past), first_scenario(window.observed)
        lost = needed(past) & window.layout.present[:, None]
        if not lost.any() and not needed(observed).any():
            return window
        series, web = self.read(window.layout)
        values = series.gather(known(observed), known(past))
        fills = fill(self.model, web, told_by(window, series, values), causal=False)
        return self.with_fills(window, series, web, fills)

    def with_fills(self, window: Window, series: Series, web: Web, fills: Fills) -> Window:
        """The window with the fills in its signals and running totals."""
        past, observed = first_scenario(window.past), first_scenario(window.observed)
        target = put(observed.each(lambda a: a[..., None]), series.places[:, :1], fills).each(lambda a: a[..., 0])
        inputs = put(past, series.places[:, 1:], fills)
        totals = self.totals(window, series, web)
        everywhere = window.scenarios
        return replace(window, observed=shared(target, everywhere), past=shared(inputs, everywhere), antecedent=totals)

    def correct_history(self, history: History) -> History:
        """Each step as the window of that step would have shown its newest value: filled from before only."""
        if not needed(history.target).any() and not needed(history.inputs).any():
            return history
        series = Series.of(history.layout)
        values = series.gather(known(history.target), known(history.inputs))
        fills = fill(self.model, self.web(series), told_of(history, series, values), causal=True)
        target = put(history.target.each(lambda a: a[..., None]), series.places[:, :1], fills)
        inputs = put(history.inputs, series.places[:, 1:], fills)
        return replace(history, target=target.each(lambda a: a[..., 0]), inputs=inputs)

    def read(self, layout: Layout) -> tuple[Series, Web]:
        """The series of a layout; kept for the next cycle, which has the same."""
        if self.seen is None or self.seen[0] is not layout:
            series = Series.of(layout)
            self.seen = layout, series, self.web(series)
        return self.seen[1:]

    def web(self, series: Series) -> Web:
        return unfitted(series) if self.model is None else self.model.web(series)

    def totals(self, window: Window, series: Series, web: Web) -> Floats:
        """(S, V, A) the running totals, those that are unknown completed."""
        if self.model is None or self.model.durations != seconds(window.durations):
            return window.antecedent
        if not np.isnan(window.antecedent[window.layout.present]).any():
            return window.antecedent
        after = completed(gathered(window.antecedent, series), self.model, web)
        return scattered(window.antecedent, after, series)

    def fit(self, history: History, split: Split) -> Self:
        """From the steps for fitting."""
        new = type(self)(seed=self.seed)
        new.model = fit_model(history, split, self.seed)
        return new

    def save(self, folder: Path) -> None:
        if self.model is None:
            raise ModelError("gaps was asked to save, but it was not trained")
        save_model(folder, self.model)

    def load(self, folder: Path) -> Self:
        new = type(self)(seed=self.seed)
        new.model = load_model(folder)
        return new


def seconds(durations: tuple[np.timedelta64, ...]) -> tuple[int, ...]:
    return tuple(int(d / np.timedelta64(1, "s")) for d in durations)


def told_by(window: Window, series: Series, values: Floats) -> Told:
    """A window, as it is filled."""
    times = window.issued_at - window.step * np.arange(window.layout.past - 1, -1, -1)
    rain = window.layout.present & np.asarray([k == "rain" for k in window.layout.kinds], dtype=bool)
    return Told(values, times, window.antecedent[:, None], rain, series.home, series.is_target)


def first_scenario(signal: Signal) -> Signal:
    """(S, P, ...) of (S, R, P, ...), whose scenarios must be one. Raises ValueError."""
    if signal.shape[1] > 1 and signal.values.strides[1] != 0:
        raise ValueError("gaps fills what was measured, before scenarios are made of it: name it before input-error")
    return signal.each(lambda a: a[:, 0])


def shared(signal: Signal, scenarios: int) -> Signal:
    """(S, R, P, ...) of (S, P, ...), without copying."""
    return signal.each(lambda a: np.broadcast_to(a[:, None], (len(a), scenarios, *a.shape[1:])))
