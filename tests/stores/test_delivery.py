"""The outbox, emptied into sinks that live, die, refuse and return. Real stores; only the sinks are ours."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made import assert_same, at, bulletin, kept, later, report

from hydria_plugin import Bulletin, Report, Store, StoreError
from hydria_plugin.delivery import PATIENCE, Patience, deliver
from hydria_plugin.stores.memory import MemoryStore
from hydria_plugin.stores.sql import SqlStore

DAY = np.timedelta64(24, "h")


def seconds(n: float) -> np.timedelta64:
    return np.timedelta64(int(n * 1e6), "us")


class Host:
    """A sink that writes into a list, while ``alive``."""

    def __init__(self) -> None:
        self.alive = True
        self.got: list[Bulletin] = []

    def write(self, bulletin: Bulletin) -> None:
        if not self.alive:
            raise ConnectionError("no route to\n  host")
        self.got.append(bulletin)

    @property
    def keys(self) -> list[tuple[np.datetime64, int]]:
        return [(b.issued_at, b.revision) for b in self.got]


class Page(Host):
    """One that takes reports as well."""

    def __init__(self) -> None:
        super().__init__()
        self.reports: list[tuple[Report, ...]] = []

    def write_reports(self, reports: Sequence[Report]) -> None:
        self.reports.append(tuple(reports))


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    opened: Store = MemoryStore() if request.param == "memory" else SqlStore("sqlite:///h.db", tmp_path)
    yield opened
    opened.close()


def test_each_sink_receives_what_is_in_the_store_oldest_first(store: Store) -> None:
    puts = {hour: bulletin(hour) for hour in (2, 0, 1)}
    for put in puts.values():
        store.put(put, ("csv", "cap"))
    csv, cap = Host(), Host()
    assert deliver(store, "p", {"csv": csv, "cap": cap}, later(3), DAY) == ()
    for sink in (csv, cap):
        assert sink.keys == [(at(0), 0), (at(1), 0), (at(2), 0)]
        assert_same(tuple(sink.got), tuple(kept(puts[hour]) for hour in (0, 1, 2)))


def test_what_was_delivered_is_not_delivered_again(store: Store) -> None:
    csv = Host()
    store.put(bulletin(0), ("csv",))
    for hour in (1, 2):
        deliver(store, "p", {"csv": csv}, later(hour), DAY)
    assert csv.keys == [(at(0), 0)]


def test_a_sink_dead_for_ten_steps_receives_all_in_order_and_the_live_one_repeats_nothing(store: Store) -> None:
    dead, live, problems = Host(), Host(), []
    for hour in range(13):
        dead.alive = not 2 <= hour < 12
        store.put(bulletin(hour), ("dead", "live"))
        problems += deliver(store, "p", {"dead": dead, "live": live}, later(hour), DAY)
    expected = [(at(hour), 0) for hour in range(13)]
    assert live.keys == expected
    assert dead.keys == expected
    assert len(problems) == 10
    assert {p.stage for p in problems} == {"sink dead"}
    assert problems[0].error == (
        "refused the bulletin of 2026-03-01T02:00:00 revision 0 (try 1; next in 5 s): ConnectionError: no route to host"
    )


def test_a_refusal_stops_the_sinks_queue_until_its_next_try(store: Store) -> None:
    for hour in (0, 1):
        store.put(bulletin(hour), ("csv",))
    csv = Host()
    csv.alive = False
    now = later(2)
    assert len(deliver(store, "p", {"csv": csv}, now, DAY)) == 1  # not one per bulletin
    csv.alive = True
    assert deliver(store, "p", {"csv": csv}, now + seconds(4.9), DAY) == ()
    assert csv.keys == []
    deliver(store, "p", {"csv": csv}, now + seconds(5), DAY)
    assert csv.keys == [(at(0), 0), (at(1), 0)]


@pytest.mark.parametrize("ahead", [1.0, 3.0])
def test_a_clock_that_stood_ahead_when_a_sink_refused_holds_up_no_alert(store: Store, ahead: float) -> None:
    """By a zone that was set wrong, say, and put right an hour of forecasts later: within a horizon nothing is dropped,
    so it is the wait that must end."""
    store.put(bulletin(0), ("csv",))
    csv = Host()
    csv.alive = False
    deliver(store, "p", {"csv": csv}, later(ahead), DAY)
    csv.alive = True
    store.put(bulletin(1), ("csv",))
    assert deliver(store, "p", {"csv": csv}, later(1) - seconds(1800), DAY) == ()
    assert csv.keys == [(at(0), 0), (at(1), 0)]


def test_the_waits_double_up_to_the_longest() -> None:
    waits = [PATIENCE.after(n) / np.timedelta64(1, "s") for n in (0, 1, 2, 3, 6, 7, 8, 1000)]
    assert waits == [5, 5, 10, 20, 160, 300, 300, 300]
    assert Patience(seconds(1), seconds(3)).after(3) == seconds(3)


def test_what_is_older_than_one_horizon_is_dropped_with_a_problem_and_the_rest_goes_on(store: Store) -> None:
    csv = Host()
    for hour in (0, 1, 5):
        store.put(bulletin(hour), ("csv",))
    horizon = np.timedelta64(4, "h")
    problems = deliver(store, "p", {"csv": csv}, at(5), horizon)
    assert [p.error for p in problems] == [
        "the bulletin of 2026-03-01T00:00:00 revision 0 was dropped: it is older than the horizon of 4 h"
    ]
    assert csv.keys == [(at(1), 0), (at(5), 0)]  # just one horizon old is not too old
    assert deliver(store, "p", {"csv": csv}, at(6), horizon) == ()


def test_a_bulletin_pruned_meanwhile_is_dropped_not_a_stop(store: Store) -> None:
    class Forgetful(Host):
        """The first bulletin it is given prunes the next from the store."""

        def write(self, bulletin: Bulletin) -> None:
            super().write(bulletin)
            store.prune("p", at(2))

    for hour in (0, 1, 2):
        store.put(bulletin(hour), ("csv",))
    csv = Forgetful()
    with pytest.raises(StoreError, match="not in the outbox"):
        deliver(store, "p", {"csv": csv}, later(3), DAY)
    assert deliver(store, "p", {"csv": csv}, later(3), DAY) == ()
    assert csv.keys == [(at(0), 0), (at(2), 0)]


def test_reports_go_to_sinks_that_take_them_after_their_bulletin(store: Store) -> None:
    page, csv = Page(), Host()
    store.put(bulletin(0), ("page", "csv"))
    store.put_reports("p", at(0), 0, [report("s1"), report("s2")], ("page", "csv"))
    assert deliver(store, "p", {"page": page, "csv": csv}, later(0), DAY) == ()
    assert page.keys == csv.keys == [(at(0), 0)]
    assert_same(tuple(page.reports), ((report("s1"), report("s2")),))
    assert store.undelivered("p", "csv", later(9)) == ()


class Scribe(Page):
    """One that stumbles over reports."""

    stumbles = True

    def write_reports(self, reports: Sequence[Report]) -> None:
        if self.stumbles:
            raise ValueError("no ink")
        super().write_reports(reports)


def test_refused_reports_hold_up_reports_but_no_bulletin(store: Store) -> None:
    page = Scribe()
    for hour in (0, 1):
        store.put(bulletin(hour), ("page",))
        store.put_reports("p", at(hour), 0, [report("upper")], ("page",))
    (problem,) = deliver(store, "p", {"page": page}, later(1), DAY)
    assert "the reports of" in problem.error and page.keys == [(at(0), 0), (at(1), 0)]
    store.put(bulletin(2), ("page",))
    assert deliver(store, "p", {"page": page}, later(1) + seconds(1), DAY) == ()  # the reports wait, the bulletin not
    assert page.keys == [(at(0), 0), (at(1), 0), (at(2), 0)] and page.reports == []
    page.stumbles = False
    assert deliver(store, "p", {"page": page}, later(2), DAY) == ()
    assert len(page.reports) == 2


def test_a_bulletin_that_waits_holds_up_its_reports(store: Store) -> None:
    page = Page()
    page.alive = False
    store.put(bulletin(0), ("page",))
    store.put_reports("p", at(0), 0, [report("upper")], ("page",))
    assert len(deliver(store, "p", {"page": page}, later(0), DAY)) == 1
    page.alive = True
    assert deliver(store, "p", {"page": page}, later(0) + seconds(1), DAY) == () and page.reports == []
    deliver(store, "p", {"page": page}, later(1), DAY)
    assert page.keys == [(at(0), 0)] and len(page.reports) == 1


def test_the_trouble_of_a_sinks_own_store_is_the_sinks(store: Store) -> None:
    class Copy(Host):
        def write(self, bulletin: Bulletin) -> None:
            raise StoreError("the copy's disk is full")

    csv = Host()
    store.put(bulletin(0), ("copy", "csv"))
    (problem,) = deliver(store, "p", {"copy": Copy(), "csv": csv}, later(0), DAY)
    assert "the copy's disk is full" in problem.error and csv.keys == [(at(0), 0)]


def test_other_pipelines_and_sinks_that_are_not_there_keep_theirs(store: Store) -> None:
    store.put(bulletin(0), ("csv", "gone"))
    store.put(bulletin(0, pipeline="q"), ("csv",))
    deliver(store, "p", {"csv": Host()}, later(0), DAY)
    assert len(store.undelivered("p", "gone", later(0))) == 1
    assert len(store.undelivered("q", "csv", later(0))) == 1


def test_a_crash_between_write_and_mark_sends_that_one_again_and_no_other(store: Store) -> None:
    class Crashing(Host):
        def write(self, bulletin: Bulletin) -> None:
            super().write(bulletin)
            if len(self.got) == 2:
                raise KeyboardInterrupt  # as good as a kill: nobody catches it

    csv = Crashing()
    for hour in (0, 1, 2):
        store.put(bulletin(hour), ("csv",))
    with pytest.raises(KeyboardInterrupt):
        deliver(store, "p", {"csv": csv}, later(3), DAY)
    deliver(store, "p", {"csv": csv}, later(3), DAY)
    assert csv.keys == [(at(0), 0), (at(1), 0), (at(1), 0), (at(2), 0)]


BASE = bulletin(0)


def small(hour: int, revision: int) -> Bulletin:
    return replace(BASE, issued_at=at(hour), known_at=later(hour), revision=revision)


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.tuples(st.booleans(), st.booleans(), st.integers(0, 2)), min_size=1, max_size=25),
    st.sampled_from([600, 3600]),
)
def test_whatever_dies_when_every_sink_gets_every_bulletin_once_and_in_order(
    story: list[tuple[bool, bool, int]], wait: int
) -> None:
    """Each step: is sink a alive, is sink b alive, and how many revisions come besides."""
    store, sinks = MemoryStore(), {"a": Host(), "b": Host()}
    patience, puts = Patience(seconds(wait), seconds(2 * wait)), []
    for hour, (a, b, more) in enumerate(story):
        sinks["a"].alive, sinks["b"].alive = a, b
        for revision in range(more + 1):
            store.put(small(hour, revision), tuple(sinks))
            puts.append((at(hour), revision))
        deliver(store, "p", sinks, later(hour), 99 * DAY, patience)
    for sink in sinks.values():
        sink.alive = True
    deliver(store, "p", sinks, later(len(story) + 3), 99 * DAY, patience)
    assert sinks["a"].keys == sinks["b"].keys == puts
