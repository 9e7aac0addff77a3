"""The record: what was there when, read back by the source `csv`; whole after every crash."""

from __future__ import annotations

import gzip
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from csv_feeds import asked, cells, problems
from hubeau_host import NOW, Hubeau, errors, row, wanted
from hypothesis import given
from hypothesis import strategies as st
from test_hubeau_names import layout_of
from test_vigicrues import AHEAD, PREVS, forecast
from web_server import Server, text

from hydria_csv import CsvSource
from hydria_hubeau.hubeau import HubeauSource
from hydria_hubeau.members import packed, whole_members
from hydria_hubeau.readings import Readings, readings
from hydria_hubeau.record import Recorder, texts_of
from hydria_hubeau.vigicrues import VigicruesSource
from hydria_plugin.exchange import moments
from hydria_plugin.tables import Gridding, grid
from hydria_plugin.verification.recorded import RecordedSource

H = "V714401001.H"
MINUTE = np.timedelta64(1, "m")


def at(minutes: int) -> np.datetime64:
    return NOW + minutes * MINUTE


def some(*values: float, first: int = -60, series: str = H) -> Readings:
    """A value every ten minutes from ``first`` minutes after NOW on."""
    times = np.array([at(first + 10 * i) for i in range(len(values))], dtype="datetime64[us]")
    return readings([series] * len(values), times, values, ["m"] * len(values))


def text_of(folder: Path) -> list[str]:
    texts = [gzip.decompress(path.read_bytes()).decode() for path in sorted(folder.glob("*.gz"))]
    return [line for text in texts for line in text.splitlines()]


def known(folder: Path, now: np.datetime64, issued: np.datetime64 = NOW) -> dict[str, float]:
    """What the source `csv` gives as known at ``now``: time -> value."""
    table = CsvSource(path=".", folder=folder).read(asked([H], "2026-11-25", str(issued), str(now)))
    assert problems(table) == []
    return {time[11:]: value for _, time, value in cells(table)}


def test_a_backtest_knows_a_value_as_it_was_before_it_was_corrected(tmp_path: Path) -> None:
    """Corrected twice, the second time back to what it was: as of each moment what stood then."""
    recorder, layout = Recorder(tmp_path, "hubeau"), layout_of(H, "level", "m")
    recorder.append(some(1.0, 1.1, 1.2), at(-35))
    for minutes, value in ((-20, 7.0), (-10, 1.1)):
        recorder.append(some(value, first=-50), at(minutes))
    source = RecordedSource(CsvSource(path=".", folder=tmp_path), layout, at(-120).astype("M8[s]"), NOW.astype("M8[s]"))
    seen = {}
    for minutes in (-30, -20, -11, -10, 0):
        wanted_then = replace(wanted([H], "2026-11-26T05:00", "2026-11-26T06:00"), known_at=at(minutes))
        gridding = Gridding.of([H], ["level"], 10 * MINUTE)
        rows, _ = grid(source.read(wanted_then), gridding, wanted_then)
        seen[minutes] = rows.values.tolist()
    assert seen == {
        -30: [1.0, 1.1, 1.2], -20: [1.0, 7.0, 1.2], -11: [1.0, 7.0, 1.2], -10: [1.0, 1.1, 1.2], 0: [1.0, 1.1, 1.2]
    }  # fmt: skip


def test_a_backtest_knows_each_value_from_the_moment_it_was_there(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path, "hubeau")
    recorder.append(some(1.0, 1.1), at(-40))
    recorder.append(some(1.0, 1.1, 1.2, 1.3), at(-20))  # the overlap comes again
    assert len(text_of(tmp_path)) == 1 + 4
    assert known(tmp_path, at(-30), at(-30)) == {"05:00": 1.0, "05:10": 1.1}
    assert known(tmp_path, at(-20)) == {"05:00": 1.0, "05:10": 1.1, "05:20": 1.2, "05:30": 1.3}


