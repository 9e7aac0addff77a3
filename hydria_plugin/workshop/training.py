"""Training a configuration's pipelines: read the record, fit what can be fitted, promote what is better."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..config import (
    Settings,
    build_correctors,
    build_forecasters,
    build_source,
    durations_needed,
    open_shelf,
    pick_pipelines,
    read_config,
)
from ..errors import FeedError
from ..explainers.knox.at_training import keep_knowledge
from ..manual_flags import flagged_history, read_flags
from ..plugins import Registry, load_plugins
from ..roles import Source, Trainable
from ..values import Layout, Wanted
from .times import now, utc

if TYPE_CHECKING:
    from ..learning.train import Outcome

Progress = Callable[[str, float], None]
Asked = tuple[np.datetime64 | None, np.datetime64 | None]


def train_pipelines(
    config: Path | str,
    first: np.datetime64 | None = None,
    last: np.datetime64 | None = None,
    *,
    pipeline: str = "",
    seed: int = 0,
    progress: Progress = lambda what, share: None,
) -> dict[str, tuple[Outcome, ...]]:
    """Train the forecasters of every pipeline (or of one) on the record from ``first`` to ``last`` (UTC; None: all
    there is); what came of each, by pipeline. Raises ConfigError, FeedError, ModelError."""
    registry = load_plugins()
    settings = read_config(config, registry=registry)
    names = pick_pipelines(settings, pipeline)

    def part(n: int) -> Progress:
        return lambda what, share: progress(f"{names[n]}: {what}", (n + share) / len(names))

    return {name: train_one(settings, name, registry, (first, last), seed, part(n)) for n, name in enumerate(names)}


def train_one(
    settings: Settings, name: str, registry: Registry, asked: Asked, seed: int, progress: Progress
) -> tuple[Outcome, ...]:
    """Train what can learn from a record: the correctors of inputs, then the forecasters on what those leave, then
    the correctors of forecasts."""
    from ..learning.correcting import check_names, train_correctors
    from ..learning.record import read_history
    from ..learning.train import train

    p, rng = settings.pipelines[name], np.random.default_rng(seed)
    ladder = build_forecasters(settings, name, registry, now, rng, p.challengers)
    repairs, finishers = build_correctors(settings, name, registry, now, rng)
    check_names(ladder, {**repairs, **finishers})
    forecasters = {n: f for n, f in ladder.items() if isinstance(f, Trainable)}
    source = build_source(settings, name, registry, now)
    first, last = span(source, p.layout, asked)
    progress(f"reading {utc(first)} to {utc(last)}", 0.0)
    durations = durations_needed({**repairs, **finishers, **ladder})
    history = read_history(source, p.layout, first, last, durations=durations, rain_label=p.rain_label)
    history, shelf = flagged_history(history, read_flags(settings.flags)), open_shelf(settings, name, now)
    fit = partial(train_correctors, shelf=shelf, seed=seed, options=p.corrector_options, progress=progress)
    repaired, history = fit(repairs, history)
    trained = train(
        name, forecasters, history, shelf, rng=rng, progress=progress, options=p.forecaster_options,
        beside=keep_knowledge,
    )  # fmt: skip
    finished, _ = fit({n: c for n, c in finishers.items() if n not in repairs}, history)
    return (*repaired, *trained, *finished)


def span(
    source: Source, layout: Layout, asked: tuple[np.datetime64 | None, np.datetime64 | None]
) -> tuple[np.datetime64, np.datetime64]:
    """First and last step of the record, on the grid: as asked, and where not asked, all there is of the targets."""
    first, last = asked
    if first is None or last is None:
        begins, ends = extent(source, layout)
        first, last = begins if first is None else first, ends if last is None else last
    step = layout.step.astype("timedelta64[s]").astype(int)
    low, high = -(-first.astype(int) // step) * step, last.astype(int) // step * step
    if high - low < step * (layout.past + layout.horizon):
        raise FeedError(
            f"from {utc(first)} to {utc(last)} is too short a record to train on: less than past and horizon"
        )
    return np.datetime64(int(low), "s"), np.datetime64(int(high), "s")


def extent(source: Source, layout: Layout) -> tuple[np.datetime64, np.datetime64]:
    """First and last time of the targets in the source. Raises FeedError where it has none."""
    at = now()
    whole = np.datetime64("1900-01-01", "s"), at.astype("datetime64[s]")
    table = source.read(Wanted(tuple(dict.fromkeys(layout.targets)), whole[0], whole[1], at, whole[1], layout.step))
    observed = table[table["value"].notna()]
    if "issued_at" in observed:
        observed = observed[observed["issued_at"].isna()]
    if observed.empty:
        raise FeedError(f"the source holds no value of {', '.join(layout.targets[:5])}: nothing to train on")
    ends = (observed["time"].min(), observed["time"].max())
    first, last = (np.datetime64(t.tz_convert("UTC").tz_localize(None).to_datetime64(), "s") for t in ends)
    return first, last
