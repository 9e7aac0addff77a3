"""Broken feeds: what is good is used, what is not is a Problem with file and line. Never a traceback, never silence.

Each case: the content, the values of series "a" and "b" that can still be read, and what the problems must say.
"""

from __future__ import annotations

import gzip
import random
from pathlib import Path
from typing import NamedTuple

import pytest
from csv_feeds import asked, problems
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from hydria_csv import CsvSource
from hydria_plugin import FeedError, Problem

HEAD = "time,a,b\n"
ONE, TWO, THREE = "2020-02-01T00:00Z,1,10\n", "2020-02-01T00:10Z,2,20\n", "2020-02-01T00:20Z,3,30\n"
LONG = "series,time,value\na,2020-02-01T00:00Z,1\n"
ALL = [1, 10, 2, 20, 3, 30]
NOISE = random.Random(4711).randbytes(5000)
PACKED = gzip.compress((HEAD + ONE + TWO + THREE * 3000).encode())
PACKED_NOISE = gzip.compress(
    (HEAD + "".join(f"2020-02-01T00:{i % 60:02d}Z,{random.Random(i).random()},1\n" for i in range(4000))).encode()
)


class Case(NamedTuple):
    content: str | bytes
    values: list[float] | None  # None: some, it does not matter which
    said: tuple[str, ...]  # each must be in the problems, in one of them


