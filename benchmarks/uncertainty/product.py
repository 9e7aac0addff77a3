"""The product as an admin runs it: what its correctors do to bands and scores on real basins.

    python -m benchmarks.uncertainty.product [--basins airgr_L0123003 ...] [--keep DIR]

A configuration on the basin's own CSV file, `hydria train` on the first 80 % of the record, `hydria backtest` over the
last 20 %, every step, without rain to come and with it perfectly known; once with all five correctors, once with those
of bands alone, once with none (one training, with all of them in it). Scores as in benchmarks.uncertainty.coverage,
beside the peers' of benchmarks.uncertainty.peers at the same steps; "width": of the 10-90 % band over that of the peer
stretched to the same coverage. Each piece is kept, so that a stopped run goes on.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.skill.basins import BASINS, Basin, read, split_in_time
from benchmarks.skill.peers import Task, table_of
from benchmarks.skill.runs import LEADS, Plan, peer_answer
from hydria_plugin import History, Split
from hydria_plugin.learning.ticks import ticks_of
from hydria_plugin.values import Floats, Ints

from .coverage import DATA, LEVELS, Record, largest_flood, scores, widened
from .peers import raw_ensemble, split_conformal

BANDS = ("error-model", "conformal")
LISTS: dict[str, tuple[Sequence[str], Sequence[str]]] = {
    "none": ((), ()),
    "bands": ((), BANDS),
    "all": (("quality", "gaps", "input-error"), BANDS),
}
PEERS = ("raw ensemble", "LightGBM q.", "split conformal")
HEAD = ("coverage", "by share", "half-width", "median", "last", "rise", "reliability", "flood", "CRPS / none",
        *(f"{what} / {peer}" for peer in PEERS for what in ("CRPS", "width")))  # fmt: skip


@dataclass(frozen=True)
class Site:
    """A basin as a platform in a folder."""

    basin: Basin
    folder: Path
    histories: tuple[History, ...]

    @property
    def span(self) -> tuple[np.datetime64, np.datetime64]:
        """First and last issue time of the test part, of all stations."""
        parts = [(h, np.flatnonzero(split_in_time(h).test[0])) for h in self.histories]
        first = min(h.times[at[0]] for h, at in parts)
        last = max(h.times[at[-1]] for h, at in parts)
        return first, last

    def write(self) -> None:
        """The tables, and one configuration for each list of correctors."""
        b = self.basin
        self.folder.mkdir(parents=True, exist_ok=True)
        stations = ["station,name,target,quantity,unit"]
        stations += [f"{s.name},{s.name},{s.target},{b.quantity},{unit_of(s.target, b)}" for s in b.stations]
        inputs = ["station,slot,series,kind"]
        inputs += [f"{s.name},{slot},{series},{slot.split('.')[0]}" for s in b.stations for slot, series in s.inputs]
        (self.folder / "stations.csv").write_text("\n".join(stations) + "\n", encoding="utf-8")
        (self.folder / "inputs.csv").write_text("\n".join(inputs) + "\n", encoding="utf-8")
        for name, (of_inputs, of_forecast) in LISTS.items():
            (self.folder / f"{name}.toml").write_text(self.config(of_inputs, of_forecast), encoding="utf-8")

    def config(self, of_inputs: Sequence[str], of_forecast: Sequence[str]) -> str:
        b = self.basin
        return f"""[platform]
name = "{b.name}"
store = "sqlite:///hydria.db"
models = "models"

