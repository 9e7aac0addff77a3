"""How a blend learns its mix from the members' out-of-sample forecasts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from hydria_plugin import History, Split
from hydria_plugin.learning.events import independent_events, units
from hydria_plugin.learning.ticks import ticks_of
from hydria_plugin.values import Bools, Floats, Ints

from .evidence import FORMS, Asked, Fitted, complete_members, split_of, truths
from .mix import Mix
from .reliability import around, quantile_weights, stretch, trust
from .stacking import belief_at, belief_by_size, member_weights, moments

ROWS_FOR_SPREAD = 6_000


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """The evidence in one form: N issue times, S stations, J members."""

    quantiles: Sequence[Floats]  # J of (N, S, H, Q)
    truth: Floats  # (N, S, H)
    owner: Ints  # (N, S) the event each issue time belongs to
    events: Ints  # (S)
    use: Ints  # members with forecasts enough to be judged, persistence among them
    home: int  # which member is persistence
    middle: int  # index of the 0.5 quantile
    levels: Floats  # (Q)

    def centres(self, station: int) -> Floats:
        """(N, J', H) the used members' middle quantiles."""
        return np.stack([self.quantiles[j][:, station, :, self.middle] for j in self.use], axis=1).astype(np.float64)

    @property
    def at_home(self) -> int:
        """Place of persistence among the used members."""
        return int(np.flatnonzero(self.use == self.home)[0])


def learn_mix(
    history: History, split: Split, asked: Asked, fitted: Sequence[Fitted], home: int, rng: np.random.Generator
) -> Mix:
    """The mix of ``fitted`` members that their out-of-sample forecasts speak for: of each station, or, where not all
    are witnesses, the mean of the witnesses', sizes in units of each station's own movement."""
    witnesses, seen = history.only(asked.stations), split_of(split, asked.stations)
    mix = replace(mix_of_witnesses(witnesses, seen, asked.at, fitted, home, rng), tick=ticks_of(history, split))
    if len(asked.stations) == len(history.layout.stations):
        return mix
    size = np.sqrt(mix.energy)[..., None]  # (W, H, 1)
    energy = mean_of_finite(truths(history, asked.at[::20]) - last_values(history, asked.at[::20])[..., None], power=2)
    count = len(energy)
    return Mix(
        np.repeat(mix.centre.mean(axis=1, keepdims=True), count, axis=1),
        (mix.sizes / size).mean(axis=1, keepdims=True) * np.sqrt(energy)[None, ..., None],
        np.repeat(mix.belief.mean(axis=1, keepdims=True), count, axis=1),
        mix.spread,
        mix.stretch,
        energy,
        independent_events(split.events),
        mix.tick,
    )


def mix_of_witnesses(
    history: History, split: Split, at: Ints, fitted: Sequence[Fitted], home: int, rng: np.random.Generator
) -> Mix:
    """A mix of its own for every station of ``history``."""
    truth, owner = truths(history, at), units(split.events)[:, at].T
    events, levels = independent_events(split.events), np.asarray(history.layout.quantiles)
    learned = []
    for form in FORMS:
        quantiles = [f.quantiles[int(form)] for f in fitted]
        use = complete_members(quantiles, home)
        trial = Trial(quantiles, truth, owner, events, use, home, history.layout.median, levels)
        centre, sizes, belief = (
            np.stack(part) for part in zip(*(learn_centre(trial, s, rng) for s in range(len(events))), strict=True)
        )
        learned.append((centre, sizes, belief, *learn_spread(trial, centre, (sizes, belief), rng)))
    last = fitted[home].quantiles[0][..., history.layout.median]
    centre, sizes, belief, spread, factors = (np.stack(part) for part in zip(*learned, strict=True))
    return Mix(
        centre, sizes, belief, spread, factors, mean_of_finite(truth - last, power=2), events, np.zeros(len(events))
    )


def learn_centre(trial: Trial, station: int, rng: np.random.Generator) -> tuple[Floats, Floats, Floats]:
    """For one station (H, J) weights, 0 for members that are not used, and (H, C) sizes and belief."""
    centres, truth, home = trial.centres(station), trial.truth[:, station], trial.at_home
    others, events = np.delete(np.arange(len(trial.use)), home), int(trial.events[station])
    weights, last = np.zeros((truth.shape[1], len(trial.quantiles))), centres[:, home]
    there = np.isfinite(truth) & np.isfinite(centres).all(axis=1)
    moves, moved = centres[:, others] - last[:, None], np.where(there, truth - last, np.nan)
    if len(others) and there.any():
        evidence = moments(moves, moved, trial.owner[:, station])
        weights[:, trial.use[others]] = member_weights(evidence, rng, events)
    weights[:, trial.home] = np.maximum(1.0 - weights.sum(axis=1), 0.0)
    announced = np.einsum("hk,nkh->nh", weights[:, trial.use[others]], moves)
    return weights, *belief_by_size(announced, moved, trial.owner[:, station], events, rng)


def learn_spread(
    trial: Trial, centre: Floats, followed: tuple[Floats, Floats], rng: np.random.Generator
) -> tuple[Floats, Floats]:
    """(H, J) weights of the quantiles and (H, Q) their stretch, common to all stations, whose values are scaled to one
    size for it."""
    h, q, j = centre.shape[1], len(trial.levels), len(trial.quantiles)
    rows = sample_rows(trial, rng)
    spread = np.zeros((h, j))
    if rows is None:
        spread[:, trial.home] = 1.0
        return spread, np.ones((h, q))
    seen, moved, by_event, station, size = rows
    plain = seen[:, trial.at_home]
    shares = quantile_weights(seen, moved, trial.levels)
    mixed = np.einsum("hj,njhq->nhq", shares, seen)
    far = trust(mixed, plain, moved, trial.levels, by_event, rng)
    spread[:, trial.use] = far[:, None] * shares
    spread[:, trial.home] += 1.0 - far
    middle = np.einsum("nhj,njh->nh", centre[station][:, :, trial.use], seen[..., trial.middle])
    sizes, belief = (knots[station] for knots in followed)
    middle *= belief_at(np.abs(middle) * size[:, None], sizes, belief)
    mixed = around(middle, plain + far[:, None] * (mixed - plain), np.ones((h, q)), trial.middle)
    return spread, stretch(mixed, middle, moved, trial.levels, int(trial.events.max()))


def sample_rows(trial: Trial, rng: np.random.Generator) -> tuple[Floats, Floats, Ints, Ints, Floats] | None:
    """(M, J', H, Q) quantiles and (M, H) truth away from the last value, both in units of the station's mean movement;
    (M) event, (M) station and (M) that unit. None without evidence.

    Events are those of the station that has most: floods at other stations at the same time are not independent."""
    whole = [np.isfinite(trial.quantiles[j]).all(axis=(2, 3)) for j in trial.use]
    n, s = np.nonzero(np.isfinite(trial.truth).all(axis=2) & np.all(whole, axis=0))
    if not len(n) or trial.events.max(initial=0) == 0:
        return None
    some = np.sort(rng.permutation(len(n))[:ROWS_FOR_SPREAD])
    n, s = n[some], s[some]
    values = np.stack([trial.quantiles[j][n, s] for j in trial.use], axis=1).astype(np.float64)
    last = values[:, trial.at_home, :, trial.middle]
    moved = trial.truth[n, s] - last
    size = scale_of(moved, s, len(trial.events))[s]
    seen = (values - last[:, None, :, None]) / size[:, None, None, None]
    return seen, moved / size[:, None], trial.owner[n, int(np.argmax(trial.events))], s, size


def scale_of(moved: Floats, station: Ints, stations: int) -> Floats:
    """(S) mean absolute movement of each station; 1 where it never moves."""
    total = np.bincount(station, np.abs(moved).mean(axis=1), stations)
    mean = total / np.maximum(np.bincount(station, minlength=stations), 1)
    return np.asarray(np.where(mean > 0, mean, 1.0))


def last_values(history: History, at: Ints) -> Floats:
    """(N, S) the value at each step, NaN where it is missing or not trusted."""
    return np.where(history.target.trusted[:, at], history.target.values[:, at], np.nan).T.astype(np.float64)


def mean_of_finite(values: Floats, power: int = 1) -> Floats:
    """(S, H) over the first axis of (N, S, H); 1 where nothing, or only zero, is known."""
    known: Bools = np.isfinite(values)
    mean = (np.where(known, values, 0.0) ** power).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    return np.asarray(np.where(mean > 0, mean, 1.0))
