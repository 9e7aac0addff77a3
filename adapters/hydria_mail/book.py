"""Who was told what, kept on disk: mail that was taken cannot be taken back, so it is not sent again.

One file per event, one line per mail and reader, written at once. It also says who belongs to a thread: whoever was
told that an event rose is told that it fell.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hydria_plugin.exchange import file_name, iso_utc

SENT, REFUSED = "sent", "refused"
MARK = ".txt"


@dataclass(frozen=True, slots=True)
class Book:
    """The lines of one event."""

    file: Path

    @classmethod
    def of(cls, folder: Path, pipeline: str, event: str) -> Book:
        return cls(folder / file_name(pipeline) / f"{file_name(event)}{MARK}")

    @classmethod
    def newest(cls, folder: Path, event: str) -> Book | None:
        """The book of an event whose pipeline is not known; None where nobody was told."""
        found = list(folder.glob(f"*/{file_name(event)}{MARK}"))
        return cls(max(found, key=lambda file: file.stat().st_mtime_ns)) if found else None

    @property
    def pipeline(self) -> str:
        """As it is in file names."""
        return self.file.parent.name

    def states(self) -> Mapping[tuple[str, str], str]:
        """(mail, reader) -> sent or refused. A last line that a crash cut off does not count."""
        try:
            text = self.file.read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            return {}
        whole = text[: text.rfind("\n") + 1]
        rows = [line.split("\t") for line in whole.splitlines()]
        return {(row[1], row[2]): row[3] for row in rows if len(row) == 4 and row[3] in (SENT, REFUSED)}

    def note(self, name: str, reader: str, state: str, at: np.datetime64) -> None:
        """One line, on disk before the next mail is sent."""
        self.file.parent.mkdir(parents=True, exist_ok=True)
        with open(self.file, "ab+") as out:
            size = out.seek(0, os.SEEK_END)
            if size:
                out.seek(size - 1)
            cut = b"\n" if size and out.read(1) != b"\n" else b""
            out.write(cut + f"{iso_utc(at)}\t{name}\t{reader}\t{state}\n".encode())
            out.flush()
            os.fsync(out.fileno())

    def readers(self) -> set[str]:
        """Who was told of the event."""
        return {reader for (_, reader), state in self.states().items() if state == SENT}


def forget(folder: Path, before: np.datetime64) -> None:
    """Delete the books of events that were last told before that."""
    oldest = iso_utc(before)
    for file in list(folder.glob(f"*/*{MARK}")):
        lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
        if lines and lines[-1].partition("\t")[0] < oldest:
            file.unlink(missing_ok=True)
