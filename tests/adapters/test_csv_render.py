"""The text of a bulletin: every cell comes back as it was, nothing runs in a spreadsheet, times and numbers exact."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hydria_csv.render import (
    ALERT,
    FORMULA,
    LONG,
    TOGETHER,
    WIDE,
    alerts_table,
    compact,
    forecast_table,
    iso,
    number,
    text,
)
from hydria_plugin import Bulletin
from hydria_plugin.testing import sample_alert, sample_bulletin, sample_layout

BULLETIN = sample_bulletin("p", 0, 1)


def rows(pieces: list[bytes]) -> list[list[str]]:
    return list(csv.reader(io.StringIO(b"".join(pieces).decode(), newline="")))


def table(bulletin: Bulletin, form: str) -> list[dict[str, str]]:
    head, *found = rows(list(forecast_table(bulletin, form)))
    assert all(len(row) == len(head) for row in found)
    return [dict(zip(head, row, strict=True)) for row in found]


def with_values(values: np.ndarray) -> Bulletin:
    f = replace(BULLETIN.forecast, values=values)
    return replace(BULLETIN, forecast=f)


@given(st.text(max_size=30))
def test_any_text_comes_back_and_none_is_a_formula(cell: str) -> None:
    found = next(csv.reader(io.StringIO(f"x,{text(cell)},y\n", newline="")))
    plain = cell.replace("\0", "")
    assert found == ["x", f"'{plain}" if plain.startswith(FORMULA) else plain, "y"]
    assert not found[1].startswith(FORMULA)


@given(st.integers(0, 2**33))
def test_a_time_comes_back_to_the_second_and_sorts_by_name(second: int) -> None:
    at = np.datetime64(second, "s")
    assert iso(at).endswith("Z") and np.datetime64(iso(at)[:-1]) == at
    assert iso(at.astype("M8[us]") + np.timedelta64(999_999, "us")) == iso(at)
    assert not set(compact(at)) & set('-:/\\?*<>|"')
    assert compact(at) < compact(at + np.timedelta64(1, "s"))
    assert iso(np.datetime64("NaT")) == compact(np.datetime64("NaT")) == ""


@given(st.floats(width=32, allow_nan=True, allow_infinity=True))
def test_a_number_keeps_seven_digits_and_what_is_none_is_empty(value: float) -> None:
    told = number(value)
    if np.isfinite(value):
        assert float(told) == pytest.approx(value, rel=1e-6, abs=1e-44)
    else:
        assert told == ""


@settings(max_examples=15)
@given(st.integers(0, 1000), st.booleans())
def test_the_two_forms_say_the_same_and_what_the_bulletin_says(seed: int, silent: bool) -> None:
    values = np.sort(np.random.default_rng(seed).normal(size=BULLETIN.forecast.values.shape), axis=2)
    if silent:
        values[1] = np.nan
    b = with_values(values)
    f = b.forecast
    wide, long = table(b, "wide"), table(b, "long")
    s, h, q = values.shape
    assert len(wide) == s * h and len(long) == s * h * q
    names = [f"q{level:g}" for level in f.quantiles]
    told = [[float(row[n]) if row[n] else np.nan for n in names] for row in wide]
    np.testing.assert_allclose(np.reshape(told, values.shape), values, rtol=1e-6)
    again = [float(row["value"]) if row["value"] else np.nan for row in long]
    np.testing.assert_array_equal(np.reshape(again, values.shape), np.reshape(told, values.shape))


def test_each_row_is_named_by_station_lead_and_time() -> None:
    f, places = BULLETIN.forecast, table(BULLETIN, "wide")
    valid, h = [iso(t) for t in f.valid_times()], f.values.shape[1]
    for i, row in enumerate(places):
        assert (row["station"], row["lead"]) == (f.stations[i // h], str(i % h + 1))
        assert (row["issued_at"], row["valid_at"]) == (iso(BULLETIN.issued_at), valid[i % h])
        assert (row["unit"], row["made_by"]) == (BULLETIN.layout.units[i // h], f.made_by[i // h])
    assert list(places[0])[: len(WIDE)] == list(WIDE)
    long = table(BULLETIN, "long")
    assert list(long[0]) == list(LONG)
    levels = [f"{q:g}" for q in f.quantiles]
    assert [(r["station"], r["lead"], r["valid_at"]) for r in long[:: len(levels)]] == [
        (r["station"], r["lead"], r["valid_at"]) for r in places
    ]
    assert [row["quantile"] for row in long] == levels * (len(long) // len(levels))


@pytest.mark.parametrize("form", ["wide", "long"])
@pytest.mark.parametrize("name", ["100 %d", "%s", "a,b", 'say "x"', "two\nlines"])
def test_a_name_with_signs_of_templates_stays_itself(form: str, name: str) -> None:
    s = len(BULLETIN.forecast.stations)
    f = replace(BULLETIN.forecast, stations=(name,) * s)
    found = table(replace(BULLETIN, forecast=f, pipeline=name), form)
    assert {row["station"] for row in found} == {row["pipeline"] for row in found} == {name}


def test_many_stations_come_in_pieces_that_are_one_table() -> None:
    many = sample_bulletin(layout=sample_layout(2 * TOGETHER + 3))
    pieces = list(forecast_table(many, "wide"))
    assert len(pieces) > 1
    stations = [row[1] for row in rows(pieces)[1:]]
    assert tuple(stations[:: many.layout.horizon]) == many.layout.stations


def test_alerts_are_a_row_each_with_empty_cells_for_what_is_not_known() -> None:
    alert = sample_alert()
    alert = replace(alert, station=BULLETIN.layout.stations[0], note="=1+1", probability=float("nan"))
    stranger = replace(alert, station="elsewhere", note="")
    head, first, second = rows(alerts_table(BULLETIN, (alert, stranger)))
    assert head == list(ALERT)
    told = dict(zip(head, first, strict=True))
    assert told["note"] == "'=1+1" and told["probability"] == ""
    assert (told["unit"], told["limit"]) == (BULLETIN.layout.units[0], number(alert.limit))
    assert told["is_lower_bound"] in ("true", "false") and told["reason"] == str(alert.reason)
    assert dict(zip(head, second, strict=True))["unit"] == ""
    assert rows(alerts_table(BULLETIN, ())) == [list(ALERT)]
