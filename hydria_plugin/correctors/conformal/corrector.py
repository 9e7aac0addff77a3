"""``conformal``: quantiles that hold what they promise, at every lead, in floods too, under truth that comes late."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Self

import numpy as np

from hydria_plugin import Flag, Forecast, History, ModelError, Split, State, Verified, Window
from hydria_plugin.learning.ticks import on_ticks, ticks_of
from hydria_plugin.values import Bools, Floats, Ints

from ..lead_knots import between, leads_of
from ..side_by_side import side_by_side, slices
from .classes import Seen, flooded, shares
from .tracking import Stretch, at_leads, pooled, stretched, taught

DEGRADED = 0.3  # of the logarithm of the width, where no input has its newest value
BLOCK = 500  # stations: what is reckoned with lies in a processor's cache
SEEN = "seen."  # before the names of those arrays in the state


class Conformal:
    """Learns from every verified forecast, see :mod:`~hydria_plugin.correctors.conformal.tracking`; until it has met
    some it changes nothing but the width where inputs are missing. ``degraded``: how much wider (logarithm of the
    factor) a band is where no input has a measured newest value; less, as fewer are missing. Trained, it knows the
    steps in which each gauge shows its level, and puts the outer quantiles on them."""

    name = "conformal"
    works_untrained = True

    def __init__(self, *, degraded: float = DEGRADED) -> None:
        if not 0.0 <= degraded <= 2.0:
            raise ValueError(f"degraded must lie between 0 and 2, not {degraded}")
        self.degraded = degraded
        self.ticks: Mapping[str, float] = {}  # station -> unit of the river; 0 = none

    # ---- correcting

    def correct_forecast(self, forecast: Forecast, window: Window) -> Forecast:
        state = window.learned.get(self.name, {})
        rows = rows_of(forecast.stations, window.stations)
        s, h, middle = len(window.stations), forecast.horizon, forecast.quantiles.index(0.5)
        held, seen = Stretch.of(state, s, h, len(forecast.quantiles)), seen_of(state, s, h)
        flood = pooled(held.flood[rows], held.floods[rows])  # of all stations, before they are parted
        tick = np.array([self.ticks.get(name, 0.0) for name in forecast.stations])
        water = (*newest_two(window, rows), tick, self.degraded * missing_share(window)[rows])

        def corrected(part: slice) -> Floats:
            stretch = replace(of_rows(held, rows[part]), flood=flood[part])
            mine = tuple(each[part] for each in water)
            return issued(forecast.values[part], stretch, seen_rows(seen, rows[part]), mine, middle)

        out = np.concatenate(side_by_side(corrected, slices(len(rows), BLOCK), len(rows)))
        return replace(forecast, values=np.where(forecast.there[:, None, None], out, forecast.values))

    # ---- learning while running

    def learn(self, verified: Verified, state: State) -> State:
        """One verified valid time; suspected truth, and stations without, teach nothing."""
        s, h = len(verified.stations), verified.forecast.shape[1]
        good = (verified.flags != Flag.SUSPECT) & (verified.flags != Flag.FAIL)
        truth = np.where(good, verified.truth, np.nan).astype(np.float32)
        if verified.raw is None or verified.base is None or verified.rise is None or not np.isfinite(truth).any():
            return state
        held, seen = Stretch.of(state, s, h, len(verified.quantiles)), seen_of(state, s, h)

        def learned(part: slice) -> State:
            return after(of_rows(held, part), seen_rows(seen, part), verified, truth, part)

        parts = side_by_side(learned, slices(s, BLOCK), s)
        return {name: np.concatenate([each[name] for each in parts]) for name in parts[0]}

    # ---- training

    def fit(self, history: History, split: Split) -> Self:
        """Only the steps in which each gauge shows its level are read off the record."""
        new = type(self)(degraded=self.degraded)
        names = history.layout.stations
        new.ticks = dict(zip(names, (float(t) for t in ticks_of(history, split)), strict=True))
        return new

    def save(self, folder: Path) -> None:
        (folder / "conformal.json").write_text(json.dumps({"ticks": dict(self.ticks)}), encoding="utf-8")

    def load(self, folder: Path) -> Self:
        path = folder / "conformal.json"
        try:
            ticks = {str(n): float(t) for n, t in json.loads(path.read_text(encoding="utf-8"))["ticks"].items()}
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise ModelError(f"{path} cannot be read: {error}; run `hydria train` again") from error
        new = type(self)(degraded=self.degraded)
        new.ticks = ticks
        return new


def after(held: Stretch, seen: Seen, verified: Verified, truth: Floats, rows: slice) -> State:
    """The state of the stations ``rows``, of which ``held`` and ``seen`` are, after ``truth`` (S) met what was issued
    for it."""
    raw, base, rise = (np.asarray(told)[rows] for told in (verified.raw, verified.base, verified.rise))
    given, truth, middle = np.asarray(verified.forecast[rows], np.float32), truth[rows], verified.quantiles.index(0.5)
    classes, floods = made_in(seen, raw, base, rise, middle)
    held = taught(held, given, truth, np.asarray(verified.quantiles), middle, classes, floods)
    at = leads_of(given.shape[1]) - 1
    width = np.where(np.isfinite(truth)[:, None], raw[:, at, -1] - raw[:, at, 0], np.nan)
    met = seen.met(width, np.stack([raw[:, at, middle], base[:, at], rise[:, at]], axis=2))
    return {**held.arrays(), **{SEEN + f.name: getattr(met, f.name) for f in fields(met)}}


def issued(values: Floats, held: Stretch, seen: Seen, water: tuple[Floats, ...], middle: int) -> Floats:
    """(S, H, Q) of ``values`` (S, H, Q). ``water``, each (S): the last value of the target, its last rise, the tick,
    and by how much wider the band is to be for want of inputs."""
    last, rise, tick, wider = water
    h = values.shape[1]
    classes, floods = made_in(seen, values, last, rise, middle)
    out = stretched(values, held, between(h), classes, floods, middle, wider)
    if (tick > 0).any():
        out = on_ticks(out, np.repeat(last[:, None], h, axis=1), tick, middle)
    dry = np.asarray(np.all(values >= 0, axis=(1, 2)))
    return np.where(dry[:, None, None], np.maximum(out, 0.0), out)  # no water below nothing


def made_in(seen: Seen, quantiles: Floats, last: Floats, rise: Floats, middle: int) -> tuple[Floats, Bools]:
    """Classes (S, H, G) of forecasts (S, H, Q), and (S, H) whether each is of a flood. ``last`` and ``rise`` are (S) or
    (S, H)."""
    way = between(quantiles.shape[1])
    borders, floods = at_leads(way, seen.borders), at_leads(way, seen.floods)
    wide = [np.broadcast_to(a[:, None] if a.ndim == 1 else a, quantiles.shape[:2]) for a in (last, rise)]
    marks = np.stack([quantiles[..., middle], *wide], axis=2)
    return shares(quantiles[..., -1] - quantiles[..., 0], borders), flooded(marks, floods)


def of_rows(held: Stretch, rows: Ints | slice) -> Stretch:
    return Stretch(**{name: array[rows] for name, array in held.arrays().items()})


def seen_rows(seen: Seen, rows: Ints | slice) -> Seen:
    return Seen(**{f.name: getattr(seen, f.name)[rows] for f in fields(Seen)})


def seen_of(state: State, stations: int, horizon: int) -> Seen:
    """What a stored state saw; nothing where it is of another shape."""
    new = Seen.nothing(stations, len(leads_of(horizon)))
    held = {f.name: state.get(SEEN + f.name) for f in fields(Seen)}
    fits = all(a is not None and a.shape == getattr(new, n).shape for n, a in held.items())
    return Seen(**{n: a for n, a in held.items() if a is not None}) if fits else new


def rows_of(stations: tuple[str, ...], among: tuple[str, ...]) -> Ints:
    place = {name: i for i, name in enumerate(among)}
    return np.array([place[name] for name in stations], dtype=np.int64)


def newest_two(window: Window, rows: Ints) -> tuple[Floats, Floats]:
    """(S) the last value of the target that is there, and by how much it is above the one before; NaN without."""
    observed = np.asarray(window.observed.values[rows, 0], dtype=np.float64)
    last, before = newest(observed), newest(observed[:, : max(1, observed.shape[1] - 1)])
    return last, last - before


def newest(observed: Floats) -> Floats:
    """(S) the newest finite value of (S, P)."""
    back = observed[:, ::-1]
    place = np.isfinite(back).argmax(axis=1)
    return np.asarray(np.take_along_axis(back, place[:, None], axis=1)[:, 0])


def missing_share(window: Window) -> Floats:
    """(S) share of the inputs, the target among them, whose newest value was not measured, or is not trusted."""
    there = window.layout.present
    inputs, target = (signal.each(lambda a: a[:, 0, -1]).trusted for signal in (window.past, window.observed))
    return np.asarray(((there & ~inputs).sum(axis=1) + ~target) / (there.sum(axis=1) + 1.0))
