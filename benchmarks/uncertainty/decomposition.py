"""Are the shares of doubt right? On a fictitious basin whose input error is known, because it was put there.

    python -m benchmarks.uncertainty.decomposition [--seeds 5] [--members 40] [--scenarios 20] [--rain-known]

The rain that fell is what the gauges read times errors of a known law, drawn here by other code than the product's. A
block network learns the basin from the gauges and the measured discharge. Then, on events it has not seen:

    input   truth: the variance of its members' forecasts over many draws of the error, fed through all of them
    model   truth: the variance among its members, over the mean of those draws
    whole   truth: the variance of the band that would have held what its forecasts missed, over many issue times (the
            plain mean square of that is ruled by a few misses; the shares by it are given beside)

and the rest is what is left. The product runs through the events cycle by cycle, with input-error (told the law's
parameters) and conformal; the first events let the bands follow what is verified, the others are measured. Shares are
means over issue times, lead by lead, each as heavy as another. Prints a table, and JSON.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from hydria_plugin import Forecast, History, Observations, Problem, Window
from hydria_plugin.alerts import AlertRules, Thresholds
from hydria_plugin.correctors.conformal.corrector import Conformal
from hydria_plugin.correctors.input_error.corrector import InputError
from hydria_plugin.cycle import Pipeline, run_cycle
from hydria_plugin.forecasters.block_network.forecaster import BlockNetwork
from hydria_plugin.forecasters.block_network.knowledge import raw_of_history
from hydria_plugin.forecasters.block_network.model import answer
from hydria_plugin.learning.basin_cases import STUDY_ZONES
from hydria_plugin.learning.fictitious_basin import HOUR, START, Basin, simulate
from hydria_plugin.learning.fictitious_cases import history_of, study_split
from hydria_plugin.learning.storms import study_storms
from hydria_plugin.stores.memory import MemoryStore
from hydria_plugin.testing.samples import window_of
from hydria_plugin.values import Floats, Ints, band_variance
from hydria_plugin.verification.online import OnlineLearner

EVENTS, WHOLE = 40, 96  # to learn from, and steps of each
WARM_UP, MEASURED = 25, 25  # more events: for bands to follow what is verified, and to be measured on
QUANTILES = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95)
Rng = np.random.Generator
WET_HOURS, WET_MM = 6, 3.0  # an issue time counts when so much has fallen at some gauge


@dataclass(frozen=True)
class Law:
    """The error of the gauges: log-errors, part the gauge's own for a whole event, part an AR(1) of which a share is
    common to all gauges."""

    relative: float = 0.35
    own: float = 0.2
    memory_h: float = 6.0
    common: float = 0.5

    def factors(self, events: int, steps: int, gauges: int, rng: np.random.Generator) -> Floats:
        """(E, T, G) multipliers of mean 1."""

        def moving(columns: int) -> Floats:
            kept = np.exp(-1.0 / self.memory_h)
            z = rng.standard_normal((events, steps, columns))
            for t in range(1, steps):
                z[:, t] = kept * z[:, t - 1] + np.sqrt(1 - kept**2) * z[:, t]
            return z

        together = np.sqrt(self.common) * moving(1) + np.sqrt(1 - self.common) * moving(gauges)
        alone = rng.standard_normal((events, 1, gauges))
        z = np.sqrt(1 - self.own) * together + np.sqrt(self.own) * alone
        return np.exp(self.relative * z - self.relative**2 / 2)


def basin(events: int) -> Basin:
    return Basin(STUDY_ZONES, power=1.5, noise=0.05, events=events)


def made(events: int, law: Law, rng: np.random.Generator) -> tuple[History, Ints]:
    """What gauges and station read over ``events`` storms, and (T) which one each step belongs to."""
    read, of_event = study_storms(events, len(STUDY_ZONES), 0.5, rng)
    fell = read * law.factors(events, WHOLE, len(STUDY_ZONES), rng).reshape(read.shape)
    times = START + HOUR * np.arange(1, len(read) + 1)
    record = replace(simulate(basin(events), rng, times=times, rain=fell), gauges=read, events=of_event)
    history = history_of(record)
    return replace(history, layout=replace(history.layout, quantiles=QUANTILES)), of_event


def wet_steps(history: History, of_event: Ints) -> Ints:
    """Issue times of floods: enough has fallen lately, and all of window and horizon are of one event."""
    rain, a = history.inputs.values[0], history.layout
    fell = np.stack([rain[max(0, t - WET_HOURS + 1) : t + 1].sum(axis=0).max() for t in range(len(rain))])
    steps = np.arange(len(rain))
    first, last = steps - a.past + 1, np.minimum(steps + a.horizon, len(rain) - 1)
    inside = (first >= 0) & (of_event[np.maximum(first, 0)] == of_event[last])
    return np.flatnonzero((fell >= WET_MM) & inside)


def true_parts(
    network: BlockNetwork, history: History, at: Ints, future: bool, law: Law, draws: int, rng: Rng
) -> Floats:
    """(N, H, 2) model and input: variances over all members and many errors of the law, drawn by this file's code."""
    model = network.fitted(history)
    raw = raw_of_history(history, 0, at, future, 0, network.options.max_age)
    past, steps = raw.inputs.shape[1], raw.inputs.shape[1] + raw.future.shape[1]
    found = []
    for n in range(len(at)):
        one = raw.take(np.full(draws, n))
        wrong = law.factors(draws, steps, raw.inputs.shape[2], rng)
        one = replace(one, inputs=one.inputs * wrong[:, :past], future=one.future * wrong[:, past:])
        paths = answer(model, one, keep=True)[1]  # (D, M, H)
        found.append(np.stack([paths.mean(axis=0).var(axis=0, ddof=1), paths.var(axis=0, ddof=1).mean(axis=0)], axis=1))
    return np.stack(found)


