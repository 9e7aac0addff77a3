"""The table and the verdicts, printed and written."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import numpy as np

from .scoring import Case, Score

BLEND = "hydria blend"
HEAD = "| station | future rain | lead | forecaster | PI | PI 5-95 % | squared error / best rival | 5-95 % | CRPS/std |"
PACKAGES = ("numpy", "lightgbm", "scikit-learn", "mlforecast", "hydrogr")


@dataclass(frozen=True)
class Line:
    case: Case
    forecaster: str
    score: Score


def lines_of(case: Case, scores: dict[str, Score]) -> list[Line]:
    return [Line(case, name, score) for name, score in scores.items()]


def row(line: Line) -> str:
    c, s = line.case, line.score
    shown = "" if c.counted else f" (shown only, {c.events} events)"
    rain = "perfect" if c.future else "none"
    crps = "" if np.isnan(s.crps) else f"{s.crps:.4f}"
    return (
        f"| {c.station}{shown} | {rain} | {c.lead} | {line.forecaster} | {s.index:.3f} | "
        f"{s.index_low:.3f} - {s.index_high:.3f} | {s.ratio:.3f} | {s.ratio_low:.3f} - {s.ratio_high:.3f} | {crps} |"
    )


def print_table(lines: list[Line]) -> None:
    print(HEAD)
    for line in lines:
        print(row(line))


def blends(lines: list[Line], future: bool | None = None, lead: int | None = None) -> list[Line]:
    """The counted lines of the blend."""
    return [
        line
        for line in lines
        if line.forecaster == BLEND
        and line.case.counted
        and future in (None, line.case.future)
        and lead in (None, line.case.lead)
    ]


def verdicts(lines: list[Line]) -> list[str]:
    """One sentence per figure of the issue, said whether it holds or not."""
    found = []
    for future in (False, True):
        for lead in sorted({line.case.lead for line in lines}):
            found += lead_verdicts(lines, future, lead)
    worse = [x for x in blends(lines) if x.score.ratio_low > 1.0]
    found.append(f"cases where the interval of the ratio lies above 1.00: {len(worse)} {names(worse)}")
    below = [x for x in lines if x.forecaster == BLEND and x.score.index_low < -0.02]
    found.append(
        f"cases (all basins) with a lower limit of the persistence index below -0.02: {len(below)} {names(below)}"
    )
    return found


def lead_verdicts(lines: list[Line], future: bool, lead: int) -> list[str]:
    mine = blends(lines, future, lead)
    if not mine:
        return []
    ratio = float(np.median([x.score.ratio for x in mine]))
    rain = "perfect" if future else "no"
    text = f"{rain} future rain, lead {lead}: median squared error / best rival {ratio:.3f} over {len(mine)} stations"
    asked = (future, lead)
    rivals = [x for x in lines if x.forecaster == "LightGBM quantile" and (x.case.future, x.case.lead) == asked]
    rival = {x.case.station: x.score.crps for x in rivals}
    crps = [x.score.crps / rival[x.case.station] for x in mine if x.case.station in rival]
    return [text + (f"; median CRPS / LightGBM quantile's {np.median(crps):.3f}" if crps else "")]


def names(lines: list[Line]) -> str:
    return ", ".join(f"{x.case.station} {'perfect' if x.case.future else 'none'} {x.case.lead}" for x in lines)


def write_markdown(path: Path, lines: list[Line], seeds: tuple[int, ...], develop: bool) -> None:
    """Table and verdicts, with versions and date."""
    packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    part = "DEVELOPMENT: first 80 % of each record only, split 60/20/20 again" if develop else "60/20/20 in time"
    text = [
        "# Skill, side by side",
        "",
        f"`python -m benchmarks.skill`, {datetime.now(UTC):%Y-%m-%d}, Python {platform.python_version()}, {packages}; "
        f"{part}; {len(seeds)} seed(s); intervals: weekly-block bootstrap.",
        "",
        *(f"- {sentence}" for sentence in verdicts(lines)),
        "",
        HEAD,
        "|" + "---|" * (HEAD.count("|") - 1),
        *(row(line) for line in lines),
    ]
    path.write_text("\n".join(text) + "\n", encoding="utf-8")
