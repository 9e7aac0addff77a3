"""What was told of every event: the messages themselves, kept apart from the folder that receivers empty.

They are the memory of the sink. A message that is there is never made again: it is sent as it is, byte for byte, also
after a restart, and after the configuration was changed.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hydria_plugin import FeedError
from hydria_plugin.exchange import file_name, put_file

from .markup import read_message
from .message import Message

MARK = ".xml"


@dataclass(frozen=True, slots=True)
class Told:
    """The messages of one event; ``folder`` holds a file for each."""

    folder: Path

    @classmethod
    def of(cls, archive: Path, pipeline: str, event: str) -> Told:
        return cls(archive / file_name(pipeline) / file_name(event))

    def content(self, name: str) -> bytes | None:
        """The message ``name`` as it was sent; None where it was not."""
        try:
            return (self.folder / f"{name}{MARK}").read_bytes()
        except FileNotFoundError:
            return None

    def keep(self, name: str, content: bytes) -> None:
        put_file(self.folder / f"{name}{MARK}", content)

    def before(self, name: str) -> list[Message]:
        """Earlier messages of the event, oldest first; a damaged one is passed over. Names sort as they were sent."""
        found = []
        for file in messages_in(self.folder):
            if file.stem >= name:
                break
            try:
                found.append(read_message(file.read_bytes(), file.name))
            except FeedError:
                continue
        return found


def messages_in(folder: Path) -> list[Path]:
    """Oldest first: by their names, the ending apart ("00001" was before "00001.2026...")."""
    return sorted(folder.glob(f"*{MARK}"), key=lambda file: file.stem) if folder.is_dir() else []


def name_of(sequence: int, issued_at: np.datetime64, is_news: bool) -> str:
    """Names of an event's messages, which sort by time: of news by its number, of what prolongs it by its step too."""
    stamp = str(issued_at.astype("datetime64[s]")).replace("-", "").replace(":", "")
    return f"{sequence:05d}" if is_news else f"{sequence:05d}.{stamp}Z"


def forget(archive: Path, pipeline: str, reports: Path, before: np.datetime64) -> None:
    """Delete what was told of events whose newest message was sent before that, and their reports."""
    place = archive / file_name(pipeline)
    for folder in list(place.iterdir()) if place.is_dir() else ():
        newest = messages_in(folder)[-1:]
        try:
            is_old = any(read_message(file.read_bytes(), file.name).sent < before for file in newest)
        except FeedError:
            continue
        if is_old:
            shutil.rmtree(folder, ignore_errors=True)
            shutil.rmtree(reports / folder.name, ignore_errors=True)
