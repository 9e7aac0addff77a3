"""One series: what to ask the server for, and its answer as columns of the table."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

import numpy as np

from hydria_plugin import Wanted
from hydria_plugin.exchange import iso_utc

from .catalogue import Stream
from .dialect import Dialect
from .faults import Faults
from .options import Reading as Options
from .readings import NEVER, Reading, readings
from .service import Service

STILL = np.timedelta64(0, "us")


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the table that a source gives."""

    series: str
    time: np.datetime64
    value: float
    received_at: np.datetime64
    issued_at: np.datetime64
    flag: int
    member: int


@dataclass(frozen=True, slots=True)
class Asked:
    """What a read is about, the same for all series."""

    wanted: Wanted
    options: Options
    dialect: Dialect
    is_live: bool  # what is there has been received, whatever the server's clock said

    def is_forecast(self, series: str) -> bool:
        return any(fnmatchcase(series, pattern) for pattern in self.options.forecasts)

    def filter(self, series: str, stream: Stream) -> str:
        """The observations of the span. One that lasts begins before it counts."""
        wanted, moved = self.wanted, self.options.shift.get(series, STILL)
        first = (wanted.start - wanted.step).astype("datetime64[us]") - moved - stream.reach
        last = (wanted.end if self.is_forecast(series) else wanted.issued_at).astype("datetime64[us]") - moved
        span = f"phenomenonTime ge {iso_utc(first)} and phenomenonTime le {iso_utc(last)}"
        return f"{span} and resultTime le {iso_utc(wanted.issued_at)}" if self.is_forecast(series) else span


def rows_of(service: Service, series: str, stream: Stream, scale: float, asked: Asked, faults: Faults) -> list[Row]:
    """The rows of one series. Raises FeedError."""
    rows: list[Row] = []
    longest = STILL
    for document, _ in service.pages(stream.observations, asked.dialect.options(asked.filter(series, stream))):
        for reading in readings(document, asked.options.manner, series, faults):
            longest = max(longest, np.timedelta64(reading.end - reading.begin, "us"))
            rows.extend(row_of(series, reading, scale, asked, faults))
    if rows:
        stream.reach = longest
    return rows


def row_of(series: str, reading: Reading, scale: float, asked: Asked, faults: Faults) -> Iterator[Row]:
    """One row; none for a forecast that does not say when it was made."""
    stamp = reading.end if asked.options.interval == "end" else reading.begin
    time = stamp + asked.options.shift.get(series, STILL)
    value, issued, received = reading.value * scale, NEVER, reading.resulted
    if asked.is_forecast(series):
        if np.isnat(reading.resulted):
            faults.add(series, "issue", "a forecast without resultTime is not used: nobody knows when it was made")
            return
        issued, received = reading.resulted, NEVER
    elif np.isnat(received) or received < time:
        received = time  # a result before what it is the result of: a clock is off
    if asked.is_live and received > asked.wanted.known_at:
        received = max(time, asked.wanted.known_at)
    yield Row(series, time, value, received, issued, reading.flag, reading.member)


def columns_of(rows: list[Row], with_flags: bool) -> dict[str, Any]:
    """Arguments of ``feed_table``."""
    columns: dict[str, Any] = {
        "series": [r.series for r in rows],
        "time": np.array([r.time for r in rows], dtype="datetime64[us]"),
        "value": [r.value for r in rows],
        "received_at": np.array([r.received_at for r in rows], dtype="datetime64[us]"),
    }
    issued = np.array([r.issued_at for r in rows], dtype="datetime64[us]")
    if not np.isnat(issued).all():
        columns |= {"issued_at": issued, "member": [r.member for r in rows]}
    if with_flags:
        columns["flag"] = [r.flag for r in rows]
    return columns
