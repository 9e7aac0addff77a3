"""``python -m benchmarks.correction.outage``: what lost gauges cost, with our fills and with others'.

One model, the product's default blend with its trained weights, learns from the first 80 % of each record without
outages; they are planted in the last 20 %, whose values are forecast. Persistence index: against the last value of the
record without the outage, so that a lost level costs; and against the last value that had come. CRPS in standard
deviations of the truth. Fitted models are kept under ``--keep``. ``--develop``: the first 80 % of every record
only."""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks.skill.basins import BASINS, first_part, read, split_in_time, truth_at, with_events
from hydria_plugin import History, Split, Window
from hydria_plugin.correctors.gaps.corrector import Gaps
from hydria_plugin.forecasters.blend import Blend
from hydria_plugin.forecasters.block_network.forecaster import BlockNetwork
from hydria_plugin.forecasters.boosting import Boosting
from hydria_plugin.forecasters.persistence import Persistence
from hydria_plugin.forecasters.ridge import Ridge
from hydria_plugin.values import Floats, Ints
from hydria_plugin.verification.scores import crps_each

from .many import by_gaps, by_rule, causally, many
from .planting import PLANS, planted, rain_slots
from .report import Case, Row, print_rows, write_markdown

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT.parent / "shared" / "data"
LEADS = (1, 3, 6, 12, 24)
MOST = 3_000  # issue times per station
AT_ONCE = 1_000
FILLS = ("ours", "zero", "linear", "last", "left as gaps")
SEED = 4


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks.correction.outage", description=__doc__)
    parser.add_argument("--stations", nargs="*", default=[], help="basin or basin.station; default all")
    parser.add_argument("--fills", nargs="*", default=list(FILLS))
    parser.add_argument("--outages", nargs="*", default=list(PLANS))
    parser.add_argument("--develop", action="store_true", help="the first 80 %% of each record only")
    parser.add_argument("--keep", type=Path, default=Path(tempfile.gettempdir()) / "hydria-outage")
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks" / "correction" / "OUTAGE.md")
    return parser.parse_args()


def main() -> None:
    options = arguments()
    if not DATA.is_dir():
        raise SystemExit(f"the outage benchmark needs the records in {DATA}")
    folder, rows = options.keep / ("develop" if options.develop else "test"), list[Row]()
    for basin in BASINS:
        for history in read(basin, DATA):
            name = f"{basin.name}.{history.layout.stations[0]}"
            if options.stations and not {name, basin.name} & set(options.stations):
                continue
            part = first_part(history) if options.develop else history
            start = time.monotonic()
            rows += station_rows(name, part, folder, options.fills, options.outages)
            print(f"{name}: {time.monotonic() - start:.0f} s", flush=True)
    print_rows(rows)
    if not options.develop:
        write_markdown(options.out, rows, SEED)


def station_rows(name: str, history: History, folder: Path, fills: list[str], outages: list[str]) -> list[Row]:
    """All outages and fills of one station."""
    split = split_in_time(history)
    blend = fitted(folder / name, history, split)
    gaps = Gaps().fit(history, learned(split))
    at = issue_steps(split)
    found: list[Row] = []
    for outage in outages:
        if "gauge" in outage and len(rain_slots(history)) < 2:
            continue
        record = planted(history, outage, int(at[0]) - history.layout.past, SEED)
        for how in fills if outage != "none" else ["ours"]:
            values = answered(blend, record, at, shower(how, gaps))
            found += scored(Case(name, outage, how), history, record, at, values)
    usual = np.nanquantile(history.target.values[0][(split.fit | split.stop)[0]], history.layout.quantiles)
    values = np.broadcast_to(usual, (len(at), history.layout.horizon, len(usual)))
    return found + scored(Case(name, "any", "climatology"), history, history, at, values)


def learned(split: Split) -> Split:
    """All but the test part."""
    return Split(split.fit | split.stop, split.stop, split.test, split.events)


def issue_steps(split: Split) -> Ints:
    steps = np.flatnonzero(split.test[0])
    return steps[:: max(1, -(-len(steps) // MOST))]


def shower(how: str, gaps: Gaps) -> Callable[[History, Ints], Window]:
    """The windows as a fill shows them."""
    if how == "ours":
        return lambda record, at: by_gaps(gaps, record, at)
    if how == "left as gaps":
        return many
    return lambda record, at: by_rule(how, record, at)


def answered(blend: Blend, record: History, at: Ints, show: Callable[[History, Ints], Window]) -> Floats:
    """(N, H, Q)"""
    parts = np.array_split(at, -(-len(at) // AT_ONCE))
    return np.concatenate([blend.forecast(show(record, some)).values for some in parts])


def scored(case: Case, history: History, record: History, at: Ints, values: Floats) -> list[Row]:
    """A row per lead, over the issue times at which there is a forecast. ``record``: the history with the outage."""
    last, spread = history.target.values[0][at], float(np.nanstd(history.target.values[0][at]))
    came, rows = causally(record.target.values[0][:, None], "last")[at, 0], list[Row]()
    for lead in LEADS:
        truth, quantiles = truth_at(history, at, lead), values[:, lead - 1]
        asked = np.isfinite(truth) & np.isfinite(last)
        there = asked & np.isfinite(quantiles).all(axis=1)
        centre = quantiles[:, history.layout.median]
        missed, kept, held = (float(((truth - x)[there] ** 2).sum()) for x in (centre, last, came))
        score = crps_each(truth[there], quantiles[there], history.layout.quantiles)
        rows.append(
            Row(
                case,
                lead,
                index=1 - missed / kept if kept > 0 else float("nan"),
                index_of_known=1 - missed / held if held > 0 else float("nan"),
                crps=float(score.mean()) / spread if there.any() else float("nan"),
                squared=missed / max(1, int(there.sum())) / spread**2,
                answered=float(there.sum() / max(1, int(asked.sum()))),
            )
        )
    return rows


def fitted(place: Path, history: History, split: Split) -> Blend:
    """The product's default blend, fitted once."""
    threads = int(os.environ.get("OMP_NUM_THREADS", "0"))
    network = BlockNetwork(**BlockNetwork.in_a_blend, seed=1, num_threads=threads)
    boosting = Boosting(seed=1, num_threads=threads)
    members = {"persistence": Persistence(), "ridge": Ridge(), "boosting": boosting, "block-network": network}
    blend = Blend(members=members, rng=np.random.default_rng(1))
    if not place.exists():
        made, scratch = blend.fit(history, with_events(history, split)), place.with_name(place.name + ".part")
        scratch.mkdir(parents=True)
        made.save(scratch)
        scratch.rename(place)
    return blend.load(place)


if __name__ == "__main__":
    main()
