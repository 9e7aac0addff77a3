"""Are the shares of doubt right? On a fictitious basin whose input error is known, because it was put there.

    python -m benchmarks.uncertainty.decomposition [--seeds 0,1,2,3,4] [--law error|perfect]

The form is fixed, with its truth and its number, in docs/decisions/0077-how-the-shares-of-the-doubt-are-judged.md.
Prints a table, and JSON.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from hydria_plugin import Forecast, History, Observations, Problem, Signal, Split, Window
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
from hydria_plugin.values import Floats, Ints
from hydria_plugin.verification.online import OnlineLearner

EVENTS, WHOLE = 40, 96  # to learn from, and steps of each
WARM_UP, MEASURED = 60, 60  # more events: for bands to follow what is verified, and to be measured on
MEMBERS, SCENARIOS, DRAWS = 12, 6, 60
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
        return np.asarray(np.exp(self.relative * z - self.relative**2 / 2))


def basin(events: int) -> Basin:
    return Basin(STUDY_ZONES, power=1.5, noise=0.05, events=events)


def made(seed: int, events: int, law: Law, rng: Rng) -> tuple[History, Ints]:
    """What gauges and the station of ``seed`` read over ``events`` storms, and (T) which one each step belongs to."""
    read, of_event = study_storms(events, len(STUDY_ZONES), 0.5, rng)
    fell = read * law.factors(events, WHOLE, len(STUDY_ZONES), rng).reshape(read.shape)
    times = START + HOUR * np.arange(1, len(read) + 1)
    record = replace(simulate(basin(events), rng, times=times, rain=fell), gauges=read, events=of_event)
    history = history_of(record)
    gauges = np.array([[f"{name}.{seed}" for name in history.layout.series[0]]])
    layout = replace(history.layout, quantiles=QUANTILES, stations=(f"s{seed}",), targets=(f"q.{seed}",), series=gauges)
    return replace(history, layout=layout), of_event


def together(each: Sequence[History]) -> History:
    """Stations of one record each as one history."""
    a, one = each[0].layout, each[0]
    layout = replace(
        a,
        stations=tuple(h.layout.stations[0] for h in each),
        targets=tuple(h.layout.targets[0] for h in each),
        quantities=a.quantities * len(each),
        units=a.units * len(each),
        series=np.concatenate([h.layout.series for h in each]),
        static=np.empty((0, 0)),
    )
    target, inputs = (np.concatenate([getattr(h, n).values for h in each]) for n in ("target", "inputs"))
    totals = np.concatenate([h.totals for h in each])
    return History(layout, one.times, Signal.measured(target), Signal.measured(inputs), totals)


def split_of(of_event: Ints, rngs: Sequence[Rng]) -> Split:
    """Whole events dealt at random, station by station, as the study does."""
    one = simulate(basin(EVENTS), np.random.default_rng(0))  # for its events: the split asks for no more
    each = [study_split(replace(one, events=of_event), rng) for rng in rngs]
    parts = (np.concatenate([getattr(e, n) for e in each]) for n in ("fit", "stop", "test", "events"))
    return Split(*parts)


def wet_steps(history: History, station: int, of_event: Ints) -> Ints:
    """Issue times of floods: enough has fallen lately, and all of window and horizon are of one measured event."""
    rain, a = history.inputs.values[station], history.layout
    fell = np.stack([rain[max(0, t - WET_HOURS + 1) : t + 1].sum(axis=0).max() for t in range(len(rain))])
    steps = np.arange(len(rain))
    first, last = steps - a.past + 1, np.minimum(steps + a.horizon, len(rain) - 1)
    inside = (first >= 0) & (of_event[np.maximum(first, 0)] == of_event[last]) & (of_event >= WARM_UP)
    return np.flatnonzero((fell >= WET_MM) & inside & (steps < len(rain) - a.horizon))


def true_parts(network: BlockNetwork, history: History, station: int, at: Ints, law: Law, rng: Rng) -> Floats:
    """(N, H, 2) model and input: variances over all members and many errors of the law, drawn by this file's code."""
    model = network.fitted(history)
    raw = raw_of_history(history, station, at, False, station, network.options.max_age)
    past, steps = raw.inputs.shape[1], raw.inputs.shape[1] + raw.future.shape[1]
    found = []
    for n in range(len(at)):
        one = raw.take(np.full(DRAWS, n))
        wrong = law.factors(DRAWS, steps, raw.inputs.shape[2], rng)
        one = replace(one, inputs=one.inputs * wrong[:, :past], future=one.future * wrong[:, past:])
        paths = answer(model, one, keep=True)[1]  # (D, M, H)
        found.append(np.stack([paths.mean(axis=0).var(axis=0, ddof=1), paths.var(axis=0, ddof=1).mean(axis=0)], axis=1))
    return np.stack(found)


class Playing:
    """A buffer over a history in memory."""

    def __init__(self, history: History) -> None:
        self.history, self.layout = history, history.layout

    def window(self, issued_at: np.datetime64, known_at: np.datetime64) -> Window:
        return window_of(self.history, int((issued_at - self.history.times[0]) / self.layout.step))

    def pending(self) -> Observations:
        none, at = np.empty(0, np.int32), np.empty(0, "datetime64[us]")
        return Observations((), none, at.astype("M8[s]"), none.astype(float), none.astype(np.uint8), none, none, at)

    def problems(self) -> tuple[Problem, ...]:
        return ()

    def commit(self) -> None:
        """There is nothing to keep."""


