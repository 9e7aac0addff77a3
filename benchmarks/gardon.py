"""The Gardon, 19 September 2020: when would Anduze, Ners and Remoulins have been warned?

Trains on the raw levels before the flood (26 August to 19 September, 00:00 UTC), replays the day of the flood and the
night after it through the real host, every ten minutes, and prints the figures of docs/gardon-2020.md.

    python -m benchmarks.gardon [--quick] [--out DIR] [--svg docs/images]

Data: Hub'Eau (SCHAPI and data producers, 2020), Licence Ouverte, in ../shared/data/hubeau_occitanie_2020. THRESHOLDS
ARE ASSUMED, in round numbers; they are not the official ones.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from hydria_plugin import Bulletin
from hydria_plugin.demo import draw
from hydria_plugin.demo.account import Teller
from hydria_plugin.demo.findings import warned
from hydria_plugin.demo.platform import THRESHOLDS, Case, Site, stamp, write_platform
from hydria_plugin.demo.replaying import replay
from hydria_plugin.drawing.words import Words
from hydria_plugin.workshop import Progress, train_pipelines

FILE = Path(__file__).resolve().parents[1] / "../shared/data/hubeau_occitanie_2020/gardon_2020-09_10min.csv.gz"
BEGIN, END = np.datetime64("2020-09-19T00:00", "s"), np.datetime64("2020-09-20T06:00", "s")
NOT_A_NUMBER = float("nan")
SITES = {  # code: name, assumed thresholds in m above the gauge's zero, rise within an hour that is too fast
    "V7144010": ("Anduze", (2.0, 3.5, 5.0), 0.5),
    "V7164015": ("Ners", (1.0, 1.8, 2.5), 0.4),
    "V7194010": ("Remoulins", (-0.5, 0.5, 2.0), 0.5),
    "V7135035": ("Saumane", (1.0, 3.0, 5.0), 0.5),
    "V7135017": ("Saint-Jean-du-Gard", (1.5, 3.0, 4.5), 0.5),
    "V7124015": ("Mialet", (1.5, 3.0, 4.5), 0.5),
    "V7135010": ("Corbès", (1.5, 3.0, 4.5), 0.5),
    "V7184015": ("Russan", (1.0, 3.0, 6.0), 0.5),
}
UPSTREAM = {
    "V7144010": ("V7124015", "V7135010", "V7135017", "V7135035"),
    "V7164015": ("V7144010", "V7155010", "V7135035"),
    "V7194010": ("V7184015", "V7164015", "V7144010"),
    "V7135010": ("V7135017", "V7135035"),
    "V7135017": ("V7135035",),
    "V7184015": ("V7164015", "V7144010"),
}


def gardon_case() -> Case:
    """The raw 10-minute levels, faults and all, in metres."""
    table = pd.read_csv(FILE, index_col=0, parse_dates=True)
    times = pd.DatetimeIndex(table.index).tz_localize(None).to_numpy().astype("datetime64[s]")
    codes = sorted({*SITES, *(code for above in UPSTREAM.values() for code in above)})
    series = {f"level.{code}": table[f"level_mm_{code}"].to_numpy(dtype=float) / 1000 for code in codes}
    return Case(
        basin="Gardon, September 2020 (real, raw data; thresholds assumed)",
        label="REAL data: Hub'Eau, hydrometrie, SCHAPI and data producers, 2020",
        sites=tuple(Site(c, n, f"level.{c}", "level", "m", limits, rise) for c, (n, limits, rise) in SITES.items()),
        inputs=tuple(
            (code, f"level.upstream.{i}", f"level.{other}", "level")
            for code, above in UPSTREAM.items()
            for i, other in enumerate(above, 1)
        ),
        times=times,
        step="10min",
        past="6h",
        horizon="6h",
        series=series,
        truth={code: series[f"level.{code}"] for code in SITES},
        first_trained=0,
        first=int(np.searchsorted(times, BEGIN)),
        last=int(np.searchsorted(times, END)),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, help="where the platform is written; a temporary folder by default")
    parser.add_argument("--svg", type=Path, help="where the hydrographs go")
    parser.add_argument("--language", default="en", choices=("en", "fr"))
    parser.add_argument("--quick", action="store_true", help="without boosting in the blend")
    asked = parser.parse_args()
    folder = asked.out or Path(tempfile.mkdtemp(prefix="gardon-"))
    case = replace(gardon_case(), of=("ridge", "persistence")) if asked.quick else gardon_case()
    teller = Teller(case, Words.of(asked.language, "Europe/Paris"))
    config = write_platform(folder, case, asked.language)
    trained = train_pipelines(config, case.times[0], case.times[case.first - 1], progress=Progress("training"))
    for outcome in (o for outcomes in trained.values() for o in outcomes):
        print(outcome.name, outcome.why, *outcome.notes, sep="; ")
    bulletins: list[Bulletin] = []

    def told(bulletin: Bulletin) -> None:
        bulletins.append(bulletin)
        for alert in bulletin.alerts:
            if alert.is_news:
                print(teller.when(bulletin.issued_at), teller.news(alert), f"observed {alert.observed:.2f}")

    replay(config, case, told)
    names = THRESHOLDS[asked.language]
    print(*teller.verdicts(warned(case, bulletins, names)), sep="\n")
    print(json.dumps([figures(w) for w in warned(case, bulletins, names)]))
    if asked.svg:
        asked.svg.mkdir(parents=True, exist_ok=True)
        (asked.svg / "gardon-anduze.svg").write_text(draw(case, bulletins, asked.language), encoding="utf-8")


def figures(w: object) -> dict[str, object]:
    """One threshold, for machines."""
    found = vars(w)
    return {k: (None if np.isnat(v) else stamp(v)) if isinstance(v, np.datetime64) else v for k, v in found.items()}


if __name__ == "__main__":
    main()
