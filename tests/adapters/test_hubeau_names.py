"""Names, units, codes, the month, and what is told of clocks."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hydria_hubeau.calls import apart, gathered
from hydria_hubeau.codes import flags
from hydria_hubeau.hubeau import HubeauSource, pieces
from hydria_hubeau.keeping import MARGIN, month_before, oldest
from hydria_hubeau.names import Key, Names, faults_of, misfits, scale_of
from hydria_hubeau.observations import UNITS, Place
from hydria_hubeau.readings import code, number
from hydria_hubeau.telling import Tally, quoted
from hydria_hubeau.vigicrues import VigicruesSource
from hydria_plugin import ConfigError, FeedError, Flag, Layout
from hydria_plugin.exchange import Answer, Refusal
from hydria_plugin.testing import sample_layout
from hydria_sandre.codes import judged

CODES = st.from_regex(r"[A-Z][0-9]{7}([0-9]{2})?", fullmatch=True)
PLAIN = st.text("abcxyz-_/:+()[]", max_size=8)


def layout_of(
    target: str, quantity: str, unit: str, kind: str = "simulation", series: str = "K490003010.H.moy"
) -> Layout:
    """One station with one slot."""
    plain = sample_layout()
    return replace(
        plain.only([0]),
        targets=(target,),
        quantities=(quantity,),
        units=(unit,),
        slots=(f"{kind}.1",),
        kinds=(kind,),
        series=np.array([[series]], dtype=object),
    )


# ---- names


@given(CODES, st.sampled_from("HQ"), PLAIN, PLAIN, PLAIN)
def test_a_series_made_by_a_template_is_read_by_it(code: str, quantity: str, a: str, b: str, c: str) -> None:
    b = f"{b}."  # between two codes that could run into each other
    names = Names(f"{a}{{code}}{b}{{grandeur}}{c}", {})
    assert names.key(f"{a}{code}{b}{quantity}{c}") == Key(code, quantity)


@given(st.text(max_size=20))
def test_any_other_text_is_no_series_of_the_host(text: str) -> None:
    key = Names("{code}.{grandeur}", {}).key(text)
    assert key is None or f"{key.code}.{key.quantity}" == text


def test_forecasts_and_names_of_the_admins_own() -> None:
    names = Names("{code}.{grandeur}", {"K490003010.H.max": "pire"}, "{code}.{grandeur}.{tendance}")
    assert names.key("pire") == Key("K490003010", "H", "max")
    assert names.key("K490003010.Q.min") == Key("K490003010", "Q", "min")
    assert names.key("K490003010.Q.mean") is None and names.key("k490003010.Q") is None


@pytest.mark.parametrize("template", ["", "x", "{code}", "{code}.{grandeur}.{code}", "{}{code}{grandeur}", 7])
def test_templates_that_name_nothing(template: Any) -> None:
    (fault,) = faults_of(template, {})
    assert fault.startswith("id: ")


def test_names_that_are_no_table() -> None:
    assert faults_of("{code}.{grandeur}", ["a"])[0].startswith("names = ['a'] must be a table")


# ---- units


@pytest.mark.parametrize(
    ("quantity", "unit", "key", "factor"),
    [
        ("level", "m", "H", 0.001),
        ("level", "cm", "H", 0.1),
        ("level", "mm", "H", 1.0),
        ("discharge", "m3/s", "Q", 0.001),
        ("discharge", "l/s", "Q", 1.0),
    ],
)
def test_a_target_comes_in_the_unit_of_its_station(quantity: str, unit: str, key: str, factor: float) -> None:
    layout = layout_of(f"V714401001.{key}", quantity, unit)
    found = scale_of(layout, f"V714401001.{key}", Key("V714401001", key), UNITS)
    assert (round(found[0], 12), found[1]) == (factor, unit)


def test_a_forecast_comes_in_the_unit_of_the_target_it_is_compared_with() -> None:
    key = Key("K490003010", "H", "moy")
    assert scale_of(layout_of("t", "level", "cm"), "K490003010.H.moy", key, {"H": "m", "Q": "m3/s"}) == (100.0, "cm")
    assert scale_of(layout_of("t", "discharge", "l/s"), "K490003010.H.moy", key, {"H": "m", "Q": "m3/s"}) == (1.0, "m")
    assert scale_of(None, "K490003010.H.moy", key, {"H": "m", "Q": "m3/s"}) == (1.0, "m")


def test_a_discharge_that_is_named_as_a_level_is_a_fault_of_the_configuration() -> None:
    layout = layout_of("V714401001.Q", "level", "m")
    assert "cannot be given in 'm'" in misfits(layout, Names("{code}.{grandeur}", {}), UNITS)[0]
    with pytest.raises(ConfigError, match="series 'V714401001.Q' is V714401001 Q"):
        HubeauSource(layout=layout)
    with pytest.raises(ConfigError, match="source vigicrues: series 'V714401001.Q'"):
        VigicruesSource(layout=layout)


def test_pieces_hold_each_station_once() -> None:
    keys = [Key(f"V7{n:08d}", q) for n in range(230) for q in ("HQ" if n % 2 else "H")]
    found = pieces({key: (Place("s", 1.0, "m"),) for key in keys})
    assert sum(len(p.codes) for p in found) == 230 and max(len(p.codes) for p in found) <= 100
    assert {c for p in found if p.quantities == "H" for c in p.codes} == {f"V7{n:08d}" for n in range(0, 230, 2)}


# ---- codes and numbers


@pytest.mark.parametrize(
    ("quality", "status", "method", "flag"),
    [
        (16, 4, 0, Flag.UNKNOWN),
        (0, 8, 8, Flag.UNKNOWN),
        (-1, -1, -1, Flag.UNKNOWN),
        (12, 16, 0, Flag.SUSPECT),
        (4, 4, 0, Flag.SUSPECT),
        (8, 4, 0, Flag.SUSPECT),
        (16, 4, 4, Flag.SUSPECT),
        (16, 4, 14, Flag.SUSPECT),
        (16, 4, 12, Flag.SUSPECT),
        (20, 4, 0, Flag.GOOD),
        (16, 12, 0, Flag.GOOD),
        (16, 16, 14, Flag.SUSPECT),
    ],
)
def test_flags(quality: int, status: int, method: int, flag: Flag) -> None:
    assert flags(*(np.array([c], np.int16) for c in (quality, status, method))).tolist() == [flag]


def test_the_same_value_has_the_same_flag_in_a_sandre_file() -> None:
    """Two doors to one archive."""
    known = [
        (q, s, m) for q in (-1, 0, 4, 8, 12, 16, 20) for s in (-1, 0, 4, 8, 12, 16) for m in (-1, 0, 4, 8, 10, 12, 14)
    ]
    columns = (np.array(c, np.int16) for c in zip(*known, strict=True))
    assert flags(*columns).tolist() == [int(judged(q, m, s)) for q, s, m in known]


def test_numbers_and_codes_as_they_may_come() -> None:
    assert [number(v) for v in (1, "2.5", True, "x", [], 10**400)] == [1.0, 2.5, None, None, None, None]
    assert np.isnan(number(None) or 0.0)
    assert [code(v) for v in (4, 0, None, "4", True, -3, 10**9)] == [4, 0, -1, -1, -1, -1, -1]


# ---- the month


@given(st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1)))  # noqa: DTZ001
def test_a_month_before_is_what_calendars_say(now: datetime) -> None:
    stamp = np.datetime64(now, "us")
    expected = (pd.Timestamp(stamp).floor("s") - pd.DateOffset(months=1)).to_datetime64()
    assert month_before(stamp) == expected.astype("datetime64[s]")
    assert oldest(stamp) - month_before(stamp) == MARGIN


# ---- clocks and patience


@pytest.mark.parametrize(
    ("date", "minutes"),
    [("Thu, 26 Nov 2026 06:00:30 GMT", None), ("Thu, 26 Nov 2026 07:00:00 GMT", 60), ("yesterday", None), ("", None)],
)
def test_how_far_clocks_are_apart(date: str, minutes: int | None) -> None:
    now = np.datetime64(datetime(2026, 11, 26, 6, 0, tzinfo=UTC).replace(tzinfo=None), "us")
    behind = apart(Answer(200, {"date": date}, b"", "GET x"), now)
    assert (None if behind is None else behind / np.timedelta64(1, "m")) == minutes


def test_a_host_that_is_silent_twice_is_left_alone() -> None:
    calls: list[int] = []

    def ask(n: int) -> None:
        calls.append(n)
        if n in (1, 3, 4):
            raise FeedError(f"no answer {n}")

    failed = gathered(range(10), ask)
    assert calls == [0, 1, 2, 3, 4] and [str(f)[:12] for f in failed] == [
        "no answer 1",
        "no answer 3",
        "no answer 4",
        "5 more calls",
    ]


def test_refusals_of_single_stations_do_not_make_it_silent() -> None:
    def ask(n: int) -> None:
        if n:
            raise Refusal("no such station", 404, b"")

    assert len(gathered(range(10), ask)) == 9
    with pytest.raises(Refusal, match="no such station"):
        gathered([1, 2, 3], ask)
    assert gathered([], ask) == []


def test_a_thousand_faults_are_one_sentence() -> None:
    tally = Tally()
    for n in range(1000):
        tally.add("row", f"row {n} is broken")
    assert [p.error for p in tally.problems()] == ["row 0 is broken (and 999 more like it)"]
    assert quoted("x" * 500) == f"{'x' * 60 + '... (500 characters)'!r}"
