"""Messages of the Vigicrues services to columns: observations, forecasts, and the errors that come as HTTP 200."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hydria_plugin import FeedError
from hydria_plugin.exchange import moment

from .names import TENDENCIES, Key
from .observations import Place, Places
from .readings import NEVER, Readings, dated, joined, number, readings
from .telling import Tally, quoted

UNITS = {"H": "m", "Q": "m3/s"}
NOTHING = 204  # the code of "no forecast at present", within a message
NO_FORECASTS = "pas une station de prévision"
RESULTS = {"min": "resminprev", "moy": "resmoyprev", "max": "resmaxprev"}


class NoForecast(FeedError):
    """The service says that there is no forecast for the station, now or ever."""


def observations(message: Any, key: Key, place: str, places: Places, tally: Tally) -> Readings:
    """One station's H or Q: pairs of milliseconds and value, or points with an ISO time. Raises FeedError."""
    series = part(message, "serie", place)
    check_same(series, key, "cdstationhydro", "grdserie", place)
    points = series.get("obsshydro")
    if not isinstance(points, list):
        raise FeedError(f"{place}: holds no list ObssHydro but {quoted(points)}")
    times, values = [], []
    for point in points:
        time, value = pair(point)
        result = number(value)
        if result is None:
            tally.add("value", f"{key.code}.{key.quantity}: {quoted(point)} is no time and number; it is not used")
            continue
        times.append(time)
        values.append(result)
    return spread(places.get(key, ()), times, values, NEVER, tally)


def forecasts(message: Any, key: Key, place: str, places: Places, tally: Tally) -> Readings:
    """The newest forecast of one station's H or Q, each tendency a series. Raises FeedError; NoForecast when there is
    none."""
    runs = lower(message).get("simul") if isinstance(message, dict) else None
    if isinstance(runs, list):  # the list of all stations has the same shape
        runs = next((r for r in runs if isinstance(r, dict) and lower(r).get("cdentvigicru") == key.code), {})
    run = part(message if not isinstance(runs, dict) else {"simul": runs}, "simul", place)
    points = run.get("prevs")
    if not run or not isinstance(points, list) or not points:
        raise NoForecast(f"{place}: {key.code} has no forecast at present")
    check_same(run, key, "cdentvigicru", "grdsimul", place)
    issued = instant(run.get("dtprodsimul"))
    if np.isnat(issued):
        raise FeedError(f"{place}: DtProdSimul {quoted(run.get('dtprodsimul'))} is no time: who knows how old it is")
    rows = [lower(p) for p in points if isinstance(p, dict)]
    times = [r.get("dtprev") for r in rows]
    return joined([_tendency(name, rows, times, key, issued, places, tally) for name in TENDENCIES])


def _tendency(
    name: str,
    rows: list[dict[str, Any]],
    times: list[Any],
    key: Key,
    issued: np.datetime64,
    places: Places,
    tally: Tally,
) -> Readings:
    values = []
    for row in rows:
        value = number(row.get(RESULTS[name]))
        if value is None:
            tally.add("value", f"{key.code}.{key.quantity}.{name}: {quoted(row.get(RESULTS[name]))} is no number")
        values.append(np.nan if value is None else value)
    found = spread(places.get(Key(key.code, key.quantity, name), ()), times, values, issued, tally)
    return found.take(np.isfinite(found.value))  # an absent tendency withdraws nothing


def spread(
    where: tuple[Place, ...], times: list[Any], values: list[float], issued: np.datetime64, tally: Tally
) -> Readings:
    """The same values for each series that wants them."""
    stamps = instants(times)
    parts = []
    for one in where:
        n = len(values)
        scaled = np.asarray(values, dtype=float) * one.factor
        found = readings([one.series] * n, stamps, scaled.tolist(), [one.unit] * n, issued_at=issued)
        parts.append(dated(found, times, tally))
    return joined(parts)


def part(message: Any, name: str, place: str) -> dict[str, Any]:
    """The object ``name``, its keys in lower case. Raises FeedError with what the service says instead."""
    said = error_of(message)
    if said:
        kind = NoForecast if f"({NOTHING})" in said or NO_FORECASTS in said else FeedError
        raise kind(f"{place}: the service answers {quoted(said)}")
    inner = lower(message).get(name) if isinstance(message, dict) else None
    if not isinstance(inner, dict):
        held = type(message).__name__
        if isinstance(message, dict):
            held = ", ".join([key for key in message if not key.startswith("@")][:6]) or "nothing"
        raise FeedError(f"{place}: holds no {name.capitalize()} but {quoted(held)}")
    return lower(inner)


def error_of(message: Any) -> str:
    """``error_msg`` or ``message`` with its code, in a dictionary or in a list of one; "" for no error."""
    one = message[0] if isinstance(message, list) and message else message
    if not isinstance(one, dict):
        return ""
    known = lower(one)
    text = known.get("error_msg") or known.get("message")
    return f"{text} ({known.get('code', 'no code')})" if text else ""


def check_same(found: dict[str, Any], key: Key, code: str, quantity: str, place: str) -> None:
    """A level that came for a discharge would be a flood."""
    got = found.get(code), found.get(quantity)
    if got != (key.code, key.quantity):
        asked = f"{key.code} {key.quantity}"
        raise FeedError(f"{place}: {asked} was asked for, {quoted(' '.join(map(str, got)))} came; it is not used")


def lower(thing: dict[str, Any]) -> dict[str, Any]:
    """Keys in lower case: theirs changed from one year to the next."""
    return {str(k).lower(): v for k, v in thing.items()}


def pair(point: Any) -> tuple[Any, Any]:
    """Time and value of an observation in either form."""
    if isinstance(point, dict):
        known = lower(point)
        return known.get("dtobshydro"), known.get("resobshydro", "")
    if isinstance(point, list) and len(point) == 2:
        return point[0], point[1]
    return None, ""


def instants(times: list[Any]) -> NDArray[np.datetime64]:
    return np.asarray([instant(t) for t in times], dtype="datetime64[us]")


def instant(time: Any) -> np.datetime64:
    """Milliseconds since 1970, or ISO 8601 with or without offset (UTC); NaT for what is neither."""
    try:
        if isinstance(time, int | float) and not isinstance(time, bool) and abs(time) < 1e14:
            return np.datetime64(int(time) * 1000, "us")
        return moment(time) if isinstance(time, str) else NEVER
    except (ValueError, OverflowError):
        return NEVER
