"""Files on a real OpenSSH server: what is fetched, what is written, and what happens when it breaks off."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from csv_bulletins import bulletin, files
from csv_feeds import cells, problems
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sftp_feed import ROWS, WANTED, put
from sftp_server import SftpServer

from hydria_csv import CsvSink, CsvSource
from hydria_csv.places import OVERLAP
from hydria_plugin import FeedError, Report
from hydria_plugin.testing import check_sink, check_source

# ---- reading ----


def test_the_promises_of_a_source(sftp_server: SftpServer) -> None:
    put(sftp_server, "feeds/x.csv", ROWS)
    put(sftp_server, "feeds/y.csv.part", "time,a\n2020-02-01T00:10Z,9\n")
    put(sftp_server, "feeds/.hidden.csv", "time,a\n2020-02-01T00:10Z,9\n")
    (sftp_server.root / "feeds" / "folder.csv").mkdir()
    source = CsvSource(**sftp_server.options("/feeds"))
    check_source(source, WANTED)
    assert cells(source.read(WANTED)) == [("a", "2020-02-01T00:00", 1.0), ("b", "2020-02-01T00:00", 2.0)]
    assert "1 file; its series are known once a pipeline asks" in source.probe() or "2 of 2" in source.probe()


def test_only_what_is_new_is_fetched(sftp_server: SftpServer, monkeypatch) -> None:
    """A file that grew is read on; what was overwritten, shortened or exchanged is read anew."""
    from hydria_csv import sftp

    fetched: list[int] = []
    copied = sftp.copied
    monkeypatch.setattr(sftp, "copied", lambda a, b, size: (fetched.append(size), copied(a, b, size)))
    lines = [f"2020-02-{1 + i // 1440:02}T{i // 60 % 24:02}:{i % 60:02}Z,{i},0\n" for i in range(12_000)]
    file = put(sftp_server, "x.csv", "time,a,b\n" + "".join(lines[:11_000]), age=100)
    assert file.stat().st_size > 3 * OVERLAP
    source = CsvSource(**sftp_server.options())
    assert len(source.read(WANTED)) == 22_000 and fetched == [file.stat().st_size]
    source.read(WANTED)
    assert len(fetched) == 1, "nothing is new"
    put(sftp_server, "x.csv", "time,a,b\n" + "".join(lines), age=50)
    assert len(source.read(WANTED)) == 24_000 and fetched[1] == len("".join(lines[11_000:]))
    put(sftp_server, "x.csv", "time,a,b\n" + "".join(lines).replace(",11990,", ",77777,") + lines[0], age=40)
    assert source.read(WANTED)["value"].max() == 77777 and fetched[2] == file.stat().st_size
    put(sftp_server, "x.csv", ROWS, age=30)
    assert len(source.read(WANTED)) == 2
    file.unlink()
    assert source.read(WANTED).empty


EDITS = st.lists(
    st.tuples(
        st.sampled_from(["append", "append", "append", "cut", "rewrite", "delete", "rename"]),
        st.sampled_from(["x.csv", "y.csv"]),
        st.integers(0, 30),
    ),
    min_size=1,
    max_size=8,
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(EDITS)
def test_what_is_read_there_is_what_is_read_here(sftp_server: SftpServer, edits: list[tuple[str, str, int]]) -> None:
    """Whatever happens to the files, the source over SFTP gives what one gives that reads the folder afresh."""
    for file in sftp_server.root.iterdir():
        file.unlink()
    far, age = CsvSource(**sftp_server.options()), 10_000.0
    for edit, name, n in edits:
        file, age = sftp_server.root / name, age - 10
        text = file.read_text() if file.exists() else "time,a,b\n"
        rows = "".join(f"2020-02-01T{n % 24:02}:{m:02}Z,{n},{m}\n" for m in range(n))
        if edit == "delete":
            file.unlink(missing_ok=True)
        elif edit == "rename" and file.exists():
            file.rename(sftp_server.root / f"z{n}.csv")
        else:
            put(
                sftp_server,
                name,
                {"append": text + rows, "cut": text[: 9 + 20 * n]}.get(edit, "time,a,b\n" + rows),
                age,
            )
        near = CsvSource(path=str(sftp_server.root)).read(WANTED)
        assert cells(far.read(WANTED)) == cells(near), (edit, name, n)
    session = far._arriving.session
    assert session is not None
    session.close()


def test_one_file_on_a_server(sftp_server: SftpServer) -> None:
    put(sftp_server, "feeds/x.csv", ROWS)
    put(sftp_server, "feeds/y.csv", "time,a\n2020-02-01T00:10Z,9\n")
    source = CsvSource(**sftp_server.options("/feeds"), pattern="x.csv")
    assert len(source.read(WANTED)) == 2


def test_a_folder_or_file_that_is_not_to_be_read(sftp_server: SftpServer) -> None:
    with pytest.raises(FeedError, match=f"{sftp_server.root}/nowhere is not there on the server"):
        CsvSource(**sftp_server.options("/nowhere")).read(WANTED)
    put(sftp_server, "x.csv", ROWS)
    (sftp_server.root / "y.csv").symlink_to("nowhere.csv")
    table = CsvSource(**sftp_server.options()).read(WANTED)
    assert len(table) == 2 and not problems(table)


def test_gzip_and_names_that_are_odd(sftp_server: SftpServer) -> None:
    import gzip

    (sftp_server.root / "é t 'x'.csv.gz").write_bytes(gzip.compress(ROWS.encode()))
    assert len(CsvSource(**sftp_server.options()).read(WANTED)) == 2


# ---- breaking off ----


def test_a_server_that_is_away_and_comes_back(sftp_server: SftpServer) -> None:
    put(sftp_server, "x.csv", ROWS)
    source, sink = CsvSource(**sftp_server.options()), CsvSink(**sftp_server.options("/out"))
    for one in (source, sink):  # no waiting in a test
        session = one._arriving.session if isinstance(one, CsvSource) else one._shelf._session  # type: ignore
        session._sleep = lambda seconds: None
    assert len(source.read(WANTED)) == 2
    sink.write(bulletin())
    sftp_server.stop()
    for _ in range(2):
        with pytest.raises(FeedError, match=r"sftp://.*@127.0.0.1:\d+ cannot be reached"):
            source.read(WANTED)
        with pytest.raises(FeedError, match="cannot be reached"):
            sink.write(bulletin(revision=1))
    sftp_server.start()
    assert len(source.read(WANTED)) == 2
    sink.write(bulletin(revision=1))
    sftp_server.break_off()
    assert len(source.read(WANTED)) == 2, "a connection that broke is made anew"
    sftp_server.break_off()
    sink.write(bulletin(revision=2))
    assert len(list((sftp_server.root / "out" / "sample").glob("*_r?.csv"))) == 3


def test_connecting_is_tried_again(sftp_server: SftpServer) -> None:
    waits: list[float] = []
    put(sftp_server, "x.csv", ROWS)
    source = CsvSource(**sftp_server.options())
    sftp_server.stop()
    session = source._arriving.session
    assert session is not None

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 2:
            sftp_server.start()

    session._sleep = sleep
    assert len(source.read(WANTED)) == 2 and waits == [0.5, 1.0]


def test_a_connection_that_breaks_while_files_are_moved(sftp_server: SftpServer, tmp_path: Path, monkeypatch) -> None:
    """What was read counts; the file is moved the next time."""
    rules = {"ready": "settled", "done": "done"}
    source = CsvSource(**sftp_server.options(), clock=lambda: np.datetime64("2030-01-01", "us"), delivered=rules)
    put(sftp_server, "x.csv", ROWS)
    from hydria_csv.places import Remote

    move = Remote.move

    def broken(self: Remote, name: str, folder: str, new: str) -> Path:
        sftp_server.stop()
        return move(self, name, folder, new)

    session = source._arriving.session
    assert session is not None
    session._sleep = lambda seconds: None
    with monkeypatch.context() as patch:
        patch.setattr(Remote, "move", broken)
        table = source.read(WANTED)
    assert len(table) == 2 and "x.csv cannot be moved into done" in problems(table)[0]
    sftp_server.start()
    assert len(source.read(WANTED)) == 2 and (sftp_server.root / "done" / "x.csv").exists()


# ---- writing ----


def test_the_promises_of_a_sink(sftp_server: SftpServer) -> None:
    check_sink(CsvSink(**sftp_server.options("/out/deep")), lambda: files(sftp_server.root))
    assert not list(sftp_server.root.rglob("*.part")) and not list(sftp_server.root.rglob("*.tmp"))


def test_the_same_bytes_as_in_a_folder_of_this_machine(sftp_server: SftpServer, tmp_path: Path) -> None:
    for options in ({}, {"gzip": True, "form": "long"}):
        near = CsvSink(path="near", folder=tmp_path, **options)
        far = CsvSink(**sftp_server.options("/far"), **options)
        for sink in (near, far):
            sink.write(bulletin())
            sink.write_reports([Report("knox", "s1", "e", "h", {"svg": "<svg/>", "n": np.float64(1)})])
        assert files(sftp_server.root / "far") == files(tmp_path / "near")


def test_old_bulletins_go(sftp_server: SftpServer) -> None:
    sink = CsvSink(**sftp_server.options("/out"), keep="1d")
    sink.write_reports([Report("knox", "s1", "", "h")])
    for day in range(3):
        sink.write(bulletin(issued_at=np.datetime64("2026-03-01T06:00:00") + day * np.timedelta64(1, "D")))
    names = sorted(p.name for p in (sftp_server.root / "out" / "sample").glob("*_r0.csv"))
    assert names == ["20260302T060000Z_r0.csv", "20260303T060000Z_r0.csv"]
    sink.write_reports([Report("knox", "s1", "", "h")])
    assert len(list((sftp_server.root / "out" / "reports").iterdir())) == 1


def test_half_a_file_is_never_seen_and_is_overwritten_later(sftp_server: SftpServer) -> None:
    place = sftp_server.root / "out" / "sample"
    place.mkdir(parents=True)
    (place / "20260301T060000Z_r0.csv.part").write_text("half of it, as after a crash" * 10_000)
    sink = CsvSink(**sftp_server.options("/out"))
    sink.write(bulletin())
    assert not list(place.glob("*.part"))
    assert (place / "20260301T060000Z_r0.csv").read_text().startswith("pipeline,station")


def test_a_disk_that_is_full_leaves_no_half_file(sftp_server: SftpServer) -> None:
    sink = CsvSink(**sftp_server.options("/out"))
    sink.write(bulletin())
    before = files(sftp_server.root)
    assert max(map(len, before.values())) > 1024
    sftp_server.stop()
    sftp_server.start(most_kib=1)
    with pytest.raises(FeedError, match="broke off writing|cannot be written|cannot be reached"):
        sink.write(bulletin(revision=1, alerts=()))
    whole = {name: text for name, text in files(sftp_server.root).items() if not name.endswith(".part")}
    assert whole == before
    sftp_server.stop()
    sftp_server.start()
    sink.write(bulletin(revision=1, alerts=()))
    after = files(sftp_server.root)
    assert len(after) == len(before) + 1 and not [name for name in after if name.endswith(".part")]


def test_probe_changes_nothing(sftp_server: SftpServer) -> None:
    sink = CsvSink(**sftp_server.options("/not/yet"))
    assert "can be written" in sink.probe()
    assert not files(sftp_server.root) and not list(sftp_server.root.iterdir())
    (sftp_server.root / "file").touch()
    with pytest.raises(FeedError, match="cannot be written"):
        CsvSink(**sftp_server.options("/file/x")).probe()
