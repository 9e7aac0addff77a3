"""Hydria in a host program: ``open_host("hydria.toml")`` gives a :class:`Host` that runs steps when asked, or alone.

Embedded it keeps to itself: no signal handlers, no logging set-up (loggers ``hydria.*``), no global state.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import numpy as np

from ..config import Settings, open_store, read_config
from ..cores import one_core_each
from ..cycle import Pipeline
from ..errors import ConfigError, HydriaError
from ..ledger import newest_due
from ..plugins import Registry, load_plugins
from ..roles import Store
from ..schedule import ClockWatch, Pacemaker, system_clock
from ..values import Bulletin
from . import assembling, pruning
from .replay import models_of, replay
from .rounds import Clock
from .single import SingleWriter
from .status import pipeline_status
from .watch import Watch, end_as_failed

__all__ = ["Host", "open_host"]

log = logging.getLogger("hydria.host")


def open_host(
    path: str | Path, plugins: Sequence[object] = (), clock: Clock | None = None, isolate: bool = False
) -> Host:
    """Read the configuration at ``path``, open its store, load its models. ``plugins``: modules or objects with hooks
    of the host program's own. ``clock``: UTC now as datetime64, for trials. ``isolate``: run models in processes of
    their own. Raises ConfigError (every fault at once), StoreError, PluginError."""
    registry = load_plugins(plugins)
    settings = read_config(path, registry=registry)
    return Host(settings, registry, open_store(settings, registry), clock or system_clock, isolate)


class Host:
    """All pipelines of one configuration. Its methods may be called from any thread; cycles run one at a time."""

    def __init__(
        self, settings: Settings, registry: Registry, store: Store, clock: Clock = system_clock, isolate: bool = False
    ) -> None:
        self.settings, self.registry, self.store, self.clock = settings, registry, store, clock
        self._isolate = isolate
        self._cycles = threading.RLock()  # one cycle at a time
        self._single = SingleWriter(store)
        self._pace: Pacemaker | None = None
        self._stopping = threading.Event()
        self._watches = {name: self._watch(settings, name) for name in settings.pipelines}

    # ---- one step ----

    def run_once(self, pipeline: str | None = None, issued_at: np.datetime64 | None = None) -> Bulletin:
        """Make the forecast of one step now (the newest one due by default; the only pipeline by default), send and
        explain it. The same step with nothing new gives back the bulletin that is there. Raises FeedError and
        StoreError, after the ledger was told; HydriaError for a pipeline that is not configured, and for what is no
        step of it, or one to come."""
        with one_core_each(), self._cycles, self._writing():
            watch = self._watches[self._named(pipeline)]  # the one that stands when it is our turn
            at = self._step(watch.pipeline, issued_at)
            try:
                bulletin = watch.run(at)
            except Exception as error:
                if not self.running:  # nobody tries again
                    end_as_failed(watch, at, error)
                raise
            watch.shadow()
            return bulletin

    def tick(self) -> None:
        """Do whatever is due, with the models that reign by now: newest steps, older ones, revisions, deliveries.
        Raises StoreError only when another instance holds the store; what fails is logged, and tried again later."""
        with one_core_each(), self._cycles, self._writing():
            for watch in list(self._watches.values()):
                if not self._stopping.is_set():
                    self._take_new_models(watch)
                    watch.round(self._stopping.is_set)
            for watch in self._watches.values():
                watch.shadow(self._stopping.is_set)
            pruning.prune(self.settings, self._watches, self.clock(), self._pace)

    def replay(self, pipeline: str, issued_at: np.datetime64, revision: int | None = None) -> Bulletin:
        """Make a stored bulletin again (the newest revision by default), and keep nothing of it. Raises HydriaError
        when it is not in the store, ModelError when a model it was made with is gone."""
        name, at = self._named(pipeline), issued_at.astype("datetime64[s]")
        return replay(self.settings, self.registry, self.store, self.clock, name, at, revision)

    # ---- by itself ----

    def start(self, every: float = 5.0) -> None:
        """Tick every ``every`` seconds on threads of its own until ``stop``. Raises StoreError where another runs."""
        if self.running:
            raise HydriaError("the host is running already")
        self._single.take()
        self._stopping.clear()
        self._pace = Pacemaker(self.tick, every, ClockWatch())
        self._pace.start()
        log.info("started platform=%s pipelines=%s", self.settings.platform.name, ",".join(self._watches))

    def stop(self, timeout: float = 10.0) -> None:
        """End after the running cycle; one that takes longer than ``timeout`` seconds is left behind, its models'
        processes ended: the step has no end in the ledger then and is made again at the next start."""
        self._stopping.set()
        pace, self._pace = self._pace, None
        finished = pace.stop(timeout) if pace is not None else True
        for watch in self._watches.values():
            assembling.dismiss(watch.pipeline)
        if finished:
            self._stopping.clear()
        if pace is not None:
            self._single.free()  # a cycle that was left behind holds it until it ends
            log.info(
                "stopped platform=%s cycle=%s", self.settings.platform.name, "ended" if finished else "left behind"
            )

    def close(self) -> None:
        """Stop, and close the store."""
        self.stop()
        self.store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def running(self) -> bool:
        """Started, and not stopped."""
        return self._pace is not None

    @property
    def tick_age(self) -> float | None:
        """Seconds of the monotonic clock since a tick last ended: the liveness. None while not running."""
        pace = self._pace
        return None if pace is None else pace.age

    # ---- from outside ----

    def reload(self) -> None:
        """Read the configuration anew. Pipelines whose part of it, and whose models, are as before go on as they are.
        Raises ConfigError, PluginError or StoreError when the new one cannot be used: then the old one runs on."""
        settings = read_config(self.settings.path, registry=self.registry)
        if settings.platform.store != self.settings.platform.store:
            raise ConfigError(f"{settings.path.name}: platform.store has changed: stop and start again to change it")
        with self._cycles:
            fresh = {
                name: watch if (watch := self._kept(settings, name)) else self._watch(settings, name)
                for name in settings.pipelines
            }
            left = [w for name, w in self._watches.items() if fresh.get(name) is not w]
            self.settings, self._watches = settings, fresh
        for watch in left:
            assembling.dismiss(watch.pipeline)
        log.info("reloaded pipelines=%s new=%d", ",".join(fresh), sum(w.last is None for w in fresh.values()))

    def status(self) -> dict[str, Any]:
        """Facts on how it stands, JSON-able; an unreadable store is one of them."""
        pace, now = self._pace, self.clock()
        pipelines: dict[str, Any] = {}
        for name, watch in list(self._watches.items()):
            try:
                pipelines[name] = pipeline_status(watch, now)
            except HydriaError as error:
                pipelines[name] = {"issued_at": None, "state": "unknown", "last_error": str(error)}
        return {
            "platform": self.settings.platform.name,
            "running": self.running,
            "tick_age_s": pace.age if pace is not None else None,
            "alive": pace is not None and not pace.overdue,
            "clock_jumps": pace.watch.jumps if pace is not None else 0,
            "pipelines": pipelines,
        }

    @property
    def pipelines(self) -> dict[str, Pipeline]:
        """The built pipelines, by name."""
        return {name: watch.pipeline for name, watch in self._watches.items()}

    # ---- inside ----

    def _named(self, name: str | None) -> str:
        if name is None and len(self._watches) == 1:
            return next(iter(self._watches))
        if name is None or name not in self._watches:
            asked = "name one of them" if name is None else f"there is no pipeline {name!r}"
            raise HydriaError(f"{asked}; configured: {', '.join(self._watches)}")
        return name

    def _step(self, pipeline: Pipeline, asked: np.datetime64 | None) -> np.datetime64:
        """The step asked for, the newest one due by default. Raises HydriaError before the ledger hears of it."""
        step, now = pipeline.layout.step, self.clock()
        if asked is None:
            return newest_due(now, step, pipeline.delay)
        at = newest_due(asked, step, np.timedelta64(0, "s"))
        if asked != at:
            raise HydriaError(f"{asked} is no step of {pipeline.name!r}; allowed: multiples of {step} since 1970 (UTC)")
        if asked > now:
            raise HydriaError(f"{asked} is in the future; allowed: steps of {pipeline.name!r} until {now} (UTC)")
        return at

    def _build(self, settings: Settings, name: str) -> Pipeline:
        return assembling.build(settings, name, self.registry, self.store, self.clock, self._isolate)

    def _watch(self, settings: Settings, name: str) -> Watch:
        reigning = assembling.models_now(settings, name, self.clock)  # before they are loaded: one may follow meanwhile
        return Watch(self._build(settings, name), self.clock, self.registry, reigning)

    def _take_new_models(self, watch: Watch) -> None:
        """Go on with the models that reign now, where they have changed. What fails is told once; the old go on."""
        name, before = watch.pipeline.name, watch.reigning
        try:
            watch.reigning = assembling.models_now(self.settings, name, self.clock)
            if not assembling.are_news(self.settings, name, self.clock, watch.reigning, before):
                return
            fresh = self._build(self.settings, name)
        except Exception as error:
            told = None if isinstance(error, HydriaError) else error
            log.error("new models not taken pipeline=%s error=%s", name, error, exc_info=told)
            return
        watch.pipeline, old = fresh, watch.pipeline
        assembling.dismiss(old)
        log.info("new models taken pipeline=%s models=%s", name, models_of(fresh.digests))

    def _kept(self, settings: Settings, name: str) -> Watch | None:
        """The watch that can go on under new settings: nothing that it was built from has changed."""
        watch = self._watches.get(name)
        same = watch is not None and assembling.is_current(watch.pipeline, settings, self.settings, self.clock)
        return watch if same else None

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Hold the store for this one call, and as long as the host is started."""
        self._single.take()
        try:
            yield
        finally:
            self._single.free()
