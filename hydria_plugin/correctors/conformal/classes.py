"""Which water a forecast is made in: how wide it is, and whether it is one of a flood.

Forecasts of a station and lead are sorted into classes by their own width, with soft borders at running quantiles of
it: what months of quiet water teach about narrow bands must not touch the wide ones. A flood is a forecast whose
median, last observation or last rise lies in the station's highest tenth, as far as it was seen.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hydria_plugin.values import Bools, Floats

LEVELS = np.array([0.3, 0.7, 0.9, 0.97])  # of the widths, where the classes G have their middle
FLOOD = 0.9  # of medians, observations and rises: beyond it, a flood
STEP = 0.03  # of a border of the widths' logarithm, per visit; larger at first
STEP_FLOOD, STEP_SPREAD = 0.1, 0.01
NARROWEST = 1e-6  # a width counts as no less, in the unit of the river


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """What a station's forecasts were like so far. K knots of leads, G classes."""

    borders: Floats  # (S, K, G) of the logarithm of the width
    floods: Floats  # (S, K, 3) of median, last observation, last rise
    spread: Floats  # (S, K, 3) how far these usually are from that
    visits: Floats  # (S, K)

    @classmethod
    def nothing(cls, stations: int, knots: int) -> Seen:
        nan = np.full((stations, knots, 3), np.nan, np.float32)
        widths = np.full((stations, knots, len(LEVELS)), np.nan, np.float32)
        return cls(widths, nan, nan, np.zeros((stations, knots), np.float32))

    def met(self, width: Floats, marks: Floats) -> Seen:
        """After forecasts of ``width`` (S, K) with ``marks`` (S, K, 3): stochastic approximation of quantiles (Robbins
        and Monro 1951), each step as long as what is approximated usually moves. NaN teaches nothing."""
        new = np.isfinite(width) & np.isfinite(marks).all(axis=2)
        log = np.log(np.maximum(np.where(new, width, 1.0), NARROWEST))
        first = new & (self.visits == 0)
        start = log[..., None] + np.linspace(-1e-3, 1e-3, len(LEVELS))
        at = np.where(first[..., None], start, self.borders)
        step = np.maximum(STEP, 1.0 / np.sqrt(1.0 + self.visits))[..., None]
        moved = np.sort(at + step * ((log[..., None] > at) - (1.0 - LEVELS)), axis=2)
        floods = np.where(first[..., None], marks, self.floods)
        spread = np.where(first[..., None], 0.1 * np.abs(marks) + NARROWEST, self.spread)
        spread = spread + STEP_SPREAD * (np.abs(marks - floods) - spread)
        higher = floods + STEP_FLOOD * spread * ((marks > floods) - (1.0 - FLOOD))
        kept, both = new[..., None], (self.floods, self.spread)
        return Seen(
            np.where(kept, moved, self.borders).astype(np.float32),
            np.where(kept, higher, both[0]).astype(np.float32),
            np.where(kept, spread, both[1]).astype(np.float32),
            (self.visits + new).astype(np.float32),
        )


def shares(width: Floats, borders: Floats) -> Floats:
    """(S, H, G) how much forecasts of ``width`` (S, H) belong to each class: linear between the ``borders`` (S, H, G)
    of the logarithm; the first class where nothing was seen yet."""
    log = np.log(np.fmax(width, NARROWEST))
    found = np.empty((borders.shape[2], *log.shape), log.dtype)  # class by class: long rows, for speed
    above: Floats | float = 1.0
    for g in range(len(found) - 1):
        low, high = borders[..., g], borders[..., g + 1]
        way = np.minimum(np.fmax((log - low) / np.maximum(high - low, 1e-9), 0.0), 1.0)  # 0 where NaN
        found[g] = above - way
        above = way
    found[-1] = above
    return np.asarray(np.moveaxis(found, 0, 2))


def flooded(marks: Floats, floods: Floats) -> Bools:
    """(S, H) whether any of ``marks`` (S, H, 3) lies beyond ``floods`` (S, H, 3)."""
    beyond = marks >= floods
    return np.asarray(beyond[..., 0] | beyond[..., 1] | beyond[..., 2])
