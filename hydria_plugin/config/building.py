"""From checked settings to the parts that run: the store, the shelf of models, the pipelines."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ..buffer import SeriesBuffer, memory_of
from ..cycle import Learner, Pipeline
from ..delivery import punctual
from ..drawing.words import Words
from ..errors import ConfigError, ModelError
from ..learning.shelf import Shelf
from ..plugins import Registry
from ..roles import Buffer, Forecaster, Needs, Persistent, Source, Store, Trainable
from ..values import Problem
from .platform import scheme_of
from .plugging import build_forecaster
from .settings import Choice, PipelineSettings, Settings

logger = logging.getLogger("hydria.config")

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
    """The source of the pipeline ``name``."""
    chosen = settings.pipelines[name].source
    source: Source = registry.build("source", chosen.use, chosen.options, given(settings, name, clock, None))
    return source


def build_forecasters(
    settings: Settings, name: str, registry: Registry, clock: Clock, rng: np.random.Generator
) -> dict[str, Forecaster]:
    """The ladder of the pipeline ``name`` in the admin's order, as new: nothing is loaded."""
    pipeline = settings.pipelines[name]
    house = given(settings, name, clock, rng)
    return {f: build_forecaster(registry, f, pipeline.forecaster_options, house) for f in pipeline.forecasters}


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
) -> Pipeline:
    """The pipeline ``name``, ready for ``run_cycle``, with the reigning model of each forecaster (``versions`` names
    others). A forecaster without a usable model is left out, with a warning in every bulletin. ``source`` or ``buffer``
    replace the configured source, for backtests and replays. Raises PluginError, StoreError."""
    p = settings.pipelines[name]
    house = given(settings, name, clock, rng)
    fresh = build_forecasters(settings, name, registry, clock, rng)
    guarded = {n: isolate(n, f) for n, f in fresh.items()} if isolate else fresh
    forecasters, digests, warnings = load_models(house["shelf"], fresh, guarded, versions)
    if buffer is None:
        feed = source if source is not None else build_source(settings, name, registry, clock)
        buffer = make_buffer(p, feed, store, forecasters, clock)
    plugged = build_plugs(p, registry, house)
    return Pipeline(
        name=name,
        layout=p.layout,
        buffer=buffer,
        forecasters=forecasters,
        store=store,
        thresholds=p.thresholds,
        rules=p.rules,
        learner=make_learner(forecasters, plugged["forecast_correctors"]),
        delay=p.delay,
        revisions=p.revisions,
        digests={"config": p.digest, **digests},
        warnings=warnings,
        **plugged,
    )


def build_plugs(p: PipelineSettings, registry: Registry, house: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Correctors, explainers and sinks, by the Pipeline's own names for them."""

    def build(role: str, choices: Mapping[str, Choice]) -> dict[str, Any]:
        return {n: registry.build(role, c.use, c.options, house) for n, c in choices.items()}

    return {
        "input_correctors": build("corrector", chosen(p.correct_inputs, p.corrector_options)),
        "forecast_correctors": build("corrector", chosen(p.correct_forecast, p.corrector_options)),
        "explainers": build("explainer", chosen(p.explainers, p.explainer_options)),
        "sinks": {n: punctual(n, sink, p.sinks[n].timeout_s) for n, sink in build("sink", p.sinks).items()},
    }


def given(settings: Settings, name: str, clock: Clock, rng: np.random.Generator | None) -> dict[str, Any]:
    """What the house gives to factories that name it."""
    return {
        "folder": settings.folder,
        "layout": settings.pipelines[name].layout,
        "rng": rng if rng is not None else np.random.default_rng(0),
        "clock": clock,
        "shelf": open_shelf(settings, name, clock),
        "words": Words.of(settings.platform.language, settings.platform.timezone),
    }


def chosen(names: tuple[str, ...], options: Mapping[str, Mapping[str, Any]]) -> dict[str, Choice]:
    return {name: Choice(name, options.get(name, {})) for name in names}


def load_models(
    shelf: Shelf, fresh: Mapping[str, Forecaster], guarded: Mapping[str, Forecaster], versions: Mapping[str, str] | None
) -> tuple[dict[str, Forecaster], dict[str, str], tuple[Problem, ...]]:
    """The forecasters that can forecast, the versions of their models, and a problem for each that has no sound one.

    Loading goes through ``guarded``: a worker process is lost, not this one, where a library aborts on a bad model.
    """
    ready: dict[str, Forecaster] = {}
    digests: dict[str, str] = {}
    problems: list[Problem] = []
    for name, forecaster in fresh.items():
        if not needs_model(forecaster):
            ready[name] = guarded[name]
            continue
        try:
            version = shelf.active(name) if versions is None else versions.get(name)
            if version is None:
                untrained(shelf, name, forecaster)
                ready[name] = guarded[name]
                continue
            loader: Any = guarded[name]  # has what its class, asked above, has
            ready[name] = loader.load(shelf.folder(name, version))
            digests[f"model:{name}"] = str(version)
        except Exception as error:  # a model file may make any library raise anything; the next rung fills in
            problems.append(left_out(shelf.pipeline, name, error))
            if works_untrained(forecaster):
                ready[name] = guarded[name]
    return ready, digests, tuple(problems)


def needs_model(forecaster: Forecaster) -> bool:
    """Does it learn from a record and keep what it learned on the shelf?"""
    return isinstance(forecaster, Trainable) and isinstance(forecaster, Persistent)


def works_untrained(forecaster: Forecaster) -> bool:
    """Persistence does: it says so itself."""
    return bool(getattr(forecaster, "works_untrained", False))


def untrained(shelf: Shelf, name: str, forecaster: Forecaster) -> None:
    """Raise ModelError unless it can do without a model."""
    if not works_untrained(forecaster):
        raise ModelError(f"{name} has no model in {shelf.root}: run `hydria train`")


def left_out(pipeline: str, name: str, error: Exception) -> Problem:
    """The warning that every bulletin carries."""
    said = str(error) if isinstance(error, ModelError) else f"its model cannot be loaded: {error!r}"
    logger.warning("model not used pipeline=%s forecaster=%s why=%s", pipeline, name, said)
    return Problem(name, None, f"not used: {said}")


def make_buffer(
    p: PipelineSettings, source: Source, store: Store, forecasters: Mapping[str, Forecaster], clock: Clock
) -> SeriesBuffer:
    """The buffer over ``source``, filled with what the store remembers of the span that windows reach back to."""
    durations = durations_needed(forecasters)
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


def durations_needed(forecasters: Mapping[str, Forecaster]) -> tuple[np.timedelta64, ...]:
    """The running totals that the forecasters declare, each once, rising."""
    wanted = {np.timedelta64(d, "s") for f in forecasters.values() if isinstance(f, Needs) for d in f.antecedent}
    return tuple(sorted(wanted))


def make_learner(forecasters: Mapping[str, Forecaster], correctors: Mapping[str, Any]) -> Learner:
    """What lets the forecasters and correctors that can go on learning do so."""
    from ..verification.online import OnlineLearner

    return OnlineLearner({**correctors, **forecasters}, tuple(correctors))
