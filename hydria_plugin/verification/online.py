"""Learning while running: as truth arrives, every forecast that was made for it is met with it, once, in order of valid
time.

A state is what was learned up to one issue time; it lies in the store with the bulletin that was made with it. Beside
the plug-in's own arrays it carries, for the steps its window showed, a digest of the truth and of which forecasts met
it. When the window shows another truth for a step than the state was made of (it came late, or was corrected), or a
forecast was revised since, the newest stored state that still agrees is taken instead and the rest is learned anew: the
result is the one that truth in time would have given. A pure function of window and store: a restart changes nothing.
What changes later than the window reaches back is not seen.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np

from hydria_plugin.roles import Learning, State, Store
from hydria_plugin.values import Bulletin, Flag, Floats, Ints, Verified, Window

VALID, DIGEST = "learner.valid", "learner.digest"  # bookkeeping arrays beside the plug-in's own
GROUND = "learner.ground."  # before the names of the arrays of the state from before the window
BOOKKEEPING = "learner."
LONG_AGO = np.datetime64(0, "s") - np.timedelta64(2**40, "s")
NO_BULLETIN = -1
MOST_HELD = 200_000_000  # bytes of past forecasts kept in memory beyond those of one horizon


@dataclass(frozen=True, slots=True, eq=False)
class Issued:
    """What learning needs of one bulletin."""

    raw: Floats  # (S, H, Q) of the ladder
    final: Floats  # (S, H, Q) as issued
    parts: Floats | None  # (S, J, H)
    part_names: tuple[str, ...]
    base: Floats  # (S) the last value known
    stations: tuple[str, ...]  # S

    @property
    def nbytes(self) -> int:
        return self.raw.nbytes + self.final.nbytes + (0 if self.parts is None else self.parts.nbytes)


class OnlineLearner:
    """Keeps the forecasters and correctors that can learn up to date. ``plugins``: by name; those without the power are
    passed over. Forecasters meet the ladder's forecast, ``correctors`` (names) the one that was issued."""

    def __init__(self, plugins: Mapping[str, object], correctors: tuple[str, ...] = ()) -> None:
        self.plugins: dict[str, Learning] = {n: p for n, p in plugins.items() if isinstance(p, Learning)}
        self.correctors = frozenset(correctors)
        self.held: OrderedDict[tuple[str, np.datetime64, int], Issued | None] = OrderedDict()

    def update(self, window: Window, store: Store, pipeline: str) -> Mapping[str, State]:
        """The state of each plug-in at the window's issue time."""
        if not self.plugins:
            return {}
        met = Met.of(window, store, pipeline)
        states = {name: self.learned(name, met, window, store, pipeline) for name in self.plugins}
        self.shrink(window.layout.horizon)
        return states

    def learned(self, name: str, met: Met, window: Window, store: Store, pipeline: str) -> State:
        """From what is stored, as far as it agrees with the window, on to the issue time."""

        def learn(state: State, i: int) -> State:
            verified = self.verified(met, i, window, store, pipeline, name in self.correctors)
            return state if verified is None else self.plugins[name].learn(verified, state)

        kept = Kept.of(store.state(pipeline, name, window.issued_at, window.known_at))
        state, start = kept.resume(met)
        ground = kept.ground if start else state
        if not start or kept.ground_at < met.valid[0]:
            ground = learn(ground, 0)  # the window's oldest step, which the next one no longer shows
        if not start:
            state, start = ground, 1
        taught = start
        for i in range(start, len(met.valid)):
            before, state = state, learn(state, i)
            taught = taught if state is before else i + 1
        return Kept(state, ground, met.valid[0], met.valid[:taught], met.digests[:taught]).stored()

    def verified(self, met: Met, i: int, window: Window, store: Store, pipeline: str, final: bool) -> Verified | None:
        """What was forecast for valid time ``i`` met its truth; None where there is neither."""
        truth = met.truth[:, i]
        issued = [
            self.issued(store, pipeline, met.valid[i] - (f + 1) * window.step, int(r))
            for f, r in enumerate(met.revisions[i])
        ]
        if not np.isfinite(truth).any() or not any(issued):
            return None
        s, h, q = len(window.stations), window.layout.horizon, len(window.quantiles)
        forecast, base, parts = np.full((s, h, q), np.nan), np.full((s, h), np.nan), None
        names = next((b.part_names for b in issued if b is not None and b.parts is not None), ())
        parts = np.full((s, len(names), h), np.nan) if names else None
        for f, b in enumerate(issued):
            if b is None or b.raw.shape != forecast.shape or b.stations != window.stations:
                continue  # made under another configuration
            forecast[:, f], base[:, f] = (b.final if final else b.raw)[:, f], b.base
            if parts is not None and b.parts is not None and b.part_names == names:
                parts[:, :, f] = b.parts[:, :, f]
        return Verified(
            met.valid[i], window.stations, window.quantiles, forecast, truth, met.flags[:, i], parts, names, base
        )

    def issued(self, store: Store, pipeline: str, at: np.datetime64, revision: int) -> Issued | None:
        """A past bulletin, from memory or from the store."""
        if revision == NO_BULLETIN:
            return None
        key = (pipeline, at, revision)
        if key not in self.held:
            self.held[key] = needed(store.bulletin(pipeline, at, revision))
        self.held.move_to_end(key)
        return self.held[key]

    def shrink(self, horizon: int) -> None:
        """Keep what the next step needs at both ends of its window; where that is much, at the newer end only."""
        size = sum(b.nbytes for b in self.held.values() if b is not None)
        most = 2 * horizon if size <= MOST_HELD else horizon
        while len(self.held) > most:
            self.held.popitem(last=False)