[pipelines.p]
step = "{b.minutes}min"
past = "{72 * b.minutes}min"
horizon = "{24 * b.minutes}min"
stations = "stations.csv"
inputs = "inputs.csv"
source = {{ use = "csv", path = "{DATA / b.file}", time = "time_utc" }}
forecasters = ["blend", "persistence"]
correct_inputs = [{listed(of_inputs)}]
correct_forecast = [{listed(of_forecast)}]
"""

    def run(self, *words: object) -> None:
        """A command of the product. Raises CalledProcessError."""
        command = (sys.executable, "-m", "hydria_plugin", *map(str, words))
        with (self.folder / "log.txt").open("a", encoding="utf-8") as log:
            subprocess.run(command, check=True, stdout=log, stderr=log)

    def train(self) -> None:
        if not (self.folder / "trained").exists():
            self.run("train", self.folder / "all.toml", "--to", stamp(self.span[0]))
            (self.folder / "trained").touch()

    def backtest(self, which: str, future: str) -> Path:
        out = self.folder / f"{which}.{future}.csv"
        if not out.exists():
            scratch = self.folder / f"part.{which}.{future}.csv"
            first, last = map(stamp, self.span)
            config = self.folder / f"{which}.toml"
            self.run("backtest", config, "--from", first, "--to", last, "--future", future, "--out", scratch)
            scratch.rename(out)
        return out


def unit_of(target: str, basin: Basin) -> str:
    return "cm" if "_cm_" in target else basin.unit


def listed(names: Sequence[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)


def stamp(time: np.datetime64) -> str:
    return f"{time.astype('M8[s]')}Z"


def forecasts(file: Path, history: History) -> tuple[Record, dict[int, Floats]]:
    """Truth and marks at each issue time, and (N, Q) by lead in steps, in the unit of ``history``."""
    table = pd.read_csv(file, dtype={"station": str})
    table = table[table["station"] == history.layout.stations[0]]
    scale = 0.01 if (table["unit"] == "cm").any() else 1.0
    issued = pd.to_datetime(table["issued_at"], utc=True).dt.tz_localize(None)
    valid = pd.to_datetime(table["valid_at"], utc=True).dt.tz_localize(None)
    steps = ((valid - issued) / pd.Timedelta(seconds=int(history.layout.step.astype(int)))).round().astype(int)
    wide = table.assign(at=issued, steps=steps).pivot(index=["at", "steps"], columns="quantile", values="value")
    values = np.asarray(history.target.told[0], dtype=np.float32)
    at = np.searchsorted(history.times, np.unique(issued.to_numpy().astype("M8[s]")))
    found = {}
    for lead in LEADS:
        rows = wide.xs(lead, level="steps").reindex(pd.DatetimeIndex(history.times[at]))
        found[lead] = rows.to_numpy(dtype=np.float32) * np.float32(scale)
    leads = np.arange(1, max(LEADS) + 1)
    ahead = at[:, None] + leads
    truth = np.where(ahead < len(values), values[np.minimum(ahead, len(values) - 1)], np.nan)
    week = ((history.times[at] - history.times[0]) // np.timedelta64(7, "D")).astype(int)
    raw = np.empty((len(at), 0, len(LEVELS)), np.float32)
    tick = float(ticks_of(history, split_in_time(history))[0])
    return Record(at, raw, truth, values[at], values[at] - values[np.maximum(at - 1, 0)], tick, week), found


def station_rows(site: Site, history: History, future: str, plan: Plan) -> list[tuple[int, str, dict[str, float]]]:
    """By lead and list of correctors."""
    name, rows, before = f"{site.basin.name}.{history.layout.stations[0]}", [], {}
    split = split_in_time(history)
    tested = np.flatnonzero(split.test[0])
    peers = peers_of(name, history, split, future == "perfect", plan)
    for which in LISTS:
        record, found = forecasts(site.backtest(which, future), history)
        for lead in LEADS:
            mine = scores(record, found[lead], lead) | {"flood": largest_flood(record, found[lead], lead)}
            mine["CRPS / none"] = mine["crps"] / before.setdefault(lead, mine["crps"])
            for peer, its in peers[lead].items():
                mine |= beside(peer, its, tested, record, found[lead], lead)
            rows.append((lead, which, mine))
            cells = " | ".join(f"{mine[key]:.3f}" if key in mine else "" for key in HEAD)
            print(f"| {name} | {future} | {lead} | {which} | {cells} |", flush=True)
    return rows


def peers_of(name: str, history: History, split: Split, future: bool, plan: Plan) -> dict[int, dict[str, Floats]]:
    """(N, Q) for the test steps, by lead and peer; LightGBM's quantiles where the skill benchmark has kept them."""
    raw, table = raw_ensemble(plan.keep, name, history, split, future), table_of(history)
    found: dict[int, dict[str, Floats]] = {}
    for lead in LEADS:
        task = Task(history, split, future, lead, 1, table)
        found[lead] = {"raw ensemble": raw[lead], "split conformal": split_conformal(plan.keep, name, task)}
        quantile = peer_answer(name, "LightGBM quantile", task, plan)
        if quantile is not None and quantile.quantiles is not None:
            found[lead]["LightGBM q."] = quantile.quantiles
    return found


def beside(peer: str, its: Floats, tested: Ints, record: Record, values: Floats, lead: int) -> dict[str, float]:
    """CRPS over the peer's, and width over that of the peer stretched to the same coverage, at the same steps."""
    here = np.isin(record.at, tested)
    both = Record(record.at[here], record.raw[here], record.truth[here], record.last[here], record.rise[here],
                  record.tick, record.week[here])  # fmt: skip
    mine, its = scores(both, values[here], lead), its[np.isin(tested, record.at)]
    return {
        f"CRPS / {peer}": mine["crps"] / scores(both, its, lead)["crps"],
        f"width / {peer}": mine["width"] / widened(both, its, lead, mine["coverage"]),
    }


def main() -> None:
    parser = argparse.ArgumentParser(prog="benchmarks.uncertainty.product", description=__doc__)
    parser.add_argument("--basins", nargs="*", default=[b.name for b in BASINS])
    parser.add_argument("--futures", nargs="*", default=["none", "perfect"])
    parser.add_argument("--keep", type=Path, default=Path(tempfile.gettempdir()) / "hydria-product")
    parser.add_argument("--skill", type=Path, default=Path(tempfile.gettempdir()) / "hydria-skill" / "test")
    options = parser.parse_args()
    if not DATA.is_dir():
        raise SystemExit(f"skipped: no data at {DATA}")
    plan = Plan(options.skill, (1,), ("LightGBM quantile",), True, False, lambda said: None)
    print("| station | rain | lead | correctors | " + " | ".join(HEAD) + " |")
    print("|" + "---|" * (len(HEAD) + 4))
    rows: list[tuple[int, str, dict[str, float]]] = []
    for basin in (b for b in BASINS if b.name in options.basins):
        site = Site(basin, options.keep / basin.name, read(basin, DATA))
        site.write()
        site.train()
        for future in options.futures:
            for history in site.histories:
                rows += station_rows(site, history, future, plan)
    print_medians(rows)


def print_medians(rows: Sequence[tuple[int, str, dict[str, float]]]) -> None:
    for which in LISTS:
        for lead in LEADS:
            mine = [found for at, name, found in rows if at == lead and name == which]
            said = ", ".join(f"{k} {np.median(v):.3f}" for k in HEAD if (v := [m[k] for m in mine if k in m]))
            print(f"median, {which}, lead {lead}: {said}")


if __name__ == "__main__":
    main()
