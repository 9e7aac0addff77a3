"""Lists as PostgreSQL's arrays: any text comes back as it is, and nothing in it is more than text."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sql_places import Place

from hydria_sql.tables import storable
from hydria_sql.upsert import array_text

TEXTS = st.lists(
    st.none() | st.text(max_size=12).map(storable) | st.sampled_from(["NULL", "{}", '"', "\\", "a,b", " x "])
)
here = settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])


def back(pg: Place, cells: list[Any], kind: str) -> list[Any]:
    with pg.engine.connect() as connection:
        asked = sa.text(f"SELECT CAST(CAST(:given AS text) AS {kind}[])")
        return list(connection.execute(asked, {"given": array_text(cells)}).scalar() or [])


@here
@given(cells=TEXTS)
def test_texts(pg: Place, cells: list[str | None]) -> None:
    assert back(pg, cells, "text") == cells


@here
@given(cells=st.lists(st.floats(allow_nan=False) | st.none()))
def test_numbers(pg: Place, cells: list[float | None]) -> None:
    assert back(pg, cells, "float8") == cells


@pytest.mark.parametrize(("cells", "kind"), [([True, False, None], "boolean"), ([1, None, -7], "int"), ([], "text")])
def test_others(pg: Place, cells: list[Any], kind: str) -> None:
    assert back(pg, cells, kind) == cells
