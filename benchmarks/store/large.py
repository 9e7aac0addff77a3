"""Ten thousand stations' worth of values, from random digits: nothing that would compress by luck."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from hydria_plugin import Bulletin, Forecast, Layout, Observations, Summary

START = np.datetime64("2026-03-01T00:00:00", "s")
STEP = np.timedelta64(900, "s")
QUANTILES = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95)
PAST, LEADS, INPUTS, MEMBERS = 72, 24, 4, 3


def large_layout(stations: int) -> Layout:
    names = tuple(f"s{i:05d}" for i in range(stations))
    slots = tuple(f"rain.{i + 1}" for i in range(INPUTS))
    series = np.array([[f"{slot}@{name}" for slot in slots] for name in names])
    return Layout(
        names, tuple(f"level@{name}" for name in names), ("level",) * stations, ("m",) * stations, slots,
        ("rain",) * INPUTS, series, STEP, PAST, LEADS, QUANTILES,
    )  # fmt: skip


def large_bulletins(layout: Layout) -> Iterator[Bulletin]:
    """One per step: blend's quantiles and parts, random digits (nothing that would compress by luck)."""
    rng, s = np.random.default_rng(1), len(layout.stations)
    values = np.sort(rng.gamma(2.0, 1.0, (s, LEADS, len(QUANTILES))), axis=2)
    parts, observed = rng.gamma(2.0, 1.0, (s, MEMBERS, LEADS)), rng.gamma(2.0, 1.0, (s, PAST)).astype(np.float32)
    summary = Summary(observed, np.ones((s, INPUTS), np.float32))
    made_by, rung = ("blend",) * s, np.zeros(s, np.int16)
    for i in range(10**6):
        at = START + i * STEP
        forecast = Forecast(
            at, STEP, layout.stations, QUANTILES, values + i, made_by, rung, None, None, parts, ("a", "b", "c")
        )
        yield Bulletin("bench", at, at.astype("M8[us]"), 0, layout, summary, forecast, forecast)


def large_observations(layout: Layout, at: np.datetime64) -> Observations:
    """The newest step of every series: its values, all received together."""
    series, n = layout.all_series(), len(layout.all_series())
    zero = np.zeros(n, np.int32)
    values = np.random.default_rng(int(at.astype(np.int64))).gamma(2.0, 1.0, n)
    return Observations(
        series, np.arange(n, dtype=np.int32), np.full(n, at), values, np.ones(n, np.uint8), zero, zero,
        np.full(n, at.astype("M8[us]")),
    )  # fmt: skip
