"""What could not be used, counted by kind so that a thousand bad rows are one sentence."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from hydria_plugin import Problem

SHOWN = 60


def quoted(thing: Any) -> str:
    """On one line, and never longer than one."""
    text = str(thing)
    return repr(text if len(text) <= SHOWN else f"{text[:SHOWN]}... ({len(text)} characters)")


@dataclass(slots=True)
class Tally:
    """Faults of one read."""

    kinds: dict[str, tuple[str, int]] = field(default_factory=dict)  # kind -> first of them, how many

    def add(self, kind: str, text: str) -> None:
        first, count = self.kinds.get(kind, (text, 0))
        self.kinds[kind] = first, count + 1

    def problems(self) -> list[Problem]:
        return [Problem("source", None, sentence(*found)) for found in self.kinds.values()]


def sentence(text: str, count: int) -> str:
    return text if count == 1 else f"{text} (and {count - 1} more like it)"
