"""The rows of bulletins: written in any order they stand the same, twice is once, times are found by whole seconds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st
from made import alert, assert_same, at, bulletin, kept, later, report
from sqlalchemy.engine import Connection

from hydria_plugin import Alert, Bulletin, Reason, StoreError
from hydria_plugin.stores import sql_tables as t
from hydria_plugin.stores.sql_reading import (
    Shelf,
    first_second,
    has_reports,
    read_bulletin,
    read_issues,
    read_last_alerts,
    read_state,
    read_steps,
    time_s,
    time_us,
)
from hydria_plugin.stores.sql_writing import Documents, fill_outbox, key_of, micros, seconds, write_bulletin

MADE = {hour: bulletin(hour) for hour in range(4)}
STORY = st.lists(st.lists(st.sampled_from(["a", "b", "-a", "-b"]), max_size=2, unique_by=lambda x: x[-1]), max_size=4)


def written(bulletins: Sequence[Bulletin], sinks: Sequence[str] = ("out",)) -> Connection:
    """A connection to a store in memory that holds them."""
    connection = sa.create_engine("sqlite://").connect()
    t.metadata.create_all(connection)
    documents = Documents()
    for one in bulletins:
        write_bulletin(connection, one, sinks, documents)
    return connection


def told(hour: int, words: Sequence[str]) -> Bulletin:
    """A bulletin that tells of stations: ``a`` an alert, ``-a`` that it is over."""
    alerts = [alert(hour, w[-1], Reason.CLEARED if w.startswith("-") else Reason.FIRST) for w in words]
    return bulletin_with(hour, tuple(alerts))


def bulletin_with(hour: int, alerts: tuple[Alert, ...]) -> Bulletin:
    return bulletin(hour, alerts=alerts, reports=())


@settings(max_examples=15)
@given(STORY, st.randoms(use_true_random=False))
def test_which_alerts_stand_does_not_depend_on_the_order_in_which_steps_are_caught_up(story, random) -> None:
    made = [told(hour, words) for hour, words in enumerate(story)]
    turned = list(made)
    random.shuffle(turned)
    with written(made) as one, written(turned) as other:
        for hour in range(len(story) + 1):
            newest: dict[str, str] = {}
            for words in story[:hour]:
                newest |= {word[-1]: word for word in words}
            standing = sorted(name for name, word in newest.items() if not word.startswith("-"))
            for connection in (one, other):
                assert sorted(a.station for a in read_last_alerts(connection, "p", at(hour))) == standing


def test_a_bulletin_comes_back_whole_and_written_twice_is_once() -> None:
    with written([MADE[0], MADE[0]]) as connection:
        found = read_bulletin(connection, Shelf(), "p", at(0), None)
        assert found is not None
        assert_same(found, kept(MADE[0]))
        for table in (t.bulletin, t.observations, t.outbox, t.step):
            assert connection.execute(sa.select(sa.func.count()).select_from(table)).scalar() == 1, table.name
        assert read_bulletin(connection, Shelf(), "q", at(0), None) is None
        assert read_bulletin(connection, Shelf(), "p", at(0), 7) is None


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1)])
def test_the_newest_revision_speaks_for_its_step(order: tuple[int, ...]) -> None:
    made = [bulletin(0, revision=r, known_at=later(r)) for r in order]
    with written(made) as connection:
        assert read_issues(connection, "p", at(0), at(1)) == ((at(0), 2),)
        (step,) = read_steps(connection, "p", at(0), at(0))
        assert step.revision == 2 and step.ended_at == later(2)
        newest = read_bulletin(connection, Shelf(), "p", at(0), None)
        assert newest is not None and newest.revision == 2
        assert read_state(connection, "p", "blend", at(0), None) is None, "only what was learned before"
        assert read_state(connection, "p", "blend", at(1), None) is not None


def test_a_span_holds_its_ends_and_not_the_second_before() -> None:
    with written(list(MADE.values())) as connection:
        half = np.timedelta64(500_000, "us")
        assert [i[0] for i in read_issues(connection, "p", at(1), at(2))] == [at(1), at(2)]
        after = at(1).astype("M8[us]") + half
        assert [i[0] for i in read_issues(connection, "p", after, at(3).astype("M8[us]") + half)] == [at(2), at(3)]


@given(st.integers(-(2**50), 2**50))
def test_times_come_back_and_are_rounded_up_to_find_and_down_to_keep(number: int) -> None:
    time = np.datetime64(number, "us")
    assert time_us(micros(time)) == time and np.isnat(time_us(None))
    assert time_s(seconds(time)) <= time <= time_s(first_second(time))
    assert first_second(time) - seconds(time) == (number % 1_000_000 != 0)


def test_each_sink_has_one_delivery_and_what_was_delivered_stays() -> None:
    with written([MADE[0]], sinks=("a", "b", "a")) as connection:
        connection.execute(sa.update(t.outbox).where(t.outbox.c.sink == "a").values(state="done"))
        fill_outbox(connection, key_of(MADE[0]), ("a", "b", "c"), "bulletin")
        rows = connection.execute(sa.select(t.outbox.c.sink, t.outbox.c.state).order_by(t.outbox.c.sink))
        assert [tuple(row) for row in rows] == [("a", "done"), ("b", "pending"), ("c", "pending")]


def test_reports_are_there_not_there_or_of_no_bulletin() -> None:
    with written([bulletin(0, reports=()), bulletin(1, reports=(report(),))]) as connection:
        assert [has_reports(connection, "p", at(hour), 0) for hour in (0, 1, 2)] == [False, True, None]


def test_a_document_that_is_gone_is_named_with_the_remedy_and_documents_are_worked_out_once() -> None:
    layout, documents = MADE[0].layout, Documents(kept=1)
    assert documents.of(layout)[0] == Documents().of(layout)[0] and documents.of(layout) is documents.of(layout)
    with written([MADE[0]]) as connection:
        connection.execute(sa.delete(t.document))
        with pytest.raises(StoreError, match="document .* is missing from the store; restore the store from a backup"):
            read_bulletin(connection, Shelf(), "p", at(0), None)
