"""What a whole cycle costs, from new rows in a CSV file to the sink's file, over 100, 1,000 and 10,000 stations.

    python -m benchmarks.speed [--stations 100 1000 10000] [--models DIR] [--cycles 5] [--days 30]

72 past steps of 15 minutes, 4 inputs, 24 leads, 7 quantiles; ``blend`` of ridge, regional boosting and persistence;
SQLite store; CSV source and sink. Each size runs in a process of its own, so that its memory is its own.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("numpy", "pandas", "lightgbm", "sqlalchemy")
LIMITS = {"total": 15.0, "buffer: window": 1.0, "peak_mb": 3000.0}  # at 10,000 stations


def run_size(stations: int, options: argparse.Namespace, models: Path) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.speed.cycle", "--stations", str(stations), "--models", str(models)]
    command += ["--cycles", str(options.cycles), "--days", str(options.days), "--clock", options.clock]
    path = os.pathsep.join([str(ROOT), str(ROOT / "adapters")])
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"the cycle over {stations} stations failed:\n{done.stderr}")
    measured: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return measured


def report(sizes: list[dict[str, float]]) -> str:
    """A markdown table: milliseconds by stage."""
    names = [n for n in sizes[-1] if n not in ("stations", "rows", "peak_mb")]
    head = "| stage, ms | " + " | ".join(f"{int(s['stations']):,} stations" for s in sizes) + " |"
    lines = [head, "|---|" + "---|" * len(sizes)]
    for name in names:
        lines.append(f"| {name} | " + " | ".join(f"{1e3 * s[name]:.1f}" for s in sizes) + " |")
    each = " | ".join(f"{1e3 * s['total'] / s['stations']:.3f}" for s in sizes)
    lines.append(f"| total per station | {each} |")
    lines.append("| new values from the file | " + " | ".join(f"{int(s['rows']):,}" for s in sizes) + " |")
    lines.append("| peak memory, MB | " + " | ".join(f"{s['peak_mb']:.0f}" for s in sizes) + " |")
    return "\n".join(lines)


def missed(largest: dict[str, float]) -> list[str]:
    return [f"{name} {largest[name]:.2f} is above {most}" for name, most in LIMITS.items() if largest[name] > most]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--stations", type=int, nargs="+", default=[100, 1000, 10_000])
    parser.add_argument("--models", type=Path, help="folder to keep the trained models in; default: trained anew")
    parser.add_argument("--cycles", type=int, default=5)
    parser.add_argument("--days", type=int, default=30, help="of the record that the buffer is filled with first")
    parser.add_argument("--clock", default="wall", help="wall, or processor: time of all threads, on a busy machine")
    options = parser.parse_args()
    packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    print(
        f"{datetime.now(UTC):%Y-%m-%d %H:%MZ}; Python {platform.python_version()}, {packages}; {os.cpu_count()} cores"
    )
    print(f"{options.clock} time; load at the start {os.getloadavg()[0]:.1f}\n")
    with tempfile.TemporaryDirectory() as folder:
        sizes = [run_size(n, options, options.models or Path(folder)) for n in options.stations]
    print(report(sizes))
    if faults := missed(sizes[-1]):
        raise SystemExit("; ".join(faults))


if __name__ == "__main__":
    main()
