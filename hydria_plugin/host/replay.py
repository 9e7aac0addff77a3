"""Make a stored bulletin again: from what was received by then, the models and the learned states of then."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..buffer import SeriesBuffer
from ..config import Settings, build_pipeline, open_shelf
from ..config.loading import durations_of
from ..cycle import Pipeline, run_cycle
from ..errors import HydriaError, ModelError
from ..manual_flags import FlaggedBuffer
from ..plugins import Registry
from ..roles import State, Store
from ..values import Alert, Bools, Bulletin, Window
from .rounds import Clock, utc

log = logging.getLogger("hydria.host")

MODEL = "model:"
NO_OVERLAP = np.timedelta64(0, "s")  # nothing is asked of a source


@dataclass(frozen=True)
class Recalled:
    """The learner of a replay: what had been learned by then."""

    states: Mapping[str, State]

    def update(self, window: Window, store: Store, pipeline: str, believed: Bools) -> Mapping[str, State]:
        return self.states


@dataclass(frozen=True)
class AsOfThen:
    """The store as the cycle that made ``bulletin`` found it, as far as a cycle asks; it keeps nothing."""

    store: Store
    stored: Bulletin

    def bulletin(self, pipeline: str, issued_at: np.datetime64, revision: int | None = None) -> Bulletin | None:
        before = self.stored.revision - 1
        return None if before < 0 else self.store.bulletin(pipeline, issued_at, before)

    def last_alerts(self, pipeline: str, before: np.datetime64) -> tuple[Alert, ...]:
        issued_at = self.stored.issued_at
        open_events = {a.station: a for a in self.store.last_alerts(pipeline, issued_at)}
        for revision in range(self.stored.revision):
            earlier = self.store.bulletin(pipeline, issued_at, revision)
            for alert in earlier.alerts if earlier is not None else ():
                open_events[alert.station] = alert
        return tuple(alert for alert in open_events.values() if alert.rank >= 0)

    def put(self, bulletin: Bulletin, sinks: Sequence[str] = ()) -> None:
        """Kept already."""


def replay(
    settings: Settings,
    registry: Registry,
    store: Store,
    clock: Clock,
    name: str,
    issued_at: np.datetime64,
    revision: int | None,
) -> Bulletin:
    """The bulletin as made anew. Raises HydriaError when it is not in the store, ModelError when a model is gone."""
    stored = store.bulletin(name, issued_at, revision)
    if stored is None:
        which = "" if revision is None else f" revision {revision}"
        raise HydriaError(f"there is no bulletin of {name!r} for {utc(issued_at)}{which} in the store")
    settings_of = settings.pipelines[name]
    if stored.digests.get("config") != settings_of.digest:
        log.warning("replay pipeline=%s issued_at=%s the configuration has changed since", name, utc(issued_at))
    versions = models_of(stored.digests)
    for forecaster, version in versions.items():
        check_model(settings, name, clock, forecaster, version)
    empty = SeriesBuffer(settings_of.layout, None, overlap=NO_OVERLAP)  # which totals it needs is known later
    draft = build_pipeline(
        settings, name, registry, store, clock=clock, rng=random_of(name), buffer=empty, versions=versions
    )
    buffer = buffer_of_then(draft, stored)
    return run_cycle(as_of_then(draft, buffer, store, stored), stored.issued_at, stored.known_at)


def random_of(name: str) -> np.random.Generator:
    """The same random numbers for a pipeline at every start."""
    return np.random.default_rng(list(name.encode()))


def models_of(digests: Mapping[str, str]) -> dict[str, str]:
    """Forecaster -> version of its model, in the digests of a bulletin or a pipeline."""
    return {key.removeprefix(MODEL): v for key, v in digests.items() if key.startswith(MODEL)}


def check_model(settings: Settings, name: str, clock: Clock, forecaster: str, version: str) -> None:
    shelf = open_shelf(settings, name, clock)
    try:
        shelf.folder(forecaster, version)
    except ModelError as error:
        kept = ", ".join(shelf.versions(forecaster)) or "none"
        raise ModelError(
            f"the bulletin was made with model {version} of {forecaster!r}, which cannot be used: {error}; "
            f"versions there: {kept}"
        ) from error


def buffer_of_then(pipeline: Pipeline, stored: Bulletin) -> SeriesBuffer:
    """The buffer over what had been received when the bulletin was made."""
    layout, durations = pipeline.layout, durations_of(pipeline)
    back = max([layout.past * layout.step, *durations])
    since = (stored.issued_at - 2 * back - layout.step).astype("datetime64[s]")
    until = stored.issued_at + layout.horizon * layout.step
    known = pipeline.store.observations(pipeline.name, since, until, stored.known_at)
    return SeriesBuffer(layout, None, durations=durations, overlap=NO_OVERLAP, restored=known)


def as_of_then(draft: Pipeline, buffer: SeriesBuffer, store: Store, stored: Bulletin) -> Pipeline:
    """The pipeline with the ladder, the learned states and the memory of then."""
    later = set(models_of(draft.digests)) - set(models_of(stored.digests))
    return replace(
        draft,
        buffer=draft.buffer.over(buffer) if isinstance(draft.buffer, FlaggedBuffer) else buffer,
        forecasters={name: f for name, f in draft.forecasters.items() if name not in later},
        store=AsOfThen(store, stored),  # type: ignore[arg-type]
        learner=Recalled(stored.learned),
        sinks={},
        revisions=max(draft.revisions, stored.revision + 1),
    )
