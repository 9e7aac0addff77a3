"""A person's flags: what is set is listed, what is withdrawn is kept, and what is wrong changes no file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hydria_plugin import ConfigError
from hydria_plugin.manual_flags import FILE, HEAD, read_flags
from hydria_plugin.workshop.flags import add_flag, flags_in, take_back
from hydria_plugin.workshop.times import now, utc
from tests.site_files import write_site

FIRST, LAST = np.datetime64("2021-04-07T09:00", "s"), np.datetime64("2021-04-07T10:00", "s")


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return write_site(tmp_path, days=2)


def put(config: Path, series: str = "h_down", last: np.datetime64 | None = LAST, **more: str) -> dict[str, str]:
    told = {"as_": "bad", "reason": "float stuck", "author": "ana"} | more
    return add_flag(config, series, FIRST, last, told["as_"], told["reason"], told["author"])


def test_what_is_set_is_listed_as_it_was_told(config: Path) -> None:
    one = put(config, reason='  he said "stuck, again"\n ')
    assert tuple(one) == HEAD
    assert (one["id"], one["series"], one["as"], one["author"]) == ("1", "h_down", "bad", "ana")
    assert (one["from"], one["to"]) == ("2021-04-07T09:00:00Z", "2021-04-07T10:00:00Z")
    assert one["reason"] == 'he said "stuck, again"' and one["withdrawn_at"] == one["withdrawn_by"] == ""
    assert flags_in(config, every=False) == [one]


def test_a_flag_without_an_end_has_none_and_one_of_a_moment_is_allowed(config: Path) -> None:
    assert put(config, last=None)["to"] == ""
    assert put(config, last=FIRST)["to"] == put(config, last=FIRST)["from"]


def test_numbers_go_on_after_one_was_withdrawn(config: Path) -> None:
    assert [put(config)["id"], put(config)["id"]] == ["1", "2"]
    take_back(config, 2, "béa")
    assert put(config)["id"] == "3", "a number is never used again"
    assert [flag["id"] for flag in flags_in(config, every=False)] == ["1", "3"]


def test_what_is_withdrawn_is_kept_with_who_did_it_and_the_others_stay(config: Path) -> None:
    first, second = put(config), put(config, "r1", as_="suspect")
    taken = take_back(config, 1, "béa")
    assert taken | {"withdrawn_at": "", "withdrawn_by": ""} == first
    assert taken["withdrawn_by"] == "béa" and taken["withdrawn_at"] >= first["set_at"]
    assert flags_in(config, every=False) == [second] and flags_in(config, every=True) == [taken, second]
    with pytest.raises(ConfigError, match="flag 1 is not in force in manual_flags.csv; allowed: 2"):
        take_back(config, 1, "béa")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"series": "h_dwon"}, r"'h_dwon' is in no pipeline \(did you mean 'h_down'\?\); allowed: h_down, q_up, r1"),
        ({"series": "zzz"}, "'zzz' is in no pipeline; allowed: h_down, q_up, r1"),
        ({"as_": "terrible"}, "--as: 'terrible' is no verdict; allowed: bad, suspect, good"),
        ({"reason": " \n"}, "--reason: '' says nothing; allowed: a sentence"),
        (
            {"last": FIRST - 1},
            "--to: 2021-04-07T08:59:59Z is before --from 2021-04-07T09:00:00Z; allowed: that time or",
        ),
    ],
)
def test_what_is_wrong_names_place_and_remedy_and_changes_nothing(config: Path, wrong: dict, said: str) -> None:
    put(config)
    before = (config.parent / FILE).read_bytes()
    with pytest.raises(ConfigError, match=said):
        put(config, **wrong)
    assert (config.parent / FILE).read_bytes() == before


def test_where_none_is_set_none_can_be_withdrawn(config: Path) -> None:
    assert flags_in(config, every=True) == []
    with pytest.raises(ConfigError, match="flag 7 is not in force in manual_flags.csv; allowed: none is set"):
        take_back(config, 7, "ana")
    assert read_flags(config.parent / FILE) == ()


@given(st.integers(0, 2**33))
def test_times_as_text_come_back(second: int) -> None:
    at = np.datetime64(second, "s")
    assert np.datetime64(utc(at).removesuffix("Z")) == at
    assert utc(np.datetime64("NaT")) == ""


def test_now_is_utc_and_goes_on() -> None:
    first = now()
    assert first.dtype == "M8[us]" and first <= now()
