"""The static twin: a block network that gives the river of this step from rain alone, trained to be read.

A network that forecasts is told what the river did an hour ago, and leans on it: its weights hide the rain. The twin
sees only rain, lag by lag, how wet the ground is, and the season. What it is shown of the river is made even: the power
0.75 of a discharge or, which is near it by a common rating curve, the power 1.25 of a level above its lowest; a step
weighs by 1 / (height + half the mean height), since errors of rain and rating grow with the flow. What that brings is
in docs/decisions/0035-the-headline-read-out.md and 0110-the-twin-knows-the-season.md.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from hydria_plugin import History, ModelError, Split
from hydria_plugin.values import Floats, Ints

from .network import Networks
from .training import Recipe, Samples, Trained, train_members
from .twin_evidence import enough_left, read_windows, sound_river
from .twin_ground import ground, knows_season
from .twin_rain import Gauges, gauges_of, lagged
from .twin_window import WINDOWS, window_of

Progress = Callable[[str, float | None], None]
RECIPE = Recipe(members=40, hidden=5, decay=0.1, ridge=0.1, smooth=10.0, patience=4)
POWERS = {"discharge": 0.75, "level": 1.25}  # of what is shown
CALM = 0.5  # of the mean height: below it, errors no longer fall with the flow
MOST_FIT, MOST_KEPT = 6000, 2000  # samples to train on, and to read by
FEWEST = 40  # steps with a truth, to fit on


@dataclass(frozen=True, slots=True, eq=False)
class Twin:
    """What a station's networks learned of its rain, and what is needed to read it. Z zones, L lags, B samples."""

    station: str
    slots: tuple[str, ...]  # Z, rain only, in the order of the layout
    series: tuple[str, ...]  # Z
    step: np.timedelta64
    networks: Networks  # (M) static, without a straight path
    rain_scale: float  # mm; one divisor for all zones
    power: float  # of the target above its origin
    origin: float  # in the unit of the river: 0 for a discharge, the lowest seen for a level
    floor: float  # lowest height seen, in the unit of that power
    unit: float  # of the height
    centre: float  # of the height in units
    lagged: Floats  # (B, Z, L) in rain_scale, newest first
    state: Floats  # (B, K) standardised
    height: Floats  # (B) of the river above its lowest, measured, in units
    rain_mean: Floats  # (Z) mm per step
    rain_std: Floats  # (Z) mm
    alike: Floats  # (Z, Z) correlation of the gauges
    speaking: Floats  # (Z) share of the steps with a value
    wet: Floats  # (Z) share of the steps with rain
    skill: Mapping[str, float]  # of the median member, on steps not seen
    events: int  # independent floods to learn from
    dropped: int
    seconds: float = 0.0
    total: Floats = field(default_factory=lambda: np.zeros((0, 0)))  # (Z, L) of the network that forecasts: unrolling
    rivers: bool = False  # is that network also told of rivers upstream?
    season: bool = False  # are the last two columns of the state the season, and not the wetness?

    @property
    def lags(self) -> int:
        return int(self.networks.kernel.shape[2])

    @property
    def wetness(self) -> Floats:
        """(B, ..) the columns of the state that say how wet the ground is."""
        return self.state[:, :-2] if self.season else self.state

    @property
    def initialisations(self) -> int:
        return len(self.networks)


