"""One run for FEWS: state in, forecast at time0 from what was exported, series out, state out.

The clock stands at time0: what is known is what FEWS exported, whenever the run is made. Where the same time0 is run
again, it stands a second later than the last time, so that corrected data make a revision.
"""

from __future__ import annotations

import logging
import os
import re
import tomllib
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from hydria_plugin import Bulletin, ConfigError, FeedError, Host, HydriaError, Report, open_host

from .diagnostics import WARN, DiagHandler
from .drop import FewsDrop, write_series
from .parameters import read_parameters
from .paths import local_path
from .pi_series import PiSeries
from .rendering import KNOX_KIND
from .run_info import RunInfo, read_run
from .running import Export, exported
from .states import State, put_in, read_state, take_out

log = logging.getLogger("hydria_fews")

SECOND = np.timedelta64(1, "s")
SQLITE = "sqlite:///"
VARIABLE = re.compile(r"\$\{([^}]*)\}")


class RunClock:
    """Stands still."""

    def __init__(self, time0: np.datetime64) -> None:
        self.now: np.datetime64 = time0.astype("datetime64[us]")

    def __call__(self) -> np.datetime64:
        return self.now


def run(run_info: Path, config: str, handler: DiagHandler) -> None:
    """Raises HydriaError where there is no forecast, or what belongs to it cannot be written."""
    info = read_run(run_info)
    handler.show_up_to(info.level)
    for remark in info.remarks:
        handler.add(WARN, remark)
    wishes: dict[str, Any] = {}
    for file in info.parameters:
        wishes |= read_parameters(file)
    wishes |= info.properties
    toml = config_of(info, config, wishes)
    state, store = states_in(info, toml)
    series = forecasts(info, toml, str(wishes.get("pipeline", "")))
    for output in info.outputs:
        write_series(output, series, hours_of(info))
        log.info("%d series written to %s", len(series), output)
    if state is not None and store is not None:
        log.info(take_out(state, store))


def config_of(info: RunInfo, given: str, wishes: Mapping[str, Any]) -> Path:
    """hydria.toml: of the option, else of the property. Raises ConfigError."""
    written = given or str(wishes.get("config", ""))
    if not written:
        allowed = '<string key="config" value="hydria.toml"/>, or the option --config'
        raise ConfigError(f"{info.path}: the property 'config' is missing; allowed: {allowed}")
    try:
        return local_path(written, Path.cwd() if given else info.work_dir)
    except ValueError as error:
        raise ConfigError(f"config {error}") from error


def states_in(info: RunInfo, toml: Path) -> tuple[State | None, Path | None]:
    """The state that FEWS gives, put in place as the store's file. Raises FeedError, ConfigError."""
    if not info.states:
        return None, None
    if len(info.states) > 1:
        raise FeedError(f"{info.path}: names {len(info.states)} state descriptions; hydria has one state")
    state, store = read_state(info.states[0], info.work_dir), store_file(toml)
    log.info(put_in(state, store))
    return state, store


def store_file(toml: Path) -> Path:
    """The file of the configured store. Raises ConfigError where it is none: such a store is no state of a run."""
    try:
        written = tomllib.loads(toml.read_text(encoding="utf-8"))["platform"]["store"]
        address = VARIABLE.sub(lambda found: os.environ[found[1]], str(written))
    except OSError as error:
        raise ConfigError(f"{toml}: cannot be read ({error.strerror})") from error
    except (ValueError, KeyError, TypeError) as error:
        raise ConfigError(f"{toml}: platform.store cannot be read ({type(error).__name__})") from error
    if not address.startswith(SQLITE):
        raise ConfigError(
            f"{toml}: a run with a state needs a store that is a file; "
            f'allowed: store = "{SQLITE}hydria.db", or no exportStateActivity'
        )
    return toml.parent / address.removeprefix(SQLITE)


def forecasts(info: RunInfo, toml: Path, pipeline: str) -> list[PiSeries]:
    """The series of every pipeline, or of the one that is named."""
    clock = RunClock(info.time0)
    with exported(Export(info.inputs, info.time0, hours_of(info))), open_host(toml, clock=clock) as host:
        names = [pipeline] if pipeline else list(host.pipelines)
        found: list[PiSeries] = []
        for name in names:
            made = forecast(host, name, info.time0, clock)
            words = words_of(host, name)
            found += words.series(made) + words.shares(made, knox_readings(host, name, made))
        return found


def knox_readings(host: Host, name: str, bulletin: Bulletin) -> list[Report]:
    """What KnoX reads in the models that made the bulletin, in the news or not; nothing where the pipeline has no
    explainer ``knox``. One that fails costs no forecast."""
    pipeline, found = host.pipelines[name], list[Report]()
    if (explainer := pipeline.explainers.get(KNOX_KIND)) is None:
        return found
    try:
        window = pipeline.buffer.window(bulletin.issued_at, bulletin.known_at)
        made_by = dict(zip(bulletin.forecast.stations, bulletin.forecast.made_by, strict=True))
        for maker in filter(None, dict.fromkeys(made_by.values())):
            told = explainer.explain(window, bulletin.forecast, pipeline.forecasters[maker])
            found += [report for report in told if made_by.get(report.station) == maker]
    except Exception as error:
        log.warning("%s: the shares of KnoX are left out (%s: %s)", name, type(error).__name__, error)
    return found


def forecast(host: Host, name: str, time0: np.datetime64, clock: RunClock) -> Bulletin:
    """The bulletin of the step at, or just before, ``time0``, with its reports. Raises HydriaError."""
    if name not in host.pipelines:
        raise HydriaError(f"there is no pipeline {name!r}; configured: {', '.join(host.pipelines)}")
    step = host.pipelines[name].layout.step
    issued_at = time0 - (time0 - np.datetime64(0, "s")) % step
    if issued_at != time0:
        log.info("time0 %sZ is no step of %s: the forecast is issued at %sZ", time0, name, issued_at)
    before = host.store.bulletin(name, issued_at)
    clock.now = time0.astype("datetime64[us]")
    if before is not None:
        clock.now = max(clock.now, before.known_at.astype("datetime64[us]") + SECOND)
    bulletin = host.run_once(name, issued_at)
    for reason in bulletin.degraded:
        log.warning("%s: %s", name, reason)
    stored = host.store.bulletin(name, issued_at)
    if not bulletin.forecast.there.any():
        raise HydriaError(f"pipeline {name!r} has no forecast for any station at {issued_at}Z")
    return bulletin if stored is None else stored


def words_of(host: Host, name: str) -> FewsDrop:
    """How series are called: as the options of the pipeline's sink ``fews`` say, if it has one."""
    for sink in host.pipelines[name].sinks.values():
        inner = getattr(sink, "sink", sink)
        if isinstance(inner, FewsDrop):
            return inner
    return FewsDrop(path=".")


def hours_of(info: RunInfo) -> float:
    """Hours that the clock of the run is ahead of UTC."""
    ahead = info.zone.utcoffset(datetime(2000, 1, 1, tzinfo=info.zone))
    return 0.0 if ahead is None else ahead.total_seconds() / 3600
