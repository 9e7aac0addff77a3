"""The corrector ``quality``: which values to believe. Causal: nothing after a step speaks of it but what the window
shows of the steps that followed, and the newest value is judged by what came before it."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from hydria_plugin import METHODS, Flag, History, Layout, ModelError, Signal, Split, Window
from hydria_plugin.values import Bools, Floats

from .context import Pace
from .feeds import Feeds
from .jumps import Verdicts
from .learning import learn
from .limits import LATER, NAMES, Limits
from .verdicts import judge_newest, judge_window

FORMAT = 1
logger = logging.getLogger("hydria.quality")
CELLS = 4_000_000  # values of a record judged at once
MANUAL = METHODS.index("manual")


class Quality:
    """Flags what a gauge cannot have measured. ``limits``: the admin's, by series, in the series' unit:
    ``{"Y1232010": {"low": 0.2, "high": 8.0, "up_quiet": 0.5}}``; the names are those of :class:`Limits`.

    Untrained it knows physics only: no negative rain, no more than the earth has seen. Trained, each series has limits
    from its own record; a series that training did not see is judged by physics.
    """

    name = "quality"
    works_untrained = True

    def __init__(self, *, limits: Mapping[str, Mapping[str, float]] | None = None) -> None:
        self.own = {series: dict(chosen) for series, chosen in (limits or {}).items()}
        for series, chosen in self.own.items():
            for limit, value in chosen.items():
                if limit not in NAMES or not isinstance(value, (int, float)):
                    raise ValueError(f"limits.{series}.{limit} = {value!r}: allowed are numbers for {', '.join(NAMES)}")
        self.names: tuple[str, ...] = ()
        self.learned = Limits.unknown(0)
        self._known: tuple[Layout, Feeds, Limits] | None = None  # of the layout last seen; made again for another

    # ---- the role ----

    def correct_inputs(self, window: Window) -> Window:
        feeds, limits = self.for_layout(window.layout)
        target, inputs = (s.each(lambda a: a[:, 0]) for s in (window.observed, window.past))
        verdicts = judge_window(feeds, believed(feeds, target, inputs), limits, pace_of(window.layout))
        observed, past = scattered(feeds, verdicts, window.observed, window.past)
        return replace(window, observed=observed, past=past)

    def correct_history(self, history: History) -> History:
        feeds, limits = self.for_layout(history.layout)
        pace = pace_of(history.layout)
        t, size = len(history), max(2 * pace.past, CELLS // max(len(feeds), 1))
        flag, method = np.zeros((t, len(feeds)), np.uint8), np.zeros((t, len(feeds)), np.uint16)
        for first in range(0, t, size):
            since, last = max(0, first - pace.past + 1), min(t, first + size)
            part = history.between(since, last)
            found = judge_newest(feeds, believed(feeds, part.target, part.inputs), limits, pace)
            flag[first:last], method[first:last] = found.flag[first - since :], found.method[first - since :]
        target, inputs = (s.each(lambda a: np.asarray(a)[:, None]) for s in (history.target, history.inputs))
        target, inputs = scattered(feeds, Verdicts(flag, method), target, inputs)
        return replace(history, target=target.each(lambda a: a[:, 0]), inputs=inputs.each(lambda a: a[:, 0]))

    # ---- learning ----

    def fit(self, history: History, split: Split) -> Self:
        """The limits, from the fit part: of every station's series, some stations at a time."""
        pace = pace_of(history.layout)
        found: dict[str, list[float]] = {}
        stations = len(history.layout.stations)
        some = max(1, 5 * CELLS // max(1, len(history) * (1 + len(history.layout.slots))))
        for first in range(0, stations, some):
            rows = range(first, min(first + some, stations))
            part, feeds = history.only(rows), Feeds.of(history.layout.only(rows))
            x = believed(feeds, part.target, part.inputs)
            use = np.asarray(split.fit[list(rows)].any(axis=0))[:, None]
            learned = learn(feeds, x, np.broadcast_to(use, x.shape), pace)
            for i, name in enumerate(feeds.names):
                if name not in found and np.isfinite(learned.second[i]):
                    logger.info("quality: %s: a second datum at %+g", name, learned.second[i])
                found.setdefault(name, [float(getattr(learned, n)[i]) for n in NAMES])
        new = type(self)(limits=self.own)
        new.names = tuple(found)
        new.learned = Limits(**dict(zip(NAMES, np.asarray([*found.values()]).T.reshape(len(NAMES), -1), strict=True)))
        return new

    def save(self, folder: Path) -> None:
        facts = {
            "format": FORMAT,
            "series": self.names,
            "limits": {n: getattr(self.learned, n).tolist() for n in NAMES},
        }
        (folder / "quality.json").write_text(json.dumps(facts), encoding="utf-8")

    def load(self, folder: Path) -> Self:
        """What was kept, under the admin's options of now. Raises ModelError."""
        try:
            held = json.loads((folder / "quality.json").read_text(encoding="utf-8"))
            unknown = dict.fromkeys(LATER, [np.inf] * len(held["series"]))
            limits = unknown | held["limits"]
            arrays = {f.name: np.asarray(limits[f.name], dtype=float) for f in fields(Limits)}
        except (OSError, ValueError, KeyError, TypeError) as cause:
            raise ModelError(f"quality: {folder / 'quality.json'} holds no limits ({cause!r})") from cause
        new = type(self)(limits=self.own)
        new.names, new.learned = tuple(held["series"]), Limits(**arrays)
        return new

    def for_layout(self, layout: Layout) -> tuple[Feeds, Limits]:
        """The series of ``layout`` and their limits; kept for as long as the layout is the same."""
        if self._known is None or self._known[0] is not layout:
            self._known = (layout, *self.fitted_to(Feeds.of(layout), pace_of(layout)))
        return self._known[1:]

    def fitted_to(self, feeds: Feeds, pace: Pace) -> tuple[Feeds, Limits]:
        place = {name: i for i, name in enumerate(self.names)}
        here = np.asarray([place.get(name, -1) for name in feeds.names], dtype=int)
        limits = Limits.physical(feeds.is_rain, pace.hours)
        known = np.flatnonzero(here >= 0)
        return feeds, limits.put(known, self.learned.take(here[known])).overridden(feeds.names, self.own)


def pace_of(layout: Layout) -> Pace:
    return Pace(layout.past, float(layout.step / np.timedelta64(1, "h")))


def believed(feeds: Feeds, target: Signal, inputs: Signal) -> Floats:
    """(T, N) what may be tested: values that the host or a person has not failed."""
    values = feeds.gathered(np.asarray(target.values), np.asarray(inputs.values)).astype(float, copy=False)
    if (target.flags == Flag.FAIL).any() or (inputs.flags == Flag.FAIL).any():
        values[feeds.gathered(np.asarray(target.flags), np.asarray(inputs.flags)) == Flag.FAIL] = np.nan
    return values


def scattered(feeds: Feeds, verdicts: Verdicts, target: Signal, inputs: Signal) -> tuple[Signal, Signal]:
    """Target (S, R, T) and inputs (S, R, T, V) with their verdicts; what failed, here or in the host, is a gap. What a
    person has flagged stays as the person said."""
    t, n = np.nonzero(verdicts.method > 0)
    flag, method = verdicts.flag[t, n][:, None], verdicts.method[t, n][:, None]  # (C, 1): the same for all R
    station, column, of = feeds.places_of(n)
    own, slot = np.flatnonzero(column == 0), np.flatnonzero(column > 0)
    every = slice(None)
    here, there = (station[own], every, t[of[own]]), (station[slot], every, t[of[slot]], column[slot] - 1)
    return (
        with_verdict(target, here, flag[of[own]], method[of[own]]),
        with_verdict(inputs, there, flag[of[slot]], method[of[slot]]),
    )


def with_verdict(signal: Signal, cells: Any, flag: NDArray[np.uint8], method: NDArray[np.uint16]) -> Signal:
    """A signal with verdicts on some cells (C, R): failed values become gaps, ``raw`` keeps them."""
    told: Bools = signal.method[cells] != MANUAL
    if not told.any() and not (signal.flags == Flag.FAIL).any():
        return signal
    values, flags, methods = np.array(signal.values), np.array(signal.flags), np.array(signal.method)
    flags[cells], methods[cells] = np.where(told, flag, flags[cells]), np.where(told, method, methods[cells])
    values[flags == Flag.FAIL] = np.nan
    return Signal(values, signal.sigma, flags, methods, signal.raw)