class Playing:
    """A buffer over a history in memory."""

    def __init__(self, history: History, future: bool) -> None:
        self.history, self.layout, self.future = history, history.layout, future

    def window(self, issued_at: np.datetime64, known_at: np.datetime64) -> Window:
        at = int((issued_at - self.history.times[0]) / self.layout.step)
        return window_of(self.history, at, self.future)

    def pending(self) -> Observations:
        none, at = np.empty(0, np.int32), np.empty(0, "datetime64[us]")
        return Observations((), none, at.astype("M8[s]"), none.astype(float), none.astype(np.uint8), none, none, at)

    def commit(self) -> None:
        """There is nothing to keep."""

    def problems(self) -> tuple[Problem, ...]:
        return ()


def bulletins(network: BlockNetwork, history: History, future: bool, corrector: InputError) -> Mapping[int, Forecast]:
    """By step, what the product issues when it runs through the history: scenarios, networks, and bands that follow
    what is verified on the way."""
    conformal, store, layout = Conformal(), MemoryStore(), history.layout
    pipeline = Pipeline(
        "p", layout, Playing(history, future), {"block-network": network}, store,
        Thresholds((), np.empty((1, 0))), AlertRules(), input_correctors={"input-error": corrector},
        forecast_correctors={"conformal": conformal}, learner=OnlineLearner({"conformal": conformal}, ("conformal",)),
    )  # fmt: skip
    found = {}
    for n in range(layout.past - 1, len(history) - layout.horizon):
        at = np.datetime64(history.times[n], "s")
        bulletin = run_cycle(pipeline, at, at.astype("datetime64[us]"))
        if bulletin.problems:
            raise SystemExit(f"step {n}: {bulletin.problems[0].stage}: {bulletin.problems[0].error}")
        found[n] = replace(bulletin.forecast, members=None)
        store.prune("p", at - (layout.past + 2 * layout.horizon + 2) * layout.step)
    return found


def missed(issued: Sequence[Forecast], history: History, at: Ints) -> Floats:
    """(N, H) what the issued medians missed."""
    truth = np.stack([history.target.values[0, at + f] for f in range(1, history.layout.horizon + 1)], axis=1)
    return np.asarray(truth - np.stack([f.median[0] for f in issued]))


def verified(errors: Floats, by: Floats) -> tuple[Floats, Floats]:
    """(H) how large the errors (N, H) are, squared and in units of what the product says, ``by`` (N, H): the variance
    of the band that would have held them, as bands are reckoned, and their mean square, which a few misses rule."""
    scaled = errors / np.sqrt(by)
    band = np.quantile(scaled, QUANTILES, axis=0).T[None]
    return band_variance(band, QUANTILES)[0], np.asarray((scaled**2).mean(axis=0))


