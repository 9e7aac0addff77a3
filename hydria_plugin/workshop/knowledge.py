"""What the networks of a configuration's pipelines know of their basins, as it lies on the shelf."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..config import PipelineSettings, Settings, build_forecasters, open_shelf, pick_pipelines, read_config
from ..errors import ConfigError, ModelError
from ..explainers.knox.figures import Site
from ..explainers.knox.keeping import is_readable, reigning_readings
from ..plugins import Registry, load_plugins
from .times import now

if TYPE_CHECKING:
    from ..explainers.knox.readings import Reading

NAMED = 20  # stations named in an error at most


@dataclass(frozen=True)
class Knowledge:
    """The readings of one reigning model, by station in the order of the pipeline, and what is known of the sites."""

    pipeline: str
    forecaster: str
    version: str
    language: str
    readings: Mapping[str, Reading]
    sites: Mapping[str, Site]


def knowledge_of(config: Path | str, station: str = "", pipeline: str = "") -> Knowledge:
    """Of one station, or of all stations of a pipeline. Raises ConfigError for a name that is not there, ModelError
    where no model was trained that can be read."""
    registry = load_plugins()
    settings = read_config(config, registry=registry)
    name = pipeline_of(settings, station, pipeline)
    p, shelf = settings.pipelines[name], open_shelf(settings, name, now)
    wanted = (station,) if station else p.layout.stations
    for forecaster in p.forecasters:
        version, readings = reigning_readings(shelf, forecaster)
        there = {s: readings[s] for s in wanted if s in readings}
        if there:
            sites = {s: site_of(p, s) for s in there}
            return Knowledge(name, forecaster, version, settings.platform.language, there, sites)
    raise nothing_to_read(settings, name, station, registry)


def pipeline_of(settings: Settings, station: str, pipeline: str) -> str:
    """The one pipeline that is meant. Raises ConfigError."""
    chosen = pick_pipelines(settings, pipeline)
    if station:
        holding = [p for p in chosen if station in settings.pipelines[p].layout.stations]
        if not holding:
            allowed = all_in(settings, chosen)
            raise ConfigError(f"--station: {station!r} is no station of {', '.join(chosen)}; allowed: {allowed}")
        chosen = tuple(holding)
    if len(chosen) > 1:
        raise ConfigError(f"--pipeline: name one of {', '.join(chosen)}")
    return chosen[0]


def all_in(settings: Settings, pipelines: tuple[str, ...]) -> str:
    stations = [s for p in pipelines for s in settings.pipelines[p].layout.stations]
    more = f", ... ({len(stations)} in all)" if len(stations) > NAMED else ""
    return ", ".join(stations[:NAMED]) + more


def nothing_to_read(settings: Settings, name: str, station: str, registry: Registry) -> ConfigError | ModelError:
    """Why there is no reading, and what to do."""
    ladder = build_forecasters(settings, name, registry, now, np.random.default_rng(0))
    if not any(is_readable(built) for built in ladder.values()):
        return ConfigError(
            f"pipelines.{name}.forecasters: {', '.join(ladder)} hold no network that KnoX can read; "
            "allowed: block-network with its twin, alone or named in a blend's `of`, then run `hydria train`"
        )
    whom = f" for {station}" if station else ""
    return ModelError(
        f"no reigning model of {name} holds a network that KnoX can read{whom}: run `hydria train`, "
        "or `hydria models activate` a version that it kept"
    )


def site_of(p: PipelineSettings, station: str) -> Site:
    """Names and places of a station and its gauges."""
    layout, gauges = p.layout, p.gauges
    row = layout.stations.index(station)
    lat, lon = (float(x) for x in p.positions[row])
    return Site(
        name=(layout.names or layout.stations)[row],
        gauges={series: gauge.name for series, gauge in gauges.items() if gauge.name},
        place=(lat, lon) if np.isfinite([lat, lon]).all() else None,
        places={series: gauge.place for series, gauge in gauges.items() if gauge.place is not None},
    )
