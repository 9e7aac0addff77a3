"""Series of PI for tests: made by hypothesis, and compared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

import numpy as np
from hypothesis import strategies as st

from hydria_fews.pi_series import NO_FLAG, NO_TIME, TYPES, PiHeader, PiSeries, PiThreshold, TimeStep

NAN = float("nan")
TEXTS = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs"), exclude_characters="\ufffe\uffff"), max_size=8
)
WORDS = TEXTS.map(str.strip)
NAMES = WORDS.filter(bool)
FINITE = st.floats(allow_nan=False, allow_infinity=False)
PLACES = FINITE | st.just(NAN)
MISSING = st.sampled_from([NAN, -999.0, -8888.0, -999.99, 1e35, 0.0])
MILLIS = st.integers(-4_000_000_000_000, 4_000_000_000_000)
TIMES = MILLIS.map(lambda ms: np.datetime64(ms, "ms"))
STEPS = st.one_of(
    st.just(TimeStep()),
    st.builds(
        TimeStep,
        st.sampled_from(["second", "minute", "hour", "day", "week", "month", "year"]),
        st.integers(1, 10_000),
        st.integers(1, 9),
    ),
    st.just(TimeStep("times", times=("06:00", "18:00"))),
)


def thresholds() -> st.SearchStrategy[tuple[PiThreshold, ...]]:
    one = st.builds(PiThreshold, WORDS, FINITE, WORDS, st.booleans(), WORDS, WORDS, WORDS, WORDS)
    return st.lists(one, max_size=3).map(lambda many: tuple(sorted(many, key=lambda t: not t.is_high)))


@st.composite
def headers(draw: st.DrawFn) -> PiHeader:
    member = draw(st.none() | st.integers(-5, 10_000))
    return PiHeader(
        location=draw(NAMES),
        parameter=draw(NAMES),
        kind=draw(st.sampled_from(TYPES)),
        module=draw(WORDS),
        qualifiers=tuple(draw(st.lists(NAMES, max_size=3))),
        ensemble=draw(WORDS),
        member=member,
        member_id=draw(WORDS) if member is None else "",
        step=draw(STEPS),
        start=draw(TIMES | st.just(NO_TIME)),
        end=draw(TIMES | st.just(NO_TIME)),
        issued_at=draw(TIMES | st.just(NO_TIME)),
        missing=draw(MISSING),
        long_name=draw(WORDS),
        station_name=draw(WORDS),
        latitude=draw(PLACES),
        longitude=draw(PLACES),
        x=draw(PLACES),
        y=draw(PLACES),
        z=draw(PLACES),
        units=draw(WORDS),
        origin=draw(st.dictionaries(st.sampled_from(["sourceOrganisation", "creationDate"]), NAMES)),
        thresholds=draw(thresholds()),
    )


@st.composite
def pi_series(draw: st.DrawFn, most: int = 30) -> PiSeries:
    header = draw(headers())
    n = draw(st.integers(0, most))
    whole = draw(st.booleans())
    times = st.integers(-4_000_000_000, 4_000_000_000).map(lambda s: s * 1000) if whole else MILLIS
    time = np.array(draw(st.lists(times, min_size=n, max_size=n)), dtype="datetime64[ms]")
    value = np.array(draw(st.lists(FINITE | st.just(NAN), min_size=n, max_size=n)), dtype=float)
    value[value == header.missing] = NAN
    flag = draw(st.lists(st.integers(NO_FLAG, 14) | st.just(0), min_size=n, max_size=n))
    made = PiSeries.of(header, time, value, flag)
    names = draw(st.sets(st.sampled_from(["flagSource", "comment", "user"])))
    made.more.update({name: draw(texts_of(n)) for name in sorted(names)} if n else {})  # type: ignore[attr-defined]
    return made


@st.composite
def texts_of(draw: st.DrawFn, n: int) -> np.ndarray[Any, Any]:
    found = np.array(draw(st.lists(WORDS, min_size=n, max_size=n)), dtype=object)
    found[draw(st.integers(0, n - 1))] = draw(NAMES)
    return found


def told(header: PiHeader) -> dict[str, Any]:
    """Every fact, NaN and NaT as texts: equal where equal is meant."""
    facts = {f.name: repr(getattr(header, f.name)) for f in fields(header)}
    return {**facts, "origin": dict(header.origin)}


def same_series(found: Sequence[PiSeries], meant: Sequence[PiSeries]) -> None:
    assert [told(s.header) for s in found] == [told(s.header) for s in meant]
    for one, other in zip(found, meant, strict=True):
        np.testing.assert_array_equal(one.time, other.time)
        np.testing.assert_array_equal(one.value, other.value)
        np.testing.assert_array_equal(one.flag, other.flag)
        assert {n: t.tolist() for n, t in one.more.items()} == {n: t.tolist() for n, t in other.more.items()}
