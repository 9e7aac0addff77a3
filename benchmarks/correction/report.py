"""The outage curve, as a table."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np


@dataclass(frozen=True)
class Row:
    """One station, outage, fill and lead."""

    station: str
    outage: str
    fill: str
    lead: int
    index: float  # persistence index
    crps: float  # over the standard deviation of the truth
    squared: float  # squared error over the variance of the truth
    answered: float  # share of the issue times with a forecast


def median(rows: Sequence[Row], outage: str, fill: str, lead: int, what: str) -> float:
    """Over the stations."""
    found = [getattr(r, what) for r in rows if (r.outage, r.fill, r.lead) == (outage, fill, lead)]
    return float(np.median(found)) if found else float("nan")


def cost(rows: Sequence[Row], outage: str, fill: str, lead: int) -> float:
    """Median over the stations of the persistence index that the outage costs."""
    whole = {r.station: r.index for r in rows if (r.outage, r.lead) == ("none", lead)}
    found = [whole[r.station] - r.index for r in rows if (r.outage, r.fill, r.lead) == (outage, fill, lead)]
    return float(np.median(found)) if found else float("nan")


def lines(rows: Sequence[Row]) -> list[str]:
    """A Markdown table of medians, one line per outage and fill."""
    leads = sorted({r.lead for r in rows})
    pairs = dict.fromkeys((r.outage, r.fill) for r in rows)
    head = ["outage", "fill", *(f"PI +{f}" for f in leads), *(f"cost +{f}" for f in leads),
            *(f"CRPS +{f}" for f in leads), "answered"]  # fmt: skip
    out = ["| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
    for outage, fill in pairs:
        cells = [f"{median(rows, outage, fill, f, 'index'):.3f}" for f in leads]
        cells += [f"{cost(rows, outage, fill, f):.3f}" for f in leads]
        cells += [f"{median(rows, outage, fill, f, 'crps'):.4f}" for f in leads]
        cells.append(f"{median(rows, outage, fill, leads[0], 'answered'):.2f}")
        out.append("| " + " | ".join([outage, fill, *cells]) + " |")
    return out


def print_rows(rows: Sequence[Row]) -> None:
    print("\n".join(lines(rows)))


def write_markdown(out: Path, rows: Sequence[Row], seed: int) -> None:
    """The medians, then every station."""
    today = datetime.datetime.now(datetime.UTC).date()
    stations = list(dict.fromkeys(r.station for r in rows))
    text = [f"# The outage curve, {today}", "", f"Seed {seed}; {len(stations)} stations: {', '.join(stations)}.", ""]
    text += ["## Medians over the stations", "", *lines(rows), ""]
    for station in stations:
        text += [f"## {station}", "", *lines([r for r in rows if r.station == station]), ""]
    out.write_text("\n".join(text), encoding="utf-8")
