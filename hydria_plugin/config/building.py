"""From checked settings to the parts that run: the store, the shelf of models, the pipelines."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from .. import decomposition_rest
from ..buffer import SeriesBuffer
from ..cycle import Learner, Pipeline
from ..delivery import punctual
from ..depth import memory_of
from ..drawing.words import Words
from ..errors import ConfigError
from ..learning.shelf import Shelf
from ..manual_flags import FlaggedBuffer
from ..plugins import Registry
from ..roles import Buffer, ForecastCorrector, Forecaster, InputCorrector, Source, Store
from ..sources import Feed, Several
from ..values import Problem
from ..verification.drift import NAME, Drift
from ..verification.watching import Watchman, models_number
from .loading import durations_needed, load_models
from .platform import scheme_of
from .plugging import build_forecaster
from .settings import Choice, PipelineSettings, Settings
from .trials import layout_of_one

Clock = Callable[[], np.datetime64]
Isolate = Callable[[str, Forecaster], Forecaster]


def open_store(settings: Settings, registry: Registry) -> Store:
    """The store of the platform. Raises StoreError."""
    address = settings.platform.store
    store: Store = registry.build("store", scheme_of(address), {}, {"url": address, "folder": settings.folder})
    return store


def pick_pipelines(settings: Settings, name: str = "") -> tuple[str, ...]:
    """The pipeline of that name, or all where none is named. Raises ConfigError."""
    if name and name not in settings.pipelines:
        allowed = ", ".join(settings.pipelines)
        raise ConfigError(f"--pipeline: {name!r} is not in {settings.path.name}; allowed: {allowed}")
    return (name,) if name else tuple(settings.pipelines)


def open_shelf(settings: Settings, name: str, clock: Clock) -> Shelf:
    """The models of the pipeline ``name``."""
    return Shelf(settings.platform.models, name, clock)


def build_source(settings: Settings, name: str, registry: Registry, clock: Clock) -> Source:
    """The source of the pipeline ``name``; several as one."""
    p, house = settings.pipelines[name], given(settings, name, clock, None)

    def built(choice: Choice) -> Source:
        layout = layout_of_one(p.layout, choice, len(p.sources))
        source: Source = registry.build("source", choice.use, choice.options, {**house, "layout": layout})
        return source

    feeds = [Feed(n, built(choice), choice.series) for n, choice in p.sources.items()]
    return feeds[0].source if len(feeds) == 1 else Several(feeds)


def build_forecasters(
    settings: Settings,
    name: str,
    registry: Registry,
    clock: Clock,
    rng: np.random.Generator,
    also: tuple[str, ...] = (),
) -> dict[str, Forecaster]:
    """The ladder of the pipeline ``name`` in the admin's order, as new: nothing is loaded. ``also``: more of them."""
    p, house = settings.pipelines[name], given(settings, name, clock, rng)
    named = dict.fromkeys((*p.forecasters, *also))
    return {f: build_forecaster(registry, f, p.forecaster_options, house) for f in named}


def build_correctors(
    settings: Settings, name: str, registry: Registry, clock: Clock, rng: np.random.Generator
) -> tuple[dict[str, InputCorrector], dict[str, ForecastCorrector]]:
    """The correctors of inputs and of forecasts of the pipeline ``name``, as new: nothing is loaded."""
    plugged = build_correctors_of(settings.pipelines[name], registry, given(settings, name, clock, rng))
    return plugged["input_correctors"], plugged["forecast_correctors"]


def build_pipeline(
    settings: Settings,
    name: str,
    registry: Registry,
    store: Store,
    *,
    clock: Clock,
    rng: np.random.Generator,
    isolate: Isolate | None = None,
    source: Source | None = None,
    buffer: Buffer | None = None,
    versions: Mapping[str, str] | None = None,
    beside: Mapping[str, object] | None = None,
) -> Pipeline:
    """The pipeline ``name``, ready for ``run_cycle``, with the reigning model of each forecaster (``versions`` names
    others). One without a usable model is left out, with a warning in every bulletin. ``source`` or ``buffer`` replace
    the configured source, for backtests and replays; ``beside``: parts that read its windows too.
    Raises PluginError, StoreError."""
    p, house = settings.pipelines[name], given(settings, name, clock, rng)
    fresh = build_forecasters(settings, name, registry, clock, rng)
    guarded = {n: isolate(n, f) for n, f in fresh.items()} if isolate else fresh
    forecasters, digests, warnings = load_models(house["shelf"], fresh, guarded, versions)
    plugged, more, its_warnings = load_correctors(p, house["shelf"], build_plugs(p, registry, house), versions)
    if buffer is None:
        feed = source or build_source(settings, name, registry, clock)
        buffer = make_buffer(p, feed, store, {**(beside or {}), **correctors_of(plugged), **forecasters}, clock)
    models, told = {**digests, **more}, (*warnings, *its_warnings)
    return Pipeline(
        name=name, layout=p.layout, buffer=FlaggedBuffer(buffer, settings.flags), forecasters=forecasters, store=store,
        thresholds=p.thresholds, rules=p.rules, delay=p.delay, revisions=p.revisions,
        learner=make_learner(p, forecasters, plugged["forecast_correctors"], models),
        digests={"config": p.digest, **models}, warnings=told,
        watch=Watchman(models, settings.platform.language, house["words"].duration), **plugged,
    )  # fmt: skip


