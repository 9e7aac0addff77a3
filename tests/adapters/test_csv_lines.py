"""From bytes to columns: the fast ways give what the plain way gives."""

from __future__ import annotations

import csv
import gzip
import io
import zlib

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hydria_csv.faults import Faults, quoted
from hydria_csv.few import few_lines, few_times
from hydria_csv.form import Form
from hydria_csv.headers import Header, found, header_in, sections
from hydria_csv.lines import Lines, complete, unified, well_formed
from hydria_csv.packed import unpacked
from hydria_csv.table import _by_column, _flat, _numbers
from hydria_csv.times import _iso

FORM = Form()
CELL = st.one_of(st.sampled_from(["", "a", '"b"', '"c,d"', '"', "1.5", "#", " "]), st.text("ab, ", max_size=4))
LINE = st.lists(CELL, min_size=1, max_size=5).map(",".join)


@given(lines=st.lists(LINE, max_size=12), width=st.integers(2, 4))
@example(lines=['","b",",,'], width=3)  # marks in pairs, and yet one is open at the end
@example(lines=['","b",",,', "a,b"], width=2)  # and it has as many cells as there are columns
@example(lines=['a"b,c"d'], width=2)  # marks within cells hold nothing together
def test_well_formed_line_by_line(lines: list[str], width: int) -> None:
    """Each line that is kept splits into ``width`` cells, apart from empty ones behind; all others are counted."""
    body, faults = "".join(f"{line}\n" for line in lines).encode(), Faults("f")
    kept = well_formed(body, b",", width, 1, faults) if body else Lines(b"", np.empty(0, int), width)
    texts = kept.body.decode().split("\n")[:-1]
    assert [lines[n - 1] for n in kept.numbers] == texts
    for text in texts:
        (cells,) = csv.reader([text])
        assert len(cells) >= width and not any(cell.strip() for cell in cells[width:])
    if texts:  # no line that is kept goes on into the next
        assert len(list(csv.reader(kept.body.decode().splitlines(keepends=True)))) == len(texts)
        header = Header(tuple("abcdef"[: kept.width]), ",", "utf-8")
        read, _ = _by_column(kept, header, range(kept.width), [], FORM, "utf-8")
        assert {len(column) for column in read.values()} == {len(texts)}
    silent = sum(not line.strip(", \t") or line.startswith("#") for line in lines)
    refused = sum(fault.count for fault in faults.kinds.values())
    assert len(texts) + refused <= len(lines) <= len(texts) + refused + silent


def test_a_mark_that_is_not_closed_does_not_reach_the_next_line() -> None:
    faults = Faults("f")
    kept = well_formed(b'1,"2\n3,4\n5,"6"\n', b",", 2, 10, faults)
    assert kept.body == b'3,4\n5,"6"\n' and kept.numbers.tolist() == [11, 12]
    assert faults.problems()[0].error == "f line 10: a quotation mark is not closed; the line is not used"


@pytest.mark.parametrize(("text", "n"), [(b"", 0), (b"abc", 0), (b"abc\n", 4), (b"a\nbc", 2), (b"\r\n\r", 2)])
def test_whole_lines(text: bytes, n: int) -> None:
    assert complete(text) == n


def test_carriage_returns() -> None:
    assert unified(b"a\r\nb\rc\r\r\n") == b"a\nb c \n"


@settings(deadline=None)
@given(
    values=st.lists(
        st.lists(st.one_of(st.just(""), st.just("NA"), st.floats(allow_nan=False).map(repr)), min_size=3, max_size=3),
        min_size=1,
        max_size=6,
    )
)
def test_three_ways_to_the_same_columns(values: list[list[str]]) -> None:
    """csv and float() for short files, one long column for wide ones, pandas column by column for all others."""
    body = "".join(f"2020-02-01T00:0{i}Z,{','.join(row)}\n" for i, row in enumerate(values)).encode()
    header = Header(("time", "a", "b", "c"), ",", "utf-8")
    lines = Lines(body, np.arange(len(values)), 4)
    texts, plain = _by_column(lines, header, [0], [1, 2, 3], FORM, "utf-8")
    flat_texts, flat = _flat(lines, header, [0], [1, 2, 3], FORM, "utf-8")
    few = few_lines(lines, header, [0], [1, 2, 3], FORM)
    assert few is not None
    expected = np.array([[float(c) if c not in ("", "NA") else np.nan for c in row] for row in values])
    for numbers in (plain, flat, few[1], _numbers(np.array(values, dtype=object), FORM)[0]):
        np.testing.assert_allclose(numbers.astype(float), expected, rtol=1e-15)
    assert texts[0].tolist() == flat_texts[0].tolist() == few[0][0].tolist()


