"""What 20 scenarios of 40 members cost for 10,000 stations: making them, asking the networks, telling the doubt apart.

    OMP_NUM_THREADS=1 python -m benchmarks.uncertainty.cost [--stations 10000] [--scenarios 20 6 ...]

The worst night: it rains at every gauge (3 a station, each its own), so that no scenario is spared; past 72, horizon
24. The networks are those of benchmarks/inference.py: random weights, the product's shapes. Processor time, one thread.
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Callable

import numpy as np

from benchmarks.inference import LEADS, MEMBERS, PAST, STATES, ZONES, random_stack
from hydria_plugin import Forecast, Signal, Window
from hydria_plugin.correctors.input_error.corrector import InputError
from hydria_plugin.decomposition import apart
from hydria_plugin.forecasters.arx import blocks
from hydria_plugin.forecasters.block_network.serving import Stack
from hydria_plugin.forecasters.boosting_fit import knots_for
from hydria_plugin.forecasters.boosting_model import between
from hydria_plugin.forecasters.scenarios import mixture
from hydria_plugin.testing import sample_layout
from hydria_plugin.testing.samples import sample_history, window_of
from hydria_plugin.values import Floats, onto_quantiles, thinned

QUANTILES = 7


def wet_window(stations: int) -> Window:
    """Every gauge of every station reads rain in the last hours; ``stations`` of their own gauges."""
    few = sample_layout(50, ZONES, PAST, LEADS)
    window = window_of(sample_history(few, 400, gaps=0.0))
    many = sample_layout(stations, ZONES, PAST, LEADS)
    rng = np.random.default_rng(1)
    past = np.repeat(window.past.values, -(-stations // 50), axis=0)[:stations]
    past[..., -12:, : ZONES - 1] += rng.gamma(1.0, 4.0, (stations, 1, 12, ZONES - 1))
    observed = np.repeat(window.observed.values, -(-stations // 50), axis=0)[:stations]
    future = np.full((stations, 1, LEADS, ZONES), np.nan)
    return Window(
        window.issued_at, window.known_at, many, Signal.measured(observed), Signal.measured(past),
        Signal.measured(future), np.empty((stations, ZONES, 0)),
    )  # fmt: skip


def paths_of(output: Floats) -> Floats:
    """(S, M, H) trajectories, of (S, knots by members)."""
    knots = knots_for(LEADS)
    return np.asarray(np.einsum("hk,skm->smh", between(knots, LEADS), output.reshape(len(output), len(knots), MEMBERS)))


def ask(stack: Stack, lagged: Floats, state: Floats, scenarios: int) -> Floats:
    """(S, R, M, H) scenario after scenario, as the product does."""
    stations = len(state)
    members = np.empty((stations, scenarios, MEMBERS, LEADS))
    for r in range(scenarios):
        output = stack.answer(lagged[:, None] * (1 + 0.01 * r), state, np.arange(stations))
        members[:, r] = paths_of(output)
    return members


def ask_by_station(stack: Stack, lagged: Floats, state: Floats, scenarios: int) -> Floats:
    """The same, a station's scenarios at once: its weights are read once for all of them."""
    members = np.empty((len(state), scenarios, MEMBERS, LEADS))
    factors = 1 + 0.01 * np.arange(scenarios)
    for s in range(len(state)):
        cases = lagged[s][None, None] * factors[:, None, None, None]
        output = stack.answer(cases, np.repeat(state[s][None], scenarios, axis=0), np.full(scenarios, s))
        members[s] = paths_of(output)
    return members


def timed(name: str, call: Callable[[], object]) -> object:
    begun = time.process_time()
    found = call()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"  {name:44s} {time.process_time() - begun:7.2f} s   peak so far {peak:5.2f} GB", flush=True)
    return found


def one(stations: int, scenarios: int) -> None:
    print(f"{stations} stations, {scenarios} scenarios, {MEMBERS} members, {LEADS} leads")
    rng = np.random.default_rng(1)
    window = wet_window(stations)
    made = timed("input-error: the scenarios", lambda: InputError(scenarios=scenarios).correct_inputs(window))
    assert isinstance(made, Window) and made.scenarios == scenarios
    del made
    stack = random_stack(stations, rng)
    lagged = rng.gamma(1.0, 1.0, (stations, ZONES, len(blocks(PAST))))
    state = rng.standard_normal((stations, STATES))
    members = timed("the networks, scenario by scenario", lambda: ask(stack, lagged, state, scenarios))
    assert isinstance(members, np.ndarray)
    again = timed("the networks, station by station", lambda: ask_by_station(stack, lagged, state, scenarios))
    np.testing.assert_allclose(members, again, rtol=1e-6, atol=1e-9)
    del again
    values = np.sort(rng.gamma(2.0, size=(stations, LEADS, QUANTILES)), axis=2)
    forecast = Forecast.of(window, values, "made", members=members)
    timed("model, input and the rest", lambda: apart(forecast, forecast, window))
    timed("trajectories onto quantiles (blend)", lambda: onto_quantiles(thinned(members), values, window.quantiles))
    unlike = rng.uniform(0.9, 1.1, (scenarios - 1, 1, 1))
    some = np.repeat(values[: stations // 10, None], scenarios - 1, axis=1) * unlike
    timed("mixture of quantiles (a tenth estimated)", lambda: mixture(some, window.quantiles))


def main() -> None:
    ask_for = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask_for.add_argument("--stations", type=int, default=10_000)
    ask_for.add_argument("--scenarios", type=int, nargs="+", default=[6, 20])
    options = ask_for.parse_args()
    for scenarios in options.scenarios:
        one(options.stations, scenarios)


if __name__ == "__main__":
    main()
