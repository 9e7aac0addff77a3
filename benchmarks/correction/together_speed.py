"""``python -m benchmarks.correction.together_speed``: what quality, gaps, error-model and conformal cost a cycle,
together, for ten thousand stations with four inputs each.

The region of benchmarks.correction.cycle_time, in a storm everywhere and in dry weather; a hundredth of the values
lost. The two correctors of forecasts correct one, and learn from the one truth that a step brings. Processor seconds of
one thread, and how much state a station and bulletin is.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from benchmarks.speed.feed import layout_for
from hydria_plugin import Forecast, Signal, Split, State, Verified, Window
from hydria_plugin.correctors.conformal.corrector import Conformal
from hydria_plugin.correctors.error_model.corrector import ErrorModel
from hydria_plugin.correctors.quality.corrector import Quality
from hydria_plugin.forecasters.persistence import Persistence
from hydria_plugin.testing.samples import sample_history, window_of

from . import gaps_speed
from .cycle_time import FEW, for_all, spread

LOST = 0.01


def timed(do: Callable[[], object], repeats: int) -> float:
    """The least of some runs, processor seconds."""
    do()
    took = []
    for _ in range(repeats):
        start = time.process_time()
        do()
        took.append(time.process_time() - start)
    return min(took)


def windows(stations: int) -> tuple[Quality, dict[str, Window]]:
    """A trained ``quality``, and the region in a storm and in dry weather."""
    record = sample_history(layout_for(FEW + 1), 4000, seed=7)
    fit = np.ones(record.target.shape, dtype=bool)
    few = Quality().fit(record, Split(fit, ~fit, ~fit, np.zeros(fit.shape, np.int32)))
    layout = layout_for(stations)
    wet = record.inputs.values[0, :, 0] > 0
    calm = int(np.flatnonzero(np.convolve(wet, np.ones(90), "valid") == 0)[0]) + 89
    at = {"storm everywhere": len(record) - 30, "dry weather": calm}
    return for_all(few, layout), {name: thinned(spread(window_of(record, step), layout)) for name, step in at.items()}


def thinned(window: Window) -> Window:
    """Some of the values lost."""
    rng = np.random.default_rng(3)
    target, past = np.array(window.observed.values), np.array(window.past.values)
    target[rng.random(target.shape) < LOST] = np.nan
    past[rng.random(past.shape) < LOST] = np.nan
    return replace(window, observed=Signal.measured(target), past=Signal.measured(past))


def of_forecasts(window: Window, repeats: int) -> dict[str, float]:
    """Seconds of the correctors of forecasts, each: correcting, and learning from one verified valid time."""
    forecast, spent = Persistence().forecast(window), {}
    met = verified(window, forecast, np.random.default_rng(4))
    for name, corrector in (("error-model", ErrorModel(layout=window.layout)), ("conformal", Conformal())):
        state: State = {}
        for _ in range(3):
            state = corrector.learn(met, state)
        able = replace(window, learned={name: state})
        spent[f"{name}, correcting"] = timed(lambda c=corrector, w=able: c.correct_forecast(forecast, w), repeats)
        spent[f"{name}, learning"] = timed(lambda c=corrector, s=state: c.learn(met, s), repeats)
        spent[f"{name}, bytes of state a station"] = sum(a.nbytes for a in state.values()) / len(window.stations)
    return spent


def verified(window: Window, forecast: Forecast, rng: np.random.Generator) -> Verified:
    """Truth that meets the forecast at every lead."""
    s, h = len(window.stations), window.layout.horizon
    values = np.asarray(forecast.values, np.float32)
    truth = values[:, 0, values.shape[2] // 2] * rng.lognormal(0.0, 0.2, s)
    return Verified(
        window.issued_at, window.stations, window.quantiles, values, truth, np.ones(s, np.uint8),
        base=np.repeat(truth[:, None], h, axis=1), rise=np.zeros((s, h)), raw=values,
    )  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(prog="benchmarks.correction.together_speed", description=__doc__)
    parser.add_argument("--stations", type=int, default=10_000)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    quality, regions = windows(options.stations)
    history = gaps_speed.record(gaps_speed.GROUP, 3_000, np.random.default_rng(1))
    fit = np.ones((gaps_speed.GROUP, len(history)), dtype=bool)
    gaps = gaps_speed.Gaps().fit(history, Split(fit, ~fit, ~fit, np.full(fit.shape, -1, np.int32)))
    assert gaps.model is not None
    gaps.model = gaps_speed.repeated(gaps.model, options.stations // gaps_speed.GROUP)
    network = gaps_speed.window_of(history, options.stations, LOST, np.random.default_rng(2))
    filling = timed(lambda: gaps.correct_inputs(network), options.repeats)
    for weather, window in regions.items():
        spent = {"quality": timed(lambda w=window: quality.correct_inputs(w), options.repeats), "gaps": filling}
        spent |= of_forecasts(window, options.repeats)
        whole = sum(v for name, v in spent.items() if "bytes" not in name)
        print(f"{weather}, {options.stations} stations, {LOST:.0%} of the values lost: {whole:.2f} s together")
        for name, value in spent.items():
            print(f"  {name}: {value:.0f}" if "bytes" in name else f"  {name}: {value:.3f} s")


if __name__ == "__main__":
    main()
