"""Events of a text that are written alike, found and read together, by a few templates."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .pi_columns import PADDING, Bytes, Columns, Good, flags, stamps, values, words

Ints = NDArray[np.int64]

FEWEST = 4  # events that are worth a run
MOST = 16  # templates that are looked for in one text
MARGIN = 64  # blanks between two events
EVENT = re.compile(rb'<((?:[A-Za-z_][\w.-]*:)?)event((?:\s+[A-Za-z_][\w.-]*="[^"<>&]*")+)(\s*/>)')
ATTRIBUTE = re.compile(rb'(\s+([A-Za-z_][\w.-]*)=)"[^"]*"')
PLAIN = ("date", "time", "value", "flag")
WHITE = np.zeros(256, dtype=bool)
WHITE[[9, 10, 13, 32]] = True


@dataclass(frozen=True, slots=True)
class Run:
    """Events in a row; times of the document's own clock."""

    time: NDArray[np.datetime64]  # (N) [ms]
    value: NDArray[np.float64]
    flag: NDArray[np.int16]
    more: Mapping[str, NDArray[Any]] = field(default_factory=dict)  # (N) texts of other attributes, "" where none
    has: Mapping[str, Good] = field(default_factory=dict)  # (N) which events have the attribute

    @classmethod
    def joined(cls, runs: list[Run], order: Ints) -> Run:
        """One after the other, brought into ``order``."""
        more, has = dict[str, NDArray[Any]](), dict[str, Good]()
        for name in {name: None for run in runs for name in run.more}:
            texts = [run.more.get(name, np.full(len(run.time), "", dtype=object)) for run in runs]
            more[name] = np.concatenate(texts)[order]
            has[name] = np.concatenate([np.full(len(run.time), name in run.more) for run in runs])[order]
        time, value, flag = (np.concatenate([getattr(run, name) for run in runs]) for name in ("time", "value", "flag"))
        return cls(time[order], value[order], flag[order], more, has)

    def part(self, span: slice) -> Run:
        """Some of its events, with the attributes that any of them has."""
        more = {name: texts[span] for name, texts in self.more.items() if self.has[name][span].any()}
        return Run(self.time[span], self.value[span], self.flag[span], more)


@dataclass(frozen=True, slots=True)
class Template:
    """What is the same in all events of a kind."""

    prefix: bytes
    names: tuple[str, ...]
    between: tuple[bytes, ...]  # before each opening quote
    end: bytes  # after the last closing quote

    @classmethod
    def of(cls, found: re.Match[bytes] | None) -> Template | None:
        """Of what EVENT has found. None where an attribute is there twice, or one that is needed is not."""
        if found is None:
            return None
        attributes = ATTRIBUTE.findall(found[2])
        names = tuple(name.decode() for _, name in attributes)
        if len(set(names)) < len(names) or not {"date", "time", "value"} <= set(names) or "xmlns" in names:
            return None
        between = [before for before, _ in attributes]
        return cls(found[1], names, (b"<%sevent%s" % (found[1], between[0]), *between[1:]), found[3])


@dataclass(frozen=True, slots=True, eq=False)
class Page:
    """A text that ends with a whole tag; N tags."""

    text: bytes
    data: Bytes  # with PADDING zeros behind the end
    tags: Ints  # (N) where each begins
    ends: Ints  # (N) where the next one begins
    quotes: Ints  # all of them

    @classmethod
    def of(cls, text: bytes) -> Page:
        data = np.frombuffer(text + bytes(PADDING), dtype=np.uint8)
        tags = np.flatnonzero(data == ord("<"))
        return cls(text, data, tags, np.append(tags[1:], len(text)), np.flatnonzero(data == ord('"')))

    def kinds(self, first: Template) -> Iterator[Kind]:
        """The events of ``first``, then those of other templates under its prefix."""
        kind = Kind.among(np.arange(len(self.tags)), self, first)
        yield kind
        left, seen, begun = without(np.arange(len(self.tags)), kind.place), [first], b"<%sevent" % first.prefix
        left = left[same_bytes(self.data, self.tags[left], self.tags[left] + len(begun), begun)]
        for _ in range(MOST):
            if not len(left):
                return
            middle = len(left) // 2
            other = Template.of(EVENT.match(self.text, int(self.tags[left[middle]])))
            if other is None or other in seen or other.prefix != first.prefix:
                left = np.delete(left, middle)
                continue
            seen.append(other)
            kind = Kind.among(left, self, other)
            yield kind
            left = without(left, kind.place)


