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

from .asking import Asking
from .assembly import Columns, antecedent_at, future_at, observed_at, past_at
from .at_once import PATIENCE_S, Callers
from .depth import depth_of, span_of, whole_steps
from .intake import Asked, best_of_each, by_stretches, joined, placed, runs
from .outlook import Outlook
from .rings import Ring, rank_of
from .roles import Source
from .sources import feeds_of
from .steps import number_of, numbers_of, stamps
from .tables import Gridding
from .totals import RunningTotals, bin_width, steps_in
from .values import Bools, Flag, Ints, Layout, Observations, Problem, Window


class SeriesBuffer:
    """Windows of one pipeline: from a source, from what earlier cycles received (``restored``, in order), or both.

    ``overlap``: how far back each read asks again, for late and corrected data. ``durations``: of the running totals.
    ``patience_s``: how long one of several sources is waited for.
    Raises FeedError when the source cannot be read (of several: none of them); what was held stays.
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
        patience_s: float = PATIENCE_S,
    ) -> None:
        self.layout, self.durations, self.rain_label = layout, tuple(durations), rain_label
        self._restored = tuple(restored)
        self._gridding = Gridding.for_layout(layout, rain_label)
        self._simulated = self._gridding.simulated
        self._steps = [steps_in(d, layout.step) for d in self.durations]
        back = whole_steps(overlap, layout)
        self._depth = depth_of(layout, back)
        self._ahead = layout.horizon if self._simulated.any() else 0  # simulations are known before their time
        self._columns = Columns(layout, self._gridding)
        self._problems: list[Problem] = []
        self._pending: list[Observations] = []
        span = span_of(layout, self._steps, self._depth)
        self.feeds = () if source is None else feeds_of(source, self._gridding.series)
        self._askings = [Asking(feed, self._gridding, layout, back, span) for feed in self.feeds]
        self._callers = Callers(self._askings, patience_s)
        self._clear()
        if self._askings:
            self._take_restored()

    # ---- what the cycle asks ----

    def window(self, issued_at: np.datetime64, known_at: np.datetime64) -> Window:
        """What was known at ``known_at`` for the step ``issued_at``, which must be on the grid."""
        n = number_of(issued_at, self.layout.step)
        if stamps(np.asarray([n]), self.layout.step)[0] != issued_at:
            raise ValueError(f"issued_at {issued_at} is not a multiple of the step {self.layout.step} since 1970 (UTC)")
        self._problems = []
        if not self._askings:
            self._replay(n, known_at)
        else:
            self._read(n, known_at)
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
        self._asked = Asked.nothing(n)
        for asking in self._askings:
            asking.forget()

    def _replay(self, n: int, known_at: np.datetime64) -> None:
        """Take in, from the beginning, what had been received by ``known_at`` for steps not after ``n``."""
        self._clear()
        issued = [numbers_of(batch.times, self.layout.step) - batch.lead for batch in self._restored]
        batches = zip(self._restored, issued, strict=True)
        known = [batch.where((batch.received_at <= known_at) & (at <= n)) for batch, at in batches]
        self._take_again([placed(batch, self._gridding) for batch in known])

    def _take_restored(self) -> None:
        """Start from what earlier cycles put on record: the sources are asked only for what came since."""
        there = {name for batch in self._restored if len(batch) for name in batch.series}
        batches = [placed(batch, self._gridding) for batch in self._restored]
        self._restored = ()
        self._take_again(batches)
        for asking in self._askings:
            asking.recall(batches, there)
            if asking.since is not None and asking.last is not None:
                self._asked.note(asking.known, asking.since, asking.last)

    def _take_again(self, batches: Sequence[Observations]) -> None:
        """Take in what was on record, in the order it came. A batch that reaches back beyond what is held by then is of
        a source that had been away: then stretch by stretch, so that each value counts in the totals."""
        batches = [batch for batch in batches if len(batch)]
        for batch in batches:
            if self._reaches_beyond(batch):
                self._clear()
                for part in by_stretches(self._gridding.series, batches, self.layout.step, self._ring.length):
                    self._take(part)
                break
            self._take(batch)
        self._pending.clear()

    def _reaches_beyond(self, rows: Observations) -> bool:
        """Does any of it belong to steps that the ring has forgotten?"""
        if self._ring.newest is None:
            return False
        number = numbers_of(rows.times, self.layout.step)
        return bool(((number < self._ring.oldest) & ((rows.lead == 0) | self._simulated[rows.index])).any())

    def _read(self, n: int, known_at: np.datetime64) -> None:
        """Ask the sources for what may be new, and take in what is."""
        if any(asking.is_behind(n, known_at, self._depth) for asking in self._askings):
            self._clear()
        answers, problems = self._callers.answers(n, known_at)
        for answer in answers:
            self._problems += answer.problems
            for given in answer.given:
                self._take(given.rows)
                self._asked.note(given.places, given.first, given.last)
        self._problems += problems

    # ---- into the arrays ----

    def _take(self, rows: Observations) -> None:
        """Put the rows into the arrays; those that are news become pending."""
        place = rows.index.astype(np.int64)
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
        held = self._ring.held(number[at])
        if not held.all():
            self._count(rows, number, place, at[~held], news)
            at = at[held]
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

    def _count(self, rows: Observations, number: Ints, place: Ints, at: Ints, news: Bools) -> None:
        """Steps that the ring holds no more count in the totals where nobody had asked for them yet."""
        ahead = self._ahead * self._simulated[place[at]]
        at = at[self._asked.never(place[at], number[at], ahead)]
        if not len(at):
            return
        lost = np.isnan(rows.values[at]) & self._simulated[place[at]]
        at = at[best_of_each(number[at], place[at], rank_of(rows.lead[at], rows.member[at], lost))]
        news[at] = True
        column = self._columns.total_of[place[at]]
        values = np.where(rows.flags[at] == Flag.FAIL, np.nan, rows.values[at])
        kept = column < len(self._columns.summed)
        gap = np.full(int(kept.sum()), np.nan)
        self._totals.change(column[kept], number[at][kept], gap, values[kept])

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
