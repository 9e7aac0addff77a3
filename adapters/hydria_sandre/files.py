"""The files of a folder: which are there, and how one appears whole or not at all."""

from __future__ import annotations

import contextlib
import fnmatch
import os
import re
import stat
import zlib
from collections.abc import Sequence
from pathlib import Path

from hydria_plugin import FeedError

UNFINISHED = ("~", ".tmp", ".part", ".swp", ".filepart")  # what writers call a file that is not there yet
REMEDY = "create it, or correct `path` in the configuration, and see that this user may read it"
GZIP = b"\x1f\x8b"
SNIFFED = 1 << 12

Files = dict[str, tuple[Path, os.stat_result]]


def listed(path: Path, patterns: Sequence[str]) -> Files:
    """Name to show -> path and state, in order of name. ``path`` may be a file itself. Raises FeedError."""
    try:
        itself = os.stat(path)
        if stat.S_ISREG(itself.st_mode):
            return {path.name: (path, itself)}
        os.scandir(path).close()  # glob is silent about a folder that is not there
        deep = any("/" in pattern for pattern in patterns)
        found = {p for pattern in patterns for p in path.glob(pattern)} if deep else _matching(path, patterns)
    except OSError as cause:
        raise FeedError(f"{path} cannot be listed ({cause.strerror}): {REMEDY}") from cause
    states = {str(p.relative_to(path)): (p, state) for p in found if (state := _state(p)) is not None}
    return dict(sorted(states.items()))


def _matching(path: Path, patterns: Sequence[str]) -> set[Path]:
    matches = re.compile("|".join(map(fnmatch.translate, patterns)), re.IGNORECASE).match
    with os.scandir(path) as entries:
        return {Path(entry.path) for entry in entries if matches(entry.name)}


def _state(path: Path) -> os.stat_result | None:
    """None for what is no finished file, or is gone already."""
    if path.name.startswith((".", "~")) or path.name.endswith(UNFINISHED):
        return None
    try:
        state = os.stat(path)
    except OSError:
        return None
    return state if stat.S_ISREG(state.st_mode) else None


def is_xml(head: bytes) -> bool:
    """By the first character of its text, gzip or not. A CSV drop begins with ``<`` too, but names a column there."""
    if head.startswith(GZIP):
        with contextlib.suppress(zlib.error):
            head = zlib.decompressobj(wbits=31).decompress(head, SNIFFED)
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return True
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    return text.startswith(b"<") and b";" not in text.partition(b"\n")[0].partition(b">")[2][:2]
