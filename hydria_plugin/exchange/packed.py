"""Bytes from outside, never more of them than allowed."""

from __future__ import annotations

import zlib
from typing import IO, Protocol

from ..errors import FeedError

GZIP = b"\x1f\x8b"
MOST = 1 << 29  # bytes, unpacked
PIECE = 1 << 16


class Readable(Protocol):
    """What gives bytes: ``size`` of them, or about as many; none at the end only."""

    def read(self, size: int = -1) -> bytes: ...


def gunzipped(data: bytes, place: str, most: int = MOST) -> bytes:
    """``data`` unpacked if it is gzip, as it is otherwise. Raises FeedError when it is damaged, or larger than
    ``most``."""
    if not data.startswith(GZIP):
        return _no_more(data, place, most)
    parts: list[bytes] = []
    room = most
    while data:
        member = zlib.decompressobj(wbits=31)
        try:
            parts.append(member.decompress(data, room + 1))
        except zlib.error as error:
            raise FeedError(f"{place}: is damaged gzip ({error})") from error
        room -= len(parts[-1])
        if room < 0:
            raise FeedError(f"{place}: holds more than {most:,} bytes when unpacked; it is not read")
        if not member.eof:
            raise FeedError(f"{place}: is truncated gzip")
        data = member.unused_data.lstrip(b"\0")
    return b"".join(parts)


def _no_more(data: bytes, place: str, most: int) -> bytes:
    if len(data) > most:
        raise FeedError(f"{place}: holds {len(data):,} bytes, at most {most:,} are read")
    return data


class Bounded:
    """A file of bytes of which at most ``most`` are read: reading on raises FeedError."""

    def __init__(self, file: IO[bytes], place: str, most: int) -> None:
        self._file, self._place, self._most, self._read = file, place, most, 0

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size)
        self._read += len(data)
        if self._read > self._most:
            raise FeedError(f"{self._place}: holds more than {self._most:,} bytes; the rest is not read")
        return data


def bounded(file: IO[bytes], place: str, most: int = MOST) -> Bounded:
    """``file``, gzip or not, as a stream of at most ``most`` unpacked bytes. It must be able to seek."""
    head = file.read(2)
    file.seek(-len(head), 1)
    if head != GZIP:
        return Bounded(file, place, most)
    return Bounded(_Unpacking(file, place), place, most)  # type: ignore[arg-type]


class _Unpacking:
    """The unpacked bytes of a gzip file, piece by piece."""

    def __init__(self, file: IO[bytes], place: str) -> None:
        self._file, self._place = file, place
        self._member, self._rest, self._begun = zlib.decompressobj(wbits=31), b"", False

    def read(self, size: int = -1) -> bytes:
        if size < 0:
            parts = []
            while part := self.read(PIECE):
                parts.append(part)
            return b"".join(parts)
        try:
            return self._some(size)
        except zlib.error as error:
            raise FeedError(f"{self._place}: is damaged gzip ({error})") from error

    def _some(self, size: int) -> bytes:
        while size:
            packed = self._rest or self._file.read(PIECE)
            if self._member.eof:
                packed = packed.lstrip(b"\0") or self._file.read(PIECE).lstrip(b"\0")
                if not packed:
                    return b""
                self._member, self._begun = zlib.decompressobj(wbits=31), False
            if not packed:
                if self._begun:
                    raise FeedError(f"{self._place}: is truncated gzip")
                return b""
            self._begun = True
            part = self._member.decompress(packed, size)
            self._rest = self._member.unused_data if self._member.eof else self._member.unconsumed_tail
            if part:
                return part
        return b""
