"""Files that are delivered once: when they may be read, where they go, and that one content counts once; in a folder of
this machine and on a server alike."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from csv_feeds import asked, cells, problems
from hypothesis import given
from hypothesis import strategies as st
from mutations import check_survives

from hydria_csv import CsvSource
from hydria_csv.arrivals import Ledger, Rules
from hydria_plugin import ConfigError
from hydria_plugin.testing import check_source

WANTED = asked(["a", "b"])
NOON = np.datetime64("2020-02-01T12:00:00", "us")
HEAD = "time,a\n"


def row(hour: int, value: float) -> str:
    return f"2020-02-01T{hour:02}:00Z,{value}\n"


@dataclass
class Post:
    """A place where files arrive, and the clock of who reads them."""

    root: Path
    options: dict[str, str]
    folder: Path
    now: np.datetime64 = NOON
    opened: list[CsvSource] = field(default_factory=list)

    def put(self, name: str, text: str | bytes, age: float = 3600) -> Path:
        file = self.root / name
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        written = self.now.astype("datetime64[s]").astype(int) - age
        os.utime(file, (written, written))
        return file

    def source(self, clock: Callable[[], np.datetime64] | str | None = "", **delivered: str) -> CsvSource:
        given: Any = (lambda: self.now) if clock == "" else clock
        self.opened.append(CsvSource(**self.options, folder=self.folder, clock=given, delivered=delivered))
        return self.opened[-1]

    def here(self) -> list[str]:
        return sorted(str(p.relative_to(self.root)) for p in self.root.rglob("*") if p.is_file())

    def later(self, minutes: int) -> None:
        self.now = self.now + np.timedelta64(minutes, "m")


@pytest.fixture(params=["folder", "sftp"])
def post(request: pytest.FixtureRequest, tmp_path: Path) -> Post:
    if request.param == "folder":
        (tmp_path / "in").mkdir()
        return Post(tmp_path / "in", {"path": "in"}, tmp_path)
    server = request.getfixturevalue("sftp_server")
    (server.root / "in").mkdir()
    return Post(server.root / "in", server.options("/in"), tmp_path)


def values(table: pd.DataFrame) -> list[float]:
    return [v for _, _, v in cells(table)]


def test_settled_files_are_read_when_they_rest(post: Post) -> None:
    source = post.source(ready="settled")
    post.put("x.csv", HEAD + row(1, 1), age=30)
    assert source.read(WANTED).empty and not problems(source.read(WANTED))
    post.later(1)
    assert values(source.read(WANTED)) == [1.0]
    post.put("x.csv", HEAD + row(1, 1) + row(2, 2), age=10)
    assert source.read(WANTED).empty, "it is being written again"
    post.later(1)
    assert values(source.read(WANTED)) == [1.0, 2.0]


def test_a_host_whose_clock_is_ahead_is_watched_instead(post: Post) -> None:
    source = post.source(ready="settled")
    post.put("x.csv", HEAD + row(1, 1), age=-7200)
    assert source.read(WANTED).empty
    post.later(1)
    assert values(source.read(WANTED)) == [1.0], "its size has not changed for a minute"


@pytest.mark.parametrize("marker", ["x.csv.done", "x.done"])
def test_a_marker_says_that_a_file_is_whole(post: Post, marker: str) -> None:
    source = post.source(ready=".done", done="read")
    post.put("x.csv", HEAD + row(1, 1) + "2020-02-01T02:00Z,2", age=0)
    post.put("y.csv", HEAD + row(3, 3))
    assert source.read(WANTED).empty
    (post.root / marker).touch()
    assert values(source.read(WANTED)) == [1.0, 2.0], "the last line too, for the file is whole"
    assert post.here() == ["read/x.csv", "y.csv"], "the marker is used up"


def test_files_go_to_done_and_stay_known(post: Post) -> None:
    source = post.source(ready="settled", done="done", error="error")
    post.put("1.csv", HEAD + row(1, 1))
    post.put("2.csv.gz", gzip.compress((HEAD + row(2, 2)).encode()))
    assert values(source.read(WANTED)) == [1.0, 2.0]
    assert post.here() == ["done/1.csv", "done/2.csv.gz"]
    check_source(source, WANTED)
    post.put("3.csv", HEAD + row(2, 2.5) + row(3, 3))
    assert values(source.read(WANTED)) == [1.0, 2.5, 3.0]
    again = post.source(ready="settled", done="done")
    assert values(again.read(WANTED)) == [1.0, 2.5, 3.0], "after a restart what was read is still there"
    assert values(again.read(asked(["a", "c"]))) == [1.0, 2.5, 3.0], "another series is looked for in all of it"
    assert post.here() == ["done/1.csv", "done/2.csv.gz", "done/3.csv"]


def test_what_cannot_be_used_goes_to_error(post: Post) -> None:
    source = post.source(ready="settled", done="done", error="error")
    post.put("good.csv", HEAD + row(1, 1) + "what is this\n")
    post.put("picture.csv", b"\x89PNG\0\0\0 no text\n\0")
    post.put("cut.csv.gz", gzip.compress((HEAD + row(2, 2)).encode())[:12])
    post.put("empty.csv", "")
    post.put("prose.csv", HEAD + "x;y;z\nno,number\n")
    post.put("others.csv", "time,elsewhere\n" + row(1, 5))
    table = source.read(WANTED)
    assert values(table) == [1.0]
    assert post.here() == [
        *("done/good.csv", "done/others.csv"),
        *("error/cut.csv.gz", "error/empty.csv", "error/picture.csv", "error/prose.csv"),
    ]
    told = " ".join(problems(table))
    for name in ("good.csv line 3", "picture.csv", "cut.csv.gz", "empty.csv: is empty", "prose.csv"):
        assert name in told
    assert not problems(source.read(WANTED)), "said once"
    assert post.source(ready="settled", done="done", error="error").read(WANTED).attrs["problems"] != []


def test_without_an_error_folder_they_stay(post: Post) -> None:
    source = post.source(ready="settled", done="done")
    post.put("empty.csv", "")
    source.read(WANTED)
    assert post.here() == ["empty.csv"]


def test_the_same_content_counts_once(post: Post) -> None:
    """An old file that is delivered again under another name does not undo what was corrected since."""
    source = post.source(ready="settled", done="done", ledger="ledger.jsonl")
    old = HEAD + row(1, 1)
    post.put("1.csv", old)
    assert values(source.read(WANTED)) == [1.0]
    post.put("2.csv", HEAD + row(1, 1.5))
    assert values(source.read(WANTED)) == [1.5]
    post.put("3.csv", old)
    table = source.read(WANTED)
    assert values(table) == [1.5] and ["3.csv is 1.csv again" in p for p in problems(table)] == [True]
    assert post.here() == ["done/1.csv", "done/2.csv", "done/3.csv"]
    assert not problems(source.read(WANTED))
    lines = (post.folder / "ledger.jsonl").read_text().splitlines()
    assert [json.loads(line)["name"] for line in lines] == ["1.csv", "2.csv"]


def test_the_ledger_outlives_restarts(post: Post) -> None:
    rules = {"ready": "settled", "ledger": "ledger.jsonl"}
    old = HEAD + row(1, 1)
    post.put("5.csv", old)
    post.put("6.csv", HEAD + row(1, 1.5))
    assert values(post.source(**rules).read(WANTED)) == [1.5]
    post.put("1.csv", old)
    post.put("9.csv", old)
    again = post.source(**rules)
    table = again.read(WANTED)
    assert values(table) == [1.5] and len([p for p in problems(table) if "5.csv again" in p]) == 2
    assert not problems(again.read(WANTED)), "said once"
    forgetful = post.source(ready="settled").read(WANTED)
    assert values(forgetful) == [1.5] and "5.csv is 1.csv again" in problems(forgetful)[0], "without it, by name"


def test_a_ledger_that_a_crash_cut_short(tmp_path: Path) -> None:
    file = tmp_path / "ledger.jsonl"
    file.write_text('{"sha256": "aa", "name": "x"}\nnot json\n[1]\n{"sha256": "bb", "na')
    ledger = Ledger(file)
    assert ledger.name_of("aa", "y") == "x" and ledger.name_of("bb", "z") == "z"


def test_a_ledger_of_any_bytes_is_survived(tmp_path: Path) -> None:
    file = tmp_path / "ledger.jsonl"
    lines = [json.dumps({"sha256": f"{n:064x}", "name": f"é{n}.csv"}) for n in range(3)]

    def parse(data: bytes) -> None:
        file.write_bytes(data)
        assert Ledger(file).name_of("new", "x.csv") == "x.csv"

    check_survives(parse, ["\n".join(lines).encode()], count=300)


def test_a_ledger_that_cannot_be_written_is_told_once(post: Post) -> None:
    source = post.source(ready="settled", ledger="nowhere/ledger.jsonl")
    post.put("1.csv", HEAD + row(1, 1))
    table = source.read(WANTED)
    assert values(table) == [1.0] and "cannot be written" in problems(table)[0]
    assert not problems(source.read(WANTED))


def test_a_name_that_is_taken_in_done(post: Post) -> None:
    source = post.source(ready="settled", done="done")
    for hour in (1, 2):
        post.put("x.csv", HEAD + row(hour, hour))
        source.read(WANTED)
    assert values(source.read(WANTED)) == [1.0, 2.0]
    names = post.here()
    assert "done/x.csv" in names and len(names) == 2 and names[0].endswith("-x.csv")


def test_two_pipelines_share_a_folder(post: Post) -> None:
    rules = {"ready": "settled", "done": "done", "error": "error", "ledger": "ledger.jsonl"}
    one, other = post.source(**rules), post.source(**rules)
    for hour in range(1, 4):
        post.put(f"{hour}.csv", HEAD + row(hour, hour))
        first, second = (one, other) if hour % 2 else (other, one)
        for source in (first, second):
            table = source.read(WANTED)
            assert values(table) == [float(h) for h in range(1, hour + 1)]
            assert not [p for p in problems(table) if "no file has" not in p]
    assert post.here() == ["done/1.csv", "done/2.csv", "done/3.csv"]


def test_looking_moves_nothing_and_notes_nothing(post: Post) -> None:
    post.put("1.csv", HEAD + row(1, 1))
    post.put("2.csv", HEAD + row(1, 1))
    rules = {"ready": "settled", "done": "done", "ledger": "ledger.jsonl"}
    before = post.here()
    assert "1 file, 1 of 1 series, 1 values" in post.source(**rules).probe()
    assert post.here() == before and not (post.folder / "ledger.jsonl").exists()
    assert values(post.source(clock=None, **rules).read(WANTED)) == [1.0], "a backtest has no clock"
    assert post.here() == before


def test_a_folder_that_cannot_be_moved_into(post: Post) -> None:
    (post.root / "done").write_text("a file is in the way")
    post.put("1.csv", HEAD + row(1, 1))
    source = post.source(ready="settled", done="done")
    table = source.read(WANTED)
    assert values(table) == [1.0] and "1.csv cannot be moved into done" in problems(table)[0]
    (post.root / "done").unlink()
    assert values(source.read(WANTED)) == [1.0] and post.here() == ["done/1.csv"]


def test_growing_files_are_read_as_ever(post: Post) -> None:
    source = post.source()
    file = post.put("x.csv", HEAD + row(1, 1) + "2020-02-01T02:0", age=0)
    assert values(source.read(WANTED)) == [1.0]
    with file.open("a") as out:
        out.write("0Z,2\n")
    assert values(source.read(WANTED)) == [1.0, 2.0]
    post.put("y.csv", HEAD + row(2, 2) + row(1, 1))
    assert not problems(source.read(WANTED)) and post.here() == ["x.csv", "y.csv"]


@pytest.mark.parametrize(
    ("delivered", "words"),
    [
        ("done", "delivered = 'done' must be a table of ready, done, error, ledger"),
        ({"redy": "settled"}, "delivered.redy: allowed are ready, done"),
        ({"ready": True}, "delivered.ready = True must be a text"),
        ({"ready": "soon"}, "delivered.ready = 'soon' must be 'growing', 'settled' or a marker"),
        ({"done": "done"}, "done, error and ledger need ready = 'settled' or a marker"),
        ({"ready": "settled", "done": "../x"}, "delivered.done = '../x' must be the name of a folder within"),
        ({"ready": "settled", "error": "/tmp"}, "delivered.error = '/tmp' must be the name of a folder within"),
        ({"ready": "settled", "done": "x", "error": "x"}, "done and error must be two folders"),
    ],
)
def test_wrong_rules(delivered: object, words: str) -> None:
    with pytest.raises(ConfigError, match=f"source csv: .*{words}"):
        CsvSource(path="x", delivered=delivered)  # type: ignore[arg-type]
    assert Rules.of({"ready": ".ok", "done": "d"}) == (Rules(ready=".ok", done="d"), [])


@given(st.lists(st.tuples(st.sampled_from("abc"), st.text("xyz", min_size=1, max_size=2)), max_size=12))
def test_the_first_name_of_a_content_stands(deliveries: list[tuple[str, str]]) -> None:
    ledger, first = Ledger(None), {}
    for digest, name in deliveries:
        assert ledger.name_of(digest, name) == first.setdefault(digest, name)
