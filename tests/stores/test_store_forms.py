"""The compact forms by themselves: every bit comes back, damage is seen, nothing is pickled."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from made import assert_same, at, bulletin, kept
from numpy.typing import NDArray

from hydria_plugin import NOT_A_TIME, Alert, Basis, Forecast, Problem, Reason, StoreError
from hydria_plugin.stores import forms
from hydria_plugin.stores.documents import digest, read_alert, read_layout, write_alert, write_layout, write_report
from hydria_plugin.stores.forms import pack_bulletin, unpack_bulletin
from hydria_plugin.stores.ledger_ends import LONGEST_REASON, shortened
from hydria_plugin.stores.packing import pack, unpack
from hydria_plugin.testing import sample_bulletin, sample_layout

kinds = st.one_of(
    arrays.boolean_dtypes(),
    arrays.integer_dtypes(endianness="<"),
    arrays.unsigned_integer_dtypes(endianness="<"),
    arrays.floating_dtypes(endianness="<", sizes=(32, 64)),
    arrays.datetime64_dtypes(endianness="<"),
    arrays.timedelta64_dtypes(endianness="<"),
    arrays.unicode_string_dtypes(endianness="<", min_len=1, max_len=5),
)
shapes = arrays.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4)


def same_bits(found: NDArray[Any], put: NDArray[Any]) -> bool:
    return found.dtype == put.dtype and found.shape == put.shape and found.tobytes() == put.tobytes()


@given(st.dictionaries(st.text(max_size=8), arrays.arrays(kinds, shapes), max_size=4))
def test_what_is_packed_comes_back_bit_by_bit(put: dict[str, NDArray[Any]]) -> None:
    back = unpack(pack(put))
    assert list(back) == list(put)
    assert all(same_bits(back[name], put[name]) for name in put)
    assert not any(array.flags.writeable for array in back.values())


@given(kinds.flatmap(lambda kind: arrays.arrays(kind, ())), st.integers(0, 50))
def test_one_value_over_and_over_is_kept_once_and_comes_back_whole(value: NDArray[Any], n: int) -> None:
    for put in (np.full((n, 3), value, value.dtype), np.broadcast_to(value, (n, 3))):
        assert same_bits(unpack(pack({"a": put}))["a"], put)
    once, often = (len(pack({"a": np.full(m, value, value.dtype)})) for m in (100, 1000))
    if value.dtype.itemsize in (1, 2, 4, 8):
        assert often - once <= 8  # one digit more in the head, padded


def test_nan_equals_nan_and_zero_is_not_minus_zero() -> None:
    gaps = np.full(1000, np.nan)
    assert len(pack({"a": gaps})) < 100
    signs = np.zeros(1000)
    signs[500] = -0.0
    assert same_bits(unpack(pack({"a": signs}))["a"], signs)


@pytest.mark.parametrize("view", [np.s_[::2], np.s_[::-1], np.s_[:, 1], np.s_[..., None]])
def test_views_of_any_stride(view: Any) -> None:
    put = np.arange(60.0).reshape(12, 5)[view]
    back = unpack(pack({"a": put}))["a"]
    np.testing.assert_array_equal(back, put, strict=True)


def test_what_is_read_back_is_aligned() -> None:
    put = {"flags": np.arange(3, dtype=np.uint8), "values": np.arange(5.0), "text": np.array(["é", "ab"])}
    assert all(array.flags.aligned for array in unpack(pack(put)).values())


@given(st.integers(0, 10**6), st.integers(0, 7))
def test_one_flipped_bit_is_seen(place: int, bit: int) -> None:
    whole = bytearray(pack({"a": np.arange(20.0), "b": np.arange(3, dtype=np.uint8)}))
    whole[place % len(whole)] ^= 1 << bit
    with pytest.raises(StoreError, match="the row is damaged"):
        unpack(bytes(whole), "the row")


@pytest.mark.parametrize("cut", [0, 3, 8, 40])
def test_a_cut_row_is_seen(cut: int) -> None:
    with pytest.raises(StoreError, match="damaged"):
        unpack(pack({"a": np.arange(20.0)})[:cut])


@pytest.mark.parametrize("array", [np.array([{}]), np.array([1j]), np.zeros(2, [("a", "f8")]), np.array([b"x"])])
def test_what_is_not_numbers_times_or_text_is_refused(array: NDArray[Any]) -> None:
    with pytest.raises(StoreError, match=r"array 'state' has dtype .*; a store keeps numbers, times and text only"):
        pack({"state": array})


def test_nothing_here_unpickles() -> None:
    for path in Path(forms.__file__).parent.rglob("*.py"):
        words = path.read_text().replace("never pickle", "")
        assert "pickle" not in words, path


@pytest.mark.parametrize("stations", [1, 3, 5, 6, 7])
@pytest.mark.parametrize("block", [1, 3, 1000])
def test_bulletins_in_blocks_of_any_size(monkeypatch: pytest.MonkeyPatch, stations: int, block: int) -> None:
    monkeypatch.setattr(forms, "BLOCK", block)
    put = sample_bulletin(layout=sample_layout(stations))
    packed = pack_bulletin(put)
    assert len(packed.blocks) == math.ceil(stations / block)
    assert_same(unpacked(put), replace(kept(put), alerts=(), learned={}))


def unpacked(put: Any) -> Any:
    key = {name: getattr(put, name) for name in ("pipeline", "issued_at", "known_at", "revision")}
    return unpack_bulletin(pack_bulletin(put), put.layout, key)


def test_a_forecast_for_other_stations_and_quantiles_than_the_layouts() -> None:
    put = bulletin(0)
    few = replace(put.forecast.only([1]), quantiles=(0.5,), values=put.forecast.values[1:2, :, 3:4])
    back = unpacked(replace(put, raw=few))
    assert_same(back.raw, few)
    assert_same(back.forecast, put.forecast)


def test_a_forecast_in_single_precision_stays_so() -> None:
    put = bulletin(0)
    single = replace(put.forecast, values=np.sort(put.forecast.values.astype(np.float32), axis=2))
    assert unpacked(replace(put, forecast=single)).forecast.values.dtype == np.float32


def test_what_a_bulletin_holds_twice_is_stored_once() -> None:
    put = bulletin(0)
    apart = replace(put.forecast, parts=np.array(put.forecast.parts), members=np.array(put.forecast.members))

    def size(forecast: Forecast) -> int:
        return len(pack_bulletin(replace(put, forecast=forecast)).blocks[0])

    assert put.forecast.parts is not None
    assert put.forecast.members is not None
    assert size(apart) - size(put.forecast) >= put.forecast.parts.nbytes + put.forecast.members.nbytes
    assert_same(unpacked(put).forecast, put.forecast)


def test_equal_layouts_have_one_name_and_different_ones_two() -> None:
    first, again, other = sample_layout(3), sample_layout(3), sample_layout(4)
    assert digest(write_layout(first)) == digest(write_layout(again)) != digest(write_layout(other))
    gap = replace(first, static=np.array([[1.0], [np.nan], [np.inf]]))
    assert_same(read_layout(write_layout(gap)), gap)


numbers = st.floats(allow_nan=True, allow_infinity=True)
times = st.one_of(
    st.just(NOT_A_TIME), st.integers(0, 2**33).map(lambda s: np.datetime64(s, "s")),
    st.integers(0, 2**52).map(lambda s: np.datetime64(s, "us")),
)  # fmt: skip
alerts = st.builds(
    Alert, event=st.text(), sequence=st.integers(0, 99), station=st.text(), threshold=st.text(),
    rank=st.integers(-1, 3), limit=numbers, probability=numbers, is_lower_bound=st.booleans(), crosses_at=times,
    peak=numbers, peak_at=times, observed=numbers, basis=st.sampled_from(Basis), reason=st.sampled_from(Reason),
    issued_at=times, told_at=times, below_since=times, note=st.text(),
)  # fmt: skip


@given(alerts)
def test_an_alert_is_json_for_anyone_and_comes_back_the_same(put: Alert) -> None:
    text = write_alert(put)

    def refuse(word: str) -> None:
        raise AssertionError(f"{word} is no JSON")

    json.loads(text, parse_constant=refuse)
    assert_same(read_alert(text), put)


def test_numpy_numbers_in_an_alert_are_numbers() -> None:
    put = bulletin(0).alerts[0]
    told = replace(put, rank=np.int64(1), sequence=np.int32(2), peak=np.float64(1.5), is_lower_bound=np.bool_(True))
    assert read_alert(write_alert(told)).rank == 1


def test_a_report_that_is_no_json_is_named() -> None:
    from hydria_plugin import Report

    with pytest.raises(StoreError, match=r"report 'knox' for 's1' cannot be written as JSON: .*ndarray"):
        write_report(Report("knox", "s1", "", "", {"shares": np.zeros(2)}))


@given(st.lists(st.text(max_size=LONGEST_REASON), max_size=30))
def test_reasons_are_shortened_and_none_is_lost_without_a_word(reasons: list[str]) -> None:
    text = shortened(tuple(reasons))
    if sum(map(len, reasons)) + 2 * len(reasons) <= LONGEST_REASON:
        assert text == "; ".join(reasons).removeprefix("; ") or "" in reasons
    assert len(text) <= 2 * LONGEST_REASON + 20


def test_problems_keep_whom_they_concern() -> None:
    problems = (Problem("quality", None, "a"), Problem("source", "s2", "feeds/x.csv:7: «ß»"))
    assert unpacked(bulletin(0, problems=problems)).problems == problems


def test_the_issue_time_of_a_forecast_made_earlier_is_its_own() -> None:
    put = bulletin(5)
    old = replace(put.forecast, issued_at=at(4))
    assert unpacked(replace(put, forecast=old)).forecast.issued_at == at(4)
