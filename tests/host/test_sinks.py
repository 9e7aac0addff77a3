"""Sinks and explanations under the host: a dead sink loses nothing, a live one repeats nothing."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import river
from trial_host import Opener, Trial

from hydria_plugin import Bulletin, Explainer, Forecast, Forecaster, Report, Sink, StoreError, Window, hookimpl

SECOND = ', { use = "diary", path = "second.jsonl", closed = "shut" }'


@pytest.fixture
def two(open_trial: Opener) -> Trial:
    """Two sinks; a file ``shut`` closes the second."""
    return open_trial(sinks=SECOND)


def second(trial: Trial) -> list[dict[str, Any]]:
    return river.entries(trial.folder / "second.jsonl")


def test_a_sink_dead_for_ten_steps_receives_all_in_order(two: Trial) -> None:
    two.go(15, times=12)
    (two.folder / "shut").touch()
    two.go(15, times=10)
    assert len(second(two)) == 12 and len(two.diary) == 22
    (two.folder / "shut").unlink()
    two.go(6)  # past the longest wait between two tries
    assert second(two) == two.diary and len(two.diary) == 22  # all, in order; the live one was told nothing twice
    two.go(9)
    assert second(two) == two.diary and len(two.diary) == 23


def test_it_may_be_dead_over_a_restart(two: Trial, open_trial: Opener) -> None:
    two.go(15, times=2)
    (two.folder / "shut").touch()
    two.go(15, times=4)
    two.host.close()
    (two.folder / "shut").unlink()
    again = open_trial(now=str(two.clock.now), sinks=SECOND)
    again.go(6)
    assert second(again) == again.diary and len(again.diary) == 6


def test_what_is_older_than_the_horizon_is_dropped(two: Trial) -> None:
    (two.folder / "shut").touch()
    two.go(15, times=30)
    (two.folder / "shut").unlink()
    two.go(15)
    assert second(two) == two.diary[-len(second(two)) :] and 24 <= len(second(two)) <= 26
    assert two.host.status()["pipelines"]["river"]["outbox"] == {"diary": 0, "diary.2": 0}


def test_what_is_dropped_is_logged_one_by_one_and_can_be_counted_in_the_store(
    open_trial: Opener, caplog: pytest.LogCaptureFixture
) -> None:
    trial, why = open_trial(horizon="1h"), "it is older than the horizon of 1 h"
    (trial.folder / "closed").touch()
    trial.go(15, times=8)
    (trial.folder / "closed").unlink()
    trial.go(15)
    arrived = [line["at"] for line in trial.diary]
    gone = [str(step.issued_at) for step in trial.steps][:-4]
    assert arrived == [str(step.issued_at) for step in trial.steps][-4:] and len(gone) == 5
    logged = [line for line in caplog.messages if "dropped" in line]
    named = [f"error=the bulletin of {at} revision 0 was dropped: {why}" for at in gone]
    assert [line.partition("stage=sink diary ")[2] for line in logged] == named
    query = "SELECT datetime(issued_at, 'unixepoch'), error FROM hydria_outbox WHERE state = 'dropped'"
    with closing(sqlite3.connect(trial.folder / "hydria.db")) as database:
        assert [(at.replace(" ", "T"), said) for at, said in database.execute(query)] == [(at, why) for at in gone]


def test_a_dead_feed_does_not_hold_up_the_outbox(two: Trial) -> None:
    (two.folder / "shut").touch()
    two.go(15, times=2)
    (two.folder / "down").touch()
    (two.folder / "shut").unlink()
    two.go(15)
    assert second(two) == two.diary and len(two.diary) == 2


# ---- explanations ----


class Because:
    """Explains every alert in a sentence; fails where the file ``mute`` lies, ends the process where ``death`` does."""

    def __init__(self, *, folder: Path) -> None:
        self.mute, self.death = folder / "mute", folder / "death"
        self.asked: list[tuple[tuple[str, ...], str]] = []

    def explain(self, window: Window, forecast: Forecast, forecaster: Forecaster) -> Sequence[Report]:
        if self.death.exists():
            raise SystemExit("killed")
        if self.mute.exists():
            raise RuntimeError("no words")
        self.asked.append((window.stations, type(forecaster).__name__))
        assert window.stations == forecast.stations
        return [Report("because", station, "", f"{station} rises because it rained") for station in window.stations]


class Reader(river.Diary):
    """A sink that takes explanations, too."""

    def write(self, bulletin: Bulletin) -> None:
        self._note("bulletin", [a.station for a in bulletin.alerts if a.is_news])

    def write_reports(self, reports: Sequence[Report]) -> None:
        self._note("reports", [r.station for r in reports])

    def _note(self, kind: str, what: list[str]) -> None:
        with self.path.open("a") as file:
            file.write(json.dumps([kind, what]) + "\n")


class Library:
    """The two as a plug-in object."""

    @hookimpl
    def hydria_explainers(self) -> Mapping[str, Callable[..., Explainer]]:
        return {"because": Because}

    @hookimpl
    def hydria_sinks(self) -> Mapping[str, Callable[..., Sink]]:
        return {"reader": Reader}


READER: dict[str, Any] = {
    "sinks": ', { use = "reader", path = "reader.jsonl" }',
    "more": 'explainers = ["because"]',
    "plugins": (Library(),),
}


@pytest.fixture
def explained(open_trial: Opener) -> Trial:
    return open_trial(**READER)


def read_by(trial: Trial) -> list[list[Any]]:
    return [json.loads(line) for line in (trial.folder / "reader.jsonl").read_text().splitlines()]


def test_news_are_explained_after_the_alert_is_out(explained: Trial) -> None:
    explained.go(15, times=40)
    lines = read_by(explained)
    news = [stations for kind, stations in lines if kind == "bulletin" and stations]
    assert news and [stations for kind, stations in lines if kind == "reports"] == news
    for i, (kind, _) in enumerate(lines):
        if kind == "reports":
            assert lines[i - 1][0] == "bulletin" and lines[i - 1][1]
    because = explained.host.pipelines["river"].explainers["because"]
    assert {name for _, name in because.asked} == {"Persistence"}  # type: ignore[attr-defined]
    kept = [r for s in explained.steps for r in explained.bulletin(str(s.issued_at)).reports]
    assert len(kept) == sum(map(len, news))


def test_a_failing_explainer_costs_its_reports_only(explained: Trial) -> None:
    (explained.folder / "mute").touch()
    explained.go(15, times=40)
    assert {kind for kind, _ in read_by(explained)} == {"bulletin"}
    assert set(explained.ends.values()) == {"issued"}


def killed_before_explaining(trial: Trial) -> list[str]:
    """Go on until there is news, and die before it is explained; the stations in the news."""
    (trial.folder / "death").touch()
    with pytest.raises(SystemExit):
        trial.go(15, times=40)
    trial.host.close()
    (trial.folder / "death").unlink()
    lines = read_by(trial)
    assert {kind for kind, _ in lines} == {"bulletin"} and lines[-1][1]
    stations: list[str] = lines[-1][1]
    return stations


def test_news_that_a_crash_left_unexplained_is_explained_after_the_restart(
    explained: Trial, open_trial: Opener
) -> None:
    stations, at = killed_before_explaining(explained), explained.clock()
    again = open_trial(now=str(at), **READER)
    again.go(15)
    assert next(told for kind, told in read_by(again) if kind == "reports") == stations
    explained_late = again.bulletin(str(at.astype("datetime64[m]")))
    assert [r.event for r in explained_late.reports] == [a.event for a in explained_late.alerts if a.is_news]
    again.go(5, times=3)
    assert [told for kind, told in read_by(again) if kind == "reports"].count(stations) == 1


def test_run_once_explains_what_is_owed_as_well(explained: Trial, open_trial: Opener) -> None:
    stations, at = killed_before_explaining(explained), explained.clock()
    again = open_trial(now=str(at), **READER)
    again.host.run_once()
    assert [told for kind, told in read_by(again) if kind == "reports"] == [stations]


@pytest.mark.parametrize(("hours", "change"), [(7.0, {}), (0.25, {"late": 3})])
def test_news_too_old_or_of_another_configuration_stays_unexplained(
    explained: Trial, open_trial: Opener, hours: float, change: dict[str, int]
) -> None:
    killed_before_explaining(explained)
    at = explained.clock()
    again = open_trial(now=str(at + np.timedelta64(int(hours * 60), "m")), **READER, **change)
    again.host.run_once()
    assert again.bulletin(str(at.astype("datetime64[m]"))).reports == ()


def test_a_store_that_fails_owes_the_explanation(explained: Trial, monkeypatch: pytest.MonkeyPatch) -> None:
    store, refused = explained.host.store, []

    def full(*_: object) -> None:
        refused.append(monkeypatch.undo())
        raise StoreError("the disk is full")

    monkeypatch.setattr(store, "put_reports", full)
    explained.go(15, times=40)
    lines = read_by(explained)
    news = [stations for kind, stations in lines if kind == "bulletin" and stations]
    assert refused and [stations for kind, stations in lines if kind == "reports"] == news


# ---- replay ----


def test_every_stored_bulletin_can_be_made_again(open_trial: Opener) -> None:
    trial = open_trial(late=3)
    trial.go(5, times=130)
    stored = [(s.issued_at, r) for s in trial.steps for r in range(s.revision + 1)]
    assert len(stored) > len(trial.steps)  # there are revisions
    for issued_at, revision in stored:
        kept = trial.bulletin(str(issued_at), revision)
        again = trial.host.replay("river", issued_at, revision)
        np.testing.assert_allclose(again.forecast.values, kept.forecast.values, rtol=0, atol=1e-9)
        assert again.digests == kept.digests and again.revision == kept.revision
        assert [(a.event, a.sequence, a.reason) for a in again.alerts] == [
            (a.event, a.sequence, a.reason) for a in kept.alerts
        ]
    assert any(trial.bulletin(str(at), r).alerts for at, r in stored)


def test_a_bulletin_that_is_not_there_cannot_be_made_again(trial: Trial) -> None:
    from hydria_plugin import HydriaError

    with pytest.raises(HydriaError, match="no bulletin of 'river' for 2026-03-05T00:00:00Z revision 3 in the store"):
        trial.host.replay("river", np.datetime64("2026-03-05T00:00"), 3)