def test_the_first_read_of_all_has_no_moment_of_reception(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path, "hubeau")
    recorder.append(some(1.0), NOW)
    assert known(tmp_path, at(-59), at(-60)) == {"05:00": 1.0}
    recorder.append(some(2.0, series="V711501001.H"), at(10))
    assert [line.split(",")[4] for line in text_of(tmp_path)[1:]] == ["", "2026-11-26T06:10:00Z"]


def test_corrections_and_withdrawals_are_added(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path, "hubeau")
    recorder.append(some(1.0, 1.1), at(-40))
    recorder.append(some(1.5, np.nan), at(-10))
    assert known(tmp_path, at(-10))["05:00"] == 1.5 and np.isnan(known(tmp_path, at(-10))["05:10"])
    recorder.append(some(1.5, np.nan), at(-5))
    assert len(text_of(tmp_path)) == 1 + 4


def test_a_restart_writes_nothing_twice_and_days_have_their_files(tmp_path: Path) -> None:
    Recorder(tmp_path, "hubeau").append(some(1.0, 1.1), at(-40))
    tomorrow = NOW + np.timedelta64(1, "D")
    Recorder(tmp_path, "hubeau").append(some(1.0, 1.1, 1.2), tomorrow)
    assert [p.name for p in sorted(tmp_path.glob("*.gz"))] == ["hubeau_20261126.csv.gz", "hubeau_20261127.csv.gz"]
    assert len(text_of(tmp_path)) == 2 + 3


def test_what_was_forgotten_is_known_again_when_it_comes_again(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path, "hubeau")
    recorder.append(some(1.0, 1.1), at(-40))
    for day in range(1, 12):
        recorder.append(some(2.0, first=day * 1440), at(day * 1440))
    assert len(recorder._told) < 6
    recorder.append(some(1.0, 1.1), at(12 * 1440))
    assert sum(line.startswith(H) for line in text_of(tmp_path)) == 2 + 11


def test_two_that_write_to_one_folder_know_of_each_other(tmp_path: Path) -> None:
    one, two = Recorder(tmp_path, "hubeau"), Recorder(tmp_path, "hubeau")
    one.append(some(1.0), at(-40))
    two.append(some(1.0, 1.1), at(-39))
    one.append(some(1.0, 1.1, 1.2), at(-38))
    two.append(some(1.0, 1.1, 1.2), at(-37))
    assert len(text_of(tmp_path)) == 1 + 3


@pytest.mark.parametrize("left", range(1, 40, 3))
def test_a_crash_while_writing_loses_only_what_was_being_written(tmp_path: Path, left: int) -> None:
    recorder = Recorder(tmp_path, "hubeau")
    recorder.append(some(1.0, 1.1), at(-40))
    (path,) = tmp_path.glob("*.gz")
    whole = path.read_bytes()
    recorder.append(some(1.0, 1.1, 1.2), at(-30))
    path.write_bytes(path.read_bytes()[: len(whole) + left])  # the machine stopped
    for again in (Recorder(tmp_path, "hubeau"), recorder):
        again.append(some(1.0, 1.1, 1.2, 1.3), at(-20))
        found = known(tmp_path, at(-20))
        assert set(found) >= {"05:00", "05:10", "05:30"}
        if again is not recorder:
            assert found["05:20"] == 1.2


def test_zeros_that_a_crash_left_are_cut_off(tmp_path: Path) -> None:
    Recorder(tmp_path, "hubeau").append(some(1.0), at(-40))
    (path,) = tmp_path.glob("*.gz")
    path.write_bytes(path.read_bytes() + b"\0" * 4096)
    Recorder(tmp_path, "hubeau").append(some(1.0, 1.1), at(-30))
    assert known(tmp_path, at(-30)) == {"05:00": 1.0, "05:10": 1.1} and b"\0" * 100 not in path.read_bytes()


