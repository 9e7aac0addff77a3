"""The fast way through long series: runs of events that are all alike leave the stream before it is parsed.

What the parser sees in the place of a run is one event that names it, so that the parser says where the run stands, and
all that is not plain reaches the parser as it is: other attributes, entities, comments, odd encodings. In XML a ``<``
outside of comments, CDATA and instructions begins a tag, and each byte of a run was looked at. Whoever reads with runs
and without must find the same (tested).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from secrets import token_hex

import numpy as np
from numpy.typing import NDArray

from hydria_plugin.exchange import Readable

from .pi_columns import LONGEST, Columns, flags, stamps, values

MARK = "hydria-run"
PIECE = 1 << 20  # bytes that are looked at together
FEWEST = 4  # events that are worth a run
UNSPOILT = re.compile(rb"\s*<\?xml[^>]*encoding=[\"'](utf-8|us-ascii|iso-8859-\d+|windows-125\d)[\"']", re.IGNORECASE)
OPAQUE = re.compile(rb"<!--.*?-->|<!\[CDATA\[.*?\]\]>|<\?.*?\?>", re.DOTALL)
BEGINS = re.compile(rb"<[!?]")
EVENT = re.compile(rb'<((?:[A-Za-z_][\w.-]*:)?)event((?:\s+(?:date|time|value|flag)="[^"<>&]*")+)(\s*/>)')
ATTRIBUTE = re.compile(rb'(\s+(date|time|value|flag)=)"[^"]*"')
MARGIN = 64  # blanks between two events
WHITE = np.zeros(256, dtype=bool)
WHITE[[9, 10, 13, 32]] = True


@dataclass(frozen=True, slots=True)
class Run:
    """Events in a row; times of the document's own clock."""

    time: NDArray[np.datetime64]  # (N) [ms]
    value: NDArray[np.float64]
    flag: NDArray[np.int16]


@dataclass(frozen=True, slots=True)
class Template:
    """What is the same in all events of a run."""

    prefix: bytes
    names: tuple[str, ...]
    between: tuple[bytes, ...]  # before each opening quote
    end: bytes  # after the last closing quote

    @classmethod
    def of(cls, text: bytes) -> Template | None:
        """Of the first plain event in ``text``."""
        found = EVENT.search(text)
        if found is None:
            return None
        attributes = ATTRIBUTE.findall(found[2])
        names = tuple(name.decode() for _, name in attributes)
        if len(set(names)) < len(names) or not {"date", "time", "value"} <= set(names):
            return None
        between = [before for before, _ in attributes]
        return cls(found[1], names, (b"<%sevent%s" % (found[1], between[0]), *between[1:]), found[3])


class Thinned:
    """A stream without its runs, which are left in ``runs``."""

    def __init__(self, source: Readable) -> None:
        self.runs: dict[str, Run] = {}
        self._source, self._rest, self._count = source, b"", 0
        self._secret = token_hex(8)  # a document that names a run by itself must not be believed
        self._is_plain: bool | None = None  # None: nothing was read yet

    def read(self, size: int = -1) -> bytes:
        """A piece of any length; empty at the end only."""
        while True:
            more = self._source.read(PIECE)
            if not more or self._is_plain is False:
                left, self._rest = self._rest + more, b""
                return left
            text = self._rest + more
            if self._is_plain is None:
                self._is_plain = is_plain(text)
            given, self._rest = text, b""
            if self._is_plain:
                cut = text.rfind(b">") + 1
                given, self._rest = self._without_runs(text[:cut]), text[cut:]
            if not self._is_plain:  # perhaps since a moment ago: what follows reaches the parser as it is
                given, self._rest = given + self._rest, b""
            if given:
                return given

    def _without_runs(self, text: bytes) -> bytes:
        """``text`` ends with a whole tag. What is within comments and the like stays as it is."""
        pieces, at = [], 0
        while (begin := BEGINS.search(text, at)) is not None:
            opaque = OPAQUE.match(text, begin.start())
            if opaque is None:  # not at its end yet, or a document type: the parser knows
                self._is_plain = False
                break
            pieces += [self._thinned(text[at : begin.start()]), opaque[0]]
            at = opaque.end()
        return b"".join([*pieces, text[at:] if not self._is_plain else self._thinned(text[at:])])

    def _thinned(self, text: bytes) -> bytes:
        template = Template.of(text)
        events = None if template is None else Alike.found(text, template)
        if template is None or events is None:
            return text
        pieces, at = [], 0
        for first, last in events.stretches():
            begin, end = int(events.begin[first]), int(events.end[last - 1])
            key, self._count = f"{self._secret}{self._count}", self._count + 1
            self.runs[key] = events.run(slice(first, last))
            lines = b"\n" * text.count(b"\n", begin, end)
            pieces += [text[at:begin], b"<%sevent %s='%s'/>" % (template.prefix, MARK.encode(), key.encode()), lines]
            at = end
        return b"".join([*pieces, text[at:]])


