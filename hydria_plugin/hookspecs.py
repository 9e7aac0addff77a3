"""The hooks. Hooks register, protocols do the work, config chooses: none of these is on the hot path.

A plug-in is a module named in the entry-point group ``hydria`` with any of these functions, marked ``@hookimpl``.
A factory's keyword-only parameters are the plug-in's TOML options; ``members``, ``shelf``, ``rng``, ``clock`` and
``layout`` are given by the house where a factory names them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pluggy

from .roles import Explainer, ForecastCorrector, Forecaster, Importer, InputCorrector, Sink, Source, Store
from .values import Alert, Bulletin

hookspec = pluggy.HookspecMarker("hydria")
hookimpl = pluggy.HookimplMarker("hydria")


@hookspec
def hydria_sources() -> Mapping[str, Callable[..., Source]]:  # type: ignore[empty-body]
    """Readers of station feeds, by the name used in the config."""


@hookspec
def hydria_sinks() -> Mapping[str, Callable[..., Sink]]:  # type: ignore[empty-body]
    """Writers of bulletins, by the name used in the config."""


@hookspec
def hydria_forecasters() -> Mapping[str, Callable[..., Forecaster]]:  # type: ignore[empty-body]
    """Forecasters, by the name used in the config."""


@hookspec
def hydria_correctors() -> Mapping[str, Callable[..., InputCorrector | ForecastCorrector]]:  # type: ignore[empty-body]
    """Correctors of inputs, of forecasts, or of both, by the name used in the config."""


@hookspec
def hydria_explainers() -> Mapping[str, Callable[..., Explainer]]:  # type: ignore[empty-body]
    """Explainers, by the name used in the config."""


@hookspec
def hydria_stores() -> Mapping[str, Callable[..., Store]]:  # type: ignore[empty-body]
    """Stores, by the scheme of ``platform.store``; the factory is given the whole address as ``url``."""


@hookspec
def hydria_importers() -> Mapping[str, Callable[..., Importer]]:  # type: ignore[empty-body]
    """What `hydria import NAME` asks; its options are the factory's keyword parameters, as of a source."""


@hookspec
def hydria_bulletin_issued(bulletin: Bulletin) -> None:
    """Told after each cycle, at most once; cannot change it."""


@hookspec
def hydria_alert(alert: Alert, bulletin: Bulletin) -> None:
    """Told once per alert that is news, at most once; sinks are told at least once."""


@hookspec
def hydria_cycle_failed(pipeline: str, issued_at: np.datetime64, error: BaseException) -> None:
    """Told when a cycle gave no bulletin."""
