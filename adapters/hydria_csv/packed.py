"""Files that can only be read from their start: gzip, and encodings whose line ends are not single bytes."""

from __future__ import annotations

import codecs
import contextlib
import zlib

from .faults import Faults

LARGEST = 1 << 31  # bytes of text that one file may hold, unpacked: a bomb is refused
GZIP, UTF16 = b"\x1f\x8b", (b"\xff\xfe", b"\xfe\xff")
PIECE = 1 << 14


def is_packed(head: bytes, encoding: str) -> bool:
    return head.startswith((GZIP, *UTF16)) or not is_ascii_based(encoding)


def unpacked(raw: bytes, encoding: str, faults: Faults) -> tuple[bytes, bool]:
    """The text, in UTF-8 where it was not ASCII-based; and whether its end is there for certain."""
    text, ended = _gunzipped(raw, faults) if raw.startswith(GZIP) else (raw, False)
    if text.startswith(UTF16) and is_ascii_based(encoding):
        encoding = "utf-16"
    if is_ascii_based(encoding):
        return text, ended
    decoder = codecs.getincrementaldecoder(encoding)(errors="replace")  # half a character at the end is left
    return decoder.decode(text).encode(), ended


def is_ascii_based(encoding: str) -> bool:
    """Bytes below 128 are what they are in ASCII; a file of any other encoding is turned into UTF-8."""
    return encoding == "auto" or "a;\n9".encode(encoding) == b"a;\n9"


def _gunzipped(raw: bytes, faults: Faults) -> tuple[bytes, bool]:
    """All that can be unpacked, member by member, and whether the last member is whole."""
    parts: list[bytes] = []
    while raw:
        member = zlib.decompressobj(wbits=31)
        raw, fault = _member(member, raw, parts)
        if fault or not member.eof:
            faults.whole(fault or "is truncated gzip; the whole lines that could be unpacked are used")
            return b"".join(parts), False
        raw = raw.lstrip(b"\0")
    return b"".join(parts), True


def _member(member: zlib._Decompress, raw: bytes, parts: list[bytes]) -> tuple[bytes, str]:
    """Unpack piece by piece, for what comes before a fault is good. Gives what follows the member, and the fault."""
    room = LARGEST - sum(map(len, parts))
    for first in range(0, len(raw), PIECE):
        piece, before = raw[first : first + PIECE], member.copy()
        try:
            parts.append(member.decompress(piece, room + 1))
        except zlib.error as error:
            parts.append(_until_fault(before, piece))
            return b"", f"is damaged gzip ({error}); the whole lines before the damage are used"
        room -= len(parts[-1])
        if room < 0:
            return b"", f"holds more than {LARGEST >> 30} GiB when unpacked; the rest is not read"
        if member.eof:
            return member.unused_data + raw[first + PIECE :], ""
    return b"", ""


def _until_fault(member: zlib._Decompress, piece: bytes) -> bytes:
    """Byte by byte: zlib gives nothing of a piece in which it meets a fault."""
    parts = []
    with contextlib.suppress(zlib.error):
        for i in range(len(piece)):
            parts.append(member.decompress(piece[i : i + 1]))
    return b"".join(parts)
