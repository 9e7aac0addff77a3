"""One [pipelines.NAME] table: its times, stations, alerts and plug-ins, checked against each other."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from ..alerts import AlertRules, Thresholds
from ..plugins import Registry
from ..values import Floats, Layout
from .alerting import read_alerts
from .csv_files import read_csv
from .desk import Desk
from .durations import format_duration, whole_steps
from .plugging import Part
from .ratings import RATING_COLUMNS, Rating, read_ratings
from .schema import REQUIRED, PipelineTable
from .settings import Choice, PipelineSettings
from .shares import share_out
from .sites import INPUT_COLUMNS, Inputs, Sites, attributes, no_inputs, read_inputs, read_sites
from .toml_file import TomlFile, described
from .trials import try_plugins


def read_pipeline(
    file: TomlFile, name: str, table: PipelineTable, registry: Registry, warnings: list[str], parts: list[Part]
) -> PipelineSettings | None:
    """The settings of one pipeline; None where it has faults, which are noted."""
    desk = Desk(file, name, table, warnings)
    before = len(file.faults.lines)
    check_required(desk)
    steps = check_times(desk)
    sites = read_stations(desk)
    inputs = read_slots(desk, sites)
    ratings = read_curves(desk, sites)
    thresholds, rules, taken = read_alerts(desk, sites, ratings)
    layout = make_layout(desk, steps, sites, inputs, taken)
    sources, sinks = named_sources(table, share_out(desk, layout)), named_sinks(table)
    try_plugins(desk, registry, layout, thresholds, sources, sinks, parts)
    refused = any(getattr(table, field) is None for field in REQUIRED)  # with its fault noted earlier
    if refused or len(file.faults.lines) > before:
        return None
    if layout is None or sites is None or thresholds is None or rules is None:
        return None
    settings = assemble(desk, layout, sites, thresholds, rules, ratings, sources, sinks)
    return replace(settings, gauges=inputs.gauges if inputs is not None else {})


def assemble(
    desk: Desk,
    layout: Layout,
    sites: Sites,
    thresholds: Thresholds,
    rules: AlertRules,
    ratings: tuple[Rating, ...],
    sources: Mapping[str, Choice],
    sinks: Mapping[str, Choice],
) -> PipelineSettings:
    t = desk.table
    assert t.forecasters is not None and t.step is not None and t.past is not None
    return PipelineSettings(
        name=desk.name,
        layout=layout,
        positions=sites.positions,
        thresholds=thresholds,
        rules=rules,
        ratings=ratings,
        sources=sources,
        forecasters=tuple(t.forecasters),
        forecaster_options=t.forecaster,
        correct_inputs=tuple(t.correct_inputs),
        correct_forecast=tuple(t.correct_forecast),
        corrector_options=t.corrector,
        explainers=tuple(t.explainers),
        explainer_options=t.explainer,
        sinks=sinks,
        rain_label=t.rain_label,
        delay=t.delay,
        overlap=t.overlap if t.overlap is not None else usual_overlap(t.step, t.past),
        revisions=t.revisions,
        deadline=t.deadline if t.deadline is not None else max(t.step // 4, np.timedelta64(10, "s")),
        digest=digest(desk, layout, thresholds),
        shadow=tuple(t.shadow),
    )


def usual_overlap(step: np.timedelta64, past: np.timedelta64) -> np.timedelta64:
    """Late data is looked for over six hours, six steps at least, the whole past at most."""
    return min(past, max(6 * step, np.timedelta64(6 * 3600, "s")))


def digest(desk: Desk, layout: Layout, thresholds: Thresholds) -> str:
    """Of what the table says (as written: secrets stay out) and of the files it names."""
    written = json.dumps(desk.file.as_written(*desk.key()), sort_keys=True, default=str)
    arrays = (layout.stations, layout.targets, layout.units, layout.slots, layout.series.tolist())
    numbers = (layout.static.tolist(), thresholds.names, thresholds.limits.tolist())
    return hashlib.sha256(repr((written, arrays, numbers)).encode()).hexdigest()[:32]


def check_required(desk: Desk) -> None:
    """What must be there. What was refused for another reason is not called missing as well."""
    given = desk.file.as_written(*desk.key())
    if not isinstance(given, dict):
        return
    for field in REQUIRED:
        if field not in given:
            desk.file.faults.add(desk.place(), f"the key {field!r} is missing", described(desk.key(field)))


def check_times(desk: Desk) -> tuple[int, int] | None:
    """(past, horizon) in steps; None where they are no whole numbers of them."""
    t, counts = desk.table, []
    if t.step is None:
        return None
    for field, duration in (("past", t.past), ("horizon", t.horizon)):
        count = whole_steps(duration, t.step) if duration is not None else None
        if duration is not None and count is None:
            step = format_duration(t.step)
            below, above = duration // t.step * t.step, (duration // t.step + 1) * t.step
            near = " or ".join(format_duration(d) for d in (below, above) if d > np.timedelta64(0, "s"))
            desk.refuse((field,), f"is not a whole number of steps of {step}", f"a multiple of {step} such as {near}")
        counts.append(count)
    if t.delay >= 10 * t.step:
        desk.warn(f"delay {format_duration(t.delay)} is ten steps or more: every forecast will be old news")
    past, horizon = counts
    return (past, horizon) if past is not None and horizon is not None else None


def read_stations(desk: Desk) -> Sites | None:
    written = desk.table.stations
    if written is None:
        return None
    return read_sites(desk.file.path.parent / written, desk.place("stations"), written, desk.file.faults)


def read_slots(desk: Desk, sites: Sites | None) -> Inputs | None:
    written = desk.table.inputs
    if sites is None:
        read_alone(desk, "inputs", written, INPUT_COLUMNS)
        return None
    if written is None:
        return no_inputs(sites)
    return read_inputs(desk.file.path.parent / written, desk.place("inputs"), written, sites, desk.file.faults)


def read_curves(desk: Desk, sites: Sites | None) -> tuple[Rating, ...]:
    written = desk.table.ratings
    if sites is None:
        read_alone(desk, "ratings", written, RATING_COLUMNS)
        return ()
    if written is None:
        return ()
    return read_ratings(desk.file.path.parent / written, desk.place("ratings"), written, sites, desk.file.faults)


def read_alone(desk: Desk, key: str, written: str | None, needed: Sequence[str]) -> None:
    """Without stations a table cannot be judged whole, but a missing file or column is told at once all the same."""
    if written is not None:
        read_csv(desk.file.path.parent / written, desk.place(key), needed, desk.file.faults, written, key == "inputs")


def make_layout(
    desk: Desk, steps: tuple[int, int] | None, sites: Sites | None, inputs: Inputs | None, taken: tuple[str, ...]
) -> Layout | None:
    """The layout; None where something it needs is at fault."""
    if steps is None or sites is None or inputs is None or desk.table.step is None:
        return None
    names, static = attributes(sites, taken, desk.warnings, desk.file.faults)
    try:
        return build_layout(desk.table, desk.table.step, steps, sites, inputs, names, static)
    except ValueError:  # doubled stations or an unknown kind, which are noted already
        if not desk.file.faults:
            raise
        return None


def build_layout(
    table: PipelineTable,
    step: np.timedelta64,
    steps: tuple[int, int],
    sites: Sites,
    inputs: Inputs,
    names: tuple[str, ...],
    static: Floats,
) -> Layout:
    return Layout(
        stations=sites.stations,
        targets=sites.targets,
        quantities=sites.quantities,
        units=sites.units,
        slots=inputs.slots,
        kinds=inputs.kinds,
        series=inputs.series,
        step=step,
        past=steps[0],
        horizon=steps[1],
        quantiles=tuple(table.quantiles),
        static=static,
        static_names=names,
        names=sites.names,
    )


def named_sources(table: PipelineTable, shares: Sequence[tuple[str, ...]]) -> dict[str, Choice]:
    """The sources by distinct names, each with its series."""
    found: dict[str, Choice] = {}
    for source, series in zip(table.sources, shares, strict=False):
        found[distinct(source.use, found)] = Choice(source.use, source.options, series=series)
    return found


def named_sinks(table: PipelineTable) -> dict[str, Choice]:
    """The sinks by distinct names."""
    found: dict[str, Choice] = {}
    for sink in table.sinks:
        timeout_s = float(sink.timeout / np.timedelta64(1, "s"))
        found[distinct(sink.use, found)] = Choice(sink.use, sink.options, timeout_s)
    return found


def distinct(use: str, found: Mapping[str, Choice]) -> str:
    """csv, csv.2, csv.3"""
    many = 1 + sum(choice.use == use for choice in found.values())
    return use if many == 1 else f"{use}.{many}"
