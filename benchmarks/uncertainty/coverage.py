"""Does the band hold what it promises?   python -m benchmarks.uncertainty.coverage [--basins ...]

The blend's forecasts for the test part of every basin (those of benchmarks.skill: 60/20/20 in time, kept pieces are
used again) go through ``conformal`` step by step, each truth arriving when its time comes. Between the five leads that
the skill benchmark keeps, quantiles are interpolated. Printed per station and lead: coverage of the 10-90 % band, with
truth on a tick counted by its share as well (where most hours bring no change, a band of no width holds them all), its
bootstrap half-width over weeks, coverage where the issued median, the last value or the last rise is in its highest
tenth; CRPS and width beside the blend before ``conformal`` and LightGBM quantile; the reliability index.
"""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.skill.basins import BASINS, read, split_in_time
from benchmarks.skill.peers import Task, table_of
from benchmarks.skill.runs import LEADS, Plan, ours, peer_answer
from hydria_plugin import History, Verified
from hydria_plugin.correctors.conformal.corrector import Conformal, issued, seen_of
from hydria_plugin.correctors.conformal.tracking import Stretch, beyond
from hydria_plugin.learning.ticks import ticks_of
from hydria_plugin.values import Bools, Floats, Ints

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT.parent / "shared" / "data"
LEVELS = np.array([0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95])
LOW, MIDDLE, HIGH = 1, 3, 5
DRAWS = 300


@dataclass(frozen=True, eq=False)
class Record:
    """N issue times of one station: truth and forecasts at H leads."""

    at: Ints  # (N)
    raw: Floats  # (N, H, Q)
    truth: Floats  # (N, H)
    last: Floats  # (N)
    rise: Floats  # (N)
    tick: float
    week: Ints  # (N)


def record_of(history: History, at: Ints, kept: Floats, tick: float) -> Record:
    """From forecasts ``kept`` (N, leads, Q) of the five leads."""
    horizon, values = max(LEADS), np.asarray(history.target.told[0], dtype=np.float32)
    leads = np.arange(1, horizon + 1)
    between = np.stack([np.interp(leads, LEADS, row) for row in np.eye(len(LEADS))], axis=1)
    steps = at[:, None] + leads
    truth = np.where(steps < len(values), values[np.minimum(steps, len(values) - 1)], np.nan)
    week = (history.times[at] - history.times[0]) // np.timedelta64(7, "D")
    raw = np.einsum("hl,nlq->nhq", between, kept).astype(np.float32)
    return Record(at, raw, truth, values[at], values[at] - values[np.maximum(at - 1, 0)], tick, week.astype(int))


def calibrated(r: Record) -> Floats:
    """(N, H, Q) as the cycle would have issued them, learning from step to step."""
    n, horizon, q = r.raw.shape
    conformal, state, out = Conformal(), {}, np.full(r.raw.shape, np.nan, np.float32)
    place, leads = {int(t): i for i, t in enumerate(r.at)}, np.arange(horizon)
    for i in range(n):
        made = np.array([place.get(int(r.at[i]) - f - 1, -1) for f in leads])
        if (made >= 0).any():
            state = conformal.learn(met(r, out, made, float(r.last[i])), state)
        held = Stretch.of(state, 1, horizon, q)
        water = (r.last[i : i + 1], r.rise[i : i + 1], np.array([r.tick]), np.zeros(1))
        out[i] = issued(r.raw[i][None], held, seen_of(state, 1, horizon), water, MIDDLE)[0]
    return out


def met(r: Record, out: Floats, made: Ints, truth: float) -> Verified:
    """What was issued at ``made`` (H; -1 = nothing), one lead after the other, met ``truth``."""
    leads, there = np.arange(len(made)), made >= 0

    def at_issue(values: Floats) -> Floats:
        picked = values[made, leads] if values.ndim == 3 else values[made]
        return np.where(there.reshape(-1, *[1] * (picked.ndim - 1)), picked, np.nan)[None]

    return Verified(
        np.datetime64(0, "s"), ("s",), tuple(LEVELS), at_issue(out), np.array([truth]), np.ones(1, np.uint8),
        base=at_issue(r.last), rise=at_issue(r.rise), raw=at_issue(r.raw),
    )  # fmt: skip


def scores(r: Record, values: Floats, lead: int) -> dict[str, float]:
    """Of (N, Q) forecasts at one lead."""
    y = r.truth[:, lead - 1]
    ok = np.isfinite(y) & np.isfinite(values).all(axis=1)
    y, v, week = y[ok], values[ok].astype(np.float32), r.week[ok]
    inside = (y >= v[:, LOW]) & (y <= v[:, HIGH])
    under = (beyond(y, v[:, None], LEVELS) + LEVELS)[:, 0]
    by_share = under[:, HIGH] - under[:, LOW]
    tops = [tenth(x[ok], inside) for x in (values[:, MIDDLE], r.last, r.rise)]
    miss = y[:, None] - v
    loss = 2 * np.maximum(LEVELS * miss, (LEVELS - 1) * miss).mean()
    return {
        "coverage": inside.mean(), "by share": by_share.mean(), "half-width": half_width(inside, week),
        "median": tops[0], "last": tops[1], "rise": tops[2], "crps": float(loss),
        "width": float((v[:, HIGH] - v[:, LOW]).mean()),
        "reliability": 1 - 2 * float(np.abs(under.mean(axis=0) - LEVELS).mean()),
    }  # fmt: skip


