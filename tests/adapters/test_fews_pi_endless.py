"""PI-XML in which no tag ever ends: it takes no more time than its length, and no more of it is read than the parser
takes."""

from __future__ import annotations

import time

import pytest
from test_fews_pi_runs import HEAD

from hydria_fews.pi_reading import read_pi, series_in
from hydria_plugin import FeedError


def test_a_text_without_an_end_takes_no_more_time_than_its_length() -> None:
    for text in (b"<TimeSeries><!-- " + b"x>" * 3_000_000, b"<TimeSeries a='" + b"y" * 6_000_000, b"<event " * 900_000):
        begun = time.process_time()
        with pytest.raises(FeedError):
            read_pi(text, "made")
        assert time.process_time() - begun < 3.0


def test_a_text_that_never_ends_is_given_up_where_the_parser_would() -> None:
    """As a gzip bomb unpacks: no tag ever comes."""
    stream = Endless(HEAD.encode() + b"<series><header>")
    with pytest.raises(FeedError, match="Resource limit exceeded"):
        next(series_in(stream, "bomb", []))  # type: ignore[arg-type]
    assert stream.given < 30 << 20


class Endless:
    """Blanks, after a beginning."""

    def __init__(self, head: bytes) -> None:
        self._head, self.given = head, 0

    def read(self, size: int = -1) -> bytes:
        data, self._head = self._head[:size], self._head[size:]
        data += b" " * (size - len(data))
        self.given += len(data)
        assert self.given < 200 << 20, "it is read on and on"
        return data

    def seek(self, *_: int) -> None:
        self._head = HEAD.encode() + b"<series><header>"
