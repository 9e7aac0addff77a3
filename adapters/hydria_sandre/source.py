"""Station feeds and the host's own forecasts from Sandre XML and SCHAPI CSV files."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from hydria_plugin import ConfigError, FeedError, Layout, Problem, Wanted
from hydria_plugin.exchange import ago, feed_table

from .archive import Archive
from .form import FORECAST, SERIES, as_patterns, checked, inside_unit, path_faults
from .rows import Rows
from .selecting import Choice, chosen

if TYPE_CHECKING:
    import pandas as pd

PATTERNS = ("*.xml", "*.xml.gz", "*.csv", "*.csv.gz")


class SandreSource:
    """Reads a folder or a file of Sandre XML (v1.1, v2) and of the SCHAPI CSV drop.

    The keyword-only parameters are the TOML options; README.md says what each means. ``folder``, ``clock`` and
    ``layout`` are given by the house.
    """

    def __init__(
        self,
        *,
        path: str,
        folder: Path | str | None = None,
        clock: Callable[[], np.datetime64] | None = None,
        layout: Layout | None = None,
        pattern: str | Sequence[str] = PATTERNS,
        series: str = SERIES,
        forecast: str = FORECAST,
        names: Mapping[str, str] | None = None,
        units: Mapping[str, str] | None = None,
        csv_units: Mapping[str, str] | None = None,
        timezone: str = "UTC",
        flags: Mapping[str, str] | None = None,
        forecast_value: str = "moy",
        received: str = "production",
    ) -> None:
        options = {
            "series": series, "forecast": forecast, "names": names, "units": units, "csv_units": csv_units,
            "timezone": timezone, "flags": flags, "forecast_value": forecast_value, "received": received,
        }  # fmt: skip
        if faults := path_faults(path, pattern):
            raise ConfigError([f"source sandre: {fault}" for fault in faults])
        self._form = checked("source", **options)
        self._path, self._patterns = Path(folder or ".") / path, as_patterns(pattern)
        self._clock, self._layout = clock, layout
        self._archive = Archive(self._path, self._patterns, self._form)
        self._told: set[str] = set()  # what was said of series, once

    def read(self, wanted: Wanted) -> pd.DataFrame:
        """Raises FeedError when the folder cannot be listed; what of its files cannot be used is a Problem."""
        problems = self._archive.refresh()
        until = max(wanted.issued_at, wanted.end)
        rows = self._archive.between(micro(wanted.start - wanted.step), micro(until))
        choice = chosen(self._archive.streams, wanted.series, self._form, self._layout)
        rows, said = choice.of(rows)
        problems += [Problem("source", None, text) for text in self._news([*said, *self._absent(wanted.series)])]
        return self._table(rows, choice, wanted, problems)

    def probe(self) -> str:
        """What is there: files, series, the newest value with its unit, age and zone. Raises ConfigError when the path
        does not exist, FeedError when nothing there can be used."""
        if not self._path.exists():
            raise ConfigError(f"source sandre: path {str(self._path)!r} does not exist: create it, or correct `path`")
        archive = Archive(self._path, self._patterns, self._form)
        problems = archive.refresh()
        rows = archive.between(np.datetime64("1700-01-01", "us"), np.datetime64("2100-01-01", "us"))
        told = [p.error for p in problems]
        asked = self._layout.all_series() if self._layout else None
        ids = {self._form.series_id(stream) for stream in archive.streams}
        if not archive.streams or (asked is not None and not ids & set(asked)):
            has = f"series there: {', '.join(sorted(ids)[:5])}" if ids else "no series in any file"
            raise FeedError(
                "; ".join([f"{self._path}: nothing that was asked for; {has}", *archive.elsewhere(), *told])
            )
        census = f"{self._path}: {len(archive.held)} files, {_share(ids, asked)}"
        sentence = ", ".join([census, self._newest(rows, archive, asked), *archive.elsewhere()])
        return " ".join([f"{sentence}.", *(f"Not used: {text}." for text in told)])

    def _newest(self, rows: Rows, archive: Archive, asked: Sequence[str] | None) -> str:
        streams = list(archive.streams)
        ours = np.array([asked is None or self._form.series_id(s) in asked for s in streams])
        seen = rows.where(np.isnat(rows.issued) & np.isfinite(rows.value) & ours[rows.stream])
        if not len(seen):
            return "no observation"
        at = int(np.argmax(seen.time))
        stream, time = streams[seen.stream[at]], seen.time[at]
        unit = self._form.unit(stream)
        inside = inside_unit(self._form.series_id(stream), stream, self._layout) if unit else ""
        value = f"{seen.value[at] * self._form.factor(stream, self._layout):g} {inside}".strip()
        written = f" ({seen.value[at]:g} {unit} in the file)" if unit else ""
        age = "" if self._clock is None else f", {ago(self._clock() - time)} ago"
        zone = f"times without offset are {self._form.zone}"
        return (
            f"newest {self._form.series_id(stream)} = {value}{written} of {time.astype('datetime64[s]')}Z{age}, {zone}"
        )

    def _table(self, rows: Rows, choice: Choice, wanted: Wanted, problems: list[Problem]) -> pd.DataFrame:
        received = rows.received
        if self._form.received == "stamp":
            received = np.where(np.isnat(rows.issued), np.datetime64("NaT", "us"), received)
        return feed_table(
            choice.names[rows.stream],
            rows.time,
            rows.value * choice.factors[rows.stream],
            flag=rows.flag,
            received_at=received,
            issued_at=rows.issued,
            wanted=wanted,
            problems=problems,
        )

    def _absent(self, series: Sequence[str]) -> list[str]:
        """Wanted series that no file has."""
        there = {self._form.series_id(stream) for stream in self._archive.streams}
        lost = sorted(set(series) - there)
        more = f" and {len(lost) - 5} more" if len(lost) > 5 else ""
        if not lost or not self._archive.held:
            return []
        return [f"{self._path}: no file has {', '.join(map(repr, lost[:5]))}{more}; see `series` and `names`"]

    def _news(self, said: Sequence[str]) -> list[str]:
        new = [text for text in said if text not in self._told]
        self._told = set(said)
        return new


def micro(time: np.datetime64) -> np.datetime64:
    exact: np.datetime64 = time.astype("datetime64[us]")
    return exact


def _share(ids: set[str], asked: Sequence[str] | None) -> str:
    return f"{len(ids)} series" if asked is None else f"{len(ids & set(asked))} of {len(asked)} series"