CASES = {
    "empty": Case("", [], ("a.csv: is empty",)),
    "one line end": Case("\n", [], ("no column 'time'",)),
    "binary": Case(NOISE, [], ("a.csv:",)),
    "binary without line end": Case(bytes(b for b in NOISE if b != 10), [], ("no complete line yet",)),
    "an image": Case(b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + NOISE, [], ("is not text: it holds NUL bytes",)),
    "only NUL bytes": Case(b"\0" * 4096 + b"\n", [], ("is not text",)),
    "truncated gzip": Case(PACKED_NOISE[: len(PACKED_NOISE) // 2], None, ("is truncated gzip",)),
    "gzip cut in its head": Case(PACKED[:8], [], ("is truncated gzip",)),
    "damaged gzip": Case(
        PACKED_NOISE[:20000] + b"\xff" * 50 + PACKED_NOISE[20050:], None, ("is damaged gzip", "before the damage")
    ),
    "gzip with a wrong checksum": Case(PACKED[:-8] + b"\1\2\3\4" + PACKED[-4:], ALL, ("is damaged gzip",)),
    "gzip of nothing": Case(gzip.compress(b""), [], ("a.csv: is empty",)),
    "gzip and rubbish behind it": Case(PACKED + b"rubbish", ALL, ("is damaged gzip",)),
    "wrong columns": Case("zeit,a,b\n" + ONE, [], ("no column 'time' in its first 50 lines, which begin 'zeit,a,b'",)),
    "no header": Case(ONE + TWO, [], ("no column 'time'", "set `time`")),
    "header only": Case(HEAD, [], ()),
    "header without line end": Case("time,a,b", [], ("no complete line yet (8 bytes",)),
    "series of others": Case("time,x,y\n" + ONE, [], ("no file has 'a', 'b'",)),
    "a column twice": Case("time,a,a,b\n2020-02-01T00:00Z,1,7,10\n", [1, 10], ("series 'a' stands in two columns",)),
    "header again": Case(HEAD + ONE + HEAD + TWO, [1, 10, 2, 20], ()),
    "other header later": Case(HEAD + ONE + "time,b,a\n2020-02-01T00:10Z,20,2\n", [1, 10, 2, 20], ()),
    "a page of HTML": Case("<html>\n<h1>502 Bad Gateway</h1>\n</html>\n", [], ("begin '<html>'",)),
    "an error of SQL within": Case(HEAD + ONE + "ORA-01555: snapshot too old\n" + TWO, [1, 10, 2, 20], ("line 3",)),
    "too few cells": Case(HEAD + ONE + "2020-02-01T00:10Z,2\n" + THREE, [1, 10, 3, 30], ("line 3: 2 cells where the",)),
    "too many cells": Case(HEAD + ONE + "2020-02-01T00:10Z,2,20,99\n" + THREE, [1, 10, 3, 30], ("line 3: 4 cells",)),
    "a quotation mark not closed": Case(
        HEAD + ONE + TWO.replace("2,", '"2,') + THREE, [1, 10, 3, 30], ("line 3: a q",)
    ),
    "NUL bytes in a line": Case(
        HEAD + ONE + "2020-02-01T\0\0\0,2,20\n" + THREE, [1, 10, 3, 30], ("line 3: holds NUL",)
    ),
    "NUL bytes at the end": Case(HEAD + ONE + TWO + THREE + "\0" * 700 + "\n", ALL, ("line 5: holds NUL",)),
    "a million characters in a cell": Case(
        HEAD + ONE + "2020-02-01T00:10Z," + "9x" * 500_000 + ",20\n" + THREE,
        [1, 10, 20, 3, 30],
        ("line 3: '9x9x9x", "(1000000 characters)"),
    ),
    "a million digits": Case(HEAD + ONE + "2020-02-01T00:10Z," + "9" * 1_000_000 + ",20\n", [1, 10, 20], ("line 3",)),
    "a million cells": Case(HEAD + ONE + "," * 999_999 + "x\n" + THREE, [1, 10, 3, 30], ("line 3: 1000000 cells",)),
    "a million characters for a time": Case(HEAD + ONE + "2" * 1_000_000 + ",2,20\n", [1, 10], ("line 3: time '2222",)),
    "a million characters for a header": Case("t" * 1_000_000 + ",a\n" + ONE, [], ("no column 'time'",)),
    "a million spaces": Case(HEAD + ONE + " " * 1_000_000 + "\n" + TWO, [1, 10, 2, 20], ()),
    "infinities": Case(
        HEAD + ONE + "2020-02-01T00:10Z,inf,-Infinity\n", [1, 10], ("inf in column 'a'", "-inf in column 'b'")
    ),
    "1e308": Case(HEAD + ONE + "2020-02-01T00:10Z,1e308,-1e308\n", [1, 10], ("1e+308 in column 'a' cannot be a",)),
    "1e400": Case(HEAD + ONE + "2020-02-01T00:10Z,1e400,20\n", [1, 10, 20], ("line 3: inf in column 'a'",)),
    "text among numbers": Case(
        HEAD + ONE + "2020-02-01T00:10Z,ERR,20\n", [1, 10, 20], ("line 3: 'ERR' in column 'a'",)
    ),
    "truths": Case(
        HEAD + ONE + "2020-02-01T00:10Z,True,FALSE\n", [1, 10], ("'True' in column 'a'", "'FALSE' in column")
    ),
    "other digits and bases": Case(HEAD + "2020-02-01T00:10Z,0x1A,1_000\n", [], ("'0x1A'", "'1_000'")),
    "a thousands separator": Case("time;a;b\n2020-02-01T00:10Z;1.234,5;20\n", [20], ("'1.234,5' in column 'a'",)),
    "a unit behind the number": Case(
        HEAD + "2020-02-01T00:10Z,2 m,20\n", [20], ("'2 m' in column 'a' is not a number",)
    ),
    "no time": Case(HEAD + ONE + ",2,20\n", [1, 10], ("line 3: time '' cannot be read",)),
    "times that do not exist": Case(HEAD + ONE + "2020-02-30T00:00Z,2,20\n", [1, 10], ("'2020-02-30T00:00Z'",)),
    "the year 9999": Case(HEAD + ONE + "9999-12-31T00:00Z,2,20\n", [1, 10], ("line 3: time '9999-12-31T00:00Z'",)),
    "a time of 1970 and of 1901": Case(HEAD + ONE + "1970-01-01T00:00Z,2,20\n1901-12-13T20:45:52Z,3,3\n", [1, 10], ()),
    "future times": Case(HEAD + ONE + "2098-02-01T00:00Z,2,20\n", [1, 10], ("line 3: is stamped 2098-02-01",)),
    "mixed zones and a wrong one": Case(
        HEAD + ONE + "2020-02-01T01:10+01:00,2,20\n2020-02-01T00:20+99:00,3,30\n", [1, 10, 2, 20], ("line 4: time",)
    ),
    "negative rain": Case(HEAD + "2020-02-01T00:00Z,-5,10\n", [-5, 10], ()),
    "a long row without series": Case(LONG + ",2020-02-01T00:10Z,2\n", [1], ("no file has 'b'",)),
    "a long value that is text": Case(LONG + "a,2020-02-01T00:00Z,bad\n", [1], ("line 3: 'bad' in column 'value'",)),
    "a member that is text": Case(
        "series,time,value,member\na,2020-02-01T00:00Z,1,0\na,2020-02-01T00:10Z,2,one\n", [1], ("line 3: member 'one'",)
    ),
    "a reception that is no time": Case(
        "series,time,value,received_at\na,2020-02-01T00:00Z,1,\na,2020-02-01T00:10Z,2,soon\n",
        [1],
        ("received_at 'soon'",),
    ),
    "latin letters in UTF-8": Case(
        (HEAD + ONE).encode() + b"2020-02-01T00:10Z,\xe9\xe8,20\n", [1, 10, 20], ("line 3",)
    ),
    "half a byte order mark": Case(b"\xef\xbb" + (HEAD + ONE).encode(), [], ("no column 'time'",)),
    "Macintosh line ends": Case((HEAD + ONE).replace("\n", "\r"), [], ("no complete line yet",)),
}


def test_there_are_forty() -> None:
    assert len(CASES) >= 40


@pytest.mark.parametrize("name", CASES)
def test_broken(read, name: str) -> None:
    case = CASES[name]
    table = read(case.content, "a", "b")
    if case.values is None:
        assert len(table) > 100
    else:
        assert table["value"].tolist() == case.values
    said = problems(table)
    assert all(isinstance(p, Problem) and p.stage == "source" for p in table.attrs["problems"])
    for words in case.said:
        assert any(words in sentence for sentence in said), said
    assert bool(said) == bool(case.said), said
    assert all(len(sentence) < 400 and "\n" not in sentence for sentence in said), said


@pytest.mark.parametrize("name", CASES)
def test_a_broken_file_does_not_spoil_its_neighbour(feeds: Path, read, name: str) -> None:
    (feeds / "b.csv").write_text("time,c\n2020-02-01T00:00Z,100\n")
    table = read(CASES[name].content, wanted=asked(["a", "b", "c"]))
    assert table["value"][table["series"] == "c"].tolist() == [100.0]
    assert bool(CASES[name].said) <= bool([p for p in problems(table) if "a.csv" in p or "no file has" in p])


def test_a_million_bad_lines_are_one_sentence(read) -> None:
    table = read(HEAD + ONE + "2020-02-01T00:10Z,bad,20\n" * 20_000 + "ragged\n" * 5000, "a")
    said = problems(table)
    assert len(said) == 2
    assert (
        "line 3: 'bad' in column 'a' is not a number; the value is not used (and 19999 more like it"
        in said[0] + said[1]
    )
    assert "the last in line 25002)" in said[0] + said[1]


@pytest.mark.parametrize("path", ["nowhere", "nowhere/at/all.csv"])
def test_a_missing_path_says_what_to_do(tmp_path: Path, path: str) -> None:
    with pytest.raises(FeedError, match=f"{path} cannot be listed.*create it, or correct `path`") as error:
        CsvSource(path=path, folder=tmp_path).read(asked(["a"]))
    assert isinstance(error.value.__cause__, FileNotFoundError)


def test_a_path_that_comes_later_is_read_then(tmp_path: Path) -> None:
    source = CsvSource(path="feeds", folder=tmp_path)
    with pytest.raises(FeedError):
        source.read(asked(["a"]))
    (tmp_path / "feeds").mkdir()
    (tmp_path / "feeds" / "a.csv").write_text(HEAD + ONE)
    assert source.read(asked(["a"]))["value"].tolist() == [1.0]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=200).filter(lambda b: b"time" not in b), cut=st.integers(0, 60))
@example(content=b"time", cut=0)
@example(content=b"|time", cut=0)
def test_any_bytes_within_a_file(feeds: Path, content: bytes, cut: int) -> None:
    """No bytes raise, and rows before them stand unless they run into them. (A line with the time column's name
    beside others is a header again.)"""
    good = (HEAD + ONE).encode()
    (feeds / "a.csv").write_bytes(good + content + b"\n" + TWO.encode())
    table = CsvSource(path="feeds", folder=feeds.parent).read(asked(["a", "b"]))
    assert set(table["series"]) <= {"a", "b"} and {1.0, 10.0, 2.0, 20.0} <= set(table["value"])
    (feeds / "a.csv").write_bytes(good[:cut] + content)
    CsvSource(path="feeds", folder=feeds.parent).read(asked(["a", "b"]))
