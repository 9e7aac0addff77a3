"""What a configuration says, checked: the values every shell builds its pipelines from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ..alerts import AlertRules, Thresholds
from ..manual_flags import FILE
from ..values import Floats, Layout
from .ratings import Rating
from .sites import Gauge


@dataclass(frozen=True)
class Choice:
    """A plug-in by name, with the admin's options."""

    use: str
    options: Mapping[str, Any] = field(default_factory=dict, repr=False)  # may hold secrets
    timeout_s: float = 30.0  # of one call, if it is a sink
    series: tuple[str, ...] = ()  # that are taken from it, if it is one of several sources


@dataclass(frozen=True)
class Platform:
    name: str
    store: str = field(repr=False)  # the address, relative paths made absolute; may hold a password
    models: Path
    language: str  # fr | en
    timezone: str  # for display
    retention: np.timedelta64 | None  # None = for ever


@dataclass(frozen=True, eq=False)
class PipelineSettings:
    """One [pipelines.NAME] table with its CSV files. Arrays follow the stations of ``layout`` (S)."""

    name: str
    layout: Layout
    positions: Floats  # (S, 2) latitude, longitude in degrees
    thresholds: Thresholds
    rules: AlertRules
    ratings: tuple[Rating, ...]
    sources: Mapping[str, Choice]  # by distinct name: hubeau, csv, csv.2
    forecasters: tuple[str, ...]
    forecaster_options: Mapping[str, Mapping[str, Any]] = field(repr=False)
    correct_inputs: tuple[str, ...]
    correct_forecast: tuple[str, ...]
    corrector_options: Mapping[str, Mapping[str, Any]] = field(repr=False)
    explainers: tuple[str, ...]
    explainer_options: Mapping[str, Mapping[str, Any]] = field(repr=False)
    sinks: Mapping[str, Choice]  # by distinct name: csv, csv.2
    rain_label: str  # end | start
    delay: np.timedelta64
    overlap: np.timedelta64  # how far back late data is looked for
    revisions: int
    deadline: np.timedelta64  # of one forecaster
    digest: str  # of the table and its files
    gauges: Mapping[str, Gauge] = field(default_factory=dict)  # by series: names and places, for people
    shadow: tuple[str, ...] = ()  # challengers that forecast beside, never issued: NAME or NAME@VERSION

    @property
    def learning_parts(self) -> tuple[str, ...]:
        """The parts that may have a model on the shelf: forecasters and correctors."""
        return tuple(dict.fromkeys((*self.forecasters, *self.correct_inputs, *self.correct_forecast)))

    @property
    def challengers(self) -> tuple[str, ...]:
        """Those in the shadow of which the reigning model is meant, no version of it."""
        return tuple(name for name in self.shadow if "@" not in name)


@dataclass(frozen=True)
class Settings:
    """A whole configuration. ``warnings`` stop nothing."""

    path: Path
    platform: Platform
    pipelines: Mapping[str, PipelineSettings]
    warnings: tuple[str, ...] = ()

    @property
    def folder(self) -> Path:
        """Where relative paths start."""
        return self.path.parent

    @property
    def flags(self) -> Path:
        """Where people's flags lie; they may be none."""
        return self.folder / FILE
