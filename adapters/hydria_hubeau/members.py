"""Gzip, one member after the other: how much of a file is whole."""

from __future__ import annotations

import gzip
import zlib


def packed(text: bytes) -> bytes:
    """One member; the same text gives the same bytes."""
    return gzip.compress(text, mtime=0)


def whole_members(raw: bytes) -> tuple[bytes, int, bool]:
    """The text of the whole members at the beginning of ``raw``, their length in bytes, and whether what follows is
    what a crash leaves: the beginning of a member, or nothing but zeros. Anything else is damage."""
    parts: list[bytes] = []
    at = 0
    while at < len(raw):
        member = zlib.decompressobj(wbits=31)
        try:
            text = member.decompress(raw[at:])
        except zlib.error:
            return b"".join(parts), at, not raw[at:].strip(b"\0")
        if not member.eof:
            return b"".join(parts), at, True
        parts.append(text)
        at = len(raw) - len(member.unused_data)
    return b"".join(parts), at, False
