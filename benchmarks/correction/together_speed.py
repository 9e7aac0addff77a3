"""``python -m benchmarks.correction.together_speed``: what quality, gaps, error-model and conformal cost a cycle,
together, for 100, 1,000 and 10,000 stations with four inputs each.

The region of benchmarks.correction.cycle_time, in a storm everywhere and in dry weather; a hundredth of the values
lost. The two correctors of forecasts correct one, and learn from two valid times: the newest, and the oldest that the
window shows, which is laid down for late truth. They run one after the other, each on as many threads as it is let:
milliseconds by the clock, of the processor, and of the processor on the longest way through (what is done in one
thread, and of several the busiest), which is what the clock would show on cores that nobody else uses if no thread
waited for another; the least of some runs each, and how much state a station and bulletin is.
"""

from __future__ import annotations

import argparse
import os
import platform
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, ClassVar

import numpy as np

from benchmarks.speed.feed import layout_for
from hydria_plugin import Forecast, History, Layout, Signal, Split, State, Verified, Window
from hydria_plugin.correctors import side_by_side
from hydria_plugin.correctors.conformal.corrector import Conformal
from hydria_plugin.correctors.error_model.corrector import ErrorModel
from hydria_plugin.correctors.gaps.corrector import Gaps
from hydria_plugin.correctors.quality.corrector import Quality
from hydria_plugin.forecasters.persistence import Persistence
from hydria_plugin.testing.samples import sample_history, window_of

from . import gaps_speed
from .cycle_time import FEW, for_all, spread

LOST = 0.01
Trained = tuple[Quality, History, History, Gaps]


@dataclass(frozen=True)
class Took:
    """Seconds."""

    wall: float
    processor: float
    longest: float

    def __add__(self, other: Took) -> Took:
        return Took(self.wall + other.wall, self.processor + other.processor, self.longest + other.longest)

    def __str__(self) -> str:
        return f"{1e3 * self.wall:.1f} / {1e3 * self.processor:.1f} / {1e3 * self.longest:.1f}"


class Watched(ThreadPoolExecutor):
    """Threads of which each counts its processor time."""

    spent: ClassVar[Counter[int]] = Counter()

    def submit(self, do: Callable[..., Any], /, *of: Any, **named: Any) -> Future[Any]:
        def counted() -> Any:
            began = time.thread_time()
            try:
                return do(*of, **named)
            finally:
                self.spent[threading.get_ident()] += time.thread_time() - began  # type: ignore[assignment]

        return super().submit(counted)


def timed(do: Callable[[], object], repeats: int) -> Took:
    """The least of some runs."""
    do()
    took = []
    for _ in range(repeats):
        Watched.spent.clear()
        wall, processor, own = time.perf_counter(), time.process_time(), time.thread_time()
        do()
        own = time.thread_time() - own + max(Watched.spent.values(), default=0.0)
        took.append((time.perf_counter() - wall, time.process_time() - processor, own))
    return Took(*(min(each) for each in zip(*took, strict=True)))


def learned_from() -> Trained:
    """``quality`` and the record of its few stations, the record of the other region and its ``gaps``."""
    few = sample_history(layout_for(FEW + 1), 4000, seed=7)
    group = gaps_speed.record(gaps_speed.GROUP, 3_000, np.random.default_rng(1))
    return Quality().fit(few, all_of(few)), few, group, Gaps().fit(group, all_of(group))


def all_of(record: History) -> Split:
    """All steps are for fitting."""
    fit = np.ones(record.target.shape, dtype=bool)
    return Split(fit, ~fit, ~fit, np.full(fit.shape, -1, np.int32))


def windows(record: History, layout: Layout) -> dict[str, Window]:
    """The region in a storm and in dry weather."""
    wet = record.inputs.values[0, :, 0] > 0
    calm = int(np.flatnonzero(np.convolve(wet, np.ones(90), "valid") == 0)[0]) + 89
    at = {"storm everywhere": len(record) - 30, "dry weather": calm}
    return {name: thinned(spread(window_of(record, step), layout)) for name, step in at.items()}


