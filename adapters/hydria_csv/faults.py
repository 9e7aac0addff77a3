"""What could not be used, gathered per file so that a million bad lines are one sentence."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from hydria_plugin import Problem

SHOWN = 60  # characters of a bad cell that are quoted


def quoted(cell: Any) -> str:
    """A cell as it is shown to people: one line, no control characters, never longer than a line."""
    text = str(cell)
    return repr(text if len(text) <= SHOWN else f"{text[:SHOWN]}... ({len(text)} characters)")


@dataclass(slots=True)
class _Fault:
    first: int
    text: str
    count: int
    last: int


@dataclass(slots=True)
class Faults:
    """The faults of one file. Lines are counted from 1, as editors do."""

    file: str
    kinds: dict[str, _Fault] = field(default_factory=dict)

    def add(self, kind: str, text: str, lines: Iterable[int]) -> None:
        """``text`` describes the first of ``lines``; all of them have the same ``kind`` of fault."""
        all_lines = [int(n) for n in lines]
        if not all_lines:
            return
        known = self.kinds.setdefault(kind, _Fault(min(all_lines), text, 0, 0))
        known.count += len(all_lines)
        known.last = max(known.last, *all_lines)

    def whole(self, text: str) -> None:
        """The file as a whole has a fault."""
        self.kinds[text] = _Fault(0, text, 1, 0)

    @property
    def is_whole(self) -> bool:
        """Something is wrong with the file as such."""
        return any(not fault.first for fault in self.kinds.values())

    @property
    def lines(self) -> int:
        """In how many lines something is wrong; one with two faults counts twice."""
        return sum(fault.count for fault in self.kinds.values() if fault.first)

    def problems(self) -> list[Problem]:
        """One Problem per kind of fault."""
        return [Problem("source", None, self._sentence(f)) for f in self.kinds.values()]

    def _sentence(self, fault: _Fault) -> str:
        if not fault.first:
            return f"{self.file}: {fault.text}"
        more = f" (and {fault.count - 1} more like it, the last in line {fault.last})" if fault.count > 1 else ""
        return f"{self.file} line {fault.first}: {fault.text}{more}"
