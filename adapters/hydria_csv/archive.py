"""The files of a feed, each read once: a file that grew is read on from where it ended, an unchanged one not at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from hydria_plugin import Problem

from .arrivals import Arrivals
from .feed import Feed, Now
from .form import Form
from .rows import Rows, joined

WHOLE = -(1 << 62)  # microseconds: a file that was delivered whole need not rest


@dataclass(slots=True)
class Archive:
    """All files that arrived, in the order of their names: where two files hold the same row, the later one counts."""

    arrivals: Arrivals
    form: Form
    settle: int  # microseconds after which a last line without line end counts as whole
    feeds: dict[str, Feed] = field(default_factory=dict)
    book: dict[str, int] = field(default_factory=dict)  # series -> code
    seen: set[str] = field(default_factory=set)  # wanted series that some file has
    told: frozenset[str] = frozenset()  # series that were said to be in no file
    unscaled: frozenset[str] = frozenset()  # what ``scale`` names and was said to be in no file

    def expect(self, series: Sequence[str]) -> None:
        """Series that were not wanted before were not kept: then all is read again."""
        new = [s for s in series if s not in self.book]
        if new:
            self.book.update({s: len(self.book) + i for i, s in enumerate(new)})
            self.feeds.clear()

    def refresh(self, now: int | None) -> list[Problem]:
        """Read what is new. Raises FeedError when the path is missing or cannot be listed."""
        files, before = self.arrivals.files(now), self.feeds
        clock = Now(now, WHOLE if self.arrivals.are_whole else self.settle)
        self.feeds = {name: before.get(name) or Feed(Path(place), name) for name, (place, _) in files.items()}
        new = [feed for name, feed in self.feeds.items() if not feed.is_current(files[name][1], clock)]
        problems = [p for feed in new for p in feed.refresh(self.form, self.book, clock)]
        if not self.feeds and not self.arrivals.are_whole:
            problems.append(Problem("source", None, f"{self.arrivals.shown}: no file matches {self.arrivals.wanted}"))
        if new or self.feeds.keys() != before.keys():
            self.seen = {series for feed in self.feeds.values() for series in feed.seen}
        if now is not None:
            self._clear_away()
        return self.arrivals.told() + problems + self._absent() + self._unscaled()

    def between(self, after: int, until: int) -> Rows:
        """Rows with ``after`` < time <= ``until`` of all files."""
        parts = [part for feed in self.feeds.values() if feed.touches(after, until) for part in feed.parts()]
        return joined([part.between(after, until) for part in parts])

    def offered(self, now: int | None) -> list[str]:
        """The series that wide files offer; those of long files are known only by reading them."""
        self.refresh(now)
        return sorted({series for feed in self.feeds.values() for series in feed.offered(self.form)})

    def _clear_away(self) -> None:
        """What was read goes where the admin wants it, and is known there under its new name."""
        for name, feed in list(self.feeds.items()):
            if (moved := self.arrivals.clear_away(name, feed.is_usable)) is not None:
                del self.feeds[name]
                if feed.is_usable:
                    feed.name, feed.path = moved
                    self.feeds[feed.name] = feed

    def _absent(self) -> list[Problem]:
        """Wanted series that no file has: said once, and again when others are absent."""
        absent = frozenset(self.book) - self.seen
        self.told, known = absent, self.told
        return [] if not self.feeds or absent <= known else [Problem("source", None, self._absence(sorted(absent)))]

    def _unscaled(self) -> list[Problem]:
        """What ``scale`` names and no file has, said once: its values would be taken in another unit without a word.
        Names in the series column of long files are not kept, so that there nothing is said."""
        read = [feed for feed in self.feeds.values() if feed.header is not None]
        if not self.form.scale or not read or any(feed.header.is_long(self.form) for feed in read if feed.header):
            return []
        there = {c for feed in read if feed.header for c in feed.header.columns}
        lost = frozenset(self.form.scale) - there - {s for feed in read for s in feed.offered(self.form)}
        self.unscaled, known = lost, self.unscaled
        if lost <= known:
            return []
        named = ", ".join(map(repr, sorted(lost)))
        more = f"no file has a column or series {named}, which `scale` names: no value is multiplied by it"
        return [Problem("source", None, f"{self.arrivals.shown}: {more}")]

    def _absence(self, absent: Sequence[str]) -> str:
        more = f" and {len(absent) - 5} more" if len(absent) > 5 else ""
        named = ", ".join(map(repr, absent[:5]))
        return f"{self.arrivals.shown}: no file has {named}{more}; see `names` and `id` of the source"
