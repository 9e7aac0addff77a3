"""An attribution: parts that add up, mixed and taken by station."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hydria_plugin import Attribution

S, H, P, V = 2, 3, 4, 2


def some(seed: int = 0, **lines: float) -> Attribution:
    rng = np.random.default_rng(seed)
    return Attribution(
        ("a", "b"), rng.normal(size=(S, H)), rng.normal(size=(S, H, P)), rng.normal(size=(S, H, P + H, V)),
        rng.normal(size=(S, H, V)), {name: np.full((S, H), value) for name, value in lines.items()},
    )  # fmt: skip


def test_the_median_is_the_sum_of_all_parts() -> None:
    nothing = np.zeros((S, H))
    one = Attribution(("a", "b"), nothing + 1, np.full((S, H, P), 0.5), np.full((S, H, P + H, V), 0.25),
                      np.full((S, H, V), 2.0), {"limits": nothing - 3})  # fmt: skip
    np.testing.assert_allclose(one.median, 1 + P * 0.5 + (P + H) * V * 0.25 + 2 * V - 3)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 1000), st.floats(-2, 2), st.floats(-2, 2))
def test_mixing_mixes_the_medians(seed: int, a: float, b: float) -> None:
    one, other = some(seed, usual=1.0), some(seed + 1, limits=0.5)
    weights = np.full((S, H), a), np.full((S, H), b)
    mixed = Attribution.mixed([(weights[0], one), (weights[1], other)])
    np.testing.assert_allclose(mixed.median, a * one.median + b * other.median, atol=1e-9)
    assert set(mixed.lines) == {"usual", "limits"}
    np.testing.assert_allclose(mixed.lines["usual"], a)


def test_mixing_differs_by_lead() -> None:
    weights = np.array([[1.0, 0.5, 0.0]] * S)
    mixed = Attribution.mixed([(weights, some(1)), (1 - weights, some(2))])
    np.testing.assert_allclose(mixed.inputs[:, 0], some(1).inputs[:, 0])
    np.testing.assert_allclose(mixed.own[:, 2], some(2).own[:, 2])


def test_closing_names_what_is_missing() -> None:
    one = some(3, calibration=0.5)
    closed = one.closed("calibration", np.full((S, H), 7.0))
    np.testing.assert_allclose(closed.median, 7.0)
    np.testing.assert_allclose(closed.lines["calibration"], 0.5 + 7.0 - one.median)
    assert one.lines["calibration"][0, 0] == 0.5, "the one it was made from stays as it was"


def test_only_takes_stations_with_all_their_parts() -> None:
    one = some(4, usual=2.0)
    part = one.only([1])
    assert part.stations == ("b",)
    np.testing.assert_allclose(part.median, one.median[1:])


@pytest.mark.parametrize("name", ["base", "own", "inputs", "before", "lines"])
def test_axes_are_checked_at_birth(name: str) -> None:
    parts = {f: getattr(some(), f) for f in ("stations", "base", "own", "inputs", "before", "lines")}
    wrong = {"usual": np.zeros((S, H + 1))} if name == "lines" else np.zeros((S + 1, H))
    with pytest.raises(ValueError, match=name):
        Attribution(**{**parts, name: wrong})


def test_arrays_are_read_only() -> None:
    with pytest.raises(ValueError, match="read-only"):
        some().base[0, 0] = 1.0
