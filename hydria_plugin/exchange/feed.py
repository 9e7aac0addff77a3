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
    columns: dict[str, NDArray[Any]] = {"time": _micro(time), "value": np.asarray(value, dtype=float)}
    for name, given in (("received_at", received_at), ("issued_at", issued_at)):
        if given is not None:
            columns[name] = _micro(given)
    for name, number, kind in (("flag", flag, np.uint8), ("member", member, np.int32)):
        if number is not None:
            columns[name] = np.asarray(number, dtype=kind)
    frame = _framed(np.asarray(series, dtype=object), columns, wanted)
    frame.attrs["problems"] = list(problems)
    return frame


def _framed(series: NDArray[Any], columns: dict[str, NDArray[Any]], wanted: Wanted | None) -> pd.DataFrame:
    """In order of time and series, each cell once, where it says what is wanted. A series is a number here: its name
    would be compared a million times."""
    import pandas as pd

    if wanted is None:
        names = pd.Series(series)
    else:
        codes, found = pd.factorize(series)
        asked = set(wanted.series)
        ours = np.array([*(name in asked for name in found), False], dtype=bool)  # the last: of a row without series
        rank = np.full(len(found), -1)
        rank[sorted(np.flatnonzero(ours[:-1]).tolist(), key=lambda code: str(found[code]))] = np.arange(ours.sum())
        rows = np.flatnonzero(ours[codes] & wanted_rows(columns, wanted))
        cells = {name: column[rows] for name, column in columns.items() if name not in ("value", "flag")}
        rows = rows[_newest(rank[codes[rows]], cells)]
        names = pd.Series(found).take(codes[rows]).reset_index(drop=True)
        columns = {name: column[rows] for name, column in columns.items()}
    frame = pd.DataFrame({"series": names, **columns}, copy=False)
    for name in ("time", "received_at", "issued_at"):
        if name in frame:
            frame[name] = frame[name].dt.tz_localize("UTC")
    return frame


def wanted_rows(columns: dict[str, NDArray[Any]], wanted: Wanted) -> NDArray[np.bool_]:
    """(N) which rows are of the span, and known, whatever their series."""
    time = columns["time"]
    issue, received = columns.get("issued_at"), columns.get("received_at")
    observed = np.ones(len(time), dtype=bool) if issue is None else np.isnat(issue)
    told = time if issue is None else np.where(observed, time, issue)
    if received is not None:
        told = np.where(np.isnat(received), told, received)
    in_time = observed & (time <= wanted.issued_at)
    if issue is not None:
        in_time |= (issue <= wanted.issued_at) & (time <= wanted.end)
    return np.asarray(in_time & (time > wanted.start - wanted.step) & (told <= wanted.known_at))


def _newest(rank: NDArray[np.int64], columns: dict[str, NDArray[Any]]) -> NDArray[np.int64]:
    """Which of the N rows stand, in order of time and ``rank`` of their series, then of reception."""
    whole = {
        name: column.view(np.int64) for name, column in columns.items() if column.dtype.kind == "M"
    }  # NaT is first
    order = np.lexsort((whole.get("received_at", rank), rank, whole["time"]))
    together = _same(order, rank, whole["time"])
    if not together.any():
        return order
    among = np.flatnonzero(np.append(together, False) | np.append(False, together))
    parts = [columns.get("member"), whole.get("issued_at"), rank, whole["time"]]
    cell = [part[order] for part in parts if part is not None]
    by_cell = among[np.lexsort([part[among] for part in cell])]  # within a cell in the order of reception
    keep = np.ones(len(order), dtype=bool)
    keep[by_cell[:-1][_same(by_cell, *cell)]] = False
    return order[keep]


def _same(order: NDArray[np.int64], *parts: NDArray[Any]) -> NDArray[np.bool_]:
    """(N - 1) whether a row and the one behind it, in this order, are alike in all parts."""
    alike = np.ones(max(len(order) - 1, 0), dtype=bool)
    for part in parts:
        alike &= part[order[:-1]] == part[order[1:]]
    return alike


def _micro(times: ArrayLike) -> NDArray[np.datetime64]:
    return np.asarray(times, dtype="datetime64[us]")
