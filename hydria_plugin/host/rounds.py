"""One step, all the way: the cycle, then the announcements, the deliveries, the explanations of what is news."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from ..cycle import Pipeline, run_cycle
from ..delivery import deliver
from ..plugins import Registry
from ..roles import ReportSink
from ..values import Bulletin, Ints, Report

log = logging.getLogger("hydria.host")

Clock = Callable[[], np.datetime64]


def run_step(pipeline: Pipeline, issued_at: np.datetime64, clock: Clock, registry: Registry) -> Bulletin:
    """Run the cycle and tell the listeners if it brought something new. Raises what ended the cycle."""
    begun, known_at = time.perf_counter(), clock()
    pipeline.store.begin(pipeline.name, issued_at, known_at)
    bulletin = run_cycle(pipeline, issued_at, known_at)
    if not is_new(bulletin):
        return bulletin
    log.info(
        "cycle pipeline=%s issued_at=%s revision=%d state=%s news=%d seconds=%.3f",
        *(bulletin.pipeline, utc(issued_at), bulletin.revision, "degraded" if bulletin.degraded else "issued"),
        *(sum(a.is_news for a in bulletin.alerts), time.perf_counter() - begun),
    )
    for (stage, error), stations in grouped(bulletin).items():
        log.info(
            "problem pipeline=%s issued_at=%s stage=%s stations=%s error=%s",
            *(bulletin.pipeline, utc(issued_at), stage, few(stations), error),
        )
    announce(bulletin, registry)
    return bulletin


def is_new(bulletin: Bulletin) -> bool:
    """Made by this cycle; one read back from the store has lost its window."""
    return bulletin.window is not None


def grouped(bulletin: Bulletin) -> Mapping[tuple[str, str], list[str]]:
    """(stage, error) -> the stations it concerns: ten thousand stations without forecast are one event."""
    groups: dict[tuple[str, str], list[str]] = {}
    for problem in bulletin.problems:
        groups.setdefault((problem.stage, problem.error), []).append(problem.station or "")
    return groups


def few(stations: Sequence[str]) -> str:
    """``a,b,c``; of many the first ones and how many there are; ``-`` where it concerns none in particular."""
    named = [s for s in stations if s]
    more = f",... ({len(named)} in all)" if len(named) > 5 else ""
    return (",".join(named[:5]) or "-") + more


def announce(bulletin: Bulletin, registry: Registry) -> None:
    """Tell the listeners, each at most once: a crash in between is not made up for, that is what sinks are for."""
    registry.announce("hydria_bulletin_issued", bulletin=bulletin)
    for alert in bulletin.alerts:
        if alert.is_news:
            log.warning(
                "alert pipeline=%s issued_at=%s station=%s event=%s reason=%s threshold=%s basis=%s",
                *(bulletin.pipeline, utc(bulletin.issued_at), alert.station, alert.event),
                *(alert.reason, alert.threshold, alert.basis),
            )
            registry.announce("hydria_alert", alert=alert, bulletin=bulletin)


def send(pipeline: Pipeline, now: np.datetime64) -> None:
    """Empty the outbox as far as the sinks let us. Raises StoreError."""
    horizon = pipeline.layout.step * pipeline.layout.horizon
    for problem in deliver(pipeline.store, pipeline.name, pipeline.sinks, now, horizon):
        log.warning("delivery pipeline=%s stage=%s error=%s", pipeline.name, problem.stage, problem.error)


def explain(pipeline: Pipeline, bulletin: Bulletin) -> bool:
    """Explain the stations with news and lay the reports in the outbox; whether there are any. A failing explainer is
    logged and passed over: the alert is out already. Raises StoreError."""
    told = {a.station for a in bulletin.alerts if a.is_news}
    rows = np.flatnonzero([s in told for s in bulletin.forecast.stations])
    if bulletin.window is None or not rows.size or not pipeline.explainers:
        return False
    reports = [report for part in by_rung(bulletin, rows) for report in reports_of(pipeline, bulletin, part)]
    if reports:
        sinks = tuple(name for name, sink in pipeline.sinks.items() if isinstance(sink, ReportSink))
        pipeline.store.put_reports(pipeline.name, bulletin.issued_at, bulletin.revision, reports, sinks)
    return bool(reports)


def by_rung(bulletin: Bulletin, rows: Ints) -> Sequence[Ints]:
    """The rows that have a forecast, in groups of one forecaster each."""
    rungs = bulletin.forecast.rung[rows]
    return [rows[rungs == rung] for rung in np.unique(rungs) if rung >= 0]


def reports_of(pipeline: Pipeline, bulletin: Bulletin, rows: Ints) -> list[Report]:
    """What all explainers say about stations whose forecasts one forecaster made."""
    assert bulletin.window is not None
    window, forecast = bulletin.window.only(rows), bulletin.forecast.only(rows)
    forecaster = list(pipeline.forecasters.values())[int(forecast.rung[0])]
    reports: list[Report] = []
    for name, explainer in pipeline.explainers.items():
        try:
            reports += tied(explainer.explain(window, forecast, forecaster), bulletin)
        except Exception:
            log.exception(
                "explainer failed pipeline=%s issued_at=%s explainer=%s", pipeline.name, utc(bulletin.issued_at), name
            )
    return reports


def tied(reports: Sequence[Report], bulletin: Bulletin) -> list[Report]:
    """Each report with the event of its station's alert, where the explainer named none."""
    events = {alert.station: alert.event for alert in bulletin.alerts if alert.is_news}
    return [replace(report, event=report.event or events.get(report.station, "")) for report in reports]


def rung_counts(bulletin: Bulletin) -> Mapping[str, int]:
    """How many stations were forecast by which rung of the ladder; ``none`` without forecast."""
    rungs, counts = np.unique(bulletin.forecast.rung, return_counts=True)
    return {("none" if r < 0 else str(r)): int(n) for r, n in zip(rungs, counts, strict=True)}


def utc(time: np.datetime64) -> str:
    """For logs and status: 2026-03-01T12:00:00Z."""
    return f"{time.astype('datetime64[s]')}Z"
