"""Files that are being written: nothing half is read, nothing is lost, nothing is read twice."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import numpy as np
import pytest
from csv_feeds import asked, cells, instant, problems
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hydria_csv import CsvSource

TEXT = (
    'time;Alès;"b"\r\n2020-02-01T00:00Z;1,25;-2\r\n# note\n\n'
    '2020-02-01T00:10Z;12,5;\r\nx;1;1\n2020-02-01T00:20Z;"3,5";7\n'
)
CONTENT = TEXT.encode()
WANTED = asked(["Alès", "b"])
ROWS = [
    ("Alès", "2020-02-01T00:00", 1.25),
    ("b", "2020-02-01T00:00", -2.0),
    ("Alès", "2020-02-01T00:10", 12.5),
    ("Alès", "2020-02-01T00:20", 3.5),
    ("b", "2020-02-01T00:20", 7.0),
]
quick = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def opened(feeds: Path, **options: object) -> CsvSource:
    return CsvSource(path="feeds", folder=feeds.parent, **options)  # type: ignore[arg-type]


def append(file: Path, content: bytes) -> None:
    with file.open("ab") as out:
        out.write(content)


@pytest.mark.parametrize("cut", range(len(CONTENT) + 1))
def test_cut_at_any_byte(feeds: Path, cut: int) -> None:
    """Only whole lines are read before the cut; once the rest is there all rows are, and each fault is said once."""
    source, file = opened(feeds), feeds / "a.csv"
    file.write_bytes(CONTENT[:cut])
    first = source.read(WANTED)
    lines = CONTENT[:cut].count(b"\n")
    assert cells(first) == ROWS[: [0, 0, 2, 2, 2, 3, 3, 5][lines]]
    append(file, CONTENT[cut:])
    second = source.read(WANTED)
    assert cells(second) == ROWS
    said = [p for p in problems(first) + problems(second) if "line 6: time 'x'" in p]
    assert len(said) == 1


@quick
@given(cuts=st.lists(st.integers(0, len(CONTENT)), max_size=8).map(sorted))
def test_written_in_any_pieces(feeds: Path, cuts: list[int]) -> None:
    source, file = opened(feeds), feeds / "a.csv"
    file.unlink(missing_ok=True)
    for first, last in zip([0, *cuts], [*cuts, len(CONTENT)], strict=True):
        append(file, CONTENT[first:last])
        seen = cells(source.read(WANTED))
        assert seen == ROWS[: len(seen)]
    assert seen == ROWS


def test_many_appends_give_what_one_read_gives(feeds: Path) -> None:
    source, file = opened(feeds), feeds / "a.csv"
    rng = np.random.default_rng(7)
    file.write_text("series,time,value\n")
    times = np.datetime64("2020-02-01T00:00") + rng.integers(0, 500, 300).astype("timedelta64[m]")
    for i in range(0, 300, 3):
        append(file, "".join(f"{'ab'[k % 2]},{times[k]}Z,{k}\n" for k in range(i, i + 3)).encode())
        source.read(asked(["a", "b"]))
    assert cells(source.read(asked(["a", "b"]))) == cells(opened(feeds).read(asked(["a", "b"])))


def test_an_unchanged_file_is_not_read_again(feeds: Path) -> None:
    """Seen by a change that leaves no trace in size and time of modification: it is not noticed."""
    source, file = opened(feeds), feeds / "a.csv"
    file.write_text("time,a\n2020-02-01,1\n")
    source.read(asked(["a"]))
    stamp = file.stat().st_mtime_ns
    file.write_text("time,a\n2020-02-01,2\n")
    os.utime(file, ns=(stamp, stamp))
    assert source.read(asked(["a"]))["value"].tolist() == [1.0]
    os.utime(file, ns=(stamp + 1, stamp + 1))
    assert source.read(asked(["a"]))["value"].tolist() == [2.0]


def test_only_the_tail_of_a_grown_file_is_parsed(feeds: Path) -> None:
    """A fault in the lines read before is not said again; those of the tail have their line numbers."""
    source, file = opened(feeds), feeds / "a.csv"
    file.write_text("time,a\nbad,1\n2020-02-01,1\n")
    assert "line 2" in problems(source.read(asked(["a"])))[0]
    append(file, b"2020-02-02,x\n2020-02-03,3\n")
    table = source.read(asked(["a"]))
    assert problems(table) == ["a.csv line 4: 'x' in column 'a' is not a number; the value is not used"]
    assert table["value"].tolist() == [1.0, 3.0]


@pytest.mark.parametrize("how", ["in place", "replaced", "shorter"])
def test_a_rewritten_file_is_read_anew(feeds: Path, how: str) -> None:
    source, file = opened(feeds), feeds / "a.csv"
    file.write_text("time,a\n2020-02-01,1\n2020-02-02,2\n")
    source.read(asked(["a"]))
    corrected = "time,a\n2020-02-01,5\n2020-02-02,2\n2020-02-03,3\n" if how != "shorter" else "time,a\n2020-02-01,5\n"
    if how == "replaced":
        (feeds / "new").write_text(corrected)
        os.replace(feeds / "new", file)
    else:
        file.write_text(corrected)
    assert source.read(asked(["a"]))["value"].tolist() == ([5.0] if how == "shorter" else [5.0, 2.0, 3.0])


def test_deleted_and_new_files(feeds: Path) -> None:
    source = opened(feeds)
    (feeds / "1.csv").write_text("time,a\n2020-02-01,1\n")
    assert source.read(asked(["a"]))["value"].tolist() == [1.0]
    (feeds / "2.csv").write_text("time,a\n2020-02-02,2\n")
    assert source.read(asked(["a"]))["value"].tolist() == [1.0, 2.0]
    (feeds / "1.csv").unlink()
    assert source.read(asked(["a"]))["value"].tolist() == [2.0]
    (feeds / "2.csv").unlink()
    table = source.read(asked(["a"]))
    assert len(table) == 0 and any("no file matches *.csv or *.csv.gz" in p for p in problems(table))


def test_a_gzip_file_that_grows(feeds: Path) -> None:
    source, file = opened(feeds), feeds / "a.csv.gz"
    file.write_bytes(gzip.compress(b"time,a\n2020-02-01,1\n"))
    assert source.read(asked(["a"]))["value"].tolist() == [1.0]
    append(file, gzip.compress(b"2020-02-02,2\n"))
    assert source.read(asked(["a"]))["value"].tolist() == [1.0, 2.0]


class Clock:
    """A clock that stands where it is put."""

    def __init__(self) -> None:
        self.now = instant("2020-03-01", "us")

    def __call__(self) -> np.datetime64:
        return self.now


def test_a_last_line_without_end_counts_once_its_file_rests(feeds: Path) -> None:
    clock, file = Clock(), feeds / "a.csv"
    source = opened(feeds, clock=clock, settle="10min")
    file.write_text("time,a\n2020-02-01,1\n2020-02-02,2")
    written = clock.now - np.timedelta64(9, "m")
    os.utime(file, ns=(int(written.astype("datetime64[ns]").astype(int)),) * 2)
    assert source.read(asked(["a"]))["value"].tolist() == [1.0]
    clock.now += np.timedelta64(1, "m")
    assert source.read(asked(["a"]))["value"].tolist() == [1.0, 2.0]
    append(file, b"5\n2020-02-03,3\n")  # it was not at rest after all: the half line is read again as a whole one
    assert source.read(asked(["a"]))["value"].tolist() == [1.0, 25.0, 3.0]


def test_without_a_clock_a_last_line_without_end_is_left(feeds: Path) -> None:
    (feeds / "a.csv").write_text("time,a\n2020-02-01,1\n2020-02-02,2")
    table = opened(feeds).read(asked(["a"]))
    assert table["value"].tolist() == [1.0] and problems(table) == []


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="needs a file that opens and cannot be read")
def test_a_file_that_cannot_be_read_is_said_each_time(feeds: Path) -> None:
    (feeds / "a.csv").write_text("time,a\n2020-02-01,1\n")
    (feeds / "b.csv").symlink_to("/proc/self/mem")
    source = opened(feeds)
    for _ in range(2):
        table = source.read(asked(["a"]))
        assert table["series"].tolist() == ["a"]
        assert problems(table) == ["b.csv: cannot be read (Input/output error); what was read before is kept"]
