"""Gaps in the cycle: late truth replaces a fill and makes a revision; each rung of the ladder keeps its promise."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from hydria_plugin import Bulletin, Wanted
from hydria_plugin.alerts import AlertRules, Thresholds
from hydria_plugin.buffer import SeriesBuffer
from hydria_plugin.correctors.gaps.corrector import Gaps
from hydria_plugin.cycle import Pipeline, run_cycle
from hydria_plugin.forecasters.persistence import Persistence
from hydria_plugin.forecasters.ridge import Ridge
from hydria_plugin.stores.memory import MemoryStore
from hydria_plugin.values import METHODS

from .records import DURATIONS, basin, first_two_thirds

RECORD = basin(steps=3000)
SPLIT = first_two_thirds(RECORD)
GAPS, RIDGE, PERSISTENCE = (part.fit(RECORD, SPLIT) for part in (Gaps(), Ridge(), Persistence()))
HOUR = np.timedelta64(3600, "s")
SLOTS = ("r1", "r2", "r3", "up")


class Feed:
    """The record as a platform has it; ``lost``: series and first step from which it is silent, ``late``: series and
    step of a value that comes so many hours later."""

    def __init__(self, lost: dict[str, int] | None = None, late: dict[tuple[str, int], int] | None = None) -> None:
        self.lost, self.late = lost or {}, late or {}

    def read(self, wanted: Wanted) -> pd.DataFrame:
        parts = [self.rows(name) for name in wanted.series]
        table = pd.concat(parts, ignore_index=True)
        low, high, known = (pd.Timestamp(t, tz="UTC") for t in (wanted.start, wanted.issued_at, wanted.known_at))
        return table[(table["time"] > low) & (table["time"] <= high) & (table["received_at"] <= known)]

    def rows(self, name: str) -> pd.DataFrame:
        values = RECORD.target.values[0] if name == "down" else RECORD.inputs.values[0, :, SLOTS.index(name)]
        time = pd.to_datetime(RECORD.times).tz_localize("UTC")
        waits = np.zeros(len(values), dtype=int)
        for (series, step), hours in self.late.items():
            waits[step] = hours if series == name else waits[step]
        received = time + pd.to_timedelta(waits, unit="h")
        table = pd.DataFrame({"series": name, "time": time, "value": values, "received_at": received})
        return table.iloc[: self.lost.get(name, len(table))]


def pipeline(feed: Feed, *, gaps: bool = True, ladder: tuple[str, ...] = ("ridge", "persistence")) -> Pipeline:
    layout = RECORD.layout
    parts = {"ridge": RIDGE, "persistence": PERSISTENCE}
    return Pipeline(
        "river",
        layout,
        SeriesBuffer(layout, feed, durations=DURATIONS, overlap=HOUR * 48),
        {name: parts[name] for name in ladder},
        MemoryStore(),
        Thresholds(("high",), np.array([[99.0]])),
        AlertRules(),
        input_correctors={"gaps": GAPS} if gaps else {},
    )


def cycle(pipe: Pipeline, at: int, hours_later: int = 0) -> Bulletin:
    issued = RECORD.times[at]
    return run_cycle(pipe, issued, (issued + HOUR * hours_later).astype("datetime64[us]"))


def flood() -> int:
    return 2200 + int(np.argmax(RECORD.target.values[0, 2200:2900]))


def test_late_truth_replaces_the_fill_and_makes_a_revision() -> None:
    at = flood()
    pipe = pipeline(Feed(late={("down", at): 2, ("r2", at): 2}))
    first = cycle(pipe, at)
    assert first.window is not None and first.revision == 0
    assert first.window.observed.sigma[0, 0, -1] > 0 and np.isnan(first.window.observed.raw[0, 0, -1])
    assert cycle(pipe, at, 1).revision == 0  # nothing new yet: the fill itself is no news
    second = cycle(pipe, at, 2)
    assert second.window is not None and second.revision == 1
    assert second.window.observed.values[0, 0, -1] == RECORD.target.values[0, at]
    assert second.window.past.values[0, 0, -1, 1] == RECORD.inputs.values[0, at, 1]
    assert second.window.observed.sigma[0, 0, -1] == 0 and second.window.observed.method[0, 0, -1] == 0
    assert not np.array_equal(first.forecast.values, second.forecast.values)
    assert cycle(pipe, at, 3).revision == 1


def test_the_bulletin_keeps_how_each_value_was_filled() -> None:
    at = flood()
    kept = cycle(pipeline(Feed(late={("down", at): 2, ("r2", at): 2})), at).summary
    assert kept.method is not None and kept.sigma is not None
    assert [METHODS[m] for m in kept.method[0]] == ["upstream", "", "neighbours", "", ""]
    assert (kept.sigma[0, [0, 2]] > 0).all() and np.isnan(kept.observed[0, -1])


@pytest.mark.parametrize(
    ("lost", "word"),
    [
        ((), "all inputs"),
        (("r1",), "some gauges lost"),
        (("r1", "r2", "r3"), "all rain lost"),
        (("down",), "level lost"),
        (("down", "r1", "r2", "r3"), "level lost"),
        (("down", "r1", "r2", "r3", "up"), "everything lost"),
    ],
)
def test_every_rung_gives_a_forecast_or_refuses(lost: tuple[str, ...], word: str) -> None:
    at = flood()
    bulletin = cycle(pipeline(Feed(lost=dict.fromkeys(lost, at - 100))), at)
    assert bulletin.summary.word(0) == word
    if word == "everything lost":
        assert bulletin.forecast.missing == ("s1",) and not bulletin.alerts
        assert any(p.error == "no forecast" for p in bulletin.problems)
        return
    assert bulletin.forecast.made_by == ("ridge",)
    truth = RECORD.target.values[0, at + 1 : at + 7]
    usual = RECORD.target.values[0, :2000]
    missed = np.abs(bulletin.forecast.median[0] - truth).mean()
    assert missed < 0.7 * np.abs(usual.mean() - truth).mean()


def test_running_totals_go_on_where_a_gauge_is_long_dead() -> None:
    """Of the longest total less than half is there, and nothing of it in the window: its neighbours tell it."""
    at = flood()
    dead = cycle(pipeline(Feed(lost={"r2": at - 60})), at).window
    whole = cycle(pipeline(Feed()), at).window
    assert dead is not None and whole is not None
    assert np.isfinite(dead.antecedent).all()
    np.testing.assert_allclose(dead.antecedent[0, 1], whole.antecedent[0, 1], rtol=0.35)
    assert np.array_equal(dead.antecedent[0, 0], whole.antecedent[0, 0])
    without = cycle(pipeline(Feed(lost={"r2": at - 60}), gaps=False), at).window
    assert without is not None and np.isnan(without.antecedent[0, 1]).all()


def test_persistence_does_not_keep_a_stale_value_for_ever() -> None:
    at = flood()
    lost, only = {"down": at - 60}, ("persistence",)
    refused = cycle(pipeline(Feed(lost=lost), gaps=False, ladder=only), at)
    assert refused.forecast.missing == ("s1",)
    filled = cycle(pipeline(Feed(lost=lost), ladder=only), at)
    stale, truth = RECORD.target.values[0, at - 61], RECORD.target.values[0, at]
    assert abs(filled.forecast.median[0, 0] - truth) < 0.3 * abs(stale - truth)
    assert filled.window is not None
    band = filled.forecast.values[0, :, 5] - filled.forecast.values[0, :, 1]
    assert (band > 2 * 1.28 * filled.window.observed.sigma[0, 0, -1]).all()