def bulletins(network: BlockNetwork, history: History, corrector: InputError) -> Mapping[int, Forecast]:
    """By step, what the product issues when it runs through the history: scenarios, networks, and bands that follow
    what is verified on the way."""
    conformal, store, layout = Conformal(), MemoryStore(), history.layout
    pipeline = Pipeline(
        "p", layout, Playing(history), {"block-network": network}, store,
        Thresholds((), np.empty((len(layout.stations), 0))), AlertRules(), input_correctors={"input-error": corrector},
        forecast_correctors={"conformal": conformal}, learner=OnlineLearner({"conformal": conformal}, ("conformal",)),
    )  # fmt: skip
    found = {}
    for n in range(layout.past - 1, len(history) - layout.horizon):
        at = np.datetime64(history.times[n], "s")
        bulletin = run_cycle(pipeline, at, at.astype("datetime64[us]"))
        if bulletin.problems:
            raise SystemExit(f"step {n}: {bulletin.problems[0].stage}: {bulletin.problems[0].error}")
        found[n] = replace(bulletin.forecast, members=None)
        store.prune("p", history.times[max(0, n - layout.past - 2 * layout.horizon - 2)])
    return found


def shares_of(parts: Floats, squares: Floats) -> Floats:
    """(H, 3) of sums over issue times: model and input ``parts`` (N, H, 2), and what was missed, squared, (N, H)."""
    model, inputs = parts.sum(axis=0).T
    rest = np.maximum(squares.sum(axis=0) - model - inputs, 0.0)
    found = np.stack([model, inputs, rest], axis=1)
    return np.asarray(found / found.sum(axis=1, keepdims=True))


def unsure(parts: Floats, squares: Floats, events: Ints, rng: Rng) -> float:
    """The largest standard error, in points, of a true share: a bootstrap over events."""
    rows, drawn = [np.flatnonzero(events == e) for e in np.unique(events)], []
    for _ in range(200):
        pick = np.concatenate([rows[i] for i in rng.integers(0, len(rows), len(rows))])
        drawn.append(shares_of(parts[pick], squares[pick]))
    return float(100 * np.std(drawn, axis=0).max())


def judged(
    s: int, network: BlockNetwork, new: History, of_event: Ints, issued: Mapping[int, Forecast], law: Law, rng: Rng
) -> dict[str, object]:
    """Told and true shares at station ``s``."""
    at, leads = wet_steps(new, s, of_event), np.arange(1, new.layout.horizon + 1)
    told = np.stack([np.asarray(issued[int(n)].variance)[s] for n in at]).astype(float)
    medians = np.stack([issued[int(n)].median[s] for n in at])
    squares = (new.target.values[s][at[:, None] + leads] - medians) ** 2
    true = true_parts(network, new, s, at, law, rng)
    right, said = shares_of(true, squares), told.sum(axis=0) / told.sum(axis=(0, 2))[:, None]
    return {
        "station": new.layout.stations[s],
        "issue_times": len(at),
        "told": np.round(100 * said, 1).tolist(),
        "true": np.round(100 * right, 1).tolist(),
        "off": np.round(100 * np.abs(said - right), 1).tolist(),
        "unsure": round(unsure(true, squares, of_event[at], rng), 1),
        "told_over_true": np.round(told[..., :2].sum(axis=0) / np.maximum(true.sum(axis=0), 1e-9), 3).tolist(),
        "whole_told_over_true": np.round(told.sum(axis=(0, 2)) / squares.sum(axis=0), 3).tolist(),
    }


def trial(seeds: Sequence[int], law: Law) -> list[dict[str, object]]:
    """One station a seed: networks, one run of the product through events they have not seen, and the verdicts."""
    rngs = [np.random.default_rng([seed, 4]) for seed in seeds]
    learned = [made(seed, EVENTS, law, rng) for seed, rng in zip(seeds, rngs, strict=True)]
    network = BlockNetwork(initialisations=MEMBERS, select=False, twin=False, seed=seeds[0] + 1)
    network = network.fit(together([h for h, _ in learned]), split_of(learned[0][1], rngs))
    more = [made(seed, WARM_UP + MEASURED, law, rng) for seed, rng in zip(seeds, rngs, strict=True)]
    new, of_event = together([h for h, _ in more]), more[0][1]
    corrector = InputError(
        scenarios=SCENARIOS, relative=law.relative, own=law.own, memory_h=law.memory_h, common=law.common,
        floor_mm=0.0, tail=0.0, dropout=0.0, forecast=0.0, seed=seeds[0],
    )  # fmt: skip
    issued = bulletins(network, new, corrector)
    return [judged(s, network, new, of_event, issued, law, rng) for s, rng in enumerate(rngs)]


def row(one: dict[str, object]) -> str:
    """One line of the table: told and true shares at each lead, and by how much the worst is off."""
    told, true, off = (np.array(one[k], float) for k in ("told", "true", "off"))
    three = "{:.0f}/{:.0f}/{:.0f}".format
    leads = " ".join(f"{three(*a)}:{three(*b)}" for a, b in zip(told, true, strict=True))
    return f"{one['station']}: worst off {off.max():.1f} points (truth unsure by {one['unsure']}); told:true {leads}"


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--seeds", default="0,1,2,3,4")
    ask.add_argument("--law", choices=("error", "perfect"), default="error")
    o = ask.parse_args()
    law = {"error": Law(), "perfect": Law(relative=0.0)}[o.law]
    found = trial([int(seed) for seed in o.seeds.split(",")], law)
    print("\n".join(row(one) for one in found))
    print(json.dumps({"law": o.law, "stations": found}))


if __name__ == "__main__":
    main()
