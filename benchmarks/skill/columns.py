"""The peers' own columns, written apart from the product's: what a careful user of LightGBM or of a ridge would
design. Rain sums reach back 720 h; all lags are there."""

from __future__ import annotations

import numpy as np
import pandas as pd

from hydria_plugin import History
from hydria_plugin.values import Floats

SUM_HOURS = (1, 2, 3, 4, 6, 8, 12, 18, 24, 36, 48, 72, 120, 168, 240, 336, 480, 720)
LAGS = (1, 2, 3, 4, 5, 6, 8, 10, 12, 18, 24, 36, 48, 72)


def frame_of(history: History) -> tuple[pd.Series, pd.DataFrame]:
    """Target and inputs, gaps in the past carried on for at most 6 steps, so that all peers can be asked."""
    index = pd.DatetimeIndex(history.times)
    target = pd.Series(history.target.values[0], index=index).ffill(limit=6)
    inputs = pd.DataFrame(history.inputs.values[0], index=index, columns=list(history.layout.slots))
    states = [c for c in inputs if not c.startswith(("rain", "pet"))]
    inputs[states] = inputs[states].ffill(limit=6)
    return target, inputs


def filled_frame(history: History) -> tuple[pd.Series, pd.DataFrame]:
    """Target and inputs without any gap, for tools that refuse them: no rain where it is missing, else the last value
    known. The steps to learn from and to score are chosen elsewhere, from what was measured."""
    target, inputs = frame_of(history)
    dry = inputs.where(inputs.notna() | ~inputs.columns.str.startswith("rain"), 0.0)
    return target.ffill().bfill(), dry.ffill().bfill().fillna(0.0)


def designed(history: History) -> pd.DataFrame:
    """Columns for trees at every step: target lags and changes, rain sums to 720 h, single lags, rivers, season."""
    target, inputs = frame_of(history)
    rain = [c for c in inputs if c.startswith("rain")]
    columns = {"now": target}
    columns |= {f"change.{k}": target - target.shift(k) for k in LAGS}
    columns |= {f"range.{k}": target - target.rolling(k, min_periods=1).min() for k in (6, 24, 72)}
    mean = inputs[rain].mean(axis=1)
    steps = sorted({steps_of(history, h) for h in SUM_HOURS} | {1, 2, 3, 4, 6, 8, 12, 18, 24, 36, 48, 72})
    columns |= {f"rain.sum.{s}": mean.rolling(s, min_periods=max(1, s // 2)).sum() for s in steps}
    columns |= {f"rain.max.{s}": mean.rolling(s, min_periods=1).max() for s in (6, 24)}
    columns |= {f"rain.lag.{k}": mean.shift(k) for k in range(1, 13)}
    columns |= {f"rain.decay.{h}": mean.fillna(0).ewm(halflife=h).mean() for h in (3, 12, 48, 240)}
    if len(rain) > 1:
        columns |= {f"{c}.sum.{s}": inputs[c].rolling(s, min_periods=1).sum() for c in rain for s in (1, 3, 6, 12, 24)}
    for c in (c for c in inputs if c not in rain):
        columns |= {c: inputs[c]} | {f"{c}.change.{k}": inputs[c] - inputs[c].shift(k) for k in (1, 2, 3, 6, 12, 24)}
    day = target.index.day_of_year.to_numpy() / 365.25 * 2 * np.pi
    columns |= {"season.sin": np.sin(day), "season.cos": np.cos(day)}
    return pd.DataFrame(columns, index=target.index)


def steps_of(history: History, hours: int) -> int:
    return max(1, int(np.timedelta64(hours, "h") / history.layout.step))


def coming(history: History, lead: int) -> pd.DataFrame:
    """Columns of the perfect rain forecast: its sums to the lead, and the sums that end at the valid time."""
    _, inputs = frame_of(history)
    rain = [c for c in inputs if c.startswith("rain")]
    mean = inputs[rain].mean(axis=1)
    columns = {f"coming.{k}": mean.shift(-k) for k in range(1, min(lead, 6) + 1)}
    columns |= {f"until.{k}": mean.rolling(k).sum().shift(-k) for k in (1, 2, 3, 6, 12, 24) if k <= lead}
    columns |= {f"before.{k}": mean.rolling(k).sum().shift(-lead) for k in (1, 2, 3, 4, 6, 9, 12, 18, 24, 36, 48)}
    columns |= {"peak": mean.rolling(lead).max().shift(-lead)}
    if len(rain) > 1:
        columns |= {f"{c}.until": inputs[c].rolling(lead).sum().shift(-lead) for c in rain}
        columns |= {f"{c}.last3": inputs[c].rolling(min(3, lead)).sum().shift(-lead) for c in rain}
    return pd.DataFrame(columns, index=mean.index)


def lagged(history: History, lead: int, future: bool, lags: int = 48) -> Floats:
    """(T, C) columns of an ARX: all lags of target and inputs, and of the rain to come; gaps as the column's mean."""
    target, inputs = frame_of(history)
    columns = [target - target.shift(k) for k in range(1, lags)] + [target]
    for c in inputs:
        columns += [inputs[c].shift(k) for k in range(lags)]
        if future and c.startswith("rain"):
            columns += [inputs[c].shift(-k) for k in range(1, lead + 1)]
    table = np.stack([c.to_numpy(dtype=np.float64) for c in columns], axis=1)
    return np.asarray(np.where(np.isfinite(table), table, np.nanmean(table, axis=0)))
