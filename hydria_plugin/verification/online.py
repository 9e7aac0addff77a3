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
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial

import numpy as np

from hydria_plugin.decomposition import explained_of
from hydria_plugin.roles import Learning, State, Store
from hydria_plugin.values import Bools, Bulletin, Floats, Layout, Verified, Window

from .kept import Kept
from .met import NO_BULLETIN, Met

AT_ONCE = 2  # verified valid times kept for the next plug-in: a cycle's, the oldest that it shows and the newest
MOST_HELD = 200_000_000  # bytes of past forecasts kept in memory beyond those of one horizon

Meet = Callable[[int], Verified | None]  # the place of a valid time -> forecasts and truth


@dataclass(frozen=True, slots=True, eq=False)
class Issued:
    """What learning needs of one bulletin."""

    raw: Floats  # (S, H, Q) of the ladder
    final: Floats  # (S, H, Q) as issued
    parts: Floats | None  # (S, J, H)
    part_names: tuple[str, ...]
    base: Floats  # (S) the last value known
    rise: Floats  # (S) by how much it was above the one before
    believed: Bools  # (S)
    stations: tuple[str, ...]  # S
    explained: Floats | None = None  # (S, H)

    @property
    def corrected(self) -> bool:
        """Whether a corrector changed what the ladder gave."""
        return self.final is not self.raw

    @property
    def nbytes(self) -> int:
        return (
            self.raw.nbytes + self.final.nbytes + sum(a.nbytes for a in (self.parts, self.explained) if a is not None)
        )


class OnlineLearner:
    """Keeps the forecasters and correctors that can learn up to date. ``plugins``: by name; those without the power are
    passed over. Forecasters meet the ladder's forecast, ``correctors`` (names) the one that was issued."""

    def __init__(self, plugins: Mapping[str, object], correctors: tuple[str, ...] = ()) -> None:
        self.plugins: dict[str, Learning] = {n: p for n, p in plugins.items() if isinstance(p, Learning)}
        self.correctors = frozenset(correctors)
        self.held: OrderedDict[tuple[str, np.datetime64, int], Issued | None] = OrderedDict()
        self.judged: OrderedDict[tuple[str, np.datetime64, int], Bools] = OrderedDict()

    def update(self, window: Window, store: Store, pipeline: str, believed: Bools | None = None) -> Mapping[str, State]:
        """The state of each plug-in at the window's issue time. ``window``: as received; ``believed`` (S): what the
        input correctors make of the newest truth, all of it by default."""
        if not self.plugins:
            return {}
        met = Met.of(window, store, pipeline, partial(self.believed, window.stations, store, pipeline), believed)
        issued = lru_cache(AT_ONCE)(partial(self.issued_for, met, window.step, store, pipeline))
        meet = lru_cache(AT_ONCE)(lambda i, final: verified(met, window, i, issued(i), final))

        def met_by(name: str, i: int) -> Verified | None:
            """Where nothing was corrected, all plug-ins meet one and the same."""
            return meet(i, name in self.correctors and any(b is not None and b.corrected for b in issued(i)))

        states = {
            name: self.learned(name, met, partial(met_by, name), window, store, pipeline) for name in self.plugins
        }
        self.shrink(window.layout)
        return states

    def believed(
        self, stations: tuple[str, ...], store: Store, pipeline: str, at: np.datetime64, revision: int
    ) -> Bools:
        """(S) what was newest at a past issue time, and is no known fault. Of other stations nothing is known."""
        key = (pipeline, at, revision)
        if key not in self.judged:
            issued = self.issued(store, pipeline, at, revision)
            same = issued is not None and issued.stations == stations
            self.judged[key] = issued.believed if issued is not None and same else np.ones(len(stations), bool)
        return self.judged[key]

    def learned(self, name: str, met: Met, meet: Meet, window: Window, store: Store, pipeline: str) -> State:
        """From what is stored, as far as it agrees with the window, on to the issue time."""

        def learn(state: State, i: int) -> State:
            verified = meet(i)
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

    def issued_for(
        self, met: Met, step: np.timedelta64, store: Store, pipeline: str, i: int
    ) -> tuple[Issued | None, ...]:
        """(H) the bulletins that forecast valid time ``i``, that of lead 1 first."""
        at = met.valid[i] - step * np.arange(1, met.revisions.shape[1] + 1)
        asked = zip(at, met.revisions[i].tolist(), strict=True)
        return tuple(self.issued(store, pipeline, time, revision) for time, revision in asked)

    def issued(self, store: Store, pipeline: str, at: np.datetime64, revision: int) -> Issued | None:
        """A past bulletin, from memory or from the store."""
        if revision == NO_BULLETIN:
            return None
        key = (pipeline, at, revision)
        if key not in self.held:
            self.held[key] = needed(store.bulletin(pipeline, at, revision))
        self.held.move_to_end(key)
        return self.held[key]

    def shrink(self, layout: Layout) -> None:
        """Keep what the next step needs at both ends of its window; where that is much, at the newer end only."""
        size = sum(b.nbytes for b in self.held.values() if b is not None)
        most = 2 * layout.horizon if size <= MOST_HELD else layout.horizon
        while len(self.held) > most:
            self.held.popitem(last=False)
        while len(self.judged) > 2 * layout.past:
            self.judged.popitem(last=False)


