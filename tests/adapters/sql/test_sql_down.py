"""The database is away, slow, restarted, or dies in the middle: what is said, what is kept; and no secret is told."""

from __future__ import annotations

import logging
import shutil
import sqlite3
import threading
import time
import traceback
import uuid
from pathlib import Path

import pytest
import sqlalchemy as sa
from csv_bulletins import bulletin
from postgresql_server import Server, need_postgresql
from sql_places import Place, asked, cells

from hydria_plugin import FeedError, Secret
from hydria_plugin.testing import sample_layout
from hydria_sql.sink import SqlSink
from hydria_sql.source import SqlSource

CANARY = "c4n4ry/pass word%"
ROWS = [("a", f"2026-03-01T0{h}:00:00Z", float(h)) for h in range(8)]


def told(error: BaseException) -> str:
    return "".join(traceback.format_exception(error))


def test_no_server_answers(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    url = Secret("postgresql://hydria:c4n4ry%2Fpass%20word%25@127.0.0.1:1/platform?options=-c%20x%3Dc4n4ry")
    sources = [
        SqlSource(url=url, table="obs", timeout="2s"),
        SqlSource(database="postgresql://hydria@127.0.0.1:1/platform", password=Secret(CANARY), table="obs"),
    ]
    for source in sources:
        with pytest.raises(FeedError, match="no server answers there: is it running?") as caught:
            source.read(asked("a"))
        assert "postgresql://hydria@127.0.0.1:1/platform failed reading table obs" in str(caught.value)
        assert "c4n4ry" not in told(caught.value) + caplog.text + repr(vars(source)) + repr(source)
    with pytest.raises(FeedError, match="failed writing the bulletin") as caught:
        SqlSink(url=url).write(bulletin())
    assert "c4n4ry" not in told(caught.value)
    with pytest.raises(FeedError, match="there is no such host"):
        SqlSource(database="postgresql://u@nowhere.invalid/x?sslmode=disable", table="obs").read(asked("a"))


def test_a_wrong_password_is_said_and_not_shown() -> None:
    folder = Path("/tmp") / f"hydria-pw-{uuid.uuid4().hex[:8]}"
    folder.mkdir()
    server = Server(need_postgresql(), folder)
    try:
        engine = sa.create_engine(server.url("postgres"), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(sa.text("CREATE ROLE reader LOGIN PASSWORD 'right'"))
        engine.dispose()
        rule = "host all reader 127.0.0.1/32 scram-sha-256\nhost all postgres 127.0.0.1/32 trust\n"
        (folder / "data" / "pg_hba.conf").write_text(rule)
        server.control("reload")
        address = f"postgresql://reader@127.0.0.1:{server.port}/postgres"
        wrong = SqlSource(database=address, password=Secret(CANARY), table="pg_catalog.pg_tables", series="tablename")
        with pytest.raises(FeedError, match="user or password is wrong") as caught:
            wrong.read(asked("a"))
        assert "c4n4ry" not in told(caught.value)
        with pytest.raises(FeedError, match=r'write password = "\$\{NAME\}"'):
            SqlSource(database=address, table="obs").read(asked("a"))
        right = SqlSource(database=address, password=Secret("right"), table="obs")
        with pytest.raises(FeedError, match="there is no table obs"):
            right.read(asked("a"))
        right.close()
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def test_a_server_that_was_restarted_is_found_again() -> None:
    folder = Path("/tmp") / f"hydria-re-{uuid.uuid4().hex[:8]}"
    folder.mkdir()
    server = Server(need_postgresql(), folder)
    place = Place(server.database(), sa.create_engine(server.url("postgres")))
    place.engine = sa.create_engine(place.url)
    try:
        place.observations(ROWS)
        source, sink = place.source(), place.sink(create=True)
        assert len(source.read(asked("a"))) == 8
        sink.write(bulletin())
        place.engine.dispose()
        server.stop()
        for _ in range(3):  # an hour of it is the same, many times
            with pytest.raises(FeedError, match="failed"):
                source.read(asked("a"))
            with pytest.raises(FeedError, match="failed"):
                sink.write(bulletin(revision=1))
        server.start()
        assert len(source.read(asked("a"))) == 8, "the kept connection is dead: another is made"
        sink.write(bulletin(revision=1))
        assert place.all("SELECT DISTINCT revision FROM forecasts") == [(1,)]
    finally:
        place.close()
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def test_a_connection_killed_in_the_middle_leaves_nothing(pg: Place) -> None:
    """The forecasts are written, then the server's process dies: nothing is there, and the next try brings all."""
    sink = pg.sink(create=True)
    sink.write(bulletin())
    pg.run(
        "CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS "
        "$$BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NEW; END$$"
    )
    pg.run("CREATE TRIGGER dies BEFORE INSERT ON alerts FOR EACH ROW EXECUTE FUNCTION die()")
    with pytest.raises(FeedError, match="terminating connection|closed the connection"):
        sink.write(bulletin(revision=1))
    assert pg.all("SELECT DISTINCT revision FROM forecasts") == [(0,)]
    pg.run("DROP TRIGGER dies ON alerts")
    sink.write(bulletin(revision=1))
    assert pg.all("SELECT DISTINCT revision FROM forecasts") == [(1,)]


def test_half_an_answer_is_none(pg: Place) -> None:
    """The server's process dies while rows are on their way: nothing is taken, and the next read has all."""
    pg.observations(ROWS)
    dying = "CASE WHEN value = 5 THEN pg_terminate_backend(pg_backend_pid())::int ELSE value END AS value"
    source = pg.source(query=f"SELECT series, time, {dying} FROM obs WHERE series IN :series")
    with pytest.raises(FeedError, match="terminating connection|closed the connection"):
        source.read(asked("a"))
    assert len(pg.source().read(asked("a"))) == 8


def test_a_query_that_takes_too_long_is_ended(place: Place) -> None:
    place.observations(ROWS)
    endless = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 2000000000) "
    query = endless + "SELECT 'a' AS series, '2026-03-01T05:00:00Z' AS time, count(*) AS value FROM n"
    source, begun = place.source(query=query, timeout="300ms"), time.monotonic()
    with pytest.raises(FeedError, match="it took longer than `timeout`"):
        source.read(asked("a"))
    assert time.monotonic() - begun < 20
    assert len(place.source(timeout="5s").read(asked("a"))) == 8


def test_a_table_that_is_locked_is_waited_for_no_longer_than_allowed(pg: Place) -> None:
    pg.observations(ROWS)
    source = pg.source(timeout="300ms")
    with pg.engine.begin() as connection:
        connection.execute(sa.text("LOCK TABLE obs IN ACCESS EXCLUSIVE MODE"))
        with pytest.raises(FeedError, match="lock timeout|it took longer"):
            source.read(asked("a"))
    assert len(source.read(asked("a"))) == 8


def test_a_reader_sees_none_or_all_while_a_writer_writes(place: Place) -> None:
    sink, made = place.sink(create=True), bulletin()
    sink.write(made)
    seen, is_over = set(), threading.Event()

    def look() -> None:
        while not is_over.is_set():
            seen.add(tuple(place.all("SELECT count(*), count(DISTINCT revision) FROM forecasts")[0]))

    thread = threading.Thread(target=look)
    thread.start()
    for revision in range(1, 6):
        sink.write(bulletin(revision=revision))
    is_over.set()
    thread.join(30)
    assert seen == {(made.forecast.values.size, 1)}


def test_a_user_who_may_only_read(pg: Place) -> None:
    pg.observations(ROWS)
    pg.sink(create=True).write(bulletin())
    name = f"reader_{uuid.uuid4().hex[:8]}"
    pg.run(f"CREATE ROLE {name} LOGIN; GRANT SELECT ON ALL TABLES IN SCHEMA public TO {name}")
    address = pg.url.replace("postgres@", f"{name}@")
    source, sink = SqlSource(database=address, table="obs"), SqlSink(database=address)
    pg.opened += [source, sink]
    assert len(source.read(asked("a"))) == 8
    for act in (sink.probe, lambda: sink.write(bulletin(revision=2))):
        with pytest.raises(FeedError, match="the database user has no right to do this: grant it"):
            act()


def test_an_sqlite_file_that_is_none_or_is_not_there(tmp_path: Path) -> None:
    absent = SqlSource(database="sqlite:///absent.db", table="obs", folder=tmp_path)
    with pytest.raises(FeedError, match="there is no such file"):
        absent.read(asked("a"))
    assert not (tmp_path / "absent.db").exists(), "looking must not make it"
    (tmp_path / "text.db").write_text("this is no database " * 100)
    with pytest.raises(FeedError, match="the file is no SQLite database"):
        SqlSource(database="sqlite:///text.db", table="obs", folder=tmp_path).read(asked("a"))


def test_an_odd_name_of_a_file(tmp_path: Path) -> None:
    file = tmp_path / "plat form#é.db"
    with sqlite3.connect(file) as connection:
        connection.execute("CREATE TABLE obs (series, time, value)")
        connection.execute("INSERT INTO obs VALUES ('a', '2026-03-01T05:00:00Z', 1)")
    connection.close()
    source = SqlSource(database=f"sqlite:///{file}", table="obs")
    try:
        assert cells(source.read(asked("a"))) == [("a", "2026-03-01T05:00", 1.0)]
    finally:
        source.close()


def test_the_platform_reads_on_while_the_file_is_written(tmp_path: Path) -> None:
    """SQLite: a writer of the platform's that holds its file is waited for."""
    file = tmp_path / "platform.db"
    connection = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
    connection.execute("CREATE TABLE x (y)")
    connection.execute("BEGIN IMMEDIATE")
    ending = threading.Timer(0.5, lambda: connection.execute("COMMIT"))
    ending.start()
    sink = SqlSink(database=f"sqlite:///{file}", create=True)
    sink.write(bulletin())
    ending.join()
    assert connection.execute("SELECT count(*) FROM forecasts").fetchone() == (126,)
    connection.close()
    sink.close()


def test_layout_is_not_needed_to_be_built() -> None:
    """Building touches neither disk nor network."""
    SqlSource(database="postgresql://nowhere.invalid/x", table="obs", layout=sample_layout())
    SqlSink(database="postgresql://nowhere.invalid/x")
