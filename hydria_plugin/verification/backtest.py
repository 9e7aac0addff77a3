"""The backtest: ``run_cycle`` itself, over past issue times, with a store in memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ..cores import one_core_each
from ..cycle import Pipeline, run_cycle
from ..errors import HydriaError
from ..values import Alert, Bulletin, Floats, Layout, Times

Progress = Callable[[int, int], None]
TIDY = 50  # cycles between two prunings of the store: each looks at all that is held


@dataclass(frozen=True, eq=False)
class Backtest:
    """What was forecast over N issue times, and what came. Values in the stations' units."""

    pipeline: str
    layout: Layout
    issued_at: Times  # (N)
    values: Floats  # (N, S, H, Q)
    truth: Floats  # (N, S, H) what was observed at each lead, as known in the end
    last: Floats  # (N, S) the newest value known at the issue time: what persistence keeps
    alerts: tuple[tuple[Alert, ...], ...]  # N
    made_by: tuple[tuple[str, ...], ...]  # N x S
    variance: Floats | None = None  # (N, S, H, 3) model, input, residual; NaN = not known; None = never known

    @property
    def median(self) -> Floats:
        """(N, S, H)"""
        return np.asarray(self.values[..., self.layout.median])


def issue_times(first: np.datetime64, last: np.datetime64, every: np.timedelta64, step: np.timedelta64) -> Times:
    """The steps in [first, last], each ``every``: the first step not before ``first`` begins."""
    if every % step != np.timedelta64(0, "s"):
        raise HydriaError(f"every {every} is not a whole number of steps of {step}")
    whole = step.astype("timedelta64[s]").astype(int)
    start = -(-first.astype("datetime64[s]").astype(int) // whole) * whole
    end = last.astype("datetime64[s]").astype(int)
    return np.arange(start, end + 1, every.astype("timedelta64[s]").astype(int)).astype("datetime64[s]")


@one_core_each()
def backtest(pipeline: Pipeline, times: Times, truth: Floats, progress: Progress | None = None) -> Backtest:
    """Run the cycle at each of ``times`` (N), oldest first, ``known_at`` one delay after the step.

    ``pipeline`` holds a buffer over a RecordedSource and a store in memory; ``truth`` (N, S, H) comes from the record.
    """
    if len(times) == 0:
        raise HydriaError("no issue time to backtest: the period holds no step")
    values, last, alerts, made_by, variance = [], [], [], [], []
    for n, issued_at in enumerate(times, start=1):
        bulletin = run_cycle(pipeline, issued_at, (issued_at + pipeline.delay).astype("datetime64[us]"))
        values.append(bulletin.forecast.values)
        last.append(newest_observed(bulletin))
        alerts.append(tuple(a for a in bulletin.alerts if a.is_news))
        made_by.append(bulletin.forecast.made_by)
        variance.append(bulletin.forecast.variance)
        if n % TIDY == 0:
            forget(pipeline, issued_at)
        if progress:
            progress(n, len(times))
    return Backtest(
        pipeline.name, pipeline.layout, times, np.stack(values), truth, np.stack(last), tuple(alerts), tuple(made_by),
        stacked(variance, values[0].shape[:2]),
    )  # fmt: skip


def stacked(variance: Sequence[Floats | None], shape: tuple[int, ...]) -> Floats | None:
    """(N, S, H, 3) in single precision; None where no forecast told its doubt apart."""
    if all(one is None for one in variance):
        return None
    unknown = np.full((*shape, 3), np.nan)
    return np.stack([np.asarray(unknown if one is None else one, dtype=np.float32) for one in variance])


def newest_observed(bulletin: Bulletin) -> Floats:
    """(S) the last trusted value of the window; a bulletin read back has values in single precision, without flags."""
    window = bulletin.window
    observed = bulletin.summary.observed if window is None else window.observed.told[:, 0]
    finite = np.isfinite(observed)
    at = observed.shape[1] - 1 - np.argmax(finite[:, ::-1], axis=1)
    found = np.asarray(observed[np.arange(len(observed)), at], dtype=float)
    return np.where(finite.any(axis=1), found, np.nan)


def forget(pipeline: Pipeline, issued_at: np.datetime64) -> None:
    """Keep the bulletins whose valid times a window still shows: were one forgotten, what learns would take it for a
    change and learn all of the window anew at every step. A long backtest must not fill the memory all the same."""
    keep = pipeline.layout.past + 2 * pipeline.layout.horizon + 2
    pipeline.store.prune(pipeline.name, issued_at - keep * pipeline.layout.step)


def truth_at(times: Times, record: Times, target: Floats, step: np.timedelta64, horizon: int) -> Floats:
    """(N, S, H) of a record (T) with ``target`` (S, T): the observed value at every lead of every issue time."""
    leads = times[:, None] + step * np.arange(1, horizon + 1)
    at = ((leads - record[0]) / step).astype(int)  # (N, H)
    inside = (at >= 0) & (at < len(record))
    found = target[:, np.clip(at, 0, len(record) - 1)]  # (S, N, H)
    return np.where(inside[:, None, :], found.transpose(1, 0, 2), np.nan)


def lead_rows(leads: Sequence[int] | None, horizon: int) -> tuple[int, ...]:
    """The leads asked for that the horizon holds; all by default."""
    return tuple(f for f in (leads or range(1, horizon + 1)) if 1 <= f <= horizon)
