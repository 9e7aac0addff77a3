"""Checks: a plug-in keeps the promises of its role, or an AssertionError says which it broke."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from ..ladder import check_forecast
from ..roles import (
    Attributing,
    Explainer,
    ForecastCorrector,
    Forecaster,
    Hindcasting,
    InputCorrector,
    Sink,
    Source,
    Store,
)
from ..values import Attribution, Bulletin, Forecast, Layout, Report, Wanted, Window
from .samples import sample_bulletin, sample_forecast, sample_history, sample_layout, sample_window, window_of


def same(a: Any, b: Any, what: str) -> None:
    np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-9, equal_nan=True, err_msg=what)


def check_forecaster(forecaster: Forecaster, layout: Layout | None = None) -> None:
    """Shapes, purity, gaps, one station, any order of stations, rising quantiles, the same answer twice.
    ``layout``: the one it was trained for; a forecaster that needs training is given trained."""
    assert isinstance(forecaster, Forecaster), f"{type(forecaster).__name__} has no forecast(window)"
    layout = layout or sample_layout()
    for window in windows(layout):
        answer = forecaster.forecast(window)
        check_forecast(type(forecaster).__name__, answer, window)
        again = forecaster.forecast(window)
        same(answer.values, again.values, "the same window must bring the same forecast")
        check_rows(forecaster, window, answer)
    if isinstance(forecaster, Hindcasting):
        check_hindcast(forecaster, layout)
    if isinstance(forecaster, Attributing):
        for window in windows(layout):
            check_attribution(forecaster, forecaster.forecast(window), window)


def windows(layout: Layout) -> tuple[Window, ...]:
    """Whole, with future inputs, with gaps, with all of the past missing."""
    whole = sample_window(layout)
    blind = replace(whole, observed=whole.observed.each(lambda a: a))
    gone = np.full(whole.past.shape, np.nan)
    no_inputs = replace(blind, past=type(whole.past).measured(gone))
    return whole, sample_window(layout, future=True), sample_window(layout, gaps=0.3, seed=2), no_inputs


def check_rows(forecaster: Forecaster, window: Window, answer: Forecast) -> None:
    """One station alone, and the stations in another order, bring the same rows."""
    rows = np.arange(len(window.stations))
    turned = forecaster.forecast(window.only(rows[::-1]))
    same(turned.values, answer.values[::-1], "the order of stations must not matter")
    alone = forecaster.forecast(window.only([0]))
    same(alone.values, answer.values[:1], "a station alone must bring the same forecast as among others")


def check_hindcast(forecaster: Hindcasting, layout: Layout) -> None:
    """``hindcast`` is ``forecast``, one window after the other."""
    history = sample_history(layout, 300 + layout.past)
    at = np.array([layout.past + 3, layout.past + 50, len(history) - 1 - layout.horizon])
    for future in (False, True):
        many = forecaster.hindcast(history, at, future)
        for n, step in enumerate(at):
            one = forecaster.forecast(window_of(history, int(step), future))  # type: ignore[attr-defined]
            same(many[n], one.values, f"hindcast at step {step} (future={future}) must equal forecast")


def check_attribution(forecaster: Attributing, forecast: Forecast, window: Window) -> None:
    """The parts add up to the median, lead by lead; one station alone brings the same; no slot speaks for another's."""
    found, name = forecaster.attribute(window), type(forecaster).__name__
    assert isinstance(found, Attribution), f"{name}.attribute gives an Attribution, not {type(found).__name__}"
    assert found.stations == window.stations, f"{name}.attribute must keep the stations and their order"
    shape = (len(window.stations), window.layout.horizon, window.layout.past + window.layout.horizon)
    assert found.inputs.shape == (*shape, len(window.layout.slots)), f"{name}.attribute: inputs {found.inputs.shape}"
    scale = max(1.0, float(np.nanmax(np.abs(forecast.median), initial=0.0)))
    np.testing.assert_allclose(
        found.median, forecast.median, rtol=0, atol=1e-9 * scale, err_msg=f"{name}: the parts must add up to the median"
    )
    absent = np.where(window.layout.present[:, None, None], 0.0, np.nan_to_num(found.inputs))
    assert not absent.any(), f"{name}.attribute: a slot that a station does not have adds nothing"
    alone = forecaster.attribute(window.only([0]))
    same(alone.inputs, found.inputs[:1], "a station alone must be explained as among others")


