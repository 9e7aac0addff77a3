"""The outage curve as tables, and what was asked against what was found."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

ASKED = {"one gauge": 0.02, "half the gauges": 0.06, "20 % of the inputs": 0.02, "20 % of all": 0.02}
NOTES = """\
`python -m benchmarks.correction.outage`. The default blend (trained weights, nothing learned online) and `gaps` learn
from the first 80 % of each record, without outages; outages are planted in the last 20 %: at most 3,000 issue times per
station, without a rain forecast. "One gauge" and "half the gauges" (2 of 3, 1 of 2) only where a station has several;
which are lost is drawn. The index is against the last value of the *whole* record: where a fifth of the levels is
missing, no fill can cost nothing at +1. A level lost is lost for the whole test part, longer than the window. "Left as
gaps" is the forecasters' own way: no forecast where the last level is older than six steps, and scored on the rest. The
Cance has 1,128 steps and one flood; its test part, as those of Walnut Creek and 03567500, is quiet water: there an
index is a ratio of nearly nothing.
"""
OURS, OTHERS = "ours", ("zero", "linear", "last")


@dataclass(frozen=True)
class Case:
    """A station, an outage, a fill."""

    station: str
    outage: str
    fill: str

    @property
    def basin(self) -> str:
        return self.station.split(".")[0]


@dataclass(frozen=True)
class Row:
    """One case and lead."""

    case: Case
    lead: int
    index: float  # persistence index, against the last value of the record without the outage
    index_of_known: float  # against the last value that had come
    crps: float  # over the standard deviation of the truth
    squared: float  # squared error over the variance of the truth
    answered: float  # share of the issue times with a forecast


def costs(rows: Sequence[Row], what: Callable[[Row], float]) -> dict[tuple[str, str, str, int], float]:
    """By station, outage, fill and lead: how much of a score the outage costs, rising = worse."""
    whole = {(r.case.station, r.lead): what(r) for r in rows if r.case.outage == "none"}
    return {
        (r.case.station, r.case.outage, r.case.fill, r.lead): whole[r.case.station, r.lead] - what(r)
        for r in rows
        if (r.case.station, r.lead) in whole
    }


def over_basins(found: dict[tuple[str, str, str, int], float], outage: str, fill: str, lead: int) -> float:
    """The median over the basins of the mean over each basin's stations."""
    by_basin: dict[str, list[float]] = {}
    for (station, o, f, le), value in found.items():
        if (o, f, le) == (outage, fill, lead):
            by_basin.setdefault(station.split(".")[0], []).append(value)
    return float(np.median([np.mean(v) for v in by_basin.values()])) if by_basin else float("nan")


def scores(rows: Sequence[Row], what: Callable[[Row], float]) -> dict[tuple[str, str, str, int], float]:
    return {(r.case.station, r.case.outage, r.case.fill, r.lead): what(r) for r in rows}


def table(rows: Sequence[Row], found: dict[tuple[str, str, str, int], float], digits: int) -> list[str]:
    """A Markdown table, a line per outage and fill, medians over the basins."""
    leads = sorted({r.lead for r in rows})
    out = ["| outage | fill | " + " | ".join(f"+{f}" for f in leads) + " |", "|---" * (len(leads) + 2) + "|"]
    for outage, fill in dict.fromkeys((r.case.outage, r.case.fill) for r in rows):
        cells = [f"{over_basins(found, outage, fill, f):.{digits}f}" for f in leads]
        out.append("| " + " | ".join([outage, fill, *cells]) + " |")
    return out


def sections(rows: Sequence[Row]) -> list[str]:
    """All tables of some stations."""
    parts = [
        ("Persistence index that the outage costs", costs(rows, lambda r: r.index), 3),
        ("Persistence index", scores(rows, lambda r: r.index), 3),
        ("Persistence index against the last value that had come", scores(rows, lambda r: r.index_of_known), 3),
        ("CRPS over the standard deviation of the truth", scores(rows, lambda r: r.crps), 4),
        ("Squared error over the variance of the truth", scores(rows, lambda r: r.squared), 4),
        ("Share of the issue times with a forecast", scores(rows, lambda r: r.answered), 2),
    ]
    return [line for title, found, digits in parts for line in (f"### {title}", "", *table(rows, found, digits), "")]


def verdicts(rows: Sequence[Row]) -> list[str]:
    """What was asked, and what was found."""
    found, leads = costs(rows, lambda r: r.index), sorted({r.lead for r in rows})
    lines = []
    for outage, most in ASKED.items():
        told = {f: over_basins(found, outage, OURS, f) for f in leads}
        said = ", ".join(f"+{f} {value:.3f}" for f, value in told.items())
        good = all(value <= most for value in told.values())
        lines.append(f"- {outage} costs at most {most}: {'yes' if good else 'NO'} ({said})")
    return [*lines, *against_climatology(rows), *against_others(rows)]


def against_climatology(rows: Sequence[Row]) -> list[str]:
    """With the level lost, at every lead of every station."""
    by_case = {(r.case.station, r.case.outage, r.case.fill, r.lead): r for r in rows}
    lines = []
    for name in ("crps", "squared"):
        worse, count = [], 0
        for (station, outage, fill, lead), row in by_case.items():
            if (outage, fill) == ("level lost", OURS):
                count += 1
                if getattr(row, name) > getattr(by_case[station, "any", "climatology", lead], name):
                    worse.append(f"{station} +{lead}")
        lines.append(f"- level lost, {name} worse than climatology: {len(worse)} of {count} ({', '.join(worse)})")
    return lines


def against_others(rows: Sequence[Row]) -> list[str]:
    """Columns of outage and lead in which another fill is better than ours, in the median over the basins."""
    leads = sorted({r.lead for r in rows})
    outages = [o for o in dict.fromkeys(r.case.outage for r in rows) if o not in ("none", "any")]
    lines = []
    for name, sign in (("index", -1), ("crps", 1)):
        found = scores(rows, lambda r, name=name: getattr(r, name))  # type: ignore[misc]
        better = []
        for outage in outages:
            for lead in leads:
                mine = sign * over_basins(found, outage, OURS, lead)
                its = {f: sign * over_basins(found, outage, f, lead) for f in OTHERS}
                better += [f"{outage} +{lead} {fill}" for fill, value in its.items() if value < mine - 1e-9]
        count = len(outages) * len(leads)
        lines.append(f"- columns in which another fill is better, {name}: {len(better)} of {3 * count} "
                     f"({'; '.join(better)})")  # fmt: skip
    return lines


def print_rows(rows: Sequence[Row]) -> None:
    print("\n".join([*sections(rows), *verdicts(rows)]))


def write_markdown(out: Path, rows: Sequence[Row], seed: int) -> None:
    """The verdicts, the medians, then every station."""
    today = datetime.datetime.now(datetime.UTC).date()
    stations = list(dict.fromkeys(r.case.station for r in rows))
    text = [f"# The outage curve, {today}", "", f"Seed {seed}; {len(stations)} stations: {', '.join(stations)}.", ""]
    text += [NOTES]
    text += ["## Asked and found (medians over basins)", "", *verdicts(rows), ""]
    text += ["## Medians over the basins", "", *sections(rows)]
    for station in stations:
        text += [f"## {station}", "", *sections([r for r in rows if r.case.station == station])]
    out.write_text("\n".join(text), encoding="utf-8")
