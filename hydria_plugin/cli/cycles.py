"""``hydria once``: one cycle of each pipeline through the host, or the replay of one that was."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from ..config import format_duration, pick_pipelines
from ..drawing.doubt import doubt
from ..drawing.words import Words
from ..errors import ConfigError, HydriaError
from ..host import open_host
from ..ledger import newest_due
from ..values import METHODS, RUNGS
from ..workshop.times import now, utc
from .doubting import variance_facts
from .moments import moment
from .speaking import one_line

if TYPE_CHECKING:
    from ..host import Host
    from ..values import Bulletin, Forecast

STATIONS_SHOWN = 20
CLOSE = 1e-9  # what a replay may differ by


def run_all(config: str, at: str, pipeline: str) -> list[dict[str, Any]]:
    """One cycle of every pipeline; an error of one does not stop the next. For a step of the past the clock stands at
    that step and its delay: what was not known then is not used, and its alerts and deliveries are made as then."""
    asked = moment(at, "--at") if at else None
    standing = StandingClock(asked)
    with open_host(config, clock=standing) as host:
        return [
            one(partial(issued, host, name, asked, standing), name) for name in pick_pipelines(host.settings, pipeline)
        ]


class StandingClock:
    """The real clock, or one that stands at a moment of the past."""

    def __init__(self, at: np.datetime64 | None) -> None:
        self.at = at
        if at is not None and at > now():
            raise ConfigError(f"--at: {utc(at)} is in the future; allowed: a step until now")

    def __call__(self) -> np.datetime64:
        return now() if self.at is None else self.at.astype("datetime64[us]")

    def stand(self, asked: np.datetime64, step: np.timedelta64, delay: np.timedelta64) -> None:
        """At the moment the step ``asked`` was due; the newest step is made with what is known by now."""
        self.at = None if asked == newest_due(now(), step, delay) else min(asked + delay, now())


def one(work: Callable[[], dict[str, Any]], name: str) -> dict[str, Any]:
    """What came of one pipeline; an error becomes a line of it."""
    try:
        return {"pipeline": name, "error": None, **work()}
    except ConfigError:
        raise
    except HydriaError as error:
        return {"pipeline": name, "error": one_line(error), "text": f"{name}: failed: {one_line(error)}"}


def issued(host: Host, name: str, asked: np.datetime64 | None, standing: StandingClock) -> dict[str, Any]:
    """Run one cycle and tell what was issued."""
    check_grid(host, name, asked)
    if asked is not None:
        p = host.settings.pipelines[name]
        standing.stand(asked, p.layout.step, p.delay)
    bulletin = host.run_once(name, asked)
    facts = bulletin_facts(bulletin)
    words = Words.of(host.settings.platform.language, host.settings.platform.timezone)
    gauges = {series: gauge.name for series, gauge in host.settings.pipelines[name].gauges.items()}
    return {**facts, "text": told(facts, bulletin, partial(doubt, bulletin, words=words, names=gauges))}


def check_grid(host: Host, name: str, asked: np.datetime64 | None) -> None:
    """A step must be on the grid of the pipeline. Raises ConfigError."""
    step = host.settings.pipelines[name].layout.step
    allowed = f"a multiple of {format_duration(step)} since 1970 (UTC)"
    if asked is not None and asked.astype("datetime64[s]").astype(int) % step.astype("timedelta64[s]").astype(int):
        raise ConfigError(f"--at: {utc(asked)} is no step of {name}; allowed: {allowed}")


def bulletin_facts(bulletin: Bulletin) -> dict[str, Any]:
    """A bulletin, JSON-able: its identity, the forecasts' quantiles, alerts and problems."""
    forecast = bulletin.forecast
    return {
        "issued_at": utc(bulletin.issued_at),
        "known_at": utc(bulletin.known_at),
        "revision": bulletin.revision,
        "degraded": list(bulletin.degraded),
        "stations": {
            station: {
                "made_by": forecast.made_by[s],
                "unit": bulletin.layout.units[s],
                "observed": number(bulletin.summary.observed[s, -1]),
                "inputs": bulletin.summary.word(s),
                "filled": fills_of(bulletin, s),
                "median": [number(v) for v in forecast.median[s]],
                "variance": variance_facts(forecast, s),
            }
            for s, station in enumerate(forecast.stations)
        },
        "alerts": [alert_facts(alert) for alert in bulletin.alerts],
        "problems": [{"stage": p.stage, "station": p.station, "error": p.error} for p in bulletin.problems],
        "digests": dict(bulletin.digests),
    }


def fills_of(bulletin: Bulletin, station: int) -> list[dict[str, Any]]:
    """The values of the newest step that nobody measured: of the target or a slot, how they came and how sure."""
    kept, names = bulletin.summary, ("target", *bulletin.layout.slots)
    if kept.filled is None or kept.sigma is None or kept.method is None:
        return []
    return [
        {
            "slot": names[c],
            "value": number(kept.filled[station, c]),
            "sigma": number(kept.sigma[station, c]),
            "method": METHODS[int(kept.method[station, c])],
        }
        for c in np.flatnonzero(np.isfinite(kept.filled[station])).tolist()
    ]


def number(value: Any) -> float | None:
    return float(value) if np.isfinite(value) else None


def alert_facts(alert: Any) -> dict[str, Any]:
    return {
        "event": alert.event,
        "sequence": alert.sequence,
        "station": alert.station,
        "threshold": alert.threshold,
        "probability": number(alert.probability),
        "basis": str(alert.basis),
        "reason": str(alert.reason),
        "crosses_at": utc(alert.crosses_at) or None,
        "peak": number(alert.peak),
        "note": alert.note,
    }


