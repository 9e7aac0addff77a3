"""A window of any size."""

from __future__ import annotations

import numpy as np

from hydria_plugin import (
    Layout,
    Signal,
    Window,
)


def window(value: float = 1.5, stations: int = 1, past: int = 12, slots: int = 2, horizon: int = 4) -> Window:
    names = tuple(f"s{i}" for i in range(stations))
    series = np.array([[f"{n}.{v}" for v in range(slots)] for n in names])
    step = np.timedelta64(600, "s")
    kinds = ("rain",) * slots
    layout = Layout(
        names,
        names,
        ("level",) * stations,
        ("m",) * stations,
        tuple(f"rain.{v}" for v in range(slots)),
        kinds,
        series,
        step,
        past,
        horizon,
        (0.1, 0.5, 0.9),
    )
    return Window(
        np.datetime64("2026-01-01T00:00:00", "s"),
        np.datetime64("2026-01-01T00:00:00", "us"),
        layout,
        Signal.measured(np.full((stations, 1, past), value)),
        Signal.measured(np.zeros((stations, 1, past, slots))),
        Signal.measured(np.full((stations, 1, horizon, slots), np.nan)),
        np.zeros((stations, slots, 0)),
    )
