"""The backtest is the real cycle: what learns, learns each truth once, however long it runs."""

from __future__ import annotations

import numpy as np
import pandas as pd

from hydria_plugin import Forecast, Verified, Wanted, Window
from hydria_plugin.alerts import AlertRules, Thresholds
from hydria_plugin.buffer import SeriesBuffer
from hydria_plugin.cycle import Pipeline
from hydria_plugin.stores.memory import MemoryStore
from hydria_plugin.testing import sample_layout
from hydria_plugin.verification.backtest import backtest
from hydria_plugin.verification.online import OnlineLearner
from hydria_plugin.verification.recorded import RecordedSource

HOUR = np.timedelta64(3600, "s")
FIRST = np.datetime64("2026-01-01T00:00:00", "s")
LAYOUT = sample_layout(stations=1, slots=1, past=24, horizon=3)
STEPS = 150


class Archive:
    def read(self, wanted: Wanted) -> pd.DataFrame:
        time = pd.DatetimeIndex(FIRST + HOUR * np.arange(STEPS)).tz_localize("UTC")
        values = 2 + np.sin(np.arange(STEPS) / 9)
        return pd.concat([pd.DataFrame({"series": s, "time": time, "value": values}) for s in LAYOUT.all_series()])


class Counting:
    """Keeps the last value; its state counts the truths it met."""

    def __init__(self) -> None:
        self.calls = 0

    def forecast(self, window: Window) -> Forecast:
        last = window.observed.values[:, 0, -1]
        shape = (len(last), window.layout.horizon, len(window.quantiles))
        return Forecast.of(window, np.broadcast_to(last[:, None, None], shape), "counting")

    def learn(self, verified: Verified, state: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        self.calls += 1
        return {"met": state.get("met", np.zeros(1, int)) + 1}


def run(steps: int) -> tuple[Counting, Pipeline]:
    counting = Counting()
    source = RecordedSource(Archive(), LAYOUT, FIRST, FIRST + STEPS * HOUR, "none")
    pipeline = Pipeline(
        "p",
        LAYOUT,
        SeriesBuffer(LAYOUT, source, overlap=6 * HOUR),
        {"counting": counting},
        MemoryStore(),
        Thresholds((), np.empty((1, 0))),
        AlertRules(),
        learner=OnlineLearner({"counting": counting}),
    )
    times = FIRST + HOUR * np.arange(30, 30 + steps)
    backtest(pipeline, times, np.full((steps, 1, 3), np.nan))
    return counting, pipeline


def test_each_truth_is_learned_once_however_long_it_runs() -> None:
    counting, pipeline = run(100)
    past = LAYOUT.past  # no truth has met a forecast at the first step; what leaves the window is met once more
    assert counting.calls == 99 + 100 - past
    kept = pipeline.store.bulletin("p", FIRST + 129 * HOUR)
    assert kept is not None and kept.learned["counting"]["met"].tolist() == [99]


def test_old_bulletins_are_forgotten() -> None:
    _, pipeline = run(100)
    assert pipeline.store.bulletin("p", FIRST + 40 * HOUR) is None
    assert pipeline.store.bulletin("p", FIRST + 128 * HOUR) is not None
