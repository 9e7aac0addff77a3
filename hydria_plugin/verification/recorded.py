"""A record played again: what a source holds, served step by step as it would have been known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np

from ..roles import Source
from ..tables_columns import microseconds
from ..values import SUMMED, Layout, Wanted

if TYPE_CHECKING:
    import pandas as pd

Future = Literal["none", "perfect", "archived"]
WEATHER = ("rain", "pet", "temperature")  # what a perfect forecast is a forecast of
EVER = np.datetime64("2200-01-01", "us")


class RecordedSource:
    """Reads ``source`` once over the whole span, then answers as of each ``known_at``.

    A row without reception time counts as received when stamped, a forecast when issued. ``future``: ``archived`` keeps
    the forecasts that the source holds, ``none`` drops them, ``perfect`` gives the observed weather of the horizon as a
    forecast. ``rain_label``: the side of the step that the stamp of a sum stands at, as of the pipeline.
    """

    def __init__(
        self,
        source: Source,
        layout: Layout,
        first: np.datetime64,
        last: np.datetime64,
        future: Future = "archived",
        rain_label: str = "end",
    ) -> None:
        self.columns = columns_of(source.read(whole_record(layout, first, last)))
        if future != "archived":
            self.columns = take(self.columns, np.isnat(self.columns["issued_at"]))
        order = np.argsort(self.columns["time"], kind="stable")
        self.columns = take(self.columns, order)
        self.weather = weather_series(layout) if future == "perfect" else np.array([], dtype=object)
        self.is_weather = np.isin(self.columns["series"], self.weather)
        begun = weather_series(layout, SUMMED) if rain_label == "start" else ()
        self.begins = np.isin(self.columns["series"], np.array(begun, dtype=object))  # stamped where its sum begins
        self.table = frame_of(self.columns)

    def read(self, wanted: Wanted) -> pd.DataFrame:
        """The rows known at ``wanted.known_at``."""
        time, c = self.columns["time"], self.columns
        first = np.searchsorted(time, wanted.start - wanted.step, "right")
        last = np.searchsorted(time, wanted.end, "right")
        part = {name: column[first:last] for name, column in c.items()}
        observed = np.isnat(part["issued_at"])
        known = (part["received_at"] <= wanted.known_at) & np.where(
            observed, part["time"] <= wanted.issued_at, part["issued_at"] <= wanted.issued_at
        )
        count = int(known.sum())
        if known[:count].all() and not self.weather.size:  # the horizon's observations alone are to come
            return self.table.iloc[first : first + count]
        rows = take(part, known)
        if self.weather.size:
            begins_then = (part["time"] == wanted.issued_at) & self.begins[first:last]
            ahead = ((part["time"] > wanted.issued_at) | begins_then) & self.is_weather[first:last]
            rows = joined(rows, as_forecast(take(part, ahead), wanted))
        return frame_of(rows)


def whole_record(layout: Layout, first: np.datetime64, last: np.datetime64) -> Wanted:
    """Everything from ``first`` to ``last``, whenever it was received."""
    return Wanted(layout.all_series(), first, last, EVER, last, layout.step)


def weather_series(layout: Layout, kinds: Sequence[str] = WEATHER) -> np.ndarray:
    columns = [v for v, kind in enumerate(layout.kinds) if kind in kinds]
    found = {s for v in columns for s in layout.series[:, v].tolist() if s}
    return np.array(sorted(found), dtype=object)


Columns = Mapping[str, np.ndarray]


def columns_of(table: pd.DataFrame) -> dict[str, np.ndarray]:
    """A source's table as plain arrays, optional columns filled in."""
    n = len(table)
    time, issued, received = (utc(table, name) for name in ("time", "issued_at", "received_at"))
    return {
        "series": table["series"].to_numpy(dtype=object),
        "time": time,
        "value": table["value"].to_numpy(dtype=float),
        "flag": table["flag"].to_numpy(dtype=float) if "flag" in table else np.full(n, np.nan),
        "received_at": np.where(np.isnat(received), np.where(np.isnat(issued), time, issued), received),
        "issued_at": issued,
        "member": table["member"].to_numpy(dtype=float) if "member" in table else np.full(n, np.nan),
    }


def utc(table: pd.DataFrame, name: str) -> np.ndarray:
    """A column as datetime64[us], UTC; NaT where there is none."""
    return microseconds(table, name).view("datetime64[us]")


def take(columns: Columns, rows: np.ndarray) -> dict[str, np.ndarray]:
    return {name: column[rows] for name, column in columns.items()}


def joined(a: Columns, b: Columns) -> dict[str, np.ndarray]:
    return {name: np.concatenate([a[name], b[name]]) for name in a}


def as_forecast(rows: dict[str, np.ndarray], wanted: Wanted) -> dict[str, np.ndarray]:
    """Observed rows of the horizon, as a forecast issued at the issue time."""
    issued = np.full(len(rows["time"]), wanted.issued_at.astype("datetime64[us]"))
    return {**rows, "issued_at": issued, "received_at": issued}


def frame_of(rows: Columns) -> pd.DataFrame:
    """A table as a source gives it, without columns that say nothing of any row."""
    import pandas as pd

    times = ["time", "received_at", "issued_at"] if (~np.isnat(rows["issued_at"])).any() else ["time", "received_at"]
    aware = {name: pd.DatetimeIndex(rows[name]).tz_localize("UTC") for name in times}
    optional = {"flag": rows["flag"]} if np.nansum(rows["flag"]) else {}
    if "issued_at" in aware:
        optional["member"] = np.nan_to_num(rows["member"], nan=0.0).astype(int)
    series = pd.Series(rows["series"], dtype=object, copy=False)
    return pd.DataFrame({"series": series, "value": rows["value"], **aware, **optional}, copy=False)
