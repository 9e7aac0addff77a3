"""The verdict: how good a model is on the test part, and whether it is better than another.

The score is the mean pinball loss over quantiles (half the CRPS on a grid of levels), per lead and station relative to
that of the last value held; so every station and lead counts alike, and 1 means no better than holding the last value.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from hydria_plugin import Hindcasting, History, ModelError, Split
from hydria_plugin.values import Bools, Floats, Ints

MOST_CASES = 50_000  # issue times by stations: a sample judges as well as all of them
NOT_WORSE = 1.0
DECIMALS = 6  # of a relative loss, in manifests and for the verdict


@dataclass(frozen=True, slots=True, eq=False)
class Score:
    """Over the test part. Relative loss: below 1 is better than the last value held."""

    relative_loss: float  # mean over stations and leads
    persistence_index: Floats  # (H) over all stations, squared errors
    cases: int  # issue times by stations that could be judged

    def told(self) -> dict[str, Any]:
        return {
            "relative_loss": round(self.relative_loss, DECIMALS),
            "persistence_index": [round(float(v), 4) for v in self.persistence_index],
            "cases": self.cases,
        }

    @classmethod
    def read(cls, told: Mapping[str, Any]) -> Self:
        """What :meth:`told` gave, out of a manifest."""
        return cls(float(told["relative_loss"]), np.asarray(told["persistence_index"]), int(told["cases"]))


def judge(model: Any, history: History, parts: Split, at: Ints) -> Score:
    """Score a fitted model on the test steps among ``at``, in both forms. Raises ModelError when nothing can be
    judged."""
    if not len(at):
        raise ModelError("the test part is empty: there is no step to judge a model on")
    truth = truth_of(history, at)
    mask = parts.test[:, at].T[:, :, None]
    scores = [
        score(hindcast(model, history, at, form), truth, last_of(history, at), mask, history) for form in (False, True)
    ]
    known = [s for s in scores if s.cases]
    if not known:
        raise ModelError("the model gave no forecast for any step of the test part")
    index = np.mean([s.persistence_index for s in known], axis=0)
    return Score(float(np.mean([s.relative_loss for s in known])), index, known[0].cases)


def test_steps(parts: Split, seed: int) -> Ints:
    """The steps of the test part, sampled where there are very many; the same for the same seed."""
    at = np.flatnonzero(parts.test.any(axis=0))
    most = max(200, MOST_CASES // len(parts.test))
    return at if len(at) <= most else np.sort(np.random.default_rng(seed).choice(at, most, replace=False))


def score(quantiles: Floats, truth: Floats, last: Floats, mask: Bools, history: History) -> Score:
    """Of (N, S, H, Q) forecasts; rows without forecast or without truth are left out."""
    there = mask & np.isfinite(truth) & np.isfinite(last)[..., None] & np.isfinite(quantiles).all(axis=3)
    levels = np.asarray(history.layout.quantiles)
    held = np.broadcast_to(last[..., None, None], quantiles.shape)
    mine, its = (summed(loss(truth, q, levels).mean(axis=3), there) for q in (quantiles, held))
    miss = (truth - quantiles[..., history.layout.median]) ** 2
    squares, base = summed(miss, there).sum(axis=0), summed((truth - last[..., None]) ** 2, there).sum(axis=0)
    moved = its > 0
    relative = float(np.mean(mine[moved] / its[moved])) if moved.any() else 1.0
    index = 1.0 - squares / np.where(base > 0, base, 1.0)
    return Score(relative, np.asarray(np.where(base > 0, index, 0.0)), int(there.any(axis=2).sum()))


def summed(values: Floats, there: Bools) -> Floats:
    """(S, H)"""
    return np.asarray(np.where(there, values, 0.0).sum(axis=0))


def loss(truth: Floats, quantiles: Floats, levels: Floats) -> Floats:
    """(N, S, H, Q) pinball loss."""
    miss = truth[..., None] - quantiles
    return np.asarray(np.maximum(levels * miss, (levels - 1.0) * miss))


def hindcast(model: Any, history: History, at: Ints, future: bool) -> Floats:
    if not isinstance(model, Hindcasting):
        raise ModelError(f"{type(model).__name__} has no hindcast: it cannot be judged on past floods")
    return np.asarray(model.hindcast(history, at, future), dtype=np.float64)


def truth_of(history: History, at: Ints) -> Floats:
    """(N, S, H) the trusted values that came."""
    values = history.target.told
    steps = at[:, None] + np.arange(1, history.layout.horizon + 1)
    taken = values[:, np.minimum(steps, len(history) - 1)]  # (S, N, H)
    return np.asarray(np.where(steps < len(history), taken, np.nan).swapaxes(0, 1))


def last_of(history: History, at: Ints) -> Floats:
    """(N, S) the newest trusted value at each step, as old as the window reaches."""
    values = history.target.told
    steps = np.arange(len(history))
    newest = np.maximum.accumulate(np.where(np.isfinite(values), steps, -1), axis=1)[:, at]
    there = newest >= np.maximum(at - history.layout.past + 1, 0)
    return np.asarray(np.where(there, np.take_along_axis(values, np.maximum(newest, 0), axis=1), np.nan).T)


def unseen_by(history: History, parts: Split, at: Ints, trained_until: np.datetime64) -> Ints:
    """Those of ``at`` that came after another model's record; none unless there is a flood among them and they are ten
    horizons or more: less tells nothing."""
    later = at[history.times[at] > trained_until]
    flood = (parts.events[:, later] >= 0).any()
    return later if len(later) >= 10 * history.layout.horizon and flood else later[:0]


def better(challenger: Score, reigning: Score | None) -> tuple[bool, str]:
    """Whether the challenger shall reign, and why. The first must not be worse than the last value held; a later
    one must beat the one that reigns."""
    mine = challenger.relative_loss
    if reigning is None:
        good = bool(mine <= NOT_WORSE)
        word = "not worse" if good else "worse"
        return good, f"first model: loss {mine:.4f} of that of the last value held, {word} than it"
    its = reigning.relative_loss
    good = round(mine, DECIMALS) < round(its, DECIMALS)  # equal is not better, nor is the rest of a rounding
    return (
        good,
        f"relative loss {mine:.4f} against {its:.4f} of the reigning model: {'better' if good else 'not better'}",
    )
