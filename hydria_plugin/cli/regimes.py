"""Scores by regime, as facts and as a table."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from .speaking import columns

SHOWN = ("pairs", "coverage_80", "reliability", "crps_skill", "bias")


def regime_facts(line: Any) -> dict[str, Any]:
    """One line, flat; what is no number is null in JSON."""
    return {name: value if value == value else None for name, value in asdict(line).items()}


def regime_table(facts: dict[str, Any]) -> list[str]:
    """For people; nothing where nothing was scored."""
    rows = [
        (line["station"], str(line["lead"]), line["regime"], *(shown(line[name]) for name in SHOWN))
        for line in facts.get("regimes", [])
        if line["pairs"]
    ]
    return [columns(rows, ("station", "lead", "regime", *SHOWN))] if rows else []


def shown(value: float | int | None) -> str:
    return "-" if value is None else str(value) if isinstance(value, int) else f"{value:.3g}"
