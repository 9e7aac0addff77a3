"""Challengers in the shadow of a pipeline: they forecast beside the reigning model from the same window, through the
same correctors with what these learn of them, and are kept under a name of their own for ``hydria verify``.

A shadow is a pipeline without thresholds, sinks and explainers: it has nothing to alert on and nobody to tell. It runs
after everything is sent; whatever goes wrong is a line in the log, and where it had a window, a note in its bulletin.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np

from ..alerts import Thresholds
from ..config import Settings
from ..config.building import Isolate, build_correctors_of, correctors_of, given, load_correctors
from ..config.loading import load_models
from ..config.plugging import build_forecaster
from ..cycle import Pipeline, run_cycle
from ..errors import HydriaError
from ..manual_flags import FlaggedBuffer
from ..plugins import Registry
from ..roles import Buffer, Store
from ..values import Bulletin, Layout, Observations, Problem, Window
from ..verification.online import OnlineLearner
from ..verification.shadows import shadow_name
from .replay import as_of_then, buffer_of_then, models_of, random_of
from .rounds import Clock, utc

log = logging.getLogger("hydria.host")


class Echo:
    """A buffer that gives the last window of another once more."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.heard: tuple[np.datetime64, np.datetime64, Window] | None = None

    def window(self, issued_at: np.datetime64, known_at: np.datetime64) -> Window:
        """Raises HydriaError for any other step: a shadow knows nothing of its own."""
        if self.heard is None or self.heard[:2] != (issued_at, known_at):
            raise HydriaError(f"no window of {utc(issued_at)} was heard")
        return self.heard[2]

    def pending(self) -> Observations:
        """Nothing: what was received is kept with the bulletin that was issued."""
        none, whole = np.empty(0), np.empty(0, np.int32)
        times = none.astype("M8[s]")
        return Observations((), whole, times, none, whole.astype(np.uint8), whole, whole, none.astype("M8[us]"))

    def commit(self) -> None: ...

    def problems(self) -> tuple[Problem, ...]:
        return ()


class Overheard:
    """A buffer whose windows an echo repeats."""

    def __init__(self, inner: Buffer, echo: Echo) -> None:
        self.inner, self.echo, self.layout = inner, echo, inner.layout
        self.pending, self.commit, self.problems = inner.pending, inner.commit, inner.problems

    def window(self, issued_at: np.datetime64, known_at: np.datetime64) -> Window:
        window = self.inner.window(issued_at, known_at)
        self.echo.heard = issued_at, known_at, window
        return window


def build_shadows(
    settings: Settings, name: str, registry: Registry, store: Store, clock: Clock, isolate: Isolate | None
) -> tuple[dict[str, Pipeline], Echo]:
    """The shadows of the pipeline ``name`` by challenger, and the buffer that they share."""
    p = settings.pipelines[name]
    echo = Echo(p.layout)
    found: dict[str, Pipeline] = {}
    for challenger in p.shadow:
        try:
            buffer = FlaggedBuffer(echo, settings.flags)
            found[challenger] = build_shadow(settings, name, challenger, registry, store, buffer, clock, isolate)
        except Exception as error:
            log.warning("shadow not built pipeline=%s shadow=%s error=%s", name, challenger, error)
    return found, echo


def build_shadow(
    settings: Settings,
    name: str,
    challenger: str,
    registry: Registry,
    store: Store,
    buffer: Buffer,
    clock: Clock,
    isolate: Isolate | None = None,
    versions: Mapping[str, str] | None = None,
) -> Pipeline:
    """One shadow. Without a sound model it has no forecaster, and a note in each of its bulletins."""
    p, house = settings.pipelines[name], given(settings, name, clock, random_of(name))
    forecaster, _, version = challenger.partition("@")
    fresh = {forecaster: build_forecaster(registry, forecaster, p.forecaster_options, house)}
    guarded = {n: isolate(n, f) for n, f in fresh.items()} if isolate else fresh
    asked = {forecaster: version} if version and versions is None else versions
    ready, digests, notes = load_models(house["shelf"], fresh, guarded, asked)
    plugged, more, its_notes = load_correctors(p, house["shelf"], build_correctors_of(p, registry, house), versions)
    correctors = plugged["forecast_correctors"]
    return Pipeline(
        shadow_name(name, challenger), p.layout, buffer, ready, store,
        Thresholds((), np.empty((len(p.layout.stations), 0))), replace(p.rules, rates=()),
        delay=p.delay, revisions=p.revisions, learner=OnlineLearner({**correctors, **ready}, tuple(correctors)),
        digests={"config": p.digest, **digests, **more}, warnings=(*notes, *its_notes),
        input_correctors=plugged["input_correctors"], forecast_correctors=correctors,
    )  # fmt: skip


def parts_of(shadow: Pipeline) -> dict[str, object]:
    """What reads windows, by names of its own."""
    parts = {**correctors_of(vars(shadow)), **shadow.forecasters}
    return {f"{shadow.name}.{name}": part for name, part in parts.items()}


def with_shadows(pipeline: Pipeline, shadows: Mapping[str, Pipeline], echo: Echo) -> Pipeline:
    """The pipeline with its shadows listening; as it was without any."""
    if not shadows or not isinstance(pipeline.buffer, FlaggedBuffer):
        return pipeline
    heard = pipeline.buffer.over(Overheard(pipeline.buffer.inner, echo))
    return replace(pipeline, buffer=heard, shadows=dict(shadows))


def run_shadows(pipeline: Pipeline, bulletin: Bulletin, watch: Callable[[], float] = time.monotonic) -> None:
    """The challengers' forecasts for the step of ``bulletin``. Once they have used up a quarter of a step, those left
    are passed over: the next step must not wait. Raises nothing."""
    most, begun = float(pipeline.layout.step / np.timedelta64(1, "s")) / 4, watch()
    for challenger, shadow in pipeline.shadows.items():
        told = "shadow %s pipeline=%s issued_at=%s shadow=%s why=%s"
        where = (pipeline.name, utc(bulletin.issued_at), challenger)
        if watch() - begun > most:
            log.warning(told, "passed over", *where, f"those before it took more than {most:g} s")
            continue
        try:
            kept = run_cycle(shadow, bulletin.issued_at, bulletin.known_at)
        except Exception as error:
            log.warning(told, "failed", *where, f"{type(error).__name__}: {error}")
            continue
        for problem in kept.problems if kept.window is not None else ():
            log.info(told, "noted", *where, f"{problem.stage}: {problem.error}")


def replay_shadow(
    settings: Settings, registry: Registry, pipeline: Pipeline, challenger: str, issued_at: np.datetime64, clock: Clock
) -> Bulletin:
    """A challenger's forecast made again from what its pipeline had received by then. Raises HydriaError where the
    store has none."""
    name, store = pipeline.name, pipeline.store
    stored = store.bulletin(shadow_name(name, challenger), issued_at)
    if stored is None:
        raise HydriaError(f"there is no forecast of {challenger!r} in the shadow of {name!r} for {utc(issued_at)}")
    buffer = FlaggedBuffer(buffer_of_then(pipeline, stored), settings.flags)
    draft = build_shadow(settings, name, challenger, registry, store, buffer, clock, versions=models_of(stored.digests))
    return run_cycle(as_of_then(draft, buffer.inner, store, stored), issued_at, stored.known_at)  # type: ignore[arg-type]
