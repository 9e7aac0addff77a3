"""What every store must do, asked of all three."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from made import HOUR, alert, assert_same, at, bulletin, kept, later, report

from hydria_plugin import NOT_A_TIME, Delivery, Problem, Reason, Store, StoreError
from hydria_plugin.stores import sql_pruning
from hydria_plugin.testing import check_store, sample_bulletin, sample_layout

Open = Callable[[], Store]


def test_the_kit_for_authors_is_content(store: Store) -> None:
    check_store(store)


class TestBulletins:
    def test_what_is_read_back_is_what_was_put_to_the_last_bit(self, open_store: Open) -> None:
        put = bulletin(reports=(report(), report("s2")))
        open_store().put(put, ("csv",))
        assert_same(open_store().bulletin("p", at(0)), kept(put))

    def test_where_nothing_corrects_raw_and_forecast_are_one(self, store: Store) -> None:
        put = bulletin()
        put = replace(put, raw=put.forecast)
        store.put(put)
        back = store.bulletin("p", at(0))
        assert back is not None
        assert back.raw is back.forecast
        assert_same(back, kept(put))

    @pytest.mark.parametrize("stations", [1, 2, 7])
    def test_layouts_of_all_shapes(self, store: Store, stations: int) -> None:
        for slots in (0, 1, 4):
            put = sample_bulletin(f"p{slots}", layout=sample_layout(stations, slots))
            put = replace(put, alerts=(), problems=(), learned={})
            store.put(put)
            assert_same(store.bulletin(f"p{slots}", put.issued_at), kept(put))

    def test_values_read_back_cannot_be_written(self, store: Store) -> None:
        store.put(bulletin())
        back = store.bulletin("p", at(0))
        assert back is not None
        with pytest.raises(ValueError, match="read-only"):
            back.forecast.values[0] = 0.0

    def test_the_same_key_twice_keeps_the_first(self, store: Store) -> None:
        first = bulletin(seed=1)
        store.put(first, ("csv",))
        store.put(bulletin(seed=2, alerts=()), ("csv", "cap"))
        assert_same(store.bulletin("p", at(0)), kept(first))
        assert len(store.undelivered("p", "csv", later(1))) == 1
        assert store.undelivered("p", "cap", later(1)) == ()
        assert len(store.observations("p", at(-9), at(9), later(9))) == 1

    def test_the_newest_revision_by_default_and_any_by_number(self, store: Store) -> None:
        revisions = [bulletin(0, revision, seed=revision) for revision in range(3)]
        for put in (revisions[0], revisions[2], revisions[1]):
            store.put(put)
        assert_same(store.bulletin("p", at(0)), kept(revisions[2]))
        for put in revisions:
            assert_same(store.bulletin("p", at(0), put.revision), kept(put))
        assert store.bulletin("p", at(0), 3) is None
        assert store.bulletin("p", at(1)) is None
        assert store.bulletin("q", at(0)) is None

    def test_issues_in_order_with_their_newest_revision(self, store: Store) -> None:
        for hour, revision in ((3, 0), (1, 0), (2, 0), (2, 1)):
            store.put(bulletin(hour, revision))
        store.put(bulletin(2, 5, pipeline="q"))
        assert store.issues("p", at(0), at(9)) == ((at(1), 0), (at(2), 1), (at(3), 0))
        assert store.issues("p", at(2), at(2)) == ((at(2), 1),)
        assert store.issues("p", later(1), later(2)) == ((at(2), 1),)
        assert store.issues("p", at(4), at(3)) == ()

    def test_times_in_any_unit_are_the_same_time(self, store: Store) -> None:
        store.put(replace(bulletin(), issued_at=at(0).astype("M8[m]")))
        assert store.bulletin("p", at(0).astype("M8[ns]")) is not None

    def test_text_that_no_database_takes_does_not_cost_the_bulletin(self, store: Store) -> None:
        """A binary feed, a file name in Latin-1: NUL and halves of surrogates in a Problem."""
        awkward = "feeds/\udce9t\udce9.csv:7: \x00\x1b'\"\\ \U0001f30a"
        put = bulletin(0, problems=(Problem("source", awkward, awkward),), reports=(report(awkward),))
        store.put(put, ("csv",))
        assert_same(store.bulletin("p", at(0)), kept(put))
        (step,) = store.steps("p", at(0), at(0))
        assert step.reason.startswith(r"source: feeds/\udce9t\udce9.csv:7: \0")
        store.end("p", at(1), "failed", awkward, later(1))
        store.mark_failed(store.undelivered("p", "csv", later(0))[0], later(0), awkward * 10_000, later(1))
        assert len(store.undelivered("p", "csv", later(1))) == 1


class TestAlerts:
    def test_the_newest_of_each_station_with_an_open_event(self, store: Store) -> None:
        store.put(bulletin(0, alerts=(alert(0, "s1"), alert(0, "s2"))))
        store.put(bulletin(1, alerts=(alert(1, "s1", Reason.HIGHER, sequence=1),)))
        store.put(bulletin(2, alerts=(alert(2, "s2", Reason.CLEARED, rank=-1, sequence=1),)))
        assert store.last_alerts("p", at(0)) == ()
        assert [a.station for a in store.last_alerts("p", at(1))] == ["s1", "s2"]
        assert [(a.station, a.sequence) for a in store.last_alerts("p", at(2))] == [("s2", 0), ("s1", 1)]
        assert [(a.station, a.sequence) for a in store.last_alerts("p", at(3))] == [("s1", 1)]
        assert store.last_alerts("q", at(3)) == ()

    def test_a_quiet_bulletin_does_not_forget_an_open_event(self, open_store: Open) -> None:
        open_store().put(bulletin(0, alerts=(alert(0, "s1"),)))
        open_store().put(bulletin(5, alerts=()))  # a stale step of a catch-up raises nothing
        assert [a.event for a in open_store().last_alerts("p", at(90))] == [alert(0, "s1").event]

    def test_an_earlier_revision_of_a_step_is_followed_by_a_later_one(self, store: Store) -> None:
        store.put(bulletin(0, 0, alerts=(alert(0, "s1"),)))
        store.put(bulletin(0, 1, alerts=(alert(0, "s1", Reason.HIGHER, sequence=1),)))
        assert store.last_alerts("p", at(0)) == ()
        assert [a.sequence for a in store.last_alerts("p", at(0) + np.timedelta64(1, "s"))] == [1]

    def test_what_comes_in_out_of_order_stands_in_order(self, store: Store) -> None:
        for hour in (2, 0, 1, 3):
            store.put(bulletin(hour, alerts=(alert(hour, "s1", sequence=hour),)))
        for hour in range(4):
            assert [a.sequence for a in store.last_alerts("p", at(hour + 0.5))] == [hour]

    def test_an_alert_keeps_all_it_says(self, store: Store) -> None:
        told = alert(
            0, "s1", probability=float("nan"), limit=float("inf"), crosses_at=NOT_A_TIME, note="« pas de prévision »",
            peak_at=at(2).astype("M8[us]"),
        )  # fmt: skip
        store.put(bulletin(0, alerts=(told,)))
        assert_same(store.last_alerts("p", at(1)), (told,))


class TestLedger:
    def test_begin_put_end(self, store: Store) -> None:
        store.begin("p", at(0), later(0))
        (step,) = store.steps("p", at(0), at(0))
        assert (step.state, step.revision, step.issued_at) == ("running", -1, at(0))
        assert np.isnat(step.ended_at)
        store.put(bulletin(0))
        (step,) = store.steps("p", at(0), at(0))
        assert (step.state, step.revision, step.ended_at) == ("degraded", 0, later(0))
        assert step.reason == "quality: gauge rain.1 is silent since 03:00; s3: no forecast"

    def test_issued_when_nothing_is_wanting(self, store: Store) -> None:
        put = bulletin(0, problems=())
        whole = replace(put.forecast, rung=np.zeros(3, np.int16))
        store.put(replace(put, forecast=whole))
        (step,) = store.steps("p", at(0), at(0))
        assert (step.state, step.reason) == ("issued", "")

    def test_a_revision_takes_the_line_over_an_older_one_does_not(self, store: Store) -> None:
        whole = replace(bulletin(0).forecast, rung=np.zeros(3, np.int16))
        store.put(bulletin(0, 1, problems=(), forecast=whole))
        store.put(bulletin(0, 0))
        (step,) = store.steps("p", at(0), at(0))
        assert (step.state, step.revision) == ("issued", 1)

    def test_ten_thousand_reasons_become_the_first_and_a_number(self, store: Store) -> None:
        problems = tuple(Problem("quality", None, f"gauge {i} is silent") for i in range(10_000))
        store.put(bulletin(0, problems=problems))
        (step,) = store.steps("p", at(0), at(0))
        assert step.reason.startswith("quality: gauge 0 is silent; quality: gauge 1 is silent;")
        assert step.reason.endswith(" more")
        assert len(step.reason) < 700

    @pytest.mark.parametrize(
        ("ends", "state"),
        [
            (["skipped"], "skipped"),
            (["failed"], "failed"),
            (["skipped", "failed"], "failed"),
            (["failed", "skipped"], "failed"),
            (["put", "skipped"], "degraded"),
            (["put", "failed"], "degraded"),
            (["put", "begin"], "degraded"),
            (["failed", "put"], "degraded"),
            (["skipped", "put"], "degraded"),
            (["failed", "begin"], "running"),
            (["begin", "skipped"], "skipped"),
        ],
    )
    def test_a_bulletin_stands_above_a_failure_a_failure_above_a_skipped_step(
        self, store: Store, ends: list[str], state: str
    ) -> None:
        for end in ends:
            if end == "put":
                store.put(bulletin(0))
            elif end == "begin":
                store.begin("p", at(0), later(0))
            else:
                store.end("p", at(0), end, f"because {end}", later(0))
        (step,) = store.steps("p", at(0), at(0))
        assert step.state == state
        assert step.revision == (0 if "put" in ends else -1)
        assert state in ("degraded", "running") or step.reason == f"because {state}"

    def test_an_end_that_is_none_is_refused_with_those_allowed(self, store: Store) -> None:
        with pytest.raises(StoreError, match=r"failed or skipped, or with a bulletin, not as 'done'"):
            store.end("p", at(0), "done", "", later(0))

    def test_lines_in_a_range_oldest_first(self, store: Store) -> None:
        for hour in (3, 1, 2):
            store.end("p", at(hour), "skipped", "", later(9))
        store.end("q", at(1), "skipped", "", later(9))
        assert [s.issued_at for s in store.steps("p", at(1), at(2))] == [at(1), at(2)]


class TestOutbox:
    def test_oldest_first_for_each_sink_by_itself(self, store: Store) -> None:
        for hour, revision in ((2, 0), (1, 0), (1, 1)):
            store.put(bulletin(hour, revision), ("csv", "cap"))
        store.put(bulletin(0, pipeline="q"), ("csv",))
        due = store.undelivered("p", "csv", later(9))
        assert [(d.issued_at, d.revision, d.kind, d.attempts) for d in due] == [
            (at(1), 0, "bulletin", 0), (at(1), 1, "bulletin", 0), (at(2), 0, "bulletin", 0)
        ]  # fmt: skip
        store.mark_delivered(due[0], later(9))
        assert len(store.undelivered("p", "csv", later(9))) == 2
        assert len(store.undelivered("p", "cap", later(9))) == 3
        assert store.undelivered("p", "fax", later(9)) == ()

    def test_a_refused_one_waits_and_the_newer_ones_behind_it(self, open_store: Open) -> None:
        store = open_store()
        for hour in (1, 2):
            store.put(bulletin(hour), ("csv",))
        store.mark_failed(store.undelivered("p", "csv", later(2))[0], later(2), "no route", later(3))
        assert open_store().undelivered("p", "csv", later(2.9)) == ()
        due = open_store().undelivered("p", "csv", later(3))
        assert (due[0].issued_at, due[0].attempts, due[0].next_try) == (at(1), 1, later(3))
        assert [d.issued_at for d in due] == [at(1), at(2)]

    def test_given_up_is_gone_and_its_end_is_final(self, store: Store) -> None:
        store.put(bulletin(1), ("csv",))
        (delivery,) = store.undelivered("p", "csv", later(1))
        store.drop_delivery(delivery, later(2), "too old")
        store.mark_failed(delivery, later(2), "late news", later(3))
        store.mark_delivered(delivery, later(2))
        assert store.undelivered("p", "csv", later(9)) == ()

    def test_a_delivery_that_never_was(self, store: Store) -> None:
        store.put(bulletin(1), ("csv",))
        unknown = Delivery(999, "p", at(1), 0, "csv", "bulletin", 0, later(0))
        with pytest.raises(StoreError, match="delivery 999 to 'csv' is not in the outbox"):
            store.mark_delivered(unknown, later(1))

    def test_a_sink_named_twice_receives_once(self, store: Store) -> None:
        store.put(bulletin(1), ("csv", "csv"))
        assert len(store.undelivered("p", "csv", later(1))) == 1


class TestReports:
    def test_reports_join_their_bulletin_and_its_sinks(self, open_store: Open) -> None:
        open_store().put(bulletin(1), ("page", "csv"))
        open_store().put_reports("p", at(1), 0, [report("s1"), report("s2")], ("page",))
        back = open_store().bulletin("p", at(1))
        assert back is not None
        assert_same(back.reports, (report("s1"), report("s2")))
        assert [d.kind for d in open_store().undelivered("p", "page", later(1))] == ["bulletin", "reports"]
        assert [d.kind for d in open_store().undelivered("p", "csv", later(1))] == ["bulletin"]

    def test_the_first_reports_stand(self, store: Store) -> None:
        store.put(bulletin(1))
        store.put_reports("p", at(1), 0, [report("s1")], ("page",))
        store.put_reports("p", at(1), 0, [report("s2")], ("page", "fax"))
        back = store.bulletin("p", at(1))
        assert back is not None
        assert [r.station for r in back.reports] == ["s1"]
        assert store.undelivered("p", "fax", later(1)) == ()

    def test_reports_on_nothing_are_refused(self, store: Store) -> None:
        with pytest.raises(StoreError, match=r"no bulletin p 2026-03-01T01:00:00 revision 4 to report on"):
            store.put_reports("p", at(1), 4, [report()], ("page",))


class TestObservations:
    def test_in_the_order_received_within_times_and_by_the_clock(self, open_store: Open) -> None:
        puts = [bulletin(hour) for hour in (0, 1, 2)]
        for put in puts:
            open_store().put(put)
        store = open_store()
        everything = store.observations("p", at(-9), at(9), later(9))
        assert_same(everything, tuple(p.received for p in puts))
        assert len(store.observations("p", at(-9), at(9), later(1))) == 2
        assert store.observations("p", at(-9), at(9), at(0)) == ()
        assert store.observations("q", at(-9), at(9), later(9)) == ()

    def test_only_values_for_the_times_asked_both_ends_in(self, store: Store) -> None:
        put = bulletin(0)
        store.put(put)
        (some,) = store.observations("p", at(0), at(0), later(0))
        assert put.received is not None
        assert_same(some, put.received.where(put.received.times == at(0)))
        assert store.observations("p", at(1.5), at(9), later(9)) == ()
        assert store.observations("p", at(-9), at(-1.5), later(9)) == ()
        assert len(store.observations("p", at(1), at(9), later(9))) == 1

    def test_a_cycle_between_whose_times_nothing_lies_gives_no_empty_rows(self, store: Store) -> None:
        put = bulletin(0)
        assert put.received is not None
        ends = put.received.where(put.received.times != at(0))  # an hour before and after
        store.put(replace(put, received=ends))
        assert [len(o) for o in store.observations("p", at(-0.5), at(0.5), later(9)) if len(o)] == []

    def test_none_and_empty_are_not_kept(self, store: Store) -> None:
        first = bulletin(0)
        assert first.received is not None
        store.put(replace(first, received=first.received.where(np.zeros(len(first.received), bool))))
        store.put(bulletin(1, received=None))
        assert store.observations("p", at(-9), at(9), later(9)) == ()

    def test_a_far_forecast_does_not_hide_what_came_later(self, store: Store) -> None:
        for hour in range(6):
            put = bulletin(hour)
            assert put.received is not None
            far = replace(put.received, times=put.received.times + (9 * HOUR if hour == 1 else 0 * HOUR))
            store.put(replace(put, received=far))
        assert len(store.observations("p", at(5), at(20), later(9))) == 3  # hours 1 (far), 4 (its lead), 5


class TestStates:
    def test_the_newest_before_and_known_by_then(self, open_store: Open) -> None:
        states = {hour: {"blend": {"w": np.array([float(hour)])}} for hour in (0, 1, 2)}
        for hour in (0, 2, 1):
            open_store().put(bulletin(hour, learned=states[hour]))
        store = open_store()
        assert store.state("p", "blend", at(0)) is None
        assert_same(store.state("p", "blend", at(1)), states[0]["blend"])
        assert_same(store.state("p", "blend", at(99)), states[2]["blend"])
        assert_same(store.state("p", "blend", at(99), later(1)), states[1]["blend"])
        assert store.state("p", "blend", at(99), at(0)) is None
        assert store.state("p", "other", at(99)) is None

    def test_the_newest_revision_wins(self, store: Store) -> None:
        for revision in (1, 0):
            store.put(bulletin(0, revision, learned={"blend": {"w": np.array([revision])}}))
        assert_same(store.state("p", "blend", at(1)), {"w": np.array([1])})


class TestRetention:
    def test_what_is_old_goes_what_is_not_stays(self, open_store: Open) -> None:
        for hour in range(4):
            open_store().put(bulletin(hour, alerts=(alert(hour, "s1", sequence=hour),)), ("csv",))
        open_store().put(bulletin(0, pipeline="q"))
        open_store().put_reports("p", at(0), 0, [report()], ("csv",))
        assert open_store().prune("p", at(2)) > 0
        store = open_store()
        assert [t for t, _ in store.issues("p", at(-9), at(9))] == [at(2), at(3)]
        assert [s.issued_at for s in store.steps("p", at(-9), at(9))] == [at(2), at(3)]
        assert [d.issued_at for d in store.undelivered("p", "csv", later(9))] == [at(2), at(3)]
        assert [a.sequence for a in store.last_alerts("p", at(9))] == [3]
        assert store.bulletin("p", at(0)) is None
        assert store.bulletin("q", at(0)) is not None
        assert_same(store.bulletin("p", at(2)), kept(bulletin(2, alerts=(alert(2, "s1", sequence=2),))))
        assert store.prune("p", at(2)) == 0

    def test_observations_go_by_their_own_time(self, store: Store) -> None:
        for hour in range(6):
            store.put(bulletin(hour))  # each for one hour before and after
        store.prune("p", at(5), at(3))
        assert [o.times.max() for o in store.observations("p", at(-9), at(9), later(9))] == [
            at(h) for h in (3, 4, 5, 6)
        ]
        store.prune("p", at(5))
        assert [o.times.max() for o in store.observations("p", at(-9), at(9), later(9))] == [at(5), at(6)]

    def test_in_slices_as_at_once(self, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sql_pruning, "SLICE", 2)
        for hour in range(9):
            for revision in range(1 + (hour == 3) * 3):  # more blocks of one step than a slice has
                store.put(bulletin(hour, revision, alerts=()))
        store.end("p", at(1.5), "skipped", "", later(2))
        store.prune("p", at(7))
        assert [t for t, _ in store.issues("p", at(-9), at(9))] == [at(7), at(8)]
        assert [s.issued_at for s in store.steps("p", at(-9), at(9))] == [at(7), at(8)]
        assert [o.times.max() for o in store.observations("p", at(-9), at(99), later(99))] == [at(7), at(8), at(9)]
        assert store.prune("p", at(7)) == 0

    def test_an_open_event_and_what_was_learned_outlive_a_long_stop(self, store: Store) -> None:
        for hour in (0, 1):
            store.put(bulletin(hour, alerts=(alert(hour, "s1", sequence=hour),)))
        learned = store.state("p", "blend", at(9))
        store.prune("p", at(500))
        assert store.issues("p", at(-9), at(999)) == ()
        assert [a.sequence for a in store.last_alerts("p", at(999))] == [1]
        assert_same(store.state("p", "blend", at(999)), learned)

    def test_what_was_pruned_may_come_again(self, store: Store) -> None:
        store.put(bulletin(0))
        store.prune("p", at(1), at(9))  # leaves the state and the open event
        store.put(bulletin(0))
        assert_same(store.bulletin("p", at(0)), kept(bulletin(0)))
        assert len(store.last_alerts("p", at(9))) == 1
        assert len(store.observations("p", at(-9), at(9), later(9))) == 1


def test_a_closed_store_says_so(store: Store) -> None:
    store.close()
    with pytest.raises(StoreError, match="closed"):
        store.put(bulletin(0))
