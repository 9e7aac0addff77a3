"""A learned state as it is stored: the plug-in's own arrays, and what they were made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from hydria_plugin.roles import State

from .met import Met

VALID, DIGEST = "learner.valid", "learner.digest"  # bookkeeping arrays beside the plug-in's own
GROUND = "learner.ground."  # before the names of the arrays of the state from before the window
BOOKKEEPING = "learner."
LONG_AGO = np.datetime64(0, "s") - np.timedelta64(2**40, "s")


@dataclass(frozen=True, slots=True, eq=False)
class Kept:
    """A stored state, with what it was made of."""

    state: State  # the plug-in's own arrays
    ground: State  # those after ``ground_at``, the oldest step of its window
    ground_at: np.datetime64
    valid: np.ndarray  # (K') datetime64[s] the steps of its window up to the last that taught something
    digests: np.ndarray  # (K') uint64

    @classmethod
    def of(cls, stored: State | None) -> Self:
        """What ``stored`` made; nothing learned yet where there is none."""
        if stored is None or VALID not in stored:
            return cls({}, {}, LONG_AGO, np.empty(0, "datetime64[s]"), np.empty(0, np.uint64))
        own = {k: v for k, v in stored.items() if not k.startswith(BOOKKEEPING)}
        ground = {k.removeprefix(GROUND): v for k, v in stored.items() if k.startswith(GROUND)}
        valid = stored[VALID].astype("datetime64[s]")
        return cls(own, ground, valid[0], valid, stored[DIGEST])

    def stored(self) -> State:
        grounds = {GROUND + k: v for k, v in self.ground.items()}
        return {**self.state, **grounds, VALID: self.valid.astype(np.int64), DIGEST: self.digests}

    def resume(self, met: Met) -> tuple[State, int]:
        """The newest state made of nothing but what the window shows now, and the first step to learn from there."""
        state, newest = self.ground, self.ground_at
        if self.agrees(met):
            state, newest = self.state, max(self.valid, default=newest)
        return state, int(np.searchsorted(met.valid, newest, side="right"))

    def agrees(self, met: Met) -> bool:
        """Whether the window knows the steps that both show as this state knew them."""
        _, mine, its = np.intersect1d(self.valid, met.valid, assume_unique=True, return_indices=True)
        return bool((self.digests[mine] == met.digests[its]).all())
