"""``hydria check``: configuration, plug-ins, store, models, sources and sinks, before anything starts."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ..config import Settings, build_correctors, build_forecasters, examine, open_shelf, open_store
from ..config.loading import needs_model, works_untrained
from ..config.platform import SQLITE
from ..config.plugging import Part
from ..errors import ConfigError, FeedError, HydriaError
from ..explainers.knox.keeping import is_readable
from ..plugins import Registry, load_plugins
from ..roles import Probing, Store
from ..sources import Feed
from ..values import Wanted
from ..verification.watching import standing_of
from ..workshop.flags import wrong_flags
from ..workshop.times import now
from .feeds_seen import between_steps, newest_values, staleness
from .speaking import FAILED, WRONG, in_json, one_line, say

LOOK_BACK = np.timedelta64(32, "D").astype("timedelta64[s]")  # for the newest bulletin


@dataclass
class Findings:
    """What a check found. ``faults``: the admin's to mend; ``failures``: a probe failed; ``seen``: what worked."""

    faults: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)
    pipelines: Mapping[str, Any] = field(default_factory=dict)

    @property
    def code(self) -> int:
        return WRONG if self.faults else FAILED if self.failures else 0

    def tell(self, as_json: bool) -> int:
        """Print them, wrong things on stderr; gives the exit code."""
        if as_json:
            say(in_json({"exit": self.code, **vars(self)}))
            return self.code
        for line in (*self.faults, *(f"failed: {line}" for line in self.failures)):
            print(line, file=sys.stderr)
        told = [*(f"ok: {line}" for line in self.seen), *(f"warning: {line}" for line in self.warnings)]
        count = len(self.faults) + len(self.failures)
        told.append(f"{count} to mend, {len(self.warnings)} warnings: {'cannot start' if count else 'can start'}")
        say("\n".join(told))
        return self.code


def examined(path: str) -> Findings:
    """Check the configuration at ``path`` and everything it names."""
    registry = load_plugins()
    found = examine(path, registry=registry)
    findings = Findings(list(found.faults), warnings=[*found.warnings, *refused(registry)])
    for part in found.parts:
        probe(part, findings)
    if found.settings is not None and not findings.faults:
        probe_store(found.settings, registry, findings)
        findings.warnings += wrong_flags(found.settings)
        for name in found.settings.pipelines:
            check_pipeline(found.settings, name, registry, found.parts, findings)
        findings.pipelines = {n: summary(found.settings, n) for n in found.settings.pipelines}
    return findings


def refused(registry: Registry) -> Iterator[str]:
    """Plug-ins that are broken or doubled, which stop nothing unless the configuration names them."""
    for row in registry.problems:
        yield f"plug-in {row.name!r} of {row.package} {row.version} is not used: {row.state}"


def probe(part: Part, findings: Findings) -> None:
    """Ask a source or sink whether it would work."""
    if not isinstance(part.built, Probing):
        return
    try:
        findings.seen.append(f"{part.place} ({part.role} {part.name}): {part.built.probe()}")
    except ConfigError as error:
        findings.faults += [line if line.startswith(part.place) else f"{part.place}: {line}" for line in error.faults]
    except Exception as error:  # whatever a plug-in raises is a failed probe
        findings.failures.append(f"{part.place} ({part.role} {part.name}): {one_line(error)}")


def probe_store(settings: Settings, registry: Registry, findings: Findings) -> None:
    """Open and close the store; a SQLite file that is not there yet is left to the first start."""
    address = settings.platform.store
    if address.startswith(SQLITE) and not Path(address.removeprefix(SQLITE)).exists():
        findings.seen.append("platform.store: will be made at the first start")
        return
    try:
        store = open_store(settings, registry)
        try:
            findings.warnings += [line for name in settings.pipelines for line in standing(store, name)]
        finally:
            store.close()
        findings.seen.append("platform.store: can be opened")
    except HydriaError as error:
        findings.failures.append(f"platform.store: {one_line(error)}")


def standing(store: Store, name: str) -> Iterator[str]:
    """What the newest bulletin says of drift and staleness."""
    at = now().astype("datetime64[s]")
    if issues := store.issues(name, at - LOOK_BACK, at):
        bulletin = store.bulletin(name, *issues[-1])
        yield from () if bulletin is None else (f"{name}: {line}" for line in standing_of(bulletin))


