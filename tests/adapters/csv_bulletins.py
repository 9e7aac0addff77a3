"""Bulletins for the tests of the CSV sink, and what it made of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from hydria_plugin import Bulletin
from hydria_plugin.testing import sample_bulletin


def bulletin(**changes: Any) -> Bulletin:
    """A bulletin as it is read back from the store."""
    return replace(sample_bulletin(), window=None, received=None, **changes)


def named(stations: tuple[str, ...], **changes: Any) -> Bulletin:
    """A bulletin whose stations, forecaster and unit have other names."""
    made = bulletin()
    forecast = replace(made.forecast, stations=stations, made_by=(changes.pop("made_by", "blend"),) * 3)
    layout = replace(made.layout, stations=stations, units=(changes.pop("unit", "m"),) * 3)
    return replace(made, forecast=forecast, layout=layout, alerts=(), **changes)


def files(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def stamped(made: Bulletin) -> str:
    return f"{made.issued_at}Z".replace("-", "").replace(":", "")
