"""The fallback ladder: forecasters in order, each filling the stations that are still without a forecast."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from .errors import PluginError
from .roles import Forecaster
from .values import Bools, Floats, Forecast, Problem, Window


def first_complete(forecasters: Mapping[str, Forecaster], window: Window, problems: list[Problem]) -> Forecast:
    """Ask the forecasters in order; row by row, the next fills what is missing. One that fails is noted."""
    forecast = nothing(window)
    for rung, (name, forecaster) in enumerate(forecasters.items()):
        open_rows = np.flatnonzero(~forecast.there)
        if open_rows.size == 0:
            break
        try:
            asked = window if open_rows.size == len(window.stations) else window.only(open_rows)
            answer = forecaster.forecast(asked)
            check_forecast(name, answer, asked)
            forecast = fill(forecast, answer, open_rows, rung)
        except Exception as error:
            problems.append(Problem(name, None, reachable(error)))
    return forecast


def nothing(window: Window) -> Forecast:
    """A forecast without a row."""
    shape = (len(window.stations), window.layout.horizon, len(window.quantiles))
    return Forecast.of(window, np.full(shape, np.nan), "")


def fill(forecast: Forecast, answer: Forecast, rows: np.ndarray, rung: int) -> Forecast:
    """Put the rows that ``answer`` has into ``forecast``."""
    answer = only_there(answer)
    if rows.size == len(forecast.stations):
        return replace(answer, rung=np.where(answer.there, rung, -1).astype(np.int16))
    into = rows[answer.there]
    taken, made_by, at_rung = forecast.values.copy(), list(forecast.made_by), forecast.rung.copy()
    taken[into] = answer.values[answer.there]
    at_rung[into] = rung
    for row, name in zip(into, np.asarray(answer.made_by, dtype=object)[answer.there], strict=True):
        made_by[row] = name
    n = len(forecast.stations)
    return replace(
        forecast,
        values=taken,
        made_by=tuple(made_by),
        rung=at_rung,
        members=spread(forecast.members, answer.members, rows, n),
        variance=spread(forecast.variance, answer.variance, rows, n),
        parts=spread(forecast.parts, answer.parts, rows, n),
        part_names=forecast.part_names if forecast.parts is not None else answer.part_names,
    )


def only_there(answer: Forecast) -> Forecast:
    """The answer without the members, variance and parts of rows in which it has no forecast."""
    there = answer.there
    if there.all():
        return answer

    def keep(part: Floats | None) -> Floats | None:
        return None if part is None else np.where(there.reshape(-1, *[1] * (part.ndim - 1)), part, np.nan)

    return replace(answer, members=keep(answer.members), variance=keep(answer.variance), parts=keep(answer.parts))


def spread(mine: Floats | None, its: Floats | None, rows: np.ndarray, stations: int) -> Floats | None:
    """Members, variance or parts of a forecast in which several forecasters filled rows: NaN where one has none."""
    if its is None:
        return mine
    if mine is None:
        whole = np.full((stations, *its.shape[1:]), np.nan)
    elif mine.shape[1:] == its.shape[1:]:
        whole = mine.copy()
    else:
        return mine  # of another shape: those of the higher rung stay
    whole[rows] = its
    return whole


def check_forecast(name: str, answer: object, window: Window) -> None:
    """Raise PluginError unless ``answer`` is a forecast for just what was asked."""
    if not isinstance(answer, Forecast):
        raise PluginError(f"{name} gave a {type(answer).__name__} instead of a Forecast")
    asked = (window.issued_at, window.stations, window.quantiles, window.layout.horizon)
    given = (answer.issued_at, answer.stations, answer.quantiles, answer.horizon)
    for what, want, have in zip(("issue time", "stations", "quantiles", "horizon"), asked, given, strict=True):
        if want != have:
            raise PluginError(f"{name} forecast for {what} {have!r}, asked were {want!r}")


def complete(after: Forecast, before: Forecast) -> Forecast:
    """``after``, with the rows of ``before`` where a corrector lost one; who corrected is kept beside who forecast."""
    lost: Bools = before.there & ~after.there
    if not lost.any():
        return after
    made_by = tuple(b if gone else a for a, b, gone in zip(after.made_by, before.made_by, lost, strict=True))
    return replace(
        after,
        values=np.where(lost[:, None, None], before.values, after.values),
        rung=np.where(lost, before.rung, after.rung).astype(np.int16),
        made_by=made_by,
    )


def reachable(error: BaseException) -> str:
    """One line on an error, with its cause."""
    text = " ".join(str(error).split()) or "no message"
    cause = f" (from {type(error.__cause__).__name__}: {error.__cause__})" if error.__cause__ else ""
    return f"{type(error).__name__}: {text}{cause}"