def check_pipeline(
    settings: Settings, name: str, registry: Registry, parts: tuple[Part, ...], findings: Findings
) -> None:
    """Warnings on models and on the newest data."""
    findings.warnings += models_missing(settings, name, registry)
    findings.warnings += nothing_to_explain(settings, name, registry)
    if settings.pipelines[name].sinks == {}:
        findings.warnings.append(f"{name}: no sinks: forecasts stay in the store")
    place, sources = f"pipelines.{name}.source", settings.pipelines[name].sources
    for i, (source, choice) in enumerate(sources.items(), 1):
        for part in parts:
            if part.role == "source" and part.place.endswith((place, f"{place}[{i}]")):
                feed = Feed(source if len(sources) > 1 else "", part.built, choice.series)
                check_feed(settings, name, feed, part.place.rpartition(" ")[2], findings)


def models_missing(settings: Settings, name: str, registry: Registry) -> Iterator[str]:
    """Forecasters and correctors that have no usable model yet."""
    shelf, rng = open_shelf(settings, name, now), np.random.default_rng(0)
    repairs, finishers = build_correctors(settings, name, registry, now, rng)
    parts = {**repairs, **finishers, **build_forecasters(settings, name, registry, now, rng)}
    for forecaster, built in parts.items():
        if not needs_model(built):
            continue
        try:
            version = shelf.active(forecaster)
            if version is None and not works_untrained(built):
                yield f"{name}: {forecaster} has no model yet: run `hydria train {settings.path}`"
            elif version is not None:
                shelf.folder(forecaster, version)
        except HydriaError as error:
            yield f"{name}: {forecaster} has no sound model: {one_line(error)}"


def nothing_to_explain(settings: Settings, name: str, registry: Registry) -> Iterator[str]:
    """KnoX asked for where no forecaster has networks that are made for being read: it would never say a word."""
    if "knox" not in settings.pipelines[name].explainers:
        return
    ladder = build_forecasters(settings, name, registry, now, np.random.default_rng(0))
    if not any(is_readable(built) for built in ladder.values()):
        yield (
            f"{name}: explainer knox has nothing to read in {', '.join(ladder)}: "
            "name block-network among the forecasters, or in `of` of the blend"
        )


def check_feed(settings: Settings, name: str, feed: Feed, place: str, findings: Findings) -> None:
    """Read the newest past of every series of a source once: is it there, is it fresh?"""
    layout, at = settings.pipelines[name].layout, now()
    issued_at = at.astype("datetime64[s]")
    start, end = issued_at - layout.past * layout.step, issued_at + layout.horizon * layout.step
    wanted = Wanted(feed.series, start, issued_at, at, end, layout.step)
    try:
        table = feed.source.read(wanted)
    except ConfigError as error:
        findings.faults += [f"{place}: {line}" for line in error.faults]
        return
    except FeedError as error:
        findings.failures.append(f"{place}: {one_line(error)}")
        return
    told = f"{name}: {feed.stage}" if feed.name else name
    findings.seen += [f"{told}: {line}" for line in newest_values(table, layout, wanted)]
    findings.warnings += [f"{told}: {line}" for line in staleness(table, wanted)]
    findings.warnings += [
        f"{told}: {line}" for line in between_steps(table, layout, wanted, settings.pipelines[name].rain_label)
    ]
    problems = feed.named(table.attrs.get("problems", ()))[:20]
    findings.warnings += [f"{name}: {p.stage}: {p.error}" for p in problems]


def summary(settings: Settings, name: str) -> dict[str, Any]:
    """What the pipeline is, for machines."""
    p = settings.pipelines[name]
    return {
        "stations": len(p.layout.stations),
        "series": len(p.layout.all_series()),
        "sources": {source: len(choice.series) for source, choice in p.sources.items()},
        "slots": list(p.layout.slots),
        "step_s": int(p.layout.step / np.timedelta64(1, "s")),
        "past": p.layout.past,
        "horizon": p.layout.horizon,
        "forecasters": list(p.forecasters),
        "sinks": list(p.sinks),
        "thresholds": list(p.thresholds.names),
    }
