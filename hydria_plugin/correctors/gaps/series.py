"""The series of a layout, each once: where it is read, and where what is filled goes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hydria_plugin import Flag, Layout, Signal
from hydria_plugin.values import Bools, Floats, Ints

ABSENT = -1


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """N series in the order of ``Layout.all_series``: the targets first."""

    names: tuple[str, ...]
    kinds: tuple[str, ...]  # N; of a target its quantity
    home: Ints  # (N) the first station that has it
    slot: Ints  # (N) its slot there, ABSENT = it is the target
    places: Ints  # (S, 1 + V) the series of the target and of each slot, ABSENT where there is none

    @classmethod
    def of(cls, layout: Layout) -> Series:
        names, columns = layout.all_series(), 1 + len(layout.slots)
        number = {name: n for n, name in enumerate(names)}
        listed = np.concatenate([np.asarray(layout.targets, dtype=object)[:, None], layout.series], axis=1)
        flat = np.asarray([number.get(name, ABSENT) for name in listed.reshape(-1).tolist()], dtype=np.int64)
        first, order = np.full(len(names), -1), np.arange(flat.size)[::-1]  # the first place is written last;
        order = np.concatenate([order[order % columns > 0], order[order % columns == 0]])  # targets after the slots
        taken = flat[order]
        first[taken[taken >= 0]] = order[taken >= 0]
        places, home, slot = flat.reshape(-1, columns), first // columns, first % columns - 1
        of_slot, of_target = np.asarray([*layout.kinds, ""]), np.asarray(layout.quantities)
        kinds = np.where(slot == ABSENT, of_target[home], of_slot[slot])
        return cls(names, tuple(kinds.tolist()), home, slot, places)

    @property
    def is_rain(self) -> Bools:
        return np.asarray([kind == "rain" for kind in self.kinds], dtype=bool)

    @property
    def is_target(self) -> Bools:
        return np.asarray(self.slot == ABSENT)

    @property
    def filled(self) -> Bools:
        """(N) whether a gap in it may be filled: a simulation is its model's own to give."""
        return np.asarray([kind != "simulation" for kind in self.kinds], dtype=bool)

    def gather(self, target: Floats, inputs: Floats) -> Floats:
        """(N, L) of (S, L) and (S, L, V)."""
        out = np.empty((len(self.names), np.shape(target)[-1]))
        own = self.slot == ABSENT
        out[own] = target[self.home[own]]
        out[~own] = inputs[self.home[~own], :, self.slot[~own]]
        return out


@dataclass(frozen=True, slots=True, eq=False)
class Fills:
    """C filled cells: series, step along the axis, and what is put there."""

    series: Ints
    step: Ints
    values: Floats
    sigma: Floats
    method: NDArray[np.uint16]

    @classmethod
    def none(cls) -> Fills:
        nowhere = np.zeros(0, dtype=np.int64)
        return cls(nowhere, nowhere, np.zeros(0), np.zeros(0), np.zeros(0, dtype=np.uint16))

    def __len__(self) -> int:
        return len(self.series)


def known(signal: Signal) -> Floats:
    """What was measured and has not failed; NaN elsewhere, estimates included."""
    values = np.asarray(signal.values, dtype=np.float64)
    doubted = np.isinf(values) | (signal.flags == Flag.FAIL) | (np.asarray(signal.sigma) != 0)
    return np.where(doubted, np.nan, values) if doubted.any() else values


def needed(signal: Signal) -> Bools:
    """Where nothing usable stands: a gap, or a failed value that nobody has estimated."""
    lost, failed = ~np.isfinite(signal.values), signal.flags == Flag.FAIL
    return np.asarray(lost | failed & (np.asarray(signal.sigma) == 0) if failed.any() else lost)


def put(signal: Signal, places: Ints, fills: Fills) -> Signal:
    """``signal`` (S, L, W) whose column w of station s is the series ``places`` (S, W), with the fills in it; what is
    there already stays. Flags and what was received stay as they were."""
    s, w, pick = wherever(places, fills)
    cell = s, fills.step[pick], w
    free = needed(signal.each(lambda a: a[cell]))
    if not free.any():
        return signal
    cell, pick = (cell[0][free], cell[1][free], cell[2][free]), pick[free]
    arrays = {name: np.array(getattr(signal, name)) for name in ("values", "sigma", "method")}
    for name, array in arrays.items():
        array[cell] = getattr(fills, name)[pick]
    return Signal(arrays["values"], arrays["sigma"], signal.flags, arrays["method"], signal.raw)


def wherever(places: Ints, fills: Fills) -> tuple[Ints, Ints, Ints]:
    """Station, column and fill, for every place in which the series of a fill is shown."""
    flat = places.reshape(-1)
    order = np.argsort(flat, kind="stable")
    first, last = (np.searchsorted(flat[order], fills.series, side=side) for side in ("left", "right"))
    count = last - first
    pick = np.repeat(np.arange(len(fills)), count)
    within = np.arange(len(pick)) - np.repeat(np.cumsum(count) - count, count)
    at = order[np.repeat(first, count) + within]
    columns = max(1, places.shape[1])
    return at // columns, at % columns, pick
