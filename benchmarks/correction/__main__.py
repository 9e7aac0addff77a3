"""``python -m benchmarks.correction``: is a flood rejected, are planted and real faults found, how long does it take.

The data lie in ../shared/data beside the checkout. Limits are read off the first 70 % of each record; faults are
planted in the rest. Rules are developed with ``--develop`` (and another ``--seed``), which never sees the last 30 % of
a record; the test on them is for once. ``python -m benchmarks.correction.outage`` draws the outage curve."""

from __future__ import annotations

import argparse
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

from .cases import Case, by_size, cases
from .cycle_time import seconds_per_cycle
from .floods import Found, floods_of
from .gauges import records
from .made_faults import FAULTS
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
    parser.add_argument("--only", nargs="+", default=[], help="parts of the names of the records looked at")
    parser.add_argument("--kinds", nargs="+", default=list(FAULTS), choices=list(FAULTS), help="of planted faults")
    parser.add_argument("--missed", action="store_true", help="tell each fault that was not failed in time")
    parser.add_argument("--no-floods", action="store_true", help="planted faults only")
    chosen = parser.parse_args()
    lines, found = [], []
    every = records(chosen.data, chosen.develop, chosen.only)
    if not chosen.no_floods:
        floods = [one for record in every for one in floods_of(record)]
        lines += [*flood_lines(floods), "", *[f"- {line}" for record in every for line in listed(record)], ""]
        print("\n".join(lines), flush=True)
    for record in every:
        some = cases(record, chosen.each, chosen.seed, chosen.kinds)
        print(record.name, {k: f"{a}/{b}" for k, (a, b) in counted(some).items() if b}, flush=True)
        print("".join(f"{one}\n" for one in some if chosen.missed and not one.failed), end="", flush=True)
        found += some
    lines += fault_lines(found, chosen.seed)
    if chosen.only or chosen.no_floods:
        print("\n".join(lines[-40:]), flush=True)
        return
    lines += ["", "## Time", "", *seconds_per_cycle()]
    print("\n".join(lines[-40:]), flush=True)
    if chosen.develop:
        return
    chosen.out.write_text(f"# Quality control: results\n\n{datetime.now(UTC):%Y-%m-%d}\n\n" + "\n".join(lines) + "\n")


def counted(found: list[Case]) -> dict[str, tuple[int, int]]:
    """Kind -> failed in time, planted."""
    return {k: (sum(c.failed for c in found if c.kind == k), sum(c.kind == k for c in found)) for k in FAULTS}


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


def fault_lines(found: list[Case], seed: int) -> list[str]:
    lines = [
        f"## Planted faults (seed {seed})",
        "",
        "| kind | found in time | planted | recall | asked |",
        "|---|---|---|---|---|",
    ]
    for kind, (a, b) in counted(found).items():
        asked = f"{ASKED[kind]:.0%}" if kind in ASKED else "in time"
        lines.append(f"| {kind} | {a} | {b} | {a / max(b, 1):.1%} | {asked} |")
    lines += ["", "By size in the series' own surprises (99.9 % of its changes in one step):", "", *by_size(found), ""]
    lines += ["| record | " + " | ".join(FAULTS) + " |", "|---" * (len(FAULTS) + 1) + "|"]
    for name in dict.fromkeys(c.record for c in found):
        cells = counted([c for c in found if c.record == name]).values()
        lines.append(f"| {name} | " + " | ".join(f"{a}/{b}" if b else "" for a, b in cells) + " |")
    return lines


if __name__ == "__main__":
    main()