def check_corrector(corrector: InputCorrector | ForecastCorrector, layout: Layout | None = None) -> None:
    """Gives back a window or forecast for the same stations; pure; the same answer twice."""
    kinds = (InputCorrector, ForecastCorrector)
    assert isinstance(corrector, kinds), f"{type(corrector).__name__} has neither correct_inputs nor correct_forecast"
    for window in windows(layout or sample_layout()):
        if isinstance(corrector, InputCorrector):
            after, again = corrector.correct_inputs(window), corrector.correct_inputs(window)
            assert after.stations == window.stations, "correct_inputs must keep the stations and their order"
            assert after.issued_at == window.issued_at, "correct_inputs must keep the issue time"
            same(after.past.values, again.past.values, "the same window must be corrected the same way")
        if isinstance(corrector, ForecastCorrector):
            forecast = sample_forecast(window)
            better = corrector.correct_forecast(forecast, window)
            check_forecast(type(corrector).__name__, better, window)
            same(better.values, corrector.correct_forecast(forecast, window).values, "the same answer twice")


def check_explainer(explainer: Explainer, forecaster: Forecaster, layout: Layout | None = None) -> None:
    """Reports for stations of the window only; JSON-able."""
    import json

    assert isinstance(explainer, Explainer), f"{type(explainer).__name__} has no explain(window, forecast, forecaster)"
    window = sample_window(layout)
    for report in explainer.explain(window, forecaster.forecast(window), forecaster):
        assert isinstance(report, Report), f"an explainer gives Reports, not {type(report).__name__}"
        assert report.station in window.stations, f"a report on {report.station!r}, which was not asked for"
        json.dumps(report.body, allow_nan=False)


def check_source(source: Source, wanted: Wanted) -> None:
    """The columns; UTC and aware; nothing stamped after the issue time or received after ``known_at``; idempotent."""
    import pandas as pd

    assert isinstance(source, Source), f"{type(source).__name__} has no read(wanted)"
    table = source.read(wanted)
    missing = {"series", "time", "value"} - set(table.columns)
    assert not missing, f"a source's table needs the columns {sorted(missing)}"
    for column in {"time", "received_at", "issued_at"} & set(table.columns):
        assert isinstance(table[column].dtype, pd.DatetimeTZDtype), (
            f"{column} must be aware (UTC), not {table[column].dtype}"
        )
    issue = (
        table["issued_at"]
        if "issued_at" in table
        else pd.Series(pd.NaT, index=table.index, dtype="datetime64[us, UTC]")
    )
    observed = table[issue.isna()]
    issued_at, known_at = (pd.Timestamp(t, tz="UTC") for t in (wanted.issued_at, wanted.known_at))
    assert not (observed["time"] > issued_at).any(), "an observation stamped after the issue time"
    assert not (issue.dropna() > issued_at).any(), "a forecast issued after the issue time"
    received = table["received_at"] if "received_at" in table else observed["time"]
    assert not (received > known_at).any(), "a value received after known_at"
    assert set(table["series"].unique()) <= set(wanted.series), "a series that was not asked for"
    again = source.read(wanted)
    assert len(again) == len(table), "the same question must bring the same rows"


def check_sink(sink: Sink, state: Callable[[], Any], bulletin: Bulletin | None = None) -> None:
    """The same bulletin twice leaves the host as it was; ``state()`` reads the host itself."""
    assert isinstance(sink, Sink), f"{type(sink).__name__} has no write(bulletin)"
    bulletin = bulletin or replace(sample_bulletin(), window=None, received=None)
    empty = state()
    sink.write(bulletin)
    once = state()
    assert once != empty, "write(bulletin) changed nothing in the host"
    sink.write(bulletin)
    assert state() == once, "the same bulletin twice must leave the host in the same state"


def check_store(store: Store) -> None:
    """A bulletin read back equals what was put; the same key twice keeps the first; the outbox empties."""
    assert isinstance(store, Store), f"{type(store).__name__} lacks a method of Store"
    bulletin = sample_bulletin("check-store")
    store.put(bulletin, ("sink",))
    store.put(replace(bulletin, alerts=()), ("sink",))
    back = store.bulletin(bulletin.pipeline, bulletin.issued_at)
    assert back is not None, "the bulletin that was put is not there"
    same(back.forecast.values, bulletin.forecast.values, "the forecast read back")
    assert back.alerts == bulletin.alerts, "the alerts read back; the same key twice keeps the first"
    assert back.problems == bulletin.problems, "the problems read back"
    now = bulletin.known_at
    deliveries = store.undelivered(bulletin.pipeline, "sink", now)
    assert len(deliveries) == 1, f"one delivery is due, not {len(deliveries)}"
    store.mark_delivered(deliveries[0], now)
    assert not store.undelivered(bulletin.pipeline, "sink", now), "a delivered bulletin must leave the outbox"