def build_plugs(p: PipelineSettings, registry: Registry, house: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Correctors, explainers and sinks, by the Pipeline's own names for them."""
    sinks = build_each(registry, "sink", p.sinks, house)
    return {
        **build_correctors_of(p, registry, house),
        "explainers": build_each(registry, "explainer", chosen(p.explainers, p.explainer_options), house),
        "sinks": {n: punctual(n, sink, p.sinks[n].timeout_s) for n, sink in sinks.items()},
    }


def build_correctors_of(p: PipelineSettings, registry: Registry, house: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """One that corrects both is one part: what it learns of inputs, it knows of forecasts."""
    named = tuple(dict.fromkeys((*p.correct_inputs, *p.correct_forecast)))
    return in_lists(p, build_each(registry, "corrector", chosen(named, p.corrector_options), house))


def load_correctors(
    p: PipelineSettings, shelf: Shelf, plugged: dict[str, dict[str, Any]], versions: Mapping[str, str] | None
) -> tuple[dict[str, dict[str, Any]], dict[str, str], tuple[Problem, ...]]:
    """``plugged`` with the correctors that can work, their models loaded as :func:`load_models` does; they run in this
    process."""
    made = correctors_of(plugged)
    correctors, digests, warnings = load_models(shelf, made, made, versions)
    return plugged | in_lists(p, correctors), digests, warnings


def correctors_of(plugged: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    return {**plugged["input_correctors"], **plugged["forecast_correctors"]}


def in_lists(p: PipelineSettings, correctors: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The correctors there are, in the admin's two lists."""
    lists = {"input_correctors": p.correct_inputs, "forecast_correctors": p.correct_forecast}
    return {role: {n: correctors[n] for n in names if n in correctors} for role, names in lists.items()}


def build_each(
    registry: Registry, role: str, choices: Mapping[str, Choice], house: Mapping[str, Any]
) -> dict[str, Any]:
    return {n: registry.build(role, c.use, c.options, house) for n, c in choices.items()}


def given(settings: Settings, name: str, clock: Clock, rng: np.random.Generator | None) -> dict[str, Any]:
    """What the house gives to factories that name it."""
    p = settings.pipelines[name]
    return {
        "folder": settings.folder,
        "layout": p.layout,
        "places": places_of(p),
        "ratings": p.ratings,
        "thresholds": p.thresholds,
        "rng": rng if rng is not None else np.random.default_rng(0),
        "clock": clock,
        "shelf": open_shelf(settings, name, clock),
        "words": Words.of(settings.platform.language, settings.platform.timezone),
    }


def places_of(p: PipelineSettings) -> dict[str, tuple[float, float]]:
    """Latitude and longitude by series: of the gauges where inputs.csv says it, of the targets from stations.csv."""
    stations = dict(zip(p.layout.targets, p.positions.tolist(), strict=True))
    placed = {series: (lat, lon) for series, (lat, lon) in stations.items() if np.isfinite(lat) and np.isfinite(lon)}
    return placed | {series: gauge.place for series, gauge in p.gauges.items() if gauge.place is not None}


def chosen(names: tuple[str, ...], options: Mapping[str, Mapping[str, Any]]) -> dict[str, Choice]:
    return {name: Choice(name, options.get(name, {})) for name in names}


def make_buffer(
    p: PipelineSettings, source: Source, store: Store, parts: Mapping[str, object], clock: Clock
) -> SeriesBuffer:
    """The buffer over ``source``, filled with what the store remembers of the span that windows reach back to."""
    durations = durations_needed(parts)
    now = clock()
    since = (now - memory_of(p.layout, durations, p.overlap) - p.layout.step).astype("datetime64[s]")
    until = (now + p.layout.horizon * p.layout.step).astype("datetime64[s]")
    return SeriesBuffer(
        p.layout,
        source,
        durations=durations,
        overlap=p.overlap,
        rain_label=p.rain_label,
        restored=store.observations(p.name, since, until, now.astype("datetime64[us]")),
    )


def make_learner(
    p: PipelineSettings, forecasters: Mapping[str, Forecaster], correctors: Mapping[str, Any], models: Mapping[str, str]
) -> Learner:
    """What lets the forecasters and correctors that can go on learning do so, and tells whether models get worse."""
    from ..verification.online import OnlineLearner

    drift = Drift(p.layout.step, p.layout.horizon, models_number(models))
    more: Mapping[str, object] = {NAME: drift, decomposition_rest.NAME: decomposition_rest.Rest()}
    return OnlineLearner({**correctors, **forecasters, **more}, (*correctors, *more))