def told(facts: dict[str, Any], bulletin: Bulletin, doubted: Callable[[int], str] = lambda row: "") -> str:
    """The account for people. ``doubted``: where a station's doubt comes from, a sentence."""
    forecast = bulletin.forecast
    there = f"{int(forecast.there.sum())} of {len(forecast.stations)} stations"
    lines = [f"{bulletin.pipeline}: issued {facts['issued_at']}, revision {bulletin.revision}, {there}"]
    for row, line in enumerate(station_lines(bulletin)[:STATIONS_SHOWN]):
        lines += [line, *(f"    {sentence}" for sentence in [doubted(row)] if sentence)]
    lines += [f"  alert {a.reason}: {a.station} {a.threshold} ({a.basis})" for a in bulletin.alerts if a.is_news]
    lines += [f"  {p.stage}: {f'{p.station}: ' if p.station else ''}{p.error}" for p in bulletin.problems]
    return "\n".join(lines)


def station_lines(bulletin: Bulletin) -> list[str]:
    """One line per station: the value now, and the forecast of the last lead with its 10-90 % band."""
    f, layout = bulletin.forecast, bulletin.layout
    valid, levels = utc(f.valid_times()[-1]), list(f.quantiles)
    lines = []
    for s, station in enumerate(f.stations):
        at_end = dict(zip(levels, f.values[s, -1], strict=True))
        band = f", 10-90 % {short(at_end[0.1])} to {short(at_end[0.9])}" if {0.1, 0.9} <= set(levels) else ""
        ahead = f"{short(at_end[0.5])} at {valid}{band} ({f.made_by[s]})" if f.there[s] else "no forecast"
        newest, word = bulletin.summary.observed[s, -1], bulletin.summary.word(s)
        now = f"{short(newest)} {layout.units[s]} now" if np.isfinite(newest) else "no value now"
        rests = "" if word in ("", RUNGS[0]) else f"; {word}"
        lines.append(f"  {station}: {now}, {ahead}{rests}")
    return lines


def short(value: float) -> str:
    """Four digits, or all of a whole number: a stage in mm or a discharge in l/s has five and more."""
    return f"{value:.0f}" if abs(value) >= 1e4 else f"{value:.4g}"


def replayed(config: str, at: str, pipeline: str, revision: int) -> list[dict[str, Any]]:
    """Make stored bulletins again and compare: the one at ``at``, by default the newest of each pipeline."""
    asked = moment(at, "--at") if at else None
    with open_host(config) as host:
        names = pick_pipelines(host.settings, pipeline)
        return [one(partial(compared, host, name, asked, revision), name) for name in names]


def compared(host: Host, name: str, asked: np.datetime64 | None, revision: int) -> dict[str, Any]:
    """One replay against what was issued. Raises HydriaError where nothing was, or where it differs."""
    check_grid(host, name, asked)
    issued_at = asked if asked is not None else newest_issue(host, name)
    stored = host.store.bulletin(name, issued_at, None if revision < 0 else revision)
    if stored is None:
        told_revision = "" if revision < 0 else f" revision {revision}"
        raise HydriaError(f"the store has no bulletin of {name} for {utc(issued_at)}{told_revision}")
    again = host.replay(name, issued_at, stored.revision)
    difference = largest_difference(stored.forecast, again.forecast)
    if not difference <= CLOSE:
        raise HydriaError(f"the replay of {name} {utc(issued_at)} {differing(stored, again, difference)}")
    facts = {"issued_at": utc(issued_at), "revision": stored.revision, "difference": difference}
    text = f"{name}: {utc(issued_at)} revision {stored.revision} reproduced (within {difference:.1g})"
    return {**facts, "text": text}


def differing(stored: Bulletin, again: Bulletin, difference: float) -> str:
    """In what way, and why where that is known."""
    changed = stored.digests.get("config") != again.digests.get("config")
    if changed and not comparable(stored.forecast, again.forecast):
        return (
            "cannot be compared: the configuration has changed since, and with it stations, leads or quantiles; "
            "allowed: the configuration of then"
        )
    return f"differs by {difference:g}{', the configuration has changed since' if changed else ''}; allowed: {CLOSE:g}"


def comparable(a: Forecast, b: Forecast) -> bool:
    return (a.stations, tuple(a.quantiles), a.horizon) == (b.stations, tuple(b.quantiles), b.horizon)


def newest_issue(host: Host, name: str) -> np.datetime64:
    """The newest step with a bulletin. Raises HydriaError."""
    found = host.store.issues(name, np.datetime64("1900-01-01", "s"), np.datetime64("2200-01-01", "s"))
    if not found:
        raise HydriaError(f"the store has no bulletin of {name} yet: nothing to replay")
    newest: np.datetime64 = found[-1][0]
    return newest


def largest_difference(stored: Forecast, again: Forecast) -> float:
    """Relative to the value where that is above 1; infinite where one has a forecast and the other has not."""
    a, b = np.asarray(stored.values, dtype=float), np.asarray(again.values, dtype=float)
    if not comparable(stored, again) or np.any(np.isnan(a) != np.isnan(b)):
        return float("inf")
    gap = np.abs(a - b) / np.maximum(1, np.abs(a))
    return float(np.nanmax(gap)) if np.isfinite(gap).any() else 0.0
