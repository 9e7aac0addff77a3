"""Files that appear whole or not at all."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path


def replace_file(file: Path, pieces: Iterable[bytes], packed: bool = False) -> None:
    """Write under a temporary name in the same folder, force to disk, rename. Nobody ever sees half a file; the name
    is always the same, so that what a crash left behind is overwritten by the next try."""
    file.parent.mkdir(parents=True, exist_ok=True)
    passing = file.with_name(f".{file.name}.tmp")
    try:
        with open(passing, "wb") as out:
            for piece in packed_pieces(pieces) if packed else pieces:
                out.write(piece)
            out.flush()
            os.fsync(out.fileno())
        os.replace(passing, file)
    except OSError:
        with contextlib.suppress(OSError):
            passing.unlink(missing_ok=True)
        raise
    _settle(file.parent)


def packed_pieces(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """One gzip member, without name and time: same text, same bytes."""
    packer = zlib.compressobj(5, wbits=31)
    for piece in pieces:
        yield packer.compress(piece)
    yield packer.flush()


def check_writable(folder: Path) -> int:
    """Free bytes where ``folder`` is, or will be. Raises OSError when a file cannot be written there."""
    there = folder
    while not there.exists():
        there = there.parent
    if not there.is_dir():
        raise NotADirectoryError(20, "it is not a folder", str(there))
    trial = there / ".hydria-probe.tmp"
    trial.write_bytes(b"")
    trial.unlink()
    return shutil.disk_usage(there).free


def file_name(name: str) -> str:
    """A name that is safe in a path; names that differ stay different."""
    safe = re.sub(r"[^\w.-]", "_", name).lstrip(".")[:100]
    return safe if safe == name and safe else f"{safe or 'x'}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def _settle(folder: Path) -> None:
    """The rename itself reaches the disk, where the system can do that."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
