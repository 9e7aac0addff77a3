"""What a source gave when it was asked once: the newest value of each station and its delay; what is missing or old."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from ..exchange import ago
from ..tables import Gridding
from ..values import Layout, Wanted
from ..workshop.times import utc

if TYPE_CHECKING:
    import pandas as pd

SHOWN = 10  # stations told one by one
SERIES_SHOWN = 5


def observed_in(table: pd.DataFrame, wanted: Wanted) -> pd.DataFrame:
    """Observations of the series that were wanted, gaps left out."""
    observed = table[table["issued_at"].isna()] if "issued_at" in table else table
    return observed[observed["value"].notna() & observed["series"].isin(wanted.series)]


def newest_values(table: pd.DataFrame, layout: Layout, wanted: Wanted) -> Iterator[str]:
    """Station by station: value, unit, time, delay. Then how many series have a value."""
    observed = observed_in(table, wanted)
    newest = observed.sort_values("time", kind="stable").groupby("series", observed=True).tail(1).set_index("series")
    stations = zip(layout.stations, layout.targets, layout.units, strict=True)
    told = [(s, target, unit) for s, target, unit in stations if target in newest.index]
    for station, target, unit in told[:SHOWN]:
        row = newest.loc[target]
        at = np.datetime64(row["time"].tz_convert("UTC").tz_localize(None).to_datetime64(), "s")
        yield f"{station}: {row['value']:g} {unit} of {utc(at)}, {ago(wanted.issued_at - at)} ago"
    more = f" ({len(told) - SHOWN} stations more)" if len(told) > SHOWN else ""
    yield f"{len(newest)} of {len(wanted.series)} series have values since {utc(wanted.start)}{more}"


def staleness(table: pd.DataFrame, wanted: Wanted) -> Iterator[str]:
    """What the newest values say: nothing at all, series without any, the newest too old."""
    observed = observed_in(table, wanted)
    if observed.empty:
        yield f"stale feed: no value of {len(wanted.series)} series since {utc(wanted.start)}"
        return
    newest = np.datetime64(observed["time"].max().tz_convert("UTC").tz_localize(None).to_datetime64(), "s")
    if wanted.issued_at - newest > 3 * wanted.step:
        yield f"stale feed: the newest value is of {utc(newest)}"
    without = sorted(set(wanted.series) - set(observed["series"]))
    if without:
        more = f" and {len(without) - SERIES_SHOWN} more" if len(without) > SERIES_SHOWN else ""
        yield f"no value since {utc(wanted.start)} of {', '.join(without[:SERIES_SHOWN])}{more}"


def between_steps(table: pd.DataFrame, layout: Layout, wanted: Wanted, rain_label: str) -> Iterator[str]:
    """Sums over whole steps that begin between steps, as local days do on steps of UTC: each is taken for the step it
    begins in, which is over before the sum is."""
    gridding = Gridding.for_layout(layout, rain_label)
    summed = {s for s, one in zip(gridding.series, gridding.summed, strict=True) if one}
    if rain_label != "start" or not summed:
        return
    observed, step = observed_in(table, wanted), gridding.step_us
    found = {}
    for name, times in observed[observed["series"].isin(summed)].groupby("series", observed=True)["time"]:
        plain = times.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy().astype("M8[us]")
        stamps = np.unique(plain.astype(np.int64))  # a corrected value comes twice
        if len(stamps) > 1 and np.diff(stamps).min() > step // 2 and (stamps % step).any():
            found[str(name)] = utc(np.datetime64(int(stamps[stamps % step != 0][-1]), "us"))
    if found:
        more = f" and {len(found) - SERIES_SHOWN} more" if len(found) > SERIES_SHOWN else ""
        yield (
            f"sums of {', '.join(list(found)[:SERIES_SHOWN])}{more}: they begin between the steps "
            f"({next(iter(found.values()))}), and count for the step they begin in before they have ended; days of a "
            'local time are best read as days of UTC (timezone = "UTC" of the source)'
        )
