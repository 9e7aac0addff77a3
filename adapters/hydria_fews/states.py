"""State descriptions (``pi_state.xsd``): where a run finds what the last one left, and where it leaves its own.

A state is the file of the store: alerts that stand, what learners have learned, what was received. A cold state is no
file, or one that was shipped; a warm state is what a run wrote.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from hydria_plugin import FeedError

from .documents import child, children, pi_document, text_of, time_of, zone_of
from .paths import local_path

if TYPE_CHECKING:
    from lxml.etree import _Element

SQLITE = b"SQLite format 3\0"


@dataclass(frozen=True, slots=True)
class State:
    """One place of a state: a file that is read, and one that is written."""

    read: Path | None  # None: a cold start without a file
    write: Path | None
    name: str = ""  # "warm", "cold", or whatever FEWS calls it
    at: np.datetime64 | None = None  # [s], UTC


def read_state(path: Path, folder: Path) -> State:
    """The state that the description at ``path`` names. Relative paths start in ``folder``. Raises FeedError."""
    return state_of(pi_document(path, "State"), path, folder)


def state_of(document: _Element, path: Path, folder: Path) -> State:
    places = list(children(document, "stateLoc"))
    if len(places) > 1:
        raise FeedError(f"{path}: names {len(places)} states; hydria has one: the file of its store")
    try:
        zone, when = zone_of(document) or UTC, child(document, "dateTime")
        read, write = (
            local_path(text, folder) if places and (text := text_of(places[0], name)) else None
            for name in ("readLocation", "writeLocation")
        )
        at = None if when is None else time_of(when, zone)
    except ValueError as error:
        raise FeedError(f"{path}: {error}") from error
    return State(read, write, text_of(document, "stateId"), at)


def put_in(state: State, store: Path) -> str:
    """Make the state's file the store's, and keep what was there as ``<store>.before``; what was done, for people.
    Raises FeedError."""
    source = state.read if state.read is None or not state.read.is_dir() else state.read / store.name
    if source is not None and source.exists() and not is_store(source):
        raise FeedError(f"{source}: is no state of hydria; allowed: the file that an earlier run wrote, or none")
    try:
        store.parent.mkdir(parents=True, exist_ok=True)
        set_aside(store)
        if source is None or not source.exists():
            return "cold start: there is no state file" + (f" {source}" if source else "")
        part = store.with_name(f"{store.name}.{os.getpid()}.part")
        shutil.copyfile(source, part)
        part.replace(store)
    except OSError as error:
        raise FeedError(f"{source}: the state cannot be put in place as {store} ({error.strerror or error})") from error
    return f"warm start from {source}"


def is_store(file: Path) -> bool:
    with file.open("rb") as opened:
        return opened.read(len(SQLITE)) == SQLITE


def set_aside(store: Path) -> None:
    """Rename the store that was there, with what its log still holds."""
    if not store.exists():
        return
    try:
        with closing(sqlite3.connect(store)) as held:
            held.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except sqlite3.Error as error:
        raise FeedError(f"{store}: the store that is there cannot be set aside ({error})") from error
    for beside in ("-wal", "-shm"):
        store.with_name(store.name + beside).unlink(missing_ok=True)
    store.replace(store.with_name(f"{store.name}.before"))


def take_out(state: State, store: Path) -> str:
    """Leave the store's file, whole, where the state is wanted; what was done. Raises FeedError."""
    target = state.write
    if target is None:
        return "no state is left: the description names no writeLocation"
    if target.is_dir():
        target = target / store.name
    part = target.with_name(f"{target.name}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        part.unlink(missing_ok=True)
        with closing(sqlite3.connect(store)) as held, closing(sqlite3.connect(part)) as left:
            held.backup(left)  # with what its log still holds
        part.replace(target)
    except (OSError, sqlite3.Error) as error:
        raise FeedError(f"{target}: the state cannot be written ({error})") from error
    return f"state left in {target}"
