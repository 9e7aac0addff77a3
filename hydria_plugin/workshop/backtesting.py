"""Backtesting a pipeline: the source is read once, then served step by step as it would have been known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from ..config import (
    PipelineSettings,
    Settings,
    build_correctors,
    build_forecasters,
    build_pipeline,
    build_source,
    durations_needed,
)
from ..errors import HydriaError
from ..manual_flags import FlaggedBuffer, flagged_history, read_flags
from ..plugins import Registry
from ..values import Times
from .times import now, utc

if TYPE_CHECKING:
    from ..verification.backtest import Backtest

Future = Literal["none", "perfect", "archived"]
Progress = Callable[[str, float], None]


def run_backtest(
    settings: Settings,
    name: str,
    registry: Registry,
    first: np.datetime64,
    last: np.datetime64,
    *,
    every: np.timedelta64 | None = None,
    future: Future = "archived",
    progress: Progress = lambda what, share: None,
) -> tuple[Backtest, tuple[str, ...]]:
    """The forecasts of one pipeline for issue times from ``first`` to ``last`` (each ``every``, by default each step),
    with what came; and what was known to be amiss before the start. ``future``: what of the horizon's inputs is known,
    ``archived``: what the source's forecasts said. Sends nothing, keeps nothing. Raises FeedError, HydriaError."""
    from ..learning.record import read_history
    from ..stores.memory import MemoryStore
    from ..verification.backtest import backtest, issue_times, truth_at
    from ..verification.recorded import RecordedSource

    p, rng = settings.pipelines[name], np.random.default_rng(0)
    layout = p.layout
    times = issue_times(first, last, every if every is not None else layout.step, layout.step)
    if len(times) == 0:
        raise HydriaError(f"no step of {name} lies from {utc(first)} to {utc(last)}")
    repairs, finishers = build_correctors(settings, name, registry, now, rng)
    durations = durations_needed({**repairs, **finishers, **build_forecasters(settings, name, registry, now, rng)})
    source = build_source(settings, name, registry, now)
    begins, ends = times[0] - reach_back(p, durations), times[-1] + layout.horizon * layout.step
    recorded = RecordedSource(source, layout, begins, ends, future, p.rain_label)
    built = build_pipeline(settings, name, registry, MemoryStore(), clock=now, rng=rng, source=recorded)
    history = read_history(source, layout, times[0], ends, rain_label=p.rain_label)
    flags = read_flags(settings.flags)
    history = flagged_history(history, flags)
    truth = truth_at(times, history.times, history.target.told, layout.step, layout.horizon)
    buffer = FlaggedBuffer(built.buffer, settings.flags, always=True)
    result = backtest(
        replace(built, buffer=buffer, sinks={}, explainers={}), times, truth, counted(name, times, progress)
    )
    return result, tuple(f"{w.stage}: {w.error}" for w in built.warnings)


def reach_back(p: PipelineSettings, durations: tuple[np.timedelta64, ...]) -> np.timedelta64:
    """How long before the first issue time the buffer may ask: windows, totals, and what it keeps to be asked again."""
    step = p.layout.step
    return max([p.layout.past * step, *durations]) + p.overlap + (p.layout.horizon + 50) * step


def counted(name: str, times: Times, progress: Progress) -> Callable[[int, int], None]:
    """The backtest's own progress, by issue time."""
    return lambda done, many: progress(f"{name}: {utc(times[done - 1])}", done / many)
