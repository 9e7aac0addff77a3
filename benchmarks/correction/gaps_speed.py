"""``python -m benchmarks.correction.gaps_speed``: what filling costs a cycle, for ten thousand stations.

A made-up network: every station has a target, three rain gauges that it shares with its neighbours, and the target of
the station upstream. Fitted on a hundred stations; the model is then repeated, so that every station has one."""

from __future__ import annotations

import argparse
import time
from dataclasses import fields, replace

import numpy as np

from hydria_plugin import History, Layout, Signal, Split, Window
from hydria_plugin.correctors.gaps.corrector import Gaps
from hydria_plugin.correctors.gaps.model import PARTS, Model
from hydria_plugin.testing.samples import QUANTILES, reservoir, storms
from hydria_plugin.totals import steps_in, totals_over
from hydria_plugin.values import Floats

HOUR = np.timedelta64(3600, "s")
DURATIONS = tuple(HOUR * h for h in (12, 24, 72, 168, 336, 720))
SLOTS, KINDS = ("rain.1", "rain.2", "rain.3", "level.upstream"), ("rain", "rain", "rain", "level")
PAST, AHEAD, GROUP = 72, 24, 100
CASES = {"no gaps": 0.0, "0.1 % of the values": 0.001, "1 % of the values": 0.01, "20 % of the values": 0.2}


def layout_of(stations: int) -> Layout:
    """Rain gauges are shared with the next two stations, the river comes from the station before."""
    n = np.arange(stations)
    group = n // GROUP * GROUP
    series = [
        [f"r{g + (i + k - g) % GROUP}" for k in range(3)] + [f"q{g + (i - 1 - g) % GROUP}"]
        for i, g in zip(n.tolist(), group.tolist(), strict=True)
    ]
    return Layout(
        tuple(f"s{i}" for i in n), tuple(f"q{i}" for i in n), ("level",) * stations, ("m",) * stations, SLOTS, KINDS,
        np.asarray(series), HOUR, PAST, AHEAD, QUANTILES,
    )  # fmt: skip


def record(stations: int, steps: int, rng: np.random.Generator) -> History:
    layout, common = layout_of(stations), storms(steps, rng)
    rain = common[:, None] * rng.gamma(4.0, 0.25, (steps, stations))
    river = np.stack([reservoir(rain[:, i]) for i in range(stations)], axis=1)
    place = {f"{letter}{i}": made[:, i] for letter, made in (("r", rain), ("q", river)) for i in range(stations)}
    inputs = np.stack([np.stack([place[name] for name in row], axis=1) for row in layout.series.tolist()])
    steps_of = [steps_in(d, HOUR) for d in DURATIONS]
    summed = np.array([k == "rain" for k in KINDS])
    totals = np.stack([totals_over(one, 0, np.arange(steps), steps_of, summed) for one in inputs])
    times = np.datetime64("2024-01-01T00:00:00", "s") + HOUR * np.arange(steps)
    return History(layout, times, Signal.measured(river.T), Signal.measured(inputs), totals, DURATIONS)


def repeated(model: Model, times: int) -> Model:
    """The model of one group for many: the same weights, other names."""
    n = len(model.names)

    def again(array: Floats, name: str) -> Floats:
        tiled = np.tile(array, (times,) + (1,) * (array.ndim - 1))
        if array.dtype.kind != "i" or name == "lags":
            return tiled
        size = len(model.rivers.weights) if name == "place" else n
        shift = np.repeat(np.arange(times) * size, n).reshape((-1,) + (1,) * (array.ndim - 1))
        return np.asarray(np.where(tiled < 0, tiled, tiled + shift))

    names = tuple(f"{name[0]}{int(name[1:]) + GROUP * k}" for k in range(times) for name in model.names)
    parts = {
        name: kind(**{f.name: again(getattr(getattr(model, name), f.name), f.name) for f in fields(kind)})
        for name, kind in PARTS.items()
    }
    wide = {name: np.tile(getattr(model, name), (times, 1)) for name in ("wet", "totals")}
    return replace(model, names=names, kinds=model.kinds * times, **parts, **wide)  # type: ignore[arg-type]


def window_of(history: History, stations: int, share: float, rng: np.random.Generator) -> Window:
    """The newest window of the group, repeated, with gaps per series."""
    times, layout = stations // GROUP, layout_of(stations)
    target = np.tile(history.target.values[:, -PAST:], (times, 1))
    inputs = np.tile(history.inputs.values[:, -PAST:], (times, 1, 1))
    number = {name: i for i, name in enumerate(layout.all_series())}
    lost = rng.random((len(number), PAST)) < share
    target[lost[[number[t] for t in layout.targets]]] = np.nan
    slots = np.array([[number[s] for s in row] for row in layout.series.tolist()])
    inputs[np.moveaxis(lost[slots], 1, 2)] = np.nan
    end, nothing = history.times[-1], np.full((stations, 1, AHEAD, len(SLOTS)), np.nan)
    return Window(
        end, end, layout, Signal.measured(target[:, None]), Signal.measured(inputs[:, None]), Signal.measured(nothing),
        np.tile(history.totals[:, -1], (times, 1, 1)), DURATIONS,
    )  # fmt: skip


def without(window: Window, level: bool, rain: bool) -> Window:
    """With all targets, or all rain, lost throughout."""
    target, past = np.array(window.observed.values), np.array(window.past.values)
    if level:
        target[:], past[..., 3] = np.nan, np.nan
    if rain:
        past[..., :3] = np.nan
    return replace(window, observed=Signal.measured(target), past=Signal.measured(past))


def main() -> None:
    parser = argparse.ArgumentParser(prog="benchmarks.correction.gaps_speed", description=__doc__)
    parser.add_argument("--stations", type=int, default=10_000)
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    rng = np.random.default_rng(1)
    history = record(GROUP, 3_000, rng)
    fit = np.ones((GROUP, len(history)), dtype=bool)
    start = time.perf_counter()
    gaps = Gaps().fit(history, Split(fit, ~fit, ~fit, np.full(fit.shape, -1, np.int32)))
    print(f"fit: {time.perf_counter() - start:.1f} s for {GROUP} stations, {len(history)} steps")
    assert gaps.model is not None
    gaps.model = repeated(gaps.model, options.stations // GROUP)
    cases = {name: window_of(history, options.stations, share, rng) for name, share in CASES.items()}
    cases |= {
        "all rain lost": without(cases["no gaps"], False, True),
        "all rivers lost": without(cases["no gaps"], True, False),
        "everything lost": without(cases["no gaps"], True, True),
    }
    for name, window in cases.items():
        took = []
        for _ in range(options.repeats):
            start = time.perf_counter()
            gaps.correct_inputs(window)
            took.append(time.perf_counter() - start)
        print(f"{name}: {np.median(took):.3f} s for {options.stations} stations (best {min(took):.3f})", flush=True)


if __name__ == "__main__":
    main()
