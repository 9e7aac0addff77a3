"""A made-up valley for the tests of quality: two rain gauges, three river gauges, hourly, one station with all."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np

from hydria_plugin import METHODS, Flag, History, Layout, Signal, Split, Window
from hydria_plugin.correctors.quality.corrector import Quality
from hydria_plugin.testing.samples import HOUR, storms, window_of
from hydria_plugin.values import Floats

PAST, STEPS, CUT = 48, 6000, 4200
SLOTS = ("rain.1", "rain.2", "level.up", "discharge.side")
SERIES = ("target", "r1", "r2", "up", "side")
START = np.datetime64("2024-01-01T00:00:00", "s")


def layout(past: int = PAST) -> Layout:
    return Layout(
        ("s",), ("target",), ("level",), ("m",), SLOTS, tuple(s.split(".")[0] for s in SLOTS),
        np.asarray([SERIES[1:]]), HOUR, past, 6, (0.1, 0.5, 0.9),
    )  # fmt: skip


def routed(inflow: Floats, memory: float) -> Floats:
    held, out = 0.0, np.empty(len(inflow))
    for t, new in enumerate(inflow):
        held = memory * held + (1 - memory) * new
        out[t] = held
    return out


@cache
def columns() -> Floats:
    """(T, 5) target, two rain gauges, upstream level, a side river's discharge; seeded."""
    rng = np.random.default_rng(11)
    rain = storms(STEPS, rng)
    gauges = [np.round(rain * rng.gamma(9.0, 1 / 9, STEPS) * 5) / 5 for _ in range(2)]
    fast = routed(np.roll(rain, 1), 0.7)
    up = 0.4 + 0.08 * fast
    target = 0.6 + 0.10 * routed(np.roll(fast, 2), 0.6)
    side = 2.0 + 3.0 * routed(np.roll(rain, 2), 0.8)
    rivers = [np.round(x + rng.normal(0, 0.002, STEPS), 3) for x in (target, up, side)]
    return np.stack([rivers[0], *gauges, rivers[1], rivers[2]], axis=1)


def history(x: Floats | None = None, past: int = PAST) -> History:
    x = columns() if x is None else x
    times = START + HOUR * np.arange(len(x))
    inputs = Signal.measured(x[None, :, 1:])
    return History(layout(past), times, Signal.measured(x[None, :, 0]), inputs, np.empty((1, len(x), 4, 0)))


def first_part(record: History) -> Split:
    fit = (np.arange(len(record)) < CUT)[None]
    none = np.zeros_like(fit)
    return Split(fit, none, none, np.full(fit.shape, -1, np.int32))


@cache
def trained() -> Quality:
    record = history()
    return Quality().fit(record, first_part(record))


def calm(after: int = CUT + 200, dry: int = 60, quiet: int = 30) -> int:
    """A step of the test part before and after which nothing fell for long."""
    rain = columns()[:, 1:3].max(axis=1)
    wet = np.convolve(rain > 0, np.ones(dry + quiet), "valid") > 0
    return int(np.flatnonzero(~wet[after:])[0]) + after + dry


def flood() -> int:
    """The step of the highest level of the test part."""
    return CUT + 200 + int(np.argmax(columns()[CUT + 200 : -200, 0]))


def window(x: Floats, at: int, past: int = PAST) -> Window:
    return window_of(history(x, past), at)


def seen(x: Floats, at: int, corrector: Quality | None = None) -> Window:
    """The corrected window of step ``at``."""
    return (corrector or trained()).correct_inputs(window(x, at))


def flags(found: Window, series: str) -> tuple[list[int], list[str]]:
    """Flags and methods of one series over the window, oldest first."""
    i = SERIES.index(series)
    signal = found.observed.each(lambda a: a[0, 0]) if i == 0 else found.past.each(lambda a: a[0, 0, :, i - 1])
    return signal.flags.tolist(), [METHODS[m] for m in signal.method]


def failed(found: Window, series: str, back: int = 0) -> str:
    """The method by which the value ``back`` steps before the newest failed; "" where it did not."""
    flag, method = flags(found, series)
    return method[-1 - back] if flag[-1 - back] == Flag.FAIL else ""


def spoilt(series: str, at: int, values: object) -> Floats:
    """The record with ``values`` from step ``at`` on in one series."""
    x = columns().copy()
    new = np.atleast_1d(np.asarray(values, dtype=float))
    x[at : at + len(new), SERIES.index(series)] = new
    return x


def with_signal(record: Window, **changes: object) -> Window:
    return replace(record, **changes)  # type: ignore[arg-type]
