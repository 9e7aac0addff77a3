"""What could not be used of what a host sent: one sentence per series and kind of fault, however often it comes."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from hydria_plugin import Problem

SHOWN = 60  # characters of a bad value that are quoted


def quoted(value: Any) -> str:
    """A value of the host as it is shown to people: one short line."""
    try:
        text = json.dumps(value, ensure_ascii=True)
    except (TypeError, ValueError, RecursionError):
        text = type(value).__name__
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}..."


@dataclass(slots=True)
class Faults:
    """The faults of one read, in the order in which they were met."""

    found: dict[tuple[str, str], tuple[str, int]] = field(default_factory=dict)

    def add(self, series: str, kind: str, text: str) -> None:
        """``text`` is shown of the first of its kind."""
        first, count = self.found.get((series, kind), (text, 0))
        self.found[series, kind] = (first, count + 1)

    def problems(self) -> list[Problem]:
        said = []
        for (series, _), (text, count) in self.found.items():
            more = f" (and {count - 1} more like it)" if count > 1 else ""
            said.append(Problem("source", None, f"{series}: {text}{more}" if series else f"{text}{more}"))
        return said