def thinned(window: Window) -> Window:
    """Some of the values lost."""
    rng = np.random.default_rng(3)
    target, past = np.array(window.observed.values), np.array(window.past.values)
    target[rng.random(target.shape) < LOST] = np.nan
    past[rng.random(past.shape) < LOST] = np.nan
    return replace(window, observed=Signal.measured(target), past=Signal.measured(past))


def of_forecasts(window: Window, repeats: int) -> tuple[dict[str, Took], dict[str, float]]:
    """What the correctors of forecasts take, and the bytes of their state a station."""
    forecast, spent, state_of = Persistence().forecast(window), {}, {}
    met = verified(window, forecast, np.random.default_rng(4))
    for name, corrector in (("error-model", ErrorModel(layout=window.layout)), ("conformal", Conformal())):
        state: State = {}
        for _ in range(3):
            state = corrector.learn(met, state)
        able = replace(window, learned={name: state})
        spent[f"{name}, correcting"] = timed(lambda c=corrector, w=able: c.correct_forecast(forecast, w), repeats)
        once = timed(lambda c=corrector, s=state: c.learn(met, s), repeats)
        spent[f"{name}, learning twice"] = once + once
        state_of[name] = sum(a.nbytes for a in state.values()) / len(window.stations)
    return spent, state_of


def verified(window: Window, forecast: Forecast, rng: np.random.Generator) -> Verified:
    """Truth that meets the forecast at every lead."""
    s, h = len(window.stations), window.layout.horizon
    values = np.asarray(forecast.values, np.float32)
    truth = values[:, 0, values.shape[2] // 2] * rng.lognormal(0.0, 0.2, s)
    return Verified(
        window.issued_at, window.stations, window.quantiles, values, truth, np.ones(s, np.uint8),
        base=np.repeat(truth[:, None], h, axis=1), rise=np.zeros((s, h)), raw=values,
    )  # fmt: skip


def together(stations: int, repeats: int, trained: Trained) -> tuple[dict[str, dict[str, Took]], dict[str, float]]:
    """By weather and stage; and bytes of state."""
    few, record, group, gaps = trained
    layout = layout_for(stations)
    quality, filling = for_all(few, layout), Gaps()
    assert gaps.model is not None
    filling.model = gaps_speed.repeated(gaps.model, stations // gaps_speed.GROUP)
    network = gaps_speed.window_of(group, stations, LOST, np.random.default_rng(2))
    filled, found = timed(lambda: filling.correct_inputs(network), repeats), {}
    for weather, window in windows(record, layout).items():
        spent = {"quality": timed(lambda w=window: quality.correct_inputs(w), repeats), "gaps": filled}
        more, state_of = of_forecasts(window, repeats)
        spent |= more
        found[weather] = {**spent, "together": sum(spent.values(), Took(0.0, 0.0, 0.0))}
    return found, state_of


def main() -> None:
    parser = argparse.ArgumentParser(prog="benchmarks.correction.together_speed", description=__doc__)
    parser.add_argument("--stations", type=int, nargs="+", default=[100, 1000, 10_000], help="in hundreds")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--threads", type=int, default=side_by_side.MOST, help="that a corrector is let, at most")
    options = parser.parse_args()
    side_by_side.MOST = options.threads
    side_by_side.ThreadPoolExecutor = Watched  # type: ignore[misc]
    trained, load = learned_from(), os.getloadavg()[0]
    sizes = [together(n, options.repeats, trained) for n in options.stations]
    versions = f"Python {platform.python_version()}, numpy {np.__version__}; {os.cpu_count()} cores"
    print(
        f"{datetime.now(UTC):%Y-%m-%d %H:%MZ}; {versions}; load {load:.1f} at the start, {os.getloadavg()[0]:.1f} after"
    )
    print(f"{LOST:.0%} of the values lost; {options.threads} threads; wall / processor / longest way, ms\n")
    for weather, stages in sizes[-1][0].items():
        print(f"| {weather} | " + " | ".join(f"{n:,} stations" for n in options.stations) + " |")
        print("|---|" + "---|" * len(sizes))
        for stage in stages:
            print(f"| {stage} | " + " | ".join(str(found[weather][stage]) for found, _ in sizes) + " |")
        print()
    print("Bytes of state a station: " + ", ".join(f"{name} {held:.0f}" for name, held in sizes[-1][1].items()))


if __name__ == "__main__":
    main()
