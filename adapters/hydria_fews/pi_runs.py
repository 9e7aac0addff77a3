"""The fast way through long series: runs of events that are all alike leave the stream before it is parsed.

What the parser sees in the place of a run is one event that names it, so that the parser says where the run stands, and
all that is not plain reaches the parser as it is: entities, comments, letters beyond ASCII, odd encodings. In XML a
``<`` outside of comments, CDATA and instructions begins a tag, and each byte of a run was looked at. Whoever reads with
runs and without must find the same (tested; docs/decisions/0086-long-series-are-read-in-columns.md).
"""

from __future__ import annotations

import re
from secrets import token_hex

from hydria_plugin.exchange import Readable

from .pi_alike import Alike, Run

MARK = "hydria-run"
PIECE = 1 << 20  # bytes that are looked at together
LONGEST = 16 << 20  # bytes without the end of a tag: more than the parser takes of a text or a tag, and it says so
UNSPOILT = re.compile(rb"\s*<\?xml[^>]*encoding=[\"'](utf-8|us-ascii|iso-8859-\d+|windows-125\d)[\"']", re.IGNORECASE)
OPAQUE = re.compile(rb"<!--.*?-->|<!\[CDATA\[.*?\]\]>|<\?.*?\?>", re.DOTALL)
BEGINS = re.compile(rb"<[!?]")


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
            if self._is_plain is None or b"\0" in more:
                self._is_plain = is_plain(text)
            given, self._rest = text, b""
            if self._is_plain:
                cut = text.rfind(b">") + 1
                given, self._rest = self._without_runs(text[:cut]), text[cut:]
            if len(self._rest) > LONGEST:
                self._is_plain = False
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
        events = Alike.found(text)
        if events is None:
            return text
        pieces, at = [], 0
        for first, last in events.stretches():
            begin, end = int(events.begin[first]), int(events.end[last - 1])
            key, self._count = f"{self._secret}{self._count}", self._count + 1
            self.runs[key] = events.content.part(slice(first, last))
            lines = b"\n" * text.count(b"\n", begin, end)
            pieces += [text[at:begin], b"<%sevent %s='%s'/>" % (events.prefix, MARK.encode(), key.encode()), lines]
            at = end
        return b"".join([*pieces, text[at:]])


def is_plain(text: bytes) -> bool:
    """The bytes of ASCII mean what they mean in ASCII."""
    if text.startswith((b"\xfe\xff", b"\xff\xfe")) or b"\0" in text:
        return False
    head = text.removeprefix(b"\xef\xbb\xbf")
    return b"encoding" not in head[: head.find(b">") + 1] or UNSPOILT.match(head) is not None