def fit_twin(
    history: History,
    split: Split,
    station: int,
    rng: np.random.Generator,
    recipe: Recipe = RECIPE,
    lags: int | None = None,
    progress: Progress = lambda what, share: None,
) -> Twin:
    """The twin of station number ``station``; ``lags`` None: as many as the data ask for. Raises ModelError when there
    is no rain gauge, or nothing to learn."""
    name = history.layout.stations[station]
    gauges = gauges_of(history, split, station)
    height = Height.of(history, split, station)
    parts = teaching(gauges, height, split, station)
    if len(parts[0]) < FEWEST or not len(parts[1]):
        raise ModelError(
            f"{name}: {len(parts[0])} steps with a measured value to fit a network on and {len(parts[1])} to stop it; "
            f"at least {FEWEST} and 1 are needed"
        )
    fit_at, stop_at, test_at = (thinned(at, height.values, MOST_FIT, rng) for at in parts)
    if lags is None:
        longest = max(w for w in WINDOWS if w <= max(WINDOWS[0], len(fit_at) // 4))
        long_fit, long_stop = (samples(gauges, height, at, longest, fit_at) for at in (fit_at, stop_at))
        lags = window_of(long_fit, long_stop, recipe)
    fit, stop, test = (samples(gauges, height, at, lags, fit_at) for at in (fit_at, stop_at, test_at))
    trained = train_members(fit, stop, recipe, rng, progress)
    judged = test if len(test) else stop
    keep = np.sort(rng.permutation(len(fit))[:MOST_KEPT])
    return Twin(
        name, gauges.slots, gauges.series, history.layout.step, trained.networks, gauges.scale, height.power,
        height.origin, height.floor, height.unit, height.centre, fit.lagged[keep].astype(np.float32), fit.state[keep],
        height.values[fit_at][keep], gauges.mean, gauges.std, gauges.alike, gauges.speaking, gauges.wet,
        skill(trained, judged, height), events_in(split, station), trained.dropped, trained.seconds,
        season=knows_season(gauges),
    )  # fmt: skip


def teaching(gauges: Gauges, height: Height, split: Split, station: int) -> list[Ints]:
    """The steps to fit on, to stop at and to test on: those with a measured value whose rain the gauges read
    themselves; where too few of these are left to fit or to stop, with a measured value."""
    known = [mask[station] & np.isfinite(height.values) for mask in (split.fit, split.stop, split.test)]
    read = read_windows(gauges.rain, gauges.made, WINDOWS[-1])
    left = [some & read for some in known]
    enough = all(enough_left(height.values, some, kept) for some, kept in zip(known[:2], left[:2], strict=True))
    return [np.flatnonzero(some) for some in (left if enough else known)]


@dataclass(frozen=True, slots=True, eq=False)
class Height:
    """How high the river stands above its lowest, in units of its own spread: what the twin gives."""

    values: Floats  # (T) NaN = no measured value
    power: float
    origin: float
    floor: float
    unit: float
    centre: float

    @classmethod
    def of(cls, history: History, split: Split, station: int) -> Height:
        quantity = history.layout.quantities[station]
        signal = history.target.each(lambda a: a[station])
        values = sound_river(signal)
        seen = (split.fit | split.stop)[station] & np.isfinite(values)
        if not seen.any() or np.ptp(values[seen]) == 0:
            said = "never changes" if seen.any() else "has no measured value"
            raise ModelError(f"{history.layout.stations[station]}: the river {said}: there is nothing to learn")
        origin = float(values[seen].min()) if quantity == "level" else 0.0
        power = POWERS[quantity]
        shown = np.maximum(values - origin, 0.0) ** power
        floor, unit = float(shown[seen].min()), float(shown[seen].std())
        centre = (float(shown[seen].mean()) - floor) / unit
        return cls((shown - floor) / unit, power, origin, floor, unit, centre)

    def target(self, at: Ints) -> Floats:
        """(B) what a network is shown at steps ``at``."""
        return np.asarray(self.values[at] - self.centre)

    def weight(self, at: Ints) -> Floats:
        """(B) of the squared errors at steps ``at``, of mean 1."""
        weight = 1.0 / (np.maximum(self.values[at], 0.0) + CALM * self.centre)
        return np.asarray(weight / weight.mean()) if len(at) else weight

    def back(self, shown: Floats) -> Floats:
        """The unit of the river from what a network gives."""
        return in_own_unit(shown, self)


def in_own_unit(shown: Floats, of: Height | Twin) -> Floats:
    """What a network gives, in the unit of the river."""
    whole = (shown + of.centre) * of.unit + of.floor
    return np.asarray(np.maximum(whole, 0.0) ** (1.0 / of.power) + of.origin)


def thinned(at: Ints, height: Floats, most: int, rng: np.random.Generator) -> Ints:
    """At most ``most`` of the steps ``at``: the higher half of what is kept is what is highest, the rest is drawn."""
    if len(at) <= most:
        return at
    order = at[np.argsort(-height[at], kind="stable")]
    high, low = order[: most // 2], order[most // 2 :]
    return np.sort(np.concatenate([high, rng.choice(low, most - len(high), replace=False)]))


def samples(gauges: Gauges, height: Height, at: Ints, lags: int, fit_at: Ints) -> Samples:
    """The samples at steps ``at``, standardised by what is known at ``fit_at``."""
    state = ground(gauges, lags)
    mean, std = state[fit_at].mean(axis=0), state[fit_at].std(axis=0)
    state = (state[at] - mean) / np.where(std > 0, std, 1.0)
    return Samples(lagged(gauges, at, lags), state, height.target(at), height.weight(at))


def skill(trained: Trained, judged: Samples, height: Height) -> dict[str, float]:
    """Nash and Sutcliffe's efficiency of the median member, in the river's own unit and as it was shown."""
    given = np.median(trained.networks.output(judged.lagged, judged.state), axis=0)

    def nse(said: Floats, truth: Floats) -> float:
        spread = float(((truth - truth.mean()) ** 2).sum())
        return float(1.0 - ((said - truth) ** 2).sum() / spread) if spread > 0 else 0.0

    return {"nse": nse(height.back(given), height.back(judged.target)), "nse_shown": nse(given, judged.target)}


def events_in(split: Split, station: int) -> int:
    """Independent floods that the networks learned from."""
    seen = split.events[station][(split.fit | split.stop)[station]]
    return len(np.unique(seen[seen >= 0]))