@dataclass(frozen=True, slots=True, eq=False)
class Kind:
    """The M elements of a page that are events of one template, with what they say."""

    place: Ints  # (M) among all elements of the page
    end: Ints  # (M) behind each
    content: Run

    @classmethod
    def among(cls, some: Ints, page: Page, template: Template) -> Kind:
        """Of ``some`` of the page's elements."""
        place, quotes = quoted(page, some, template)
        columns = Columns(page.data, quotes, template.names)
        time, good = stamps(columns)
        flag, known = flags(columns)
        value, read = values(columns, good & known)
        keep, more = good & known & read, {}
        for name in template.names:
            if name not in PLAIN:
                more[name], told = words(columns, name)
                keep &= told
        end = quotes[:, -1] + 1 + len(template.end)
        content = Run(time[keep], value[keep], flag[keep], {name: texts[keep] for name, texts in more.items()})
        return cls(place[keep], end[keep], content)


@dataclass(frozen=True, slots=True, eq=False)
class Alike:
    """All events of a text that are of some template; M of them."""

    prefix: bytes
    place: Ints  # (M) among all elements of the text
    begin: Ints  # (M) of the tag
    end: Ints  # (M) behind it
    content: Run

    @classmethod
    def found(cls, text: bytes) -> Alike | None:
        """None where there are too few of them."""
        first = Template.of(EVENT.search(text))
        if first is None:
            return None
        page = Page.of(text)
        kinds = list(page.kinds(first))
        place = np.concatenate([kind.place for kind in kinds])
        if len(place) < FEWEST:
            return None
        order = np.argsort(place, kind="stable")
        end = np.concatenate([kind.end for kind in kinds])[order]
        content = Run.joined([kind.content for kind in kinds], order)
        return cls(first.prefix, place[order], page.tags[place[order]], end, content)

    def stretches(self) -> list[tuple[int, int]]:
        """(first, one after last) of those with nothing between them, if they are worth it."""
        breaks = np.flatnonzero(np.diff(self.place) != 1) + 1
        edges = [0, *breaks.tolist(), len(self.place)]
        return [(a, b) for a, b in pairwise(edges) if b - a >= FEWEST]


def quoted(page: Page, some: Ints, template: Template) -> tuple[Ints, NDArray[np.int64]]:
    """(M) which tags are of the template up to what stands in the quotes, and nothing but blanks behind; (M, 2K) where
    their quotes are."""
    count, tags, ends, data = 2 * len(template.names), page.tags[some], page.ends[some], page.data
    first = np.searchsorted(page.quotes, tags)
    held = np.flatnonzero(np.searchsorted(page.quotes, ends) - first == count)
    at = page.quotes[first[held, None] + np.arange(count)]
    good = same_bytes(data, tags[held], at[:, 0], template.between[0])
    for k, between in enumerate(template.between[1:], 1):
        good &= same_bytes(data, at[:, 2 * k - 1] + 1, at[:, 2 * k], between)
    behind = at[:, -1] + 1 + len(template.end)
    good &= (behind <= ends[held]) & same_bytes(data, at[:, -1] + 1, behind, template.end)
    good &= is_blank(data, behind, ends[held])
    return some[held[good]], at[good]


def is_blank(data: Bytes, begin: Ints, end: Ints) -> Good:
    """(M) nothing, or no more than MARGIN blanks, from ``begin`` to ``end``."""
    good = end - begin <= MARGIN
    for k in range(int(np.max(end - begin, initial=0, where=good))):
        good &= (begin + k >= end) | WHITE[data[np.minimum(begin + k, len(data) - 1)]]
    return np.asarray(good)


def same_bytes(data: Bytes, begin: Ints, end: Ints, meant: bytes) -> Good:
    """(M) whether ``meant`` stands from ``begin`` to ``end``."""
    good = end - begin == len(meant)
    for k, byte in enumerate(meant):
        good &= data[np.minimum(begin + k, len(data) - 1)] == byte
    return np.asarray(good)


def without(some: Ints, others: Ints) -> Ints:
    """``some`` but ``others``, both rising."""
    return some[~np.isin(some, others, assume_unique=True)]
