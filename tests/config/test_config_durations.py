"""Durations: what is written is read back; what is not a duration is refused."""

from __future__ import annotations

import contextlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hydria_plugin.config import format_duration, parse_duration
from hydria_plugin.config.durations import LONGEST, whole_steps


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90min", 5400), ("5h30min", 19800), ("2d", 172800), ("1h", 3600), ("10min", 600), ("45s", 45), ("1d1h1min1s",
    90061),
     ("0min", 0), (" 3min ", 180), ("400d", 34_560_000)],
)  # fmt: skip
def test_reads(text: str, seconds: int) -> None:
    assert parse_duration(text) == np.timedelta64(seconds, "s")


@pytest.mark.parametrize(
    "text",
    ["", "10", "min", "1.5h", "-1h", "1h-30min", "30min1h", "1 h", "1m", "1hour", "PT1H", "1h1h", "１h", "99999999d"],
)
def test_refuses(text: str) -> None:
    with pytest.raises(ValueError, match="duration|century"):
        parse_duration(text)


@given(st.integers(min_value=0, max_value=LONGEST))
def test_round_trip(seconds: int) -> None:
    duration = np.timedelta64(seconds, "s")
    assert parse_duration(format_duration(duration)) == duration


@given(st.tuples(*[st.integers(min_value=0, max_value=10_000)] * 4).filter(any))
def test_any_mixture_is_its_sum(parts: tuple[int, int, int, int]) -> None:
    days, hours, minutes, seconds = parts
    text = "".join(f"{n}{unit}" for n, unit in zip(parts, ("d", "h", "min", "s"), strict=True) if n)
    assert parse_duration(text) == np.timedelta64(86400 * days + 3600 * hours + 60 * minutes + seconds, "s")


@given(st.text(max_size=12))
def test_never_anything_but_a_value_error(text: str) -> None:
    with contextlib.suppress(ValueError):
        assert parse_duration(text) >= np.timedelta64(0, "s")


def test_negative_is_shown() -> None:
    assert format_duration(np.timedelta64(-90, "m")) == "-1h30min"


@pytest.mark.parametrize(
    ("duration", "step", "steps"), [("6h", "10min", 36), ("1h", "1h", 1), ("50min", "1h", None), ("0h", "1h", None)]
)
def test_whole_steps(duration: str, step: str, steps: int | None) -> None:
    assert whole_steps(parse_duration(duration), parse_duration(step)) == steps
