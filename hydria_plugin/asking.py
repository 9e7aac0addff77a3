"""What one source of a pipeline has been asked for, and what is to be asked of it next.

A source that fails has been asked for nothing: when it answers again it is asked from where it stopped, however long
ago that is, up to what windows reach back to.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from .sources import Feed
from .steps import iso, numbers_of, stamps
from .tables import Gridding, grid
from .values import Ints, Layout, Observations, Problem, Wanted


@dataclass(frozen=True, slots=True)
class Ask:
    """One question: some series, from step ``first`` on."""

    series: tuple[str, ...]
    first: int


@dataclass(frozen=True, slots=True)
class Given:
    """What came of one: rows of the series at ``places`` among the pipeline's, of the steps ``first`` to ``last``."""

    rows: Observations
    places: Ints
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Answer:
    """What a source gave for a cycle, and what it could not read."""

    given: tuple[Given, ...]
    problems: tuple[Problem, ...]
    last: int
    known_at: np.datetime64


class Asking:
    """One feed's place in time. ``overlap`` and ``span`` in steps: how far each read goes back for late data, and the
    first one for all that windows need."""

    def __init__(self, feed: Feed, gridding: Gridding, layout: Layout, overlap: int, span: int) -> None:
        self.feed, self.layout, self.overlap, self.span = feed, layout, overlap, span
        self.places = np.asarray([gridding.place[series] for series in feed.series], dtype=np.int64)
        self.gridding = replace(gridding, place={series: gridding.place[series] for series in feed.series})
        self.turn = 0  # counts how often all was forgotten
        self.forget()

    def forget(self) -> None:
        """Nothing was asked, as in the beginning; an answer that is still to come is of no use."""
        self.turn += 1
        self.last: int | None = None  # the newest step that was asked for
        self.known_at: np.datetime64 | None = None
        self.since: int | None = None  # the oldest step that was asked for; None = all that is needed
        self.unread: tuple[str, ...] = ()  # series of which nothing was ever asked

    def recall(self, batches: Sequence[Observations], there: set[str]) -> None:
        """Go on from what was put on record before the start, when the pipeline had the series ``there``: from the
        steps that were observed or, of a source that only forecasts, from those of its issues."""
        ours = np.zeros(len(self.gridding.series), dtype=bool)
        ours[self.places] = True
        mine = batches if ours.all() else [batch.where(ours[batch.index]) for batch in batches]
        mine = [batch for batch in mine if len(batch)]
        issued = [numbers_of(batch.times, self.layout.step) - batch.lead for batch in mine]
        observed = [steps[batch.lead == 0] for batch, steps in zip(mine, issued, strict=True)]
        if steps := [s for s in observed if len(s)] or issued:
            self.since, self.last = int(min(s.min() for s in steps)), int(max(s.max() for s in steps))
            self.known_at = max(batch.received_at.max() for batch in mine)
            self.unread = tuple(series for series in self.feed.series if series not in there)

    @property
    def known(self) -> Ints:
        """Places of the series that were asked for."""
        return np.asarray([self.gridding.place[s] for s in self.feed.series if s not in self.unread], dtype=np.int64)

    def is_current(self, n: int, known_at: np.datetime64) -> bool:
        """Nothing more can be known of the step ``n`` at this moment."""
        return self.last is not None and n <= self.last and bool(known_at == self.known_at)

    def is_behind(self, n: int, known_at: np.datetime64, depth: int) -> bool:
        """True for a moment or a step before what is held: nothing of it can be taken back, so it is read anew."""
        if self.known_at is None or self.last is None:
            return False
        return bool(known_at < self.known_at) or n < self.last - depth

    def asks(self, n: int) -> tuple[Ask, ...]:
        """What to ask for the step ``n``: what may be new, and all there is of what was never asked."""
        first = earliest = n - self.span
        if self.last is not None and (self.since is None or self.since <= earliest):
            first = max(earliest, min(n, self.last) + 1 - self.overlap)
        more = (Ask(self.unread, earliest),) if self.unread and first > earliest else ()
        return Ask(self.feed.series, first), *more

    def read(self, asks: Sequence[Ask], n: int, known_at: np.datetime64) -> Answer:
        """Ask the source. One step more is asked for, and dropped: a source may give only a part of the first step's
        rows. Raises what the source raises."""
        given, problems = list[Given](), list[Problem]()
        for ask in asks:
            bounds = np.asarray([ask.first - 1, ask.first, n, n + self.layout.horizon])
            start, first_at, issued_at, end = stamps(bounds, self.layout.step)
            wanted = Wanted(ask.series, start, issued_at, known_at, end, self.layout.step)
            table = self.feed.source.read(wanted)
            rows, strange = grid(table, self.gridding, wanted)
            problems += [*table.attrs.get("problems", ()), *strange]
            places = np.asarray([self.gridding.place[series] for series in ask.series], dtype=np.int64)
            given.append(Given(rows.where(rows.times >= first_at), places, ask.first, n))
        return Answer(tuple(given), self.feed.named(problems), n, known_at)

    def took(self, answer: Answer) -> None:
        """The answer is being taken in."""
        self.unread, self.since = (), None
        self.last = answer.last if self.last is None else max(answer.last, self.last)
        self.known_at = answer.known_at

    def problem(self, error: BaseException) -> Problem:
        """That it could not be read, and since when."""
        text = " ".join(str(error).split()) or type(error).__name__
        if self.last is None:
            return Problem(self.feed.stage, None, f"{text}; nothing of it was read yet")
        since = iso(stamps(np.asarray([self.last]), self.layout.step)[0])
        return Problem(self.feed.stage, None, f"{text}; nothing after {since} was read of it")
