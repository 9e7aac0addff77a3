"""The table and the verdicts, printed and written."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np

from .scoring import Case, Score

BLEND = "hydria blend"
QUANTILE_RIVAL = "LightGBM quantile"
LOWEST_INDEX = -0.02
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
    crps = "" if np.isnan(s.crps) else f"{s.crps:.4f}"
    return (
        f"| {c.station}{shown} | {'perfect' if c.future else 'none'} | {c.lead} | {line.forecaster} | {s.index:.3f} | "
        f"{s.index_low:.3f} - {s.index_high:.3f} | {s.ratio:.3f} | {s.ratio_low:.3f} - {s.ratio_high:.3f} | {crps} |"
    )


def print_table(lines: list[Line]) -> None:
    print(HEAD)
    for line in lines:
        print(row(line))


def blends(lines: list[Line], future: bool | None = None, lead: int | None = None) -> list[Line]:
    """The lines of the blend, of all basins shown."""
    return [
        line
        for line in lines
        if line.forecaster == BLEND and future in (None, line.case.future) and lead in (None, line.case.lead)
    ]


def counted(lines: list[Line]) -> list[Line]:
    """Those with enough events in the test part."""
    return [line for line in lines if line.case.counted]


def verdicts(lines: list[Line]) -> list[str]:
    """The issue's figures, a short line each: over the counted basins, over all shown, and each miss by its name."""
    found = []
    for future in (False, True):
        for lead in sorted({line.case.lead for line in lines}):
            mine = blends(lines, future, lead)
            found += medians("counted", counted(mine), lines) + medians("all shown", mine, lines)
    mine = blends(lines)
    worse = [x for x in mine if x.score.ratio_low > 1.0]
    below = [x for x in mine if x.score.index_low < LOWEST_INDEX]
    found += misses("interval of the ratio above 1.00", worse, mine)
    return found + misses(f"lower limit of the persistence index below {LOWEST_INDEX}", below, mine)


def medians(label: str, mine: list[Line], lines: list[Line]) -> list[str]:
    """Over the stations of one rain and lead; none where there is no station."""
    if not mine:
        return []
    case = mine[0].case
    ratio = float(np.median([x.score.ratio for x in mine]))
    text = f"{rain(case)} rain, lead {case.lead}, {label}: median squared error / best rival {ratio:.3f} ({len(mine)})"
    crps = crps_ratios(mine, lines)
    return [text + (f"; median CRPS / {QUANTILE_RIVAL} {np.median(crps):.3f} ({len(crps)})" if crps else "")]


def crps_ratios(mine: list[Line], lines: list[Line]) -> list[float]:
    """CRPS over the quantile rival's, where that rival was run."""
    rivals = {x.case: x.score.crps for x in lines if x.forecaster == QUANTILE_RIVAL}
    return [x.score.crps / rivals[x.case] for x in mine if x.case in rivals]


def misses(what: str, missed: list[Line], mine: list[Line]) -> list[str]:
    """How many cases of the counted and of all basins, then one line per station."""
    found = [
        f"{what}: {len(counted(missed))} of {len(counted(mine))} counted cases, {len(missed)} of {len(mine)} shown"
    ]
    for station in dict.fromkeys(x.case.station for x in missed):
        here = [x.case for x in missed if x.case.station == station]
        leads = {r: ", ".join(str(c.lead) for c in here if rain(c) == r) for r in dict.fromkeys(map(rain, here))}
        few = "" if here[0].counted else " (shown only)"
        found.append(f"{what}: {station}{few}: " + "; ".join(f"{r} rain {text}" for r, text in leads.items()))
    return found


def rain(case: Case) -> str:
    return "perfect" if case.future else "no"


def version_of(package: str) -> str:
    """A peer that is not installed took no part, or its answers were kept."""
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def write_markdown(path: Path, lines: list[Line], seeds: tuple[int, ...], develop: bool) -> None:
    """Table and verdicts, with versions and date."""
    packages = ", ".join(f"{name} {version_of(name)}" for name in PACKAGES)
    part = "DEVELOPMENT: first 80 % of each record only, split 60/20/20 again" if develop else "60/20/20 in time"
    text = [
        "# Skill, side by side",
        "",
        f"`python -m benchmarks.skill`, {datetime.now(UTC):%Y-%m-%d}, Python {platform.python_version()}, {packages}; "
        f"{part}; {len(seeds)} seed(s); intervals: weekly-block bootstrap.",
        "",
        "Counted: stations with 20 events or more in the test part. In brackets: the number of stations.",
        "",
        *(f"- {sentence}" for sentence in verdicts(lines)),
        "",
        HEAD,
        "|" + "---|" * (HEAD.count("|") - 1),
        *(row(line) for line in lines),
    ]
    path.write_text("\n".join(text) + "\n", encoding="utf-8")
