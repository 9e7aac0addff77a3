"""The newest steps of every series and their running totals: dense arrays, kept between cycles.

Each ``window`` asks the source only for what may be new, puts on record what is (``pending``), and reads a Window off
the arrays. Nothing stamped after ``issued_at`` (the host's forecasts excepted) and nothing received after
``known_at`` is in it. A buffer without source replays: what earlier cycles put on record gives the same windows, to
the last bit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from .assembly import Columns, antecedent_at, future_at, observed_at, past_at
from .intake import best_of_each, joined, positions, runs
from .outlook import Outlook
from .rings import Ring, rank_of
from .roles import Source
from .steps import number_of, numbers_of, stamps
from .tables import Gridding, grid
from .totals import RunningTotals, bin_width, reach, steps_in
from .values import Bools, Ints, Layout, Observations, Problem, Wanted, Window

LEAST_DEPTH = 24  # steps that can be asked for again without reading the source anew


class SeriesBuffer:
    """Windows of one pipeline: from a source, from what earlier cycles received (``restored``, in order), or both.

    ``overlap``: how far back each read asks again, for late and corrected data. ``durations``: of the running totals.
    Raises FeedError when the source cannot be read; what was held stays.
    """

    def __init__(
        self,
        layout: Layout,
        source: Source | None,
        *,
        durations: Sequence[np.timedelta64] = (),
        overlap: np.timedelta64,
        rain_label: str = "end",
        restored: Sequence[Observations] = (),
    ) -> None:
        self.layout, self.durations, self.rain_label = layout, tuple(durations), rain_label
        self._source, self._restored = source, tuple(restored)
        self._gridding = Gridding.for_layout(layout, rain_label)
        self._simulated = self._gridding.simulated
        self._steps = [steps_in(d, layout.step) for d in self.durations]
        self._overlap = whole_steps(overlap, layout)
        self._depth = depth_of(layout, self._overlap)
        self._ahead = layout.horizon if self._simulated.any() else 0  # simulations are known before their time
        self._columns = Columns(layout, self._gridding)
        self._problems: list[Problem] = []
        self._pending: list[Observations] = []
        self._clear()
        if source is not None:
            self._take_restored()

    # ---- what the cycle asks ----

    def window(self, issued_at: np.datetime64, known_at: np.datetime64) -> Window:
        """What was known at ``known_at`` for the step ``issued_at``, which must be on the grid."""
        n = number_of(issued_at, self.layout.step)
        if stamps(np.asarray([n]), self.layout.step)[0] != issued_at:
            raise ValueError(f"issued_at {issued_at} is not a multiple of the step {self.layout.step} since 1970 (UTC)")
        self._problems = []
        if self._source is None:
            self._replay(n, known_at)
        else:
            self._read(self._source, n, known_at)
        self._advance(n + self._ahead)
        self._outlook.forget(n - self._depth)
        return self._assembled(n, issued_at, known_at)

    def pending(self) -> Observations:
        """What was received since the last ``commit``."""
        return joined(self._gridding.series, self._pending)

    def commit(self) -> None:
        """The pending observations are in the store."""
        self._pending.clear()

    def problems(self) -> tuple[Problem, ...]:
        """What the source could not read, in the last window."""
        return tuple(self._problems)

    # ---- taking in ----

    def _clear(self) -> None:
        """Hold nothing, as in the beginning."""
        n = len(self._gridding.series)
        held = max([self.layout.past, *(bin_width(d) for d in self._steps)]) + self._depth + self._ahead
        self._ring = Ring(n, held, bool(self._simulated.any()))
        self._totals = RunningTotals(self._columns.summed, self._steps, self._depth + self._ahead)
        self._outlook = Outlook(n)
        self._pending.clear()
        self._read_until: int | None = None  # the newest step that was asked for
        self._known_at: np.datetime64 | None = None
        self._since: int | None = None  # the oldest step that was asked for; None = all that is needed
        self._unread: tuple[str, ...] = ()  # series of which nothing was restored

    def _replay(self, n: int, known_at: np.datetime64) -> None:
        """Take in, from the beginning, what had been received by ``known_at`` for steps not after ``n``."""
        self._clear()
        for batch in self._restored:
            issued = numbers_of(batch.times, self.layout.step) - batch.lead
            self._take(batch.where((batch.received_at <= known_at) & (issued <= n)))
        self._pending.clear()

    def _take_restored(self) -> None:
        """Start from what earlier cycles put on record: the source is asked only for what came since."""
        self._restored = tuple(b for b in self._restored if len(b))
        for batch in self._restored:
            self._take(batch)
        self._pending.clear()
        observed = [numbers_of(b.times[b.lead == 0], self.layout.step) for b in self._restored]
        steps = np.concatenate(observed) if observed else np.empty(0, dtype=np.int64)
        if len(steps):
            self._since, self._read_until = int(steps.min()), int(steps.max())
            self._known_at = max(b.received_at.max() for b in self._restored)
            there = {name for b in self._restored for name in b.series}
            self._unread = tuple(name for name in self._gridding.series if name not in there)
        self._restored = ()

    def _read(self, source: Source, n: int, known_at: np.datetime64) -> None:
        """Ask the source for what may be new, and take in what is."""
        if self._is_behind(n, known_at):
            self._clear()
        if self._read_until is not None and known_at == self._known_at and n <= self._read_until:
            return
        first = earliest = n - span_of(self.layout, self._steps, self._depth)
        if self._read_until is not None and (self._since is None or self._since <= earliest):
            first = max(earliest, min(n, self._read_until) + 1 - self._overlap)
        self._ask(source, self._gridding.series, first, n, known_at)
        if self._unread and first > earliest:
            self._ask(source, self._unread, earliest, n, known_at)
        self._unread, self._since = (), None
        self._read_until = n if self._read_until is None else max(n, self._read_until)
        self._known_at = known_at

    def _is_behind(self, n: int, known_at: np.datetime64) -> bool:
        """True for a moment or a step before what is held: nothing of it can be taken back, so it is read anew."""
        if self._known_at is None or self._read_until is None:
            return False
        return bool(known_at < self._known_at) or n < self._read_until - self._depth

    def _ask(self, source: Source, series: tuple[str, ...], first: int, n: int, known_at: np.datetime64) -> None:
        """Read the steps ``first`` to ``n`` and take in their news. One step more is asked for, and dropped: a source
        may give only a part of the first step's rows."""
        step = self.layout.step
        start, first_at, issued_at, end = stamps(np.asarray([first - 1, first, n, n + self.layout.horizon]), step)
        wanted = Wanted(series, start, issued_at, known_at, end, step)
        table = source.read(wanted)
        rows, problems = grid(table, self._gridding, wanted)
        self._problems += [*table.attrs.get("problems", ()), *problems]
        self._take(rows.where(rows.times >= first_at))

    # ---- into the arrays ----

    def _take(self, rows: Observations) -> None:
        """Put the rows into the arrays; those that are news become pending."""
        place = positions(rows.series, self._gridding, rows.index)
        if (place < 0).any():
            rows, place = rows.where(place >= 0), place[place >= 0]
        number = numbers_of(rows.times, self.layout.step)
        news = np.zeros(len(rows), dtype=bool)
        forecast = rows.lead > 0
        if forecast.any():
            at = np.flatnonzero(forecast)
            issue, lead = (number - rows.lead)[at], rows.lead[at]
            news[at] = self._outlook.put(issue, place[at], rows.member[at], lead, rows.values[at])
        at = np.flatnonzero(~forecast | self._simulated[place])
        for part in runs(number, at[np.argsort(number[at], kind="stable")], self._ring.length):
            self._advance(int(number[part[-1]]))
            self._put(rows, number, place, part, news)
        if news.any():
            self._pending.append(
                replace(rows.where(news), series=self._gridding.series, index=place[news].astype(np.int32))
            )

    def _put(self, rows: Observations, number: Ints, place: Ints, at: Ints, news: Bools) -> None:
        """Put the rows ``at`` into the ring and the totals, and mark those that are ``news``."""
        at = at[self._ring.held(number[at])]
        rank = np.zeros(len(at), dtype=np.int32)
        if self._ring.rank is not None:
            lost = np.isnan(rows.values[at]) & self._simulated[place[at]]
            rank = rank_of(rows.lead[at], rows.member[at], lost)
            best = best_of_each(number[at], place[at], rank)
            at, rank = at[best], rank[best]
        fresh = self._ring.news(number[at], place[at], rows.values[at], rows.flags[at], rank)
        at, rank = at[fresh], rank[fresh]
        news[at] = True
        steps, series = number[at], place[at]
        before, after = self._ring.put(steps, series, rows.values[at], rows.flags[at], rank)
        column = self._columns.total_of[series]
        kept = column < len(self._columns.summed)
        self._totals.change(column[kept], steps[kept], before[kept], after[kept])

    def _advance(self, step: int) -> None:
        self._ring.advance(step)
        self._totals.advance(step)

    # ---- out of the arrays ----

    def _assembled(self, n: int, issued_at: np.datetime64, known_at: np.datetime64) -> Window:
        future = future_at(self._outlook, self._columns, n, self.layout.horizon)
        past, scenarios = self.layout.past, future.shape[1]
        return Window(
            issued_at,
            known_at,
            self.layout,
            observed_at(self._ring, self._columns, n, past, scenarios),
            past_at(self._ring, self._columns, n, past, scenarios),
            future,
            antecedent_at(self._totals, self._columns, n),
            self.durations,
        )


def memory_of(layout: Layout, durations: Sequence[np.timedelta64], overlap: np.timedelta64) -> np.timedelta64:
    """How far before the newest step windows reach, catching up included: what must be restored from a store for a
    buffer to go on without reading it all again."""
    depth = depth_of(layout, whole_steps(overlap, layout))
    return (span_of(layout, [steps_in(d, layout.step) for d in durations], depth) + 1) * layout.step


def whole_steps(overlap: np.timedelta64, layout: Layout) -> int:
    return steps_in(overlap, layout.step) if overlap > np.timedelta64(0) else 0


def depth_of(layout: Layout, overlap: int) -> int:
    """Steps before the newest that a window can still be asked for."""
    return max(overlap, layout.horizon, LEAST_DEPTH)


def span_of(layout: Layout, durations: Sequence[int], depth: int) -> int:
    """Steps before the issue step that a first read must cover."""
    return max(layout.past, reach(durations)) + depth
