"""The learned part of a blend: whose centre, whose quantiles, how wide; per station, lead and form."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cached_property

import numpy as np

from hydria_plugin import History, Window
from hydria_plugin.learning.ticks import on_ticks
from hydria_plugin.values import Bools, Floats, Ints

from .belief import knots_of, still_believed
from .cases import NOWHERE, strided, usable
from .reliability import around
from .stacking import belief_at, present_weights


@dataclass(frozen=True, eq=False)
class Mix:
    """J members; first axis of the weights: without and with the inputs of the horizon known."""

    centre: Floats  # (2, S, H, J) weights of the members' middle quantiles, sum 1
    sizes: Floats  # (2, S, H, C) of the movement they announce,
    belief: Floats  # (2, S, H, C) and how far it is followed, 0 to 1
    spread: Floats  # (2, H, J) weights of their other quantiles, sum 1
    stretch: Floats  # (2, H, Q) of the distance from the centre
    energy: Floats  # (S, H) mean squared movement of the truth away from the last value: the scale of online learning
    events: Ints  # (S) independent events the weights rest on
    tick: Floats  # (S) the step in which the target comes, 0 = none (ticks.py)

    @cached_property
    def knots(self) -> Floats:
        """(S, H, K) sizes of movement that part what is learned while running, single precision."""
        return knots_of(self.sizes).astype(np.float32)

    @cached_property
    def at_knots(self) -> Floats:
        """(2, S, H, K) the trained belief in movements of those sizes, single precision."""
        found = belief_at(self.knots, self.sizes[..., None, :], self.belief[..., None, :])
        return found.astype(np.float32)

    def arrays(self) -> dict[str, Floats]:
        return {f.name: np.asarray(getattr(self, f.name)) for f in fields(self)}

    def weights(self, rows: Ints, foreseen: Bools, home: int) -> Floats:
        """(S, H, J) of the centre, for the stations at ``rows``; a station it was not trained for keeps to
        persistence, the member ``home``."""
        alone = np.eye(self.centre.shape[-1])[home]
        kept = np.where(foreseen[..., None], self.centre[1][rows], self.centre[0][rows])
        return np.asarray(np.where((rows == NOWHERE)[:, None, None], alone, kept))

    def combine(
        self,
        quantiles: Floats,
        weights: Floats,
        rows: Ints,
        foreseen: Bools,
        middle: int,
        home: int,
        met: Floats | None = None,
    ) -> tuple[Floats, Floats]:
        """(S, H, Q) of the members' (S, J, H, Q), and (S, H) the value that their weighted centre announced; a member
        without a forecast for a row leaves its weight to the others. Rows without any member are NaN. ``met``: what was
        learned while running (belief.py)."""
        there = answered(quantiles)
        held = np.where(there[:, :, None, None], quantiles, 0.0)
        own = present_weights(weights, there[:, None])
        wide = present_weights(np.where(foreseen[..., None], self.spread[1], self.spread[0]), there[:, None])
        announced = np.einsum("shj,sjh->sh", own, held[..., middle])
        last = np.where(there[:, home, None], held[:, home, :, middle], announced)
        belief, left = self.believed(np.abs(announced - last), rows, foreseen, met)
        centre = last + belief * (announced - last)
        mixed = np.einsum("shj,sjhq->shq", wide, held)
        plain = np.where(there[:, home, None, None], held[:, home], mixed)
        factors = np.where(foreseen[..., None], self.stretch[1], self.stretch[0])
        values = around(centre, plain + left[..., None] * (mixed - plain), factors, middle)
        own_tick = np.where((rows == NOWHERE) | ~there[:, home], 0.0, self.tick[rows])
        values = on_ticks(values, last, own_tick, middle)
        any_there = np.asarray(there.any(axis=1))[:, None]
        return np.where(any_there[..., None], values, np.nan), np.where(any_there, announced, np.nan)

    def believed(self, size: Floats, rows: Ints, foreseen: Bools, met: Floats | None) -> tuple[Floats, Floats]:
        """(S, H) how far a movement of ``size`` (S, H) is followed, and what share of the trained belief that is."""
        sizes, belief = (
            np.where(foreseen[..., None], knots[1][rows], knots[0][rows]) for knots in (self.sizes, self.belief)
        )
        trained = belief_at(size, sizes, belief)
        if met is None:
            return trained, np.ones_like(trained)
        at_knots = np.where(foreseen[..., None], self.at_knots[1][rows], self.at_knots[0][rows])
        left = still_believed(size, met, at_knots, self.knots[rows], self.energy[rows], self.events[rows])
        return trained * left, left


def answered(quantiles: Floats) -> Bools:
    """(S, J) which members have a forecast, of (S, J, H, Q)."""
    return np.asarray(np.isfinite(quantiles).all(axis=(2, 3)))


def foreseen_in(history: History, at: Ints, future: bool) -> Bools:
    """(N, S, H) the same for past steps, as the members see them."""
    layout = history.layout
    rain = np.flatnonzero([kind == "rain" for kind in layout.kinds])
    known = np.zeros((len(at), len(layout.stations), layout.horizon), dtype=bool)
    for slot in rain:
        archived = history.forecasts.get(layout.slots[slot])
        if archived is not None:
            known |= np.isfinite(archived[:, at]).swapaxes(0, 1)
        elif future:
            came = usable(history.inputs.each(lambda a, v=slot: a[:, :, v]))
            known |= np.isfinite([strided(s, at, layout.horizon, layout.horizon) for s in came]).swapaxes(0, 1)
    return np.asarray(np.logical_and.accumulate(known, axis=2))


def foreseen(window: Window) -> Bools:
    """(S, H) True where the rain is known up to this lead: the members then answer with the form that uses it."""
    rain = np.flatnonzero([kind == "rain" for kind in window.layout.kinds])
    if not len(rain):
        return np.zeros((len(window.stations), window.layout.horizon), dtype=bool)
    known: Bools = np.isfinite(usable(window.future.each(lambda a: a[:, 0][..., rain])))
    return np.asarray(np.logical_and.accumulate(known.any(axis=2), axis=1))
