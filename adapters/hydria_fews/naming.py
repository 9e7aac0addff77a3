"""What a series of PI is called by us, and what ours are called there."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from string import Formatter

from hydria_plugin import Layout

from .pi_series import PiHeader

PARTS = ("location", "parameter", "qualifier", "module", "ensemble")
PATTERN = "{location}/{parameter}"
PARAMETERS = {"level": "H", "discharge": "Q"}


def pattern_faults(pattern: object) -> list[str]:
    """What is wrong with an option ``id``."""
    allowed = f'id = "{PATTERN}", of {{{"}, {".join(PARTS)}}}'
    try:
        named = [name for _, name, _, _ in Formatter().parse(str(pattern)) if name is not None]
    except ValueError:
        return [f"id = {pattern!r} is no pattern; allowed: {allowed}"]
    unknown = [name for name in named if name not in PARTS]
    if unknown or "location" not in named:
        return [f"id = {pattern!r} must hold {{location}} and nothing unknown; allowed: {allowed}"]
    return []


@dataclass(frozen=True)
class Naming:
    """``id``: how our id is made of a header; ``names``: such an id = our series, where it is called something else."""

    id: str = PATTERN
    names: Mapping[str, str] = field(default_factory=dict)

    def series(self, header: PiHeader) -> str:
        """Our series for a header."""
        made = self.id.format(
            location=header.location,
            parameter=header.parameter,
            qualifier="+".join(header.qualifiers),
            module=header.module,
            ensemble=header.ensemble,
        )
        return self.names.get(made, made)

    def parts(self, series: str) -> dict[str, str]:
        """What of PI a series of ours is; {} where it is not of the pattern."""
        theirs = {own: made for made, own in self.names.items()}.get(series, series)
        wanted, seen = "", set[str]()
        for text, name, _, _ in Formatter().parse(self.id):
            wanted += re.escape(text)
            if name is not None:
                wanted += f"(?P={name})" if name in seen else f"(?P<{name}>.*?)"
                seen.add(name)
        found = re.fullmatch(wanted, theirs, re.DOTALL)
        return found.groupdict() if found else {}

    def location(self, layout: Layout, row: int) -> str:
        """Where the forecasts of a station are put: at the place of its target, else at the station's own id."""
        return self.parts(layout.targets[row]).get("location") or layout.stations[row]
