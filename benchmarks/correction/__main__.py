"""``python -m benchmarks.correction``: is a flood rejected, are planted and real faults found, how long does it take.

The data lie in ../shared/data beside the checkout. Limits are read off the first 70 % of each record; faults are
planted in the rest. Rules are developed with ``--develop`` (and another ``--seed``), which never sees the last 30 % of
a record; the test on them is for once. ``python -m benchmarks.correction.outage`` draws the outage curve."""

from __future__ import annotations

import argparse
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from .cycle_time import seconds_per_cycle
from .floods import Found, floods_of
from .gauges import records
from .made_faults import FAULTS, recall
from .real_faults import listed

ROOT = Path(__file__).resolve().parents[2]
ASKED = {"spike": 0.95, "drop": 0.95, "shift": 0.95, "dump": 0.95}


def main() -> None:
    parser = argparse.ArgumentParser(prog="benchmarks.correction", description=__doc__)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--each", type=int, default=8, help="faults of a kind planted per series")
    parser.add_argument("--seed", type=int, default=20261125)
    parser.add_argument("--develop", action="store_true", help="on the first 70 %% of records; writes nothing")
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks" / "correction" / "RESULTS.md")
    chosen = parser.parse_args()
    every = records(chosen.data, chosen.develop)
    found = [one for record in every for one in floods_of(record)]
    lines = [*flood_lines(found), "", *[f"- {line}" for record in every for line in listed(record)], ""]
    print("\n".join(lines), flush=True)
    rng, counts = np.random.default_rng(chosen.seed), {}
    for record in every:
        counts[record.name] = recall(record, chosen.each, rng)
        print(record.name, {k: f"{a}/{b}" for k, (a, b) in counts[record.name].items() if b}, flush=True)
    lines += fault_lines(counts, chosen.seed)
    lines += ["", "## Time", "", *seconds_per_cycle()]
    print("\n".join(lines[-40:]), flush=True)
    if chosen.develop:
        return
    chosen.out.write_text(f"# Quality control: results\n\n{datetime.now(UTC):%Y-%m-%d}\n\n" + "\n".join(lines) + "\n")


def flood_lines(found: list[Found]) -> list[str]:
    near = [one for one in found if one.near_peaks]
    tested, failed = sum(one.tested_values for one in found), sum(one.tested_failed for one in found)
    methods: Counter[str] = sum((one.methods for one in found), Counter())
    return [
        "## No flood rejected",
        "",
        f"{len(found)} series of {len({one.record for one in found})} records, {sum(o.values for o in found)} values.",
        f"Failed in the parts that limits were not read off, known faults left out: {failed} of {tested} = "
        f"{failed / tested:.3%} (asked: at most 0.3 %). All failures by method: {dict(methods)}.",
        f"Within 6 h of any of the 20 largest peaks of a series: {sum(len(o.near_peaks) for o in near)} values in "
        f"{len(near)} series failed that are no listed fault (asked: none); "
        f"{sum(o.near_known for o in found)} that are.",
        "",
        *[f"- {o.record} {o.series}: {len(o.near_peaks)}, e.g. {'; '.join(o.near_peaks[:3])}" for o in near],
        "",
        "## Faults listed in the data's READMEs",
    ]


def fault_lines(counts: dict[str, dict[str, tuple[int, int]]], seed: int) -> list[str]:
    lines = [
        f"## Planted faults (seed {seed})",
        "",
        "| kind | found in time | planted | recall | asked |",
        "|---|---|---|---|---|",
    ]
    for kind in FAULTS:
        a, b = (sum(c[kind][j] for c in counts.values()) for j in (0, 1))
        lines.append(
            f"| {kind} | {a} | {b} | {a / max(b, 1):.1%} | {f'{ASKED[kind]:.0%}' if kind in ASKED else 'in time'} |"
        )
    lines += ["", "| record | " + " | ".join(FAULTS) + " |", "|---" * (len(FAULTS) + 1) + "|"]
    for name, c in counts.items():
        lines.append(f"| {name} | " + " | ".join(f"{a}/{b}" if b else "" for a, b in (c[k] for k in FAULTS)) + " |")
    return lines


if __name__ == "__main__":
    main()