def test_a_damaged_file_is_left_as_it_is_and_another_begun(tmp_path: Path) -> None:
    Recorder(tmp_path, "hubeau").append(some(1.0), at(-40))
    (path,) = tmp_path.glob("*.gz")
    damaged = path.read_bytes() + b"no gzip at all"
    path.write_bytes(damaged)
    recorder = Recorder(tmp_path, "hubeau")
    recorder.append(some(1.0, 1.1), at(-30))
    recorder.append(some(1.0, 1.1, 1.2), at(-20))
    assert path.read_bytes() == damaged
    assert gzip.decompress((tmp_path / "hubeau_20261126_1.csv.gz").read_bytes()).count(b"\n") == 1 + 2


def test_a_record_that_cannot_be_written_stops_nothing(tmp_path: Path, web_server: Server) -> None:
    (tmp_path / "taken").write_text("a file")
    hubeau = Hubeau(web_server, [row("V714401001", "H", "2026-11-26T05:00:00Z", 1200)])
    made = HubeauSource(url=hubeau.url, record="taken", folder=tmp_path, clock=lambda: NOW, pause_s=0)
    table = made.read(wanted([H]))
    assert table["value"].tolist() == [1.2]
    assert "cannot be written" in errors(table)[0] and "values of now will be missing" in errors(table)[0]


def test_the_source_records_what_came_also_after_the_issue_time(tmp_path: Path, web_server: Server) -> None:
    times = ("05:00", "05:50", "05:58")
    hubeau = Hubeau(web_server, [row("V714401001", "H", f"2026-11-26T{t}:00Z", 1200) for t in times])
    made = HubeauSource(url=hubeau.url, record="kept", folder=tmp_path, clock=lambda: NOW, pause_s=0)
    assert len(made.read(wanted([H], issued_at="2026-11-26T05:50"))) == 2
    lines = text_of(tmp_path / "kept")
    assert lines[0] == "series,time,value,flag,received_at,issued_at,unit,quality,status,method"
    assert len(lines) == 4 and "V714401001.H,2026-11-26T05:58:00Z,1.2,2,,,m,16,4,0" in lines


def test_forecasts_are_recorded_with_their_issue_time(tmp_path: Path, web_server: Server) -> None:
    web_server.says[AHEAD] = [text(200, forecast(PREVS))]
    options: dict[str, Any] = {"record": "kept", "folder": tmp_path, "clock": lambda: NOW, "pause_s": 0}
    made = VigicruesSource(url=f"{web_server.address}/services", **options)
    series = "K490003010.H.moy"
    came = made.read(wanted([series]))
    made.read(wanted([series]))
    table = CsvSource(path="kept", folder=tmp_path).read(wanted([series]))
    assert problems(table) == []
    for name in ("series", "time", "value", "issued_at"):
        assert table[name].tolist() == came[name].tolist(), name
    assert len(text_of(tmp_path / "kept")) == 1 + 2


@given(st.lists(st.datetimes(datetime(1900, 1, 1), datetime(2199, 1, 1)), min_size=1, max_size=5))  # noqa: DTZ001
def test_times_are_written_to_the_microsecond(times: list[datetime]) -> None:
    stamps = np.array(times, dtype="datetime64[us]")
    assert moments(texts_of(stamps)).tolist() == stamps.tolist()
    assert texts_of(np.array(["NaT", "2026-01-01T00:00:01"], dtype="datetime64[us]")) == ["", "2026-01-01T00:00:01Z"]


@given(st.lists(st.binary(max_size=60), max_size=5), st.binary(max_size=30))
def test_members_are_found_whatever_follows(texts: list[bytes], junk: bytes) -> None:
    whole = b"".join(map(packed, texts))
    found, length, _ = whole_members(whole)
    assert (found, length) == (b"".join(texts), len(whole))
    if not junk.startswith(b"\x1f\x8b"):
        assert whole_members(whole + junk)[:2] == (b"".join(texts), len(whole))


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=20))
def test_what_is_recorded_is_read_back(tmp_path_factory: pytest.TempPathFactory, values: list[float]) -> None:
    folder = tmp_path_factory.mktemp("record")
    Recorder(folder, "hubeau").append(some(*values, first=-600), NOW)
    np.testing.assert_allclose(list(known(folder, NOW).values()), values, rtol=1e-9, atol=1e-300)
