"""``input-error``: a window becomes R windows, each of which might be true; scenario 0 stays the best estimate.

All members of a forecaster see the same scenarios, and a scenario is the same one in the past and over the horizon.
What is varied: rain gauges (rain.py) and their falling out, estimated values (estimates.py), discharges that a rating
curve made (curves.py), and forecast rain: by the host's ensemble where it has one, else as ahead.py says.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Self

import numpy as np

from hydria_plugin import History, ModelError, Split, Window

from . import ahead
from .curves import Rating
from .fields import Place
from .options import Options
from .rain import GaugeError
from .scenarios import HOUR, Scenarios

FILE = "input-error.json"


class InputError:
    """``scenarios``: with the best estimate (default: 20, fewer for over a thousand stations, 6 at least).
    ``relative``: standard deviation of a rain gauge's error, of its logarithm; ``floor_mm``: additive, per step;
    ``tail``: how much heavier than lognormal in a storm (Tukey's h); ``own``: share of its variance that is the gauge's
    own and lasts; ``memory_h``, ``reach_km``: over which the rest is alike; ``common``: share of it that gauges without
    a place (lat, lon in inputs.csv) have in common; ``dropout``: probability that a gauge is out of work; ``forecast``:
    factor of the error of rain forecasts, 0 = none. ``seed``: another one, other scenarios.

    Untrained it works; training learns the error of archived rain forecasts."""

    name = "input-error"
    works_untrained = True

    def __init__(
        self,
        *,
        scenarios: int | None = None,
        relative: float = 0.25,
        floor_mm: float = 0.1,
        tail: float = 0.15,
        own: float = 0.2,
        memory_h: float = 6.0,
        reach_km: float = 15.0,
        common: float = 0.5,
        dropout: float = 0.02,
        forecast: float = 1.0,
        seed: int = 1,
        places: Mapping[str, Place] | None = None,
        ratings: Sequence[Rating] = (),
    ) -> None:
        gauge = GaugeError(relative, floor_mm, tail, own=own)
        self.options = Options(
            scenarios, gauge, memory_h, reach_km, common, dropout, forecast, seed, dict(places or {}), tuple(ratings)
        )

    def correct_inputs(self, window: Window) -> Window:
        """The window with R scenarios; with the members of the host's ensemble, as many as those at least."""
        count = max(self.options.count(len(window.stations)), window.scenarios)
        if count < 2:
            return window
        made = Scenarios(window, self.options, count - 1)
        return replace(window, observed=made.observed(), past=made.past(), future=made.future())

    # ---- learning

    def fit(self, history: History, split: Split) -> Self:
        """Learn how wrong archived rain forecasts were; without an archive, the usual error is kept."""
        learned = ahead.fitted(history, split.fit, float(history.layout.step / HOUR))
        return self.having(replace(self.options, learned=learned))

    def save(self, folder: Path) -> None:
        learned = self.options.learned
        told = {"forecast": None if learned is None else learned.tolist()}
        (folder / FILE).write_text(json.dumps(told), encoding="utf-8")

    def load(self, folder: Path) -> Self:
        """Raises ModelError for a file that is not what ``save`` wrote."""
        try:
            told = json.loads((folder / FILE).read_text(encoding="utf-8"))["forecast"]
            learned = None if told is None else np.asarray(told, dtype=float).reshape(-1)
        except (OSError, ValueError, KeyError, TypeError) as cause:
            raise ModelError(f"{folder / FILE} cannot be read: {cause}; run `hydria train`") from cause
        return self.having(replace(self.options, learned=learned))

    def having(self, options: Options) -> Self:
        new = type(self)()
        new.options = options
        return new
