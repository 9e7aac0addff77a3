"""What of a file could not be used, gathered so that a million bad values are one sentence."""

from __future__ import annotations

from dataclasses import dataclass, field

from hydria_plugin import Problem

SHOWN = 60  # characters of a bad text that are quoted


def quoted(text: str) -> str:
    """A text as it is shown to people: one line, never longer than a line."""
    return repr(text if len(text) <= SHOWN else f"{text[:SHOWN]}... ({len(text)} characters)")


@dataclass(slots=True)
class Faults:
    """The faults of one file."""

    file: str
    kinds: dict[str, tuple[str, int]] = field(default_factory=dict)  # kind -> (first of them, how many)

    def add(self, kind: str, text: str, count: int = 1) -> None:
        """``text`` describes the first of ``count`` things that have the same ``kind`` of fault."""
        first, before = self.kinds.get(kind, (text, 0))
        self.kinds[kind] = first, before + count

    def problems(self) -> list[Problem]:
        return [Problem("source", None, f"{self.file}: {self._told(*kind)}") for kind in self.kinds.values()]

    def _told(self, first: str, count: int) -> str:
        return first if count == 1 else f"{first} (and {count - 1} more like it)"
