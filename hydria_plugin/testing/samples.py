"""Samples: small, seeded, plausible values of every type. A made-up basin: storms, a linear reservoir, some gaps."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..values import (
    Alert,
    Basis,
    Bulletin,
    Floats,
    Forecast,
    History,
    Layout,
    Observations,
    Problem,
    Reason,
    Signal,
    Summary,
    Window,
)

ISSUED_AT = np.datetime64("2026-03-01T12:00:00", "s")
QUANTILES = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95)
HOUR = np.timedelta64(3600, "s")


def sample_layout(
    stations: int = 3, slots: int = 3, past: int = 24, horizon: int = 6, step: np.timedelta64 = HOUR
) -> Layout:
    """``slots - 1`` rain gauges and one upstream level; the last station lacks the last rain gauge when it can."""
    names = tuple(f"s{i + 1}" for i in range(stations))
    slot_names = (*(f"rain.{i + 1}" for i in range(slots - 1)), "level.upstream")[:slots] if slots else ()
    series = np.array([[f"{slot}@{s}" for slot in slot_names] for s in names], dtype=object).reshape(stations, slots)
    if stations > 1 and slots > 2:
        series[-1, slots - 2] = ""
    return Layout(
        stations=names,
        targets=tuple(f"level@{s}" for s in names),
        quantities=("level",) * stations,
        units=("m",) * stations,
        slots=slot_names,
        kinds=tuple(s.split(".")[0] for s in slot_names),
        series=series.astype(str),
        step=step,
        past=past,
        horizon=horizon,
        quantiles=QUANTILES,
        static=np.linspace(50.0, 500.0, stations)[:, None],
        static_names=("area_km2",),
    )


def storms(steps: int, rng: np.random.Generator) -> Floats:
    """(T) rain in mm per step: dry spells and gamma-shaped storms."""
    wet = np.zeros(steps)
    for start in np.flatnonzero(rng.random(steps) < 0.02):
        length = int(rng.integers(3, 12))
        wet[start : start + length] += rng.gamma(0.8, 6.0, size=len(wet[start : start + length]))
    return wet


def reservoir(rain: Floats, recession: float = 0.92) -> Floats:
    """(T) level in m of a linear reservoir fed by ``rain``."""
    level, out = 0.2, np.empty(len(rain))
    for t, fallen in enumerate(rain):
        level = 0.2 + (level - 0.2) * recession + 0.02 * fallen
        out[t] = level
    return out


def sample_history(layout: Layout | None = None, steps: int = 1500, seed: int = 1, gaps: float = 0.01) -> History:
    """A record of a made-up basin, ``gaps`` of its values missing; rain in rain slots, a lagged level elsewhere."""
    layout = layout or sample_layout()
    rng = np.random.default_rng(seed)
    s, v = len(layout.stations), len(layout.slots)
    inputs, target = np.full((s, steps, v), np.nan), np.empty((s, steps))
    common = storms(steps, rng)
    for i in range(s):
        local = common * rng.gamma(4.0, 0.25, size=steps)
        target[i] = reservoir(np.concatenate([[0.0, 0.0], local[:-2]])) + rng.normal(0, 0.002, steps)
        for j, kind in enumerate(layout.kinds):
            if layout.present[i, j]:
                inputs[i, :, j] = local * rng.gamma(9.0, 1 / 9, size=steps) if kind == "rain" else reservoir(local)
    for array in (target, inputs):
        array[rng.random(array.shape) < gaps] = np.nan
    times = ISSUED_AT - layout.step * np.arange(steps - 1, -1, -1)
    return History(
        layout, times, Signal.measured(target), Signal.measured(inputs), np.empty((s, steps, v, 0)), durations=()
    )


def sample_window(
    layout: Layout | None = None, seed: int = 1, gaps: float = 0.01, future: bool = False, at: int | None = None
) -> Window:
    """The window at step ``at`` (default: the last that leaves a horizon) of :func:`sample_history`."""
    layout = layout or sample_layout()
    return window_of(sample_history(layout, 600 + layout.past + layout.horizon, seed, gaps), at, future)


def window_of(history: History, at: int | None = None, future: bool = False) -> Window:
    """The window that a buffer would have given at step ``at`` of ``history``."""
    a = history.layout
    at = len(history) - 1 - a.horizon if at is None else at
    if not a.past - 1 <= at < len(history):
        raise ValueError(f"step {at} has no window: {a.past - 1} <= step < {len(history)}")
    past, ahead = slice(at - a.past + 1, at + 1), slice(at + 1, at + 1 + a.horizon)
    known = np.full((len(a.stations), a.horizon, len(a.slots)), np.nan)
    if future:
        part = history.inputs.values[:, ahead]
        known[:, : part.shape[1]] = part
    return Window(
        history.times[at],
        history.times[at],
        a,
        history.target.each(lambda x: x[:, None, past]),
        history.inputs.each(lambda x: x[:, None, past]),
        Signal.measured(known[:, None]),
        history.totals[:, at],
        history.durations,
    )


def sample_forecast(window: Window | None = None, seed: int = 1) -> Forecast:
    """Quantiles around the last value, wider with the lead."""
    window = window or sample_window()
    rng = np.random.default_rng(seed)
    last = np.nan_to_num(window.observed.values[:, 0, -1], nan=0.5)
    leads = np.sqrt(np.arange(1, window.layout.horizon + 1))
    normal = np.array([-1.645, -1.282, -0.674, 0.0, 0.674, 1.282, 1.645])
    offsets = np.interp(window.quantiles, QUANTILES, normal)
    centre = last[:, None] + 0.02 * rng.normal(size=(len(last), len(leads)))
    return Forecast.of(window, centre[:, :, None] + 0.05 * leads[None, :, None] * offsets, "sample")


def sample_alert(bulletin_at: np.datetime64 = ISSUED_AT, station: str = "s1") -> Alert:
    """A first alert, forecast to cross in two steps."""
    return Alert(
        event=f"{station}-{bulletin_at}",
        sequence=0,
        station=station,
        threshold="yellow",
        rank=0,
        limit=1.0,
        probability=0.7,
        is_lower_bound=True,
        crosses_at=bulletin_at + 2 * HOUR,
        peak=1.2,
        peak_at=bulletin_at + 3 * HOUR,
        observed=0.8,
        basis=Basis.FORECAST,
        reason=Reason.FIRST,
        issued_at=bulletin_at,
        told_at=bulletin_at,
    )


def sample_bulletin(
    pipeline: str = "sample", revision: int = 0, seed: int = 1, layout: Layout | None = None
) -> Bulletin:
    """A bulletin with an alert, a problem, a learned state and received observations."""
    window = sample_window(layout, seed)
    forecast = sample_forecast(window, seed)
    series = window.layout.all_series()
    n = len(series)
    received = Observations(
        series,
        np.arange(n, dtype=np.int32),
        np.full(n, window.issued_at),
        np.linspace(0.0, 1.0, n),
        np.ones(n, np.uint8),
        np.zeros(n, np.int32),
        np.zeros(n, np.int32),
        np.full(n, window.known_at.astype("datetime64[us]")),
    )
    learned = {"sample": {"weights": np.linspace(0, 1, 6).reshape(2, 3), "count": np.array([3], dtype=np.int64)}}
    return Bulletin(
        pipeline,
        window.issued_at,
        window.known_at.astype("datetime64[us]"),
        revision,
        window.layout,
        Summary.of(window),
        forecast,
        replace(forecast),
        (sample_alert(window.issued_at, window.stations[0]),),
        (Problem("quality", window.stations[0], "gauge rain.1 is silent since 03:00"),),
        {"inputs": f"{seed:032x}", "config": "c0ffee"},
        learned,
        received,
        window,
    )
