"""What a report holds, as JSON can say it: nothing of it fails, and what is finite is not changed."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hydria_plugin.exchange import jsonable

PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(PLAIN)
def test_what_json_knows_stays(value: object) -> None:
    assert jsonable(value) == value
    assert json.loads(json.dumps(jsonable(value), allow_nan=False)) == value


@pytest.mark.parametrize("lost", [np.nan, np.inf, -np.inf, float("nan"), np.float32("nan")])
def test_what_json_does_not_know_is_null(lost: float) -> None:
    assert jsonable({"a": [1.5, lost], "b": (lost,)}) == {"a": [1.5, None], "b": [None]}


def test_arrays_and_their_numbers() -> None:
    held = {1: np.array([[1.0, np.nan], [2.0, 3.0]]), "n": np.int64(7), "yes": np.bool_(True), "none": np.array([])}
    made = jsonable(held)
    assert made == {"1": [[1.0, None], [2.0, 3.0]], "n": 7, "yes": True, "none": []}
    assert json.dumps(made, allow_nan=False)
