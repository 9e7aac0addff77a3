"""Columns of an adapter to the table that a source gives, cut to what was wanted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..values import Problem, Wanted

if TYPE_CHECKING:
    import pandas as pd


def no_rows(problems: Sequence[Problem] = ()) -> pd.DataFrame:
    """The table of a source that has nothing."""
    return feed_table((), (), (), problems=problems)


def feed_table(
    series: ArrayLike,
    time: ArrayLike,
    value: ArrayLike,
    *,
    flag: ArrayLike | None = None,
    received_at: ArrayLike | None = None,
    issued_at: ArrayLike | None = None,
    member: ArrayLike | None = None,
    wanted: Wanted | None = None,
    problems: Sequence[Problem] = (),
) -> pd.DataFrame:
    """N rows; times datetime64, UTC, without zone; ``issued_at`` NaT for an observation.

    With ``wanted``: only its series; observations stamped in (start - step, issued_at], forecasts issued by then and
    valid up to ``end``; received by ``known_at`` (a row without reception time counts as received when stamped, a
    forecast when issued). Of rows for one series, time, issue and member the one received last stands, then the later.
    """
    import pandas as pd

    columns: dict[str, Any] = {"series": np.asarray(series, dtype=object), "time": _micro(time)}
    columns["value"] = np.asarray(value, dtype=float)
    for name, given in (("received_at", received_at), ("issued_at", issued_at)):
        if given is not None:
            columns[name] = _micro(given)
    for name, number, kind in (("flag", flag, np.uint8), ("member", member, np.int32)):
        if number is not None:
            columns[name] = np.asarray(number, dtype=kind)
    if wanted is not None:
        keep = wanted_rows(columns, wanted)
        columns = {name: column[keep] for name, column in columns.items()}
    frame = pd.DataFrame(columns, copy=False)
    for name in ("time", "received_at", "issued_at"):
        if name in frame:
            frame[name] = frame[name].dt.tz_localize("UTC")
    if wanted is not None:
        frame = _newest(frame)
    frame.attrs["problems"] = list(problems)
    return frame


def wanted_rows(columns: dict[str, NDArray[Any]], wanted: Wanted) -> NDArray[np.bool_]:
    """(N) which rows were asked for, and known."""
    time = columns["time"]
    never = np.full(len(time), "NaT", dtype="datetime64[us]")
    issue, received = columns.get("issued_at", never), columns.get("received_at", never)
    observed = np.isnat(issue)
    told = np.where(np.isnat(received), np.where(observed, time, issue), received)
    in_time = np.where(observed, time <= wanted.issued_at, (issue <= wanted.issued_at) & (time <= wanted.end))
    after = time > wanted.start - wanted.step
    asked = set(wanted.series)
    ours = np.fromiter((s in asked for s in columns["series"]), dtype=bool, count=len(time))
    return np.asarray(ours & after & in_time & (told <= wanted.known_at) & ~np.isnat(time))


def _newest(frame: pd.DataFrame) -> pd.DataFrame:
    """In order of time and series, each cell once."""
    if "received_at" in frame:
        frame = frame.sort_values("received_at", kind="stable", na_position="first")
    cell = [name for name in ("series", "time", "issued_at", "member") if name in frame]
    frame = frame.drop_duplicates(cell, keep="last")
    return frame.sort_values(["time", "series"], kind="stable", ignore_index=True)


def _micro(times: ArrayLike) -> NDArray[np.datetime64]:
    return np.asarray(times, dtype="datetime64[us]")
