"""Challengers scored beside the model that reigns: on the steps, stations and leads that both forecast."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from .backtest import Backtest
from .diagrams import blocks_of
from .regimes import some_leads
from .scores import block_bootstrap, crps_each, skill

BETWEEN = "~"  # pipeline and challenger; no name of a pipeline holds it


def shadow_name(pipeline: str, challenger: str) -> str:
    """Under which the store keeps a challenger's forecasts."""
    return f"{pipeline}{BETWEEN}{challenger}"


@dataclass(frozen=True)
class Duel:
    """A challenger against the reigning model, one station at one lead; NaN without pairs."""

    shadow: str
    station: str
    lead: int
    pairs: int
    failed: int  # steps that the reigning model forecast and the challenger did not
    crps: float  # of the reigning model
    crps_shadow: float
    skill: float  # of the challenger over it: above 0 = better
    skill_low: float  # 5 and 95 % when blocks of steps are drawn; NaN with fewer than two
    skill_high: float


def duels(reigning: Backtest, shadow: Backtest, challenger: str) -> Iterator[Duel]:
    """By station and some of the leads."""
    at = np.isin(reigning.issued_at, shadow.issued_at)
    its = np.isin(shadow.issued_at, reigning.issued_at)
    blocks = blocks_of(reigning)[at]
    truth, levels = reigning.truth[at], reigning.layout.quantiles
    for s, station in enumerate(reigning.layout.stations):
        for lead in some_leads(reigning.layout.horizon):
            o = truth[:, s, lead - 1]
            mine, other = (v[:, s, lead - 1].astype(float) for v in (reigning.values[at], shadow.values[its]))
            known = np.isfinite(o) & np.isfinite(mine).all(axis=1)
            both = known & np.isfinite(other).all(axis=1)
            pair = np.stack([crps_each(o[both], q[both], levels) for q in (mine, other)], axis=1)  # (N, 2)
            rng = np.random.default_rng(0)  # the same blocks for every station, whichever others there are
            low, high = block_bootstrap(lambda rows, p=pair: gained(p[rows]), blocks[both], rng)  # type: ignore[misc]
            means = pair.mean(axis=0) if len(pair) else np.full(2, np.nan)
            failed = int((known & ~both).sum())
            numbers = (float(means[0]), float(means[1]), gained(pair), low, high)
            yield Duel(challenger, station, lead, len(pair), failed, *numbers)


def gained(pair: np.ndarray) -> float:
    """Skill of the second column of scores (N, 2) over the first."""
    return skill(float(pair[:, 1].mean()), float(pair[:, 0].mean())) if len(pair) else float("nan")
