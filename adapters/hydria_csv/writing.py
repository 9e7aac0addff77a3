"""Text, packed as it is written."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator


def packed_pieces(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """One gzip member, without name and time: same text, same bytes."""
    packer = zlib.compressobj(5, wbits=31)
    for piece in pieces:
        yield packer.compress(piece)
    yield packer.flush()
