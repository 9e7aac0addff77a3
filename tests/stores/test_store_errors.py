"""What a database says becomes a sentence that names the store, what was tried, and what to do."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest
import sqlalchemy as sa
from made import assert_same, at, bulletin, kept, later
from postgresql_server import Server

from hydria_plugin import StoreError
from hydria_plugin.cli.speaking import one_line
from hydria_plugin.stores import hydria_stores
from hydria_plugin.stores.sql import SqlStore
from hydria_plugin.stores.sql_engine import address, lock_path


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("hydria.db", r"'hydria.db' is no address; write sqlite:///hydria.db or postgresql://user@host/name"),
        ("mysql://root@localhost/x", r"'mysql' must be sqlite, postgresql or memory"),
        ("sqlite://", r"names no file; write sqlite:///hydria.db, or memory:"),
        ("sqlite:///:memory:", r"names no file"),
        ("sqlite:///nowhere/hydria.db", r"the folder '.*nowhere' does not exist: create it"),
    ],
)
def test_addresses_that_are_none(url: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=said):
        SqlStore(url, tmp_path)


def test_a_relative_path_is_under_the_folder_of_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    hydria_stores()["sqlite"](url="sqlite:///data/h.db", folder=tmp_path).close()
    assert (tmp_path / "data" / "h.db").is_file()
    assert SqlStore(f"sqlite:///{tmp_path}/data/h.db").lock_path == tmp_path / "data" / "h.db.lock"


def test_the_lock_of_a_server_is_named_by_its_database_not_by_the_password() -> None:
    def lock(url: str) -> Path:
        return lock_path(address(url, Path()))

    assert lock("postgresql://a:secret@db/hydria") == lock("postgresql+psycopg://b:other@db:5432/hydria")
    assert lock("postgresql://a@db/hydria") != lock("postgresql://a@db/other")
    assert "secret" not in str(lock("postgresql://a:secret@db/hydria"))


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "h.db").write_text("station;value\n" * 1000)
    with pytest.raises(StoreError, match=r"h\.db.* the file is not an SQLite database: choose another name"):
        SqlStore("sqlite:///h.db", tmp_path)


def test_a_folder_in_the_place_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "h.db").mkdir()
    with pytest.raises(StoreError, match="the file cannot be opened: check the rights"):
        SqlStore("sqlite:///h.db", tmp_path)


def test_a_full_disk_refuses_the_bulletin_whole_and_the_store_goes_on_when_there_is_room(tmp_path: Path) -> None:
    """SQLite's page limit stands for the disk: it raises the very same error."""
    store = SqlStore("sqlite:///h.db", tmp_path)
    store.put(bulletin(0), ("csv",))
    engine = store._engine

    def limit(pages: int) -> None:
        sa.event.listen(engine, "begin", lambda c: c.exec_driver_sql(f"PRAGMA max_page_count={pages}"))

    limit(1)  # SQLite lifts it to what is there: not one page more
    big = bulletin(1, learned={"blend": {"w": np.random.default_rng(0).normal(size=100_000)}})
    with pytest.raises(StoreError, match=r"failed to keep the bulletin p .* the disk is full: free some space"):
        store.put(big, ("csv",))
    assert store.bulletin("p", at(1)) is None
    assert [d.issued_at for d in store.undelivered("p", "csv", later(9))] == [at(0)]
    limit(2**30)
    store.put(big, ("csv",))
    assert_same(store.bulletin("p", at(1)), kept(big))
    store.close()


@pytest.mark.skipif(not Path("/dev/full").exists() or os.geteuid() != 0, reason="mounting needs root on Linux")
def test_a_really_full_file_system(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)], capture_output=True).returncode:
        pytest.skip("this machine lets nobody mount a file system")
    try:
        store = SqlStore("sqlite:///h.db", disk)
        store.put(bulletin(0))
        big = bulletin(1, learned={"blend": {"w": np.random.default_rng(0).normal(size=500_000)}})
        with pytest.raises(StoreError, match="disk is full"):
            store.put(big)
        assert store.bulletin("p", at(1)) is None
        assert_same(store.bulletin("p", at(0)), kept(bulletin(0)))
        store.put(bulletin(2))
        store.close()
    finally:
        subprocess.run(["umount", str(disk)], check=True)


