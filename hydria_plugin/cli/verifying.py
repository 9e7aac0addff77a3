"""``hydria verify``: the bulletins that were issued, against what came."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..config import Settings, build_source, open_store, pick_pipelines, read_config
from ..errors import HydriaError
from ..manual_flags import flagged_history, read_flags
from ..plugins import Registry, load_plugins
from ..values import Layout, Times
from ..verification.drift import NAME
from ..verification.watching import standing_of, watch_facts
from ..workshop.times import now, utc
from .backtesting import Scored, Span, check_out, counted, line_facts, read_span, told, warning_facts, write_whole
from .challenging import duel_facts, duel_table
from .drawing import check_folder, diagram_facts, draw
from .regimes import regime_facts

if TYPE_CHECKING:
    from ..roles import Store
    from ..values import Bulletin
    from ..verification.backtest import Backtest


def verify_all(
    config: str, first: str, last: str, pipeline: str, out: Path | None = None, folder: Path | None = None
) -> list[Scored]:
    """Scores of the pipelines of a configuration, from the store; written as a table to ``out``, their diagrams drawn
    into ``folder``."""
    span = read_span(first, last)
    check_out(out)
    check_folder(folder)
    registry = load_plugins()
    settings = read_config(config, registry=registry)
    store = open_store(settings, registry)
    try:
        names = pick_pipelines(settings, pipeline)
        found = [verify_one(settings, name, registry, store, span, folder) for name in names]
    finally:
        store.close()
    if out is not None:
        from ..verification.score_table import score_table

        write_whole(out, score_table([f.facts for f in found]))
    return found


def verify_one(
    settings: Settings, name: str, registry: Registry, store: Store, span: Span, folder: Path | None = None
) -> Scored:
    """One pipeline. The first bulletin of every step counts: what was said when it mattered, not a later revision."""
    from ..verification.diagrams import diagrams
    from ..verification.regimes import regimes
    from ..verification.scorecard import scorecard, warnings

    thresholds = settings.pipelines[name].thresholds
    result = stored_forecasts(settings, name, registry, store, span)
    drawn = diagrams(result)
    facts: dict[str, Any] = {
        "pipeline": name,
        "from": utc(result.issued_at[0]),
        "to": utc(result.issued_at[-1]),
        "issues": len(result.issued_at),
        "problems": [],
        "made_by": counted(result),
        "scores": [line_facts(line) for line in scorecard(result, thresholds)],
        "regimes": [regime_facts(line) for line in regimes(result, thresholds)],
        "warnings": [warning_facts(w) for w in warnings(result, thresholds)],
        "diagrams": [diagram_facts(one) for one in drawn],
    }
    state = store.state(name, NAME, span.last + np.timedelta64(1, "s"))
    facts["watch"] = watch_facts(state, result.layout.stations)
    newest = store.bulletin(name, result.issued_at[-1])
    facts["standing"] = [] if newest is None else list(standing_of(newest))
    challengers = settings.pipelines[name].shadow
    facts["shadows"] = duel_facts(result, challengers, lambda n: first_bulletins(store, n, span, result.layout))
    if folder is not None:
        facts["drawn"] = draw(folder, name, drawn, result.layout, settings.platform.language)
    pictures = [f"drawn: {path}" for path in facts.get("drawn", ())]
    beside = duel_table(facts["shadows"], challengers, settings.platform.language)
    return Scored(facts, "\n".join([told(facts, result.layout), *beside, *facts["standing"], *pictures]), result)


def stored_forecasts(settings: Settings, name: str, registry: Registry, store: Store, span: Span) -> Backtest:
    """The first bulletins of the span as a backtest's result, with the truth that the source holds now."""
    from ..learning.record import read_history
    from ..verification.backtest import Backtest, newest_observed, truth_at

    p = settings.pipelines[name]
    step, horizon = p.layout.step, p.layout.horizon
    bulletins = first_bulletins(store, name, span, p.layout)
    times: Times = np.array([b.issued_at for b in bulletins], dtype="datetime64[s]")
    source = build_source(settings, name, registry, now)
    history = read_history(source, p.layout, times[0], times[-1] + horizon * step, rain_label=p.rain_label)
    history = flagged_history(history, read_flags(settings.flags))
    truth = truth_at(times, history.times, history.target.told, step, horizon)
    return Backtest(
        name,
        p.layout,
        times,
        np.stack([b.forecast.values for b in bulletins]),
        truth,
        np.stack([newest_observed(b) for b in bulletins]),
        tuple(tuple(a for a in b.alerts if a.is_news) for b in bulletins),
        tuple(b.forecast.made_by for b in bulletins),
    )


def first_bulletins(store: Store, name: str, span: Span, layout: Layout) -> list[Bulletin]:
    """Revision 0 of every step issued in the span for the stations, steps and quantiles of today. Raises HydriaError
    where there is none."""
    found = []
    for issued_at, newest in store.issues(name, span.first, span.last):
        bulletin = store.bulletin(name, issued_at, 0) or store.bulletin(name, issued_at, newest)
        if bulletin is not None and forecasts_of(bulletin.layout) == forecasts_of(layout):
            found.append(bulletin)
    if not found:
        raise HydriaError(f"the store has no bulletin of {name} from {utc(span.first)} to {utc(span.last)}")
    return found


def forecasts_of(layout: Layout) -> tuple[object, ...]:
    """What forecasts must have in common to be scored as one."""
    return layout.stations, layout.targets, layout.units, layout.step, layout.horizon, layout.quantiles