@pytest.mark.parametrize("cell", ["1_000", "é", "x", "0x1", "1,5"])
def test_the_short_way_leaves_doubtful_cells_to_pandas(cell: str) -> None:
    lines = Lines(f"2020-02-01T00:00Z;{cell}\n".encode(), np.array([1]), 2)
    assert few_lines(lines, Header(("time", "a"), ";", "utf-8"), [0], [1], FORM) is None


@given(
    times=st.lists(st.datetimes().filter(lambda t: 1700 < t.year < 2100), min_size=1, max_size=10),
    zone=st.sampled_from(["", "Z", "+02:00", "-03:30"]),
    separator=st.sampled_from("T "),
)
def test_the_short_way_to_times_is_that_of_pandas(times: list[object], zone: str, separator: str) -> None:
    texts = np.array([t.strftime(f"%Y-%m-%d{separator}%H:%M:%S{zone}") for t in times], dtype=object)  # type: ignore[attr-defined]
    few = few_times(texts)
    assert few is not None and few[1].tolist() == [zone == ""] * len(texts)
    np.testing.assert_array_equal(few[0], _iso(texts))


@pytest.mark.parametrize(
    "text", ["2020-02-30T00:00Z", "2020-02-01T24:00", "2020-02-01", "now", "2020-02-01T00:00 Z", ""]
)
def test_the_short_way_leaves_doubtful_times_to_pandas(text: str) -> None:
    assert few_times(np.array([text], dtype=object)) is None


def test_a_header_again_cuts_the_file() -> None:
    text = b"1,2,3\n4,5,6\ntime,b,a\n7,8,9\n"
    cut = list(sections(text, Header(("time", "a", "b"), ",", "utf-8"), FORM, 2))
    assert [(h.columns, body, line) for h, body, line in cut] == [
        (("time", "a", "b"), b"1,2,3\n4,5,6\n", 2),
        (("time", "b", "a"), b"7,8,9\n", 5),
    ]


@pytest.mark.parametrize("word", ["daytime", "timeless", "a time", "time-a"])
def test_a_word_within_a_cell_is_no_header(word: str) -> None:
    text = f"1,{word},3\n".encode()
    assert len(list(sections(text, Header(("time", "a", "b"), ",", "utf-8"), FORM, 2))) == 1


def test_the_header_is_the_first_line_with_the_time_column() -> None:
    at = found(b"logger 12\n\nunits;s;m\ntime;a\n2020;1\n", FORM)
    assert at is not None and at[0].columns == ("time", "a") and at[1:] == (28, 4)
    assert found(b"x\n" * 50 + b"time,a\n", FORM) is None
    assert header_in(b"time", FORM) == Header(("time",), ",", "utf-8")


@given(text=st.binary(max_size=2000), cut=st.integers(0, 200))
def test_whatever_is_whole_of_a_cut_gzip_is_unpacked(text: bytes, cut: int) -> None:
    packed, faults = gzip.compress(text), Faults("f")
    part = packed[: max(2, len(packed) - cut)]
    found_text, ended = unpacked(part, "auto", faults)
    assert text.startswith(found_text) and ended == (part == packed) and bool(faults.kinds) == (not ended)
    assert found_text == zlib.decompressobj(wbits=31).decompress(part)


def test_several_members_and_padding() -> None:
    packed = gzip.compress(b"a\n") + gzip.compress(b"b\n") + b"\0" * 512
    assert unpacked(packed, "auto", Faults("f")) == (b"a\nb\n", True)


def test_what_is_quoted_is_one_short_line() -> None:
    assert quoted("a\nb\0") == r"'a\nb\x00'" and len(quoted("x" * 10**6)) < 100
    assert io.StringIO(quoted("\r\n\x0b\u2028")).read().count("\n") == 0
