"""A stretch of a file to rows: long and wide say the same, order and noise do not matter, faults name their line."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hydria_csv.faults import Faults
from hydria_csv.form import Form
from hydria_csv.headers import Header
from hydria_csv.parsing import MISSING, ClocksTurnedBack, Reading, roles_of, rows_of
from hydria_csv.rows import NEVER, Rows

BOOK = {"a": 0, "b": 1}
MINUTE = 60_000_000
START = int(np.datetime64("2026-03-01", "us").astype(np.int64))
LATEST = START + 10**6 * MINUTE


def parsed(header: str, body: str, line: int = 2, **form: object) -> tuple[Rows, list[str]]:
    """The rows, and what was said."""
    tail = bool(form.pop("tail", False))
    latest = int(form.pop("latest", LATEST))  # type: ignore[call-overload]
    faults = Faults("f.csv")
    reading = Reading("f", Form(**form), BOOK, faults, latest, tail)  # type: ignore[arg-type]
    rows = rows_of(Header(tuple(header.split(",")), ",", "utf-8"), body.encode(), line, reading)
    return rows, [p.error for p in faults.problems()]


def at(minute: int) -> str:
    return f"{np.datetime64(START + minute * MINUTE, 'us').astype('M8[s]')}Z"


def cells(rows: Rows) -> list[tuple[int, int, float]]:
    minutes = ((rows.time - START) // MINUTE).tolist()
    return sorted(zip(rows.code.tolist(), minutes, rows.value.tolist(), strict=True))


TABLES = st.dictionaries(st.integers(0, 500), st.tuples(*[st.integers(-999, 999)] * 2), min_size=1, max_size=8)


@settings(max_examples=20)
@given(TABLES, st.randoms(use_true_random=False))
def test_wide_and_long_say_the_same_in_any_order_and_come_in_order_of_time(told: dict, random) -> None:
    lines = [f"{at(m)},{a},{b}\n" for m, (a, b) in told.items()]
    pairs = [f"{at(m)},{name},{v}\n" for m, both in told.items() for name, v in zip("ab", both, strict=True)]
    random.shuffle(lines)
    random.shuffle(pairs)
    wide, said = parsed("time,a,b", "".join(lines))
    long, also = parsed("time,series,value", "".join(pairs))
    wanted = sorted((code, m, float(both[code])) for m, both in told.items() for code in (0, 1))
    assert cells(wide) == cells(long) == wanted and said == also == []
    assert (np.diff(wide.time) >= 0).all() and (np.diff(long.time) >= 0).all()


def test_columns_nobody_asked_for_and_roles_are_no_series() -> None:
    rows, said = parsed("time,x,b,flag", f"{at(0)},1,2,4\n")
    assert cells(rows) == [(1, 0, 2.0)] and rows.more["flag"].tolist() == [4] and said == []
    assert "flag" in roles_of(Form()) and len(parsed("time,x", f"{at(0)},1\n")[0]) == 0
    assert len(parsed("time,a", "")[0]) == 0


def test_an_empty_value_is_withdrawn_in_a_long_table_and_silent_in_a_wide_one() -> None:
    long, _ = parsed("time,series,value", f"{at(0)},a,\n{at(1)},a,2\n")
    assert long.more["flag"].tolist() == [MISSING, 1] and np.isnan(long.value[0])
    wide, _ = parsed("time,a", f"{at(0)},\n{at(1)},2\n")
    assert cells(wide) == [(0, 1, 2.0)]


def test_a_factor_is_of_its_column() -> None:
    assert cells(parsed("time,a,b", f"{at(0)},1,2\n", scale={"b": 0.01})[0]) == [(0, 0, 1.0), (1, 0, 0.02)]
    long = parsed("time,series,value", f"{at(0)},a,1\n{at(0)},b,2\n", scale={"b": 0.01})[0]
    assert cells(long) == [(0, 0, 1.0), (1, 0, 0.02)]


@pytest.mark.parametrize(
    ("header", "line", "said"),
    [
        ("time,a", "yesterday,2", "time 'yesterday' cannot be read: ISO 8601, as in 2020-09-19T06:00Z; the row"),
        ("time,a,received_at", f"{at(1)},2,soon", "received_at 'soon' cannot be read"),
        ("time,a,issued_at,member", f"{at(1)},2,{at(0)},1.5", "member '1.5' is not a whole number; the row"),
        ("time,a", "2026-03-01T00:00Z,2,3", "3 cells where the header has 2"),
    ],
)
def test_a_line_that_cannot_be_used_is_named_and_the_others_stay(header: str, line: str, said: str) -> None:
    good = ",".join([at(5), "7", *([at(0)] if "_at" in header else []), *(["1"] if "member" in header else [])])
    rows, told = parsed(header, f"{good}\n{line}\n{line}\n", line=41)
    assert [c[2] for c in cells(rows)] == [7.0]
    assert len(told) == 1 and "f.csv line 42" in told[0] and said in told[0]
    assert "1 more like it, the last in line 43" in told[0]


def test_an_unknown_flag_keeps_its_row_as_unknown() -> None:
    rows, said = parsed("time,a,flag", f"{at(0)},1,odd\n{at(1)},2,FAIL\n{at(2)},3,\n")
    assert rows.more["flag"].tolist() == [2, 4, 1]
    assert len(said) == 1 and "flag 'odd' is not in `flags`" in said[0] and "line 2" in said[0]


def test_a_stamp_in_the_future_is_kept_and_told_but_not_that_of_a_forecast() -> None:
    rows, said = parsed("time,a", f"{at(10)},1\n{at(11)},2\n", latest=START + 10 * MINUTE)
    assert (
        len(rows) == 2
        and len(said) == 1
        and "f.csv line 3: " in said[0]
        and "a clock or `timezone` is wrong" in said[0]
    )
    rows, said = parsed("time,a,issued_at", f"{at(11)},2,{at(9)}\n", latest=START + 10 * MINUTE)
    assert rows.column("issued_at")[0] != NEVER and said == []


def test_of_two_columns_of_one_series_the_first_counts() -> None:
    rows, said = parsed("time,a,other", f"{at(0)},1,2\n", names={"other": "a"})
    assert cells(rows) == [(0, 0, 1.0)] and "series 'a' stands in two columns; the first is used" in said[0]


def test_a_tail_within_the_hour_that_exists_twice_asks_for_the_whole_file() -> None:
    line = "2026-10-25T02:30,1\n"
    with pytest.raises(ClocksTurnedBack):
        parsed("time,a", line, timezone="Europe/Paris", tail=True)
    assert len(parsed("time,a", line, timezone="Europe/Paris")[0]) == 1
    assert len(parsed("time,a", "2026-10-25T04:30,1\n", timezone="Europe/Paris", tail=True)[0]) == 1
