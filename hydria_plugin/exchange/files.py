"""Files that appear whole or not at all, under names that are safe."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
from collections.abc import Iterable
from pathlib import Path

LONGEST = 100  # bytes


def put_file(file: Path, content: bytes | Iterable[bytes]) -> None:
    """Write under a temporary name in the same folder, force to disk, rename: nobody ever sees half a file. The name is
    always the same, so that what a crash left behind is overwritten by the next try. What holds the same bytes already
    is left as it is, where they are given whole. Raises OSError."""
    with contextlib.suppress(OSError):
        if isinstance(content, bytes) and file.read_bytes() == content:
            return
    file.parent.mkdir(parents=True, exist_ok=True)
    passing = file.with_name(f".{file.name}.tmp")
    try:
        with open(passing, "wb") as out:
            out.writelines([content] if isinstance(content, bytes) else content)
            out.flush()
            os.fsync(out.fileno())
        os.replace(passing, file)
    except OSError:
        with contextlib.suppress(OSError):
            passing.unlink(missing_ok=True)
        raise
    with contextlib.suppress(OSError):
        to_disk(file.parent)


def to_disk(path: Path) -> None:
    """What was written to a file, or renamed in a folder, outlasts a power cut from here on. Raises OSError, where the
    system cannot do that for a folder, too."""
    held = os.open(path, os.O_RDONLY)
    try:
        os.fsync(held)
    finally:
        os.close(held)


def is_file(path: Path | str) -> bool:
    """Whether a file is there; a name that no file can have has none."""
    try:
        return Path(path).is_file()
    except (OSError, ValueError):
        return False


def file_name(name: str, ascii: bool = True) -> str:
    """A name that is safe in a path; names that differ stay different. Without ``ascii`` letters may have accents."""
    safe = re.sub(r"[^\w.-]", "_", name, flags=re.ASCII if ascii else re.UNICODE).lstrip(".")
    safe = safe.encode()[:LONGEST].decode(errors="ignore")
    return safe if safe == name and safe else f"{safe or 'x'}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def free_bytes(folder: Path) -> int:
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
