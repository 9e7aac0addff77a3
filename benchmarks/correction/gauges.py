"""Every shared record with a usable series, one station with all of its gauges; limits from its first 70 %.

For development a record ends after its first 70 %, and limits are read off the first 70 % of that: the last 30 % of the
whole are for the one final test."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from hydria_plugin import History, Layout, Signal, Split
from hydria_plugin.correctors.quality.corrector import Quality, believed, pace_of
from hydria_plugin.correctors.quality.feeds import NOT_TESTED, Feeds
from hydria_plugin.correctors.quality.verdicts import judge_window
from hydria_plugin.values import Floats, Ints

KINDS = (("rain", "rain"), ("level", "level"), ("discharge_mm", ""), ("discharge", "discharge"), ("dam", "discharge"))
PAST = {5: 288, 10: 144, 60: 72, 1440: 30}  # steps that a window shows, by the step in minutes
FIT = 0.7


@dataclass(frozen=True)
class Record:
    name: str
    history: History
    corrector: Quality  # trained on the first part
    x: Floats  # (T, N) by the corrector's feeds
    names: tuple[str, ...]
    rain: tuple[bool, ...]

    @property
    def cut(self) -> int:
        return int(FIT * len(self.history))

    @property
    def hours(self) -> float:
        return float(self.history.layout.step / np.timedelta64(1, "h"))

    def flags(self, windows: Floats) -> Ints:
        """(M, P, N) of M windows (M, P, N), judged at once as those of M regions that know nothing of each other."""
        feeds, limits = self.corrector.for_layout(self.history.layout)
        m, p, n = windows.shape
        values = windows.transpose(1, 0, 2).reshape(p, m * n)
        found = judge_window(repeated(feeds, m), values, limits.take(np.tile(np.arange(n), m)), pace_of(self.layout))
        return np.asarray(found.flag.reshape(p, m, n).transpose(1, 0, 2))

    @property
    def layout(self) -> Layout:
        return self.history.layout


def repeated(feeds: Feeds, times: int) -> Feeds:
    """The same series and stations several times over."""
    s, n = len(feeds.member), len(feeds)
    again = np.arange(times)
    member = np.where(feeds.member == NOT_TESTED, NOT_TESTED, feeds.member + n * again[:, None, None])
    return Feeds(
        tuple(f"{name}.{k}" for k in again for name in feeds.names), feeds.kinds * times,
        (feeds.row + s * again[:, None]).reshape(-1), np.tile(feeds.column, times), member.reshape(times * s, -1),
    )  # fmt: skip


def kind_of(column: str) -> str:
    return next((kind for start, kind in KINDS if column.startswith(start)), "")


def records(data: Path, develop: bool = False, only: Sequence[str] = ()) -> list[Record]:
    """Of the files under ``data``, those whose name holds a part of ``only`` (all of them where it is empty)."""
    files = sorted(p for p in data.glob("*/*.csv.gz") if "raw_long" not in p.name)
    return [read(path, develop) for path in files if not only or any(part in name_of(path) for part in only)]


def name_of(path: Path) -> str:
    return f"{path.parent.name}/{path.name[:-7]}"


def read(path: Path, develop: bool = False) -> Record:
    table = pd.read_csv(path, parse_dates=["time_utc"]).drop_duplicates("time_utc", keep="last").set_index("time_utc")
    table = table.sort_index()
    step = pd.Series(table.index).diff().mode()[0]
    table = table.reindex(pd.date_range(table.index[0], table.index[-1], freq=step))
    table = table.iloc[: int(FIT * len(table))] if develop else table
    columns = [c for c in table if kind_of(c) and np.isfinite(table[c].to_numpy(float)).any()]
    target = [c for c in columns if kind_of(c) != "rain"][-1]
    others = [c for c in columns if c != target]
    minutes = int(step.total_seconds() // 60)
    kinds = tuple(kind_of(c) for c in others)
    layout = Layout(
        ("s",), (target,), (kind_of(target),), ("m",), tuple(f"{k}.{i}" for i, k in enumerate(kinds)), kinds,
        np.asarray([others], dtype=str).reshape(1, -1), np.timedelta64(60 * minutes, "s"), PAST[minutes], 6,
        (0.1, 0.5, 0.9),
    )  # fmt: skip
    times = table.index.tz_localize(None).to_numpy().astype("M8[s]")
    inputs = Signal.measured(table[others].to_numpy(float)[None])
    totals = np.empty((1, len(times), len(others), 0))
    history = History(layout, times, Signal.measured(table[target].to_numpy(float)[None]), inputs, totals)
    fit = (np.arange(len(times)) < FIT * len(times))[None]
    none = np.zeros_like(fit)
    corrector = Quality().fit(history, Split(fit, none, none, np.full(fit.shape, -1, np.int32)))
    feeds, _ = corrector.for_layout(layout)
    x = believed(feeds, history.target, history.inputs)
    return Record(name_of(path), history, corrector, x, feeds.names, tuple(feeds.is_rain))
