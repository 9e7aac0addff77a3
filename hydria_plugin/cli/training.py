"""``hydria train``: read the record, fit what can be fitted, promote what is better."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..config import Settings, build_forecasters, build_source, durations_needed, open_shelf, read_config
from ..errors import FeedError
from ..plugins import load_plugins
from ..roles import Source, Trainable
from ..values import Layout, Wanted
from .moments import iso, moment, now
from .shelving import pick
from .speaking import Progress

if TYPE_CHECKING:
    from ..learning.train import Outcome
    from ..plugins import Registry


def train_all(config: str, first: str, last: str, pipeline: str, seed: int) -> list[dict[str, Any]]:
    """Train the pipelines of a configuration, one after the other; gives what came of each forecaster."""
    registry = load_plugins()
    settings = read_config(config, registry=registry)
    asked = (moment(first, "--from") if first else None, moment(last, "--to") if last else None)
    return [
        outcome for name in pick(settings, pipeline) for outcome in train_one(settings, name, registry, asked, seed)
    ]


def train_one(
    settings: Settings,
    name: str,
    registry: Registry,
    asked: tuple[np.datetime64 | None, np.datetime64 | None],
    seed: int,
) -> list[dict[str, Any]]:
    """Train the forecasters of one pipeline that can learn from a record."""
    from ..learning.record import read_history
    from ..learning.train import train

    p, rng = settings.pipelines[name], np.random.default_rng(seed)
    ladder = build_forecasters(settings, name, registry, now, rng)
    forecasters = {n: f for n, f in ladder.items() if isinstance(f, Trainable)}
    source = build_source(settings, name, registry, now)
    first, last = span(source, p.layout, asked)
    progress = Progress(f"{name}: {iso(first)} to {iso(last)}")
    history = read_history(source, p.layout, first, last, durations=durations_needed(ladder), rain_label=p.rain_label)
    shelf, options = open_shelf(settings, name, now), p.forecaster_options
    outcomes = train(name, forecasters, history, shelf, rng=rng, progress=progress, options=options)
    return [{"pipeline": name, **outcome_facts(outcome)} for outcome in outcomes]


def outcome_facts(outcome: Outcome) -> dict[str, Any]:
    """What came of one forecaster, JSON-able."""
    return {
        "forecaster": outcome.name,
        "version": outcome.version,
        "promoted": outcome.promoted,
        "why": outcome.why,
        "scores": {who: float(score) for who, score in outcome.scores.items()},
        "notes": list(outcome.notes),
    }


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
            f"from {iso(first)} to {iso(last)} is too short a record to train on: less than past and horizon"
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