READ_ONLY = """
import os, sys
sys.path[:0] = sys.argv[3:]
from made import bulletin
from hydria_plugin import StoreError
from hydria_plugin.stores.sql import SqlStore
scratch = SqlStore(sys.argv[2])  # imports all it needs: the next user may not see this Python
scratch.put(bulletin(1))
scratch.close()
if os.geteuid() == 0:
    os.setgroups([]); os.setgid(65534); os.setuid(65534)  # root may write anything
try:
    SqlStore(sys.argv[1]).put(bulletin(1))
except StoreError as error:
    print(error)
"""


def test_a_file_without_the_right_to_write(tmp_path: Path) -> None:
    folder = Path(tempfile.mkdtemp(prefix="hydria-ro-"))  # pytest's own folders are closed to other users
    try:
        SqlStore("sqlite:///h.db", folder).close()
        (folder / "h.db").chmod(0o444)
        folder.chmod(0o555)
        here = Path(__file__).parent
        urls = [f"sqlite:///{folder}/h.db", f"sqlite:///{tmp_path}/scratch.db"]
        arguments = [*urls, str(here), str(here.parents[1])]
        said = subprocess.run([sys.executable, "-c", READ_ONLY, *arguments], capture_output=True, text=True)
        assert "it cannot be written: check the rights of the file and of its folder" in said.stdout, said
    finally:
        folder.chmod(0o755)
        shutil.rmtree(folder)


def test_a_damaged_bulletin_is_named_not_misread(tmp_path: Path) -> None:
    store = SqlStore("sqlite:///h.db", tmp_path)
    store.put(bulletin(0))
    with sqlite3.connect(tmp_path / "h.db") as raw:
        (body,) = raw.execute("SELECT body FROM hydria_block").fetchone()
        flipped = body[:-20] + bytes([body[-20] ^ 1]) + body[-19:]
        raw.execute("UPDATE hydria_block SET body = ?", (flipped,))
    raw.close()
    with pytest.raises(StoreError, match=r"bulletin p 2026-03-01T00:00:00 revision 0 is damaged: its checksum"):
        store.bulletin("p", at(0))
    store.close()


def test_a_state_of_objects_is_refused_and_leaves_nothing(sql_url: str) -> None:
    store = SqlStore(sql_url)
    with pytest.raises(StoreError, match=r"'bad' has dtype object; a store keeps numbers, times and text only"):
        store.put(bulletin(learned={"blend": {"bad": np.array([object()])}}), ("csv",))
    assert store.bulletin("p", at(0)) is None
    assert store.steps("p", at(-1), at(1)) == ()
    assert store.undelivered("p", "csv", later(1)) == ()
    store.close()


class TestServer:
    def test_nobody_there(self) -> None:
        with pytest.raises(StoreError, match="no server answers there: is it running") as caught:
            SqlStore("postgresql://me:secret@127.0.0.1:1/hydria")
        assert "secret" not in str(caught.value)
        assert one_line(caught.value) == str(caught.value)  # what the driver said is told once

    def test_no_such_database(self, postgresql: Server) -> None:
        with pytest.raises(StoreError, match="create the database, or correct its name"):
            SqlStore(postgresql.url("missing"))

    def test_a_database_that_takes_no_writes(self, postgresql: Server) -> None:
        url = postgresql.database()
        SqlStore(url).close()
        store = SqlStore(f"{url}?options=-c%20default_transaction_read_only%3Don")  # up to date: nothing to write
        with pytest.raises(StoreError, match="the database takes no writes: is it a standby"):
            store.put(bulletin(0))
        store.close()

    def test_a_server_that_restarts_costs_at_most_one_failure(self, postgresql: Server) -> None:
        store = SqlStore(postgresql.database())
        store.put(bulletin(0), ("csv",))
        postgresql.stop()
        with pytest.raises(StoreError, match="failed to keep the bulletin"):
            store.put(bulletin(1), ("csv",))
        postgresql.start()
        store.put(bulletin(1), ("csv",))
        assert [d.issued_at for d in store.undelivered("p", "csv", later(9))] == [at(0), at(1)]
        store.close()
