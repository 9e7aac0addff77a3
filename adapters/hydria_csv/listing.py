"""Which files a feed has, with what the system knows of each: one look per file and read."""

from __future__ import annotations

import fnmatch
import os
import re
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

from hydria_plugin import FeedError

UNFINISHED = ("~", ".tmp", ".part", ".swp")  # what writers call a file that is not there yet
REMEDY = "create it, or correct `path` of the source in the configuration, and see that this user may read it"

Files = dict[str, tuple[str, os.stat_result]]


def listed(path: Path, patterns: Sequence[str]) -> Files:
    """Name to show -> path and state, sorted by name. ``path`` may be a file itself. Raises FeedError."""
    try:
        itself = os.stat(path)
        if stat.S_ISREG(itself.st_mode):
            return {path.name: (str(path), itself)}
        deep = any("/" in pattern or "**" in pattern for pattern in patterns)
        found = _deep(path, patterns) if deep else _flat(path, patterns)
        return {name: (place, state) for name, place, state in sorted(found, key=lambda file: file[0])}
    except OSError as cause:
        raise FeedError(f"{path} cannot be listed ({cause.strerror}): {REMEDY}") from cause


def _flat(path: Path, patterns: Sequence[str]) -> Iterator[tuple[str, str, os.stat_result]]:
    matches = re.compile("|".join(map(fnmatch.translate, patterns))).match
    with os.scandir(path) as entries:
        for entry in entries:
            if matches(entry.name) and (state := _state(entry.name, entry.path)):
                yield entry.name, entry.path, state


def _deep(path: Path, patterns: Sequence[str]) -> Iterator[tuple[str, str, os.stat_result]]:
    os.scandir(path).close()  # glob is silent about a folder that is not there
    for place in {p for pattern in patterns for p in path.glob(pattern)}:
        if state := _state(place.name, str(place)):
            yield str(place.relative_to(path)), str(place), state


def _state(name: str, path: str) -> os.stat_result | None:
    """None for what is no finished file, or is gone already."""
    if name.startswith((".", "~")) or name.endswith(UNFINISHED):
        return None
    try:
        state = os.stat(path)
    except OSError:  # a broken link, or deleted since it was listed
        return None
    return state if stat.S_ISREG(state.st_mode) else None
