"""Cells to columns: whatever a database gives, nothing is raised, and what is not used is told."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hydria_plugin.exchange import feed_table
from hydria_plugin.testing import sample_layout
from hydria_sql.rows import Meaning, Reader, kind_of
from hydria_sql.times import Times

CELLS: Any = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=8),
    st.decimals(),
    st.datetimes(),
    st.binary(max_size=4),
)
ROWS = st.lists(st.tuples(CELLS, CELLS, CELLS, CELLS, CELLS, CELLS), max_size=6)


def reader(**meaning: Any) -> Reader:
    return Reader(Meaning(**meaning), Times(), sample_layout(), "table t")


@given(ROWS)
def test_nothing_is_raised(rows: list[tuple[Any, ...]]) -> None:
    names = ("series", "value", "flag", "member", "unit")
    made = reader().columns(
        {
            **{name: [row[i] for row in rows] for i, name in enumerate(names)},
            "time": ["2026-03-01T05:00:00Z" for _ in rows],
            "issued_at": [None if i % 2 else "2026-03-01T05:00:00Z" for i, _ in enumerate(rows)],
        }
    )
    table = feed_table(made.pop("series"), made.pop("time"), made.pop("value"), **made)
    assert len(table) <= len(rows)
    assert table["value"].abs().lt(1e18).where(table["value"].notna(), True).all()
    assert set(table["flag"]) <= {1, 2, 3, 4, 9}


@given(st.lists(st.floats(-1e9, 1e9) | st.none(), min_size=1, max_size=8), st.sampled_from([float, str, Decimal]))
def test_numbers_of_any_type_are_the_numbers(values: list[float | None], kind: Any) -> None:
    cells = [None if v is None else kind(repr(v)) for v in values]
    read = reader()
    made = read.columns({"series": ["x"] * len(cells), "time": ["2026-03-01T05:00Z"] * len(cells), "value": cells})
    assert [None if math.isnan(v) else v for v in made["value"].tolist()] == values and not read.problems


@given(st.lists(st.integers(-1_000_000, 1_000_000), min_size=1, max_size=8))
def test_millimetres_are_a_thousandth(values: list[int]) -> None:
    n = len(values)
    cells = {"series": ["level@s1"] * n, "time": ["2026-03-01T05:00Z"] * n, "value": values, "unit": ["mm"] * n}
    np.testing.assert_allclose(reader().columns(cells)["value"], np.array(values) / 1000, rtol=1e-12)


def test_one_sentence_per_kind_of_fault() -> None:
    read = reader()
    read.columns({"series": ["x"] * 3, "time": ["never"] * 3, "value": ["?" * 200] * 3})
    said = [p.error for p in read.problems]
    assert said[0] == f"table t: value '{'?' * 60}...' is no number; the row is not used (and 2 more like it)"
    assert said[1] == "table t: time 'never' is no time; the row is not used (and 2 more like it)" and len(said) == 2


def test_nothing_at_all() -> None:
    made = reader().columns({"series": [], "time": [], "value": [], "unit": [], "flag": [], "member": []})
    assert feed_table(made.pop("series"), made.pop("time"), made.pop("value"), **made).empty


@pytest.mark.parametrize(("series", "kind"), [("level@s1", "level"), ("rain.1@s1", "rain"), ("nobody", "")])
def test_kinds(series: str, kind: str) -> None:
    assert kind_of(sample_layout(), series) == kind and kind_of(None, series) == ""
