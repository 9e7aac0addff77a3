"""Pipelines as the host runs them: built, checked whether they are still current, dismissed."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from functools import partial

import numpy as np

from ..config import Settings, build_pipeline, open_shelf
from ..cycle import Pipeline
from ..errors import ModelError, PluginError
from ..plugins import Registry
from ..roles import Forecaster, Persistent, Store
from ..worker import Isolated
from .replay import MODEL, random_of
from .rounds import Clock
from .shadowing import build_shadows, parts_of, with_shadows

log = logging.getLogger("hydria.host")

Reigning = Mapping[str, str | None]  # forecaster -> version, None without one


def build(settings: Settings, name: str, registry: Registry, store: Store, clock: Clock, isolate: bool) -> Pipeline:
    """The pipeline ``name``, its models in processes of their own if ``isolate``."""
    deadline = float(settings.pipelines[name].deadline / np.timedelta64(1, "s"))
    own = partial(isolated, deadline=deadline) if isolate else None
    shadows, echo = build_shadows(settings, name, registry, store, clock, own)
    beside = {n: part for shadow in shadows.values() for n, part in parts_of(shadow).items()}
    made = build_pipeline(settings, name, registry, store, clock=clock, rng=random_of(name), isolate=own, beside=beside)
    return with_shadows(made, shadows, echo)


def isolated(name: str, forecaster: Forecaster, deadline: float) -> Forecaster:
    """``forecaster`` in a process of its own. Stays in ours: what the house wrote and needs no model, and, with a
    warning, what cannot be sent to another."""
    if type(forecaster).__module__.startswith("hydria_plugin.") and not isinstance(forecaster, Persistent):
        return forecaster
    try:
        return Isolated(forecaster, name, deadline)
    except PluginError as error:
        log.warning("forecaster not isolated forecaster=%s why=%s", name, error)
        return forecaster


def is_current(pipeline: Pipeline, settings: Settings, before: Settings, clock: Clock) -> bool:
    """Whether building it anew from ``settings`` would give the same: its table and files, and its models."""
    old, new = before.pipelines.get(pipeline.name), settings.pipelines[pipeline.name]
    if old is None or old.digest != new.digest or before.platform.models != settings.platform.models:
        return False
    loaded = dict(pipeline.digests)
    for shadow in pipeline.shadows.values():
        loaded = {**shadow.digests, **loaded}
    now = models_now(settings, pipeline.name, clock)
    return now == {name: loaded.get(f"{MODEL}{name}") for name in now}


def models_now(settings: Settings, name: str, clock: Clock) -> Reigning:
    """The reigning version of every forecaster of the ladder and of every corrector, None without one."""
    shelf = open_shelf(settings, name, clock)

    def active(forecaster: str) -> str | None:
        try:
            return shelf.active(forecaster)
        except ModelError:
            return None

    p = settings.pipelines[name]
    return {part: active(part) for part in dict.fromkeys((*p.learning_parts, *p.challengers))}


def are_news(settings: Settings, name: str, clock: Clock, now: Reigning, before: Reigning) -> bool:
    """Whether another version reigns for a forecaster than did; a pointer that cannot be read is none. Raises
    ModelError when such a version is damaged."""
    shelf, changed = open_shelf(settings, name, clock), {n: v for n, v in now.items() if v and v != before.get(n)}
    for forecaster, version in changed.items():
        shelf.folder(forecaster, version)
    return bool(changed)


def dismiss(pipeline: Pipeline) -> None:
    """End the processes of its models; they would start again if asked."""
    for one in (pipeline, *pipeline.shadows.values()):
        for forecaster in one.forecasters.values():
            if isinstance(forecaster, Isolated):
                forecaster.close()
