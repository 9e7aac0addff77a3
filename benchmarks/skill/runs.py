"""Running forecasters on a station, each piece kept, so that a stopped benchmark goes on where it was."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hydria_plugin import History, Split
from hydria_plugin.forecasters.blend import Blend
from hydria_plugin.forecasters.block_network.forecaster import BlockNetwork
from hydria_plugin.forecasters.boosting import Boosting
from hydria_plugin.forecasters.persistence import Persistence
from hydria_plugin.forecasters.ridge import Ridge
from hydria_plugin.values import Floats

from .basins import with_events
from .gr4h import can_run
from .peers import PEERS, SEEDED, Answer, Task, table_of

LEADS = (1, 3, 6, 12, 24)
TRAINED = "hydria blend, trained weights"
OURS = ("hydria blend", TRAINED, "hydria block network", "hydria boosting", "hydria ridge", "hydria persistence")
MEDIAN = 3


@dataclass(frozen=True)
class Plan:
    """What to run, where its pieces are kept."""

    keep: Path
    seeds: tuple[int, ...]
    peers: tuple[str, ...]
    ours: bool
    run_peers: bool
    tell: Callable[[str], None]


Runs = dict[tuple[str, bool, int], list[Answer]]  # (forecaster, future, lead) -> one answer per seed


def run_station(name: str, history: History, split: Split, plan: Plan) -> Runs:
    """Ours and the peers' answers for all test steps of one station."""
    runs: Runs = {}
    for seed in plan.seeds if plan.ours else ():
        for key, answer in ours(name, history, split, seed, plan).items():
            runs.setdefault(key, []).append(answer)
    table = table_of(history)
    for future in (False, True):
        for lead in LEADS:
            for peer in (p for p in plan.peers if p != "GR4H corrected" or can_run(history)):
                for seed in plan.seeds if peer in SEEDED else plan.seeds[:1]:
                    task = Task(history, split, future, lead, seed, table)
                    answer = peer_answer(name, peer, task, plan)
                    if answer is not None:
                        runs.setdefault((peer, future, lead), []).append(answer)
    return runs


def peer_answer(name: str, peer: str, task: Task, plan: Plan) -> Answer | None:
    """None where it is missing and not to be run."""
    file = plan.keep / f"{name}.{peer.replace(' ', '_')}.{'ab'[task.future]}{task.lead}.{task.seed}.npz"
    if not file.exists():
        if not plan.run_peers:
            return None
        start = time.monotonic()
        answer = PEERS[peer](task)
        plan.tell(f"{file.stem}: {time.monotonic() - start:.0f} s")
        write(file, centre=answer.centre, quantiles=np.empty(0) if answer.quantiles is None else answer.quantiles)
    held = np.load(file)
    return Answer(held["centre"], held["quantiles"] if held["quantiles"].size else None)


def ours(
    name: str, history: History, split: Split, seed: int, plan: Plan
) -> Runs | dict[tuple[str, bool, int], Answer]:
    """The product's own training and forecasts: the blend as in operation, what it is without learning, its members."""
    file = plan.keep / f"{name}.hydria.{seed}.npz"
    if not file.exists():
        start = time.monotonic()
        write(file, **{f"{model}|{future}": v for (model, future), v in trained(history, split, seed).items()})
        plan.tell(f"{file.stem}: {time.monotonic() - start:.0f} s, {int((split.fit | split.stop).sum())} rows learned")
    held = np.load(file)
    found = {}
    for key in held.files:
        model, future = key.split("|")
        for i, lead in enumerate(LEADS):
            values = held[key][:, i].astype(np.float64)
            found[model, future == "True", lead] = Answer(values[:, MEDIAN], values)
    return found


def trained(history: History, split: Split, seed: int) -> dict[tuple[str, bool], Floats]:
    """(N, leads, Q) of each of ours for the test steps. The blend begins them with nothing learned, and from then on
    learns at every step from the truth that has come, as ``hydria backtest`` does."""
    network = BlockNetwork(**BlockNetwork.in_a_blend, seed=seed, num_threads=threads())
    boosting = Boosting(seed=seed, num_threads=threads())
    members = {"persistence": Persistence(), "ridge": Ridge(), "boosting": boosting, "block network": network}
    blend = Blend(members=members, rng=np.random.default_rng(seed)).fit(history, with_events(history, split))
    assert blend.trained is not None
    at = np.flatnonzero(split.test[0])
    rows = [lead - 1 for lead in LEADS]
    made = {"hydria blend": blend.hindcast_learning, TRAINED: blend.hindcast}
    made |= {f"hydria {name}": m.hindcast for name, m in blend.trained.members.items()}  # type: ignore[attr-defined]
    return {
        (name, future): forecast(history, at, future)[:, 0][:, rows]
        for name, forecast in made.items()
        for future in (False, True)
    }


def threads() -> int:
    return int(os.environ.get("OMP_NUM_THREADS", "0"))


def write(file: Path, **arrays: Floats) -> None:
    """Whole or not at all."""
    file.parent.mkdir(parents=True, exist_ok=True)
    scratch = file.with_suffix(".part.npz")
    np.savez_compressed(scratch, **arrays)  # type: ignore[arg-type]
    os.replace(scratch, file)
