"""Station feeds from CSV files. Reading is incremental: what was read once is kept as compact columns."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from hydria_plugin import FeedError, Layout, Problem, Secret, Wanted
from hydria_plugin.exchange import ago, unit_wanted

from .arriving import Arriving
from .form import Form, checked, duration
from .rows import NEVER, Array, Rows, known, versions

if TYPE_CHECKING:
    import pandas as pd

    from .archive import Archive

PATTERNS = ("*.csv", "*.csv.gz")


class CsvSource:
    """Reads a file or a folder of files, one column per series ("wide") or one row per value ("long").

    The keyword-only parameters are the TOML options; README.md says what each means. ``folder`` (relative paths
    resolve against it), ``clock`` and ``layout`` are given by the house.
    """

    _archive: Archive | None

    def __init__(
        self,
        *,
        path: str,
        folder: Path | str | None = None,
        clock: Callable[[], np.datetime64] | None = None,
        layout: Layout | None = None,
        pattern: str | Sequence[str] = PATTERNS,
        time: str = "time",
        timezone: str = "UTC",
        time_format: str = "ISO8601",
        separator: str = "auto",
        decimal: str = "auto",
        encoding: str = "auto",
        columns: Sequence[str] = (),
        names: Mapping[str, str] | None = None,
        id: str = "{column}",
        scale: Mapping[str, float] | None = None,
        missing: Sequence[str | float] = (),
        series: str = "series",
        value: str = "value",
        flag: str = "flag",
        flags: Mapping[str, str | int] | None = None,
        received_at: str = "received_at",
        issued_at: str = "issued_at",
        member: str = "member",
        settle: str = "1min",
        delivered: Mapping[str, str] | None = None,
        key: str = "",
        password: Secret | None = None,
        host_key: str = "",
    ) -> None:
        options = dict(locals())
        given = {f.name: value for f in fields(Form) if (value := options[f.name]) is not None}
        self._arriving = Arriving.of(path, folder, pattern, delivered, key, password, host_key)
        self._form = checked([*self._arriving.faults, *_wrong_settle(settle)], **given)
        self._settle = duration(settle) // timedelta(microseconds=1)
        self._clock, self._layout, self._archive = clock, layout, None

    def read(self, wanted: Wanted) -> pd.DataFrame:
        """Rows stamped in (start - step, issued_at], forecasts issued by then and valid up to ``end``, all received
        by ``known_at``. Of rows for the same series and time the one received last counts, or the later line; what was
        received before it, and differs, comes too: a backtest asks what was known then."""
        archive = self._opened()
        archive.expect(wanted.series)
        problems = archive.refresh(self._now())
        after = _micros(wanted.start) - int(wanted.step / np.timedelta64(1, "us"))
        issued_at, known_at = _micros(wanted.issued_at), _micros(wanted.known_at)
        rows = archive.between(after, max(issued_at, _micros(wanted.end)))
        rows = versions(known(_only(rows, wanted.series, archive.book), issued_at, known_at))
        return _frame(rows, list(archive.book), problems)

    def probe(self) -> str:
        """How many files, series and values are there, the newest value with its unit and age, and the zone of times
        without offset. Raises ConfigError when the path does not exist, FeedError when nothing there can be used."""
        self._arriving.need()
        archive = self._archive_of(is_looking=True)
        wanted = self._layout.all_series() if self._layout else archive.offered(self._now())
        archive.expect(wanted)
        problems = archive.refresh(self._now())
        if not archive.feeds or (wanted and not archive.seen):
            raise FeedError("; ".join(p.error for p in problems) or f"{self._arriving.shown}: nothing to read")
        told = _census(archive, wanted, self._newest(archive)) if wanted else _unasked(archive)
        return " ".join([told, *(f"Not used: {p.error}." for p in problems)])

    def _newest(self, archive: Archive) -> str:
        """The newest value of all, its unit and its age; the zone of times without offset."""
        zone = f"times without offset are {self._form.timezone}"
        parts = [part for feed in archive.feeds.values() for part in feed.parts() if len(part)]
        if not parts:
            return zone
        last, now = max(parts, key=lambda part: int(part.time[-1])), self._now()
        series, at = list(archive.book)[int(last.code[-1])], int(last.time[-1])
        unit = f" {wanted}" if (wanted := unit_wanted(self._layout, series)) else ""
        age = "" if now is None else f", {ago(np.timedelta64(now - at, 'us'))} ago"
        stamp = np.datetime64(at, "us").astype("datetime64[s]")
        return f"the newest {series} = {last.value[-1]:g}{unit} of {stamp}Z{age}; {zone}"

    def _opened(self) -> Archive:
        if self._archive is None:
            self._archive = self._archive_of()
        return self._archive

    def _archive_of(self, is_looking: bool = False) -> Archive:
        from .archive import Archive

        return Archive(self._arriving.arrivals(self._settle, is_looking), self._form, self._settle)

    def _now(self) -> int | None:
        return None if self._clock is None else _micros(self._clock())


def _files(archive: Archive) -> str:
    return f"{archive.arrivals.shown}: {len(archive.feeds)} file{'s' if len(archive.feeds) != 1 else ''}"


def _unasked(archive: Archive) -> str:
    return f"{_files(archive)}; its series are known once a pipeline asks for them."


def _census(archive: Archive, wanted: Sequence[str], newest: str) -> str:
    """How many files and rows there are."""
    count = sum(len(part) for feed in archive.feeds.values() for part in feed.parts())
    return f"{_files(archive)}, {len(archive.seen)} of {len(wanted)} series, {count} values, {newest}."


def _only(rows: Rows, series: Sequence[str], book: Mapping[str, int]) -> Rows:
    """Rows of ``series``, of all that the archive keeps."""
    if len(set(series)) == len(book):
        return rows
    is_wanted = np.zeros(len(book), bool)
    is_wanted[[book[s] for s in series]] = True
    return rows.take(is_wanted[rows.code])


def _frame(rows: Rows, series: Sequence[str], problems: Sequence[Problem]) -> pd.DataFrame:
    """The table a source gives; optional columns only where a file has them."""
    import pandas as pd

    def utc(micros: Array) -> pd.DatetimeIndex:
        return pd.DatetimeIndex(micros.view("datetime64[us]")).tz_localize("UTC")

    names = pd.Categorical.from_codes(rows.code, categories=pd.Index(list(series)))  # each id is held once
    frame = pd.DataFrame({"series": names, "time": utc(rows.time), "value": rows.value})
    if "flag" in rows.more:
        frame["flag"] = rows.more["flag"]
    if "issued_at" in rows.more:
        frame["issued_at"] = utc(rows.more["issued_at"])
    if "received_at" in rows.more:
        received = rows.more["received_at"]
        issued = rows.column("issued_at")
        stamped = np.where(issued == NEVER, rows.time, issued)
        frame["received_at"] = utc(np.where(received == NEVER, stamped, received))
    if "member" in rows.more:
        frame["member"] = rows.more["member"]
    frame.attrs["problems"] = list(problems)
    return frame


def _micros(time: np.datetime64) -> int:
    return int(time.astype("datetime64[us]").astype(np.int64))


def _wrong_settle(settle: object) -> list[str]:
    try:
        duration(str(settle))
    except ValueError:
        return [f"settle = {settle!r} must be a duration such as '1min'"]
    return []
