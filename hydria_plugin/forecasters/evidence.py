"""What the members of a blend would have forecast, had they not seen the answer: the evidence its weights rest on."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hydria_plugin import Forecaster, Hindcasting, History, Split, Trainable
from hydria_plugin.learning.splits import folds
from hydria_plugin.learning.workbench import Workbench
from hydria_plugin.values import Floats, Ints

from .cases import OutOfSample
from .fitting import truth_ahead

FOLDS = 4
MOST_ROWS = 60_000  # issue times by stations: 60,000 x 24 leads x 7 quantiles are 40 MB per member in single precision
MOST_WITNESSES = 60  # stations whose forecasts are judged: 1,000 issue times each tell more than 6 of 10,000 stations
FORMS = (False, True)  # without and with the inputs of the horizon known

Progress = Callable[[str, float], None]


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """A member, fitted, and its out-of-sample quantiles for each form: (2, N, S, H, Q) single precision."""

    member: Any  # a forecaster
    quantiles: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """Whom and when the evidence is about."""

    stations: Ints  # (W) rows of the witnesses
    at: Ints  # (N) steps


def asked_of(history: History, split: Split) -> Asked:
    """Stations, and the steps that the fit may use, both evenly thinned where there are very many."""
    count = len(history.layout.stations)
    stations = np.unique(np.linspace(0, count - 1, min(count, MOST_WITNESSES)).astype(np.int64))
    at = np.flatnonzero((split.fit | split.stop)[stations].any(axis=0))
    return Asked(stations, at[:: max(1, -(-len(at) * len(stations) // MOST_ROWS))])


def split_of(split: Split, stations: Ints) -> Split:
    """The split of some stations."""
    return Split(split.fit[stations], split.stop[stations], split.test[stations], split.events[stations])


def truths(history: History, at: Ints) -> Floats:
    """(N, S, H) what came; NaN where it is not known or not to be trusted."""
    return np.stack([truth_ahead(history, s, at) for s in range(len(history.layout.stations))], axis=1)


def fit_member(
    member: Any, history: History, split: Split, asked: Asked, bench: Workbench, progress: Progress
) -> Fitted:
    """Fit it, and ask it for forecasts out of sample: its own, or those of refits over folds of events."""
    fitted: Any = member
    if hasattr(member, "fit_on"):
        fitted = copy.deepcopy(member).fit_on(bench, history, split, progress)
    elif isinstance(member, Trainable):
        fitted = copy.deepcopy(member).fit(history, split)
    witnesses, at = history.only(asked.stations), asked.at
    if isinstance(fitted, OutOfSample):
        return Fitted(
            fitted, np.stack([fitted.out_of_sample(witnesses, at, form) for form in FORMS]).astype(np.float32)
        )
    if not isinstance(member, Trainable):
        return Fitted(fitted, np.stack([hindcast(member, witnesses, at, form) for form in FORMS]).astype(np.float32))
    return Fitted(fitted, refitted(member, history, split, asked))


def refitted(member: Trainable, history: History, split: Split, asked: Asked) -> Floats:
    """(2, N, S, H, Q) from k fits, each without the events it is asked about; NaN for steps beside a fold's border."""
    witnesses, at = history.only(asked.stations), asked.at
    layout = witnesses.layout
    out = np.full((2, len(at), len(layout.stations), layout.horizon, len(layout.quantiles)), np.nan, np.float32)
    for fold in folds(history, split, FOLDS):
        model: Any = copy.deepcopy(member).fit(history, fold)
        held = fold.test[asked.stations][:, at]
        rows = np.flatnonzero(held.any(axis=0))
        for form in FORMS:
            seen = hindcast(model, witnesses, at[rows], form)
            out[int(form), rows] = np.where(held[:, rows].T[:, :, None, None], seen, out[int(form), rows])
    return out


def hindcast(model: Any, history: History, at: Ints, future: bool) -> Floats:
    """(N, S, H, Q). Raises TypeError for a forecaster that cannot look back."""
    if not isinstance(model, Hindcasting):
        raise TypeError(f"{type(model).__name__} has no hindcast: it cannot be judged over past events")
    return np.asarray(model.hindcast(history, at, future))


def save_fitted(fitted: Fitted, folder: Path) -> None:
    np.save(folder / "quantiles.npy", fitted.quantiles, allow_pickle=False)
    if hasattr(fitted.member, "save"):
        (folder / "member").mkdir()
        fitted.member.save(folder / "member")


def load_fitted(member: Any, folder: Path) -> Fitted:
    kept = folder / "member"
    return Fitted(member.load(kept) if kept.is_dir() else member, np.load(folder / "quantiles.npy", allow_pickle=False))


def complete_members(parts: Sequence[Floats], home: int) -> Ints:
    """Which members have a forecast for at least half of the rows that any has; persistence (``home``) always."""
    there = np.array([np.isfinite(p).mean() for p in parts])
    use = (there * 2 >= there.max()) & (there > 0)
    use[home] = True
    return np.flatnonzero(use)


def report(progress: Progress, name: str, start: float, share: float, what: str, done: float) -> None:
    """A member's own progress, as part of the blend's."""
    progress(f"{name}: {what}", start + share * done)


def too_short(history: History) -> str:
    a = history.layout
    return f"the record has {len(history)} steps, training needs more than past + horizon = {a.past} + {a.horizon}"


def loaded(member: Any, folder: Path) -> Forecaster:
    answer: Forecaster = member.load(folder) if folder.is_dir() else member
    return answer
