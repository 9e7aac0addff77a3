"""Rows as compact columns: merged, cut and chosen as plain Python would."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from hydria_csv.rows import EMPTY, NEVER, Rows, appended, joined, known, versions

COLUMNS = st.sets(st.sampled_from(["issued_at", "received_at", "member"]))
TIME = st.integers(0, 12)
LINE = st.tuples(st.integers(0, 2), TIME, TIME, st.one_of(st.just(NEVER), TIME), st.one_of(st.just(NEVER), TIME))


def rows_of(lines: list[tuple[int, ...]], columns: set[str]) -> Rows:
    """Rows of (series, time, member, issue, reception) whose value is their place among the lines."""
    table = np.array(lines, np.int64).reshape(-1, 5)
    more = {"member": table[:, 2].astype(np.int32), "issued_at": table[:, 3], "received_at": table[:, 4]}
    chosen = {name: more[name] for name in columns}
    return Rows(table[:, 0].astype(np.int32), table[:, 1], np.arange(len(table), dtype=float), chosen).sorted()


def listed(rows: Rows) -> list[tuple[Any, ...]]:
    more = [rows.column(name).tolist() for name in ("member", "issued_at", "received_at")]
    return list(zip(rows.time.tolist(), rows.code.tolist(), rows.value.tolist(), *more, strict=True))


@given(lines=st.lists(LINE, max_size=40), columns=COLUMNS)
def test_sorted_by_time_the_later_line_stays_later(lines: list[Any], columns: set[str]) -> None:
    rows = rows_of(lines, columns)
    assert rows.value.tolist() == sorted(range(len(lines)), key=lambda i: lines[i][1])


@given(parts=st.lists(st.tuples(st.lists(LINE, max_size=10), COLUMNS), max_size=12))
def test_blocks_that_are_appended_hold_the_same_rows_in_the_same_order(parts: list[Any]) -> None:
    blocks: list[Rows] = []
    made = [rows_of(lines, columns) for lines, columns in parts]
    for part in made:
        blocks = appended(blocks, part) if len(part) else blocks
    assert listed(joined(blocks).sorted()) == listed(joined(made).sorted())
    assert all((block.time[1:] >= block.time[:-1]).all() for block in blocks)


def test_the_number_of_blocks_grows_with_the_logarithm() -> None:
    blocks: list[Rows] = []
    for i in range(1000):
        blocks = appended(blocks, Rows(np.zeros(1, np.int32), np.array([i]), np.zeros(1)))
    assert sum(map(len, blocks)) == 1000 and len(blocks) <= 11


@given(lines=st.lists(LINE, max_size=40), after=TIME, until=TIME)
def test_between_is_open_and_closed(lines: list[Any], after: int, until: int) -> None:
    found = rows_of(lines, set()).between(after, until)
    assert sorted(found.value.tolist()) == [i for i, line in enumerate(lines) if after < line[1] <= until]


@given(lines=st.lists(LINE, max_size=40), columns=COLUMNS, issued_at=TIME, known_at=TIME)
def test_known_row_by_row(lines: list[Any], columns: set[str], issued_at: int, known_at: int) -> None:
    rows, expected = rows_of(lines, columns), []
    for i, (_, time, _, issue, reception) in enumerate(lines):
        stamp = issue if "issued_at" in columns and issue != NEVER else time
        told = reception if "received_at" in columns and reception != NEVER else stamp
        if stamp <= issued_at and told <= known_at:
            expected.append(i)
    assert sorted(known(rows, issued_at, known_at).value.tolist()) == expected


@given(lines=st.lists(LINE, max_size=40), columns=COLUMNS, told_again=st.lists(st.integers(0, 39)))
def test_versions_row_by_row(lines: list[Any], columns: set[str], told_again: list[int]) -> None:
    """As of any moment the last one received by then, or the later row; what only says the same again is left out."""
    rows = rows_of(lines, columns)
    values = np.where(np.isin(np.arange(len(lines)), told_again), -1.0, rows.value)
    found = versions(Rows(rows.code, rows.time, values, rows.more))
    by_cell: dict[tuple[int, ...], dict[int, tuple[float, int]]] = {}
    for i, (code, time, member, issue, reception) in enumerate(lines):
        key = (code, time, member if "member" in columns else 0, issue if "issued_at" in columns else NEVER)
        told = reception if "received_at" in columns and reception != NEVER else time
        by_cell.setdefault(key, {})[told] = (values[int(rows.value.tolist().index(i))], i)
    expected = []
    for key, told in by_cell.items():
        before = None
        for moment, (value, _) in sorted(told.items()):
            if value != before:
                expected.append((*key, moment, value))
            before = value
    got = zip(found.code.tolist(), found.time.tolist(), found.column("member").tolist(),
              found.column("issued_at").tolist(), _told(found), found.value.tolist(), strict=True)  # fmt: skip
    assert sorted(got) == sorted(expected)
    assert [(t, c) for t, c, *_ in listed(found)] == sorted((t, c) for t, c, *_ in listed(found))


def _told(rows: Rows) -> list[int]:
    received = rows.column("received_at")
    return np.where(received == NEVER, rows.time, received).tolist()


def test_a_flag_that_changes_and_a_gap_told_again() -> None:
    more = {"flag": np.array([2, 1, 1, 1, 1], np.uint8), "received_at": np.array([10, 20, 30, 40, 50])}
    values = np.array([1.0, 1.0, np.nan, np.nan, 1.0])
    found = versions(Rows(np.zeros(5, np.int32), np.full(5, 7), values, more))
    assert found.more["received_at"].tolist() == [10, 20, 30, 50]


def test_nothing_joined_is_nothing() -> None:
    assert len(joined([])) == 0 and len(joined([EMPTY, EMPTY])) == 0 and len(versions(EMPTY)) == 0
    assert EMPTY.column("flag").shape == (0,)


def test_a_column_that_only_one_part_has_says_its_absence_in_the_other() -> None:
    both = joined([rows_of([(0, 1, 5, 3, 4)], {"member", "issued_at"}), rows_of([(1, 2, 6, 3, 4)], set())])
    assert both.more["member"].tolist() == [5, 0] and both.more["issued_at"].tolist() == [3, NEVER]
    assert "received_at" not in both.more and both.column("flag").tolist() == [1, 1]
