"""Tables of trials, in Markdown."""

from __future__ import annotations

import platform
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from benchmarks.knox.trial import Trial

WORST = 6.0  # points: above it, a warning must be raised
BEST = 2.0  # points: below it, none may be
ASKED = {"A": "2", "B": "2", "C": "3", "D": "2.5", "E": "3", "continuous": "10 (ours)"}  # points of zone error
SLOW, QUICK = 2.0, 0.6  # hours: the same for response times


def report(trials: Sequence[Trial]) -> str:
    cases = list(dict.fromkeys(t["case"] for t in trials))
    by_case = {case: [t for t in trials if t["case"] == case] for case in cases}
    head = f"Python {platform.python_version()}, numpy {np.__version__}; {len(trials)} trials\n"
    return "\n".join([head, headline_table(by_case), rival_table(by_case), caution_table(by_case)])


def headline_table(by_case: dict[str, list[Trial]]) -> str:
    rows = []
    for case, trials in by_case.items():
        error = [t["error"]["headline"] for t in trials]
        centroid = [np.mean(np.abs(t["centroid"])) for t in trials]
        worst = [np.max(np.abs(t["centroid"])) for t in trials]
        rows.append(
            [
                case,
                ASKED.get(case, ""),
                f"**{np.mean(error):.2f}**",
                f"{min(error):.1f} to {max(error):.1f}",
                f"{mean(trials, lambda t: t['together']):.2f}",
                f"**{np.mean(centroid):.2f}**",
                f"{np.mean(worst):.2f}",
                f"{mean(trials, lambda t: np.mean(np.abs(t['cut']))):.2f}",
                f"{100 * mean(trials, lambda t: t['first']):.0f} %",
                f"{mean(trials, lambda t: t['iqr']):.1f}",
                f"{mean(trials, lambda t: t['skill']['nse']):.3f}",
                f"{'/'.join(str(t['lags']) for t in trials)}",
                f"{mean(trials, lambda t: t['seconds']):.0f}",
            ]
        )
    columns = [
        "case", "asked", "zone error, points", "range", "alike taken together", "centroid error, h: mean zone",
        "worst zone", "without the run rule", "right first zone", "IQR, points", "NSE", "lags", "s",
    ]  # fmt: skip
    return table(columns, rows)


def rival_table(by_case: dict[str, list[Trial]]) -> str:
    """Mean over the realisations of the largest zone error, points."""
    names = list(dict.fromkeys(name for trials in by_case.values() for t in trials for name in t["error"]))
    rows = []
    for case, trials in by_case.items():
        rows.append(
            [
                case,
                *(
                    f"{mean(trials, lambda t, n=n: t['error'][n]):.1f}" if n in trials[0]["error"] else ""
                    for n in names
                ),
            ]
        )
    return table(["case", *names], rows)


def caution_table(by_case: dict[str, list[Trial]]) -> str:
    """Cautions about shares against the zone error, cautions about times against the worst zone's centroid."""
    rows = []
    for case, trials in by_case.items():
        raised, times = ([bool(t[key]) for t in trials] for key in ("cautions", "of times"))
        late = [float(np.max(np.abs(t["centroid"]))) for t in trials]
        missed = sum(t["error"]["headline"] > WORST and not r for t, r in zip(trials, raised, strict=True))
        false = sum(t["error"]["headline"] < BEST and r for t, r in zip(trials, raised, strict=True))
        missed_times = sum(e > SLOW and not r for e, r in zip(late, times, strict=True))
        false_times = sum(e < QUICK and r for e, r in zip(late, times, strict=True))
        rows.append(
            [
                case, f"{sum(raised)} of {len(trials)}", str(missed), str(false), codes(trials, "cautions"),
                f"{sum(times)} of {len(trials)}", str(missed_times), str(false_times), codes(trials, "of times"),
            ]
        )  # fmt: skip
    columns = [
        "case", "warned of shares", "above 6 points and not warned", "below 2 points and warned", "codes",
        "warned of times", f"worst zone above {SLOW:g} h and not warned", f"below {QUICK:g} h and warned", "codes",
    ]  # fmt: skip
    return table(columns, rows)


def codes(trials: Sequence[Trial], key: str) -> str:
    return ", ".join(sorted({caution.split(" ")[0] for t in trials for caution in t[key]}))


def mean(trials: Sequence[Trial], of: Callable[[Any], Any]) -> float:
    return float(np.mean([of(t) for t in trials]))


def table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"
