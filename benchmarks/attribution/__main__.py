"""python -m benchmarks.attribution [--realisations 5] [--cases A,B,C,E] [--forecasters ridge,boosting,block-network]

Rank correlation of local attributions with the true local contributions on the fictitious basin, out of sample, during
rises; and, where captum and shap are installed, the largest difference from them.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from hydria_plugin import History, Split
from hydria_plugin.forecasters.block_network.attributing import attribute
from hydria_plugin.forecasters.block_network.forecaster import BlockNetwork
from hydria_plugin.forecasters.block_network.twin import Height, fit_twin, samples
from hydria_plugin.forecasters.block_network.twin_rain import gauges_of
from hydria_plugin.forecasters.boosting import Boosting
from hydria_plugin.forecasters.ridge import Ridge
from hydria_plugin.learning.basin_cases import cases
from hydria_plugin.learning.fictitious_basin import Record, simulate
from hydria_plugin.learning.fictitious_cases import history_of, study_split
from hydria_plugin.testing.samples import window_of
from hydria_plugin.values import Floats, Ints

from .libraries import against_libraries
from .truth import change_parts, parts, rank_correlation, shares

MAKE: dict[str, Callable[[], Any]] = {
    "ridge": Ridge,
    "boosting": lambda: Boosting(num_threads=1),
    "block-network": lambda: BlockNetwork(select=False, twin=False, num_threads=1),
}
PAST, HORIZON = 36, 6
LEADS = (3, 6)
MOST = 80  # issue times of one realisation
RISE = 0.5  # of the discharge's standard deviation: a rise worth explaining


def main(realisations: int, names: list[str], forecasters: list[str]) -> None:
    print(f"{'case':6s}{'who':16s}{'lead':>6s}{'zones':>8s}{'amounts':>9s}{'hours':>8s}{'sum off':>10s}")
    for name in names:
        found: dict[tuple[str, int], list[Floats]] = {}
        for seed in range(realisations):
            one(name, seed, forecasters, found)
        for (who, lead), rows in found.items():
            zones, amounts, hours, off = np.mean(rows, axis=0)
            print(f"{name:6s}{who:16s}{lead or '-':>6}{zones:8.3f}{amounts:9.3f}{hours:8.3f}{off:10.1e}", flush=True)
    against_libraries()


def one(name: str, seed: int, forecasters: list[str], found: dict[tuple[str, int], list[Floats]]) -> None:
    """One realisation: every forecaster, and the static twin."""
    record = simulate(cases()[name], np.random.default_rng([seed, 7]))
    history, part = history_of(record, past=PAST, horizon=HORIZON), study_split(record, np.random.default_rng(seed))
    for who in forecasters:
        begun = time.monotonic()
        fitted = MAKE[who]().fit(history, part)
        for lead in LEADS:
            found.setdefault((who, lead), []).append(judge(fitted, history, record, part, lead))
        print(f"# {name} {seed} {who} {time.monotonic() - begun:.0f} s", flush=True)
    found.setdefault(("static twin", 0), []).append(judge_twin(history, record, part, seed))


def rising(record: Record, part: Split, lead: int) -> Ints:
    """Issue times of the test from which the true discharge rises."""
    test = np.flatnonzero(part.test[0])
    test = test[(test > 60) & (test < len(record.times) - HORIZON)]
    rise = record.discharge[test + lead] - record.discharge[test]
    wanted = test[rise > RISE * record.discharge.std()]
    return wanted[np.linspace(0, len(wanted) - 1, min(MOST, len(wanted))).astype(int)]


def judge(fitted: Any, history: History, record: Record, part: Split, lead: int) -> Floats:
    """Rank correlations: of the zones' shares, of their amounts, of single hours on which it rained; and how far the
    parts are from the median."""
    at = rising(record, part, lead)
    said, off = np.empty((len(at), PAST + HORIZON, len(record.basin.zones))), 0.0
    for n, step in enumerate(at):
        window = window_of(history, int(step), future=True)
        told = fitted.attribute(window)
        said[n] = told.inputs[0, lead - 1]
        off = max(off, float(np.abs(told.median - fitted.forecast(window).median).max()))
    truth = change_parts(record, at, lead, PAST, HORIZON)
    return np.append(compared(said, truth), off)


def compared(said: Floats, truth: Floats) -> Floats:
    """(3) for (N, W, Z) parts."""
    wet = truth != 0
    zones, true_zones = said.sum(axis=1), truth.sum(axis=1)
    return np.array(
        [
            rank_correlation(shares(zones), shares(true_zones)),
            rank_correlation(zones, true_zones),
            rank_correlation(said[wet], truth[wet]),
        ]
    )


def judge_twin(history: History, record: Record, part: Split, seed: int) -> Floats:
    """The same of the network that is made to be read: what made the river of this step."""
    twin = fit_twin(history, part, 0, np.random.default_rng(seed))
    fit_at = np.flatnonzero(part.fit[0])
    at = np.flatnonzero(part.test[0] & (record.discharge > record.discharge.mean()))
    given = samples(gauges_of(history, part, 0), Height.of(history, part, 0), at, twin.lags, fit_at)
    by_member, by_state = attribute(
        twin.networks, given.lagged, given.state, np.zeros_like(given.lagged), np.zeros_like(given.state)
    )
    start = twin.networks.output(np.zeros_like(given.lagged), np.zeros_like(given.state))
    moved = twin.networks.output(given.lagged, given.state) - start
    off = float(np.abs(by_member.sum(axis=(2, 3)) + by_state.sum(axis=2) - moved).max())
    said = np.median(by_member, axis=0).swapaxes(1, 2)[:, ::-1]  # (B, L, Z), oldest first
    return np.append(compared(said, parts(record, at, 1 - twin.lags, 1)), off)


if __name__ == "__main__":
    asked = argparse.ArgumentParser()
    asked.add_argument("--realisations", type=int, default=5)
    asked.add_argument("--cases", default="A,B,C,E")
    asked.add_argument("--forecasters", default="ridge,boosting,block-network")
    given = asked.parse_args()
    main(given.realisations, given.cases.split(","), given.forecasters.split(","))