def is_plain(text: bytes) -> bool:
    """The bytes of ASCII mean what they mean in ASCII."""
    if text.startswith((b"\xfe\xff", b"\xff\xfe")) or b"\0" in text[:8]:
        return False
    head = text.removeprefix(b"\xef\xbb\xbf")
    return b"encoding" not in head[: head.find(b">") + 1] or UNSPOILT.match(head) is not None


@dataclass(frozen=True, slots=True, eq=False)
class Alike:
    """All elements of a text that are events of one template, with their values; M of them."""

    place: NDArray[np.int64]  # (M) among all elements of the text
    begin: NDArray[np.int64]  # (M) of the tag
    end: NDArray[np.int64]  # (M) behind it
    content: Run

    @classmethod
    def found(cls, text: bytes, template: Template) -> Alike | None:
        """None where there are too few of them."""
        data = np.frombuffer(text + bytes(LONGEST), dtype=np.uint8)
        tags = np.flatnonzero(data == ord("<"))
        place, quotes = quoted(data, tags, template)
        if len(place) < FEWEST:
            return None
        columns = Columns(data, quotes, template.names)
        time, good = stamps(columns)
        flag, known = flags(columns)
        value, read = values(columns, good & known)
        keep = good & known & read
        end = quotes[:, -1] + 1 + len(template.end)
        return cls(place[keep], tags[place[keep]], end[keep], Run(time[keep], value[keep], flag[keep]))

    def stretches(self) -> list[tuple[int, int]]:
        """(first, one after last) of those with nothing between them, if they are worth it."""
        breaks = np.flatnonzero(np.diff(self.place) != 1) + 1
        edges = [0, *breaks.tolist(), len(self.place)]
        return [(a, b) for a, b in pairwise(edges) if b - a >= FEWEST]

    def run(self, part: slice) -> Run:
        return Run(self.content.time[part], self.content.value[part], self.content.flag[part])


def quoted(
    data: NDArray[np.uint8], tags: NDArray[np.int64], template: Template
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(M) which tags are of the template up to what stands in the quotes, and nothing but blanks behind; (M, 2K) where
    their quotes are."""
    count = 2 * len(template.names)
    quotes, ends = np.flatnonzero(data == ord('"')), np.append(tags[1:], len(data) - LONGEST)
    first = np.searchsorted(quotes, tags)
    place = np.flatnonzero(np.searchsorted(quotes, ends) - first == count)
    at = quotes[first[place, None] + np.arange(count)]
    good = same_bytes(data, tags[place], at[:, 0], template.between[0])
    for k, between in enumerate(template.between[1:], 1):
        good &= same_bytes(data, at[:, 2 * k - 1] + 1, at[:, 2 * k], between)
    behind = at[:, -1] + 1 + len(template.end)
    good &= (behind <= ends[place]) & same_bytes(data, at[:, -1] + 1, behind, template.end)
    good &= is_blank(data, behind, ends[place])
    return place[good], at[good]


def is_blank(data: NDArray[np.uint8], begin: NDArray[np.int64], end: NDArray[np.int64]) -> NDArray[np.bool_]:
    """(M) nothing, or no more than MARGIN blanks, from ``begin`` to ``end``."""
    good = end - begin <= MARGIN
    for k in range(int(np.max(end - begin, initial=0, where=good))):
        good &= (begin + k >= end) | WHITE[data[np.minimum(begin + k, len(data) - 1)]]
    return np.asarray(good)


def same_bytes(
    data: NDArray[np.uint8], begin: NDArray[np.int64], end: NDArray[np.int64], meant: bytes
) -> NDArray[np.bool_]:
    """(M) whether ``meant`` stands from ``begin`` to ``end``."""
    good = end - begin == len(meant)
    for k, byte in enumerate(meant):
        good &= data[np.minimum(begin + k, len(data) - 1)] == byte
    return np.asarray(good)
