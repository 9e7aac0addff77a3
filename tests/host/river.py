"""A plug-in for trials of the host: a made-up river as source, a diary as sink, a notebook of what was announced.

The level is a pure function of time, a flood every five days, so that any run can be checked against any other.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from hydria_plugin import Alert, Bulletin, FeedError, Forecast, Forecaster, Sink, Source, Wanted, Window, hookimpl

DAY = 86400
FLOOD_EVERY = 5 * DAY


def level(seconds: np.ndarray) -> np.ndarray:
    """m at ``seconds`` since 1970: low water, and a bell of 3 m every five days."""
    phase = seconds % FLOOD_EVERY - FLOOD_EVERY / 2
    return np.round(1.0 + 3.0 * np.exp(-((phase / (0.25 * DAY)) ** 2)), 4)


class River:
    """Every series reads the same level. ``late``: every ``late``-th value comes 20 minutes after its time;
    ``down``: a file whose presence makes the feed unreachable."""

    def __init__(self, *, folder: Path, late: int = 0, down: str = "down") -> None:
        self.late, self.down = late, folder / down
        self.reads = 0

    def read(self, wanted: Wanted) -> pd.DataFrame:
        self.reads += 1
        if self.down.exists():
            raise FeedError("the river's server does not answer")
        width = int(wanted.step / np.timedelta64(1, "s"))
        first, last = (int(t.astype("datetime64[s]").astype(np.int64)) for t in (wanted.start, wanted.issued_at))
        times = np.arange(-(-first // width) * width, last + 1, width)
        received = times + np.where((times // width) % self.late == 0, 1200, 0) if self.late else times
        known = received <= wanted.known_at.astype("datetime64[s]").astype(np.int64)
        times, received = times[known], received[known]
        n = len(wanted.series)
        return pd.DataFrame(
            {
                "series": np.repeat(np.array(wanted.series, dtype=object), len(times)),
                "time": pd.to_datetime(np.tile(times, n), unit="s", utc=True),
                "value": np.tile(level(times), n),
                "received_at": pd.to_datetime(np.tile(received, n), unit="s", utc=True),
            }
        )


class Diary:
    """Appends one line per bulletin taken; keeps each key once, as a host that deduplicates does. ``closed``: a file
    whose presence makes it refuse."""

    def __init__(self, *, path: str, folder: Path, closed: str = "closed") -> None:
        self.path, self.closed = folder / path, folder / closed

    def write(self, bulletin: Bulletin) -> None:
        if self.closed.exists():
            raise FeedError("the diary is closed")
        news = [[a.event, a.sequence, a.station, str(a.reason)] for a in bulletin.alerts if a.is_news]
        line = {"at": str(bulletin.issued_at.astype("datetime64[s]")), "revision": bulletin.revision, "news": news}
        with self.path.open("a") as diary:
            diary.write(json.dumps(line) + "\n")
            diary.flush()
            os.fsync(diary.fileno())


def entries(path: Path) -> list[dict[str, Any]]:
    """Every line of a diary; half a line, cut by a kill, is none."""
    text = path.read_text() if path.exists() else ""
    return [json.loads(line) for line in text.split("\n")[:-1]]


class Notebook:
    """A plug-in object that notes what is announced."""

    def __init__(self) -> None:
        self.bulletins: list[tuple[str, int]] = []
        self.alerts: list[Alert] = []
        self.failures: list[tuple[str, str]] = []

    @hookimpl
    def hydria_bulletin_issued(self, bulletin: Bulletin) -> None:
        self.bulletins.append((str(bulletin.issued_at), bulletin.revision))

    @hookimpl
    def hydria_alert(self, alert: Alert, bulletin: Bulletin) -> None:
        self.alerts.append(alert)

    @hookimpl
    def hydria_cycle_failed(self, pipeline: str, issued_at: np.datetime64, error: BaseException) -> None:
        self.failures.append((str(issued_at), str(error)))


class PlainModel:
    """The last value for ever: a forecaster that is not the house's, so that ``isolate`` puts it into a process."""

    def forecast(self, window: Window) -> Forecast:
        last = window.observed.values[:, 0, -1]
        spread = np.linspace(-0.1, 0.1, len(window.quantiles))
        values = last[:, None, None] + np.zeros((1, window.layout.horizon, 1)) + spread
        return Forecast.of(window, values, "plain")


@hookimpl
def hydria_forecasters() -> Mapping[str, Callable[..., Forecaster]]:
    return {"plain": PlainModel}


@hookimpl
def hydria_sources() -> Mapping[str, Callable[..., Source]]:
    return {"river": River}


@hookimpl
def hydria_sinks() -> Mapping[str, Callable[..., Sink]]:
    return {"diary": Diary}