def shares_of(parts: Floats, whole: Floats, by: Floats) -> Floats:
    """(H, 3) mean shares, each issue time as heavy as another: variances (N, H, 2 or more) of model and input, and all
    of it ``whole`` (H), in units of what the product says it is, ``by`` (N, H)."""
    model, inputs = ((parts[..., k] / by).mean(axis=0) for k in (0, 1))
    rest = np.maximum(whole - model - inputs, 0.0)
    found = np.stack([model, inputs, rest], axis=1)
    return np.asarray(found / found.sum(axis=1, keepdims=True))


def trained(seed: int, law: Law, members: int, rng: Rng) -> BlockNetwork:
    learned, of_event = made(EVENTS, law, rng)
    record = replace(simulate(basin(EVENTS), rng), events=of_event)  # for its events: the split asks for no more
    network = BlockNetwork(initialisations=members, select=False, twin=False, seed=seed + 1)
    return network.fit(learned, study_split(record, rng))


def trial(seed: int, law: Law, members: int, scenarios: int, draws: int, future: bool) -> dict[str, object]:
    """One basin, one network, one run of the product through events it has not seen."""
    begun, rng = time.monotonic(), np.random.default_rng([seed, 4])
    network = trained(seed, law, members, rng)
    new, new_events = made(WARM_UP + MEASURED, law, rng)
    corrector = InputError(
        scenarios=scenarios, relative=law.relative, own=law.own, memory_h=law.memory_h, common=law.common,
        floor_mm=0.0, tail=0.0, dropout=0.0, forecast=0.0, seed=seed,
    )  # fmt: skip
    issued = bulletins(network, new, future, corrector)
    at = wet_steps(new, new_events)
    at = at[(new_events[at] >= WARM_UP) & np.isin(at, list(issued))]
    told = np.stack([np.asarray(issued[int(n)].variance)[0] for n in at]).astype(float)
    true = true_parts(network, new, at, future, law, draws, rng)
    by = told.sum(axis=2)
    whole, squares = verified(missed([issued[int(n)] for n in at], new, at), by)
    right, by_squares = shares_of(true, whole, by), shares_of(true, squares, by)
    said = shares_of(told, np.ones_like(whole), by)
    ratio = (true / by[..., None]).mean(axis=0), (told / by[..., None]).mean(axis=0)
    return {
        "seed": seed,
        "issue_times": len(at),
        "told": np.round(100 * said, 1).tolist(),
        "true": np.round(100 * right, 1).tolist(),
        "off": np.round(100 * np.abs(said - right), 1).tolist(),
        "off_by_squares": np.round(100 * np.abs(said - by_squares), 1).tolist(),
        "told_over_true": np.round(ratio[1][:, :2] / np.maximum(ratio[0], 1e-9), 3).tolist(),
        "whole_told_over_true": np.round(1 / whole, 3).tolist(),
        "whole_told_over_squares": np.round(1 / squares, 3).tolist(),
        "seconds": round(time.monotonic() - begun, 1),
    }


def row(name: str, one: dict[str, object]) -> str:
    """One line of the table: told and true shares at each lead, and by how much the worst is off."""
    told, true, off = (np.array(one[k], dtype=float) for k in ("told", "true", "off"))
    leads = " ".join(
        f"{a[0]:.0f}/{a[1]:.0f}/{a[2]:.0f}:{b[0]:.0f}/{b[1]:.0f}/{b[2]:.0f}" for a, b in zip(told, true, strict=True)
    )
    squares = np.array(one["off_by_squares"], dtype=float).max()
    worst = f"worst off {off.max():.1f} points ({squares:.1f} by mean squares)"
    return f"{name:>8} seed {one['seed']}: {worst}; told:true model/input/rest by lead: {leads}"


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, usual in (("seeds", 5), ("members", 40), ("scenarios", 20), ("draws", 100)):
        ask.add_argument(f"--{name}", type=int, default=usual)
    ask.add_argument("--laws", default="error,strong,perfect")
    ask.add_argument("--rain-known", action="store_true", help="what the gauges will read is the rain forecast")
    o = ask.parse_args()
    laws = {"error": Law(), "strong": Law(0.6, own=0.5, memory_h=3.0), "perfect": Law(relative=0.0)}
    found = []
    for name in o.laws.split(","):
        for seed in range(o.seeds):
            one = trial(seed, laws[name], o.members, o.scenarios, o.draws, o.rain_known)
            found.append({"law": name, **one})
            print(row(name, one), flush=True)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
