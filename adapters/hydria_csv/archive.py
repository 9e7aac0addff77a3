"""The files of a feed, each read once: a file that grew is read on from where it ended, an unchanged one not at all."""

from __future__ import annotations

import fnmatch
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from hydria_plugin import FeedError, Problem

from .feed import Feed, Now
from .form import Form
from .rows import Rows, joined

UNFINISHED = ("~", ".tmp", ".part", ".swp")  # what writers call a file that is not there yet


@dataclass(slots=True)
class Archive:
    """All files at ``path``, in the order of their names: where two files hold the same row, the later one counts."""

    path: Path
    patterns: Sequence[str]
    form: Form
    settle: int  # microseconds after which a last line without line end counts as whole
    feeds: dict[str, Feed] = field(default_factory=dict)
    book: dict[str, int] = field(default_factory=dict)  # series -> code
    told: frozenset[str] = frozenset()  # series that were said to be in no file

    def expect(self, series: Sequence[str]) -> None:
        """Series that were not wanted before were not kept: then all is read again."""
        new = [s for s in series if s not in self.book]
        if new:
            self.book.update({s: len(self.book) + i for i, s in enumerate(new)})
            self.feeds.clear()

    def refresh(self, now: int | None) -> list[Problem]:
        """Read what is new. Raises FeedError when the path is missing or cannot be listed."""
        files = dict(self._files())
        self.feeds = {name: self.feeds.get(name) or Feed(Path(entry), name) for name, entry in files.items()}
        problems = [
            p for feed in self.feeds.values() for p in feed.refresh(self.form, self.book, Now(now, self.settle))
        ]
        if not self.feeds:
            wanted = " or ".join(self.patterns)
            problems.append(Problem("source", None, f"{self.path}: no file matches {wanted}"))
        return problems + self._absent()

    def between(self, after: int, until: int) -> Rows:
        """Rows with ``after`` < time <= ``until`` of all files."""
        return joined([part.between(after, until) for feed in self.feeds.values() for part in feed.parts()])

    def offered(self, now: int | None) -> list[str]:
        """The series that wide files offer; those of long files are known only by reading them."""
        self.refresh(now)
        return sorted({series for feed in self.feeds.values() for series in feed.offered(self.form)})

    @property
    def seen(self) -> set[str]:
        return {series for feed in self.feeds.values() for series in feed.seen}

    def _absent(self) -> list[Problem]:
        """Wanted series that no file has: said once, and again when others are absent."""
        absent = frozenset(self.book) - self.seen
        self.told, known = absent, self.told
        return [] if not self.feeds or absent <= known else [Problem("source", None, self._absence(sorted(absent)))]

    def _absence(self, absent: Sequence[str]) -> str:
        more = f" and {len(absent) - 5} more" if len(absent) > 5 else ""
        return f"{self.path}: no file has {', '.join(map(repr, absent[:5]))}{more}; see `names` and `id` of the source"

    def _files(self) -> Iterator[tuple[str, str]]:
        """(name to show, path), sorted by name."""
        try:
            if self.path.is_file():
                return iter([(self.path.name, str(self.path))])
            return iter(sorted(self._listed()))
        except OSError as cause:
            raise FeedError(f"{self.path} cannot be listed ({cause.strerror}): {REMEDY}") from cause

    def _listed(self) -> Iterator[tuple[str, str]]:
        if not any("/" in pattern or "**" in pattern for pattern in self.patterns):
            with os.scandir(self.path) as entries:
                yield from ((e.name, e.path) for e in entries if self._matches(e.name) and e.is_file())
            return
        os.scandir(self.path).close()  # glob is silent about a folder that is not there
        for path in {p for pattern in self.patterns for p in self.path.glob(pattern)}:
            if path.is_file() and _is_finished(path.name):
                yield str(path.relative_to(self.path)), str(path)

    def _matches(self, name: str) -> bool:
        return _is_finished(name) and any(fnmatch.fnmatch(name, pattern) for pattern in self.patterns)


REMEDY = "create it, or correct `path` of the source in the configuration, and see that this user may read it"


def _is_finished(name: str) -> bool:
    return not name.startswith((".", "~")) and not name.endswith(UNFINISHED)
