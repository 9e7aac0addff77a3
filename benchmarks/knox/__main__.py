"""The truth recovered: shares and response times of fictitious basins, by every read-out on the same networks.

    python -m benchmarks.knox [--cases A,B] [--realisations 5] [--members 20] [--first-seed 1] [--keep FILE.jsonl]

The product's own twin, its own recipe, the same for all cases: the study's, and "continuous", three years of storms
over a basin with soil. Settings were chosen on seeds from 1001 to 1999.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from benchmarks.knox.records import names
from benchmarks.knox.report import report
from benchmarks.knox.trial import Trial, trial


def main() -> None:
    parser = argparse.ArgumentParser(prog="benchmarks.knox", description=__doc__)
    parser.add_argument("--cases", default=",".join(names()))
    parser.add_argument("--realisations", type=int, default=5)
    parser.add_argument("--members", type=int, default=20)
    parser.add_argument("--first-seed", type=int, default=1)
    parser.add_argument("--quantity", default="discharge", choices=["discharge", "level"])
    parser.add_argument("--keep", type=Path, default=None, help="finished trials; they are not run again")
    asked = parser.parse_args()
    done: list[Trial] = []
    if asked.keep and asked.keep.exists():
        done = [json.loads(line) for line in asked.keep.read_text().splitlines()]
    wanted = [
        (c, s) for c in asked.cases.split(",") for s in range(asked.first_seed, asked.first_seed + asked.realisations)
    ]
    for case, seed in wanted:
        if any((t["case"], t["seed"], t["quantity"]) == (case, seed, asked.quantity) for t in done):
            continue
        done.append(trial(case, seed, asked.members, asked.quantity))
        if asked.keep:
            with asked.keep.open("a") as file:
                file.write(json.dumps(done[-1]) + "\n")
    print(report([t for t in done if (t["case"], t["seed"]) in wanted and t["quantity"] == asked.quantity]))


if __name__ == "__main__":
    main()