def verified(met: Met, window: Window, i: int, issued: Sequence[Issued | None], final: bool) -> Verified | None:
    """What was forecast for valid time ``i`` by ``issued`` (H), as the ladder gave it or the ``final`` one, met its
    truth; None where there is neither."""
    truth = met.truth[:, i]
    if not np.isfinite(truth).any() or not any(issued):
        return None
    s, h, q = len(window.stations), window.layout.horizon, len(window.quantiles)
    raw = np.full((s, h, q), np.nan)
    forecast = np.full((s, h, q), np.nan) if final else raw
    base, rise = np.full((s, h), np.nan), np.full((s, h), np.nan)
    names = next((b.part_names for b in issued if b is not None and b.parts is not None), ())
    parts = np.full((s, len(names), h), np.nan) if names else None
    explained = np.full((s, h), np.nan) if any(b is not None and b.explained is not None for b in issued) else None
    for f, b in enumerate(issued):
        if b is None or b.raw.shape != raw.shape or b.stations != window.stations:
            continue  # made under another configuration
        raw[:, f], base[:, f], rise[:, f] = b.raw[:, f], b.base, b.rise
        if explained is not None and b.explained is not None:
            explained[:, f] = b.explained[:, f]
        if final:
            forecast[:, f] = b.final[:, f]
        if parts is not None and b.parts is not None and b.part_names == names:
            parts[:, :, f] = b.parts[:, :, f]
    return Verified(
        met.valid[i], window.stations, window.quantiles, forecast, truth, met.flags[:, i], parts, names, base, rise,
        raw, explained,
    )  # fmt: skip


def needed(bulletin: Bulletin | None) -> Issued | None:
    """What learning needs of a bulletin, in single precision: H of them are kept for thousands of stations."""
    if bulletin is None:
        return None
    raw, final = bulletin.raw, bulletin.forecast
    small = raw.values.astype(np.float32)
    issued = small if final is raw else final.values.astype(np.float32)
    parts = None if raw.parts is None else raw.parts.astype(np.float32)
    observed, believed = bulletin.summary.observed, bulletin.summary.believed
    last, before = last_known(observed), last_known(observed[:, : max(1, observed.shape[1] - 1)])
    known = np.ones(len(last), bool) if believed is None else believed.astype(bool)
    told = explained_of(final.variance)
    told = None if told is None else told.astype(np.float32)
    return Issued(small, issued, parts, raw.part_names, last, last - before, known, raw.stations, told)


def last_known(observed: Floats) -> Floats:
    """(S) the newest finite value of (S, P), NaN without one."""
    newest_first = observed[:, ::-1]
    place = np.isfinite(newest_first).argmax(axis=1)
    return np.asarray(np.take_along_axis(newest_first, place[:, None], axis=1)[:, 0])
