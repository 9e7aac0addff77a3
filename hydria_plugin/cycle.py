"""START HERE: one forecast, from feed to alert.

``run_cycle`` is the story; every line is one stage and hands one value to the next. Nothing else knows the order.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol, TypeVar

import numpy as np

from . import alerts, ledger
from .decomposition import apart
from .digest import digest_of
from .errors import FeedError, StoreError
from .ladder import check_forecast, complete, first_complete, reachable
from .recounting import recounted
from .roles import Buffer, Explainer, ForecastCorrector, Forecaster, InputCorrector, Sink, State, Store
from .values import Alert, Bools, Bulletin, Forecast, Layout, Problem, Summary, Window

T = TypeVar("T")


class Learner(Protocol):
    """Lets what can learn, learn from the truth that has arrived; see verification/online.py."""

    def update(self, window: Window, store: Store, pipeline: str, believed: Bools) -> Mapping[str, State]: ...


class NoLearning:
    """Nothing learns."""

    def update(self, window: Window, store: Store, pipeline: str, believed: Bools) -> Mapping[str, State]:
        return {}


@dataclass(frozen=True)
class Pipeline:
    """The built parts of one pipeline. Mappings keep the admin's order."""

    name: str
    layout: Layout
    buffer: Buffer
    forecasters: Mapping[str, Forecaster]
    store: Store
    thresholds: alerts.Thresholds
    rules: alerts.AlertRules
    input_correctors: Mapping[str, InputCorrector] = field(default_factory=dict)
    forecast_correctors: Mapping[str, ForecastCorrector] = field(default_factory=dict)
    explainers: Mapping[str, Explainer] = field(default_factory=dict)
    sinks: Mapping[str, Sink] = field(default_factory=dict)
    learner: Learner = field(default_factory=NoLearning)
    delay: np.timedelta64 = field(default_factory=lambda: np.timedelta64(0, "s"))
    revisions: int = 8  # the last revision number that late data may make
    digests: Mapping[str, str] = field(default_factory=dict)  # "config", "model:<forecaster>"
    warnings: tuple[Problem, ...] = ()  # known before the start, e.g. a forecaster without a model
    watch: Callable[[Window], tuple[Problem, ...]] = field(default=lambda window: ())  # see verification/watching.py
    shadows: Mapping[str, Pipeline] = field(default_factory=dict)  # challengers, never issued; see host/shadowing.py


def run_cycle(pipeline: Pipeline, issued_at: np.datetime64, known_at: np.datetime64) -> Bulletin:
    """Forecast all stations of ``pipeline`` for the step ``issued_at`` with what was known at ``known_at``.

    A failing plug-in is noted and passed over; only a failing source or store ends the cycle (FeedError, StoreError).
    Run again on the same inputs it gives back the bulletin that is there; on new inputs, the next revision.
    """
    p = pipeline
    window = p.buffer.window(issued_at, known_at)
    inputs, earlier = digest_of(window), newest(p, issued_at)
    if earlier is not None and (earlier.digests.get("inputs") == inputs or earlier.revision >= p.revisions):
        return earlier
    problems: list[Problem] = [*p.warnings, *p.buffer.problems()]
    received = window
    for name, repair in p.input_correctors.items():
        window = attempt(name, problems, window, repair.correct_inputs, window)
    window = recounted(received, window)
    truth = received, p.store, p.name, window.believed  # as it came, and what the correctors made of the newest
    window = replace(window, learned=attempt("learning", problems, {}, p.learner.update, *truth))
    problems += attempt("watch", problems, (), p.watch, window)

    raw = forecast = first_complete(p.forecasters, window, problems)
    for name, correct in p.forecast_correctors.items():
        forecast = attempt(name, problems, forecast, corrected, name, correct, forecast, window)
    forecast = attempt("decomposition", problems, forecast, apart, raw, forecast, window)
    problems += [Problem("forecast", station, "no forecast") for station in forecast.missing]

    bulletin = Bulletin(
        p.name, issued_at, known_at, 0 if earlier is None else earlier.revision + 1, p.layout, Summary.of(window),
        raw, forecast, judge(p, forecast, window), tuple(problems), {**p.digests, "inputs": inputs},
        window.learned, p.buffer.pending(), window,
    )  # fmt: skip
    p.store.put(bulletin, tuple(p.sinks))  # before sending: a crash here delays an alert, it never loses one
    p.buffer.commit()
    return bulletin


def judge(p: Pipeline, forecast: Forecast, window: Window) -> tuple[Alert, ...]:
    """The alerts, each with its reason; none from a stale step, whose news would be old."""
    if ledger.is_stale(window.issued_at, window.known_at, window.step, p.delay):
        return ()
    standing = alerts.worst_only(alerts.crossings(forecast, window, p.thresholds, p.rules))
    before = window.issued_at + np.timedelta64(1, "s")  # an earlier revision of this step has told its news already
    return alerts.with_reasons(standing, p.store.last_alerts(p.name, before), p.rules)


def newest(p: Pipeline, issued_at: np.datetime64) -> Bulletin | None:
    """The newest revision of this step, if there is one."""
    return p.store.bulletin(p.name, issued_at)


def corrected(name: str, corrector: ForecastCorrector, forecast: Forecast, window: Window) -> Forecast:
    """The corrected forecast; where the corrector made a gap, the row stays as it was. What it did to the median is
    kept beside what those before it did."""
    after = corrector.correct_forecast(forecast, window)
    check_forecast(name, after, window)
    after = complete(after, forecast)
    added = (after.median - forecast.median)[:, None]
    before = () if forecast.corrections is None else (forecast.corrections,)
    names = (*forecast.correction_names, name)
    return replace(after, corrections=np.concatenate([*before, added], axis=1), correction_names=names)


def attempt(stage: str, problems: list[Problem], otherwise: T, do: Callable[..., T], *args: object) -> T:
    """Run one plug-in; if it raises, note it and go on with ``otherwise``."""
    try:
        return do(*args)
    except (FeedError, StoreError):
        raise
    except Exception as error:
        problems.append(Problem(stage, None, reachable(error)))
        return otherwise
