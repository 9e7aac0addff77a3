"""The user of mlforecast: its direct strategy (``max_horizon``), its lags and rolling statistics of the differenced
target and of the inputs (``transform_exog``), LightGBM behind it, as its documentation recommends.

In the direct strategy the row stamped d forecasts d, d + 1, ...: a column may hold what is known at d - 1, the issue
step. The library's version 1.0.2 gives every lead's model the exogenous values of d only (its issue 705), so the rain
to come is laid beside each other on that row, as its maintainers advise. ``preprocess`` and ``fit_models`` are called
apart, so that only the lead asked for is fitted and rows whose truth is a filled gap are left out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from hydria_plugin import History
from hydria_plugin.values import Floats, Ints

from .columns import filled_frame, steps_of

if TYPE_CHECKING:
    from .peers import Task

TREES = (50, 150, 450)
LAGS = (*range(1, 13), 18, 24, 36, 48, 72)
RAIN_LAGS = (*range(1, 13), 18, 24)
RAIN_HOURS = (3, 6, 12, 24, 48, 72, 168, 336, 720)
STATE_LAGS = (1, 2, 3, 6, 12, 24)


def change_at(task: Task, threads: int) -> Floats:
    """(N) forecast change over the lead for the test steps. The number of trees has the least squared error on the stop
    part; the chosen model is then fitted on both parts."""
    forecaster = forecaster_of(task.history, task.seed, threads)
    x, y = rows_of(forecaster, task.history, task.lead, task.future)
    forecaster.fit_models(x.iloc[task.fit], y[task.fit])
    missed = {
        name: float(np.mean((model.predict(x.iloc[task.stop]) - y[task.stop]) ** 2))
        for name, model in forecaster.models_.items()
    }
    best = min(missed, key=missed.__getitem__)
    forecaster.models = {best: forecaster.models[best]}
    both: Ints = np.concatenate([task.fit, task.stop])
    forecaster.fit_models(x.iloc[both], y[both])
    return np.asarray(forecaster.models_[best].predict(x.iloc[task.test]))


def forecaster_of(history: History, seed: int, threads: int) -> Any:
    """An MLForecast of the first differences, one model per number of trees."""
    from lightgbm import LGBMRegressor
    from mlforecast import MLForecast
    from mlforecast.lag_transforms import RollingMean, RollingStd
    from mlforecast.target_transforms import Differences

    models = {
        f"trees{n}": LGBMRegressor(
            n_estimators=n, learning_rate=0.05, num_leaves=31, min_child_samples=20, colsample_bytree=0.7,
            subsample=0.8, subsample_freq=1, random_state=seed, n_jobs=threads, verbosity=-1,
        )
        for n in TREES
    }  # fmt: skip
    return MLForecast(
        models,
        freq=f"{history.layout.step // np.timedelta64(1, 'm')}min",
        lags=LAGS,
        lag_transforms={1: [*(RollingMean(w, 1) for w in (3, 6, 12, 24, 48, 72)), RollingStd(24, 2)]},
        date_features=["day_of_year"],
        target_transforms=[Differences([1])],
        num_threads=1,
    )


def rows_of(forecaster: Any, history: History, lead: int, future: bool) -> tuple[pd.DataFrame, Floats]:
    """Columns (T, C) and change over the lead (T), by issue step; NaN where the record ends before the valid time."""
    table = long_table(history, lead, future)
    done = forecaster.preprocess(table, static_features=[], dropna=False, max_horizon=lead)
    asked = table["ds"] + pd.Timedelta(history.layout.step)
    done = done.set_index("ds").reindex(asked)
    differences = done[[f"y{k}" for k in range(lead)]].to_numpy()
    return done[forecaster.ts.features_order_], differences.sum(axis=1)


def long_table(history: History, lead: int, future: bool) -> pd.DataFrame:
    """mlforecast's long table of one series: id, time, target and the exogenous columns of each row."""
    target, inputs = filled_frame(history)
    gauges = [c for c in inputs if str(c).startswith("rain")]
    inputs["rain"] = inputs[gauges].mean(axis=1)
    if len(gauges) == 1:
        inputs = inputs.drop(columns=gauges)
    hours = [steps_of(history, h) for h in RAIN_HOURS]
    parts = [
        lagged(inputs[["rain"]], RAIN_LAGS, sorted({w for w in (3, 6, 12, 24, *hours) if w > 1})),
        lagged(inputs.drop(columns="rain").assign(now=target), STATE_LAGS, (3, 12, 24)),
    ]
    if future:
        parts.append(pd.DataFrame({f"coming{k}": inputs["rain"].shift(-k) for k in range(lead)}))
    head = pd.DataFrame({"unique_id": 0, "ds": target.index, "y": target}).set_index(target.index)
    return pd.concat([head, *parts], axis=1).reset_index(drop=True)


def lagged(series: pd.DataFrame, lags: Sequence[int], windows: Sequence[int]) -> pd.DataFrame:
    """The library's own lags and rolling means of exogenous series; the values of the row's own time are dropped."""
    from mlforecast.feature_engineering import transform_exog
    from mlforecast.lag_transforms import RollingMean

    table = series.rename_axis("ds").reset_index().assign(unique_id=0)
    means = {1: [RollingMean(w, 1) for w in windows]}
    done = transform_exog(table, lags=lags, lag_transforms=means).set_index("ds")
    return done.drop(columns=["unique_id", *series.columns])
