"""Are the shares of doubt right? On a fictitious basin whose input error is known, because it was put there.

    python -m benchmarks.uncertainty.decomposition [--seeds 0,1,2,3,4] [--law error|perfect] [--events 5000]

The form is fixed, with its truth and its number, in docs/decisions/0077-how-the-shares-of-the-doubt-are-judged.md and
docs/decisions/0105-a-truth-that-is-known-to-some-points.md. Prints a table, and JSON.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace

import numpy as np

from hydria_plugin import History, Observations, Problem, State, Window
from hydria_plugin.alerts import AlertRules, Thresholds
from hydria_plugin.correctors.conformal.corrector import Conformal
from hydria_plugin.correctors.input_error.corrector import InputError
from hydria_plugin.cycle import Pipeline, run_cycle
from hydria_plugin.decomposition import apart
from hydria_plugin.decomposition_rest import NAME, Rest
from hydria_plugin.forecasters.block_network.forecaster import BlockNetwork
from hydria_plugin.forecasters.block_network.knowledge import raw_of_window
from hydria_plugin.forecasters.block_network.model import answer
from hydria_plugin.forecasters.cases import rows_of
from hydria_plugin.stores.memory import MemoryStore
from hydria_plugin.testing.samples import window_of
from hydria_plugin.values import Floats, Ints
from hydria_plugin.verification.kept import BOOKKEEPING
from hydria_plugin.verification.online import OnlineLearner

from .known_errors import NOISE, Known, Law, Rng, made, split_of, together

EVENTS, WARM_UP, MEASURED = 40, 60, 5000  # to train on; for bands and rest to follow what is verified; to be judged on
COPIES = 250  # of each station, with storms of their own: the measured events lie side by side
MEMBERS, SCENARIOS, DRAWS = 12, 6, 6
RESAMPLES = 300  # of the bootstrap that says how sure the truth is


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


@dataclass(frozen=True, eq=False)
class Issued:
    """N wet issue times: what was told, what is true."""

    station: Ints  # (N)
    event: Ints  # (N)
    told: Floats  # (N, H, 3) Forecast.variance
    true: Floats  # (N, H, 2) model and input
    missed: Floats  # (N, H) the expected square of what the issued median misses

    def of(self, station: int) -> Issued:
        return Issued(*(getattr(self, f.name)[self.station == station] for f in fields(self)))


def learned_by(network: BlockNetwork, history: History, corrector: InputError) -> Mapping[str, State]:
    """What the product has learned when it has run through the history, cycle by cycle."""
    conformal, store, layout = Conformal(), MemoryStore(), history.layout
    parts = {"conformal": conformal, NAME: Rest()}
    pipeline = Pipeline(
        "p", layout, Playing(history), {"block-network": network}, store,
        Thresholds((), np.empty((len(layout.stations), 0))), AlertRules(), input_correctors={"input-error": corrector},
        forecast_correctors={"conformal": conformal}, learner=OnlineLearner(parts, tuple(parts)),
    )  # fmt: skip
    learned: Mapping[str, State] = {}
    for n in range(layout.past - 1, len(history) - layout.horizon):
        at = np.datetime64(history.times[n], "s")
        bulletin = run_cycle(pipeline, at, at.astype("datetime64[us]"))
        if bulletin.problems:
            raise SystemExit(f"step {n}: {bulletin.problems[0].stage}: {bulletin.problems[0].error}")
        learned = bulletin.learned
        store.prune("p", history.times[max(0, n - layout.past - 2 * layout.horizon - 2)])
    return {name: {k: a for k, a in state.items() if not k.startswith(BOOKKEEPING)} for name, state in learned.items()}


def copied(network: BlockNetwork, stations: tuple[str, ...], own: Ints) -> BlockNetwork:
    """The network for copies ``stations`` (S) of the stations ``own`` (S) that it was trained on."""
    assert network.kept is not None
    model = network.kept.model
    fit = replace(model.fit, stations=stations, quantities=model.fit.quantities[:1] * len(stations))
    more = replace(model, fit=fit)
    object.__setattr__(more, "place", model.place[own])  # one fitted row for many stations
    new = BlockNetwork(**network.options._asdict())
    new.kept = replace(network.kept, model=more)
    return new


def issued(
    network: BlockNetwork, known: Known, corrector: InputError, learned: Mapping[str, State], own: Ints, law: Law,
    rng: Rng,
) -> Issued:  # fmt: skip
    """The stages of a cycle at the wet issue times, with what had been ``learned`` about the stations ``own`` (S)."""
    conformal, history, wet = Conformal(), known.history, known.wet()
    leads, found = np.arange(1, history.layout.horizon + 1), []
    for n in np.flatnonzero(wet.any(axis=0)):
        rows = np.flatnonzero(wet[:, n])
        states = {name: {k: a[own[rows]] for k, a in state.items()} for name, state in learned.items()}
        window = replace(corrector.correct_inputs(window_of(history, int(n)).only(rows)), learned=states)
        raw = network.forecast(window)
        forecast = apart(raw, conformal.correct_forecast(raw, window), window)
        flow = known.discharge[rows][:, n + leads]
        missed = (flow - forecast.median) ** 2 + (NOISE * flow) ** 2
        event = rows * (1 + known.of_event.max()) + known.of_event[n]
        true = true_parts(network, window, law, rng)
        found.append((own[rows], event, np.asarray(forecast.variance), true, missed))
    return Issued(*(np.concatenate(each) for each in zip(*found, strict=True)))


def true_parts(network: BlockNetwork, window: Window, law: Law, rng: Rng) -> Floats:
    """(S, H, 2) model and input: variances over all members and errors of the law, drawn by this file's code. Unbiased:
    what members and draws do together is taken out of the mean over few draws."""
    model, stations = network.fitted(window), len(window.stations)
    raw = raw_of_window(window, 0, rows_of(window.layout, model.fit.stations), network.options.max_age)
    raw = raw.take(np.repeat(np.arange(stations), DRAWS))
    wrong = law.factors(len(raw), raw.inputs.shape[1], raw.inputs.shape[2], rng)
    paths = answer(model, replace(raw, inputs=raw.inputs * wrong), keep=True)[1]
    paths = paths.reshape(stations, DRAWS, *paths.shape[1:])  # (S, D, M, H)
    alone = paths - paths.mean(axis=2, keepdims=True)
    both = alone.var(axis=1, ddof=1).mean(axis=1) * (MEMBERS / (MEMBERS - 1))
    of_model = paths.mean(axis=1).var(axis=1, ddof=1) - both / DRAWS
    return np.stack([of_model, paths.var(axis=1, ddof=1).mean(axis=1)], axis=2)


def shares_of(parts: Floats, missed: Floats) -> Floats:
    """(H, 3) of sums over issue times: model and input ``parts`` (H, 2), and what was missed, squared, (H)."""
    model, inputs = parts.T
    rest = np.maximum(missed - model - inputs, 0.0)
    found = np.stack([model, inputs, rest], axis=1)
    return np.asarray(found / found.sum(axis=1, keepdims=True))


def unsure(parts: Floats, missed: Floats, rng: Rng) -> float:
    """The largest standard error, in points, of a true share: a bootstrap over events, of sums (E, ...) of each."""
    drawn = []
    for _ in range(RESAMPLES):
        pick = rng.integers(0, len(parts), len(parts))
        drawn.append(shares_of(parts[pick].sum(axis=0), missed[pick].sum(axis=0)))
    return float(100 * np.std(drawn, axis=0).max())


def judged(name: str, one: Issued, rng: Rng) -> dict[str, object]:
    """Told and true shares of one station."""
    _, event = np.unique(one.event, return_inverse=True)

    def by_event(each: Floats) -> Floats:
        sums = np.zeros((event.max() + 1, *each.shape[1:]))
        np.add.at(sums, event, each)
        return sums

    parts, missed, told = by_event(one.true), by_event(one.missed), one.told.sum(axis=0)
    true, whole = parts.sum(axis=0), missed.sum(axis=0)
    right, said = shares_of(true, whole), told / told.sum(axis=1, keepdims=True)
    return {
        "station": name,
        "events": len(parts),
        "issue_times": len(event),
        "told": np.round(100 * said, 1).tolist(),
        "true": np.round(100 * right, 1).tolist(),
        "off": np.round(100 * np.abs(said - right), 1).tolist(),
        "unsure": round(unsure(parts, missed, rng), 1),
        "told_over_true": np.round(told[:, :2] / np.maximum(true, 1e-9), 3).tolist(),
        "explained_over_missed": np.round(true.sum(axis=1) / whole, 3).tolist(),
        "whole_told_over_true": np.round(told.sum(axis=1) / whole, 3).tolist(),
    }


def trial(seeds: Sequence[int], law: Law, events: int) -> list[dict[str, object]]:
    """One station a seed: networks, one run of the product through events they have not seen, and the verdicts."""
    rngs = [np.random.default_rng([seed, 4]) for seed in seeds]
    train = together([made(f"s{seed}", EVENTS, law, rng) for seed, rng in zip(seeds, rngs, strict=True)])
    network = BlockNetwork(initialisations=MEMBERS, select=False, twin=False, seed=seeds[0] + 1)
    network = network.fit(train.history, split_of(train, EVENTS, rngs))
    warm = together([made(f"s{seed}", WARM_UP, law, rng) for seed, rng in zip(seeds, rngs, strict=True)])
    corrector = InputError(
        scenarios=SCENARIOS, relative=law.relative, own=law.own, memory_h=law.memory_h, common=law.common,
        floor_mm=0.0, tail=0.0, dropout=0.0, forecast=0.0, seed=seeds[0],
    )  # fmt: skip
    learned = learned_by(network, warm.history, corrector)
    own, each = np.repeat(np.arange(len(seeds)), COPIES), events // COPIES
    new = together([made(f"s{seeds[s]}.{i}", each, law, rngs[s]) for i, s in enumerate(own)])
    found = issued(copied(network, new.history.layout.stations, own), new, corrector, learned, own, law, rngs[0])
    return [judged(f"s{seed}", found.of(s), rngs[s]) for s, seed in enumerate(seeds)]


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
    ask.add_argument("--events", type=int, default=MEASURED)
    o = ask.parse_args()
    law = {"error": Law(), "perfect": Law(relative=0.0)}[o.law]
    found = trial([int(seed) for seed in o.seeds.split(",")], law, o.events)
    print("\n".join(row(one) for one in found))
    print(json.dumps({"law": o.law, "stations": found}))


if __name__ == "__main__":
    main()