def tenth(mark: Floats, inside: Bools) -> float:
    """Coverage where ``mark`` is in its highest tenth."""
    return float(inside[mark >= np.nanquantile(mark, 0.9)].mean())


def half_width(inside: Bools, week: Ints) -> float:
    """Half the 5-95 % interval of the coverage, weeks drawn with replacement."""
    weeks, which = np.unique(week, return_inverse=True)
    hits, count = np.bincount(which, inside), np.bincount(which)
    draws = np.random.default_rng(0).integers(0, len(weeks), (DRAWS, len(weeks)))
    found = hits[draws].sum(axis=1) / count[draws].sum(axis=1)
    return float(np.subtract(*np.quantile(found, (0.95, 0.05))) / 2)


def widened(r: Record, values: Floats, lead: int, coverage: float) -> float:
    """Mean width of (N, Q) forecasts, stretched about the median until they cover as much."""
    y = r.truth[:, lead - 1]
    ok = np.isfinite(y) & np.isfinite(values).all(axis=1)
    y, v = y[ok], values[ok]
    side = np.where(y > v[:, MIDDLE], v[:, HIGH] - v[:, MIDDLE], v[:, MIDDLE] - v[:, LOW])
    away = np.abs(y - v[:, MIDDLE])
    needed = np.divide(away, side, out=np.where(away > 0, np.inf, 0.0), where=side > 0)
    return float(np.quantile(needed, coverage)) * float((v[:, HIGH] - v[:, LOW]).mean())


def largest_flood(r: Record, values: Floats, lead: int) -> float:
    """Coverage within a day and a half around the largest truth of the test part."""
    y = r.truth[:, lead - 1]
    top = int(np.nanargmax(y))
    near = slice(max(0, top - 24), top + 13)
    inside = (y[near] >= values[near, LOW]) & (y[near] <= values[near, HIGH])
    return float(inside[np.isfinite(y[near])].mean())


def main() -> None:
    parser = argparse.ArgumentParser(prog="benchmarks.uncertainty.coverage", description=__doc__)
    parser.add_argument("--basins", nargs="*", default=[b.name for b in BASINS])
    parser.add_argument("--keep", type=Path, default=Path(tempfile.gettempdir()) / "hydria-skill" / "test")
    options = parser.parse_args()
    if not DATA.is_dir():
        raise SystemExit(f"skipped: no data at {DATA}")
    plan = Plan(options.keep, (1,), ("LightGBM quantile",), True, False, lambda said: None)
    head = ("coverage", "by share", "half-width", "median", "last", "rise", "reliability")
    print("| station | rain | lead | " + " | ".join(head) + " | largest flood | CRPS / before | width / before |"
          " CRPS / LightGBM q. | width / LightGBM q. widened |")  # fmt: skip
    print("|" + "---|" * (len(head) + 8))
    rows: list[tuple[int, dict[str, float]]] = []
    for basin in (b for b in BASINS if b.name in options.basins):
        for history in read(basin, DATA):
            rows += station_rows(f"{basin.name}.{history.layout.stations[0]}", history, plan, head)
    print_medians(rows)


def station_rows(name: str, history: History, plan: Plan, head: tuple[str, ...]) -> list[tuple[int, dict[str, float]]]:
    split, rows = split_in_time(history), []
    at, tick = np.flatnonzero(split.test[0]), float(ticks_of(history, split)[0])
    answers, table = ours(name, history, split, 1, plan), table_of(history)
    for future in (False, True):
        kept = np.stack([answers["hydria blend", future, lead].quantiles for lead in LEADS], axis=1)
        r = record_of(history, at, kept, tick)
        after = calibrated(r)
        for lead in LEADS:
            mine, before = scores(r, after[:, lead - 1], lead), scores(r, r.raw[:, lead - 1], lead)
            peer = peer_answer(name, "LightGBM quantile", Task(history, split, future, lead, 1, table), plan)
            mine |= {"flood": largest_flood(r, after[:, lead - 1], lead)}
            mine |= {"CRPS / before": mine["crps"] / before["crps"], "width / before": mine["width"] / before["width"]}
            if peer is not None and peer.quantiles is not None:
                its = scores(r, peer.quantiles, lead)
                mine |= {"CRPS / peer": mine["crps"] / its["crps"]}
                mine |= {"width / peer": mine["width"] / widened(r, peer.quantiles, lead, mine["coverage"])}
            rows.append((lead, mine))
            print(line(name, future, lead, mine, head), flush=True)
    return rows


def line(name: str, future: bool, lead: int, found: dict[str, float], head: tuple[str, ...]) -> str:
    shown = (*head, "flood", "CRPS / before", "width / before", "CRPS / peer", "width / peer")
    cells = " | ".join(f"{found[key]:.3f}" if key in found else "" for key in shown)
    return f"| {name} | {'perfect' if future else 'none'} | {lead} | {cells} |"


def print_medians(rows: list[tuple[int, dict[str, float]]]) -> None:
    keys = ("coverage", "by share", "median", "last", "rise", "reliability", "flood", "CRPS / before", "CRPS / peer",
            "width / peer")  # fmt: skip
    for lead in LEADS:
        mine = [found for at, found in rows if at == lead]
        said = ", ".join(f"{k} {np.nanmedian([m[k] for m in mine if k in m]):.3f}" for k in keys)
        print(f"median over stations and rain, lead {lead}: {said}")


if __name__ == "__main__":
    main()