@dataclass(frozen=True, slots=True, eq=False)
class Met:
    """The valid times K that a window shows, oldest first: truth, and which bulletin forecast it at each lead."""

    valid: np.ndarray  # (K) datetime64[s]
    truth: Floats  # (S, K)
    flags: np.ndarray  # (S, K)
    revisions: Ints  # (K, H) newest revision of the bulletin issued H steps before, NO_BULLETIN = none
    digests: np.ndarray  # (K) uint64

    @classmethod
    def of(cls, window: Window, store: Store, pipeline: str) -> Met:
        p, h, step = window.layout.past, window.layout.horizon, window.step
        valid = (window.issued_at - step * np.arange(p - 1, -1, -1)).astype("datetime64[s]")
        observed, flags = window.observed.values[:, 0], np.asarray(window.observed.flags[:, 0])
        truth = np.where(flags == Flag.FAIL, np.nan, observed).astype(np.float64)
        newest = np.full(p + h - 1, NO_BULLETIN)  # by issue time, from valid[0] - h to valid[-1] - 1
        first = valid[0] - h * step
        for at, revision in store.issues(pipeline, first, valid[-1] - step):
            newest[int((at - first) // step)] = revision
        revisions = newest[np.arange(p)[:, None] + np.arange(h - 1, -1, -1)]
        return cls(valid, truth, flags, revisions, digests_of(truth, flags, revisions))


def digests_of(truth: Floats, flags: np.ndarray, revisions: Ints) -> np.ndarray:
    """(K) one number per valid time that changes with its truth, its flags or its forecasts: sums modulo 2^64 of the
    bits, each times an odd number of its own. All NaN count as one."""
    bits = np.where(np.isnan(truth), np.uint64(1), np.ascontiguousarray(truth).view(np.uint64))
    values = (bits * odd(len(truth), 1)[:, None]).sum(axis=0, dtype=np.uint64)
    marks = (flags.astype(np.uint64) * odd(len(truth), 2)[:, None]).sum(axis=0, dtype=np.uint64)
    issues = ((revisions + 2).astype(np.uint64) * odd(revisions.shape[1], 3)).sum(axis=1, dtype=np.uint64)
    return np.asarray(values + marks + issues)


def odd(count: int, salt: int) -> np.ndarray:
    """``count`` odd 64-bit numbers, always the same (splitmix64, Steele, Lea and Flood 2014)."""
    z = (np.arange(1, count + 1, dtype=np.uint64) + np.uint64(salt << 32)) * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray((z ^ (z >> np.uint64(31))) | np.uint64(1))


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


def needed(bulletin: Bulletin | None) -> Issued | None:
    """What learning needs of a bulletin, in single precision: H of them are kept for thousands of stations."""
    if bulletin is None:
        return None
    raw, final = bulletin.raw, bulletin.forecast
    small = raw.values.astype(np.float32)
    issued = small if final is raw else final.values.astype(np.float32)
    parts = None if raw.parts is None else raw.parts.astype(np.float32)
    return Issued(small, issued, parts, raw.part_names, last_known(bulletin.summary.observed), raw.stations)


def last_known(observed: Floats) -> Floats:
    """(S) the newest finite value of (S, P), NaN without one."""
    newest_first = observed[:, ::-1]
    place = np.isfinite(newest_first).argmax(axis=1)
    return np.asarray(np.take_along_axis(newest_first, place[:, None], axis=1)[:, 0])
