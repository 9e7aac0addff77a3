"""``python -m benchmarks.skill``: prints and writes the table. The data lie in ../shared/data beside the checkout.

Resumable: finished pieces are kept under ``--keep`` (outside the repository). ``--develop`` uses the first 80 % of
every record only, split again 60/20/20: for trying things without looking at the test."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np

from .basins import BASINS, first_part, read, split_in_time, test_events, truth_at
from .peers import PEERS
from .report import Line, lines_of, print_table, verdicts, write_markdown
from .runs import LEADS, Plan, run_station
from .scoring import RIVALS, Case, score_all

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT.parent / "shared" / "data"
FEWEST_EVENTS = 20


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks.skill", description=__doc__)
    parser.add_argument("--basins", nargs="*", default=[b.name for b in BASINS])
    parser.add_argument("--peers", nargs="*", default=list(PEERS))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--develop", action="store_true", help="the first 80 %% of each record only")
    parser.add_argument("--peers-only", action="store_true", help="run the peers, write no table")
    parser.add_argument("--kept-peers", action="store_true", help="run only ours; of the peers what was kept")
    parser.add_argument("--keep", type=Path, default=Path(tempfile.gettempdir()) / "hydria-skill")
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks" / "skill" / "RESULTS.md")
    return parser.parse_args()


def main() -> None:
    options = arguments()
    if not DATA.is_dir():
        raise SystemExit(f"the skill benchmark needs the records in {DATA}")
    folder = options.keep / ("develop" if options.develop else "test")
    plan = Plan(
        folder,
        tuple(range(1, options.seeds + 1)),
        tuple(options.peers),
        not options.peers_only,
        not options.kept_peers,
        lambda line: print(line, flush=True),
    )
    found: list[Line] = []
    for basin in (b for b in BASINS if b.name in options.basins):
        for history in read(basin, DATA):
            found += station_lines(basin.name, first_part(history) if options.develop else history, plan)
    if options.peers_only:
        return
    print_table(found)
    write_markdown(options.out, found, plan.seeds, options.develop)
    for verdict in verdicts(found):
        print(verdict)


def station_lines(basin: str, history, plan: Plan) -> list[Line]:  # type: ignore[no-untyped-def]
    """All cases of one station."""
    split = split_in_time(history)
    events = test_events(history, split)
    name = f"{basin}.{history.layout.stations[0]}"
    runs = run_station(name, history, split, plan)
    if not plan.ours:
        return []
    at = np.flatnonzero(split.test[0])
    spread = float(np.nanstd(history.target.values[0][split.test[0]]))
    found: list[Line] = []
    for future in (False, True):
        for lead in LEADS:
            here = {model: answers for (model, f, l), answers in runs.items() if (f, l) == (future, lead)}
            if missing := {"persistence", *RIVALS} - set(here):
                print(f"{name}, lead {lead}: no table without {', '.join(sorted(missing))}")
                continue
            scores = score_all(
                truth_at(history, at, lead),
                {m: [a.centre for a in answers] for m, answers in here.items()},
                {m: [a.quantiles for a in answers] for m, answers in here.items() if answers[0].quantiles is not None},  # type: ignore[misc]
                history.times[at],
                spread,
            )
            found += lines_of(Case(name, future, lead, events, events >= FEWEST_EVENTS), scores)
    return found


if __name__ == "__main__":
    main()
