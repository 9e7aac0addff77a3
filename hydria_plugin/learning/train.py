"""Training: fit every trainable forecaster on a record, judge it on floods it has not seen, and let it reign only if it
is better than the one that does.

The verdict is spoken on the model fitted without the test part. What then goes on the shelf is fitted once more, with
the same options, on the whole record, the largest flood included: an operator wants that flood in the model. Both facts
stand in the manifest (docs/decisions/0020-refit-after-the-verdict.md).
"""

from __future__ import annotations

import copy
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from hydria_plugin import Forecaster, History, ModelError, Persistent, Split, Trainable
from hydria_plugin.cores import one_core_each

from .events import independent_events
from .judging import Score, better, judge, test_steps, unseen_by
from .manifest import describe, digest_of_history, package_versions
from .powers import Judged, Progress, Resumable
from .shelf import Shelf
from .splits import everything, split, why_degraded
from .workbench import Workbench, traits

logger = logging.getLogger("hydria.train")
Beside = Callable[[str, str, Any, Path], None]  # pipeline, forecaster, the fitted one, the folder it is kept in


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one forecaster."""

    name: str
    version: str | None  # on the shelf; None when it could not be trained
    promoted: bool
    why: str  # one sentence
    scores: Mapping[str, float] = field(
        default_factory=dict
    )  # loss relative to the last value held, "challenger" first
    notes: tuple[str, ...] = ()  # what was done less well than it should be, and why


@one_core_each()
def train(
    pipeline: str,
    forecasters: Mapping[str, Forecaster],
    history: History,
    shelf: Shelf,
    *,
    rng: np.random.Generator,
    progress: Progress = lambda what, share: None,
    work: Path | None = None,
    options: Mapping[str, Any] | None = None,
    parts: Split | None = None,
    beside: Beside = lambda pipeline, name, model, folder: None,
) -> tuple[Outcome, ...]:
    """Train those of ``forecasters`` that can be trained and kept, in order.

    ``work``: a folder for finished pieces (default: beside the pipeline's models); ``options``: the admin's, by
    forecaster, for the manifest; ``parts``: the split, by default by events; ``beside``: writes what else is to be kept
    with a model, such as what it knows of the basin. One that fails does not stop the others.
    Raises ModelError when the record itself cannot be learned from.
    """
    check_record(history)
    seed = int(rng.integers(2**63))
    bench = Workbench(work or shelf.root / ".work", digest_of_history(history), package_versions(), seed)
    chosen_parts = split(history) if parts is None else parts
    plan = Plan(pipeline, history, chosen_parts, shelf, seed, note_of(history), beside)
    able = {n: f for n, f in forecasters.items() if isinstance(f, Trainable) and isinstance(f, Persistent)}
    outcomes = []
    for i, (name, forecaster) in enumerate(able.items()):
        told = partial(report, progress, i / len(able), 1 / len(able))
        chosen = dict((options or {}).get(name, {}))
        outcomes.append(train_one(plan, name, forecaster, chosen, bench.under(name, chosen, traits(forecaster)), told))
    bench.clear()
    return tuple(outcomes)


def report(progress: Progress, start: float, share: float, what: str, done: float) -> None:
    progress(what, start + share * done)


@dataclass(frozen=True, slots=True)
class Plan:
    """What all forecasters of one training share."""

    pipeline: str
    history: History
    split: Split
    shelf: Shelf
    seed: int
    notes: tuple[str, ...]
    beside: Beside


def train_one(
    plan: Plan, name: str, forecaster: Any, options: Mapping[str, Any], bench: Workbench, progress: Progress
) -> Outcome:
    """Fit, judge, fit again on all, keep, promote."""
    try:
        progress(f"{name}: fitting", 0.0)
        plainer = forecaster.to_be_judged() if isinstance(forecaster, Judged) else forecaster
        judged = fit(plainer, bench.under("judged"), plan.history, plan.split, part(progress, name, 0.0, 0.45))
        progress(f"{name}: judging", 0.45)
        verdict = verdict_on(plan, name, forecaster, judged)
        progress(f"{name}: fitting on the whole record", 0.5)
        whole = everything(plan.history, plan.split)
        final = fit(forecaster, bench.under("final"), plan.history, whole, part(progress, name, 0.5, 0.45))
        return keep(plan, name, final, options, verdict)
    except Exception as error:
        logger.exception("training failed forecaster=%s", name)
        return Outcome(name, None, False, f"{type(error).__name__}: {error}", notes=plan.notes)
    finally:
        progress(f"{name}: done", 1.0)


def part(progress: Progress, name: str, start: float, share: float) -> Progress:
    return lambda what, done: progress(f"{name}: {what}", start + share * done)


def fit(forecaster: Any, bench: Workbench, history: History, parts: Split, progress: Progress) -> Any:
    """The fitted one, from the bench if it was finished before."""

    def make() -> Any:
        fresh = copy.deepcopy(forecaster)
        return (
            fresh.fit_on(bench, history, parts, progress) if isinstance(fresh, Resumable) else fresh.fit(history, parts)
        )

    return bench.piece(make, lambda made, folder: made.save(folder), forecaster.load, "whole")


@dataclass(frozen=True, slots=True)
class Verdict:
    """Who won, and on what."""

    promote: bool
    why: str
    challenger: Score
    reigning: Score | None = None


def verdict_on(plan: Plan, name: str, forecaster: Any, judged: Any) -> Verdict:
    """The challenger against the reigning version, on steps that neither was fitted on.

    Those are the test steps after the end of the reigning model's record. Where they are too few, or the reigning model
    no longer fits the pipeline, its own score, spoken when it was the challenger, has to do."""
    at = test_steps(plan.split, plan.seed)
    mine = judge(judged, plan.history, plan.split, at)
    manifest = reigning_manifest(plan, name)
    if manifest is None:
        return Verdict(*better(mine, None), mine)
    until = np.datetime64(str(manifest["training"]["last"]).rstrip("Z"))
    later = unseen_by(plan.history, plan.split, at, until)
    if len(later):
        try:
            its = judge(forecaster.load(plan.shelf.folder(name)), plan.history, plan.split, later)
            mine = judge(judged, plan.history, plan.split, later)
            return Verdict(*better(mine, its), mine, its)
        except ModelError as fault:
            logger.warning("reigning model cannot be judged forecaster=%s error=%s", name, fault)
    its = Score.read(manifest["scores"]["challenger"])
    promote, why = better(mine, its)
    return Verdict(promote, f"{why} (on its own test part)", mine, its)


def reigning_manifest(plan: Plan, name: str) -> dict[str, Any] | None:
    """None without a reigning version, or when it cannot be read: then anything sound is better."""
    try:
        version = plan.shelf.active(name)
        if version is None:
            return None
        manifest = plan.shelf.manifest(name, version)
        Score.read(manifest["scores"]["challenger"])
        np.datetime64(str(manifest["training"]["last"]).rstrip("Z"))
        return manifest
    except (ModelError, KeyError, TypeError, ValueError) as fault:
        logger.warning("reigning model cannot be read forecaster=%s error=%r", name, fault)
        return None


def keep(plan: Plan, name: str, final: Any, options: Mapping[str, Any], verdict: Verdict) -> Outcome:
    """Onto the shelf, with its scores; reigning if the verdict says so."""
    told = {"challenger": verdict.challenger, **({"reigning": verdict.reigning} if verdict.reigning else {})}
    facts = {
        **describe(plan.history),
        "options": dict(options),
        "seed": plan.seed,
        "scores": {who: score.told() for who, score in told.items()},
        "verdict": verdict.why,
        "events": independent_events(plan.split.events).tolist(),
        "fitted_on": "the whole record, after the verdict on the test part",
        "notes": list(plan.notes),
        "selected": dict(getattr(final, "selected", {})),
    }
    missed: list[str] = []
    version = plan.shelf.add(name, partial(save, plan, name, final, missed), facts)
    if verdict.promote:
        plan.shelf.promote(name, version, verdict.why)
    scores = {who: score.relative_loss for who, score in told.items()}
    return Outcome(name, version, verdict.promote, verdict.why, scores, (*plan.notes, *missed))


def save(plan: Plan, name: str, final: Any, missed: list[str], folder: Path) -> None:
    """The model, and what is kept beside it; that this fails does not cost the model, and is told in ``missed``."""
    final.save(folder)
    try:
        plan.beside(plan.pipeline, name, final, folder)
    except Exception as error:
        logger.exception("nothing kept beside the model forecaster=%s", name)
        missed.append(f"what the model knows was not kept: {type(error).__name__}: {error}")


def note_of(history: History) -> tuple[str, ...]:
    degraded = why_degraded(history)
    return (degraded,) if degraded else ()


def check_record(history: History) -> None:
    """Raise ModelError for a record that no model can learn from: too short, empty or constant at every station."""
    a, values = history.layout, history.target.told
    if len(history) <= a.past + a.horizon:
        raise ModelError(
            f"the record has {len(history)} steps; training needs more than past + horizon = {a.past} + {a.horizon}"
        )
    finite = np.isfinite(values)
    if not finite.any():
        raise ModelError(
            f"no trusted value of {', '.join(a.targets[:3])} in the record: there is nothing to learn from"
        )
    low = np.min(values, axis=1, where=finite, initial=np.inf)
    high = np.max(values, axis=1, where=finite, initial=-np.inf)
    if not (high > low).any():
        raise ModelError(
            f"{a.targets[0]} is {float(low.min())!r} throughout the record: there is nothing to learn from"
        )
