"""``make bench``: every benchmark in turn, each in a process of its own; what fails is told and does not stop the next.

python -m benchmarks [NAME ...]      all by default; results are kept by hand in benchmarks/RESULTS.md
"""

from __future__ import annotations

import subprocess
import sys
import time

BENCHMARKS = (
    "feeds", "store", "speed", "training", "training_networks", "inference", "attribution", "knox", "skill", "gardon",
    "correction", "correction.outage", "uncertainty.coverage", "uncertainty.decomposition", "uncertainty.cost",
    "adapters.samples", "adapters.sandre", "adapters.sql_ingest", "adapters.cap",
)  # fmt: skip


def main(names: list[str]) -> int:
    """0 when every benchmark named ran to its end."""
    if unknown := set(names) - set(BENCHMARKS):
        raise SystemExit(f"no benchmark named {sorted(unknown)[0]!r}; there are: {', '.join(BENCHMARKS)}")
    failed = []
    for name in names or BENCHMARKS:
        print(f"== {name}", flush=True)
        begun = time.monotonic()
        done = subprocess.run([sys.executable, "-m", f"benchmarks.{name}"])
        print(f"== {name}: exit {done.returncode}, {time.monotonic() - begun:.0f} s\n", flush=True)
        failed += [name] if done.returncode else []
    if failed:
        print(f"failed: {', '.join(failed)}")
    return len(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
