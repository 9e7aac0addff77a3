"""A fictitious basin whose gauges err by a known law: what they read, what fell, and what flowed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from hydria_plugin import History, Signal, Split
from hydria_plugin.learning.basin_cases import STUDY_ZONES
from hydria_plugin.learning.fictitious_basin import HOUR, START, Basin, simulate
from hydria_plugin.learning.fictitious_cases import history_of, study_split
from hydria_plugin.learning.storms import study_storms
from hydria_plugin.values import Bools, Floats, Ints

WHOLE = 96  # steps of an event
NOISE = 0.05  # of the measured discharge, relative
QUANTILES = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95)
Rng = np.random.Generator
WET_HOURS, WET_MM = 6, 3.0  # an issue time counts when so much has fallen at some gauge


@dataclass(frozen=True)
class Law:
    """The error of the gauges: log-errors, part the gauge's own for a whole event, part an AR(1) of which a share is
    common to all gauges."""

    relative: float = 0.35
    own: float = 0.2
    memory_h: float = 6.0
    common: float = 0.5

    def factors(self, events: int, steps: int, gauges: int, rng: Rng) -> Floats:
        """(E, T, G) multipliers of mean 1."""

        def moving(columns: int) -> Floats:
            kept = np.exp(-1.0 / self.memory_h)
            z = rng.standard_normal((events, steps, columns))
            for t in range(1, steps):
                z[:, t] = kept * z[:, t - 1] + np.sqrt(1 - kept**2) * z[:, t]
            return z

        together = np.sqrt(self.common) * moving(1) + np.sqrt(1 - self.common) * moving(gauges)
        alone = rng.standard_normal((events, 1, gauges))
        z = np.sqrt(1 - self.own) * together + np.sqrt(self.own) * alone
        return np.asarray(np.exp(self.relative * z - self.relative**2 / 2))


@dataclass(frozen=True, eq=False)
class Known:
    """Stations over the same events: what was measured, and what is known because it was made."""

    history: History
    discharge: Floats  # (S, T) truth, without the noise of the measurement
    of_event: Ints  # (T)

    def wet(self, first_event: int = 0) -> Bools:
        """(S, T) issue times of floods: enough has fallen lately, and all of window and horizon are of one event."""
        rain, a = self.history.inputs.values, self.history.layout
        steps = np.arange(rain.shape[1])
        total = np.cumsum(np.pad(rain, ((0, 0), (1, 0), (0, 0))), axis=1)  # (S, T + 1, V)
        fell = (total[:, 1:] - total[:, np.maximum(steps + 1 - WET_HOURS, 0)]).max(axis=2)
        first, last = steps - a.past + 1, np.minimum(steps + a.horizon, len(steps) - 1)
        inside = (first >= 0) & (self.of_event[np.maximum(first, 0)] == self.of_event[last])
        inside &= (self.of_event >= first_event) & (steps < len(steps) - a.horizon)
        return np.asarray((fell >= WET_MM) & inside)


def basin(events: int) -> Basin:
    return Basin(STUDY_ZONES, power=1.5, noise=NOISE, events=events)


def made(name: str, events: int, law: Law, rng: Rng) -> Known:
    """What gauges and the station ``name`` read over so many storms."""
    read, of_event = study_storms(events, len(STUDY_ZONES), 0.5, rng)
    fell = read * law.factors(events, WHOLE, len(STUDY_ZONES), rng).reshape(read.shape)
    times = START + HOUR * np.arange(1, len(read) + 1)
    record = simulate(basin(events), rng, times=times, rain=fell)
    history = history_of(replace(record, gauges=read, events=of_event))
    gauges = np.array([[f"{gauge}.{name}" for gauge in history.layout.series[0]]])
    layout = replace(history.layout, quantiles=QUANTILES, stations=(name,), targets=(f"q.{name}",), series=gauges)
    return Known(replace(history, layout=layout), record.discharge[None], of_event)


def together(each: Sequence[Known]) -> Known:
    """Stations of one record each as one."""
    histories = [known.history for known in each]
    a, one = histories[0].layout, histories[0]
    layout = replace(
        a,
        stations=tuple(h.layout.stations[0] for h in histories),
        targets=tuple(h.layout.targets[0] for h in histories),
        quantities=a.quantities * len(each),
        units=a.units * len(each),
        series=np.concatenate([h.layout.series for h in histories]),
        static=np.empty((0, 0)),
    )
    target, inputs = (np.concatenate([getattr(h, n).values for h in histories]) for n in ("target", "inputs"))
    totals = np.concatenate([h.totals for h in histories])
    history = History(layout, one.times, Signal.measured(target), Signal.measured(inputs), totals)
    return Known(history, np.concatenate([known.discharge for known in each]), each[0].of_event)


def split_of(known: Known, events: int, rngs: Sequence[Rng]) -> Split:
    """Whole events dealt at random, station by station, as the study does."""
    one = simulate(basin(events), np.random.default_rng(0))  # for its events: the split asks for no more
    each = [study_split(replace(one, events=known.of_event), rng) for rng in rngs]
    parts = (np.concatenate([getattr(e, n) for e in each]) for n in ("fit", "stop", "test", "events"))
    return Split(*parts)
